"""What was touched and nothing else is computed, and it comes to the same as computing everything."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config import shipped
from model import tables
from sync.consolidate import Consolidation, consolidate
from sync.consolidation.colouring import Coloured, compute
from sync.consolidation.log import last_told
from sync.consolidation.to_compute import prepare_some
from sync.json import dump_bytes
from tests.support.rows import T0, Rows

KEYS = ("APOLLO", "BOREAS", "CERES", "DIONE", "EOS", "FAUNA")
DAY = T0.date()
WORDS = "The service was moved to the new platform and handed over to support."
# Everything happens on one day: the first consolidation is of all, the later ones of what was touched.
BEGIN = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


class Office:
    """A small portfolio that people and trackers keep changing."""

    def __init__(self, engine: Engine) -> None:
        self.rows = Rows(engine)
        self.now = BEGIN
        self.registered: dict[str, int] = {}
        self.said: dict[str, int] = {}  # by the second source
        self.items: dict[str, list[int]] = {key: [] for key in KEYS}
        for name, kind in (("jira-cloud", "jira"), ("pmo-files", "excel"), ("finance", "excel")):
            self.rows.source(name, kind)
        for row, key in enumerate(KEYS, start=4):
            self.rows.scope("jira-cloud", f"{key}-J")
            self.registered[key] = self.rows.register(
                "pmo-files", key, row=row, name=key.title(), programme="Space" if row % 2 else "Sea", tier=1 + row % 3,
                stage="deliver", manager="Maya", baseline_start="2026-01-05", baseline_finish="2026-12-18",
                budget="1000", forecast_cost="1000", reported_on="2026-10-30", rag_overall="GREEN",
                bind_jira=f"{key}-J", achievements=WORDS,
            )  # fmt: skip
            for _ in range(3):
                self.items[key].append(
                    self.rows.item("jira-cloud", f"{key}-J", points=2.0, due=date(2026, 12, row))
                )
            self.rows.milestone(
                "pmo-files", key, "Launch", baseline=date(2026, 10, 1), forecast=date(2026, 12, 1)
            )
            self.rows.raid("pmo-files", key, item_id="R-1", probability=3, impact=4, owner="Maya")

    def consolidate(self, **more: Any) -> Consolidation:
        self.now += timedelta(minutes=3)
        return consolidate(self.rows.engine, as_of=DAY, known_at=self.now, **more)

    def execute(self, statement: str, **values: Any) -> None:
        with self.rows.engine.begin() as connection:
            connection.execute(text(statement), values)


def worked(office: Office, key: str, number: int) -> None:
    office.execute(
        "UPDATE work_item SET status_category = 'done', points = :points WHERE id = :id",
        points=float(number), id=office.items[key][number % 3],
    )  # fmt: skip


def added(office: Office, key: str, number: int) -> None:
    office.rows.item("jira-cloud", f"{key}-J", points=float(number), due=date(2027, 1, 1 + number))


def deleted(office: Office, key: str, number: int) -> None:
    office.execute(
        "UPDATE work_item SET deleted_at = :at WHERE id = :id",
        at=office.now,
        id=office.items[key][number % 3],
    )


def rewritten(office: Office, key: str, number: int) -> None:
    changes = (
        {"forecast_finish": f"2027-01-{10 + number}"}, {"budget": None}, {"manager": None}, {"programme": "Air"},
        {"rag_overall": "RED"}, {"achievements": f"{WORDS} Release {number}."}, {"forecast_cost": "2000"},
        {"tier": 1},
    )  # fmt: skip
    office.rows.rewrite(office.registered[key], **changes[number])


def rebound(office: Office, key: str, number: int) -> None:
    office.rows.rewrite(office.registered[key], bind_jira=f"{KEYS[number % len(KEYS)]}-J")


def closed(office: Office, key: str, number: int) -> None:
    office.rows.change(tables.Scope, office.registered[key], deleted_at=office.now if number == 1 else None)


def slipped(office: Office, key: str, number: int) -> None:
    office.execute(
        "UPDATE milestone SET known_to = :at WHERE known_to IS NULL AND project_ref = :key AND known_from < :at",
        at=office.now, key=key,
    )  # fmt: skip
    office.rows.milestone(
        "pmo-files", key, "Launch", baseline=date(2026, 10, 1), forecast=date(2027, 1, 1 + number),
        external_id=f"m-{key}-{office.rows.next()}", at=office.now,
    )  # fmt: skip


def at_risk(office: Office, key: str, number: int) -> None:
    later = office.now + timedelta(minutes=10 * (number % 2))  # a clock that runs ahead
    office.rows.raid("pmo-files", key, item_id=f"R-{number}", probability=1 + number % 5, impact=5, at=later)


def spent(office: Office, key: str, number: int) -> None:
    currency = "EUR" if number % 3 == 0 else None
    office.rows.cost("finance", key, "forecast", str(100 * number), currency=currency, at=office.now)


def read_again(office: Office, _key: str, number: int) -> None:
    office.rows.run(("jira-cloud", "pmo-files", "finance")[number % 3], at=office.now)


def being_read(office: Office, key: str, number: int) -> None:
    """Begin to read a source, with something of the reading there already; or end that."""
    office.execute(
        "UPDATE run SET state = 'succeeded', finished_at = :at WHERE state = 'running'", at=office.now
    )
    if number % 2:
        run = office.rows.run("pmo-files", at=office.now)
        office.execute("UPDATE run SET state = 'running', finished_at = NULL WHERE id = :run", run=run)
        office.rows.raid("pmo-files", key, item_id="R-9", probability=5, impact=5, at=office.now)


def out_of_sight(office: Office, key: str, number: int) -> None:
    office.execute(
        "INSERT INTO absence (source_id, stream, slice, entity, external_id, found_at, found_by, run_id, fate,"
        " settled_at) SELECT source_id, 'issues', '', 'work_item', external_id, :at, 'census', run_id, 'access_lost',"
        " :at FROM work_item WHERE id = :id ON CONFLICT DO NOTHING",
        at=office.now, id=office.items[key][number % 3],
    )  # fmt: skip


def waived(office: Office, key: str, number: int) -> None:
    office.execute(
        "INSERT INTO waiver (project_id, template, rule, because, asked_by, asked_at, approved_by, approved_at, until)"
        " SELECT id, 'monthly-status', :rule, 'agreed', 'Maya', :at, 'Olga', :at, '2026-12-31' FROM project"
        " WHERE key = :key", rule=("budget", "manager", "sponsor")[number % 3], at=office.now, key=key,
    )  # fmt: skip


def said(office: Office, key: str, number: int) -> None:
    """A second source says another forecast, or somebody settles which counts."""
    if number % 2 and key in office.said:
        office.rows.rewrite(office.said[key], forecast_finish=f"2027-02-{10 + number}")
    elif number % 2:
        row = 40 + len(office.said)
        office.said[key] = office.rows.register("finance", key, row=row, forecast_finish="2027-02-01")
    else:
        office.execute(
            "INSERT INTO settlement (project_id, attribute, claim_id, said, at, by, because) SELECT project_id,"
            " attribute, max(id), jsonb_object_agg(CAST(source_id AS text), id), :at, 'Olga', 'asked' FROM claim"
            " WHERE attribute = 'forecast_finish' AND value <> 'null' GROUP BY project_id, attribute"
            " HAVING count(DISTINCT source_id) > 1", at=office.now,
        )  # fmt: skip


def renamed(office: Office, _key: str, number: int) -> None:
    office.execute("UPDATE programme SET name = name || :more WHERE name LIKE 'Sea%'", more=str(number))


def fixing(office: Office, key: str, _number: int) -> None:
    office.execute(
        "UPDATE finding SET state = 'fixing', moved_at = :at WHERE closed_at IS NULL AND state = 'new' AND project_id ="
        " (SELECT id FROM project WHERE key = :key)", at=office.now, key=key,
    )  # fmt: skip


Edit = Callable[[Office, str, int], None]
Edits = list[tuple[Edit, str, int]]
EDITS: tuple[Edit, ...] = (
    worked, added, deleted, rewritten, rebound, closed, slipped, at_risk, spent, read_again, being_read, out_of_sight,
    waived, said, renamed, fixing,
)  # fmt: skip


def what_is_kept(session: Session) -> list[Any]:
    """Read what consolidation keeps beside the snapshots: findings, conflicts, and what the templates found."""
    findings = (
        "SELECT project_id, template, record_ref, rule, kind, says, severity, state, owner, waiver_id, closed_because"
        " FROM finding ORDER BY id"
    )
    conflicts = (
        "SELECT project_id, attribute, claims, because, closed_because FROM claim_conflict ORDER BY id"
    )
    assessed = "SELECT project_id, template, record_ref, result FROM assessment ORDER BY 1, 2, 3"
    return [session.execute(text(each)).all() for each in (findings, conflicts, assessed)]


def is_as_if_all_were_computed(office: Office) -> None:
    """Compute everything at the same instant, compare it with what is stored, and take it back."""
    with Session(office.rows.engine) as session:
        done = Consolidation(DAY, office.now)
        prepared = prepare_some(session, done, None, None)
        assert (done.claims, done.withdrawn) == (0, 0)
        into = Coloured()
        kept = what_is_kept(session)
        _, statuses = compute(session, prepared.setting, prepared.projects, into)
        assert what_is_kept(session) == kept
        stored = {
            row.project_id: row
            for row in session.execute(
                text(
                    "SELECT DISTINCT ON (project_id) project_id, known_at, document, receipt FROM snapshot"
                    " WHERE as_of = :day ORDER BY project_id, known_at DESC"
                ),
                {"day": DAY},
            )
        }
        for project, status in statuses.items():
            assert orjson.loads(dump_bytes(status.document)) == stored[project].document
            if stored[project].known_at >= office.now:  # else it is of when the document was first so
                assert orjson.loads(dump_bytes(status.receipt)) == stored[project].receipt
        assert (into.opened, into.closed) == (0, 0)
        session.rollback()


@pytest.fixture
def office(engine: Engine) -> Office:
    office = Office(engine)
    office.consolidate()
    return office


one_edit = st.tuples(st.sampled_from(EDITS), st.sampled_from(KEYS), st.integers(0, 7))


def goes_on(office: Office, edits: Edits) -> None:
    for edit, key, number in edits:
        edit(office, key, number)
    office.consolidate(part=2)
    is_as_if_all_were_computed(office)


@settings(max_examples=5)
@given(edits=st.lists(one_edit, min_size=1, max_size=6))
def test_what_was_touched_comes_to_the_same_as_everything(office: Office, edits: Edits) -> None:
    goes_on(office, edits)


@pytest.mark.slow
@settings(max_examples=60)
@given(edits=st.lists(one_edit, min_size=1, max_size=4))
def test_it_does_so_for_many_edits_after_another(office: Office, edits: Edits) -> None:
    goes_on(office, edits)


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_it_does_so_for_every_kind_of_edit(office: Office, edit: Edit) -> None:
    for number, key in enumerate(KEYS):
        goes_on(office, [(edit, key, number)])


def test_only_what_was_touched_is_computed(office: Office) -> None:
    office.rows.run("jira-cloud", at=office.now)
    worked(office, "CERES", 1)
    done = office.consolidate()
    assert (done.projects, done.computed, done.snapshots, done.unchanged) == (6, 1, 1, 5)
    assert office.consolidate().computed == 0

    # One project alone leaves what was touched to the next consolidation.
    worked(office, "CERES", 2)
    worked(office, "EOS", 2)
    alone = office.consolidate(projects=[office.rows.project_id("EOS")])
    assert (alone.computed, alone.snapshots) == (1, 1)
    assert office.consolidate().computed == 2

    # And the comparison above is not blind: it sees what no trigger put down.
    office.execute("DROP TRIGGER touched_update ON work_item")
    worked(office, "CERES", 3)
    with pytest.raises(AssertionError):
        goes_on(office, [])


def test_what_there_is_to_tell_stands_until_it_is_no_longer_so(office: Office) -> None:
    office.rows.rewrite(office.registered["CERES"], tier=9, programme="Space (150 %)")
    office.rows.rewrite(office.registered["EOS"], tier=9)
    assert told(office)[0].endswith("CERES, EOS held to the limits without a tier")
    assert "Space (150 %): a share from 0 to 100 % was expected" in told(office)[1]

    worked(office, "APOLLO", 1)  # another project is computed, and these are not
    assert told(office)[0].endswith("CERES, EOS held to the limits without a tier")

    office.rows.rewrite(office.registered["CERES"], tier=2, programme="Space")
    [left] = told(office)
    assert left.endswith(": EOS held to the limits without a tier")


def told(office: Office) -> list[str]:
    done = office.consolidate()
    with Session(office.rows.engine) as session:
        kept = last_told(session)
    assert kept == list(dict.fromkeys(done.warnings))
    return sorted(kept, key=lambda each: "tier" not in each)


def test_what_counts_only_later_or_is_still_being_read_is_looked_at_then(office: Office) -> None:
    office.rows.raid(
        "pmo-files", "EOS", item_id="R-2", probability=5, impact=5, at=office.now + timedelta(minutes=5)
    )
    assert office.consolidate().snapshots == 0
    assert office.consolidate().snapshots == 1

    being_read(office, "EOS", 1)
    assert office.consolidate().snapshots == 0
    being_read(office, "EOS", 2)
    assert office.consolidate().snapshots == 1


def test_another_policy_a_look_back_and_one_that_broke_off_are_followed_by_all(office: Office) -> None:
    stricter = shipped.policy().model_copy(update={"version": "9.0.0"})
    assert office.consolidate(policy=stricter).computed == 6
    assert office.consolidate().computed == 6

    back = office.now - timedelta(minutes=1)
    assert consolidate(office.rows.engine, as_of=DAY, known_at=back).computed == 6
    assert office.consolidate().computed == 6
    assert office.consolidate().computed == 0

    worked(office, "CERES", 1)
    with pytest.raises(ValueError, match="must not be zero"):
        office.consolidate(part=0)
    assert office.consolidate().computed == 6

    office.now += timedelta(days=1)
    assert consolidate(office.rows.engine, as_of=DAY + timedelta(days=1), known_at=office.now).computed == 6


def test_the_same_words_in_two_reports_are_found_across_parts(office: Office) -> None:
    copied = "SELECT count(*) FROM finding WHERE kind = 'copied' AND closed_at IS NULL"
    with office.rows.engine.connect() as connection:
        assert connection.scalar(text(copied)) == 6
    for key in KEYS[1:]:
        office.rows.rewrite(office.registered[key], achievements=f"{WORDS} It was {key} that did it.")
    # The first one's report is as it was, and yet no copy any more.
    assert office.consolidate(part=2).computed == 6
    with office.rows.engine.connect() as connection:
        assert connection.scalar(text(copied)) == 0
