"""Roll-ups out of snapshots: three views together, currencies by stated rates, closed projects kept."""

from collections.abc import Sequence
from dataclasses import replace as replaced
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config.document import Document, DocumentError, parse_document
from model.currency import Rate, Rates
from sync.apply import apply, export, plan
from sync.consolidate import consolidate
from sync.json import instant_text
from sync.policy.held import held_to
from sync.rollup.figures import figures
from sync.rollup.group import Group, document_of
from sync.rollup.rates import replace
from sync.rollup.rollup import rollups, summary
from sync.verification.rolled import wrong_figures
from tests.support.rows import T0, Rows

DAY = timedelta(days=1)
EURO = Rate(date(2026, 10, 30), "EUR", "GBP", Decimal("0.86"), "central bank")
COLOURS = st.sampled_from(["RED", "AMBER", "GREEN", "GREY", "BLUE"])
BUDGETS = st.one_of(st.none(), st.integers(0, 10**6))


def project(key: str, colour: str, budget: Any, currency: str | None = "GBP", **more: Any) -> dict[str, Any]:
    figures = {"budget": None if budget is None else str(budget), "currency": currency}
    return {"key": key, "name": key, "overall": colour, "health": 50.0, "figures": figures} | more


def rolled(
    projects: Sequence[dict[str, Any]], rates: Sequence[Rate] = (), name: str = "Space"
) -> dict[str, Any]:
    return document_of(Group("programme", name, projects, []), Rates(rates), "GBP")


@settings(max_examples=40)
@given(st.lists(st.tuples(COLOURS, BUDGETS, st.sampled_from(["GBP", "EUR", "USD", None])), max_size=8))
def test_every_project_is_counted_and_is_either_weighed_or_named(found: list[tuple[str, Any, Any]]) -> None:
    projects = [project(f"P{number}", *each) for number, each in enumerate(found)]
    document = rolled(projects, [EURO])
    weighted = document["cost_weighted"]
    left = {each["key"] for each in weighted["left_out"]}
    assert sum(document["counts"].values()) == document["projects"] == len(found)
    assert [each["key"] for each in document["inputs"]] == [each["key"] for each in projects]
    assert left == {each["key"] for each in document["inputs"] if each["cost"] is None}
    assert {each["key"] for each in projects if each["figures"]["currency"] == "USD"} <= left
    assert sum(weighted["shares"].values()) == pytest.approx(1 if Decimal(weighted["total"]["amount"]) else 0)
    weights = [each["weight"] for each in document["inputs"] if each["weight"] is not None]
    assert sum(weights) == pytest.approx(1 if weights else 0, abs=1e-4)


@settings(max_examples=20)
@given(st.lists(st.tuples(COLOURS, st.integers(1, 10**6)), min_size=1, max_size=6), st.integers(1, 9))
def test_a_rate_changes_the_amounts_and_no_share_where_all_are_in_one_currency(
    found: list[tuple[str, int]], number: int
) -> None:
    here = rolled([project(str(place), *each) for place, each in enumerate(found)])
    there = rolled(
        [project(str(place), *each, "EUR") for place, each in enumerate(found)],
        [Rate(EURO.day, "EUR", "GBP", Decimal(number), "central bank")],
    )
    assert here["cost_weighted"]["shares"] == there["cost_weighted"]["shares"]
    assert here["health"] == there["health"]
    assert there["rates"][0]["projects"] == [str(place) for place in range(len(found))]


MEMBER = st.fixed_dictionaries(
    {"name": st.just("Space")},
    optional={"share": st.floats(0, 100).map(lambda share: round(share, 2)), "critical": st.just(True)},
)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            COLOURS, BUDGETS, st.sampled_from(["GBP", "EUR", "USD", None]), MEMBER, st.floats(0, 100), BUDGETS
        ),
        max_size=6,
    )
)
def test_every_figure_comes_out_of_the_inputs_by_other_means_and_a_wrong_one_does_not(
    found: list[Any],
) -> None:
    projects = [
        project(f"P{number}", colour, budget, currency, programmes=[member]) | {"health": round(health, 2)}
        for number, (colour, budget, currency, member, health, _) in enumerate(found)
    ]
    document = rolled(projects, [EURO])
    values = dict(figures(document))
    assert list(wrong_figures(document, values)) == []
    for path in ("projects", "counts.RED", "health.projects", "watermelons", "closed"):
        assert list(wrong_figures(document, values | {path: values[path] + 1})) != []
    for path in ("cost_weighted.total", "health.plain", "cost_weighted.shares.GREY"):
        if values[path] is not None:
            other = values | {path: str(Decimal(str(values[path])) + Decimal("0.5"))}
            assert list(wrong_figures(document, other)) != []


def test_a_currency_without_a_rate_is_left_out_named_and_its_share_said() -> None:
    found = rolled([project("A", "GREEN", 100), project("B", "RED", 900, "USD"), project("C", "GREEN", -5)])
    weighted = found["cost_weighted"]
    assert (found["worst"], weighted["colour"], found["counts"]) == ("RED", "GREY", {"RED": 1, "GREEN": 2})
    assert weighted["says"] == "66.7 % of the projects have no cost to weigh them by"
    assert weighted["left_out_share"] == pytest.approx(2 / 3, abs=1e-6)
    assert "B (its budget is in USD, and no rate to GBP is known on that day)" in weighted["left_out_says"]
    assert "C (its budget is negative (-5 GBP))" in weighted["left_out_says"]


def test_a_converted_budget_says_its_rate_and_the_day_of_it() -> None:
    found = rolled([project("A", "GREEN", 100, None), project("B", "AMBER", 100, "EUR")], [EURO])
    first, second = found["inputs"]
    assert first["currency_assumed"] is True
    assert (second["cost"], second["rates"]) == ("86.00", [EURO.to_json()])
    assert found["cost_weighted"]["total"] == {"amount": "186.00", "currency": "GBP"}


def test_a_programme_weighs_its_share_of_a_budget_and_turns_red_with_a_critical_project() -> None:
    member: dict[str, Any] = {
        "programmes": [{"name": "Space", "share": 25.0, "critical": True}, {"name": "Air"}]
    }
    projects = [project("A", "RED", 400, **member), project("B", "GREEN", 9_900)]
    found = rolled(projects)
    assert Decimal(found["inputs"][0]["cost"]) == 100
    assert (found["cost_weighted"]["colour"], found["cost_weighted"]["says"]) == (
        "RED",
        "A is critical and red",
    )
    assert rolled(projects, name="Air")["cost_weighted"]["colour"] == "GREEN"


@pytest.fixture
def told(engine: Engine) -> Engine:
    """Three projects in two programmes; a day later one is closed."""
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.register(
        "pmo-files",
        "APOLLO",
        row=8,
        name="Apollo",
        programme="Space; Air (40 %)",
        budget="1000",
        currency="EUR",
    )
    rows.register("pmo-files", "SOYUZ", row=9, name="Soyuz", programme="Space", budget="3000")
    gone = rows.register("pmo-files", "ZEPPELIN", row=10, name="Zeppelin", programme="Air", budget="500")
    with engine.begin() as connection:
        replace(connection, [EURO], now=T0)
    consolidate(engine, as_of=T0.date(), known_at=T0)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE scope SET deleted_at = :at WHERE id = :id"), {"at": T0 + DAY, "id": gone}
        )
    consolidate(engine, as_of=(T0 + DAY).date(), known_at=T0 + DAY)
    return engine


def test_a_project_counts_in_each_of_its_programmes_and_once_in_the_portfolio(told: Engine) -> None:
    with Session(told) as session:
        whole, air, space = rollups(session)
        before = rollups(session, T0.date(), T0 + timedelta(hours=1))
        kept = session.execute(
            text(
                "SELECT g.name, m.position, m.share FROM programme_project m JOIN project p ON p.id = m.project_id"
                " JOIN programme g ON g.id = m.programme_id WHERE p.key = 'APOLLO' ORDER BY m.position"
            )
        ).all()
        first = session.execute(
            text(
                "SELECT g.name FROM project p JOIN programme g ON g.id = p.programme_id WHERE p.key = 'APOLLO'"
            )
        ).scalar()
        few = rollups(session, visible=["SOYUZ"])
        place = held_to(session, "APOLLO", on=T0.date(), now=T0 + DAY)["place"]
    assert (whole["kind"], whole["name"], whole["projects"]) == ("portfolio", "Change portfolio", 2)
    assert [(each["key"], each["cost"]) for each in air["inputs"]] == [("APOLLO", "344.00")]
    assert [each["key"] for each in space["inputs"]] == ["APOLLO", "SOYUZ"]
    assert [(each["key"], each["as_of"]) for each in air["closed"]] == [("ZEPPELIN", "2026-11-02")]
    assert summary(air)["closed"] == 1
    assert [(each["name"], each["projects"]) for each in before] == [
        ("Change portfolio", 3), ("Air", 2), ("Space", 2),
    ]  # fmt: skip
    assert [tuple(row) for row in kept] == [("Space", 0, None), ("Air", 1, Decimal(40))]
    assert first == "Space"
    assert [each["name"] for each in few] == ["Change portfolio", "Space"]
    assert [each["key"] for each in few[0]["inputs"]] == ["SOYUZ"]
    assert place["programmes"] == ["Space", "Air"]  # the own one first: what it tolerates goes last


def test_the_instant_a_rollup_was_known_at_finds_the_same_again_after_a_corrected_rate(told: Engine) -> None:
    with Session(told) as session, session.begin():
        replace(session.connection(), [replaced(EURO, rate=Decimal("0.5"))], now=T0 + 3 * DAY)
        corrected = rollups(session)[0]
        again = rollups(session, known_at=datetime.fromisoformat(corrected["known_at"]))[0]
        session.rollback()
    assert corrected["known_at"] == instant_text(T0 + 3 * DAY)
    assert again == corrected


def configured(rates: str) -> Document:
    return parse_document(
        f"apiVersion: muster/v1\nportfolio: {{key: main, name: Change, currency: GBP}}\nrates:\n{rates}",
        where="muster.yaml",
    )


def test_rates_are_applied_with_the_configuration_and_a_corrected_one_stays_known_as_it_was(
    engine: Engine,
) -> None:
    row = "  - {{date: 2026-10-30, base: EUR, quote: GBP, rate: {0}, source: central bank}}\n"
    first, second = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)
    apply(engine, configured(row.format("0.86")), now=first)
    corrected = configured(row.format("0.88"))
    with engine.connect() as connection:
        changes = {each.what: each for each in plan(connection, corrected)}
    assert changes["rates of exchange"].details == ("2026-10-30: 1 EUR = 0.88 GBP (central bank)",)
    apply(engine, corrected, now=second)
    with engine.connect() as connection:
        assert all(each.action == "keep" for each in plan(connection, corrected))
        assert parse_document(export(connection), where="export").rates == corrected.rates
        held = connection.execute(
            text("SELECT rate, known_from, known_to FROM currency_rate ORDER BY id")
        ).all()
    assert [tuple(each) for each in held] == [
        (Decimal("0.86"), first, second), (Decimal("0.88"), second, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            "  - {date: 2026-10-30, base: EUR, quote: EUR, rate: 1, source: bank}",
            "base and quote are both EUR",
        ),
        ("  - {date: 2026-10-30, base: EUR, quote: GBP, rate: 0, source: bank}", "rates.0.rate"),
        ("  - {date: soon, base: EUR, quote: GBP, rate: 1, source: bank}", "rates.0.date"),
        ("  - {date: 2026-10-30, base: EUR, quote: GBP, rate: 1}", "rates.0.source"),
        (
            "  - &one {date: 2026-10-30, base: EUR, quote: GBP, rate: 1, source: bank}\n  - *one",
            "EUR in GBP is given twice for 2026-10-30",
        ),
    ],
)
def test_a_rate_that_cannot_be_names_its_place(row: str, says: str) -> None:
    with pytest.raises(DocumentError, match=r"muster\.yaml") as refused:
        configured(row)
    assert says in str(refused.value)
