"""The command line with a store of the test's own.

Each command is a process, forked from one that has everything imported: starting Python anew for each would
take longer than the commands do.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.shared import ROOT

_servers: list["subprocess.Popen[str]"] = []


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs `muster`; nothing it ever says may hold a traceback or one of `secrets`' values."""

    database_url: str
    home: Path
    secrets: dict[str, str]

    def __call__(self, *arguments: str, typed: str = "") -> Said:
        """Run one command, outside a terminal."""
        environment = {
            **os.environ,
            **self.secrets,
            "MUSTER_DATABASE_URL": self.database_url,
            "MUSTER_HOME": str(self.home),
        }
        with tempfile.TemporaryDirectory() as folder:
            files = {name: str(Path(folder) / name) for name in ("in", "out", "err")}
            Path(files["in"]).write_text(typed, encoding="utf-8")
            code = _ask({"arguments": arguments, "environment": environment, "files": files})
            said = Said(code, *(Path(files[name]).read_text(encoding="utf-8") for name in ("out", "err")))
        everything = said.out + said.err
        assert "Traceback" not in everything, everything
        for value in self.secrets.values():
            assert value not in everything, everything
        return said


def _ask(command: dict[str, Any]) -> int:
    if not _servers or _servers[-1].poll() is not None:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.command_line"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        _servers.append(server)
        atexit.register(_stop, server)
    server = _servers[-1]
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(command) + "\n")
    server.stdin.flush()
    answer = server.stdout.readline()
    assert answer, "the command line could not even be imported"
    return int(answer)


def _stop(server: "subprocess.Popen[str]") -> None:
    server.communicate(timeout=10)


def _run(command: dict[str, Any]) -> int:
    """Be the command: in the child, with its files for standard input and output."""
    from api.cli import main

    flags = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)
    for descriptor, (name, flag) in enumerate(zip(("in", "out", "err"), flags, strict=True)):
        os.dup2(os.open(command["files"][name], flag, 0o600), descriptor)
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv = ["muster", *command["arguments"]]
    try:
        main()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _serve() -> None:
    import api.cli  # noqa: F401  (the children need it)

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 70  # an exception that `main` let through
            try:
                code = _run(json.loads(line))
            except BaseException:  # noqa: BLE001  (the child must not go on as the parent)
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201  (the answer)


if __name__ == "__main__":
    _serve()
