"""Proposals of what may be one: confirmed or refused by an officer, never applied by themselves, taken back whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from model import tables
from sync.identity.decide import CannotDecide, Linked, NoSuchProposal, decide, link
from sync.identity.named import named
from sync.identity.turns import take_turn
from sync.identity.written import written_names
from sync.match import Matched, match
from tests.support.rows import T0, Rows
from tests.support.store import ask

LATER = T0 + timedelta(days=1)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    found = Rows(engine)
    found.source("jira-cloud", "jira")
    found.source("ado", "azure_devops")
    found.source("pmo-files", "excel")
    return found


def run(rows: Rows, at: datetime = T0) -> Matched:
    with Session(rows.engine) as session, session.begin():
        return match(session, known_at=at)


def proposals(rows: Rows, **where: Any) -> list[dict[str, Any]]:
    found = ask(rows.engine, "SELECT * FROM match_proposal ORDER BY confidence DESC, id")
    return [row for row in found if all(row[name] == value for name, value in where.items())]


def project_of(rows: Rows, scope: str) -> str | None:
    [found] = ask(
        rows.engine,
        "SELECT p.key FROM scope s LEFT JOIN project p ON p.id = s.project_id"
        " WHERE s.key = :key AND s.kind <> 'register_row'",
        key=scope,
    )
    key: str | None = found["key"]
    return key


def account(rows: Rows, source: str, name: str, *, mail: str | None = None, **more: Any) -> int:
    with rows.engine.begin() as connection:
        values = {"external_id": f"acc-{rows.next()}", "display_name": name, "email_hash": mail} | more
        statement = insert(tables.Identity).values(source_id=rows.sources[source], **values)
        return int(connection.execute(statement.returning(tables.Identity.id)).scalar_one())


def person_of(rows: Rows, identity: int) -> Any:
    [found] = ask(
        rows.engine,
        "SELECT coalesce(p.same_as, p.id) AS id FROM identity i JOIN person p ON p.id = i.person_id WHERE i.id = :id",
        id=identity,
    )
    return found["id"]


def say(rows: Rows, number: int, act: str, *, by: str = "Ada", at: datetime = LATER) -> str:
    return decide(rows.engine, number, act, by=by, because="looked it up", now=at).then


def test_a_likely_home_is_proposed_with_reasons_that_add_up_and_binds_nothing(rows: Rows) -> None:
    rows.scope("jira-cloud", "CPX", name="Citizen Portal Programme", lead="Maya Lindqvist")
    rows.register("pmo-files", "PORTAL", name="Citizen portal", manager="M. Lindqvist")
    run(rows)
    [found] = proposals(rows)
    assert (found["kind"], found["state"], found["target_says"]) == (
        "scope",
        "open",
        "PORTAL (Citizen portal)",
    )
    assert sum(reason["weight"] for reason in found["reasons"]) == pytest.approx(found["confidence"])
    assert project_of(rows, "CPX") is None
    run(rows, LATER)
    assert len(proposals(rows)) == 1


def test_a_confirmed_home_binds_with_the_next_matching_and_undone_it_is_as_before(rows: Rows) -> None:
    rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows)
    [found] = proposals(rows)
    say(rows, found["id"], "confirm")
    assert project_of(rows, "CPX") is None
    run(rows, LATER)
    assert project_of(rows, "CPX") == "PORTAL"
    [scope] = ask(rows.engine, "SELECT bound_by FROM scope WHERE key = 'CPX'")
    assert scope["bound_by"] == f"proposal {found['id']}, confirmed by Ada"
    say(rows, found["id"], "undo")
    run(rows, LATER)
    assert project_of(rows, "CPX") is None
    assert [row["state"] for row in proposals(rows)] == ["open"]
    acts = ask(rows.engine, "SELECT act, by, because FROM match_decision ORDER BY id")
    assert [row["act"] for row in acts] == ["confirmed", "undone"]
    assert {row["because"] for row in acts} == {"looked it up"}


def test_what_was_refused_is_not_proposed_again_but_another_home_is(rows: Rows) -> None:
    rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows)
    say(rows, proposals(rows)[0]["id"], "refuse")
    rows.register("pmo-files", "SECOND", name="Citizen portal programme", row=9)
    found = run(rows, LATER)
    assert [(row["state"], row["target_says"]) for row in proposals(rows, kind="scope")] == [
        ("refused", "PORTAL (Citizen portal)"),
        ("open", "SECOND (Citizen portal programme)"),
    ]
    assert "SECOND" in found.unbound[0]


def test_a_refused_home_is_not_bound_by_the_same_key_either(rows: Rows) -> None:
    scope = rows.scope("jira-cloud", "PORTAL", name="Portal of another office")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows)
    assert project_of(rows, "PORTAL") == "PORTAL"
    [source] = ask(rows.engine, "SELECT source_id, external_id FROM scope WHERE id = :id", id=scope)
    apart = Linked(
        "scope",
        f"{source['source_id']}/{source['external_id']}",
        rows.project_id("PORTAL"),
        "PORTAL",
        "PORTAL",
    )
    number = link(rows.engine, apart, by="Ada", because="no", now=LATER, act="refuse").number
    run(rows, LATER)
    asked = "SELECT project_id FROM scope WHERE id = :id"
    assert ask(rows.engine, asked, id=scope) == [{"project_id": None}]
    say(rows, number, "undo")
    run(rows, LATER)
    assert ask(rows.engine, asked, id=scope) == [{"project_id": rows.project_id("PORTAL")}]


def test_the_register_goes_before_an_officers_word_and_says_so(rows: Rows) -> None:
    rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    other = rows.register("pmo-files", "OTHER", name="Something else", row=9)
    run(rows)
    say(rows, proposals(rows)[0]["id"], "confirm")
    rows.rewrite(other, bind_jira="CPX")
    found = run(rows, LATER)
    assert project_of(rows, "CPX") == "OTHER"
    assert any(
        "confirmed by Ada: jira-cloud CPX is bound to another project" in each for each in found.warnings
    )


def test_two_likely_homes_are_both_proposed_each_with_the_doubt(rows: Rows) -> None:
    rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "A", name="Citizen portal")
    rows.register("pmo-files", "B", name="Citizen portal", row=9)
    run(rows)
    found = proposals(rows, kind="scope")
    assert len(found) == 2
    assert all(any(reason["rule"] == "not_alone" for reason in row["reasons"]) for row in found)
    say(rows, found[0]["id"], "confirm")
    with pytest.raises(CannotDecide, match=f"proposal {found[0]['id']}.*undo that first"):
        say(rows, found[1]["id"], "confirm")


def test_names_of_projects_in_records_are_matched_when_confirmed(rows: Rows) -> None:
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    rows.milestone("pmo-files", "Citizen-Portal Programme", "Go live")
    rows.raid("pmo-files", "citizen-portal programme")
    assert len(run(rows).unbound) == 2
    [found] = proposals(rows)
    assert "2 records" in found["subject_says"]
    say(rows, found["id"], "confirm")
    assert run(rows, LATER).unbound == []
    for table in ("milestone", "raid_item"):
        assert ask(rows.engine, f"SELECT project_id FROM {table}") == [
            {"project_id": rows.project_id("PORTAL")}
        ]
    say(rows, found["id"], "undo")
    run(rows, LATER)
    assert ask(rows.engine, "SELECT project_id FROM milestone") == [{"project_id": None}]


def test_a_renamed_register_row_is_proposed_as_the_same_project_and_keeps_its_history(rows: Rows) -> None:
    old = rows.register("pmo-files", "PORTAL", name="Citizen portal", manager="Maya Lindqvist")
    run(rows)
    first = rows.project_id("PORTAL")
    rows.change(tables.Scope, old, deleted_at=LATER)
    rows.register("pmo-files", "CITIZEN", name="Citizen Portal", row=9)
    rows.milestone("pmo-files", "CITIZEN", "Go live")
    run(rows, LATER)
    [found] = proposals(rows, kind="project")
    assert found["target"] == first
    assert any(reason["rule"] == "followed" for reason in found["reasons"])
    say(rows, found["id"], "confirm")
    run(rows, LATER)
    alive = ask(rows.engine, "SELECT id, key, name FROM project WHERE closed_at IS NULL")
    assert alive == [{"id": first, "key": "PORTAL", "name": "Citizen Portal"}]
    assert ask(rows.engine, "SELECT project_id FROM milestone") == [{"project_id": first}]
    say(rows, found["id"], "undo")
    run(rows, LATER)
    assert [row["key"] for row in ask(rows.engine, "SELECT key FROM project WHERE closed_at IS NULL")] == [
        "CITIZEN"
    ]


def test_without_a_register_two_trackers_projects_become_one_and_two_again(rows: Rows) -> None:
    rows.scope("jira-cloud", "POR", name="Citizen portal", lead="Maya Lindqvist")
    run(rows)
    rows.scope("ado", "Citizen Portal", kind="ado_project", name="Citizen Portal", lead="Maya Lindqvist")
    run(rows, LATER)
    [found] = proposals(rows, kind="project")
    assert (found["subject_says"], found["target_says"]) == ("Citizen Portal", "POR (Citizen portal)")
    say(rows, found["id"], "confirm")
    assert run(rows, LATER).projects == 1
    assert project_of(rows, "Citizen Portal") == "POR"
    say(rows, found["id"], "undo")
    assert run(rows, LATER).projects == 2


def test_people_of_one_name_in_two_trackers_are_proposed_and_merged_only_when_confirmed(rows: Rows) -> None:
    one = account(rows, "jira-cloud", "Maya Lindqvist")
    other = account(rows, "ado", "Lindqvist, Maya", mail="hash-maya")
    run(rows)
    [found] = proposals(rows)
    assert (found["kind"], found["state"]) == ("person", "open")
    assert person_of(rows, one) != person_of(rows, other)
    assert "are one person" in say(rows, found["id"], "confirm")
    assert person_of(rows, one) == person_of(rows, other)
    late = account(rows, "ado", "Maya L.", mail="hash-maya")
    run(rows, LATER)
    assert person_of(rows, late) == person_of(rows, one)
    say(rows, found["id"], "undo")
    assert person_of(rows, one) != person_of(rows, other)
    assert person_of(rows, late) == person_of(rows, other)


def test_two_active_accounts_of_one_tracker_are_two_people_and_one_that_left_may_be_the_same(
    rows: Rows,
) -> None:
    account(rows, "jira-cloud", "Sam Achterberg", active=True)
    account(rows, "jira-cloud", "Sam Achterberg", active=True)
    account(rows, "ado", "Grace Mbeki", active=False)
    account(rows, "ado", "Grace Mbeki", active=True)
    run(rows)
    [found] = proposals(rows)
    assert found["subject_says"] == "Grace Mbeki (ado)"
    assert any(reason["rule"] == "left" for reason in found["reasons"])


def test_a_merge_that_would_join_two_who_were_refused_is_refused_with_the_reason(rows: Rows) -> None:
    rows.source("jira-dc", "jira")
    for source in ("jira-cloud", "ado", "jira-dc"):
        account(rows, source, "Maya Lindqvist")
    run(rows)
    found = {(row["subject_says"], row["target_says"]): row["id"] for row in proposals(rows)}
    cloud, ado, dc = (f"Maya Lindqvist ({source})" for source in ("jira-cloud", "ado", "jira-dc"))
    first = {frozenset(pair): number for pair, number in found.items()}
    say(rows, first[frozenset([cloud, ado])], "refuse")
    say(rows, first[frozenset([cloud, dc])], "confirm")
    with pytest.raises(CannotDecide, match="two would be one of whom it was refused"):
        say(rows, first[frozenset([ado, dc])], "confirm")
    say(rows, first[frozenset([cloud, ado])], "undo")
    say(rows, first[frozenset([ado, dc])], "confirm")
    assert len({row["id"] for row in ask(rows.engine, "SELECT coalesce(same_as, id) AS id FROM person")}) == 1


def test_a_name_in_a_workbook_is_a_person_only_when_confirmed(rows: Rows) -> None:
    account(rows, "jira-cloud", "Maya Lindqvist")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    rows.raid("pmo-files", "PORTAL", owner="Lindqvist, M.")
    run(rows)
    [found] = proposals(rows, kind="name")
    assert found["subject_says"] == "'Lindqvist, M.', RAID owner in pmo-files"
    with Session(rows.engine) as session:
        assert not written_names(session).same("Lindqvist, M.", "Maya Lindqvist")
    say(rows, found["id"], "confirm")
    with Session(rows.engine) as session:
        assert written_names(session).same("Lindqvist, M.", "Maya Lindqvist")
        assert not written_names(session).same("Lindqvist, M.", "Mark Lindqvist")


def test_a_proposal_nothing_speaks_for_any_more_goes_and_comes_back_with_its_reasons(rows: Rows) -> None:
    scope = rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows)
    rows.change(tables.Scope, scope, name="Stock room")
    run(rows, LATER)
    assert [row["state"] for row in proposals(rows)] == ["gone"]
    rows.change(tables.Scope, scope, name="Citizen portal")
    run(rows, LATER + timedelta(days=1))
    assert [row["state"] for row in proposals(rows)] == ["open"]


def test_a_look_back_neither_proposes_nor_takes_away(rows: Rows) -> None:
    scope = rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows, LATER)
    rows.change(tables.Scope, scope, name="Stock room")
    run(rows, T0)
    assert [row["state"] for row in proposals(rows)] == ["open"]


@pytest.mark.parametrize(("by", "because"), [("", "why"), ("Ada", "  ")])
def test_a_decision_without_a_name_or_a_reason_is_none(rows: Rows, by: str, because: str) -> None:
    rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows)
    number = proposals(rows)[0]["id"]
    with pytest.raises(CannotDecide, match="who decides it and why"):
        decide(rows.engine, number, "confirm", by=by, because=because, now=LATER)
    assert proposals(rows)[0]["state"] == "open"


def test_deciding_twice_or_on_nothing_is_refused_in_words(rows: Rows) -> None:
    rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows)
    number = proposals(rows)[0]["id"]
    with pytest.raises(CannotDecide, match="nothing to undo"):
        say(rows, number, "undo")
    say(rows, number, "refuse", by="Ben")
    with pytest.raises(CannotDecide, match="refused by Ben on 2026-11-03; undo that first"):
        say(rows, number, "confirm")
    with pytest.raises(NoSuchProposal, match="there is no proposal 999; open are: none"):
        say(rows, 999, "confirm")


def test_an_account_that_a_shared_address_gave_to_the_wrong_person_is_parted_and_given_back(
    rows: Rows,
) -> None:
    one = account(rows, "jira-cloud", "Service desk", mail="hash-desk")
    other = account(rows, "ado", "Maya Lindqvist", mail="hash-desk")
    run(rows)
    assert person_of(rows, one) == person_of(rows, other)
    with rows.engine.connect() as connection:
        apart = named(connection, "account", "ado:Maya Lindqvist", "jira-cloud:acc-1")
    number = link(rows.engine, apart, by="Ada", because="a shared mailbox", now=LATER, act="refuse").number
    run(rows, LATER)
    assert person_of(rows, one) != person_of(rows, other)
    run(rows, LATER + timedelta(days=1))
    assert person_of(rows, one) != person_of(rows, other)
    say(rows, number, "undo")
    run(rows, LATER + timedelta(days=2))
    assert person_of(rows, one) == person_of(rows, other)


def test_an_officer_gives_an_account_to_a_person(rows: Rows) -> None:
    one = account(rows, "jira-cloud", "Maya Lindqvist")
    bot = account(rows, "ado", "svc-4711")
    run(rows)
    with rows.engine.connect() as connection:
        meant = named(connection, "account", "ado:svc-4711", "Maya Lindqvist")
    link(rows.engine, meant, by="Ada", because="her second account", now=LATER)
    run(rows, LATER)
    assert person_of(rows, bot) == person_of(rows, one)
    [found] = ask(rows.engine, "SELECT matched_by FROM identity WHERE id = :id", id=bot)
    assert found["matched_by"] == "officer"


@pytest.mark.parametrize("order", list(permutations(["merge", "refuse", "confirm"])), ids="-".join)
@pytest.mark.parametrize("kind", ["name", "account", "person"])
def test_of_three_decisions_that_contradict_each_other_the_last_is_refused_with_what_to_undo(
    rows: Rows, kind: str, order: tuple[str, ...]
) -> None:
    account(rows, "jira-cloud", "Dan Petrov")
    account(rows, "ado", "Dan Petrov")
    account(rows, "ado", "petrovd")
    run(rows)
    one, other, third = (
        row["person_id"] for row in ask(rows.engine, "SELECT person_id FROM identity ORDER BY id")
    )
    subject = {"name": "d petrov", "account": f"{rows.sources['ado']}/acc-3", "person": str(third)}[kind]
    ways = {
        "merge": (
            Linked("person", str(other), one, "Dan Petrov (ado)", "Dan Petrov (jira-cloud)"),
            "confirm",
        ),
        "refuse": (Linked(kind, subject, one, "D. Petrov", "Dan Petrov (jira-cloud)"), "refuse"),
        "confirm": (Linked(kind, subject, other, "D. Petrov", "Dan Petrov (ado)"), "confirm"),
    }

    def decide_on(step: str) -> int:
        linked, act = ways[step]
        return link(rows.engine, linked, by="Ada", because="asked", now=LATER, act=act).number

    first, second = (decide_on(step) for step in order[:2])
    before = proposals(rows)
    with pytest.raises(CannotDecide, match=r"proposal \d+, .*by Ada.*; undo that first") as refused:
        decide_on(order[2])
    assert proposals(rows) == before
    named_there = {number for number in (first, second) if f"proposal {number}," in str(refused.value)}
    assert named_there
    say(rows, min(named_there), "undo")
    decide_on(order[2])


def test_projects_that_became_one_cannot_be_told_apart_by_one_of_their_scopes(rows: Rows) -> None:
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    rows.register("pmo-files", "LEDGER", name="General ledger", row=9)
    rows.scope("jira-cloud", "CPX", name="Something of its own")
    run(rows)

    def decide_on(kind: str, subject: str, target: str, act: str) -> None:
        with rows.engine.connect() as connection:
            meant = named(connection, kind, subject, target)
        link(rows.engine, meant, by="Ada", because="asked", now=LATER, act=act)

    decide_on("scope", "jira-cloud:CPX", "PORTAL", "refuse")
    decide_on("scope", "jira-cloud:CPX", "LEDGER", "confirm")
    with pytest.raises(CannotDecide, match="two would be one of whom it was refused: proposal"):
        decide_on("project", "LEDGER", "PORTAL", "confirm")


def test_who_was_given_an_account_that_was_parted_from_another_is_not_merged_with_that_other(
    rows: Rows,
) -> None:
    account(rows, "jira-cloud", "Service desk", mail="hash-desk")
    parted = account(rows, "ado", "Maya Lindqvist", mail="hash-desk")
    run(rows)
    with rows.engine.connect() as connection:
        apart = named(connection, "account", "ado:Maya Lindqvist", "jira-cloud:acc-1")
    link(rows.engine, apart, by="Ada", because="a shared mailbox", now=LATER, act="refuse")
    run(rows, LATER)
    with rows.engine.connect() as connection:
        meant = named(connection, "person", str(person_of(rows, parted)), "jira-cloud:acc-1")
    with pytest.raises(CannotDecide, match=r"two would be one of whom it was refused: .*Service desk"):
        link(rows.engine, meant, by="Ada", because="?", now=LATER)


def test_what_is_gone_cannot_be_decided_but_can_still_be_said_by_hand(rows: Rows) -> None:
    scope = rows.scope("jira-cloud", "CPX", name="Citizen Portal")
    rows.register("pmo-files", "PORTAL", name="Citizen portal")
    run(rows)
    rows.change(tables.Scope, scope, name="Stock room")
    run(rows, LATER)
    [found] = proposals(rows, state="gone")
    for act in ("confirm", "refuse"):
        with pytest.raises(CannotDecide, match=r"nothing speaks for proposal .* any more.*by hand"):
            say(rows, found["id"], act)
    with rows.engine.connect() as connection:
        meant = named(connection, "scope", "jira-cloud:CPX", "PORTAL")
    assert link(rows.engine, meant, by="Ada", because="asked", now=LATER).state == "confirmed"


def test_a_name_said_not_to_be_somebodys_is_not_theirs_because_a_tracker_shows_it(rows: Rows) -> None:
    account(rows, "jira-cloud", "Dan Petrov")
    run(rows)
    [person] = ask(rows.engine, "SELECT id FROM person")
    said = Linked("name", "danny p", person["id"], "Danny P.", "Dan Petrov")
    link(rows.engine, said, by="Ada", because="asked", now=LATER)
    with Session(rows.engine) as session:
        assert written_names(session).same("Danny P.", "Dan Petrov")
    other = Linked("name", "dan petrov", person["id"], "Dan Petrov", "Dan Petrov")
    link(rows.engine, other, by="Ada", because="the minister", now=LATER, act="refuse")
    with Session(rows.engine) as session:
        assert not written_names(session).same("Danny P.", "Dan Petrov")


def test_matching_waits_for_whoever_decides_before_it_holds_anything(rows: Rows) -> None:
    rows.scope("jira-cloud", "APO")
    with ThreadPoolExecutor(1) as others:
        with rows.engine.begin() as officer:
            take_turn(officer)
            matching = others.submit(run, rows)
            with pytest.raises(TimeoutError):
                matching.result(timeout=0.5)
        assert matching.result(timeout=30).projects == 1
