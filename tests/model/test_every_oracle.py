"""Every worked number of the reference material is held against the code by some test."""

import ast
import json
from pathlib import Path

from tests.support.shared import SHARED, needs_shared

TESTS = Path(__file__).parents[1]


@needs_shared
def test_every_worked_number_is_used_by_a_test() -> None:
    there = set(json.loads((SHARED / "oracles" / "oracles.json").read_text(encoding="utf-8")))
    used = {
        node.value
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__) and "oracle(" in path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert there <= used, there - used
