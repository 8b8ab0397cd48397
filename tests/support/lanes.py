"""What a slow lane needs of its machine: absent, the lane is skipped with a reason, and fails where CI is set."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.shared import ROOT

ARTEFACTS = ROOT / ".artefacts"


def program(what: str, *names: str) -> str:
    """Return the path of the first of these programs that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        absent(f"{what} is not installed (looked for {', '.join(names)})")
    return found


def artefact(what: str, path: str) -> Path:
    """Return a file that the set-up fetched."""
    found = ARTEFACTS / path
    if not found.is_file():
        absent(f"{what} was not fetched")
    return found


def absent(reason: str) -> NoReturn:
    """Skip with a reason; fail where CI is set, which must not go green for want of a program."""
    told = f"{reason}; `make setup-slow` gets what the slow lanes need"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)
