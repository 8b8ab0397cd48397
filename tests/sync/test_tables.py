"""What an ordinary run asks of the tables it writes is what they are declared as, without loading them."""

import subprocess
import sys

import pytest

from sync.tables import ORDINARY, columns_of, has

STANDING = ("known_to", "deleted_at", "fate", "active")


@pytest.mark.parametrize("table", sorted(ORDINARY))
def test_what_is_known_of_a_table_is_what_it_declares(table: str) -> None:
    assert {one for one in STANDING if has(table, one)} == {
        one for one in STANDING if one in columns_of(table)
    }


def test_a_table_that_ordinary_runs_do_not_write_is_looked_up() -> None:
    assert has("raid_item", "known_to")
    assert not has("raid_item", "deleted_at")


def test_a_run_of_a_tracker_loads_neither_tables_nor_what_only_looks_and_sign_ins_need() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, sync.run, sync.registry, connectors.jira.connector; print(*sys.modules)",
        ],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    large = {"model.tables", "sqlalchemy.orm", "jira", "requests", "msal", "cryptography", "fastapi", "typer",
             "openpyxl", "pydantic_settings"}  # fmt: skip
    assert large.isdisjoint(said)
