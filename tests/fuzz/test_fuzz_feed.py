"""The feed, asked by schemathesis' own command over the OpenAPI description that it gives of itself."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx
import pytest

from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.muster_process import environment, serving
from tests.support.portfolio_rows import seed
from tests.support.shared import ROOT

pytestmark = pytest.mark.slow
UNLIMITED = {"MUSTER_REQUESTS_PER_MINUTE": "0", "MUSTER_FAILURES_PER_MINUTE": "1000000"}
EXAMPLES = os.environ.get("MUSTER_SCHEMATHESIS_EXAMPLES", "2")  # an operation, beside the fixed cases
# Expressions are texts of a grammar that no schema can say, so that most are rightly refused; and what OData does not
# know among a query's options it passes over, as the protocol has it.
CHECKS: Final = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "ignored_auth", "use_after_free",
    "ensure_resource_availability",
)  # fmt: skip


@pytest.mark.parametrize("root", ["v1", "projectdata"])
def test_no_check_of_schemathesis_fails_for_any_set_of_the_feed(
    database_url: str, home: Path, tmp_path: Path, root: str
) -> None:
    engine = open_engine(database_url)
    seed(engine)
    token = create_token(engine, "schemathesis", scopes=["read"])
    engine.dispose()
    with serving(environment(home, database_url) | UNLIMITED, tmp_path / "serve.log") as served:
        told = tmp_path / "openapi.json"
        signed_in = {"Authorization": f"Bearer {token}"}
        address = f"{served.url}/odata/{root}"
        told.write_bytes(
            httpx.get(f"{address}/openapi.json", headers=signed_in, timeout=120).raise_for_status().content
        )
        settings = tmp_path / "schemathesis.toml"
        # What is right and not done is said with 501.
        settings.write_text("[checks.not_a_server_error]\nexpected-statuses = ['2xx', '3xx', '4xx', 501]\n")
        done = subprocess.run(
            [Path(sys.executable).parent / "st", "--config-file", settings, "run", told, "--url", address,
             "--header", f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS),
             "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--continue-on-failure",
             "--request-timeout", "60", "--generation-deterministic", "--no-color"],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=1800, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "Tested: 0" not in done.stdout
