"""What must not happen to answers and submissions, and what is said instead."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from model.collection.roles import Actor, operator
from sync.collection.answers import Change, give_answers
from sync.collection.case import open_case
from sync.collection.cycles import close_cycle, open_cycle
from sync.collection.heads import heads
from sync.collection.moves import moves_of
from sync.collection.refused import Held, NotAllowed, NotAnswerable, NotOpen, Stale
from sync.collection.submissions import move
from sync.collection.waivers import Wish, ask, grant
from tests.support.cycles import HEAD, MANAGER, OFFICER, OPENED, REPORT, SPONSOR, STRANGER, Office, office

DAY = timedelta(days=1)


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.open()
    return found


def count(office: Office, table: str) -> int:
    with office.engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def give(office: Office, *changes: Change, by: Actor = MANAGER, revision: int | None = None) -> Any:
    return give_answers(
        office.engine, office.head().id, changes, actor=by, door="api", revision=revision, now=OPENED
    )


def test_who_has_no_part_in_a_project_answers_nothing(apollo: Office) -> None:
    with pytest.raises(NotAllowed, match=r"project_manager \(Mira Manager\), or a project_officer"):
        apollo.answer({"rag_overall": "GREEN"}, by=STRANGER)
    assert count(apollo, "answer") == 0
    apollo.answer({"rag_overall": "GREEN"}, by=OFFICER)
    apollo.answer({"rag_scope": "GREEN"}, by=Actor("mira  MANAGER"))
    assert count(apollo, "answer") == 2


def test_another_value_than_the_filled_in_one_takes_a_reason(apollo: Office) -> None:
    case = apollo.answer({"forecast_finish": "2027-02-26"})
    problem = [one for _, one in case.judge().blocking() if one.field == "forecast_finish"]
    assert [one.says for one in problem] == ["pmo-files says '2026-12-18': say why it is '2027-02-26'"]
    case = apollo.answer({"forecast_finish": "2027-02-26"}, because="The vendor is late")
    assert "forecast_finish" not in {one.field for _, one in case.judge().blocking()}
    given = case.records[0].answers["forecast_finish"]
    assert (given.because, given.by) == ("The vendor is late", MANAGER.name)
    assert case.records[0].filled["forecast_finish"].value == "2026-12-18"


def test_the_filled_in_value_written_another_way_is_no_override(apollo: Office) -> None:
    case = apollo.answer({"budget": 1000.0, "forecast_finish": "2026-12-18"})
    assert not case.judge().problems


def test_what_muster_fills_in_is_disputed_and_not_typed_over(apollo: Office) -> None:
    with pytest.raises(NotAnswerable, match="filled in by Muster; dispute the value"):
        apollo.answer({"baseline_finish": "2027-01-01", "achievements": "Something else was done too."})
    assert count(apollo, "answer") == 0
    apollo.answer({"baseline_finish": "2026-12-18"})


def test_a_value_that_cannot_be_read_is_kept_as_typed_and_holds_the_submission_back(apollo: Office) -> None:
    apollo.answer(REPORT | {"green_by": "next Tuesday"})
    case = apollo.case()
    assert case.records[0].answers["green_by"].value == "next Tuesday"
    assert "expected a date" in case.judge().results[""].invalid["green_by"]
    with pytest.raises(Held, match="green_by: expected a date like 2025-06-30, is 'next Tuesday'"):
        apollo.move("submit", MANAGER)
    assert apollo.head().state == "draft"


def test_an_answer_can_be_taken_back_and_taken_away(apollo: Office) -> None:
    apollo.answer({"forecast_finish": "2027-02-26"}, because="Late")
    case = give(apollo, Change("", "forecast_finish", None, withdrawn=True))
    assert case.records[0].values()["forecast_finish"] == "2026-12-18"
    case = apollo.answer({"forecast_finish": None}, because="Nobody knows")
    assert "forecast_finish" in case.judge().results[""].missing


def test_two_people_do_not_overwrite_each_other_unseen(apollo: Office) -> None:
    seen = apollo.head().revision
    apollo.answer({"rag_overall": "RED"}, by=OFFICER, revision=seen)
    with pytest.raises(Stale, match="rag_overall changed meanwhile") as caught:
        apollo.answer({"rag_overall": "GREEN"}, revision=seen)
    [since] = caught.value.since
    assert since.given is not None
    assert (since.given.value, since.given.by) == ("RED", OFFICER.name)
    assert apollo.case().records[0].answers["rag_overall"].value == "RED"


def test_what_sources_say_anew_keeps_nobody_from_saving(apollo: Office) -> None:
    seen = apollo.head().revision
    with apollo.engine.begin() as connection:
        connection.execute(text("UPDATE submission SET revision = revision + 1"))
    apollo.answer({"rag_overall": "GREEN"}, revision=seen)


def test_a_revision_that_never_was_is_refused(apollo: Office) -> None:
    with pytest.raises(Stale, match="no such revision was ever written"):
        apollo.answer({"rag_overall": "GREEN"}, revision=99)


def test_the_same_answer_sent_twice_is_stored_once(apollo: Office) -> None:
    first = apollo.answer({"rag_overall": "GREEN"}).submission.revision
    assert apollo.answer({"rag_overall": "GREEN"}).submission.revision == first
    assert count(apollo, "answer") == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Change("", "nope", 1), "is no field of monthly-status"),
        (Change("R-1", "rag_overall", "GREEN"), "has one record only"),
        (Change("new-1", "rag_overall", "GREEN"), "has one record only"),
        (Change("", "achievements", "a\x00b"), "NUL"),
        (Change("", "achievements", "\ud800"), "half a surrogate"),
        (Change("", "achievements", "x" * 50_001), "at most 50000"),
        (Change("", "forecast_cost", float("nan")), "is no number"),
        (Change("", "forecast_cost", object()), "is nothing an answer can be"),
        (Change("", "rag_overall", "GREEN", because="\x00"), "NUL"),
    ],
)
def test_what_can_be_no_answer_at_all_is_refused_with_everything_beside_it(
    apollo: Office, change: Change, says: str
) -> None:
    with pytest.raises(NotAnswerable, match=says):
        give(apollo, Change("", "rag_scope", "GREEN"), change)
    assert count(apollo, "answer") == 0


def test_one_field_is_not_answered_twice_in_one_breath(apollo: Office) -> None:
    with pytest.raises(NotAnswerable, match="given twice"):
        give(apollo, Change("", "rag_scope", "GREEN"), Change("", "rag_scope", "RED"))


def test_new_risks_get_references_that_last(engine: Engine) -> None:
    found = office(engine)
    found.project("APOLLO")
    found.rows.raid(
        "pmo-files", "APOLLO", item_id="R-014", title="The vendor misses the delivery", owner="Ann"
    )
    found.open("raid-log", "2026-10")
    case = give(
        found,
        Change("new-1", "kind", "risk"), Change("new-1", "title", "A second supplier drops out"),
        Change("new-2", "kind", "issue"), Change("new-2", "title", "The test environment is down"),
        Change("new-3", "kind", "risk"), Change("R-014", "title", "The vendor misses the second delivery"),
    )  # fmt: skip
    assert case.made == {"new-1": "R-015", "new-2": "I-001", "new-3": "R-016"}
    assert [record.ref for record in case.records] == ["R-014", "R-015", "I-001", "R-016"]
    made = case.record("R-015")
    assert made is not None
    assert made.filled["raised_on"].value == "2026-11-02"
    with pytest.raises(NotAnswerable, match="there is no such record; there are: R-014, R-015"):
        give(found, Change("R-999", "title", "Nothing of that kind"))
    again = give(found, Change("new-1", "kind", "risk"))
    assert again.made == {"new-1": "R-017"}
    [few] = [one for one in again.judge().problems[""] if one.field == "minimum_risk"]
    assert few.says == "at least 5 of kind risk are expected in this stage, 4 on record"


def test_nobody_approves_what_they_answered_or_submitted(engine: Engine) -> None:
    found = office(engine)
    both = Actor("Bo Both")
    found.project("APOLLO", manager=both.name, sponsor=both.name)
    found.open()
    found.answer(REPORT, by=both)
    found.move("submit", both)
    found.move("review", OFFICER)
    with pytest.raises(NotAllowed, match="answered or submitted this: somebody else has to approve it"):
        found.move("approve", both)
    with pytest.raises(NotAllowed, match="somebody else has to approve"):
        found.move("approve", operator("bo both"))
    assert found.move("approve", operator("Ann Other")).state == "approved"


def test_an_officer_who_answered_in_their_stead_does_not_approve_either(engine: Engine) -> None:
    helper = Actor("Olu Officer", frozenset({"project_officer"}))
    found = office(engine)
    found.project("APOLLO", sponsor=helper.name)
    found.open()
    found.answer(REPORT, by=helper)
    found.through("submit", "review")
    with pytest.raises(NotAllowed, match="Olu Officer answered or submitted this"):
        found.move("approve", helper)


def test_no_role_of_a_project_is_held_by_saying_so(apollo: Office) -> None:
    eve = Actor("Eve Else", frozenset({"project_manager", "sponsor"}))
    with pytest.raises(
        NotAllowed, match=r"Eve Else may not answer for APOLLO: .*project_manager \(Mira Manager\)"
    ):
        apollo.answer(REPORT, by=eve)
    apollo.answer(REPORT)
    with pytest.raises(
        NotAllowed, match=r"may not submit this: that takes the project_manager \(Mira Manager\)"
    ):
        apollo.move("submit", eve)
    apollo.through("submit", "review")
    with pytest.raises(NotAllowed, match=r"may not approve this: that takes the sponsor \(Sam Sponsor\)"):
        apollo.move("approve", eve)


def test_the_history_calls_an_operator_so_and_only_holders_by_their_role(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.move("submit", operator("Mira Manager"))
    apollo.move("review", OFFICER)
    apollo.move("approve", operator("Ann Other"))
    with apollo.engine.connect() as connection:
        steps = moves_of(connection, [apollo.head().id])
    said = [(each["by"], each["role"]) for each in steps[-3:]]
    assert said == [
        ("Mira Manager", "project_manager"),
        (OFFICER.name, "project_officer"),
        ("Ann Other", "operator"),
    ]


def test_a_submission_after_its_deadline_is_taken_and_marked(apollo: Office) -> None:
    apollo.answer(REPORT)
    late = datetime(2026, 11, 7, 0, 0, 1, tzinfo=OPENED.tzinfo)
    assert apollo.move("submit", MANAGER, at=late).late is True


def test_the_last_second_of_its_day_is_on_time(apollo: Office) -> None:
    apollo.answer(REPORT)
    head = apollo.move("submit", MANAGER, at=datetime(2026, 11, 6, 23, 59, 59, tzinfo=OPENED.tzinfo))
    assert head.late is False


def test_submitting_twice_is_refused_and_only_one_of_two_at_once_gets_through(apollo: Office) -> None:
    apollo.answer(REPORT)
    sentence = apollo.sentence()

    def submit(_: int) -> str:
        try:
            number = apollo.head().id
            return move(
                apollo.engine, number, "submit", actor=MANAGER, attest=sentence, door="web", revision=None,
                now=OPENED,
            ).state  # fmt: skip
        except NotOpen as error:
            return str(error)

    with ThreadPoolExecutor(3) as threads:
        said = sorted(threads.map(submit, range(3)))
    assert said.count("submitted") == 1
    assert all("it is submitted" in each for each in said if each != "submitted")
    assert count(apollo, "submission_move") == 2


def test_what_was_handed_in_takes_no_answers_until_it_comes_back(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.through("submit")
    with pytest.raises(NotOpen, match="is submitted: answers are taken when it is returned"):
        apollo.answer({"rag_overall": "RED"})
    apollo.through("review")
    with pytest.raises(NotOpen, match="say why: to return takes a reason"):
        apollo.move("return", OFFICER, because="  ")
    assert apollo.move("return", OFFICER, because="Which test?").returns == 1
    apollo.answer({"achievements": "The payments module went through its first test in two regions."})
    apollo.through("submit", "review", "approve")
    assert apollo.head().returns == 1


def test_a_closed_cycle_takes_nothing_and_lets_the_office_go_on(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.through("submit")
    assert apollo.cycle is not None
    close_cycle(apollo.engine, apollo.cycle.id, actor=OFFICER, now=OPENED)
    apollo.through("review")
    apollo.move("return", OFFICER, because="Which test?")
    with pytest.raises(NotOpen, match="cycle monthly-status 2026-10 is closed"):
        apollo.answer({"rag_overall": "RED"})
    with pytest.raises(NotOpen, match="is closed: nothing is taken any more"):
        apollo.move("submit", MANAGER)


def test_a_waiver_lets_a_submission_through_until_its_day(apollo: Office) -> None:
    apollo.answer({name: value for name, value in REPORT.items() if name != "next_period"})
    with pytest.raises(Held, match="next_period"):
        apollo.move("submit", MANAGER)
    wish = Wish("APOLLO", "monthly-status", "next_period", "The project ends", date(2026, 11, 3))
    with apollo.engine.begin() as connection:
        number = ask(connection, wish, actor=OFFICER, now=OPENED)
        grant(connection, number, actor=HEAD, now=OPENED)
    after = apollo.case(at=OPENED + 2 * DAY).judge()
    assert not after.can_submit
    judged = apollo.case().judge()
    assert judged.waived == {("", "next_period")}
    assert "next_period" in judged.results[""].missing
    assert apollo.move("submit", MANAGER).state == "submitted"


def test_what_is_published_is_frozen_and_what_comes_later_does_not_change_it(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.through("submit", "review", "approve", "publish")
    before = apollo.head()
    apollo.rows.rewrite(apollo.registered["APOLLO"], forecast_finish="2027-06-30")
    apollo.known(OPENED + DAY)
    with apollo.engine.connect() as connection:
        frozen = connection.scalar(text("SELECT frozen FROM submission WHERE id = :id"), {"id": before.id})
    assert frozen["records"][0]["values"]["forecast_finish"]["value"] == "2026-12-18"
    assert [each["by"] for each in frozen["moves"]] == ["system", MANAGER.name, OFFICER.name, SPONSOR.name]
    with pytest.raises(NotOpen, match="what can be done now is: withdraw"):
        apollo.move("publish", HEAD)


def test_a_withdrawn_report_is_kept_and_asked_for_again_with_its_answers(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.through("submit", "review", "approve", "publish")
    first = apollo.head()
    with pytest.raises(NotOpen, match="takes a reason"):
        apollo.move("withdraw", HEAD)
    gone = apollo.move("withdraw", HEAD, because="The wrong finish")
    assert (gone.state, gone.sha256) == ("superseded", first.sha256)
    again = apollo.head()
    assert (again.id, again.state) == (gone.superseded_by, "draft")
    case = apollo.case()
    assert case.records[0].answers["rag_overall"].value == "GREEN"
    assert again.first_submitted_at == first.first_submitted_at
    apollo.through("submit", "review", "approve", "publish", at=OPENED + DAY)
    assert apollo.head().sha256 != first.sha256
    with apollo.engine.connect() as connection:
        kept = heads(connection, standing=False)
    assert [head.state for head in kept] == ["superseded", "published"]


def test_a_report_is_withdrawn_only_while_nothing_newer_is_published(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.through("submit", "review", "approve", "publish")
    october = apollo.head()
    later = OPENED + 28 * DAY
    november = open_cycle(apollo.engine, "monthly-status", "2026-11", actor=OFFICER, now=later)
    apollo.cycle = november
    words = {
        "achievements": "Payments is live in two regions now.",
        "next_period": "Go live in the last region.",
    }
    apollo.answer(REPORT | words, at=later, because="A month later")
    apollo.through("submit", "review", "approve", "publish", at=later)
    with pytest.raises(NotOpen, match="cannot be withdrawn: 2026-11 was published after it"):
        move(
            apollo.engine,
            october.id,
            "withdraw",
            actor=HEAD,
            because="Wrong",
            door="api",
            revision=None,
            now=later,
        )
    apollo.move("withdraw", HEAD, at=later, because="Wrong")
    with apollo.engine.connect() as connection:
        assert open_case(connection, october.id, now=later).submission.state == "published"
    assert move(
        apollo.engine, october.id, "withdraw", actor=HEAD, because="Wrong too", door="api", revision=None, now=later
    ).state == "superseded"  # fmt: skip
