"""`muster bi`: what it prints is what an SQL tool connects with."""

import json
import uuid
from pathlib import Path

import psycopg
from sqlalchemy import Engine, text

from tests.support.command_line import CommandLine


def test_the_address_that_is_printed_reads_the_views(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    cli = CommandLine(database_url, tmp_path, {})
    name = f"bi_{uuid.uuid4().hex[:10]}"
    granted = cli("bi", "grant", name, "--days", "30")
    assert granted.code == 0, granted.err
    password = granted.out.partition(f"{name}:")[2].partition("@")[0]
    assert len(password) > 20
    with psycopg.connect(granted.out.strip()) as connection:
        assert connection.execute("SELECT current_user, count(*) FROM dim_date").fetchone() == (name, 36525)
    with engine.connect() as connection:
        stored = connection.scalar(
            text("SELECT rolpassword FROM pg_authid WHERE rolname = :name"), {"name": name}
        )
        assert str(stored).startswith("SCRAM-SHA-256$")

    listed = cli("bi", "list")
    assert f"{name}\tall projects\treads the views and no other table" in listed.out
    assert password not in listed.out
    again = cli("bi", "grant", name)
    assert password not in again.out
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA made AUTHORIZATION {name}"))
    assert "; owns: schema made\tmade here" in cli("bi", "list").out
    revoked = cli("bi", "revoke", name)
    assert (revoked.code, revoked.out) == (0, f"{name} reads no more.\n")
    assert "Of Muster's user now, as it made them: schema made." in revoked.err
    assert cli("bi", "revoke", name).code == 2
    assert cli("bi", "grant", "not a name").code == 2
    assert "no such project" in cli("bi", "grant", name, "--project", "NOTHING").err


def test_views_and_their_columns_are_told_in_every_form(database_url: str, tmp_path: Path) -> None:
    cli = CommandLine(database_url, tmp_path, {})
    assert "fact_status " in cli("bi", "views").out
    assert "is_latest" in cli("bi", "views", "fact_status").out
    assert cli("bi", "views", "nothing").code == 2
    [told] = json.loads(cli("bi", "views", "dim_person", "--format", "json").out)
    assert [each["name"] for each in told["columns"]] == ["person_id", "person_name"]
    assert cli("bi", "views", "dim_person", "--format", "csv").out.startswith("name,says\nperson_id,Key\n")
