"""The log as a page, as files, over the API and on the command line: who may, what is shown, what is safe."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from model.audit import Anchor, Way
from sync.audit import Cause, caused_by, record_alone
from sync.audit_log import verify
from tests.support.command_line import CommandLine
from tests.support.databases import cloned

HOSTILE = "=cmd|'/c calc'!A0 <script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        with caused_by(Cause(Way.PAGE, "ada@example.com", "192.0.2.7")):
            for number in range(60):
                record_alone(engine, "source.changed", f"source s{number:02}", {"changes": [f"was {number}"]})
            record_alone(engine, "policy.published", "policy default@2.0.0", {"because": HOSTILE}, by="Grace")
        with caused_by(Cause(Way.API, HOSTILE)):
            record_alone(engine, "token.created", HOSTILE)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine) -> FastAPI:
    return create_app(engine)


def client(app: FastAPI, *, name: str, scopes: tuple[str, ...] = ("admin",), **more: Any) -> TestClient:
    token = create_token(app.state.engine, name, scopes=scopes, **more)
    return TestClient(app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)


def test_only_who_may_read_the_log_sees_it(app: FastAPI) -> None:
    reading = client(app, name="reads", scopes=("read",))
    for path in ("/audit", "/audit/export", "/api/v1/audit-events"):
        assert reading.get(path).status_code == 403
        assert TestClient(app).get(path).status_code == 401
    assert 'href="/audit"' not in reading.get("/").text
    some = client(app, name="some", projects=[])
    assert some.get("/audit").status_code == 403


def test_whoever_is_refused_stands_in_the_servers_log_on_one_line(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    client(app, name="denied", scopes=("read",)).get("/audit")
    client(app, name="denied2", scopes=("read",)).post("/api/v1/match-proposals/1%0Aforged/confirm", json={})
    said = [record.getMessage() for record in caplog.records if record.name == "api.access.causes"]
    assert said[0] == "refused: 'GET /audit', asked by 'token denied' from testclient"
    assert not any("\n" in line for line in said)


def test_the_page_shows_the_newest_first_and_goes_on_to_older_ones(app: FastAPI) -> None:
    asking = client(app, name="page")
    first = asking.get("/audit?subject=source")
    assert first.status_code == 200
    assert "source s59" in first.text
    assert "source s09" not in first.text
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    second = asking.get(older.group(1).replace("&amp;", "&"))
    assert "source s09" in second.text
    assert "source s59" not in second.text
    assert "192.0.2.7" in second.text


def test_every_filter_filters(app: FastAPI) -> None:
    asking = client(app, name="filters")
    for query, there, absent in (
        ("action=policy", "default@2.0.0", "source s59"),
        ("action=policy.published", "default@2.0.0", "source s59"),
        ("actor=GRACE", "default@2.0.0", "source s59"),
        ("actor=ada@example.com", "source s59", "token"),
        ("way=api", "cmd|", "source s59"),
        ("since=2020-01-01&subject=SOURCE%20s5", "source s59", "source s49"),
        ("until=2020-01-01", "No event matches", "source s59"),
    ):
        shown = asking.get(f"/audit?{query}").text.partition('<section class="log"')
        body = shown[1] + shown[2] or shown[0].partition('class="empty"')[2]
        assert there in body, query
        assert absent not in body.partition("<footer")[0], query
    assert asking.get("/audit?action=nonsense").status_code == 422
    assert asking.get("/audit?since=yesterday").status_code == 422


def test_what_was_written_by_strangers_is_shown_and_exported_as_text(app: FastAPI) -> None:
    asking = client(app, name="strangers")
    page = asking.get("/audit").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    table = asking.get("/audit/export?action=token.created")
    assert table.headers["content-disposition"] == 'attachment; filename="audit-log.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert HOSTILE in [row["subject"].removeprefix("'") for row in rows]
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())


def test_an_export_is_an_event_and_the_last_one_of_its_own_file(app: FastAPI, engine: Engine) -> None:
    asking = client(app, name="exporter")
    found = [json.loads(line) for line in asking.get("/audit/export?format=ndjson").text.splitlines()]
    assert [each["seq"] for each in found] == list(range(1, len(found) + 1))
    assert (found[-1]["action"], found[-1]["actor"], found[-1]["way"]) == (
        "export.audit",
        "token exporter",
        "page",
    )
    assert verify(engine, Anchor(found[-1]["seq"], found[-1]["hash"])).faults == ()


def test_programs_follow_the_log_by_its_cursor(app: FastAPI) -> None:
    asking = client(app, name="program")
    first = asking.get("/api/v1/audit-events?limit=20&action=source").json()
    assert [each["subject"] for each in first["items"]] == [f"source s{number:02}" for number in range(20)]
    rest = asking.get(f"/api/v1/audit-events?limit=1000&action=source&cursor={first['next']}").json()
    assert [each["subject"] for each in rest["items"]] == [f"source s{number:02}" for number in range(20, 60)]
    assert rest["next"] is None
    assert asking.get("/api/v1/audit-events?actor=Grace").json()["items"][0]["detail"]["by"] == "Grace"


def test_who_asked_over_the_api_is_who_the_log_names(app: FastAPI, engine: Engine) -> None:
    asking = client(app, name="named")
    asking.get("/audit/export?format=ndjson")
    with engine.connect() as connection:
        last = connection.execute(
            text("SELECT actor, address FROM audit_event ORDER BY seq DESC LIMIT 1")
        ).one()
    assert last == ("token named", "testclient")


def test_the_command_line_lists_exports_and_verifies(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("audit")
    muster = CommandLine(engine.url.render_as_string(hide_password=False), folder / "home", {})
    assert "source s59" in muster("audit", "list", "--action", "source", "--limit", "1").out
    assert "\u202e" not in muster("audit", "list").out
    assert "there is no 'nonsense'" in muster("audit", "list", "--action", "nonsense").err
    out = folder / "log.ndjson"
    assert muster("audit", "export", str(out)).code == 0
    last = json.loads(out.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["action"], last["way"]) == ("export.audit", "command")
    noted = muster("audit", "head").out.strip()
    assert noted == f"{last['seq']}:{last['hash']}"
    assert muster("audit", "verify", "--anchor", noted).code == 0
    assert muster("audit", "verify", "--anchor", "nonsense").code == 2
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit_event SET actor = 'nobody' WHERE seq = 3"))
    said = muster("audit", "verify")
    assert said.code == 1
    assert "event 3 says something else" in said.err
