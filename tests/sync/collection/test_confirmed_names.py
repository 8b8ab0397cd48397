"""Names that an officer confirmed to be one person's count for who may act, and for who may not approve their own."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert

from model import tables
from model.collection.roles import Actor, operator
from sync.collection.refused import NotAllowed
from sync.collection.template_steps import TemplateRefused
from sync.collection.waivers import Wish, ask, grant
from sync.identity.decide import decide, link
from sync.identity.named import named
from tests.support.cycles import MANAGER, OFFICER, OPENED, REPORT, Office, office

MIRA = Actor("M. Manager")  # as her token has it; the register says Mira Manager
SHE = "Mira Manager"
DAY = timedelta(days=1)


@pytest.fixture
def apollo(engine: Engine) -> Office:
    """An office in which a tracker knows Mira Manager."""
    found = office(engine)
    with engine.begin() as connection:
        source = found.rows.sources["pmo-files"]
        connection.execute(
            insert(tables.Identity).values(source_id=source, external_id="acc-1", display_name=SHE)
        )
    return found


def confirm(found: Office, name: str) -> int:
    with found.engine.connect() as connection:
        meant = named(connection, "name", name, SHE)
    return link(found.engine, meant, by="Ada", because="asked her", now=OPENED).number


def test_a_confirmed_name_acts_for_the_project_that_names_the_person_and_no_longer_when_undone(
    apollo: Office,
) -> None:
    apollo.project("APOLLO")
    apollo.open()
    with pytest.raises(NotAllowed, match=r"M\. Manager may not answer for APOLLO"):
        apollo.answer(REPORT, by=MIRA)
    number = confirm(apollo, MIRA.name)
    apollo.answer(REPORT, by=MIRA)
    assert apollo.move("submit", MIRA).state == "submitted"
    decide(apollo.engine, number, "undo", by="Ada", because="another M. Manager", now=OPENED)
    apollo.move("review", OFFICER)
    apollo.move("return", OFFICER, because="Say more")
    with pytest.raises(NotAllowed, match=r"M\. Manager may not answer for APOLLO"):
        apollo.answer({"achievements": "The second module went through its first test."}, by=MIRA)


def test_nobody_approves_under_another_name_what_they_answered_or_submitted(apollo: Office) -> None:
    apollo.project("APOLLO", sponsor=MIRA.name)
    apollo.open()
    confirm(apollo, MIRA.name)
    apollo.answer(REPORT, by=MANAGER)
    apollo.move("submit", MANAGER)
    apollo.move("review", OFFICER)
    for also in (MIRA, operator("m manager")):
        with pytest.raises(NotAllowed, match="answered or submitted this: somebody else has to approve it"):
            apollo.move("approve", also)
    assert apollo.move("approve", operator("Ann Other")).state == "approved"


def test_nobody_approves_their_own_under_another_name_where_a_project_names_nobody(apollo: Office) -> None:
    apollo.project("APOLLO", manager=None, sponsor=None)
    apollo.open()
    confirm(apollo, MIRA.name)
    apollo.answer(REPORT, by=operator(SHE))
    apollo.move("submit", operator(SHE))
    apollo.move("review", OFFICER)
    with pytest.raises(NotAllowed, match="somebody else has to approve it"):
        apollo.move("approve", operator(MIRA.name))


def test_persons_who_were_confirmed_to_be_one_are_one_by_the_names_their_trackers_show(
    apollo: Office,
) -> None:
    apollo.project("APOLLO")
    with apollo.engine.begin() as connection:
        source = apollo.rows.sources["pmo-files"]
        connection.execute(
            insert(tables.Identity).values(source_id=source, external_id="acc-2", display_name="Mira Married")
        )
    apollo.open()
    with pytest.raises(NotAllowed):
        apollo.answer(REPORT, by=Actor("Mira Married"))
    with apollo.engine.connect() as connection:
        meant = named(connection, "person", "Mira Married", SHE)
    link(apollo.engine, meant, by="Ada", because="asked her", now=OPENED)
    apollo.answer(REPORT, by=Actor("Mira Married"))


def test_nobody_grants_under_another_name_the_waiver_they_asked_for(apollo: Office) -> None:
    apollo.project("APOLLO")
    apollo.known()
    confirm(apollo, MIRA.name)
    until = OPENED.date() + 30 * DAY
    with apollo.engine.begin() as connection:
        wish = Wish(
            project="APOLLO", template="monthly-status", rule="budget", because="In March", until=until
        )
        number = ask(connection, wish, actor=MANAGER, now=OPENED)
        twin = Actor(MIRA.name, frozenset({"project_officer"}))
        with pytest.raises(TemplateRefused, match="asked for this waiver: somebody else has to grant it"):
            grant(connection, number, actor=twin, now=OPENED)
