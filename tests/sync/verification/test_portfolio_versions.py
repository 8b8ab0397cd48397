"""A portfolio that is renamed, counts in another currency or lives by another clock: old reports stay as they were."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from config.document import Document, parse_document
from sync.apply import apply, plan
from sync.consolidate import consolidate
from sync.portfolio import portfolio_at
from sync.portfolio_versions import zones_at
from sync.verification.verify import verify
from tests.support.api_client import client
from tests.support.rows import T0, Rows
from tests.support.two_days import LATER, TODAY, two_days

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CHANGED = LATER + DAY  # two in the morning in London, eleven in Tokyo
READS = (
    "/api/v1/portfolio", "/api/v1/portfolio/status", "/api/v1/portfolio/explain/cost", "/api/v1/programmes",
    "/api/v1/programmes/Space/status", "/api/v1/status", "/", "/portfolio", "/projects/APOLLO", "/rollup",
    "/rollup/receipt/cost", "/trend",
)  # fmt: skip


def called(name: str, currency: str = "GBP", zone: str = "Europe/London") -> Document:
    return parse_document(
        f"apiVersion: muster/v1\nportfolio: {{key: main, name: {name}, currency: {currency}, timezone: {zone}}}\n"
        "rates:\n  - {date: 2026-10-30, base: EUR, quote: GBP, rate: 0.86, source: central bank}\n"
        "  - {date: 2026-10-30, base: EUR, quote: JPY, rate: 160, source: central bank}\n",
        where="muster.yaml",
    )


@pytest.fixture(scope="module")
def rows(template_url: str) -> Iterator[Rows]:
    """Two days, and by the second another project, which is paid in euros."""
    with two_days(template_url) as rows:
        apply(rows.engine, called("Change portfolio"), now=T0 - DAY)
        rows.register("pmo-files", "GEMINI", row=9, name="Gemini", budget="1000", currency="EUR")
        consolidate(rows.engine, as_of=LATER.date(), known_at=LATER + HOUR)
        yield rows


@pytest.fixture(scope="module")
def api(rows: Rows) -> Iterator[TestClient]:
    with client(rows.engine) as asked:
        yield asked


def read(api: TestClient, **clocks: str) -> dict[str, bytes]:
    found = {path: api.get(f"{path}?{urlencode(clocks)}") for path in READS}
    assert {path for path, answer in found.items() if answer.status_code != 200} == set()
    return {path: answer.content for path, answer in found.items()}


def told(api: TestClient, **clocks: str) -> tuple[Any, ...]:
    found = api.get("/api/v1/portfolio", params=clocks).json()
    total = found["rollup"]["cost_weighted"]["total"]
    return found["name"], found["timezone"], found["currency"], total["amount"], total["currency"]


WAS = ("Change portfolio", "Europe/London", "GBP", "1000860.00", "GBP")
IS = ("Works", "Asia/Tokyo", "JPY", "1160000.00", "JPY")


def test_a_report_is_exactly_as_on_its_day_after_a_new_name_currency_and_time_zone(
    rows: Rows, api: TestClient
) -> None:
    clocks = {"as_of": LATER.date().isoformat(), "known_at": (LATER + 10 * HOUR).isoformat()}
    before = read(api, **clocks)
    assert told(api) == WAS
    apply(rows.engine, called("Works", "JPY", "Asia/Tokyo"), now=CHANGED)
    consolidate(rows.engine, as_of=CHANGED.date(), known_at=CHANGED + HOUR)

    assert {path for path, body in read(api, **clocks).items() if body != before[path]} == set()
    assert told(api) == IS
    assert told(api, as_of=LATER.date().isoformat()) == WAS
    assert told(api, as_of=TODAY.isoformat())[:3] == WAS[:3]
    assert told(api, as_of=CHANGED.date().isoformat(), known_at=(CHANGED - HOUR).isoformat()) == WAS


def test_what_was_published_before_comes_out_again_by_what_held_then(rows: Rows) -> None:
    found = verify(rows.engine, every=True)
    assert [each.says for each in found.faults] == []
    assert (found.snapshots > 4, found.rollups > 3) == (True, True)


def test_an_old_day_that_is_worked_out_anew_goes_by_the_portfolio_of_that_day(rows: Rows) -> None:
    money = text(
        "SELECT document #>> '{figures,currency}' FROM snapshot WHERE as_of = :day AND document ->> 'key' = 'APOLLO'"
        " ORDER BY known_at"
    )
    # So that there is something new to say of it.
    rows.raid("pmo-files", "APOLLO", item_id="R-9", probability=5, impact=5, at=T0)
    consolidate(rows.engine, as_of=TODAY, known_at=CHANGED + 2 * HOUR)
    with Session(rows.engine) as session:
        assert session.execute(money, {"day": TODAY}).scalars().all() == ["GBP", "GBP"]
        assert session.execute(money, {"day": CHANGED.date()}).scalars().all() == ["JPY"]


def test_a_second_change_on_a_day_takes_the_place_of_the_first_which_stays_known(rows: Rows) -> None:
    first, second = CHANGED + 3 * DAY, CHANGED + 3 * DAY + 3 * HOUR
    apply(rows.engine, called("Draft", "JPY", "Asia/Tokyo"), now=first)
    apply(rows.engine, called("Works and more", "JPY", "Asia/Tokyo"), now=second)
    day = first.date()
    with Session(rows.engine) as session:
        names = [
            portfolio_at(session, on, known).name
            for on, known in (
                (day, None), (day, second), (day, first), (day - DAY, None), (TODAY, first), (None, first),
                (None, None),
                (date.min, None), (date.max, datetime.min.replace(tzinfo=UTC)),
            )
        ]  # fmt: skip
        assert zones_at(session, [CHANGED - DAY, CHANGED + DAY]) == {
            CHANGED - DAY: "Europe/London", CHANGED + DAY: "Asia/Tokyo",
        }  # fmt: skip
    assert names == [
        "Works and more", "Works and more", "Draft", "Works", "Change portfolio", "Draft", "Works and more",
        "Change portfolio", "Change portfolio",
    ]  # fmt: skip


def test_the_same_configuration_again_is_no_version_more(rows: Rows) -> None:
    count = text("SELECT count(*) FROM portfolio_version")
    apply(rows.engine, called("Works and more", "JPY", "Asia/Tokyo"), now=CHANGED + 8 * DAY)
    with rows.engine.connect() as connection:
        before = connection.scalar(count)
        changes = plan(connection, called("Works and more", "JPY", "Asia/Tokyo"))
    apply(rows.engine, called("Works and more", "JPY", "Asia/Tokyo"), now=CHANGED + 9 * DAY)
    with rows.engine.connect() as connection:
        assert connection.scalar(count) == before
    assert {each.action for each in changes} == {"keep"}
