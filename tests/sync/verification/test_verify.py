"""Published status comes out again as it was; whatever was tampered with is found, and said."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import text

from sync.verification.verify import Verified, verify
from tests.support.command_line import CommandLine
from tests.support.rows import Rows
from tests.support.two_days import LATER, TODAY, two_days


@pytest.fixture(scope="module")
def rows(template_url: str) -> Iterator[Rows]:
    with two_days(template_url) as rows:
        yield rows


def said(found: Verified) -> str:
    return "\n".join(f"{each.project} {each.as_of} {each.says}" for each in found.faults)


def tamper(rows: Rows, statement: str) -> str:
    """Say what is found after a statement; it is taken back."""
    with rows.engine.connect() as connection:
        assert connection.execute(text(statement)).rowcount
        return said(verify(connection, every=True))


WITHOUT = json.dumps({f"made up {number}": number for number in range(30)})


def test_what_was_published_comes_out_again_on_both_days_and_leads_to_raw_pages(rows: Rows) -> None:
    found = verify(rows.engine, every=True)
    assert said(found) == ""
    assert found.snapshots == 2
    assert found.claims
    assert found.records
    assert found.pages
    assert [(each.as_of, "work items" in each.says) for each in found.taken] == [(TODAY, True)]


def test_a_colour_changed_in_a_snapshot_is_found(rows: Rows) -> None:
    told = tamper(
        rows,
        "UPDATE snapshot SET overall = 'GREEN', document = jsonb_set(document, '{overall}', '\"GREEN\"')"
        f" WHERE as_of = '{TODAY}'",
    )
    assert (
        f"APOLLO {TODAY} the document does not have the hash it was stored with: it was changed since" in told
    )
    assert "overall: the document says GREEN, its receipt RED" in told
    assert "overall: stored GREEN, comes out as RED" in told


def test_what_is_not_said_one_by_one_is_counted_all_the_same(rows: Rows) -> None:
    with rows.engine.connect() as connection:
        connection.execute(
            text("UPDATE snapshot SET document = CAST(:more AS jsonb) || document WHERE as_of = :day"),
            {"more": WITHOUT, "day": TODAY},
        )
        found = verify(connection, every=True)
    [more] = [each for each in found.faults if "more difference" in each.says]
    assert more.says == f"and {more.differences} more differences"
    assert more.differences >= len(json.loads(WITHOUT)) - 10
    assert found.differences == len(found.faults) - 1 + more.differences


def test_a_receipt_that_was_changed_is_found(rows: Rows) -> None:
    told = tamper(
        rows,
        "UPDATE snapshot SET receipt = jsonb_set(receipt, '{colours,schedule,rule,inputs,baseline_finish}',"
        f" '\"2026-12-19\"') WHERE as_of = '{TODAY}'",
    )
    assert (
        "receipt.colours.schedule.rule.inputs.baseline_finish: stored 2026-12-19, comes out as 2025-12-19"
        in told
    )


def test_a_claim_that_was_changed_is_found(rows: Rows) -> None:
    told = tamper(rows, "UPDATE claim SET value = '\"2025-12-19\"' WHERE attribute = 'forecast_finish'")
    assert "of pmo-files: it says 2025-12-19, the receipt 2026-01-30" in told


def test_a_claim_that_was_removed_is_found(rows: Rows) -> None:
    told = tamper(rows, "DELETE FROM claim WHERE attribute = 'budget'")
    assert "it is not on record any more" in told


def test_a_row_that_was_changed_is_found(rows: Rows) -> None:
    told = tamper(rows, "UPDATE milestone SET forecast = '2026-11-20'")
    assert (
        f"APOLLO {TODAY} next_milestone.forecast: stored {TODAY + timedelta(40)}, comes out as 2026-11-20"
        in told
    )


def test_a_row_that_was_removed_is_found(rows: Rows) -> None:
    told = tamper(rows, "DELETE FROM raid_item")
    assert "raid_item" in told
    assert "it is not on record any more" in told


def test_a_work_item_that_was_changed_is_found(rows: Rows) -> None:
    told = tamper(rows, "UPDATE work_item SET status_category = 'todo', done_at = NULL WHERE key = 'APO-2'")
    assert f"APOLLO {LATER.date()} measures.items_left.value: stored 0, comes out as 1" in told


def test_a_raw_page_whose_bytes_were_changed_is_found(rows: Rows) -> None:
    other = zstandard.compress(b"what nobody fetched").hex()
    told = tamper(rows, f"UPDATE raw_page SET body = '\\x{other}'")
    assert "a page of any whose bytes are not those that were fetched" in told


def test_a_raw_page_that_cannot_be_opened_is_found(rows: Rows) -> None:
    assert "a page of any that cannot be opened" in tamper(rows, "UPDATE raw_page SET body = '\\x00'")


def test_a_derived_claim_with_no_rows_left_is_found(rows: Rows) -> None:
    told = tamper(rows, "DELETE FROM work_item")
    assert "of jira-cloud: it names no raw page, and there are no rows it was computed from" in told


def test_a_check_that_looks_at_nothing_does_not_come_out_well(rows: Rows, tmp_path: Path) -> None:
    muster = CommandLine(rows.engine.url.render_as_string(hide_password=False), tmp_path, {})
    misspelt = muster("verify", "Apollo")
    assert (misspelt.code, "no project 'Apollo'; did you mean APOLLO?" in misspelt.err) == (2, True)
    named = muster("verify", "APOLLO", "--as-of", "1999-01-01")
    assert (named.code, "No snapshot at these clocks: APOLLO" in named.out) == (1, True)
    table = muster("verify", "--format", "csv")
    assert (table.code, "table or json" in table.err) == (2, True)
