"""The views for SQL tools: what they say, and that building them again changes nothing."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from starlette.testclient import TestClient

from model.bi.build import build, views
from sync.bi_revoke import revoke
from sync.bi_roles import grant
from tests.support.bi_roles import as_role, rows

PUBLISHED = Path(__file__).parents[2] / "support" / "bi_published.txt"


DOCS = Path(__file__).parents[3] / "docs" / "sql.md"


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


def test_tools_that_look_around_find_the_views_and_their_comments(seeded: Engine, reading: str) -> None:
    with as_role(seeded, reading) as connection:
        looking = inspect(connection)
        assert set(looking.get_view_names("bi")) == {view.name for view in views()}
        found = {each["name"]: each for each in looking.get_columns("fact_status", "bi")}
        assert found["overall"]["comment"] == "GREEN, AMBER, RED, BLUE complete, GREY not enough data"
        assert looking.get_table_names("bi") == []
