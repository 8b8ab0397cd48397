import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from api.app import create_app
from api.signin.tokens import create_token
from sandbox.story import PROJECTS
from sync.tokens import revoke_token
from tests.support.api_client import client
from tests.support.portfolio_rows import seed

MINE = ["PORTAL", "CAMPUS"]
OPEN = {"/healthz", "/readyz", "/sign-in", "/sign-out", "/api/v1/openapi.json"}
LISTS = ("work-items", "milestones", "raid-items", "costs", "findings", "projects", "scopes")


def paths(engine: Engine) -> list[str]:
    """Every path the application answers, with a project nobody but the operator may see."""
    described = [path for path, told in create_app(engine).openapi()["paths"].items() if "get" in told]
    found = {
        *described,
        "/",
        "/projects/{key}",
        "/projects/{key}/receipt/{attribute}",
        "/sources",
        "/findings",
        "/findings/{number}",
        "/runs/{number}",
        "/metrics",
    }
    filled = {
        "key": "LEDGER",
        "attribute": "forecast_finish",
        "figure": "health",
        "name": "jira-dc",
        "number": "9",
        "template": "monthly-status",
        "version": "3.1.0",
        "policy": "default@1.0.0",
    }
    return sorted(path.format(**filled) for path in found)


def test_every_route_but_the_open_ones_answers_401_without_a_token(engine: Engine) -> None:
    asking = client(engine, token=False)
    answers = {path: asking.get(path).status_code for path in paths(engine)}
    assert len(answers) > 18
    assert {path: status for path, status in answers.items() if status != 401} == {}


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Basic abc", "bearer ", "Bearer \x7f"])
def test_a_wrong_authorization_is_refused_with_a_challenge(engine: Engine, header: str) -> None:
    answer = client(engine, token=False).get("/api/v1/status", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_for_two_projects_sees_nothing_else_on_any_route(engine: Engine) -> None:
    seed(engine)
    asking = client(engine, projects=MINE)
    hidden = [project for project in PROJECTS if project.key not in MINE]
    words = {word for project in hidden for word in (project.key, project.name, project.manager)}
    words |= {tracked.key for project in hidden for tracked in project.tracked} | {"PIT", "Innovation Garage"}
    for path in paths(engine):
        answer = asking.get(path, headers={"Accept": "text/html, application/json"})
        told = answer.text.replace("/projects/LEDGER", "").replace("project LEDGER", "")
        told = told.replace("%2Fprojects%2FLEDGER", "")  # the way back to the address that was asked for
        assert [word for word in words if word in told and word != "SSO"] == [], path


def test_a_token_for_two_projects_sees_all_of_those(engine: Engine) -> None:
    seed(engine)
    everything, mine = client(engine, name="all"), client(engine, projects=MINE)
    assert {project["key"] for project in mine.get("/api/v1/status").json()["projects"]} == set(MINE)
    for noun in LISTS:
        name = "key" if noun == "projects" else "project"
        whole = everything.get(f"/api/v1/{noun}", params={"limit": 1000}).json()["items"]
        seen = mine.get(f"/api/v1/{noun}", params={"limit": 1000}).json()["items"]
        theirs = [row for row in whole if row[name] in MINE]
        if noun == "work-items":  # an item above is named where it is known to be one that may be seen
            known = {row["key"] for row in theirs}
            theirs = [
                row | {"parent_key": row["parent_key"] if row["parent_key"] in known else None}
                for row in theirs
            ]
        assert seen == theirs, noun


def test_filters_do_not_open_what_is_hidden(engine: Engine) -> None:
    seed(engine)
    asking = client(engine, projects=MINE)
    for noun in ("work-items", "milestones", "raid-items", "costs", "findings"):
        assert asking.get(f"/api/v1/{noun}", params={"project": "LEDGER"}).json()["items"] == []
    assert asking.get("/", params={"q": "ledger"}).text.count("LEDGER") == 0
    assert asking.get("/api/v1/scopes", params={"bound": "false"}).json()["items"] == []


def test_a_hidden_project_and_a_missing_one_are_answered_alike(engine: Engine) -> None:
    seed(engine)
    asking = client(engine, projects=MINE)
    hidden, absent = asking.get("/api/v1/projects/LEDGER"), asking.get("/api/v1/projects/NOTHING")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace("LEDGER", "NOTHING") == absent.text


def test_ledgers_errors_and_hosts_are_for_those_who_see_everything(engine: Engine) -> None:
    seed(engine)
    asking = client(engine, projects=MINE)
    runs = asking.get("/api/v1/runs").json()["runs"]
    assert {run["source"] for run in runs} == {"pmo-files", "jira-cloud"}
    for name in ("ledger", "warnings", "rejected"):
        assert [run[name] for run in runs if run[name] != []] == [], name
    assert {run["error"] for run in runs} == {None}
    assert {source["host"] for source in asking.get("/api/v1/sources").json()["items"]} == {None}
    assert asking.get("/sources").status_code == 403
    assert asking.get("/metrics").status_code == 403


def test_a_token_for_no_project_sees_none(engine: Engine) -> None:
    seed(engine)
    asking = client(engine, projects=[])
    assert asking.get("/api/v1/status").json()["projects"] == []
    assert asking.get("/api/v1/work-items").json()["items"] == []


def test_two_tokens_never_share_a_kept_answer(engine: Engine) -> None:
    seed(engine)
    app_client = client(engine, name="all")
    limited = create_token(engine, "few", projects=MINE)
    whole = app_client.get("/api/v1/status")
    part = app_client.get("/api/v1/status", headers={"Authorization": f"Bearer {limited}"})
    assert whole.headers["etag"] != part.headers["etag"]
    assert len(part.json()["projects"]) == 2


def test_a_token_that_may_only_sync_may_not_read(engine: Engine) -> None:
    assert client(engine, scopes=["sync"]).get("/api/v1/status").status_code == 403


def test_admin_may_read(engine: Engine) -> None:
    assert client(engine, scopes=["admin"]).get("/api/v1/status").status_code == 200


def test_a_revoked_token_is_refused_at_once(engine: Engine) -> None:
    asking = client(engine, name="gone")
    assert asking.get("/api/v1/sources").status_code == 200
    assert revoke_token(engine, "gone", datetime.now(UTC))
    assert asking.get("/api/v1/sources").status_code == 401


def test_an_expired_token_is_refused(engine: Engine) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    token = create_token(engine, "old", lives=timedelta(days=1), now=past)
    answer = client(engine, token=False).get("/api/v1/status", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_no_answer_ever_holds_a_token_or_its_hash(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    secret = asking.headers["authorization"].removeprefix("Bearer ")
    for path in paths(engine):
        assert secret not in json.dumps(asking.get(path).text), path
