"""What each source says of a project, written down once and only where it changed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from model import tables
from sync.claim import Claimed, claim, claim_all
from sync.match import match
from tests.support.rows import T0, Rows

DAY = timedelta(days=1)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("ado", "azure_devops")
    rows.source("pmo-files", "excel")
    return rows


def run(rows: Rows, at: datetime = T0) -> Claimed:
    with Session(rows.engine) as session, session.begin():
        match(session, known_at=at)
        return claim_all(session, at)


def claims(rows: Rows, attribute: str | None = None) -> list[tuple[Any, ...]]:
    """All claims in order: attribute, source, value."""
    with rows.engine.connect() as connection:
        found = connection.execute(
            select(tables.Claim.attribute, tables.Source.name, tables.Claim.value)
            .join(tables.Source, tables.Source.id == tables.Claim.source_id)
            .order_by(tables.Claim.id)
        )
        return [tuple(row) for row in found if attribute in (None, row[0])]


def one(rows: Rows, attribute: str) -> Any:
    with rows.engine.connect() as connection:
        return connection.execute(
            text("SELECT * FROM claim WHERE attribute = :name"), {"name": attribute}
        ).one()


def test_a_register_row_claims_each_cell_with_its_locator(rows: Rows) -> None:
    rows.register(
        "pmo-files", "APOLLO", name="Apollo", tier=1, budget=1000000, forecast_finish="2026-01-30",
        rag_overall="green", achievements="  ", bind_jira="APO",
    )  # fmt: skip
    run(rows)
    assert sorted(claims(rows)) == [
        ("budget", "pmo-files", "1000000.00"),
        ("forecast_finish", "pmo-files", "2026-01-30"),
        ("name", "pmo-files", "Apollo"),
        ("rag_overall", "pmo-files", "GREEN"),
        ("tier", "pmo-files", 1),
    ]
    finish, budget = one(rows, "forecast_finish"), one(rows, "budget")
    assert (finish.locator, finish.raw_position) == ("register.xlsx!Projects!E8", 8)
    assert (len(finish.sha256), finish.run_id) == (64, rows.runs["pmo-files"])
    assert (budget.unit, finish.unit, finish.valid_from) == ("GBP", None, date(2026, 11, 2))


def test_a_claim_is_written_only_when_its_value_changed(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", forecast_finish="2026-01-30", tier=1)
    assert run(rows).written == 2
    assert run(rows, T0 + DAY).written == 0
    rows.rewrite(row, forecast_finish="2026-02-13")
    assert run(rows, T0 + 2 * DAY).written == 1
    assert claims(rows, "forecast_finish") == [
        ("forecast_finish", "pmo-files", "2026-01-30"),
        ("forecast_finish", "pmo-files", "2026-02-13"),
    ]


def test_an_emptied_cell_withdraws_the_claim_once(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", budget="100.5", tier=1)
    run(rows)
    rows.rewrite(row, budget=None)
    assert run(rows, T0 + DAY).withdrawn == 1
    assert run(rows, T0 + 2 * DAY).withdrawn == 0
    assert claims(rows, "budget") == [("budget", "pmo-files", "100.50"), ("budget", "pmo-files", None)]
    rows.rewrite(row, budget="100.50")
    assert run(rows, T0 + 3 * DAY).written == 1


def test_what_a_disabled_source_said_stands(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", due=date(2026, 5, 1))
    rows.register("pmo-files", "APOLLO", bind_jira="APO", tier=1)
    run(rows)
    rows.change(tables.Source, rows.sources["jira-cloud"], enabled=False)
    run(rows, T0 + DAY)
    assert claims(rows, "forecast_finish")[-1] == ("forecast_finish", "jira-cloud", "2026-05-01")


def test_a_value_that_cannot_be_read_is_reported_with_its_cell(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", forecast_finish="soon", tier=1)
    found = run(rows)
    assert found.written == 1
    assert found.warnings == [
        "register.xlsx!Projects!B8: forecast_finish 'soon': Invalid isoformat string: 'soon'"
    ]


def test_the_day_the_manager_reported_is_the_day_a_new_value_holds_from(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", tier=1, rag_overall="GREEN", reported_on="2026-10-30")
    run(rows)
    rows.rewrite(row, rag_overall="AMBER", reported_on="2026-11-09")
    run(rows, T0 + 8 * DAY)
    rows.rewrite(row, rag_overall="RED")
    run(rows, T0 + 15 * DAY)
    with rows.engine.connect() as connection:
        found = connection.execute(
            select(tables.Claim.value, tables.Claim.valid_from)
            .where(tables.Claim.attribute == "rag_overall")
            .order_by(tables.Claim.id)
        ).all()
    assert [tuple(row) for row in found] == [
        ("GREEN", date(2026, 10, 30)),
        ("AMBER", date(2026, 11, 9)),
        ("RED", date(2026, 11, 17)),
    ]


def test_today_is_the_portfolios_today(engine: Engine) -> None:
    rows = Rows(engine, timezone="Pacific/Auckland")
    rows.source("pmo-files", "excel")
    rows.register("pmo-files", "APOLLO", tier=1)
    run(rows, datetime(2026, 11, 2, 12, 0, tzinfo=UTC))
    assert one(rows, "tier").valid_from == date(2026, 11, 3)


def test_the_forecast_is_the_latest_due_date_of_open_epics(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2025, 12, 1), key="APO-1")
    rows.item(
        "jira-cloud", "APO", hub_type="epic", due=date(2025, 12, 31), key="APO-114", url="https://j/114"
    )
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2026, 6, 1), status_category="done")
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2026, 7, 1), deleted_at=T0)
    rows.item("jira-cloud", "APO", due=date(2026, 9, 1))
    run(rows)
    found = one(rows, "forecast_finish")
    assert (found.value, found.locator, found.url) == ("2025-12-31", "APO-114 duedate", "https://j/114")


def test_without_open_epics_any_open_item_with_a_due_date_counts(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2026, 6, 1), status_category="dropped")
    rows.item("jira-cloud", "APO", due=date(2026, 3, 1))
    rows.item("jira-cloud", "APO", due=date(2026, 4, 1), status_category="doing")
    run(rows)
    assert one(rows, "forecast_finish").value == "2026-04-01"


def test_progress_is_done_points_of_all_points_without_dropped_ones(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", points=3, status_category="done")
    rows.item("jira-cloud", "APO", points=5)
    rows.item("jira-cloud", "APO", points=13, status_category="dropped")
    rows.item("jira-cloud", "APO", hub_type="epic", points=8)
    run(rows)
    found = one(rows, "percent_complete")
    assert (found.value, found.unit, found.locator) == (37.5, "percent", "APO: 3 of 8 points done")


def test_progress_counts_items_where_most_have_no_points(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", points=3, status_category="done")
    for _ in range(3):
        rows.item("jira-cloud", "APO")
    run(rows)
    assert one(rows, "percent_complete").locator == "APO: 1 of 4 items done"


def test_a_project_in_two_trackers_has_one_progress(rows: Rows) -> None:
    rows.scope("jira-cloud", "CASE")
    rows.scope("ado", "Integration", kind="ado_project")
    rows.register("pmo-files", "CASEWORK", bind_jira="CASE", bind_ado="Integration")
    rows.item("jira-cloud", "CASE", points=4, status_category="done")
    rows.item("ado", "Integration", points=6)
    run(rows)
    found = one(rows, "percent_complete")
    assert found.value == 40
    assert found.locator == "CASE, Integration: 4 of 10 points done"


def test_an_empty_tracker_claims_no_progress(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    run(rows)
    assert claims(rows, "percent_complete") == []


def test_costs_are_added_up_by_kind_unless_the_register_gives_the_amount(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", budget="1000")
    rows.cost("pmo-files", "APOLLO", "baseline", "900", period=date(2026, 1, 1))
    rows.cost("pmo-files", "APOLLO", "actual", "100.10", period=date(2026, 1, 1))
    rows.cost("pmo-files", "APOLLO", "actual", "200.20", period=date(2026, 2, 1))
    rows.cost("pmo-files", "APOLLO", "forecast", "1100")
    run(rows)
    assert claims(rows, "budget") == [("budget", "pmo-files", "1000.00")]
    actual = one(rows, "actual_cost")
    assert (actual.value, actual.unit, actual.valid_from) == ("300.30", "GBP", date(2026, 2, 28))
    assert actual.locator.endswith("and 1 more, 2026-01 to 2026-02")
    assert one(rows, "forecast_cost").value == "1100.00"


def test_costs_in_two_currencies_are_not_added_up(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=1)
    rows.cost("pmo-files", "APOLLO", "actual", "100", currency="EUR")
    rows.cost("pmo-files", "APOLLO", "actual", "100")
    found = run(rows)
    assert claims(rows, "actual_cost") == []
    assert found.warnings == ["APOLLO: actual cost lines are in EUR and GBP; they cannot be added up"]


def test_milestones_due_and_met_are_counted_in_the_month(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=1)
    rows.milestone("pmo-files", "APOLLO", "Last month", baseline=date(2026, 10, 31))
    rows.milestone("pmo-files", "APOLLO", "Met", baseline=date(2026, 11, 1), actual=date(2026, 11, 1))
    rows.milestone("pmo-files", "APOLLO", "Open", baseline=date(2026, 11, 30))
    rows.milestone("pmo-files", "APOLLO", "Dropped", baseline=date(2026, 11, 30), state="dropped")
    run(rows)
    assert (one(rows, "milestones_due").value, one(rows, "milestones_met").value) == (2, 1)


def test_one_run_claims_for_its_own_source_alone(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO", due=date(2026, 4, 1))
    rows.register("pmo-files", "APOLLO", bind_jira="APO", tier=1)
    with Session(rows.engine) as session, session.begin():
        match(session, known_at=T0)
        claim(session, rows.runs["pmo-files"], T0)
    assert {row[1] for row in claims(rows)} == {"pmo-files"}


def test_a_source_read_later_is_not_claimed_for_an_earlier_instant(rows: Rows) -> None:
    row = rows.register("pmo-files", "APOLLO", tier=1)
    run(rows)
    rows.run("pmo-files", at=T0 + 2 * DAY)
    rows.rewrite(row, tier=2)
    assert run(rows, T0 + DAY).written == 0
    assert run(rows, T0 + 2 * DAY).written == 1
