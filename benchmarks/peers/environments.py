"""Virtual environments of the peers, each its own, outside the repository.

`python -m benchmarks peers` makes them from requirements/*.txt below `MUSTER_BENCH_HOME` (else the user's
cache folder). What cannot be installed is noted with its reason, and reported in the place of figures.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

REQUIREMENTS: Final = Path(__file__).parent / "requirements"
NAMES: Final = tuple(sorted(file.stem for file in REQUIREMENTS.glob("*.txt")))
INSTALL_S: Final = 1200.0
# These clients bring authorities of their own and ask no setting: they are shown the sandbox's.
TRUST: Final = (
    "import os, certifi;"
    ' certifi.where = lambda where=certifi.where: os.environ.get("MUSTER_BENCH_CA") or where()\n'
)
REASON: Final = "not-installed.txt"
# PyPI's last source-jira asks for an address that Atlassian has taken away (410). Later releases, which
# come as images only, ask for the new one and page by its token; so does this one, once it is mended.
MENDED: Final = (
    (
        """    name: issues
    primary_key: "id"
    retriever:
      $ref: "#/definitions/retriever"
""",
        """    name: issues
    primary_key: "id"
    retriever:
      $ref: "#/definitions/retriever"
      paginator:
        $ref: "#/definitions/paginator"
        page_token_option:
          type: RequestOption
          inject_into: request_parameter
          field_name: nextPageToken
        pagination_strategy:
          type: CursorPagination
          cursor_value: "{{ response.get('nextPageToken') }}"
          stop_condition: "{{ response.get('isLast') or not response.get('nextPageToken') }}"
          page_size: 50
""",
    ),
    (
        """      path: "search"
      extract_field: "issues"
""",
        """      path: "search/jql"
      extract_field: "issues"
""",
    ),
)


class NotThere(Exception):
    """An environment cannot be used; says why."""


def home() -> Path:
    """Return the folder of all environments."""
    given = os.environ.get("MUSTER_BENCH_HOME")
    return Path(given) if given else user_cache_path("muster-bench")


def program(environment: str, name: str) -> str:
    """Return the path of a program in an environment.

    Raises:
        NotThere: The environment was not made, or could not be.
    """
    folder = home() / environment
    reason = folder / REASON
    if reason.exists():
        raise NotThere(reason.read_text(encoding="utf-8").strip())
    found = folder / "bin" / name
    if not found.exists():
        raise NotThere("not installed: run python -m benchmarks peers")
    if _mark(folder).read_text(encoding="utf-8") != _wanted(environment):
        raise NotThere("installed from other pins: run python -m benchmarks peers again")
    return str(found)


def run(*, quick: bool, rounds: int) -> str:
    """Make the environments that are not there yet, and say what each is."""
    del quick, rounds
    lines = []
    for name in NAMES:
        print(f"  {name} …", file=sys.stderr, flush=True)
        lines.append(f"- {name}: {install(name)}")
    return "\n".join(["## Peers", "", *lines])


def install(name: str) -> str:
    """Make one environment; return a line that says what it holds, or why it does not."""
    folder = home() / name
    if _mark(folder).exists() and _mark(folder).read_text(encoding="utf-8") == _wanted(name):
        return "as pinned"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        _run(sys.executable, "-m", "venv", str(folder))
        pip = (
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        )
        _run(*pip, "--no-deps", "--requirement", str(REQUIREMENTS / f"{name}.txt"))
        _prepared(name, folder)
    except NotThere as reason:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / REASON).write_text(str(reason), encoding="utf-8")
        return f"could not be installed: {reason}"
    _mark(folder).write_text(_wanted(name), encoding="utf-8")
    return "installed"


def _prepared(name: str, folder: Path) -> None:
    site = next((folder / "lib").glob("python3*")) / "site-packages"
    if (site / "certifi").exists():
        (site / "muster_bench.pth").write_text(TRUST, encoding="utf-8")
    if name == "source-jira":
        manifest = site / "source_jira" / "manifest.yaml"
        text = manifest.read_text(encoding="utf-8")
        for old, new in MENDED:
            if text.count(old) != 1:
                raise NotThere("its manifest is not the one this benchmark knows how to mend")
            text = text.replace(old, new)
        manifest.write_text(text, encoding="utf-8")


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotThere(f"no end within {INSTALL_S:.0f} s: {' '.join(command[1:4])}") from error
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr[-300:]]
        raise NotThere(told[-1].strip())


def _wanted(name: str) -> str:
    wanted = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8") + TRUST + repr(MENDED)
    return hashlib.sha256(wanted.encode()).hexdigest()


def _mark(folder: Path) -> Path:
    return folder / "muster-bench-pins"
