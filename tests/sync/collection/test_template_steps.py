"""A template's version from draft to retired: who may do which step, and what holds it back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine

from model.collection.roles import Actor
from model.declaration import InvalidDeclaration
from sync.collection.template_steps import (
    TemplateRefused,
    approve,
    authors_of,
    keep_trial,
    retire,
    send_back,
    submit,
    write,
)
from sync.collection.templates import NoSuchTemplate, current, kept, kept_version
from sync.today import today
from tests.support.rows import T0
from tests.support.template_samples import SMALL

IDA = Actor("Ida Lindqvist", frozenset(["specialist"]))
OLE = Actor("Ole Brandt", frozenset(["pmo_head"]))
MAY = Actor("May Sutton", frozenset(["project_manager"]))
TODAY = T0.date()
DAY = timedelta(days=1)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def drafted(connection: Connection, text: str = SMALL, *, by: Actor = IDA) -> str:
    return write(connection, text, where="small.yaml", actor=by, now=T0).version


def in_review(connection: Connection, text: str = SMALL) -> str:
    number = drafted(connection, text)
    known = submit(connection, "small", number, actor=IDA, now=T0)
    keep_trial(connection, known, {"sha256": known.sha256, "projects": 0})
    return number


def approved(connection: Connection, text: str = SMALL) -> str:
    number = in_review(connection, text)
    approve(connection, "small", number, actor=OLE, now=T0)
    return number


def next_(number: str, *changes: tuple[str, str]) -> str:
    text = SMALL.replace("version: 1.0.0", f"version: {number}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


WORDS = ("label: Name", "label: What it is called")
WARNS = ("weight: 3}", "weight: 4}")
TYPE = ('type: string, pattern: "^N-[0-9]+$", unique_within: project', "type: date")


def test_a_version_goes_from_draft_over_review_to_approved_and_retired(connection: Connection) -> None:
    number = drafted(connection)
    states = [kept_version(connection, "small", number).state]
    known = submit(connection, "small", number, actor=IDA, now=T0)
    keep_trial(connection, known, {"sha256": known.sha256})
    states.append(kept_version(connection, "small", number).state)
    approve(connection, "small", number, actor=OLE, now=T0, effective=TODAY + DAY)
    with pytest.raises(NoSuchTemplate, match="no version of small judges"):
        current(connection, "small", TODAY)
    assert current(connection, "small", TODAY + DAY).label == "small@1.0.0"
    retire(
        connection,
        "small",
        number,
        because="Nobody asks it",
        actor=OLE,
        now=T0 + 5 * DAY,
        last=TODAY + 9 * DAY,
    )
    found = kept_version(connection, "small", number)
    assert [*states, found.state] == ["draft", "review", "retired"]
    assert (found.submitted_by, found.approved_by, found.retired_by) == (IDA.name, OLE.name, OLE.name)
    assert current(connection, "small", TODAY + 9 * DAY).label == "small@1.0.0"
    with pytest.raises(NoSuchTemplate):
        current(connection, "small", TODAY + 10 * DAY)


def test_the_text_of_a_draft_may_change_and_of_what_is_in_review_not(connection: Connection) -> None:
    number = drafted(connection)
    drafted(connection, next_(number, WORDS))
    assert "What it is called" in kept_version(connection, "small", number).text
    submit(connection, "small", number, actor=IDA, now=T0)
    with pytest.raises(TemplateRefused, match=r"small@1\.0\.0 is in review and its text does not change"):
        drafted(connection)


def test_what_was_sent_back_is_a_draft_with_the_reason(connection: Connection) -> None:
    number = in_review(connection)
    send_back(connection, "small", number, because="Say what a cost is", actor=OLE, now=T0)
    found = kept_version(connection, "small", number)
    assert (found.state, found.because) == ("draft", "Say what a cost is")


def test_a_text_that_is_no_template_is_refused_with_every_complaint(connection: Connection) -> None:
    bad = SMALL.replace("cost <= budget", "cost <= budgte").replace("cost > 1000", "cots > 1000")
    with pytest.raises(InvalidDeclaration) as refused:
        drafted(connection, bad)
    assert "budgte" in str(refused.value)
    assert "cots" in str(refused.value)
    assert kept(connection, "small") == []


@pytest.mark.parametrize("author", [OLE.name, "ole  BRANDT"])
def test_nobody_approves_what_they_wrote_whatever_their_role(connection: Connection, author: str) -> None:
    number = drafted(connection, by=Actor(author, frozenset(["pmo_head"])))
    known = submit(connection, "small", number, actor=IDA, now=T0)
    keep_trial(connection, known, {"sha256": known.sha256})
    with pytest.raises(TemplateRefused, match=r"wrote small@1\.0\.0: somebody else has to approve it"):
        approve(connection, "small", number, actor=OLE, now=T0)


def test_nobody_approves_what_they_handed_in_even_who_runs_the_command_line(connection: Connection) -> None:
    number = drafted(connection)
    operator = Actor("root", frozenset(["operator"]))
    known = submit(connection, "small", number, actor=operator, now=T0)
    keep_trial(connection, known, {"sha256": known.sha256})
    with pytest.raises(TemplateRefused, match=r"handed in small@1\.0\.0: somebody else"):
        approve(connection, "small", number, actor=operator, now=T0)


def test_who_lacks_the_role_is_told_which_it_takes(connection: Connection) -> None:
    with pytest.raises(TemplateRefused, match="May Sutton may not write templates: that takes specialist or"):
        drafted(connection, by=MAY)
    number = in_review(connection)
    with pytest.raises(TemplateRefused, match="Ida Lindqvist may not approve templates: that takes pmo_head"):
        approve(connection, "small", number, actor=IDA, now=T0)


def test_what_was_not_tried_is_not_approved_nor_what_was_tried_before_it_changed(
    connection: Connection,
) -> None:
    number = drafted(connection)
    keep_trial(connection, kept_version(connection, "small", number), {"sha256": "of another text"})
    submit(connection, "small", number, actor=IDA, now=T0)
    with pytest.raises(TemplateRefused, match=r"muster template try small@1\.0\.0"):
        approve(connection, "small", number, actor=OLE, now=T0)


def test_a_version_takes_effect_neither_in_the_past_nor_before_the_one_it_follows(
    connection: Connection,
) -> None:
    number = in_review(connection)
    with pytest.raises(TemplateRefused, match="which has passed: what was judged stays so"):
        approve(connection, "small", number, actor=OLE, now=T0, effective=TODAY - DAY)
    approve(connection, "small", number, actor=OLE, now=T0, effective=TODAY + 9 * DAY)
    in_review(connection, next_("1.1.0", WARNS))
    with pytest.raises(TemplateRefused, match=f"cannot take effect before {TODAY + 9 * DAY}"):
        approve(connection, "small", "1.1.0", actor=OLE, now=T0)


@pytest.mark.parametrize(
    ("change", "small", "enough"),
    [(WARNS, "1.0.1", "1.1.0"), (TYPE, "1.7.0", "2.0.0"), (WORDS, "1.0.0", "1.0.1")],
)
def test_the_number_has_to_say_how_much_changed(
    connection: Connection, change: tuple[str, str], small: str, enough: str
) -> None:
    approved(connection)
    with pytest.raises(TemplateRefused, match=f"asks for {enough} at least|does not change any more"):
        drafted(connection, next_(small, change))
    assert drafted(connection, next_(enough, change)) == enough


def test_a_version_that_differs_in_nothing_is_refused(connection: Connection) -> None:
    approved(connection)
    with pytest.raises(TemplateRefused, match=r"nothing differs from small@1\.0\.0"):
        drafted(connection, next_("1.1.0"))


def test_a_version_that_says_it_supersedes_another_is_refused(connection: Connection) -> None:
    approved(connection)
    with pytest.raises(TemplateRefused, match=r"supersedes 0\.9\.0, but the newest version is 1\.0\.0"):
        drafted(connection, next_("1.1.0", WARNS, ("title:", "supersedes: 0.9.0, title:")))


def test_a_step_out_of_turn_says_how_it_stands(connection: Connection) -> None:
    number = drafted(connection)
    with pytest.raises(TemplateRefused, match=r"small@1\.0\.0 is a draft; only what is in review"):
        approve(connection, "small", number, actor=OLE, now=T0)
    with pytest.raises(NoSuchTemplate, match=r"no version 9\.9\.9 of small"):
        submit(connection, "small", "9.9.9", actor=IDA, now=T0)


def test_a_retirement_needs_a_reason_and_leaves_what_was_judged(connection: Connection) -> None:
    number = approved(connection)
    with pytest.raises(TemplateRefused, match="say why"):
        retire(connection, "small", number, because=" ", actor=OLE, now=T0)
    with pytest.raises(TemplateRefused, match="what was judged since stays so"):
        retire(connection, "small", number, because="Wrong", actor=OLE, now=T0, last=TODAY - DAY)


def test_the_day_a_version_is_retired_is_the_last_it_judges_and_no_earlier_one_comes_back(
    connection: Connection,
) -> None:
    approved(connection)
    in_review(connection, next_("1.1.0", WARNS))
    approve(connection, "small", "1.1.0", actor=OLE, now=T0)
    found = retire(connection, "small", "1.1.0", because="Wrong", actor=OLE, now=T0)
    assert found.effective_to == TODAY
    assert current(connection, "small", TODAY).label == "small@1.1.0"
    with pytest.raises(NoSuchTemplate, match="no version of small judges"):
        current(connection, "small", TODAY + DAY)


def test_a_version_retired_before_its_first_day_never_judges_and_the_earlier_one_goes_on(
    connection: Connection,
) -> None:
    approved(connection)
    in_review(connection, next_("1.1.0", WARNS))
    approve(connection, "small", "1.1.0", actor=OLE, now=T0, effective=TODAY + 9 * DAY)
    with pytest.raises(TemplateRefused, match="give no last day, and it never judges"):
        retire(connection, "small", "1.1.0", because="x", actor=OLE, now=T0, last=TODAY + 3 * DAY)
    assert retire(connection, "small", "1.1.0", because="Wrong", actor=OLE, now=T0).never
    assert current(connection, "small", TODAY + 9 * DAY).label == "small@1.0.0"


@pytest.mark.parametrize("again", ["1.0.0", "1.0.1"])
def test_who_wrote_a_text_that_somebody_drafts_again_with_a_word_changed_still_wrote_it(
    connection: Connection, again: str
) -> None:
    drafted(connection, by=Actor("OLE brandt", frozenset(["pmo_head"])))
    number = in_review(connection, next_(again, WORDS))
    with pytest.raises(TemplateRefused, match=rf"Ole Brandt wrote small@{again}: somebody else"):
        approve(connection, "small", number, actor=OLE, now=T0)
    known = kept_version(connection, "small", number)
    assert set(authors_of(kept(connection, "small"), known)) == {IDA.name, "OLE brandt"}


def test_who_wrote_the_version_before_may_approve_the_next(connection: Connection) -> None:
    approved(connection)
    later = T0 + DAY
    text = next_("1.1.0", WARNS)
    write(connection, text, where="s.yaml", actor=Actor("Ann", frozenset(["specialist"])), now=later)
    known = submit(connection, "small", "1.1.0", actor=Actor("Ann", frozenset(["specialist"])), now=later)
    keep_trial(connection, known, {"sha256": known.sha256})
    ida = Actor(IDA.name, frozenset(["pmo_head"]))
    assert approve(connection, "small", "1.1.0", actor=ida, now=later).state == "approved"


def test_a_number_lower_than_the_approved_one_is_said_to_be_lower(connection: Connection) -> None:
    approved(connection)
    for changes in ([], [WARNS]):
        with pytest.raises(TemplateRefused, match=r"version 0\.9\.0 is lower than 1\.0\.0"):
            drafted(connection, next_("0.9.0", *changes))


@pytest.mark.parametrize(
    ("cadence", "says"),
    [
        (
            "{every: month, calendar: mars}",
            r"small\.yaml:1:\d+: template\.cadence\.calendar: there is no calendar 'mars'",
        ),
        (
            "{every: month, due: period_end - P9D}",
            r"cadence\.due: 2026-\d\d would be due on .*, before it opens",
        ),
        ("{every: week, open: period_end + 3WD, due: period_end + P2D}", "before it opens"),
    ],
)
def test_a_cadence_that_no_cycle_can_be_opened_by_is_refused_with_its_place(
    connection: Connection, cadence: str, says: str
) -> None:
    text = next_("1.0.0", ("title: Small,", f"title: Small, cadence: {cadence},"))
    with pytest.raises(InvalidDeclaration, match=says):
        drafted(connection, text)
    assert kept(connection, "small") == []


def test_a_day_is_the_portfolios_own(connection: Connection) -> None:
    assert today(connection, T0) == TODAY
