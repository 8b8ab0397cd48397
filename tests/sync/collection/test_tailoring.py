"""Tailoring: rules changed for some projects, by whom, from when, and what becomes of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from model.collection.roles import Actor
from model.declaration import InvalidDeclaration
from model.template.template import Template
from sync.collection.judges import templates_on
from sync.collection.tailoring import Where, approve, ask, end, parse, tailorings, template_for
from sync.collection.template_steps import TemplateRefused
from sync.collection.templates import install
from tests.support.rows import T0

IDA = Actor("Ida Lindqvist", frozenset(["specialist"]))
OLE = Actor("Ole Brandt", frozenset(["pmo_head"]))
TODAY = T0.date()
DAY = timedelta(days=1)
SMALL_ONES = {"tiers": [3]}
LESS = {"fields": {"budget": {"required": {"tiers": [1, 2, 3]}}}, "checks": {"C06": {"off": True}}}


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        install(connection, day=TODAY, now=T0)
        connection.execute(
            text(
                "WITH p AS (INSERT INTO portfolio (key, name, timezone, currency) VALUES ('main', 'Main',"
                " 'Europe/London', 'GBP') RETURNING id) INSERT INTO programme (portfolio_id, name)"
                " SELECT p.id, n FROM p, unnest(ARRAY['Digital', 'Estates']) AS n"
            )
        )
        yield connection


def written(**other: Any) -> dict[str, Any]:
    given = {
        "template": "monthly-status", "applies": SMALL_ONES, "changes": LESS, "because": "Small ones own a budget too",
    }  # fmt: skip
    return given | other


def asked(connection: Connection, **other: Any) -> int:
    return ask(connection, parse(written(**other), where="tailoring.yaml"), actor=IDA, now=T0)


def monthly(connection: Connection, where: Where, day: Any = TODAY) -> Template:
    [found] = [each for each in templates_on(connection, day).of(where) if each.header.id == "monthly-status"]
    return found


def checks(template: Template) -> set[str]:
    return {rule.id for rule, _ in template.checks}


def test_a_tailoring_changes_the_rules_of_those_it_covers_from_its_approval(connection: Connection) -> None:
    number = asked(connection)
    small, large = Where("deliver", 3), Where("deliver", 1)
    waiting = checks(monthly(connection, small))
    approve(connection, number, actor=OLE, now=T0)
    assert "C06" in waiting
    assert "C06" not in checks(monthly(connection, small))
    assert "C06" in checks(monthly(connection, large))
    assert "C06" in checks(monthly(connection, small, TODAY - DAY))


def test_what_tailoring_loosens_is_listed_on_the_template_it_makes(connection: Connection) -> None:
    approve(connection, asked(connection), actor=OLE, now=T0)
    said = [str(each) for each in monthly(connection, Where("deliver", 3)).changes if each.loosens]
    assert any("C06" in each for each in said)


def test_a_project_of_unknown_tier_keeps_the_rules_as_they_are_written(connection: Connection) -> None:
    approve(connection, asked(connection), actor=OLE, now=T0)
    assert "C06" in checks(monthly(connection, Where("deliver", None)))


def test_all_that_is_given_must_hold_and_nothing_given_is_every_project(connection: Connection) -> None:
    both = {"stages": ["close"], "programmes": ["Digital"]}
    approve(connection, asked(connection, applies=both), actor=OLE, now=T0)
    found = [
        "C06" in checks(monthly(connection, where))
        for where in (
            Where("close", 1, ("Air", "Digital")),
            Where("close", 1, ("Estates",)),
            Where("deliver", 1, ("Digital",)),
        )
    ]
    assert found == [False, True, True]
    approve(connection, asked(connection, applies={}), actor=OLE, now=T0)
    assert "C06" not in checks(monthly(connection, Where("deliver", 1, ("Estates",))))


def test_a_second_tailoring_is_laid_over_the_first(connection: Connection) -> None:
    approve(connection, asked(connection), actor=OLE, now=T0)
    other = {"fields": {"budget": {"weight": 9}}}
    approve(connection, asked(connection, changes=other), actor=OLE, now=T0)
    found = monthly(connection, Where("deliver", 3))
    [budget] = [each.rule for each in found.fields if each.rule.id == "budget"]
    assert (budget.weight, "C06" in checks(found)) == (9, False)


def test_an_ended_tailoring_changes_nothing_from_that_day(connection: Connection) -> None:
    number = asked(connection)
    approve(connection, number, actor=OLE, now=T0)
    end(connection, number, actor=OLE, now=T0 + 3 * DAY)
    small = Where("deliver", 3)
    assert "C06" not in checks(monthly(connection, small, TODAY + 2 * DAY))
    assert "C06" in checks(monthly(connection, small, TODAY + 3 * DAY))
    assert [each["ended_by"] for each in tailorings(connection)] == [OLE.name]


def test_any_version_is_tailored_where_a_submission_names_it(connection: Connection) -> None:
    approve(connection, asked(connection), actor=OLE, now=T0)
    found = template_for(connection, "monthly-status", "3.1.0", Where("deliver", 3), TODAY)
    assert (found.label, "C06" in checks(found)) == ("monthly-status@3.1.0", False)


def test_nobody_approves_the_tailoring_they_asked_for(connection: Connection) -> None:
    number = ask(
        connection, parse(written(), where="t.yaml"), actor=Actor(OLE.name.upper(), OLE.roles), now=T0
    )
    with pytest.raises(TemplateRefused, match="asked for this tailoring: somebody else has to approve it"):
        approve(connection, number, actor=OLE, now=T0)
    with pytest.raises(TemplateRefused, match="takes pmo_head"):
        approve(connection, number, actor=IDA, now=T0)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"changes": {"fields": {"budgte": {"weight": 2}}}}, r"fields\.budgte"),
        ({"changes": {"fields": {"budget": {"type": "text"}}}}, "cannot be tailored"),
        ({"changes": {"checks": {"C99": {"off": True}}}}, r"checks\.C99"),
        ({"changes": {"add": {"checks": [{"id": "X1", "dim": "validity", "severity": "warn", "expr": "budgte > 1",
                                          "says": "No"}]}}}, "budgte"),
    ],
)  # fmt: skip
def test_changes_that_do_not_fit_the_template_are_refused_with_their_place(
    connection: Connection, other: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidDeclaration, match=says):
        asked(connection, **other)
    assert tailorings(connection) == []


def test_a_programme_that_is_not_there_is_refused_with_those_there_are(connection: Connection) -> None:
    with pytest.raises(TemplateRefused, match="no programme 'Digitl'; there are Digital, Estates"):
        asked(connection, applies={"programmes": ["Digital", "Digitl"]})
    assert tailorings(connection) == []


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"changes": {}}, "nothing is changed"),
        ({"because": " "}, "say why"),
        ({"applies": {"stages": ["dliver"]}}, r"tailoring\.yaml: applies\.stages\.0"),
        ({"applies": {"colour": ["red"]}}, r"applies\.colour"),
    ],
)
def test_a_file_that_is_no_tailoring_is_refused_with_its_place(other: dict[str, Any], says: str) -> None:
    with pytest.raises(TemplateRefused, match=says):
        parse(written(**other), where="tailoring.yaml")


def test_a_tailoring_that_no_longer_fits_is_left_out_and_said(connection: Connection) -> None:
    approve(connection, asked(connection), actor=OLE, now=T0)
    connection.execute(text('UPDATE tailoring SET changes = \'{"checks": {"GONE": {"off": true}}}\''))
    judges = templates_on(connection, TODAY)
    assert "monthly-status" in {each.header.id for each in judges.of(Where("deliver", 3))}
    assert any("judges without its tailoring" in each and "GONE" in each for each in judges.warnings)


def test_a_version_that_cannot_be_read_any_more_is_named_and_the_others_judge_on(
    connection: Connection,
) -> None:
    connection.execute(
        text("UPDATE template_version SET text = 'template: {}' WHERE template = 'monthly-status'")
    )
    judges = templates_on(connection, TODAY)
    assert "raid-log" in {each.header.id for each in judges.all()}
    assert any("judges nothing, since it cannot be read" in each for each in judges.warnings)
