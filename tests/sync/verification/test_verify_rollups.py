"""Roll-ups come out again from the receipts of their projects; a changed rate, budget or share is found."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.database import open_engine
from model.currency import Rate
from sync.consolidate import consolidate
from sync.receipts import NotKnown
from sync.rollup.figures import figures
from sync.rollup.rates import replace
from sync.rollup.receipt import PORTFOLIO, PROGRAMME, explain_rollup
from sync.rollup.rollup import rollups
from sync.verification.verify import Verified, verify
from tests.support.databases import cloned
from tests.support.rows import T0, Rows

DAY = timedelta(days=1)
EURO = Rate(date(2026, 10, 30), "EUR", "GBP", Decimal("0.86"), "central bank")


@pytest.fixture(scope="module")
def rows(template_url: str) -> Iterator[Rows]:
    """Four projects, one of two programmes and in euros, one in none; a fifth is closed a day later."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        rows = Rows(engine)
        rows.source("pmo-files", "excel")
        dates = {"baseline_start": "2026-01-05", "baseline_finish": "2026-12-18"}
        told = {
            "forecast_cost": "1000", "baseline_points": "100", "added_points_unapproved": "1", "tier": 1,
            "stage": "deliver", "manager": "Ada Obi", "sponsor": "Bo Li", "actual_cost": "200",
            "percent_complete": 40, "reported_on": "2026-11-01", "rag_overall": "GREEN", "contingency": "10", **dates,
        }  # fmt: skip
        rows.register("pmo-files", "APOLLO", row=8, programme="Space (60 %, critical); Air (40 %)", budget="1000",
                      currency="EUR", forecast_finish="2027-03-30", **told)  # fmt: skip
        rows.register("pmo-files", "SOYUZ", row=9, programme="Space", budget="3000",
                      forecast_finish="2026-12-18", **told)  # fmt: skip
        rows.register("pmo-files", "MIR", row=10, programme="Space", budget="700", currency="USD", **dates)
        rows.register("pmo-files", "LONE", row=11, budget="400", forecast_finish="2026-12-18", **told)
        gone = rows.register("pmo-files", "ZEPPELIN", row=12, programme="Air", budget="500", **dates)
        with engine.begin() as connection:
            replace(connection, [EURO], now=T0)
        consolidate(engine, as_of=T0.date(), known_at=T0)
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE scope SET deleted_at = :at WHERE id = :id"), {"at": T0 + DAY, "id": gone}
            )
        consolidate(engine, as_of=(T0 + DAY).date(), known_at=T0 + DAY)
        yield rows
        engine.dispose()


def of_rollups(found: Verified) -> str:
    return "\n".join(
        f"{each.project} {each.as_of} {each.says}"
        for each in found.faults
        if each.project.startswith(("portfolio", "programme"))
    )


def tampered(rows: Rows, statement: str) -> str:
    with rows.engine.connect() as connection:
        assert connection.execute(text(statement)).rowcount
        return of_rollups(verify(connection))


def ask(
    rows: Rows, figure: str, kind: str = PROGRAMME, name: str | None = "Space", **more: Any
) -> dict[str, Any]:
    with Session(rows.engine) as session:
        return explain_rollup(session, kind, name, figure, **more)


def test_the_roll_ups_of_every_day_come_out_again_from_the_receipts(rows: Rows) -> None:
    found = verify(rows.engine, every=True)
    assert of_rollups(found) == ""
    assert (found.rollups, found.figures > 150) == (8, True)
    assert verify(rows.engine, projects=["LONE"]).rollups == 0


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "UPDATE currency_rate SET rate = 0.5",
            "the rate of EUR in GBP of 2026-10-30 does not have the hash",
        ),
        (
            "UPDATE snapshot SET document = jsonb_set(document, '{figures,budget}', '\"9000.00\"')",
            "SOYUZ budget: here 9000.00, in the receipt of its snapshot 3000.00",
        ),
        (
            (
                "UPDATE snapshot SET document = jsonb_set(document, '{programmes,0,share}', '10')"
                " WHERE document ->> 'key' = 'APOLLO'"
            ),
            "programme Space 2026-11-03 APOLLO: what the programme carries of it is not what its register says",
        ),
        ("UPDATE snapshot SET overall = 'GREEN', health = 99", "APOLLO colour: here GREEN, in the receipt"),
        (
            "UPDATE snapshot SET document = jsonb_set(document, '{programmes}', '[]')",
            "programme (none) 2026-11-03 APOLLO: its register says Space (60 %, critical); Air (40 %), and it is in it",
        ),
        (
            "UPDATE snapshot SET watermelon = 0 WHERE watermelon > 0",
            "APOLLO watermelon: here 0, in the receipt",
        ),
    ],
)
def test_what_was_changed_under_a_roll_up_is_found(rows: Rows, statement: str, says: str) -> None:
    assert says in tampered(rows, statement)


def test_a_receipt_has_each_part_its_rate_its_snapshot_and_where_to_ask_on(rows: Rows) -> None:
    found = ask(rows, "cost")
    apollo, soyuz = found["parts"]
    assert (found["value"], found["unit"], found["path"]) == ("3516.00", "GBP", "cost_weighted.total")
    assert (apollo["budget"], apollo["share"], apollo["cost"]) == (
        {"amount": "1000.00", "currency": "EUR"}, 60, "516.00",
    )  # fmt: skip
    assert (soyuz["cost"], len(soyuz["snapshot"]["sha256"])) == ("3000.00", 64)
    assert apollo["explain"] == [{"project": "APOLLO", "attribute": "budget", "as_of": "2026-11-03"}]
    (rate,) = found["rates"]
    assert (rate["rate"], rate["projects"], len(rate["sha256"])) == ("0.86", ["APOLLO"], 64)
    assert [each["key"] for each in found["left_out"]] == ["MIR"]


def test_a_count_names_only_the_projects_of_its_colour(rows: Rows) -> None:
    assert [each["key"] for each in ask(rows, "counts.RED")["parts"]] == ["APOLLO"]
    assert ask(rows, "counts.BLUE")["value"] == 0
    assert [each["key"] for each in ask(rows, "watermelons")["parts"]] == ["APOLLO"]
    assert ask(rows, "overall")["says"] == "APOLLO is critical and red"


def test_a_closed_project_is_explained_as_it_was_when_it_was_led(rows: Rows) -> None:
    (part,) = ask(rows, "closed", name="Air")["parts"]
    asked = part["explain"][0]
    assert (part["key"], asked["known_at"] < "2026-11-03T02:00:00Z") == ("ZEPPELIN", True)


def test_what_a_token_may_not_see_is_in_no_receipt(rows: Rows) -> None:
    found = ask(rows, "cost", PORTFOLIO, visible=["SOYUZ"])
    assert (found["value"], [each["key"] for each in found["parts"]]) == ("3000.00", ["SOYUZ"])


def test_what_a_roll_up_does_not_have_is_answered_with_what_it_has(rows: Rows) -> None:
    with pytest.raises(NotKnown, match="there are: projects, worst"):
        ask(rows, "beauty")
    with pytest.raises(NotKnown, match="there are: Air, Space"):
        ask(rows, "health", name="Sea")
    with pytest.raises(NotKnown, match=r"a roll-up has no 'inputs\.LONE\.weight'"):
        ask(rows, "inputs.LONE.weight")


def test_every_figure_of_a_roll_up_can_be_explained_and_says_what_the_document_says(rows: Rows) -> None:
    with Session(rows.engine) as session:
        for document in rollups(session)[:2]:
            for path, value in figures(document):
                found = explain_rollup(session, document["kind"], document["name"], path)
                assert found["value"] == value, path
                assert found["rule"]["text"], path
