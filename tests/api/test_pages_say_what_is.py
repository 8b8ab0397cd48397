from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from api.pages.receipt import rules
from api.pages.writing import time_text
from tests.support.api_client import client
from tests.support.portfolio_rows import seed


def change(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_source_that_was_only_ever_read_in_part_is_not_called_never_synced(engine: Engine) -> None:
    seed(engine)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
    change(
        engine,
        f"""UPDATE run SET state = 'partial', finished_at = '{at.isoformat()}'
            WHERE source_id = (SELECT id FROM source WHERE name = 'ado')""",
    )
    asking = client(engine)
    for path in ("/", "/sources"):
        html = asking.get(path).text
        assert f"partial, {at:%H:%M} UTC" in html
        assert "never synced" not in html
    assert "no full success yet" in asking.get("/").text
    source = asking.get("/api/v1/sources/ado").json()
    assert source["synced_at"] is None
    assert source["read_at"] == source["last_run"]["at"] == f"{at:%Y-%m-%dT%H:%M:%SZ}"


def test_a_failed_run_stands_beside_the_last_success(engine: Engine) -> None:
    seed(engine)
    html = client(engine).get("/").text
    assert "failed, " in html
    assert "last success " in html


def test_a_disabled_source_leaves_the_board_and_stands_apart_on_the_sources_page(engine: Engine) -> None:
    seed(engine)
    change(engine, "UPDATE source SET enabled = false")
    change(engine, "UPDATE source SET enabled = true WHERE name = 'pmo-files'")
    asking = client(engine)
    board = asking.get("/").text.partition('<form class="filters"')[0]
    assert "pmo-files" in board
    assert "jira-dc" not in board
    html = asking.get("/sources").text
    before, _, after = html.partition("Disabled</h3>")
    assert "jira-dc" not in before
    assert "jira-dc" in after.partition("</table>")[0]
    assert "failed, " in after.partition("</table>")[0]
    assert "Every scope belongs to a project." in html


def test_a_day_outside_the_history_is_answered_with_where_that_begins_or_ends(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    for path in ("/", "/projects/PORTAL", "/projects/PORTAL/receipt/schedule"):
        late = asking.get(path, params={"as_of": "2030-01-01"})
        assert late.status_code == 200
        assert "The newest snapshot is of 22 Nov 2026" in late.text
        assert "as of <strong>22 Nov 2026</strong>" in late.text
        early = asking.get(path, params={"as_of": "2020-01-01"}, headers={"Accept": "text/html"})
        assert early.status_code == (200 if path == "/" else 404)
        assert "The history begins 30 Aug 2026" in early.text
        assert "muster sync" not in early.text
        assert "newest snapshot is of" not in asking.get(path, params={"as_of": "2026-09-27"}).text


def test_a_day_between_two_snapshots_keeps_the_claims_of_the_earlier(engine: Engine) -> None:
    seed(engine)
    html = client(engine).get("/projects/PORTAL", params={"as_of": "2026-11-20"}).text
    assert "Baseline finish" in html.partition('<ul class="why">')[0]


def test_every_rule_of_a_receipt_has_its_own_sentence_and_inputs() -> None:
    readings = [{"on": "2026-10-01", "finish": "2026-12-01"}, {"on": "2026-11-01", "finish": "2026-12-20"}]
    reasons: list[dict[str, Any]] = [
        {"rule": "F1", "text": "42 days late", "inputs": {"slip_days": 42}},
        {"rule": "F5", "text": "slipping by 19 days", "inputs": {"slope": 0.6}, "readings": readings},
    ]
    head = {"id": "F1", "policy": "default@1.0.0", "inputs": {"baseline_finish": "2026-11-06"}}
    told = [{"id": reason["rule"], **{k: v for k, v in reason.items() if k != "rule"}} for reason in reasons]
    deciding = {**head, "text": "42 days late"}
    listed = [told[0] | {"inputs": head["inputs"], "from": [], "records": [{"id": 1}]}, told[1]]
    for found in (
        {"rule": head, "reasons": reasons},
        {"rule": head, "rules": [deciding], "reasons": reasons},
        {"rule": head, "rules": listed, "reasons": reasons},
    ):
        first, second = rules(found)
        assert (first["id"], first["says"], first["tables"]) == ("F1", ["42 days late"], {})
        assert first["inputs"] == {"baseline_finish": "2026-11-06", "slip_days": 42}
        assert (second["id"], second["says"], second["inputs"]) == (
            "F5",
            ["slipping by 19 days"],
            {"slope": 0.6},
        )
        assert second["tables"] == {"readings": readings}
    by_day = {"forecasts": {"2026-11-01": "2026-12-20", "2026-10-01": "2026-12-01"}, "slope": 0.6}
    (trend,) = rules({"rule": {"id": "F5", "policy": "p", "inputs": by_day}})
    assert trend["inputs"] == {"slope": 0.6}
    assert trend["tables"]["forecasts"] == [
        {"reported_on": "2026-10-01", "value": "2026-12-01"},
        {"reported_on": "2026-11-01", "value": "2026-12-20"},
    ]
    alone: list[dict[str, Any]] = rules(
        {"rule": {"id": "precedence", "policy": "p", "inputs": {"because": "x"}}}
    )
    assert [(rule["id"], rule["inputs"]) for rule in alone] == [("precedence", {"because": "x"})]


def test_a_receipt_page_shows_each_rule_under_its_own_heading(engine: Engine) -> None:
    seed(engine)
    change(
        engine,
        """UPDATE snapshot SET document = jsonb_set(document, '{dimensions,schedule,reasons}',
           '[{"rule": "F1", "text": "first sentence", "inputs": {"slip_days": 42}},
             {"rule": "F5", "text": "second sentence", "inputs": {"slope": 0.5}}]')""",
    )
    html = client(engine).get("/projects/PORTAL/receipt/schedule").text
    first, _, second = html.partition("Rule F5</h2>")
    assert "first sentence" in first
    assert "second sentence" not in first
    assert "second sentence" in second
    assert "Slope" in second


def test_health_keeps_its_half_point_wherever_it_stands(engine: Engine) -> None:
    seed(engine)
    change(
        engine,
        """UPDATE snapshot SET document = document || '{"health": 62.5,
           "data_quality": {"score": 92.5, "grade": "B"}}'""",
    )
    for path in ("/", "/projects/PORTAL"):
        html = client(engine, name=path).get(path).text
        assert "62.5" in html
        assert "92.5" in html


def test_a_run_that_found_nothing_changed_says_since_when(engine: Engine) -> None:
    seed(engine)
    change(
        engine,
        """DELETE FROM run_stream WHERE run_id = (SELECT max(r.id) FROM run r JOIN source s ON s.id = r.source_id
           WHERE s.name = 'pmo-files')""",
    )
    asking = client(engine)
    newest, before = asking.get("/api/v1/runs", params={"source": "pmo-files", "limit": 2}).json()["runs"]
    assert newest["ledger"] == []
    assert newest["unchanged_since"] == before["finished_at"]
    html = asking.get("/sources").text
    assert "nothing changed since " in html
    assert "no stream was read" not in html


def test_rows_that_name_no_known_project_are_listed_with_their_place(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    assert "Rows that name no known project" not in asking.get("/sources").text
    change(
        engine,
        "UPDATE milestone SET project_id = NULL, project_ref = 'PORTLA' WHERE locator = 'plan.xlsx!Milestones!B6'"
        " AND project_ref = 'PORTAL'",
        "UPDATE run SET waited_s = waited_s + 1",
    )
    html = client(engine, name="again").get("/sources").text
    listed = html.partition("Rows that name no known project")[2].partition("</table>")[0]
    assert "PORTLA" in listed
    assert "plan.xlsx!Milestones!B6" in listed


def test_a_time_of_today_needs_no_day() -> None:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert time_text("2026-11-22T07:09:00Z", now) == "07:09 UTC"
    assert time_text("2026-11-21T07:09:00Z", now) == "21 Nov 2026, 07:09 UTC"
    assert time_text(None, now) == "–"


def test_open_rejects_are_told_on_the_board(engine: Engine) -> None:
    seed(engine)
    change(engine, "UPDATE rejected_record SET resolved_at = now()")
    asking = client(engine)
    assert " open.</p>" not in asking.get("/").text
    change(
        engine,
        """INSERT INTO rejected_record (run_id, source_id, stream, kind, locator, reason, rejected_at)
           SELECT max(run.id), source.id, 'issues', 'record', n::text, 'no number', now() FROM source
           JOIN run ON run.source_id = source.id, generate_series(1, 3) AS n
           WHERE source.name = 'ado' GROUP BY source.id, n""",
    )
    assert "3 rejected records or pages open." in asking.get("/").text
    assert '<a href="#rejected"><span class="tag warn">3</span></a>' in asking.get("/sources").text
