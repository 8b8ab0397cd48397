"""Policies in the store: which was in force, who may change it, what a change would do and would have done."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from config import shipped
from config.database import open_engine
from model import tables
from model.backtest import Terms
from model.collection.roles import Actor, operator
from model.declaration import InvalidDeclaration
from model.policy import Policy
from model.policy_faults import read_policy
from sync.consolidate import consolidate
from sync.policy.backtest import NothingToReplay, backtest, replay_size
from sync.policy.held import NoSuchProject, held_to
from sync.policy.kept import Kept, NoSuchPolicy, install, kept, kept_version, policy_standing
from sync.policy.past import TooMuchPast, plan_whole, within
from sync.policy.plan import plan
from sync.policy.steps import PolicyRefused, approve, propose, withdraw
from sync.receipts import explain, status_document
from tests.support.databases import cloned
from tests.support.policies import LAST, START, STRICT, TODAY, WEEK, history, row, tolerance, written

NOW = LAST + timedelta(hours=9)
IDA = Actor("Ida Lindqvist", frozenset(["specialist"]))
OLE = Actor("Ole Brandt", frozenset(["pmo_head"]))
TERMS = Terms(slip_days=10, horizon_days=14)


@pytest.fixture(scope="module")
def past(template_url: str) -> Iterator[Engine]:
    """Three projects over five weeks; tests that change something take it back."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        history(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def session(past: Engine) -> Iterator[Session]:
    with past.connect() as connection, connection.begin() as undone, Session(connection) as session:
        yield session
        session.close()
        undone.rollback()


@pytest.fixture
def connection(session: Session) -> Connection:
    return session.connection()


def strict(**more: Any) -> Policy:
    return read_policy(written(*STRICT, **more), "strict.yaml")


def proposed(connection: Connection, text_: str, *, by: Actor = IDA, now: datetime = NOW) -> Kept:
    return propose(connection, text_, where="strict.yaml", actor=by, because="the board asked", now=now)


def test_the_shipped_policy_is_stored_once_and_was_known_at_all_times(connection: Connection) -> None:
    (found,) = kept(connection)
    assert (found.label, found.state, found.approved_by) == ("default@1.0.0", "approved", "muster")
    assert install(connection) is None
    assert (
        policy_standing(connection, date(2020, 1, 1), START - timedelta(days=3000)).label == "default@1.0.0"
    )
    assert policy_standing(connection, date(1999, 1, 1)).label == "default@1.0.0"


def test_a_stored_policy_that_still_weighs_data_quality_is_read_and_a_new_one_is_refused(
    connection: Connection,
) -> None:
    old = shipped.text("policies", "default").replace(
        "grades: {A", "weights: {completeness: 1}\n    grades: {A"
    )
    old += "tolerances:\n- {project: A, because: so, limits: {data_quality: {weights: {completeness: 1}}}}\n"
    connection.execute(text("UPDATE policy_version SET text = :old"), {"old": old})
    read = kept_version(connection, "default", "1.0.0").loaded()
    assert read.limits == shipped.policy().limits
    assert read.tolerances[0].limits == {"data_quality": {}}
    with pytest.raises(InvalidDeclaration, match=r"limits\.data_quality\.weights"):
        read_policy(old, "old.yaml")


def test_a_newer_shipped_policy_is_only_proposed_where_there_is_another(connection: Connection) -> None:
    connection.execute(text("UPDATE policy_version SET version = '0.9.0'"))
    install(connection)
    assert [(each.version, each.state) for each in kept(connection)] == [
        ("0.9.0", "approved"),
        ("1.0.0", "proposed"),
    ]


def test_a_plan_says_who_would_turn_today_and_why(session: Session) -> None:
    found = plan(session, strict(), now=NOW)
    assert (found["against"], found["projects"], found["turn"]) == ("default@1.0.0", 3, 1)
    (once,) = found["turning"]
    assert (once["project"], once["overall"]) == ("ONCE", {"from": "GREEN", "to": "RED", "then": "RED"})
    (schedule,) = once["dimensions"]
    assert schedule | {"why": schedule["why"][0]} == {
        "dimension": "schedule",
        "from": "AMBER",
        "to": "RED",
        "then": "RED",
        "why": "20 days late, 5.8 % of the plan",
    }
    assert once["layers"] == [{"of": "tier", "name": "2"}]
    assert found["differences"] == [
        {"setting": "limits.schedule.amber_days", "from": 14, "to": 5},
        {"setting": "limits.schedule.red_days", "from": 30, "to": 15},
    ]
    assert session.scalar(text("SELECT count(*) FROM policy_version")) == 1


def test_a_tolerance_turns_one_project_and_the_plan_says_by_which_layer(session: Session) -> None:
    more = tolerance("SLIPS", "{schedule: {amber_pct: 20, red_pct: 30, amber_days: 50, red_days: 90}}")
    found = plan(session, read_policy(written(more=more), "x.yaml"), now=NOW)
    (slips,) = found["turning"]
    # A better colour is held back on the first day, and the plan says what comes after.
    assert (found["turn"], found["turn_later"]) == (0, 1)
    assert (slips["project"], slips["overall"]) == ("SLIPS", {"from": "RED", "to": "RED", "then": "GREEN"})
    assert slips["layers"][-1] == {"of": "project", "name": "SLIPS", "because": "agreed by the board"}
    assert found["differences"][:2] == [
        {"setting": "tolerances.project SLIPS.project", "from": None, "to": "SLIPS"},
        {"setting": "tolerances.project SLIPS.because", "from": None, "to": "agreed by the board"},
    ]
    assert slips["dimensions"][0]["why"][0] == "computed GREEN 1 time, RED stays until 2 in a row"


def test_which_dimensions_are_critical_and_how_long_a_better_colour_waits_are_the_programmes_own(
    session: Session,
) -> None:
    more = (
        "tolerances:\n"
        "  - {programme: Space, because: a, limits: {overall: {critical: [cost]}}}\n"
        "  - {project: SLIPS, because: b, limits: {schedule: {red_pct: 30, amber_days: 50, red_days: 90}}}\n"
    )
    found = plan(session, read_policy(written(more=more), "x.yaml"), now=NOW)
    assert [(each["project"], each["overall"]["to"]) for each in found["turning"]] == [("SLIPS", "AMBER")]
    at_once = more.replace("90}}}", "90}, hysteresis: 1}}")
    (slips,) = plan(session, read_policy(written(more=at_once), "x.yaml"), now=NOW)["turning"]
    assert slips["dimensions"][0] | {"why": None} == {
        "dimension": "schedule", "from": "RED", "to": "AMBER", "then": "AMBER", "why": None,
    }  # fmt: skip


def test_a_stored_policy_that_is_older_than_a_setting_is_read_with_the_shipped_one(
    connection: Connection,
) -> None:
    older = written().replace("  issues: {red_impact: 4, red_overdue_days: 14, open_age_days: 30}", "  #")
    older = older.replace("    medium_score: 5\n", "")
    with pytest.raises(InvalidDeclaration, match="issues: is required"):
        proposed(connection, older)
    connection.execute(text("UPDATE policy_version SET text = :text"), {"text": older})
    (found,) = kept(connection)
    assert found.loaded().limits == shipped.policy().limits
    connection.execute(text("UPDATE policy_version SET text = 'limits: []'"))
    with pytest.raises(InvalidDeclaration, match=r"default@1\.0\.0\.yaml"):
        kept(connection)[0].loaded()


def test_layers_that_clash_for_a_real_project_are_found_before_the_policy_is_approved(
    connection: Connection,
) -> None:
    more = (
        "tolerances:\n"
        "  - {programme: Space, because: a, limits: {schedule: {amber_days: 40, red_days: 60}}}\n"
        "  - {project: SLIPS, because: b, limits: {schedule: {red_days: 35}}}\n"
    )
    found = proposed(connection, written(more=more))
    with pytest.raises(
        PolicyRefused, match=r"SLIPS \(project SLIPS over programme Space over tier 1\): schedule"
    ):
        approve(connection, found.name, found.version, actor=OLE, because="x", now=NOW)


def test_whoever_wrote_a_policy_cannot_approve_it_and_somebody_else_can(connection: Connection) -> None:
    found = proposed(connection, written(*STRICT), by=Actor("Ole Brandt", frozenset(["pmo_head"])))
    with pytest.raises(PolicyRefused, match=r"ole  BRANDT wrote default@1\.1\.0: somebody else"):
        approve(connection, found.name, found.version, actor=operator("ole  BRANDT"), because="x", now=NOW)
    with pytest.raises(PolicyRefused, match="Ida Lindqvist may not approve policies: that takes pmo_head"):
        approve(connection, found.name, found.version, actor=IDA, because="x", now=NOW)
    with pytest.raises(PolicyRefused, match="say why"):
        approve(connection, found.name, found.version, actor=operator("Ann"), because=" ", now=NOW)
    done = approve(connection, found.name, found.version, actor=operator("Ann"), because="agreed", now=NOW)
    assert (done.state, done.approved_by, done.plan and done.plan["turn"]) == ("approved", "Ann", 1)
    assert policy_standing(connection, TODAY).label == "default@1.1.0"
    assert policy_standing(connection, TODAY, NOW - timedelta(seconds=1)).label == "default@1.0.0"
    assert policy_standing(connection, TODAY - timedelta(days=1)).label == "default@1.0.0"


def test_another_number_makes_no_other_author(connection: Connection) -> None:
    proposed(connection, written(*STRICT))
    other = proposed(connection, written(*STRICT, version="1.2.0"), by=operator("Ann"))
    same = r"Ida Lindqvist wrote default@1\.1\.0, which says the same as default@1\.2\.0"
    with pytest.raises(PolicyRefused, match=same):
        approve(connection, other.name, other.version, actor=operator("Ida Lindqvist"), because="x", now=NOW)


def test_who_wrote_something_else_approves_what_another_wrote(connection: Connection) -> None:
    first = proposed(connection, written(*STRICT))  # by Ida
    withdraw(connection, first.name, first.version, actor=IDA, because="not now", now=NOW)
    other = proposed(connection, written(version="1.2.0"), by=operator("Ann"))
    done = approve(
        connection, other.name, other.version, actor=operator("Ida Lindqvist"), because="x", now=NOW
    )
    assert done.approved_by == "Ida Lindqvist"


def test_a_plan_that_no_longer_holds_is_refused(connection: Connection) -> None:
    found = proposed(connection, written(*STRICT))
    with pytest.raises(PolicyRefused, match="would change something else by now"):
        approve(connection, found.name, found.version, actor=OLE, because="x", now=NOW, planned="0" * 64)
    with Session(connection) as session:
        looked = plan(session, found.loaded(), now=NOW)["plan"]
    assert approve(
        connection, found.name, found.version, actor=OLE, because="x", now=NOW, planned=looked
    ).plan


def test_two_policies_cannot_begin_on_one_day(connection: Connection) -> None:
    with pytest.raises(
        InvalidDeclaration, match=r"strict\.yaml:6:\d+: effective_from: default@1\.0\.0 begins on that"
    ):
        proposed(connection, written(*STRICT, version="1.3.0", begins=date(2000, 1, 1)))


def test_a_policy_that_begins_in_the_past_says_what_it_does_to_history_and_leaves_it(
    connection: Connection,
) -> None:
    found = proposed(connection, written(*STRICT, begins=TODAY - 3 * WEEK))
    with Session(connection) as session:
        looked = plan_whole(session, found.loaded(), now=NOW)
        later = plan_whole(session, strict(), now=NOW)
        with pytest.raises(TooMuchPast, match=r"begins 2025-11-10: 9 days of projects .* here 5 at most"):
            within(session, found.loaded(), now=NOW, most=5)
        within(session, found.loaded(), now=NOW, most=9)
    past = looked["history"]
    assert (later["history"], past["from"], past["to"], past["days"]) == (None, "2025-11-10", "2025-11-30", 3)
    assert (past["project_days"], past["otherwise"]) == (9, 4)
    once, slips = past["projects"]
    assert (once["project"], once["days"], once["turns"]) == ("ONCE", 3, {"GREEN to RED": 3})
    assert (slips["first"], slips["last"]) == ("2025-11-17", "2025-11-17")
    assert slips["turns"] == {"GREEN to RED": 1}
    assert "what was published of these days stays as it was" in past["says"]
    with pytest.raises(
        PolicyRefused, match="begins 2025-11-10, in the past: look at what it says of history"
    ):
        approve(connection, found.name, found.version, actor=OLE, because="x", now=NOW)
    before = stored(connection)
    held = approve(
        connection, found.name, found.version, actor=OLE, because="x", now=NOW, planned=looked["plan"]
    )
    assert held.plan is not None
    assert held.plan["history"] == past
    assert stored(connection) == before
    assert policy_standing(connection, TODAY - WEEK).label == found.label
    assert policy_standing(connection, TODAY - WEEK, NOW - timedelta(hours=1)).label == "default@1.0.0"


def stored(connection: Connection) -> list[Any]:
    return list(connection.execute(text("SELECT id, policy, sha256 FROM snapshot ORDER BY id")).all())


def test_a_policy_that_is_over_already_is_refused(connection: Connection) -> None:
    ended = ("title:", "effective_to: 2025-11-30\ntitle:")
    found = proposed(connection, written(*STRICT, ended, begins=TODAY - 2 * WEEK))
    with pytest.raises(PolicyRefused, match="is over since 2025-11-30"):
        approve(connection, found.name, found.version, actor=OLE, because="x", now=NOW)


def test_versions_go_up_and_what_is_approved_keeps_its_text(connection: Connection) -> None:
    with pytest.raises(PolicyRefused, match=r"version 0\.9\.0 is not after 1\.0\.0"):
        proposed(connection, written(*STRICT, version="0.9.0"))
    with pytest.raises(
        PolicyRefused, match=r"default@1\.0\.0 is approved already; give the policy the next version"
    ):
        proposed(connection, written(*STRICT, version="1.0.0"))
    first = proposed(connection, written(*STRICT))
    assert proposed(connection, written(*STRICT)) == first
    with pytest.raises(PolicyRefused, match="was proposed by Ida Lindqvist; give yours another version"):
        proposed(connection, written(), by=operator("Ann"))
    assert proposed(connection, written()).text != first.text
    with pytest.raises(NoSuchPolicy, match=r"there is no policy default@9\.9\.9; there are default@1\.0\.0"):
        kept_version(connection, "default", "9.9.9")


def test_an_approved_policy_can_be_withdrawn_until_its_first_day(connection: Connection) -> None:
    found = proposed(connection, written(*STRICT, begins=TODAY + timedelta(days=30)))
    approve(connection, found.name, found.version, actor=OLE, because="x", now=NOW)
    ahead = TODAY + timedelta(days=40)
    assert policy_standing(connection, ahead).label == "default@1.1.0"
    later = NOW + timedelta(days=1)
    assert (
        withdraw(connection, "default", "1.1.0", actor=OLE, because="a mistake", now=later).state
        == "withdrawn"
    )
    assert policy_standing(connection, ahead).label == "default@1.0.0"
    assert policy_standing(connection, ahead, NOW).label == "default@1.1.0"  # as it was known then
    with pytest.raises(PolicyRefused, match="has been in force since 2000-01-01 and stays on record"):
        withdraw(connection, "default", "1.0.0", actor=OLE, because="x", now=NOW)


def test_a_tolerance_of_nobody_is_refused_with_its_line(connection: Connection) -> None:
    with pytest.raises(
        InvalidDeclaration, match=r"strict\.yaml:47:\d+: tolerances\[0\]\.project: there is no project"
    ):
        proposed(connection, written(more=tolerance("SLIP", "{hysteresis: 3}")))


def test_what_a_project_is_held_to_says_because_of_what(session: Session, connection: Connection) -> None:
    more = tolerance("SLIPS", "{schedule: {red_days: 90}}")
    found = proposed(connection, written(more=more))
    approve(connection, found.name, found.version, actor=OLE, because="x", now=NOW)
    holds = held_to(session, "SLIPS", on=TODAY, now=NOW)
    assert (holds["policy"], holds["limits"]["schedule"]["red_days"]) == ("default@1.1.0", 90)
    assert [layer["of"] for layer in holds["layers"]] == ["tier", "project"]
    assert holds["place"] == {"tier": 1, "programmes": ["Space"], "portfolios": ["main"]}
    assert held_to(session, "SLIPS", on=TODAY - WEEK, now=NOW)["limits"]["schedule"]["red_days"] == 30
    with pytest.raises(NoSuchProject, match="there is no project 'NONE'; there are ONCE, SLIPS, STEADY"):
        held_to(session, "NONE", on=TODAY, now=NOW)


def test_a_backtest_says_who_turns_how_much_earlier_and_how_many_alarms_were_false(session: Session) -> None:
    found = backtest(session, strict(), now=NOW, terms=TERMS)
    assert (found["days"], found["first"], found["last"]) == (5, "2025-11-03", "2025-12-01")
    assert (found["against"], found["otherwise"]["count"]) == (["default@1.0.0"], 0)
    by_key = {each["project"]: each for each in found["turning"]}
    assert by_key.keys() == {"SLIPS", "ONCE"}
    assert by_key["SLIPS"]["first"] == {"before": "2025-11-24", "after": "2025-11-17"}
    assert by_key["SLIPS"]["months_earlier"] == pytest.approx(0.23)
    assert by_key["SLIPS"]["alarms"]["after"][0]["verdict"] == "right"
    assert by_key["ONCE"]["first"] == {"before": None, "after": "2025-11-10"}
    assert by_key["ONCE"]["alarms"]["after"][0]["verdict"] == "false"
    assert (found["before"]["alarms"], found["after"]["alarms"]) == (1, 2)
    assert (found["after"]["right"], found["after"]["false"], found["after"]["false_share"]) == (1, 1, 0.5)
    assert (found["turn_earlier"], found["only_after"], found["only_before"]) == (1, 1, 0)


def test_a_backtest_of_the_policy_itself_changes_nothing_and_gives_the_stored_colours(
    session: Session,
) -> None:
    found = backtest(session, shipped.policy(), now=NOW, terms=TERMS)
    assert (found["turn"], found["otherwise"]) == (0, {"count": 0, "some": []})
    assert found["before"] == found["after"]


def test_a_backtest_of_days_nobody_knows_says_which_there_are(session: Session) -> None:
    with pytest.raises(
        NothingToReplay, match="no snapshot from 2030-01-01; the history goes from 2025-11-03 to"
    ):
        backtest(session, strict(), now=NOW, since=date(2030, 1, 1))
    assert backtest(session, strict(), now=NOW, since=date(2025, 11, 17))["days"] == 3
    assert (replay_size(session, date(2025, 11, 17), None), replay_size(session, None, None)) == (9, 15)


def test_consolidation_goes_by_the_policy_of_its_day_and_its_receipt_names_the_layers(
    template_url: str,
) -> None:
    with cloned(template_url) as url:
        engine = open_engine(url)
        history(engine).register("pmo-files", "SEVEN", row=11, **row("Of tier seven", 7))
        more = tolerance("ONCE", "{schedule: {amber_days: 15, red_days: 19}, hysteresis: 3}")
        begins = TODAY + timedelta(days=7)
        with engine.begin() as connection:
            found = proposed(connection, written(version="1.1.0", begins=begins, more=more))
            approve(connection, found.name, found.version, actor=OLE, because="x", now=NOW)
        for day in (6, 7):
            now = LAST + timedelta(days=day)
            done = consolidate(engine, as_of=now.date(), known_at=now)
        with Session(engine) as session:
            before = status_document(session, as_of=begins - timedelta(days=1))["projects"][0]
            after = status_document(session, as_of=begins)["projects"][0]
            replayed = backtest(session, shipped.policy(), now=NOW, terms=TERMS)
            explained = explain(session, "ONCE", "schedule", as_of=begins)
            receipt = session.scalar(
                select(tables.Snapshot.receipt)
                .join(tables.Project)
                .where(tables.Project.key == "ONCE", tables.Snapshot.as_of == begins)
            )
        engine.dispose()
    assert (before["key"], before["overall"], after["overall"]) == ("ONCE", "GREEN", "RED")
    assert receipt is not None
    assert explained["rule"]["policy"] == "default@1.1.0"
    assert explained["held_to"] == receipt["policy"] | {
        "effective_from": begins.isoformat(),
        "approved_by": "Ole Brandt",
        "sha256": found.sha256,
    }
    assert receipt["policy"] == {
        "label": "default@1.1.0",
        "layers": [
            {"of": "tier", "name": "2"},
            {"of": "project", "name": "ONCE", "because": "agreed by the board"},
        ],
    }
    assert (replayed["against"], replayed["otherwise"]["count"]) == (["default@1.0.0", "default@1.1.0"], 0)
    assert (
        done.warnings[-1] == "default@1.1.0 does not define tier 7: SEVEN held to the limits without a tier"
    )


def test_projects_of_a_tier_nobody_defined_are_named_and_held_to_the_limits_without_one(
    session: Session,
) -> None:
    without = written().replace("  3: {issues", "  # 3: {issues")
    found = plan(session, read_policy(without, "x.yaml"), now=NOW)
    assert found["warnings"] == [
        "default@1.1.0 does not define tier 3: STEADY held to the limits without a tier"
    ]
