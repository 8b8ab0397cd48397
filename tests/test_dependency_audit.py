"""The audit of dependencies fails on what is known, and never takes "nothing was looked at" for "nothing was found"."""

import importlib.util
import json
from types import ModuleType
from typing import Any

import pytest

from tests.support.shared import ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "audit_dependencies", ROOT / ".ci" / "audit_dependencies.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _told(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies})


def test_a_known_vulnerability_fails_and_is_named_with_what_mends_it(audit: ModuleType) -> None:
    told = _told(
        {"name": "a", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]},
        {"name": "b", "version": "2.0", "vulns": []},
    )
    code, says = audit.verdict(told, "", required=False)
    assert code == 1
    assert "a 1.0: PYSEC-1, mended in 1.1" in says


def test_what_was_looked_at_and_is_well_passes(audit: ModuleType) -> None:
    told = _told({"name": "a", "version": "1.0", "vulns": []}, {"name": "b", "skip_reason": "not found"})
    assert audit.verdict(told, "", required=True) == (
        0, "No known vulnerability in 1 dependencies. Not audited, for the service does not know them: b.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("out", "err"),
    [
        (
            _told({"name": "a", "skip_reason": "Dependency not found on PyPI"}),
            "No known vulnerabilities found",
        ),
        ("", "ERROR:pip_audit._cli:Could not connect to PyPI: Max retries exceeded; Connection refused"),
    ],
)
def test_where_nothing_was_looked_at_that_is_said(audit: ModuleType, out: str, err: str) -> None:
    code, says = audit.verdict(out, err, required=False)
    assert (code, says.partition(":")[0]) == (0, "NOT AUDITED")
    assert audit.verdict(out, err, required=True)[0] == 1


def test_an_audit_that_breaks_otherwise_fails(audit: ModuleType) -> None:
    assert audit.verdict("", "usage: pip-audit [-h]", required=False)[0] == 1
