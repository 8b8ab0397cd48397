"""Conflicts between claims: listed while they last, settled by precedence, by a rule or by a person."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from model import tables
from sync.consolidate import consolidate
from sync.identity.decide import Linked, link
from sync.identity.rules import RuleAsked, end_rule, make_rule, rule_effect
from sync.identity.settle import CannotSettle, NoSuchConflict, settle, unsettle
from sync.identity.written import name_key
from sync.receipts import explain, status_document
from tests.support.rows import T0, Rows
from tests.support.store import ask

DAY = timedelta(days=1)
REGISTER, JIRA = "2026-12-18", "2027-01-12"


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("ado", "azure_devops")
    rows.source("pmo-files", "excel")
    return rows


def apollo(rows: Rows, *, key: str = "APOLLO", row: int = 8, **more: Any) -> tuple[int, int]:
    """A project of which register and Jira say different finishes; returns the row and the epic."""
    rows.scope("jira-cloud", f"J{key}")
    epic = rows.item("jira-cloud", f"J{key}", hub_type="epic", due=date(2027, 1, 12))
    values = {"name": key.title(), "forecast_finish": REGISTER, "bind_jira": f"J{key}"} | more
    return rows.register("pmo-files", key, row=row, **values), epic


def at(rows: Rows, when: datetime = T0) -> None:
    for source in rows.sources:
        rows.run(source, at=when)
    consolidate(rows.engine, as_of=when.date(), known_at=when)


def conflicts(rows: Rows) -> list[dict[str, Any]]:
    return ask(
        rows.engine,
        "SELECT c.*, p.key FROM claim_conflict c JOIN project p ON p.id = c.project_id ORDER BY c.id",
    )


def claim_of(rows: Rows, source: str, attribute: str = "forecast_finish") -> int:
    found = ask(
        rows.engine,
        "SELECT c.id FROM claim c JOIN source s ON s.id = c.source_id WHERE s.name = :source"
        " AND c.attribute = :attribute ORDER BY c.known_from DESC, c.id DESC LIMIT 1",
        source=source, attribute=attribute,
    )  # fmt: skip
    return int(found[0]["id"])


def finish(rows: Rows, key: str = "APOLLO") -> tuple[Any, str]:
    with Session(rows.engine) as session:
        found = explain(session, key, "forecast_finish")
    return found["value"], found["claims"][0]["because"]


def flags(rows: Rows) -> list[str]:
    with Session(rows.engine) as session:
        found: list[str] = status_document(session)["projects"][0]["flags"]
    return found


def test_a_conflict_is_listed_once_with_all_that_was_said_and_closes_when_they_agree(rows: Rows) -> None:
    register, _ = apollo(rows)
    at(rows)
    at(rows, T0 + DAY)
    [found] = conflicts(rows)
    assert (found["attribute"], found["settled_by"]) == ("forecast_finish", "precedence")
    assert found["claims"] == [claim_of(rows, "pmo-files"), claim_of(rows, "jira-cloud")]
    assert (found["opened_at"], found["closed_at"]) == (T0, None)
    rows.rewrite(register, forecast_finish=JIRA)
    at(rows, T0 + 2 * DAY)
    [found] = conflicts(rows)
    assert found["closed_at"] == T0 + 2 * DAY
    assert found["closed_because"] == "pmo-files and jira-cloud agree"
    rows.rewrite(register, forecast_finish=REGISTER)
    at(rows, T0 + 3 * DAY)
    assert [row["closed_at"] is None for row in conflicts(rows)] == [False, True]


def test_a_person_settles_it_and_the_number_carries_the_name_and_the_reason(rows: Rows) -> None:
    apollo(rows)
    at(rows)
    assert flags(rows) == ["conflict"]
    number = conflicts(rows)[0]["id"]
    settle(
        rows.engine,
        number,
        claim_of(rows, "jira-cloud"),
        by="Ada",
        because="the board moved it",
        now=T0 + DAY,
    )
    at(rows, T0 + 2 * DAY)
    assert finish(rows) == (JIRA, "settled by Ada on 2026-11-03: the board moved it")
    [found] = conflicts(rows)
    assert (found["settled_by"], found["claims"][0]) == ("person", claim_of(rows, "jira-cloud"))
    assert "conflict" not in flags(rows)
    unsettle(rows.engine, number, by="Ben", because="not yet approved", now=T0 + 3 * DAY)
    at(rows, T0 + 3 * DAY)
    assert finish(rows)[0] == REGISTER
    with pytest.raises(CannotSettle, match="nothing to take back"):
        unsettle(rows.engine, number, by="Ben", because="again", now=T0 + 3 * DAY)


def test_a_persons_word_lapses_when_a_source_says_something_new_and_that_is_said(rows: Rows) -> None:
    _, epic = apollo(rows)
    at(rows)
    number = conflicts(rows)[0]["id"]
    settle(rows.engine, number, claim_of(rows, "jira-cloud"), by="Ada", because="board", now=T0)
    at(rows, T0 + DAY)
    assert finish(rows)[0] == JIRA
    rows.change(tables.WorkItem, epic, due=date(2027, 3, 1))
    at(rows, T0 + 2 * DAY)
    value, because = finish(rows)
    assert value == REGISTER
    assert "the word of Ada of 2026-11-02 no longer holds" in because
    assert flags(rows) == ["conflict"]


def test_what_was_settled_later_does_not_change_what_was_known_then(rows: Rows) -> None:
    apollo(rows)
    at(rows)
    settle(
        rows.engine,
        conflicts(rows)[0]["id"],
        claim_of(rows, "jira-cloud"),
        by="Ada",
        because="b",
        now=T0 + 2 * DAY,
    )
    at(rows, T0 + 3 * DAY)
    with Session(rows.engine) as session:
        then = explain(session, "APOLLO", "forecast_finish", known_at=T0 + DAY)
    assert then["value"] == REGISTER
    consolidate(rows.engine, as_of=T0.date(), known_at=T0 + DAY)
    assert conflicts(rows)[0]["settled_by"] == "person"


def test_a_rule_settles_what_is_and_what_comes_and_precedence_again_when_it_ends(rows: Rows) -> None:
    apollo(rows, programme="Space")
    at(rows)
    asked = RuleAsked("forecast_finish", "latest", programme="Space")
    with Session(rows.engine) as session:
        effect = rule_effect(session, asked, as_of=T0.date(), now=T0)
    assert (effect.conflicts, effect.settles) == (1, 1)
    assert effect.changes == (f"APOLLO: {JIRA} of jira-cloud instead of {REGISTER} of pmo-files",)
    made = make_rule(rows.engine, asked, by="Ada", because="plan for the worst", now=T0)
    apollo(rows, key="GEMINI", row=9, programme="Space")
    apollo(rows, key="VOYAGER", row=10, programme="Outer")
    at(rows, T0 + DAY)
    why = f"rule {made.number} of Ada: the latest date (plan for the worst)"
    assert finish(rows) == (JIRA, why)
    assert finish(rows, "GEMINI") == (JIRA, why)
    assert finish(rows, "VOYAGER")[0] == REGISTER
    assert {row["key"]: row["settled_by"] for row in conflicts(rows)} == {
        "APOLLO": "rule", "GEMINI": "rule", "VOYAGER": "precedence"
    }  # fmt: skip
    end_rule(rows.engine, made.number, by="Ada", because="approved plans count", now=T0 + DAY)
    at(rows, T0 + 2 * DAY)
    assert finish(rows)[0] == REGISTER
    with pytest.raises(NoSuchConflict, match="there are: none"):
        end_rule(rows.engine, made.number, by="Ada", because="x", now=T0 + 2 * DAY)


def test_a_person_goes_before_a_rule_and_a_narrow_rule_before_a_wide_one(rows: Rows) -> None:
    apollo(rows)
    at(rows)
    make_rule(rows.engine, RuleAsked("forecast_finish", "latest"), by="Ada", because="wide", now=T0)
    narrow = RuleAsked("forecast_finish", "source:pmo-files", project="APOLLO")
    make_rule(rows.engine, narrow, by="Ada", because="narrow", now=T0)
    at(rows, T0 + DAY)
    assert finish(rows) == (REGISTER, "rule 2 of Ada: pmo-files (narrow)")
    settle(
        rows.engine, conflicts(rows)[0]["id"], claim_of(rows, "jira-cloud"), by="Ben", because="word", now=T0
    )
    at(rows, T0 + 2 * DAY)
    assert finish(rows)[0] == JIRA


def test_a_rule_of_any_of_its_programmes_settles_and_the_own_ones_before_the_others(rows: Rows) -> None:
    apollo(rows, programme="Space; Air (40 %)")
    at(rows)
    asked = RuleAsked("forecast_finish", "latest", programme="Air")
    with Session(rows.engine) as session:
        assert rule_effect(session, asked, as_of=T0.date(), now=T0).settles == 1
    make_rule(rows.engine, asked, by="Ada", because="air slips", now=T0)
    at(rows, T0 + DAY)
    assert finish(rows) == (JIRA, "rule 1 of Ada: the latest date (air slips)")
    own = RuleAsked("forecast_finish", "source:pmo-files", programme="Space")
    make_rule(rows.engine, own, by="Ada", because="the register", now=T0)
    make_rule(
        rows.engine,
        RuleAsked("forecast_finish", "newest", programme="Air"),
        by="Ada",
        because="x",
        now=T0 + DAY,
    )
    at(rows, T0 + 2 * DAY)
    assert finish(rows) == (REGISTER, "rule 2 of Ada: pmo-files (the register)")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (RuleAsked("colour_of_the_sky", "newest"), "colour_of_the_sky"),
        (RuleAsked("budget", "latest"), "budget: 'latest' is for date, not for money"),
        (RuleAsked("budget", "source:nowhere"), "there is no source 'nowhere'; there are: ado, jira-cloud"),
        (RuleAsked("budget", "highest", project="NONE"), "there is no project 'NONE'; there are: APOLLO"),
        (RuleAsked("budget", "highest", programme="None"), "there is no programme 'None'"),
        (RuleAsked("budget", "highest", "APOLLO", "Space"), "not for both"),
    ],
)
def test_a_rule_that_cannot_be_one_is_refused_with_what_there_is(
    rows: Rows, asked: RuleAsked, says: str
) -> None:
    apollo(rows)
    at(rows)
    with pytest.raises(CannotSettle) as refused:
        make_rule(rows.engine, asked, by="Ada", because="why", now=T0)
    assert says in str(refused.value)
    assert ask(rows.engine, "SELECT * FROM settling_rule") == []


def test_only_what_a_source_says_by_now_can_be_chosen(rows: Rows) -> None:
    _, epic = apollo(rows)
    at(rows)
    number, old = conflicts(rows)[0]["id"], claim_of(rows, "jira-cloud")
    rows.change(tables.WorkItem, epic, due=date(2027, 3, 1))
    at(rows, T0 + DAY)
    with pytest.raises(CannotSettle, match="not what a source says of forecast_finish of APOLLO by now"):
        settle(rows.engine, number, old, by="Ada", because="late", now=T0 + DAY)
    with pytest.raises(NoSuchConflict, match="there is no conflict 999"):
        settle(rows.engine, 999, old, by="Ada", because="late", now=T0 + DAY)
    with pytest.raises(CannotSettle, match="who settles it and why"):
        settle(rows.engine, number, old, by="Ada", because=" ", now=T0 + DAY)


def test_two_ways_of_writing_one_confirmed_person_are_no_conflict(rows: Rows, engine: Engine) -> None:
    rows.source("local-files", "excel")
    rows.register("pmo-files", "APOLLO", name="Apollo", manager="Maya Lindqvist")
    rows.register("local-files", "APOLLO", name="Apollo", manager="M. Lindqvist", row=9)
    rows._add(
        tables.Identity, source_id=rows.sources["jira-cloud"], external_id="1", display_name="Maya Lindqvist"
    )
    at(rows)
    [found] = [row for row in conflicts(rows) if row["attribute"] == "manager"]
    [person] = ask(engine, "SELECT id FROM person")
    meant = Linked("name", name_key("M. Lindqvist"), person["id"], "M. Lindqvist", "Maya Lindqvist")
    link(engine, meant, by="Ada", because="asked her", now=T0)
    at(rows, T0 + DAY)
    [found] = [row for row in conflicts(rows) if row["attribute"] == "manager"]
    assert found["closed_because"] == "what they say was confirmed to mean the same"
