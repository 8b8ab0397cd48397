"""Which version of a template judges on a day, and how the shipped ones come to be stored."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from sync.collection.templates import (
    Kept,
    NoSuchTemplate,
    current,
    install,
    judging,
    kept,
    shipped_versions,
    version,
)
from tests.support.rows import T0

TODAY = T0.date()
BEGINNING = date(2000, 1, 1)


def one(
    number: str, *, since: date | None = None, until: date | None = None, state: str = "approved"
) -> Kept:
    return Kept("weekly", number, state, "", "", effective_from=since, effective_to=until)


def install_all(connection: Connection) -> None:
    install(connection, day=TODAY, now=T0)


def test_a_version_judges_from_its_day_until_the_next_takes_effect() -> None:
    first, second = one("1.0.0"), one("1.1.0", since=TODAY)
    assert judging([first, second], TODAY - timedelta(days=1)) == first
    assert judging([first, second], TODAY) == second


def test_versions_are_compared_as_numbers_when_they_take_effect_on_one_day() -> None:
    assert judging([one("1.10.0"), one("1.9.0")], TODAY) == one("1.10.0")


def test_when_the_newest_is_retired_no_earlier_one_comes_back() -> None:
    retired = one("1.1.0", since=BEGINNING, until=TODAY, state="retired")
    assert judging([one("1.0.0"), retired], TODAY) == retired
    assert judging([one("1.0.0"), retired], TODAY + timedelta(days=1)) is None


def test_a_version_retired_before_it_took_effect_never_judges() -> None:
    never = one("1.1.0", since=TODAY, until=TODAY - timedelta(days=1), state="retired")
    assert judging([one("1.0.0"), never], TODAY + timedelta(days=9)) == one("1.0.0")


@given(st.lists(st.sampled_from(["draft", "review"]), max_size=5), st.dates())
def test_what_is_not_approved_never_judges(states: list[str], day: date) -> None:
    waiting = [one(f"1.{number}.0", state=state) for number, state in enumerate(states)]
    assert judging(waiting, day) is None


def test_the_shipped_templates_judge_all_days_before_anything_is_stored(engine: Engine) -> None:
    with engine.connect() as connection:
        assert current(connection, "monthly-status", date(2025, 6, 30)).label == "monthly-status@3.1.0"
        assert current(connection, "raid-log", BEGINNING).label == "raid-log@2.0.0"


def test_what_is_stored_judges_as_what_was_shipped_did(engine: Engine) -> None:
    days = [BEGINNING, date(2025, 6, 30), TODAY, date(2040, 1, 1)]
    ids = sorted({each.template for each in shipped_versions()})
    with engine.begin() as connection:
        before = [current(connection, id_, day).label for id_ in ids for day in days]
        install_all(connection)
        after = [current(connection, id_, day).label for id_ in ids for day in days]
    assert before == after


def test_shipped_templates_are_stored_once_as_approved(engine: Engine) -> None:
    with engine.begin() as connection:
        install_all(connection)
        install_all(connection)
        found = kept(connection)
    assert [each.label for each in found] == [each.label for each in shipped_versions()]
    assert {each.state for each in found} == {"approved"}


def test_a_version_that_comes_with_a_later_release_leaves_the_past_as_it_was_judged(engine: Engine) -> None:
    with engine.begin() as connection:
        install_all(connection)
        connection.execute(text("UPDATE template_version SET version = '1.9.9' WHERE template = 'raid-log'"))
        [new] = install(connection, day=TODAY, now=T0)
        assert (new.label, new.effective_from) == ("raid-log@2.0.0", TODAY)
        assert [each.version for each in kept(connection, "raid-log")] == ["1.9.9", "2.0.0"]


def test_a_shipped_version_beside_the_offices_own_waits_for_its_decision(engine: Engine) -> None:
    with engine.begin() as connection:
        install_all(connection)
        connection.execute(
            text(
                "UPDATE template_version SET version = '1.9.9', created_by = 'Ida' WHERE template = 'raid-log'"
            )
        )
        [new] = install(connection, day=TODAY, now=T0)
        assert (new.label, new.state) == ("raid-log@2.0.0", "draft")


def test_an_unknown_template_or_version_is_refused_with_what_there_is(engine: Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(NoSuchTemplate, match=r"no template 'weekly'; there are .*monthly-status"):
            current(connection, "weekly", TODAY)
        with pytest.raises(NoSuchTemplate, match=r"no version 9\.9\.9 of raid-log; there are 2\.0\.0"):
            version(connection, "raid-log", "9.9.9")


def test_a_version_is_found_in_whatever_state_it_is(engine: Engine) -> None:
    with engine.begin() as connection:
        install_all(connection)
        connection.execute(text("UPDATE template_version SET state = 'retired' WHERE template = 'raid-log'"))
        assert version(connection, "raid-log", "2.0.0").label == "raid-log@2.0.0"


def test_versions_sort_by_number() -> None:
    assert replace(one("3.10.0")).number > one("3.9.0").number
