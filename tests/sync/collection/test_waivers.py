"""Waivers: who asks, who grants, and from when until when a project is let off a rule."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from model.collection.roles import Actor, operator
from sync.collection.template_steps import TemplateRefused
from sync.collection.waivers import Wish, ask, end, grant, standing, state_of, waivers
from sync.consolidate import consolidate
from tests.support.rows import T0, Rows

MAYA = Actor("Maya Onwudiwe", frozenset(["project_manager"]))
OTTO = Actor("Otto Hale", frozenset(["project_officer"]))
TODAY = T0.date()
DAY = timedelta(days=1)
MONTH = TODAY + 30 * DAY


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.register("pmo-files", "APOLLO", tier=1, stage="deliver")
    consolidate(engine, as_of=TODAY, known_at=T0)
    return rows


@pytest.fixture
def connection(rows: Rows) -> Iterator[Connection]:
    with rows.engine.begin() as connection:
        yield connection


def wish(**other: Any) -> Wish:
    given: dict[str, Any] = {
        "project": "APOLLO", "template": "monthly-status", "rule": "budget",
        "because": "The budget is set in March", "until": MONTH,
    }  # fmt: skip
    return Wish(**(given | other))


def apollo(connection: Connection) -> UUID:
    found: UUID = connection.execute(text("SELECT id FROM project WHERE key = 'APOLLO'")).scalar_one()
    return found


def covered(connection: Connection, day: date, *, ref: str = "", rule: str = "budget") -> bool:
    return standing(connection, day).covers(apollo(connection), "monthly-status", ref, rule)


def test_a_waiver_counts_from_the_day_it_is_granted_to_its_last_day_included(connection: Connection) -> None:
    number = ask(connection, wish(), actor=MAYA, now=T0)
    assert not covered(connection, TODAY)
    grant(connection, number, actor=OTTO, now=T0 + 2 * DAY)
    days = [TODAY + DAY, TODAY + 2 * DAY, MONTH, MONTH + DAY]
    assert [covered(connection, day) for day in days] == [False, True, True, False]


def test_a_waiver_of_one_record_leaves_the_others_and_one_without_covers_all(connection: Connection) -> None:
    for rule, ref in (("owner", "R-001"), ("action", None)):
        number = ask(connection, wish(template="raid-log", rule=rule, record_ref=ref), actor=MAYA, now=T0)
        grant(connection, number, actor=Actor("Pia", frozenset(["pmo_head"])), now=T0)
    found = standing(connection, TODAY)
    assert found.of(apollo(connection), "raid-log", "R-001") == {"owner", "action"}
    assert found.of(apollo(connection), "raid-log", "R-002") == {"action"}


def test_nobody_grants_what_they_asked_for(connection: Connection) -> None:
    number = ask(connection, wish(), actor=OTTO, now=T0)
    for oneself in (OTTO, operator("otto  HALE")):
        with pytest.raises(TemplateRefused, match="asked for this waiver: somebody else has to grant it"):
            grant(connection, number, actor=oneself, now=T0)


def test_only_the_role_that_the_template_names_grants_it(connection: Connection) -> None:
    number = ask(connection, wish(), actor=OTTO, now=T0)
    with pytest.raises(TemplateRefused, match="takes project_officer or pmo_head"):
        grant(connection, number, actor=MAYA, now=T0)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"project": "APOLO"}, "there is no project APOLO"),
        ({"rule": "budgte"}, "has no rule 'budgte'; it has .*budget"),
        ({"because": "  "}, "say why"),
        ({"until": TODAY - DAY}, "has passed"),
        ({"until": TODAY + 732 * DAY}, "a waiver holds for two years at most, until 20"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_what_is_wrong(
    connection: Connection, other: dict[str, Any], says: str
) -> None:
    with pytest.raises(TemplateRefused, match=says):
        ask(connection, wish(**other), actor=MAYA, now=T0)
    assert waivers(connection) == []


def test_an_ended_waiver_holds_no_more_and_stays_on_record(connection: Connection) -> None:
    number = ask(connection, wish(), actor=MAYA, now=T0)
    grant(connection, number, actor=OTTO, now=T0)
    end(connection, number, actor=MAYA, now=T0 + DAY)
    assert [covered(connection, TODAY), covered(connection, TODAY + DAY)] == [True, False]
    [kept] = waivers(connection)
    assert (kept["ended_by"], kept["because"]) == (MAYA.name, "The budget is set in March")
    with pytest.raises(TemplateRefused, match="was ended by Maya Onwudiwe"):
        grant(connection, number, actor=OTTO, now=T0)


def test_a_waiver_whose_day_passed_while_it_waited_is_not_granted(connection: Connection) -> None:
    number = ask(connection, wish(until=TODAY), actor=MAYA, now=T0)
    with pytest.raises(TemplateRefused, match="which has passed"):
        grant(connection, number, actor=OTTO, now=T0 + 2 * DAY)


def test_the_states_of_a_waiver_in_words(connection: Connection) -> None:
    first, second = (
        ask(connection, wish(rule=rule), actor=MAYA, now=T0) for rule in ("budget", "actual_cost")
    )
    said = [state_of(each, TODAY) for each in waivers(connection)]
    grant(connection, first, actor=OTTO, now=T0)
    end(connection, second, actor=OTTO, now=T0)
    said += [state_of(each, TODAY) for each in waivers(connection)]
    said += [state_of(each, MONTH + DAY) for each in waivers(connection)]
    assert said == ["waiting", "waiting", "refused", "standing", "refused", "expired"]


def test_what_is_asked_for_or_stands_is_not_asked_for_again_until_it_has_ended(
    connection: Connection,
) -> None:
    number = ask(connection, wish(), actor=MAYA, now=T0)
    with pytest.raises(TemplateRefused, match=f"waiver {number} of budget, .* waits to be granted; end it"):
        ask(connection, wish(record_ref=""), actor=OTTO, now=T0)
    grant(connection, number, actor=OTTO, now=T0)
    with pytest.raises(TemplateRefused, match="was asked for by Maya Onwudiwe and stands"):
        ask(connection, wish(until=TODAY), actor=OTTO, now=T0)
    end(connection, number, actor=MAYA, now=T0)
    assert ask(connection, wish(), actor=MAYA, now=T0) > number


def test_a_granted_waiver_waives_its_findings_at_once_and_their_history_names_who_granted_it(
    connection: Connection,
) -> None:
    number = ask(connection, wish(), actor=MAYA, now=T0)
    granted = grant(connection, number, actor=OTTO, now=T0)
    rows = connection.execute(
        text(
            'SELECT f.id, f.state, f.waiver_id, m."by", m.because FROM finding f JOIN finding_move m'
            " ON m.finding_id = f.id WHERE f.rule = 'budget' AND f.closed_at IS NULL AND m.action = 'waive'"
        )
    ).all()
    said = f"Until {MONTH}: The budget is set in March"
    assert [tuple(row) for row in rows] == [(granted["findings"][0], "waived", number, OTTO.name, said)]


def judged(rows: Rows, day: date) -> tuple[set[str], dict[str, Any]]:
    """Look at APOLLO on a day; return the states of its budget's findings, and its newest assessment."""
    now = T0 + (day - TODAY)
    consolidate(rows.engine, as_of=day, known_at=now)
    with rows.engine.connect() as connection:
        states = {
            row[0]
            for row in connection.execute(
                text("SELECT state FROM finding WHERE rule = 'budget' AND closed_at IS NULL")
            )
        }
        result = connection.execute(
            text("SELECT result FROM assessment WHERE template = 'monthly-status' AND as_of = :day"),
            {"day": day},
        ).scalar_one()
    return states, result


def test_a_finding_stands_as_waived_until_the_last_day_and_is_raised_again_after_it(rows: Rows) -> None:
    with rows.engine.begin() as connection:
        grant(connection, ask(connection, wish(), actor=MAYA, now=T0), actor=OTTO, now=T0)
    during, document = judged(rows, TODAY + DAY)
    last, _ = judged(rows, MONTH)
    after, expired = judged(rows, MONTH + DAY)
    assert (during, last) == ({"waived"}, {"waived"})
    assert "waived" not in after
    assert len(after) == 1
    assert (document["waived"], "waived" in expired) == (["budget"], False)
    assert "budget" in {each["field"] for each in document["findings"]}  # the score stays what it is
