"""Roles for some projects see their rows and no others."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from model.bi.build import build, views
from sync.bi_revoke import revoke
from sync.bi_roles import CannotGrant, grant, readers
from tests.support.bi_roles import as_role, refused, rows

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


def test_an_item_above_of_another_project_is_named_to_nobody_who_may_not_see_it(
    seeded: Engine, name: str
) -> None:
    of = (
        "SELECT w.id, w.key FROM work_item w JOIN scope s ON s.source_id = w.source_id"
        " AND s.external_id = w.scope_external_id JOIN project p ON p.id = s.project_id"
        " WHERE p.key {} AND w.source_id = (SELECT id FROM source WHERE kind = 'jira' ORDER BY id LIMIT 1)"
        " ORDER BY w.id LIMIT 2"
    )
    first, second = rows(seeded, of.format("= 'PORTAL'"))
    [other, _] = rows(seeded, of.format("<> 'PORTAL'"))
    above = text("UPDATE work_item SET parent_key = :above WHERE id = :id")
    with seeded.begin() as connection:
        before = connection.execute(
            text("SELECT id, parent_key FROM work_item WHERE id IN (:one, :two)"),
            {"one": first.id, "two": second.id},
        ).all()
        connection.execute(above, {"id": first.id, "above": other.key})
        connection.execute(above, {"id": second.id, "above": first.key})
    grant(seeded, name, projects=["PORTAL"])
    with as_role(seeded, name) as connection:
        asked = text("SELECT parent_key FROM fact_work_item WHERE work_item_id = :id")
        assert connection.scalar(asked, {"id": first.id}) is None
        assert connection.scalar(asked, {"id": second.id}) == first.key
    with seeded.begin() as connection:
        for each in before:
            connection.execute(above, {"id": each.id, "above": each.parent_key})
