"""Which scope belongs to which project, and who is who."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from model import tables
from sync.inspect import names_to_pull
from sync.match import Matched, NotConfigured, match, unmatched_rows
from tests.support.rows import T0, Rows


@pytest.fixture
def rows(engine: Engine) -> Rows:
    return Rows(engine)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def run(rows: Rows) -> Matched:
    with Session(rows.engine) as session, session.begin():
        return match(session, known_at=T0)


def bound(session: Session) -> dict[str, tuple[str | None, str | None]]:
    found = session.execute(
        select(tables.Scope.key, tables.Project.key, tables.Scope.bound_by)
        .join(tables.Project, tables.Project.id == tables.Scope.project_id, isouter=True)
        .where(tables.Scope.kind != "register_row")
    )
    return {scope: (project, by) for scope, project, by in found}


def test_a_portfolio_that_was_never_configured_is_said_so(session: Session) -> None:
    with pytest.raises(NotConfigured, match="muster apply"):
        match(session, known_at=T0)


def test_without_a_register_each_tracker_project_is_a_project(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("ado", "azure_devops")
    rows.scope("jira-cloud", "POR", name="Portal")
    rows.scope("ado", "Data Hub", kind="ado_project", name="Data Hub")
    found = run(rows)
    assert (found.projects, found.created, found.unbound) == (2, 2, [])
    assert bound(session) == {"POR": ("POR", "own"), "Data Hub": ("Data Hub", "own")}


def test_two_trackers_with_one_key_make_two_projects(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("jira-dc", "jira")
    rows.scope("jira-cloud", "POR")
    rows.scope("jira-dc", "POR")
    run(rows)
    assert set(session.scalars(select(tables.Project.key))) == {"POR", "jira-dc-POR"}


def test_the_register_binds_by_its_columns_and_says_by_which_cell(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("ado", "azure_devops")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "CASE")
    rows.scope("ado", "Casework Integration", kind="ado_project")
    rows.register(
        "pmo-files", "CASEWORK", name="Casework", bind_jira="case", bind_ado=["Casework Integration"]
    )
    found = run(rows)
    assert (found.projects, found.unbound, found.warnings) == (1, [], [])
    assert bound(session) == {
        "CASE": ("CASEWORK", "register register.xlsx!Projects!C8"),
        "Casework Integration": ("CASEWORK", "register register.xlsx!Projects!D8"),
    }


def test_an_unbound_scope_is_listed_and_a_likely_project_proposed(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "PIT", name="Innovation pit")
    rows.scope("jira-cloud", "POR", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    found = run(rows)
    pit, por = found.unbound
    assert pit == "jira-cloud PIT (Innovation pit) is bound to no project"
    assert por.endswith(
        "is bound to no project; it may belong to PORTAL (Citizen portal) (93 % sure): proposal 1"
    )
    assert bound(session)["POR"] == (None, None)


def test_a_register_that_could_not_be_read_yet_keeps_scopes_from_becoming_projects(rows: Rows) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel", config={"workbooks": [{"path": "/r.xlsx", "holds": "projects"}]})
    rows.scope("jira-cloud", "POR")
    found = run(rows)
    assert found.projects == 0
    assert len(found.unbound) == 1


def test_a_scope_with_the_projects_own_key_binds_by_itself(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APOLLO")
    rows.register("pmo-files", "APOLLO", name="Apollo")
    run(rows)
    assert bound(session) == {"APOLLO": ("APOLLO", "same key")}


def test_the_configuration_binds_what_the_register_does_not(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira", config={"bind": {"POR": "OTHER", "Tracker SSO": "OTHER", "X": "NONE"}})
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "POR")
    rows.scope("jira-cloud", "SSO")
    rows.register("pmo-files", "PORTAL", bind_jira="POR", row=8)
    rows.register("pmo-files", "OTHER", row=9)
    found = run(rows)
    assert bound(session) == {
        "POR": ("PORTAL", "register register.xlsx!Projects!B8"),
        "SSO": ("OTHER", "configuration"),
    }
    by = "by register register.xlsx!Projects!B8"
    assert set(found.warnings) == {
        f"configuration of jira-cloud: 'POR' is bound to another project already, {by}",
        "configuration of jira-cloud: there is no project 'NONE' to bind 'X' to",
    }


def test_without_a_register_the_configuration_makes_one_project_of_two_scopes(
    rows: Rows, session: Session
) -> None:
    rows.source("jira-cloud", "jira", config={"bind": {"CASE": "CASEWORK"}})
    rows.source("ado", "azure_devops", config={"bind": {"Integration": "CASEWORK"}})
    rows.scope("jira-cloud", "CASE")
    rows.scope("jira-cloud", "POR")
    rows.scope("ado", "Integration", kind="ado_project")
    assert run(rows).projects == 2
    assert bound(session) == {
        "CASE": ("CASEWORK", "configuration"),
        "POR": ("POR", "own"),
        "Integration": ("CASEWORK", "configuration"),
    }


def test_a_key_that_two_trackers_have_must_say_which(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("jira-dc", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "POR")
    rows.scope("jira-dc", "POR")
    row = rows.register("pmo-files", "PORTAL", bind_jira="POR; XYZ")
    found = run(rows)
    assert found.warnings == [
        "register.xlsx!Projects!B8: 'POR' could be any of jira-cloud:POR, jira-dc:POR; write which one",
        "register.xlsx!Projects!B8: no scope 'XYZ' was pulled; do the source's projects hold it?",
    ]
    rows.rewrite(row, bind_jira="jira-dc:POR")
    assert run(rows).bound == 2
    by_source = session.execute(
        select(tables.Source.name)
        .join(tables.Scope, tables.Scope.source_id == tables.Source.id)
        .where(tables.Scope.project_id.is_not(None), tables.Scope.kind == "jira_project")
    ).scalars()
    assert list(by_source) == ["jira-dc"]


def test_a_renamed_tracker_project_stays_bound_by_its_former_key(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "NEW", keys=["OLD", "NEW"])
    rows.register("pmo-files", "PORTAL", bind_jira="OLD")
    run(rows)
    assert bound(session)["NEW"][0] == "PORTAL"


def test_a_project_whose_register_row_is_gone_is_closed_and_its_scope_listed(
    rows: Rows,
) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "POR")
    row = rows.register("pmo-files", "PORTAL", bind_jira="POR")
    rows.register("pmo-files", "OTHER", row=9)
    run(rows)
    rows.change(tables.Scope, row, deleted_at=T0)
    found = run(rows)
    assert (found.closed, found.projects, len(found.unbound)) == (1, 1, 1)
    rows.change(tables.Scope, row, deleted_at=None)
    assert run(rows).projects == 2


def test_records_are_bound_by_the_projects_key_name_or_tracker_key(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "POR")
    rows.register("pmo-files", "PORTAL", name="Citizen portal", bind_jira="POR")
    rows.milestone("jira-cloud", "id-POR", "Release 1")
    rows.milestone("pmo-files", "portal", "Go live")
    rows.raid("pmo-files", "Citizen Portal")
    rows.cost("pmo-files", "POR", "actual", "10")
    rows.cost("pmo-files", "NOWHERE", "actual", "10")
    found = run(rows)
    project = rows.project_id("PORTAL")
    assert set(session.scalars(select(tables.Milestone.project_id))) == {project}
    assert session.scalars(select(tables.RaidItem.project_id)).one() == project
    assert found.unbound == ["pmo-files: 1 cost lines name 'NOWHERE', which is no project here"]


def test_people_are_matched_by_account_then_by_address_and_never_by_name(
    rows: Rows, session: Session
) -> None:
    rows.source("jira-a", "jira", host="jira.example")
    rows.source("jira-b", "jira", host="jira.example")
    rows.source("ado", "azure_devops")
    people = [
        ("jira-a", "acc-1", "Maya Lindqvist", "hash-maya"),
        ("jira-b", "acc-1", "Maya L.", None),
        ("ado", "acc-1", "Somebody else", None),
        ("ado", "aad-7", "Maya Lindqvist (contractor)", "hash-maya"),
        ("ado", "aad-8", "Maya Lindqvist", None),
    ]
    for source, account, name, mail in people:
        rows._add(
            tables.Identity,
            source_id=rows.sources[source],
            external_id=account,
            display_name=name,
            email_hash=mail,
        )
    assert run(rows).people == 5
    assert run(rows).people == 0
    found = session.execute(
        select(tables.Identity.person_id, tables.Identity.matched_by).order_by(tables.Identity.id)
    ).all()
    one, two, other, three, four = [row[0] for row in found]
    assert one == two == three
    assert len({one, other, four}) == 3
    assert [row[1] for row in found] == ["identity", "identity", "identity", "email", "identity"]


def test_disabling_the_register_closes_no_project(rows: Rows, session: Session) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APOLLO")
    rows.register("pmo-files", "APOLLO", name="Apollo")
    run(rows)
    rows.change(tables.Source, rows.sources["pmo-files"], enabled=False)
    found = run(rows)
    assert (found.projects, found.created, found.closed) == (1, 0, 0)
    assert bound(session) == {"APOLLO": ("APOLLO", "same key")}


def test_a_record_that_names_no_project_is_warned_of_with_its_place(rows: Rows) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "PIT")
    rows.register("pmo-files", "APOLLO", name="Apollo")
    rows.milestone("pmo-files", "APOLLO", "Known")
    rows.milestone("pmo-files", "NOPROJ", "Lost", locator="miles.csv!miles!A6")
    rows.cost("pmo-files", "ZZZ", "actual", "12", locator="costs.csv!costs!A3")
    rows.milestone("jira-cloud", "PIT", "Of a scope that is listed as unbound itself")
    found = run(rows)
    assert found.warnings == [
        "miles.csv!miles!A6: there is no project NOPROJ",
        "costs.csv!costs!A3: there is no project ZZZ",
    ]
    with rows.engine.connect() as connection:
        assert unmatched_rows(connection) == [
            ("pmo-files", "milestone", "miles.csv!miles!A6", "NOPROJ"),
            ("pmo-files", "cost_line", "costs.csv!costs!A3", "ZZZ"),
        ]


def test_a_disabled_source_is_not_pulled_and_the_refusal_says_why(rows: Rows) -> None:
    rows.source("jira-cloud", "jira")
    rows.source("old", "jira", enabled=False)
    assert names_to_pull(rows.engine) == ["jira-cloud"]
    with pytest.raises(LookupError, match="source old is disabled"):
        names_to_pull(rows.engine, ["old"])
