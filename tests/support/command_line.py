"""The command line as a process, with a store of the test's own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.shared import ROOT


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

    def __call__(self, *arguments: str, typed: str | None = None) -> Said:
        """Run one command, outside a terminal."""
        environment = {
            **os.environ,
            **self.secrets,
            "MUSTER_DATABASE_URL": self.database_url,
            "MUSTER_HOME": str(self.home),
        }
        done = subprocess.run(
            [sys.executable, "-m", "api", *arguments],
            cwd=ROOT, env=environment, input=typed or "", capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        everything = done.stdout + done.stderr
        assert "Traceback" not in everything, everything
        for value in self.secrets.values():
            assert value not in everything, everything
        return Said(done.returncode, done.stdout, done.stderr)
