"""A client made from the OpenAPI document by a generator, used against a served hub by its own types."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app, described
from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.lanes import artefact
from tests.support.muster_process import environment, serving
from tests.support.portfolio_rows import seed

pytestmark = pytest.mark.slow
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Run by the generator's own interpreter: all that a user of the client needs is in its environment.
USE = """
import json, sys
from made.client import AuthenticatedClient
from made.api.conflicts import list_settling_rules, make_settling_rule
from made.api.cycles import list_cycles
from made.api.projects import get_project, list_projects
from made.api.status import get_status
from made.api.work_items import list_work_items
from made.models import GivenRule, ProblemDocument
from made.models.list_work_items_status_category_type_0 import ListWorkItemsStatusCategoryType0 as Category

url, token = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)
told = {}
told["status"] = sorted(project.key for project in get_status.sync(client=client).projects)
project = get_project.sync("PORTAL", client=client)
told["project"] = [project.key, project.overall.value, project.created_at.tzinfo is not None]
items, cursor = [], None
while True:
    page = list_work_items.sync(client=client, limit=40, status_category=Category.DONE, cursor=cursor)
    items += [(item.key, item.status_category.value) for item in page.items]
    cursor = page.next_
    if cursor is None:
        break
told["items"] = items
rule = GivenRule(attribute="forecast_finish", prefer="latest", because="plan for the worst")
made = [make_settling_rule.sync_detailed(client=client, body=rule, idempotency_key="one") for _ in range(2)]
told["made"] = [[each.status_code, each.parsed.id, each.headers.get("idempotency-replayed")] for each in made]
told["rules"] = [each.attribute for each in list_settling_rules.sync(client=client).items]
missing = get_project.sync("NOTHING", client=client)
told["problem"] = [isinstance(missing, ProblemDocument), missing.status, missing.type_, missing.detail]
told["cycles"] = len(list_cycles.sync(client=client).items)
print(json.dumps(told))
"""


def generate(document: dict[str, Any], folder: Path) -> Path:
    """Generate the client without a word of complaint; return the interpreter to use it by."""
    generator = artefact("openapi-python-client", "generator/bin/openapi-python-client")
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.yaml").write_text(
        f"content_type_overrides:\n  {XLSX}: application/octet-stream\npost_hooks: []\n"
    )
    done = subprocess.run(
        [generator, "generate", "--path", "openapi.json", "--output-path", "made", "--meta", "none",
         "--config", "config.yaml", "--fail-on-warning"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return generator.parent / "python"


def test_a_client_can_be_generated_and_lists_pages_writes_and_reads_problems(
    database_url: str, home: Path, tmp_path: Path
) -> None:
    engine = open_engine(database_url)
    seed(engine)
    python = generate(described(create_app(engine)), tmp_path)
    token = create_token(engine, "made", speaks_for=("Ada Byron", ["project_officer"]))
    with engine.connect() as connection:
        done = connection.exec_driver_sql(
            "SELECT count(*) FROM work_item WHERE status_category = 'done'"
        ).scalar()
        keys = connection.exec_driver_sql("SELECT array_agg(key::text ORDER BY key) FROM project").scalar()
    engine.dispose()
    with serving(environment(home, database_url), tmp_path / "serve.log") as served:
        used = subprocess.run(
            [python, "-c", USE, served.url, token],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert used.returncode == 0, used.stderr[-3000:]
    told = json.loads(used.stdout)

    assert told["status"] == sorted(keys)
    assert told["project"] == ["PORTAL", "RED", True]
    assert len(told["items"]) == len({key for key, _ in told["items"]}) == done
    assert {category for _, category in told["items"]} == {"done"}
    assert [status for status, _, _ in told["made"]] == [200, 200]
    assert told["made"][0][1] == told["made"][1][1]
    assert [replayed for _, _, replayed in told["made"]] == [None, "true"]
    assert told["rules"].count("forecast_finish") == 1
    assert told["problem"][:3] == [True, 404, "urn:muster:problem:not-found"]
    assert "NOTHING" in told["problem"][3]
