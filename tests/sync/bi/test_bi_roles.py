"""Who may read the views reads nothing else, and may not be more than that."""

import pytest
from sqlalchemy import Engine, create_engine, text

from config.database import open_engine
from model.bi.build import views
from sync.bi_revoke import revoke
from sync.bi_roles import CannotGrant, NoRightToGrant, grant, readers
from tests.support.bi_roles import as_role, refused, rows
from tests.support.databases import cloned


def test_a_role_reads_every_view_and_no_other_table(seeded: Engine, name: str) -> None:
    granted = grant(seeded, name)
    assert granted.password
    others = rows(
        seeded,
        "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S')"
        " AND n.nspname NOT IN ('bi', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t'",
    )
    assert len(others) > 70
    with as_role(seeded, name) as connection:
        for view in views():
            connection.execute(text(f"SELECT * FROM {view.name} LIMIT 1")).all()
        connection.execute(text("SET default_transaction_read_only = off"))
        for table, kind in others:
            refused(connection, f"SELECT 1 FROM {table}")
            refused(connection, f"SELECT query_to_xml('SELECT * FROM {table}', true, true, '')")
            if kind == "r":
                refused(connection, f"DELETE FROM {table}")
    assert [each.beyond for each in readers(seeded) if each.name == name] == [()]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO bi.dim_portfolio DEFAULT VALUES",
        "UPDATE bi.fact_finding SET owner = 'me'",
        "DELETE FROM bi.dim_source",
        "CREATE TABLE bi.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE VIEW bi.mine AS SELECT 1",
        "CREATE SCHEMA mine",
        "ALTER VIEW bi.dim_date RENAME TO mine",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY bi.dim_date TO PROGRAM 'cat'",
        "SET ROLE postgres",
    ],
)
def test_a_role_can_change_nothing_even_when_it_asks_to_write(
    seeded: Engine, reading: str, statement: str
) -> None:
    with as_role(seeded, reading) as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        refused(connection, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMP TABLE mine (a int)",
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'it')",
        "SELECT lo_import('/etc/hostname')",
        "SELECT lo_put(1, 0, 'it')",
    ],
)
def test_where_the_server_is_ours_a_role_makes_nothing_that_lasts_or_takes_room(
    seeded: Engine, closed: str, statement: str
) -> None:
    with as_role(seeded, closed) as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        refused(connection, statement)
    [mine] = [each for each in readers(seeded) if each.name == closed]
    assert (mine.beyond, mine.besides, mine.owned) == ((), (), ())


def test_what_others_of_a_given_server_may_need_is_left_and_told(template_url: str, name: str) -> None:
    with cloned(template_url) as url:
        given = open_engine(url)
        with given.begin() as connection:
            connection.execute(text(f"CREATE ROLE other_{name} LOGIN"))
        grant(given, name)
        with as_role(given, name) as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            made = connection.scalar(text("SELECT lo_create(0)"))
        [mine] = [each for each in readers(given) if each.name == name]
        assert (mine.beyond, mine.besides) == ((), ("temporary tables", "large objects"))
        assert mine.owned == (f"large object {made}",)
        revoked = revoke(given, name)
        assert revoked is not None
        assert (revoked.inherited, revoked.stays) == ((f"large object {made}",), None)
        with given.begin() as connection:
            connection.execute(text(f"DROP ROLE other_{name}"))
        given.dispose()


def test_a_role_only_reads_unless_it_asks_otherwise_and_not_for_ever(seeded: Engine, reading: str) -> None:
    with as_role(seeded, reading) as connection:
        told = [connection.scalar(text(f"SHOW {key}")) for key in
                ("default_transaction_read_only", "statement_timeout", "TimeZone", "search_path")]  # fmt: skip
    assert told == ["on", "10min", "UTC", "bi"]


@pytest.mark.parametrize("wrong", ["", "a b", 'x"; DROP TABLE claim; --', "pg_reader", "A", "x" * 61])
def test_a_name_that_is_none_is_refused(seeded: Engine, wrong: str) -> None:
    with pytest.raises(CannotGrant, match="no name for a role"):
        grant(seeded, wrong)


def test_who_may_do_more_is_granted_nothing(seeded: Engine, name: str) -> None:
    with pytest.raises(CannotGrant, match="may do everything"):
        grant(seeded, "postgres")
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        connection.execute(text(f"GRANT SELECT (name) ON api_token TO {name}"))
    with pytest.raises(CannotGrant, match=r"could touch more than schema bi: public\.api_token"):
        grant(seeded, name)
    assert name not in {each.name for each in readers(seeded)}


@pytest.mark.parametrize("more", ["IN ROLE pg_read_all_data", "IN ROLE pg_monitor NOINHERIT", "CREATEROLE"])
def test_ways_round_the_tables_are_found_too(seeded: Engine, name: str, more: str) -> None:
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN {more}"))
    with pytest.raises(CannotGrant, match="could touch more"):
        grant(seeded, name)


def test_who_may_make_no_roles_is_told_what_somebody_else_is_to_run(seeded: Engine, name: str) -> None:
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    limited = create_engine(seeded.url.set(username=name))
    with pytest.raises(NoRightToGrant) as caught:
        grant(limited, "bi_nobody")
    limited.dispose()
    assert any('GRANT SELECT ON ALL TABLES IN SCHEMA "bi"' in line for line in caught.value.statements)
    assert "SCRAM" not in "".join(caught.value.statements)
