"""Findings as work: taken on, fixed at the source, disputed, waived, and closed by what the next look sees."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from model import tables
from model.collection.roles import Actor
from model.findings.moves import NotAllowed, NotPossible
from sync.collection.template_steps import TemplateRefused
from sync.consolidate import consolidate
from sync.disputes import Disputed, NoSuchDispute, answer_dispute, dispute, dispute_finding, withdraw_dispute
from sync.finding_moves import Act, NoSuchFinding, ask_waiver, grant_waiver, take_step
from tests.support.rows import T0, Rows

DAY = timedelta(days=1)
MAYA = Actor("Maya")  # manages the project
ADA = Actor("Ada", frozenset({"project_officer"}))
BOB = Actor("Bob", frozenset({"pmo_head"}))


def by(actor: Actor, because: str | None = None, *, at: datetime = T0 + timedelta(hours=1)) -> Act:
    return Act(actor, "command", at, because)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    return rows


def look(rows: Rows, when: datetime = T0, *, read: bool = True) -> None:
    if read:
        rows.run("pmo-files", at=when)
    consolidate(rows.engine, as_of=when.date(), known_at=when)


def ask(rows: Rows, sql: str) -> list[Any]:
    with rows.engine.connect() as connection:
        return list(connection.execute(text(sql)))


def one(rows: Rows, rule: str) -> Any:
    """The newest finding of a rule."""
    found = ask(rows, f"SELECT * FROM finding WHERE rule = '{rule}' ORDER BY id DESC LIMIT 1")
    assert found, f"no finding of {rule}"
    return found[0]


def steps(rows: Rows, finding: int) -> list[tuple[str, str, str]]:
    found = ask(
        rows, f'SELECT action, to_state, "by" FROM finding_move WHERE finding_id = {finding} ORDER BY id'
    )
    return [tuple(each) for each in found]


def register(rows: Rows, **more: Any) -> int:
    values: dict[str, Any] = {"tier": 2, "stage": "deliver", "manager": "Maya"} | more
    return rows.register("pmo-files", "APOLLO", **values)


def test_a_finding_is_with_the_projects_manager_or_with_the_records_owner(rows: Rows) -> None:
    register(rows)
    rows.raid("pmo-files", "APOLLO", item_id="R-001", title="A risk with an owner of its own", owner="Lena")
    rows.raid("pmo-files", "APOLLO", item_id="R-002", title="Another that nobody answers for")
    look(rows)
    assert (one(rows, "budget").owner, one(rows, "budget").owner_role) == ("Maya", "project_manager")
    found = ask(rows, "SELECT DISTINCT record_ref, owner, owner_role FROM finding WHERE record_ref <> ''")
    assert {tuple(each) for each in found} == {
        ("R-001", "Lena", "owner"), ("R-002", "Maya", "project_manager")
    }  # fmt: skip


def test_nobody_on_record_is_nobody(rows: Rows) -> None:
    rows.register("pmo-files", "APOLLO", tier=2, stage="deliver")
    look(rows)
    assert (one(rows, "budget").owner, one(rows, "budget").owner_role) == (None, None)


def test_a_missing_value_that_arrives_closes_its_finding_and_says_what_and_where(rows: Rows) -> None:
    row = register(rows)
    look(rows)
    rows.rewrite(row, budget="1000")
    look(rows, T0 + DAY)
    closed = one(rows, "budget")
    assert closed.state == "closed"
    assert closed.closed_because.startswith("Fixed at the source: Budget is now 1000.00 (")
    assert "register.xlsx!Projects!" in closed.closed_because


def test_a_failed_check_closes_with_the_values_before_and_after(rows: Rows) -> None:
    row = register(rows, forecast_finish="2026-09-01")
    look(rows)
    assert one(rows, "C06").evidence["forecast_finish"] == "2026-09-01"
    rows.rewrite(row, forecast_finish="2027-05-01")
    look(rows, T0 + DAY)
    assert "Finish as expected today was 2026-09-01, is 2027-05-01 (" in one(rows, "C06").closed_because


def test_a_check_that_cannot_be_run_any_more_leaves_its_finding_open_and_says_so(rows: Rows) -> None:
    row = register(rows, percent_complete="100", forecast_finish="2027-03-01")
    look(rows)
    assert one(rows, "C05").says
    rows.rewrite(row, forecast_finish=None)
    look(rows, T0 + DAY)
    look(rows, T0 + 2 * DAY)
    found = one(rows, "C05")
    assert (found.closed_at, found.unchecked_since) == (None, T0 + DAY)
    rows.rewrite(row, forecast_finish="2027-04-01")
    look(rows, T0 + 3 * DAY)
    assert (one(rows, "C05").id, one(rows, "C05").unchecked_since) == (found.id, None)
    rows.rewrite(row, percent_complete="90")
    look(rows, T0 + 4 * DAY)
    assert "Work done in percent was 100, is 90" in one(rows, "C05").closed_because


def test_a_record_that_is_gone_closes_its_findings_as_gone_not_as_fixed(rows: Rows) -> None:
    register(rows)
    rows.raid("pmo-files", "APOLLO", item_id="R-001", title="A risk that is deleted tomorrow")
    rows.raid("pmo-files", "APOLLO", item_id="R-002", title="Another that stays where it is")
    look(rows)
    with rows.engine.begin() as connection:
        connection.execute(text("UPDATE raid_item SET deleted = TRUE WHERE item_id = 'R-001'"))
    look(rows, T0 + DAY)
    found = ask(rows, "SELECT DISTINCT closed_because FROM finding WHERE record_ref = 'R-001'")
    assert [each.closed_because for each in found] == ["The record is not on record any more"]


def test_a_template_that_does_not_apply_any_more_closes_its_findings_and_says_so(rows: Rows) -> None:
    row = register(rows)
    rows.raid("pmo-files", "APOLLO", item_id="R-001", title="The only risk there is on record")
    look(rows)
    rows.rewrite(row, tier=9)
    with rows.engine.begin() as connection:
        connection.execute(text("UPDATE raid_item SET deleted = TRUE"))
    look(rows, T0 + DAY)
    said = {
        each[0]
        for each in ask(rows, "SELECT DISTINCT closed_because FROM finding WHERE record_ref = 'R-001'")
    }
    assert said == {"The record is not on record any more, or its template does not apply any more"}
    assert one(rows, "budget").closed_because == "The template does not apply to the project any more"


def test_a_closed_projects_findings_do_not_stay_in_the_queue(rows: Rows) -> None:
    row = register(rows)
    look(rows)
    rows.change(tables.Scope, row, deleted_at=T0 + DAY)
    look(rows, T0 + 2 * DAY)
    assert one(rows, "budget").closed_because == "The project was closed"


def test_what_fails_again_is_a_new_finding_that_follows_the_old_one(rows: Rows) -> None:
    row = register(rows, budget="1000")
    rows.rewrite(row, budget=None)
    look(rows)
    first = one(rows, "budget")
    rows.rewrite(row, budget="1000")
    look(rows, T0 + DAY)
    rows.rewrite(row, budget=None)
    look(rows, T0 + 2 * DAY)
    again = one(rows, "budget")
    assert (again.follows_id, again.state, again.closed_at) == (first.id, "new", None)


def test_said_to_be_fixed_it_waits_for_the_next_reading_and_not_for_the_next_look(rows: Rows) -> None:
    register(rows)
    look(rows)
    number = one(rows, "budget").id
    assert take_step(rows.engine, number, "fix", by(MAYA, "entered it in the register")) == "fixing"
    look(rows, T0 + timedelta(hours=2), read=False)
    assert one(rows, "budget").state == "fixing"
    look(rows, T0 + DAY)
    assert one(rows, "budget").state == "accepted"
    assert steps(rows, number) == [("fix", "fixing", "Maya"), ("still_so", "accepted", "muster")]


def test_an_accepted_finding_keeps_who_and_until_when_and_is_closed_by_the_source_alone(rows: Rows) -> None:
    row = register(rows)
    look(rows)
    number = one(rows, "budget").id
    take_step(rows.engine, number, "accept", by(MAYA), due=date(2026, 11, 20))
    look(rows, T0 + DAY)
    assert (one(rows, "budget").state, one(rows, "budget").due) == ("accepted", date(2026, 11, 20))
    rows.rewrite(row, budget="1000")
    look(rows, T0 + 2 * DAY)
    assert one(rows, "budget").state == "closed"
    with pytest.raises(NotPossible, match="closed"):
        take_step(rows.engine, number, "accept", by(MAYA))


def test_somebody_of_another_project_has_no_say(rows: Rows) -> None:
    register(rows)
    look(rows)
    with pytest.raises(NotAllowed, match=r"Eve cannot accept it: .*Maya.*project_officer"):
        take_step(rows.engine, one(rows, "budget").id, "accept", by(Actor("Eve")))
    with pytest.raises(NoSuchFinding, match="no finding 999999"):
        take_step(rows.engine, 999_999, "accept", by(MAYA))
    with pytest.raises(ValueError, match="2020-01-01 has passed"):
        take_step(rows.engine, one(rows, "budget").id, "accept", by(MAYA), due=date(2020, 1, 1))
    assert one(rows, "budget").state == "new"


def test_a_waiver_is_asked_for_by_one_granted_by_another_and_the_finding_is_back_when_it_ends(
    rows: Rows,
) -> None:
    register(rows)
    look(rows)
    number = one(rows, "budget").id
    until = (T0 + 3 * DAY).date()
    waiver = ask_waiver(rows.engine, number, until, by(ADA, "finance closes the books first"))
    with pytest.raises(TemplateRefused, match="somebody else"):
        grant_waiver(rows.engine, number, waiver, by(ADA))
    grant_waiver(rows.engine, number, waiver, by(BOB))
    assert one(rows, "budget").state == "waived"
    look(rows, T0 + 3 * DAY)
    assert (one(rows, "budget").state, one(rows, "budget").waiver_id) == ("waived", waiver)
    look(rows, T0 + 4 * DAY)
    assert (one(rows, "budget").id, one(rows, "budget").state) == (number, "new")
    assert [step[:2] for step in steps(rows, number)] == [("waive", "waived"), ("ended", "new")]
    [event] = ask(rows, "SELECT kind, person, says FROM outbox_event")
    assert (event.kind, event.person) == ("finding_back", "Maya")
    assert "A waiver has ended, and the finding is back: Budget is required" in event.says


def test_a_dispute_that_stands_when_a_waiver_ends_goes_on(rows: Rows) -> None:
    register(rows, forecast_finish="2026-09-01")
    look(rows)
    number = one(rows, "C06").id
    disputed = dispute_finding(rows.engine, number, by(MAYA, "we moved it in October"))
    waiver = ask_waiver(rows.engine, number, (T0 + DAY).date(), by(ADA, "until the plan is redone"))
    grant_waiver(rows.engine, number, waiver, by(BOB))
    look(rows, T0 + 2 * DAY)
    assert (one(rows, "C06").id, one(rows, "C06").state) == (number, "disputed")
    answer_dispute(rows.engine, disputed, "upheld", by(ADA, "the register is behind", at=T0 + 3 * DAY))
    assert one(rows, "C06").state == "upheld"


def test_a_waiver_ends_also_where_its_rule_cannot_be_run(rows: Rows) -> None:
    row = register(rows, percent_complete="100", forecast_finish="2027-03-01")
    look(rows)
    number = one(rows, "C05").id
    waiver = ask_waiver(rows.engine, number, (T0 + DAY).date(), by(ADA, "until the plan is redone"))
    grant_waiver(rows.engine, number, waiver, by(BOB))
    rows.rewrite(row, forecast_finish=None)
    look(rows, T0 + 2 * DAY)
    found = one(rows, "C05")
    assert (found.id, found.state, found.waiver_id) == (number, "new", None)
    assert found.unchecked_since == T0 + 2 * DAY
    assert [each.kind for each in ask(rows, "SELECT kind FROM outbox_event")] == ["finding_back"]


def test_a_finding_that_opens_under_a_standing_waiver_is_waived_from_the_start(rows: Rows) -> None:
    row = register(rows, budget="1000")
    look(rows)
    with rows.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO waiver (project_id, template, rule, because, asked_by, asked_at, approved_by,"
                " approved_at, until) SELECT id, 'monthly-status', 'budget', 'x', 'Ada', :at, 'Bob', :at,"
                " '2027-01-01' FROM project"
            ),
            {"at": T0},
        )
    rows.rewrite(row, budget=None)
    look(rows, T0 + DAY)
    assert one(rows, "budget").state == "waived"


def test_a_disputed_value_counts_on_until_an_officer_answers_and_its_source_changes(rows: Rows) -> None:
    row = register(rows, forecast_finish="2026-09-01")
    look(rows)
    number = one(rows, "C06").id
    disputed = dispute_finding(rows.engine, number, by(MAYA, "we moved it in October"))
    assert one(rows, "C06").state == "disputed"
    with pytest.raises(NotAllowed, match="that takes one of project_officer"):
        answer_dispute(rows.engine, disputed, "upheld", by(Actor("Eve"), "of course"))
    answer_dispute(rows.engine, disputed, "upheld", by(ADA, "the register is behind"))
    told_of = ask(rows, "SELECT kind, role, person FROM outbox_event ORDER BY id")
    assert [tuple(each) for each in told_of] == [
        ("dispute_raised", "project_officer", None), ("dispute_answered", "raiser", "Maya")
    ]  # fmt: skip
    look(rows, T0 + DAY)
    assert one(rows, "C06").state == "upheld"
    rows.rewrite(row, forecast_finish="2027-03-01")
    look(rows, T0 + 2 * DAY)
    [kept] = ask(rows, "SELECT answer, ended_at, ended_because FROM dispute")
    assert (kept.answer, kept.ended_at) == ("upheld", T0 + 2 * DAY)
    assert "2027-03-01" in kept.ended_because


def test_nobody_answers_a_dispute_of_their_own_and_a_refused_one_leaves_the_finding_open(rows: Rows) -> None:
    register(rows, forecast_finish="2026-09-01")
    look(rows)
    number = one(rows, "C06").id
    disputed = dispute_finding(rows.engine, number, by(ADA, "cannot be"))
    with pytest.raises(NotAllowed, match="somebody else of the office"):
        answer_dispute(rows.engine, disputed, "refused", by(ADA, "after all"))
    with pytest.raises(NotPossible, match="Ada disputes it since"):
        dispute_finding(rows.engine, number, by(MAYA, "me too"))
    answer_dispute(rows.engine, disputed, "refused", by(BOB, "the plan says September"))
    assert one(rows, "C06").state == "new"
    again = dispute_finding(rows.engine, number, by(MAYA, "it does not"))
    withdraw_dispute(rows.engine, again, by(MAYA))
    assert one(rows, "C06").state == "new"


def test_a_value_is_disputed_from_a_form_whether_or_not_anything_was_found_in_it(rows: Rows) -> None:
    row = register(rows, percent_complete="40")
    look(rows)
    [project] = ask(rows, "SELECT id FROM project")
    shown = Disputed(
        project.id, "monthly-status", "", "percent_complete", 40, locator="register.xlsx!Projects!E8"
    )
    number = dispute(rows.engine, shown, by(MAYA, "counted twice"), proposed=30)
    with pytest.raises(NotPossible, match=f"Maya disputes it since .* \\(dispute {number}\\)"):
        dispute(rows.engine, shown, by(ADA, "also"))
    with pytest.raises(ValueError, match="Work done in percent, as it ought to be: expected a number"):
        dispute(rows.engine, shown, by(ADA, "also"), proposed="many")
    with pytest.raises(ValueError, match="has no 'colour'"):
        dispute(rows.engine, Disputed(project.id, "monthly-status", "", "colour", 1), by(ADA, "x"))
    look(rows, T0 + DAY)
    rows.rewrite(row, percent_complete="41")
    look(rows, T0 + 2 * DAY)
    [kept] = ask(rows, "SELECT attribute, proposed, ended_at FROM dispute")
    assert (kept.attribute, kept.proposed, kept.ended_at) == ("percent_complete", 30, None)
    rows.rewrite(row, percent_complete="30.0")
    look(rows, T0 + 3 * DAY)
    [kept] = ask(rows, "SELECT ended_because FROM dispute")
    assert "says 30 now (register.xlsx" in kept.ended_because


def test_a_dispute_that_was_upheld_can_be_taken_back_by_the_office(rows: Rows) -> None:
    register(rows, forecast_finish="2026-09-01")
    look(rows)
    number = dispute_finding(rows.engine, one(rows, "C06").id, by(MAYA, "moved"))
    answer_dispute(rows.engine, number, "upheld", by(ADA, "seen"))
    with pytest.raises(NotAllowed):
        withdraw_dispute(rows.engine, number, by(Actor("Eve")))
    withdraw_dispute(rows.engine, number, by(BOB, "it was right after all"))
    [kept] = ask(rows, "SELECT ended_because FROM dispute")
    assert kept.ended_because == "Taken back by Bob: it was right after all"
    assert one(rows, "C06").state == "new"
    with pytest.raises(NoSuchDispute, match="has ended"):
        withdraw_dispute(rows.engine, number, by(BOB))


DONE = "The payments module was built and test environment two was handed over."
LATE = {
    "baseline_start": "2026-01-05", "baseline_finish": "2026-10-30", "forecast_finish": "2027-06-01",
    "budget": "1000", "forecast_cost": "1000",
}  # fmt: skip


def told(rows: Rows) -> list[tuple[str, str, str]]:
    found = ask(
        rows,
        "SELECT rule, kind, says FROM finding WHERE template = 'narrative' AND closed_at IS NULL ORDER BY 1, 2",
    )
    return [tuple(each) for each in found]


def test_green_words_over_red_numbers_are_found_and_named(rows: Rows) -> None:
    row = register(rows, achievements="All work is on schedule and the build has begun.", **LATE)
    look(rows)
    [(rule, kind, says)] = told(rows)
    assert (rule, kind) == ("achievements", "rosy")
    assert "“on schedule” while schedule is computed red" in says
    rows.rewrite(row, achievements="The build has begun; the vendor is eight weeks late with the interfaces.")
    look(rows, T0 + DAY)
    assert told(rows) == []
    assert (
        "Fixed at the source: Achieved this month was “All work" in one(rows, "achievements").closed_because
    )


def test_a_text_beside_the_templates_checks_that_repeats_is_found(rows: Rows) -> None:
    register(
        rows,
        achievements=DONE,
        path_to_green="Second supplier signed, then retest of all interfaces in house.",
    )
    look(rows)
    assert told(rows) == []
    look(rows, T0 + 5 * 7 * DAY)
    assert [each[:2] for each in told(rows)] == [("path_to_green", "repeated")]
    assert "word for word" in told(rows)[0][2]
    assert one(rows, "C07").state == "new"


def test_the_same_words_in_two_projects_are_found_without_naming_the_other(rows: Rows) -> None:
    register(rows, achievements=DONE)
    rows.register("pmo-files", "BOREALIS", row=9, tier=2, stage="deliver", achievements=DONE.upper())
    look(rows)
    assert [each[:2] for each in told(rows)] == [("achievements", "copied")] * 2
    assert "another project" in told(rows)[0][2]
    assert "BOREALIS" not in told(rows)[0][2]


def test_what_no_template_asks_for_cannot_be_waived(rows: Rows) -> None:
    register(rows, achievements="All work is on schedule and the build has begun.", **LATE)
    look(rows)
    with pytest.raises(NotPossible, match="change the text or dispute it"):
        ask_waiver(rows.engine, one(rows, "achievements").id, date(2027, 1, 1), by(ADA, "x"))
