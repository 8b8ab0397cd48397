"""Area paths of Azure DevOps bind work items to projects."""

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from model import tables
from sync.match import Matched, match
from tests.support.rows import T0, Rows


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("ado", "azure_devops")
    rows.scope("ado", "Data Hub", kind="ado_project")
    for number, area in enumerate(("", "\\Build", "\\Operations", "\\Operations\\Night", "\\Operational"), 1):
        rows.item("ado", "Data Hub", external_id=str(number), key=str(number), area=f"Data Hub{area}")
    rows.source("register", "excel")
    return rows


def run(rows: Rows) -> Matched:
    with Session(rows.engine) as session, session.begin():
        return match(session, known_at=T0)


def projects(rows: Rows) -> dict[str, str | None]:
    """Which project each work item counts for."""
    with rows.engine.connect() as connection:
        found = connection.execute(
            select(tables.WorkItem.key, tables.Project.key)
            .join(
                tables.Scope,
                (tables.Scope.source_id == tables.WorkItem.source_id)
                & (tables.Scope.external_id == tables.WorkItem.scope_external_id),
            )
            .join(tables.Project, tables.Project.id == tables.Scope.project_id, isouter=True)
            .where(tables.Scope.deleted_at.is_(None))
        )
        return dict(found.all())


def test_an_area_in_the_register_binds_its_items_and_those_below_and_no_others(rows: Rows) -> None:
    rows.register("register", "P1", bind_ado="Data Hub")
    rows.register("register", "P2", row=9, bind_ado="data hub\\operations")
    found = run(rows)
    assert found.warnings == []
    assert projects(rows) == {"1": "P1", "2": "P1", "3": "P2", "4": "P2", "5": "P1"}
    with rows.engine.connect() as connection:
        by = connection.scalar(select(tables.Scope.bound_by).where(tables.Scope.kind == "ado_area"))
    assert by == "register register.xlsx!Projects!B9"


def test_the_deeper_of_two_areas_wins_and_what_is_no_longer_bound_goes_back(rows: Rows) -> None:
    rows.register("register", "P1", bind_ado="Data Hub")
    second = rows.register("register", "P2", row=9, bind_ado="Data Hub\\Operations")
    rows.register("register", "P3", row=10, bind_ado="\\Data Hub\\Operations\\Night; Data Hub\\Build")
    assert run(rows).warnings == []
    assert projects(rows) == {"1": "P1", "2": "P3", "3": "P2", "4": "P3", "5": "P1"}
    rows.rewrite(second, bind_ado="")
    run(rows)
    assert projects(rows) == {"1": "P1", "2": "P3", "3": "P1", "4": "P3", "5": "P1"}
    with rows.engine.begin() as connection:  # as a later pull leaves it
        connection.execute(text("UPDATE work_item SET scope_external_id = 'id-Data Hub'"))
    run(rows)
    assert projects(rows) == {"1": "P1", "2": "P3", "3": "P1", "4": "P3", "5": "P1"}


def test_an_area_of_a_project_that_was_not_pulled_and_one_without_items_are_said_so(rows: Rows) -> None:
    rows.register("register", "P1", bind_ado="Data Hub\\Attic")
    rows.register("register", "P2", row=9, bind_ado="Elsewhere\\Operations")
    found = run(rows)
    assert any("no work item lies in the area Data Hub\\Attic" in warning for warning in found.warnings)
    assert any("begins with the name of its Azure DevOps project" in warning for warning in found.warnings)


def test_without_a_register_the_configuration_binds_areas_too(engine: Engine) -> None:
    rows = Rows(engine)
    rows.source("ado", "azure_devops", config={"bind": {"Data Hub\\Operations": "OPS"}})
    rows.scope("ado", "Data Hub", kind="ado_project")
    rows.item("ado", "Data Hub", external_id="1", key="1", area="Data Hub")
    rows.item("ado", "Data Hub", external_id="2", key="2", area="Data Hub\\Operations")
    assert run(rows).warnings == []
    assert projects(rows) == {"1": "Data Hub", "2": "OPS"}


def test_a_milestone_of_an_area_belongs_where_its_area_or_the_one_above_is_bound(rows: Rows) -> None:
    rows.register("register", "P1", bind_ado="Data Hub")
    rows.register("register", "P2", row=9, bind_ado="Data Hub\\Operations")
    for number, area in enumerate(("Data Hub\\Operations\\Night", "Data Hub\\Build"), 1):
        rows.milestone("ado", area, f"M{number}")
    found = run(rows)
    assert (found.warnings, found.unbound) == ([], [])
    with rows.engine.connect() as connection:
        bound = connection.execute(
            select(tables.Milestone.name, tables.Project.key).join(
                tables.Project, tables.Project.id == tables.Milestone.project_id
            )
        )
        assert dict(bound.all()) == {"M1": "P2", "M2": "P1"}
