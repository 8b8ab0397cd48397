"""A case: one submission with all that is known of it, read once and then judged without the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from model.collection.cases import (
    OWN,
    WITHDRAWN,
    Changes,
    Filled,
    Given,
    Judgement,
    RecordCase,
    Waivers,
    has_items,
    judged,
    new_record,
    with_computed,
)
from model.template.template import Template
from sync.collection.heads import NoSuchSubmission, SubmissionHead, head_of
from sync.collection.people import People, nobody, people_of
from sync.collection.tailoring import Where, template_for
from sync.collection.waivers import standing

__all__ = [
    "OPEN", "OWN", "WITHDRAWN", "Case", "Filled", "Given", "Judgement", "NoSuchSubmission", "RecordCase",
    "SubmissionHead", "open_case",
]  # fmt: skip

SHARED: Final = "*"  # the record under which a submission's context keeps what all of its records know
MADE: Final = "+"  # and where it keeps the references of records that people made
OPEN: Final = frozenset({"not_started", "draft", "returned"})  # states in which answers are taken


@dataclass(frozen=True, slots=True)
class Case:
    """A submission, its template as it judges this project, and its records.

    `as_of` is the day it is judged on: today while answers are taken, then the day it was submitted.
    `people` are the project's by role. `shared` is the context of a record that is new. `made` are the lasting
    references of records just made, by what the door called them.
    """

    submission: SubmissionHead
    template: Template
    as_of: date
    records: tuple[RecordCase, ...]
    shared: Mapping[str, Any]
    people: People
    waivers: Waivers = ()
    made: Mapping[str, str] = field(
        default_factory=dict
    )  # lasting references of records just made, by what the door called them

    @property
    def is_open(self) -> bool:
        """Whether answers are taken."""
        return self.submission.state in OPEN and self.submission.cycle_state != "closed"

    def record(self, ref: str) -> RecordCase | None:
        """Return a record by its reference."""
        return next((each for each in self.records if each.ref == ref), None)

    def blank(self, ref: str = "new-1", values: Mapping[str, Any] | None = None) -> RecordCase:
        """Return what a new record would start with."""
        made = new_record(
            self.template, ref, self.records, values or {}, as_of=self.as_of, shared=self.shared
        )
        return with_computed(self.template, made, self.as_of)

    def judge(
        self,
        changes: Changes | None = None,
        because: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> Judgement:
        """Judge it, with changes laid over it that nobody has stored; `because` are reasons given with them."""
        return judged(
            self.template, self.records, as_of=self.as_of, shared=self.shared, waivers=self.waivers,
            changes=changes, because=because,
        )  # fmt: skip


def open_case(connection: Connection, submission_id: int, *, now: datetime) -> Case:
    """Read a submission with everything that judges it.

    Raises:
        NoSuchSubmission: There is none of that number.
        NoSuchTemplate: Its template's version is gone.
    """
    return case_of(connection, head_of(connection, submission_id), now=now)


def case_of(connection: Connection, head: SubmissionHead, *, now: datetime) -> Case:
    """Do the same for a submission whose head was read already."""
    until = now if head.state in OPEN or head.submitted_at is None else head.submitted_at
    as_of = until.astimezone(ZoneInfo(head.timezone)).date()
    contexts = connection.scalar(text("SELECT context FROM submission WHERE id = :id"), {"id": head.id}) or {}
    shared = contexts.get(SHARED, {})
    where = Where(shared.get("stage"), shared.get("tier"), _programmes(shared))
    template = template_for(connection, head.template, head.version, where, as_of)
    filled = filled_of(connection, [head.id], lambda at: (as_of - head.day(at)).days).get(head.id, {})
    answers = answers_of(connection, [head.id]).get(head.id, {})
    own = [] if has_items(template) else [OWN]
    records = tuple(
        with_computed(
            template,
            RecordCase(ref, filled.get(ref, {}), answers.get(ref, {}), {**shared, **contexts.get(ref, {})}),
            as_of,
        )
        for ref in dict.fromkeys([*own, *filled, *answers])
        if filled.get(ref) or answers.get(ref) or ref in own
    )
    people = people_of(connection, [head.project_id], now).get(head.project_id, nobody())
    waived = standing(connection, as_of, projects=[head.project_id]).pairs(head.project_id, head.template)
    return Case(head, template, as_of, records, shared, people, waived)


def _programmes(shared: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the project's programmes as they were when it was filled; submissions of before kept only its own."""
    own = shared.get("programme")
    return tuple(shared.get("programmes") or ([] if own is None else [own]))


def filled_of(
    connection: Connection, submissions: Sequence[int], days_since: Callable[[datetime], int] = lambda _: 0
) -> dict[int, dict[str, dict[str, Filled]]]:
    """Return what was filled in, by submission, record and field; ages as of when it was, and the days since."""
    found: dict[int, dict[str, dict[str, Filled]]] = {}
    rows = connection.execute(
        text(
            "SELECT submission_id, record_ref, field, value, source, locator, url, age_days, filled_at FROM prefill"
            " WHERE submission_id = ANY(CAST(:ids AS bigint[])) ORDER BY id"
        ),
        {"ids": list(submissions)},
    )
    for id_, ref, name, value, source, locator, url, age, at in rows:
        older = None if age is None else age + max(0, days_since(at))
        found.setdefault(id_, {}).setdefault(ref, {})[name] = Filled(value, source, locator, url, older)
    return found


def answers_of(connection: Connection, submissions: Sequence[int]) -> dict[int, dict[str, dict[str, Given]]]:
    """Return the newest answer of each field that was not taken back, by submission and record."""
    found: dict[int, dict[str, dict[str, Given]]] = {}
    rows = connection.execute(
        text(
            "SELECT * FROM (SELECT DISTINCT ON (submission_id, record_ref, field) submission_id, record_ref, field,"
            ' value, withdrawn, because, "by", at, door, locator, id FROM answer'
            " WHERE submission_id = ANY(CAST(:ids AS bigint[]))"
            " ORDER BY submission_id, record_ref, field, id DESC) AS a WHERE NOT withdrawn ORDER BY id"
        ),
        {"ids": list(submissions)},
    )
    for id_, ref, name, value, _, because, by, at, door, locator, _ in rows:
        given = Given(value, because, by, at, door, locator)
        found.setdefault(id_, {}).setdefault(ref, {})[name] = given
    return found
