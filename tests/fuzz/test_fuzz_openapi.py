"""Every operation of the OpenAPI document, asked by schemathesis' own command with every check it has."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.muster_process import environment, serving
from tests.support.portfolio_rows import seed
from tests.support.shared import ROOT
from tests.support.submissions import open_submission

pytestmark = pytest.mark.slow
UNLIMITED = {"MUSTER_REQUESTS_PER_MINUTE": "0", "MUSTER_FAILURES_PER_MINUTE": "1000000"}
EXAMPLES = os.environ.get("MUSTER_SCHEMATHESIS_EXAMPLES", "12")  # an operation, beside the fixed cases


def test_no_check_of_schemathesis_fails_for_any_operation(
    database_url: str, home: Path, tmp_path: Path
) -> None:
    engine = open_engine(database_url)
    seed(engine)
    open_submission(engine, key="COLLECT", name="Collecting")
    token = create_token(
        engine, "schemathesis", scopes=["admin"], speaks_for=("Ada Byron", ["pmo_head", "project_officer"])
    )
    engine.dispose()
    with serving(environment(home, database_url) | UNLIMITED, tmp_path / "serve.log") as served:
        # Made when it is first asked for.
        httpx.get(f"{served.url}/api/v1/openapi.json", timeout=120).raise_for_status()
        done = subprocess.run(
            [Path(sys.executable).parent / "st", "--config-file", ROOT / "schemathesis.toml",
             "run", f"{served.url}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}",
             "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES,
             "--continue-on-failure", "--request-timeout", "60", "--generation-deterministic", "--no-color"],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=1800, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "Tested: 0" not in done.stdout
