"""The views for SQL tools: what they say, who may read them, and that who may reads nothing else."""

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from starlette.testclient import TestClient

from config.database import open_engine
from model.bi.build import build, views
from sync.bi_revoke import Revoked, revoke
from sync.bi_roles import CannotGrant, NoRightToGrant, grant, readers
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed

PUBLISHED = Path(__file__).parents[1] / "support" / "bi_published.txt"
DOCS = Path(__file__).parents[2] / "docs" / "sql.md"


@pytest.fixture(scope="module")
def seeded(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def web(seeded: Engine) -> TestClient:
    return client(seeded)


@pytest.fixture
def name(seeded: Engine) -> Iterator[str]:
    """A name of a role of this test's own: roles belong to the server, not to the database."""
    chosen = f"bi_{uuid.uuid4().hex[:10]}"
    yield chosen
    with seeded.begin() as connection:
        if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": chosen}):
            connection.execute(text(f"DROP OWNED BY {chosen}"))
            connection.execute(text(f"DROP ROLE {chosen}"))


def rows(engine: Engine, statement: str, **bound: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(statement), bound))


@contextmanager
def as_role(engine: Engine, name: str) -> Iterator[Connection]:
    reader = create_engine(engine.url.set(username=name), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with reader.connect() as connection:
        yield connection


def columns(engine: Engine) -> list[str]:
    found = rows(
        engine,
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'bi'::regnamespace ORDER BY c.relname, a.attnum",
    )
    assert [row for row in found if not row[3]] == [], "every column is commented"
    return [f"{view}.{column} {type_}" for view, column, type_, _ in found]


def test_no_published_column_goes_or_changes_its_type(seeded: Engine) -> None:
    now, kept = columns(seeded), PUBLISHED.read_text().splitlines()
    assert [line for line in kept if line not in now] == []
    assert [line for line in now if line not in kept] == [], f"new: add these lines to {PUBLISHED.name}"


def test_the_documentation_names_every_view() -> None:
    named = set(re.findall(r"`((?:dim|fact|bridge)_\w+)`", DOCS.read_text()))
    assert named == {view.name for view in views()}


def test_the_queries_that_the_documentation_shows_are_answered_to_a_role_of_all_projects_and_of_one(
    seeded: Engine, reading: str, name: str
) -> None:
    shown = [
        statement.replace(
            "$__timeFilter(as_of)", "as_of BETWEEN '2026-01-01' AND '2026-12-31'"
        )  # as Grafana does
        for page in ("sql.md", "bi.md")
        for block in re.findall(r"```sql\n(.*?)```", (DOCS.parent / page).read_text(), re.DOTALL)
        for statement in block.split(";")
        if statement.strip()
    ]
    assert len(shown) >= 4
    grant(seeded, name, projects=["PORTAL"])
    for role in (reading, name):
        with as_role(seeded, role) as connection:
            for query in shown:
                connection.execute(text(query)).all()
    revoke(seeded, name)


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


def refused(connection: Connection, statement: str) -> None:
    with pytest.raises(ProgrammingError) as caught:
        connection.execute(text(statement))
    assert isinstance(caught.value.orig, psycopg.errors.InsufficientPrivilege), (statement, caught.value)


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


@pytest.fixture(scope="module")
def reading(seeded: Engine) -> Iterator[str]:
    chosen = f"bi_{uuid.uuid4().hex[:10]}"
    grant(seeded, chosen)
    yield chosen
    revoke(seeded, chosen)


@pytest.fixture(scope="module")
def closed(seeded: Engine) -> Iterator[str]:
    chosen = f"bi_{uuid.uuid4().hex[:10]}"
    grant(seeded, chosen, own_server=True)
    yield chosen
    revoke(seeded, chosen)


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


def test_granting_again_makes_a_new_password_and_revoking_ends_it_at_once(seeded: Engine, name: str) -> None:
    first = grant(seeded, name, until=datetime(2027, 1, 1, tzinfo=UTC))
    second = grant(seeded, name)
    assert (first.made, second.made) == (True, False)
    assert first.password != second.password
    [mine] = [each for each in readers(seeded) if each.name == name]
    assert mine.made_here
    with as_role(seeded, name) as connection:
        assert revoke(seeded, name)
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert not revoke(seeded, name)
    assert rows(seeded, "SELECT 1 FROM pg_roles WHERE rolname = :name", name=name) == []


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


def test_a_role_that_was_there_keeps_its_password_and_is_not_dropped(seeded: Engine, name: str) -> None:
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    assert grant(seeded, name).password is None
    assert revoke(seeded, name)
    assert rows(seeded, "SELECT 1 FROM pg_roles WHERE rolname = :name", name=name)


def test_who_may_make_no_roles_is_told_what_somebody_else_is_to_run(seeded: Engine, name: str) -> None:
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    limited = create_engine(seeded.url.set(username=name))
    with pytest.raises(NoRightToGrant) as caught:
        grant(limited, "bi_nobody")
    limited.dispose()
    assert any('GRANT SELECT ON ALL TABLES IN SCHEMA "bi"' in line for line in caught.value.statements)
    assert "SCRAM" not in "".join(caught.value.statements)


def test_building_again_changes_nothing_and_a_changed_view_keeps_its_readers(
    seeded: Engine, reading: str
) -> None:
    with seeded.connect() as connection:
        before = connection.scalar(text("SELECT 'bi.dim_source'::regclass::oid"))
        build(connection)
        assert connection.scalar(text("SELECT 'bi.dim_source'::regclass::oid")) == before
        connection.execute(text("DROP VIEW bi.dim_source"))
        connection.execute(text("CREATE VIEW bi.dim_source AS SELECT 1 AS other"))
        connection.execute(text("COMMENT ON SCHEMA bi IS 'of an older release'"))
        build(connection)
        assert connection.scalar(text("SELECT count(source_id) FROM bi.dim_source"))
        may = "SELECT has_table_privilege(:name, 'bi.dim_source', 'SELECT')"
        assert connection.scalar(text(may), {"name": reading})
        connection.rollback()


def test_who_may_make_no_schema_goes_on_without_the_views(
    seeded: Engine, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with seeded.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name}"))
        connection.execute(text("DROP SCHEMA bi CASCADE"))
        connection.execute(text(f"SET LOCAL ROLE {name}"))
        build(connection)
        assert connection.scalar(text("SELECT to_regnamespace('bi')")) is None
        connection.rollback()
    assert "may not make schema bi" in caplog.text


def test_every_key_of_every_fact_is_found_in_its_dimension(seeded: Engine) -> None:
    keys = {"project_id": "dim_project", "source_id": "dim_source", "work_item_id": "fact_work_item",
            "snapshot_id": "fact_status", "portfolio_id": "dim_portfolio", "programme_id": "dim_programme",
            "assignee_person_id": "dim_person"}  # fmt: skip
    checked, wrong = 0, []
    for view in views():
        for each in view.columns:
            dimension = "dim_date" if each.name.endswith("_date_key") else keys.get(each.name)
            if dimension in (None, view.name):
                continue
            key = "date_key" if dimension == "dim_date" else each.name.removeprefix("assignee_")
            lost = rows(
                seeded,
                f"SELECT count(*) FROM bi.{view.name} f WHERE f.{each.name} IS NOT NULL"
                f" AND NOT EXISTS (SELECT 1 FROM bi.{dimension} d WHERE d.{key} = f.{each.name})",
            )
            checked += 1
            wrong += [(view.name, each.name, lost[0][0])] if lost[0][0] else []
    assert checked > 100
    assert wrong == []


def test_status_is_what_the_api_says(seeded: Engine, web: TestClient) -> None:
    told = {each["key"]: each for each in web.get("/api/v1/status").json()["projects"]}
    found = rows(
        seeded,
        "SELECT p.project_key, s.overall, s.health, s.reported, s.watermelon, s.data_quality"
        " FROM bi.fact_status s JOIN bi.dim_project p USING (project_id) WHERE s.is_latest",
    )
    assert len(found) == len(told) > 10
    for key, overall, health, reported, watermelon, quality in found:
        one = told[key]
        assert (overall, health, reported, watermelon) == (
            one["overall"], one["health"], one["reported"], one["watermelon"]
        )  # fmt: skip
        score = one["data_quality"]["score"] if one["data_quality"] else None
        assert (None if quality is None else float(quality)) == score
    colours = dict(rows(
        seeded, "SELECT p.project_key || d.dimension, d.colour FROM bi.fact_status_dimension d JOIN bi.fact_status s"
        " USING (snapshot_id) JOIN bi.dim_project p ON p.project_id = s.project_id WHERE s.is_latest",
    ))  # fmt: skip
    assert colours == {
        key + name: each["colour"] for key, one in told.items() for name, each in one["dimensions"].items()
    }


def test_a_measure_without_one_value_is_a_row_as_it_is_in_the_feed(seeded: Engine, web: TestClient) -> None:
    measures = {
        "behaviour": {"unit": "flags", "value": {"green_streak": True}, "says": "green for long"},
        "spi": {"unit": "ratio", "value": 0.9, "says": "late"},
        "cpi": {"unit": "ratio", "value": None, "says": "nothing spent"},
    }
    saying = text(
        "UPDATE snapshot SET document = document || jsonb_build_object('measures', CAST(:said AS jsonb))"
    )
    with seeded.begin() as connection:
        before = connection.execute(text("SELECT id, document FROM snapshot")).all()
        connection.execute(saying, {"said": json.dumps(measures)})
    try:
        found = rows(
            seeded, "SELECT DISTINCT measure, value, value_on, says FROM bi.fact_status_measure ORDER BY 1"
        )
        assert found == [
            ("behaviour", None, None, "green for long"),
            ("cpi", None, None, "nothing spent"),
            ("spi", Decimal("0.9"), None, "late"),
        ]
        told = web.get("/odata/v1/SnapshotMeasures/$count").text.removeprefix("\ufeff")
        assert (
            int(told) == rows(seeded, "SELECT count(*) FROM bi.fact_status_measure")[0][0] == 3 * len(before)
        )
    finally:
        with seeded.begin() as connection:
            connection.execute(
                text("UPDATE snapshot SET document = CAST(:document AS jsonb) WHERE id = :id"),
                [{"id": each.id, "document": json.dumps(each.document)} for each in before],
            )


def test_a_day_looked_at_twice_stands_once(seeded: Engine) -> None:
    with seeded.connect() as connection:
        later = datetime.now(UTC) + timedelta(days=1)
        connection.execute(text(
            "INSERT INTO snapshot (project_id, as_of, known_at, policy, overall, document, receipt, sha256)"
            " SELECT project_id, as_of, :later, policy, 'BLUE', document, receipt, sha256 FROM snapshot"
            " WHERE as_of = (SELECT max(as_of) FROM snapshot)"
        ), {"later": later})  # fmt: skip
        twice = "SELECT count(*) FROM (SELECT 1 FROM bi.fact_status GROUP BY project_id, as_of HAVING count(*) > 1) x"
        assert connection.scalar(text(twice)) == 0
        overall = "SELECT DISTINCT overall FROM bi.fact_status WHERE is_latest"
        assert connection.scalars(text(overall)).all() == ["BLUE"]
        connection.rollback()


def test_what_people_answered_stands_before_what_a_source_says(seeded: Engine) -> None:
    with seeded.connect() as connection:
        was = connection.execute(text(
            "SELECT source_id, external_id, project_id, raw_page_id, run_id, name FROM milestone"
            " WHERE forecast IS NOT NULL AND known_to IS NULL ORDER BY id LIMIT 1"
        )).one()  # fmt: skip
        count = "SELECT count(*) FROM bi.fact_milestone"
        before = connection.scalar(text(count))
        connection.execute(text(
            "INSERT INTO milestone (source_id, external_id, project_id, known_from, raw_page_id, raw_position,"
            " content_hash, run_id, name, forecast, amends_source_id, amends_external_id, answered)"
            " VALUES (:source_id, 'answer', :project_id, now(), :raw_page_id, 0, 'h', :run_id, 'not this',"
            " DATE '2031-05-06', :source_id, :external_id, '{forecast,state}')"
        ), was._asdict())  # fmt: skip
        found = connection.execute(
            text("SELECT milestone_name, forecast, forecast_date_key, state FROM bi.fact_milestone"
                 " WHERE external_id = :it AND source_id = :source"),
            {"it": was.external_id, "source": was.source_id},
        ).one()  # fmt: skip
        assert found.milestone_name == was.name
        assert str(found.forecast) == "2031-05-06"
        assert (found.forecast_date_key, found.state) == (20310506, None)
        assert connection.scalar(text(count)) == before
        connection.rollback()


def test_money_of_two_sources_is_counted_once(seeded: Engine) -> None:
    total = "SELECT sum(amount) FROM bi.fact_cost WHERE is_counted AND kind = 'forecast'"
    with seeded.connect() as connection:
        before = connection.scalar(text(total))
        assert isinstance(before, Decimal)
        connection.execute(text(
            "INSERT INTO cost_line (source_id, external_id, project_id, known_from, raw_page_id, raw_position,"
            " content_hash, run_id, kind, period, amount)"
            " SELECT s.id, 'again' || c.id, c.project_id, now(), c.raw_page_id, 0, 'h', c.run_id, c.kind, c.period,"
            " c.amount + 1 FROM cost_line c, (SELECT id FROM source ORDER BY position DESC LIMIT 1) s"
            " WHERE c.kind = 'forecast' AND c.source_id <> s.id"
        ))  # fmt: skip
        assert connection.scalar(text(total)) == before
        assert connection.scalar(text(total.replace("is_counted AND ", ""))) > 2 * before
        currency = "SELECT DISTINCT currency FROM bi.fact_cost WHERE external_id LIKE 'again%'"
        portfolio = connection.scalar(text("SELECT currency FROM portfolio"))
        assert connection.scalars(text(currency)).all() == [portfolio]
        connection.rollback()


def test_what_is_gone_at_its_source_is_no_fact_any_more(seeded: Engine) -> None:
    with seeded.connect() as connection:
        count = "SELECT count(*) FROM bi.fact_work_item"
        stands = "SELECT count(*) FROM work_item WHERE deleted_at IS NULL"
        assert connection.scalar(text(count)) == connection.scalar(text(stands)) > 0
        connection.execute(text("UPDATE work_item SET deleted_at = now()"))
        connection.execute(text("UPDATE raid_item SET deleted = true"))
        assert connection.scalar(text(count)) == 0
        assert connection.scalar(text("SELECT count(*) FROM bi.fact_raid_item")) == 0
        connection.rollback()


@pytest.fixture
def owner(seeded: Engine) -> Iterator[Engine]:
    """Muster's own user as a given PostgreSQL has one: it may make roles, and is no superuser."""
    chosen = f"muster_{uuid.uuid4().hex[:10]}"
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE ROLE {chosen} LOGIN CREATEROLE"))
        connection.execute(text(f'ALTER DATABASE "{seeded.url.database}" OWNER TO {chosen}'))
        owned = ["SCHEMA bi", *(f"VIEW bi.{view.name}" for view in views())]
        for each in owned:
            connection.execute(text(f"ALTER {each} OWNER TO {chosen}"))
    engine = create_engine(seeded.url.set(username=chosen), poolclass=NullPool)
    yield engine
    with seeded.begin() as connection:
        connection.execute(text(f"REASSIGN OWNED BY {chosen} TO postgres"))
        connection.execute(text(f"DROP OWNED BY {chosen}"))
        connection.execute(text(f"DROP ROLE {chosen}"))


def test_no_superuser_is_needed_to_grant_and_to_revoke(seeded: Engine, owner: Engine, name: str) -> None:
    assert grant(owner, name).made
    assert grant(owner, name).password
    with as_role(seeded, name) as connection:
        assert connection.scalar(text("SHOW search_path")) == "bi"
        refused(connection, "SELECT 1 FROM public.claim")
        with seeded.begin() as giving:
            giving.execute(text("GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC"))
        connection.execute(text("SET default_transaction_read_only = off"))
        made = connection.scalar(text("SELECT lo_create(0)"))
        with seeded.begin() as taking:
            taking.execute(text("REVOKE EXECUTE ON FUNCTION lo_create(oid) FROM PUBLIC"))
        assert revoke(owner, name) == Revoked(inherited=(f"large object {made}",))
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert [each.name for each in readers(owner) if each.name == name] == []


@pytest.mark.parametrize("projects", [None, ["PORTAL"]])
def test_a_role_that_made_things_is_revoked_all_the_same(
    seeded: Engine, name: str, projects: list[str] | None
) -> None:
    grant(seeded, name, projects=projects)
    with seeded.begin() as connection:  # as if somebody had let it
        connection.execute(text(f"CREATE SCHEMA s_{name} AUTHORIZATION {name}"))
        connection.execute(text(f'GRANT TEMP ON DATABASE "{seeded.url.database}" TO {name}'))
    with as_role(seeded, name) as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f"CREATE TABLE s_{name}.kept AS SELECT 7 AS it"))
        connection.execute(text("CREATE TEMP VIEW looking AS SELECT * FROM dim_project"))
        revoked = revoke(seeded, name)
        assert revoked is not None
        assert f"table s_{name}.kept" in revoked.inherited
        assert (revoked.stays, revoked.todo) == (None, ())
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    assert rows(seeded, "SELECT 1 FROM pg_roles WHERE rolname = :name", name=name) == []
    assert rows(seeded, f"SELECT it FROM s_{name}.kept") == [(7,)]
    with seeded.begin() as connection:
        connection.execute(text(f"DROP SCHEMA s_{name} CASCADE"))


def test_what_a_role_holds_in_another_database_is_named_with_what_to_do(
    seeded: Engine, template_url: str, name: str
) -> None:
    with cloned(template_url) as url:
        other = open_engine(url)
        grant(seeded, name)
        with other.begin() as connection:
            connection.execute(text(f"GRANT SELECT ON project TO {name}"))
        left = revoke(seeded, name)
        assert left is not None
        assert f"in database {other.url.database}" in (left.stays or "")
        assert left.todo[-1] == f'DROP ROLE "{name}"'
        assert [each.name for each in readers(seeded) if each.name == name] == []
        with pytest.raises(DBAPIError, match="not permitted to log in"), as_role(seeded, name):
            pass
        with other.begin() as connection:
            connection.execute(text(f'DROP OWNED BY "{name}"'))
        other.dispose()
        again = revoke(seeded, name)
        assert again is not None
        assert again.stays is None
    assert revoke(seeded, name) is None


def test_a_view_that_somebody_put_on_a_limited_schema_keeps_nobody_reading(seeded: Engine, name: str) -> None:
    grant(seeded, name, projects=["PORTAL"])
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE VIEW v_{name} AS SELECT * FROM bi_{name}.dim_project"))
    left = revoke(seeded, name)
    assert left is not None
    assert left.todo == (f'DROP SCHEMA "bi_{name}" CASCADE',)
    assert [each.name for each in readers(seeded) if each.name == name] == []
    with pytest.raises(CannotGrant, match="something stands on the views"):
        grant(seeded, name, projects=["PORTAL"])
    with seeded.begin() as connection:
        connection.execute(text(f"DROP SCHEMA bi_{name} CASCADE"))


def test_tools_that_look_around_find_the_views_and_their_comments(seeded: Engine, reading: str) -> None:
    with as_role(seeded, reading) as connection:
        looking = inspect(connection)
        assert set(looking.get_view_names("bi")) == {view.name for view in views()}
        found = {each["name"]: each for each in looking.get_columns("fact_status", "bi")}
        assert found["overall"]["comment"] == "GREEN, AMBER, RED, BLUE complete, GREY not enough data"
        assert looking.get_table_names("bi") == []


MINE = ["PORTAL", "CAMPUS"]


def test_a_role_for_two_projects_sees_their_rows_in_every_view_and_no_others(
    seeded: Engine, name: str
) -> None:
    grant(seeded, name, projects=MINE)
    ids = {each for (each,) in rows(seeded, "SELECT id FROM project WHERE key IN ('PORTAL', 'CAMPUS')")}
    held = []
    with as_role(seeded, name) as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        refused(connection, "SELECT 1 FROM bi.fact_status")
        refused(connection, "SELECT 1 FROM public.claim")
        for view in views():
            if view.name in ("dim_person", "fact_run"):
                with pytest.raises(ProgrammingError, match="does not exist"):
                    connection.execute(text(f"SELECT 1 FROM {view.name}"))
                continue
            found = connection.execute(text(f"SELECT * FROM {view.name}")).mappings().all()
            seen = {row["project_id"] for row in found if "project_id" in row}
            assert seen <= ids, view.name
            if seen:
                held.append(view.name)
                whole = rows(
                    seeded, f"SELECT count(*) FROM bi.{view.name} WHERE project_id = ANY(:ids)", ids=list(ids)
                )
                assert len(found) == whole[0][0], view.name
    assert {"fact_status", "fact_work_item", "fact_cost", "fact_finding", "dim_project"} <= set(held)
    [mine] = [each for each in readers(seeded) if each.name == name]
    assert (mine.projects, mine.beyond) == (tuple(sorted(MINE)), ())


def test_a_role_for_one_project_sees_its_programmes_portfolio_and_sources_and_no_others(
    seeded: Engine, name: str
) -> None:
    grant(seeded, name, projects=["PORTAL"])
    mine = "project_id = (SELECT id FROM project WHERE key = 'PORTAL')"
    named = " UNION ".join(
        f"SELECT source_id FROM bi.{view.name} WHERE {mine}"
        for view in views()
        if {"source_id", "project_id"} <= {each.name for each in view.columns}
    )
    wanted = {
        "dim_programme": "SELECT programme_id FROM project WHERE key = 'PORTAL'",
        "dim_portfolio": f"SELECT portfolio_id FROM project WHERE {mine.replace('project_id', 'id')}",
        "dim_source": f"SELECT source_id FROM scope WHERE {mine} UNION {named}",
    }
    with as_role(seeded, name) as connection:
        for view, statement in wanted.items():
            key = f"{view.removeprefix('dim_')}_id"
            seen = set(connection.scalars(text(f"SELECT {key} FROM {view}")))
            assert seen == {each for (each,) in rows(seeded, statement)}, view
            whole = rows(seeded, f"SELECT count(*) FROM bi.{view}")[0][0]
            assert 0 < len(seen) < whole or view == "dim_portfolio", view


def test_a_condition_of_the_askers_own_is_not_shown_other_rows(seeded: Engine, name: str) -> None:
    grant(seeded, name, projects=MINE)
    with seeded.begin() as connection:
        connection.execute(text(f'GRANT TEMP ON DATABASE "{seeded.url.database}" TO {name}'))
    with as_role(seeded, name) as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(
            "CREATE FUNCTION pg_temp.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001"
            " AS $$ BEGIN IF $1 NOT IN ('PORTAL', 'CAMPUS') THEN RAISE 'seen: %', $1; END IF; RETURN true; END $$"
        ))  # fmt: skip
        found = connection.execute(
            text("SELECT project_key FROM dim_project WHERE pg_temp.peek(project_key)")
        )
        assert set(found.scalars()) == set(MINE)


def test_a_new_password_widens_nothing_and_a_new_release_keeps_the_limits(seeded: Engine, name: str) -> None:
    grant(seeded, name, projects=["PORTAL"])
    assert grant(seeded, name).password
    count = "SELECT count(*) FROM dim_project"
    with as_role(seeded, name) as connection:
        assert connection.scalar(text(count)) == 1
        with seeded.begin() as changing:
            changing.execute(text("COMMENT ON SCHEMA bi IS 'of an older release'"))
            build(changing)
        assert connection.scalar(text(count)) == 1
    grant(seeded, name, projects=MINE)
    with as_role(seeded, name) as connection:
        assert connection.scalar(text(count)) == 2
    assert revoke(seeded, name)
    assert grant(seeded, name).made
    with as_role(seeded, name) as connection:
        assert connection.scalar(text(count)) > 10
    grant(seeded, name, projects=MINE)
    with as_role(seeded, name) as connection:
        refused(connection, "SELECT 1 FROM bi.dim_project")
    assert revoke(seeded, name)
    assert rows(seeded, "SELECT 1 FROM pg_namespace WHERE nspname = :name", name=f"bi_{name}") == []


def test_a_project_that_is_none_and_a_schema_that_is_anothers_are_refused(seeded: Engine, name: str) -> None:
    with pytest.raises(CannotGrant, match="no such project: NOTHING"):
        grant(seeded, name, projects=["PORTAL", "NOTHING"])
    with seeded.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA bi_{name}"))
    with pytest.raises(CannotGrant, match="somebody else's"):
        grant(seeded, name, projects=["PORTAL"])
    with seeded.begin() as connection:
        connection.execute(text(f"DROP SCHEMA bi_{name}"))
