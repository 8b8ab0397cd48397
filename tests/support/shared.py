"""Where the reference material lies, and the mark of tests that need it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("MUSTER_SHARED", ROOT.parent / "shared"))

needs_shared = pytest.mark.skipif(
    not (SHARED / "oracles").is_dir(), reason=f"the reference material is not at {SHARED}"
)
