"""The queue of findings through the API: listed, counted, worked, and refused in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from sync.consolidate import consolidate
from tests.support.api_client import client
from tests.support.findings import DAY, found_portfolio, number_of, speaking
from tests.support.rows import T0

AHEAD = str((datetime.now(UTC) + timedelta(days=300)).date())
API = "/api/v1/findings"


def listed(asking: Any, **query: Any) -> list[dict[str, Any]]:
    answer = asking.get(API, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_queue_is_filtered_by_owner_severity_project_rule_record_kind_and_state(engine: Engine) -> None:
    found_portfolio(engine)
    asking = client(engine)
    everything = listed(asking, limit=1000)
    assert {item["owner"] for item in everything} == {"Maya", "Lena", None}
    for name, value in (
        ("owner", "Maya"), ("severity", "block"), ("project", "BOREALIS"), ("rule", "budget"),
        ("kind", "missing"), ("template", "raid-log"), ("record", "R-001"),
    ):  # fmt: skip
        key = "record_ref" if name == "record" else name
        expected = [item for item in everything if item[key] == value]
        assert listed(asking, **{name: value, "limit": 1000}) == expected != [], name
    nobody = listed(asking, owner="(nobody)", limit=1000)
    assert nobody == [item for item in everything if item["owner"] is None] != []
    assert listed(asking, state="waived") == []
    assert listed(asking, older_than=30_000) == []
    assert len(listed(asking, older_than=1, limit=1000)) == len(everything)


@pytest.mark.parametrize("sort", ["oldest", "newest", "severity"])
def test_every_page_of_every_order_together_is_everything_once(engine: Engine, sort: str) -> None:
    found_portfolio(engine)
    asking = client(engine)
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"sort": sort, "limit": 7}
    while True:
        page = asking.get(API, params=query).json()
        seen += page["items"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert sorted(item["id"] for item in seen) == [item["id"] for item in listed(asking, limit=1000)]
    if sort == "severity":
        ranks = [("block", "warn", "info").index(item["severity"]) for item in seen]
        assert ranks == sorted(ranks)


def test_a_cursor_of_one_order_is_refused_in_another(engine: Engine) -> None:
    found_portfolio(engine)
    asking = client(engine)
    cursor = asking.get(API, params={"sort": "severity", "limit": 3}).json()["next"]
    answer = asking.get(API, params={"sort": "oldest", "limit": 3, "cursor": cursor})
    assert answer.status_code == 404


@pytest.mark.parametrize("by", ["owner", "severity", "age", "project", "rule", "template", "state"])
def test_counts_add_up_to_the_list(engine: Engine, by: str) -> None:
    found_portfolio(engine)
    asking = client(engine)
    counted = asking.get(f"{API}/counts", params={"by": by}).json()
    assert counted["total"] == len(listed(asking, limit=1000))
    first = counted["items"][0]
    if by not in ("age", "state"):
        value = "(nobody)" if first["value"] is None else first["value"]
        more = {"template": first["template"]} if by == "rule" else {}
        assert first["count"] == len(listed(asking, **{by: value, "limit": 1000}, **more))


def test_what_is_counted_is_only_what_may_be_seen(engine: Engine) -> None:
    found_portfolio(engine)
    counted = client(engine, projects=["APOLLO"]).get(f"{API}/counts", params={"by": "project"}).json()
    assert [item["value"] for item in counted["items"]] == ["APOLLO"]


def test_one_finding_shows_what_it_was_found_on_and_where_it_is_fixed(engine: Engine) -> None:
    found_portfolio(engine)
    asking = client(engine)
    late = asking.get(f"{API}/{number_of(engine, 'C06')}").json()
    assert late["evidence"]["forecast_finish"] == "2026-09-01"
    assert late["possible"] == ["accept", "fix", "dispute", "waive"]
    risk = listed(asking, record="R-001")[0]
    assert risk["url"] == "https://pmo-files.example/raid.xlsx"
    missing = asking.get(f"{API}/{number_of(engine, 'budget')}").json()
    assert missing["locator"] is None
    assert missing["url"] == "https://pmo-files.example/register.xlsx"


def test_a_finding_is_accepted_said_to_be_fixed_and_given_back_by_those_it_concerns(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    maya = speaking(engine, "Maya")
    answer = maya.post(f"{API}/{number}/accept", json={"due": "2999-01-01", "because": "next week"})
    assert answer.json()["state"] == "accepted"
    assert maya.post(f"{API}/{number}/fix").json()["state"] == "fixing"
    assert maya.post(f"{API}/{number}/release").json()["state"] == "new"
    told = maya.get(f"{API}/{number}").json()
    assert [(step["action"], step["by"], step["role"], step["door"]) for step in told["steps"]] == [
        ("accept", "Maya", "project_manager", "api"), ("fix", "Maya", "project_manager", "api"),
        ("release", "Maya", "project_manager", "api"),
    ]  # fmt: skip
    assert told["due"] is None


def test_a_changed_finding_has_another_etag(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    maya = speaking(engine, "Maya")
    before = maya.get(f"{API}/{number}").headers["etag"]
    assert maya.get(f"{API}/{number}", headers={"If-None-Match": before}).status_code == 304
    maya.post(f"{API}/{number}/accept")
    assert maya.get(f"{API}/{number}", headers={"If-None-Match": before}).status_code == 200


@pytest.mark.parametrize(
    ("action", "given", "status", "says"),
    [
        ("accept", {"due": "soon"}, 400, "YYYY-MM-DD"),
        ("accept", {"due": "2020-01-01"}, 400, "has passed"),
        ("release", {}, 409, "what can be done: accept, fix, dispute, waive"),
        ("dispute", {}, 400, "say why"),
        ("dispute", {"because": "  "}, 400, "say why"),
        ("waive", {"because": "x"}, 400, "until"),
        ("waive", {"because": "x", "until": "2020-01-01"}, 400, "has passed"),
        ("waive", {"until": "2999-01-01"}, 400, "say why"),
        ("dispute", {"because": "nul \x00"}, 422, "a NUL character"),
        ("dispute", {"because": "x", "proposed": ["\x00"]}, 422, "a NUL character"),
        ("dispute", {"because": "x", "proposed": "y" * 60_000}, 400, "longer than"),
        ("burn", {}, 422, "action"),
        ("accept", {"colour": "green"}, 422, "colour"),
    ],
)
def test_a_step_that_cannot_be_is_refused_in_words_and_changes_nothing(
    engine: Engine, action: str, given: dict[str, Any], status: int, says: str
) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    maya = speaking(engine, "Maya")
    answer = maya.post(f"{API}/{number}/{action}", json=given)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert maya.get(f"{API}/{number}").json()["state"] == "new"


def test_nobody_and_strangers_and_tokens_of_other_projects_are_refused(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    assert client(engine, token=False).post(f"{API}/{number}/accept").status_code == 401
    nameless = client(engine, name="nameless").post(f"{API}/{number}/accept")
    assert (nameless.status_code, "speaks for no person" in nameless.text) == (403, True)
    eve = speaking(engine, "Eve").post(f"{API}/{number}/accept")
    assert (eve.status_code, "Maya" in eve.json()["detail"]) == (403, True)
    hidden = speaking(engine, "Ada", "project_officer", projects=["BOREALIS"])
    assert hidden.post(f"{API}/{number}/accept").status_code == 404
    assert hidden.get(f"{API}/{number}").status_code == 404
    absent = speaking(engine, "Bob", "pmo_head").post(f"{API}/999999/accept")
    assert (absent.status_code, "no finding 999999" in absent.text) == (404, True)


def test_a_waiver_is_asked_for_granted_by_another_and_shown(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "budget")
    ada, bob = speaking(engine, "Ada", "project_officer"), speaking(engine, "Bob", "pmo_head")
    asked = ada.post(f"{API}/{number}/waive", json={"because": "books close", "until": AHEAD})
    assert "somebody else" in asked.json()["then"]
    [waiver] = ada.get(f"{API}/{number}").json()["waivers"]
    grant = f"{API}/{number}/waivers/{waiver['id']}/grant"
    own = ada.post(grant)
    assert (own.status_code, "somebody else" in own.json()["detail"]) == (403, True)
    elsewhere = bob.post(f"{API}/{number_of(engine, 'C06')}/waivers/{waiver['id']}/grant")
    assert (elsewhere.status_code, "about APOLLO monthly-status budget" in elsewhere.text) == (404, True)
    assert bob.post(grant).json()["state"] == "waived"
    assert number not in {item["id"] for item in listed(ada, limit=1000)}
    assert [item["id"] for item in listed(ada, state="waived")] == [number]


def test_a_dispute_is_kept_beside_its_value_and_answered_by_another_officer(engine: Engine) -> None:
    rows = found_portfolio(engine)
    maya, ada = speaking(engine, "Maya"), speaking(engine, "Ada", "project_officer")
    given = {
        "project": "APOLLO", "template": "monthly-status", "field": "percent_complete", "value": 40,
        "proposed": 31, "because": "counted twice",
    }  # fmt: skip
    number = maya.post("/api/v1/disputes", json=given).json()["id"]
    again = ada.post("/api/v1/disputes", json=given)
    assert (again.status_code, "Maya disputes it since" in again.json()["detail"]) == (409, True)
    own = maya.post(f"/api/v1/disputes/{number}/uphold", json={"because": "it is"})
    assert own.status_code == 403
    [waiting] = ada.get("/api/v1/disputes").json()["items"]
    assert (waiting["value"], waiting["proposed"], waiting["by"]) == (40, 31, "Maya")
    assert ada.post(f"/api/v1/disputes/{number}/uphold", json={"because": "seen"}).status_code == 200
    assert ada.get("/api/v1/disputes").json()["items"] == []
    [standing] = ada.get("/api/v1/disputes", params={"state": "standing"}).json()["items"]
    assert (standing["answer"], standing["answered_by"]) == ("upheld", "Ada")
    twice = ada.post(f"/api/v1/disputes/{number}/refuse", json={"because": "no"})
    assert (twice.status_code, "upheld by Ada already" in twice.text) == (404, True)
    with engine.begin() as connection:
        attributes = connection.execute(text("SELECT id FROM scope WHERE key = 'APOLLO'")).scalar_one()
    rows.rewrite(attributes, percent_complete="31")
    consolidate(engine, as_of=(T0 + DAY).date(), known_at=T0 + DAY)
    [ended] = ada.get("/api/v1/disputes", params={"state": "all"}).json()["items"]
    assert "The source says 31 now" in ended["ended_because"]


def test_a_disputed_finding_can_be_taken_back_by_who_raised_it(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    maya = speaking(engine, "Maya")
    assert maya.post(f"{API}/{number}/dispute", json={"because": "moved"}).json()["state"] == "disputed"
    [dispute] = maya.get(f"{API}/{number}").json()["disputes"]
    assert dispute["value"] == maya.get(f"{API}/{number}").json()["evidence"]
    path = f"/api/v1/disputes/{dispute['id']}/withdraw"
    eve = speaking(engine, "Eve")
    assert eve.post(path, json={"because": "not mine"}).status_code == 403
    assert maya.post(path, json={"because": "misread"}).status_code == 200
    assert maya.get(f"{API}/{number}").json()["state"] == "new"


def test_a_finding_that_closes_says_why_and_is_still_to_be_read(engine: Engine) -> None:
    rows = found_portfolio(engine)
    number = number_of(engine, "C06")
    with engine.begin() as connection:
        scope = connection.execute(text("SELECT id FROM scope WHERE key = 'APOLLO'")).scalar_one()
    rows.rewrite(scope, forecast_finish="2027-05-01")
    later = T0 + timedelta(days=2)
    consolidate(engine, as_of=later.date(), known_at=later)
    maya = speaking(engine, "Maya")
    closed = maya.get(f"{API}/{number}").json()
    assert (closed["state"], closed["possible"]) == ("closed", [])
    assert "was 2026-09-01, is 2027-05-01 (register.xlsx!Projects!" in closed["closed_because"]
    answer = maya.post(f"{API}/{number}/accept")
    assert (answer.status_code, "comes back as a new one" in answer.json()["detail"]) == (409, True)
