"""Submissions without their answers: what lists, boards and moves need of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from model.collection.cycle import last_day


class NoSuchSubmission(LookupError):
    """There is no submission of that number."""


@dataclass(frozen=True, slots=True)
class SubmissionHead:
    """One project's part of one cycle: where it stands, and who brought it there.

    `revision` counts every change and is what writers must have seen. `template` is the template's id,
    `version` the one that judges it.
    """

    id: int
    state: str
    revision: int
    project_id: UUID
    project_key: str
    project_name: str
    cycle_id: int
    template: str
    version: str
    period: str
    period_end: date
    due_at: datetime
    timezone: str
    calendar: str
    cycle_state: str
    opened_at: datetime
    submitted_at: datetime | None
    submitted_by: str | None
    first_submitted_at: datetime | None
    returns: int
    approved_at: datetime | None
    approved_by: str | None
    published_at: datetime | None
    published_by: str | None
    withdrawn_at: datetime | None
    sha256: str | None
    superseded_by: int | None

    @property
    def late(self) -> bool | None:
        """Whether it was first submitted after its deadline; None while it was not submitted."""
        return None if self.first_submitted_at is None else self.first_submitted_at > self.due_at

    def day(self, now: datetime) -> date:
        """Return the day it is in the cycle's time zone."""
        return now.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def due_day(self) -> date:
        """The last day on which it is in time, in the cycle's time zone."""
        return last_day(self.due_at, self.timezone)

    def to_json(self) -> dict[str, Any]:
        """Return it as a document, instants as datetimes."""
        names = [name for name in self.__slots__ if name not in ("project_id", "project_key", "project_name")]
        return {
            "project": {"key": self.project_key, "name": self.project_name},
            "late": self.late,
            **{name: getattr(self, name) for name in names},
        }


_HEADS: Final = (
    "SELECT s.id, s.state, s.revision, s.project_id, p.key, p.name, s.cycle_id, c.template, s.version, c.period,"
    " c.period_end, c.due_at, c.timezone, c.calendar, c.state, s.opened_at, s.submitted_at, s.submitted_by,"
    " s.first_submitted_at, s.returns, s.approved_at, s.approved_by, s.published_at, s.published_by,"
    " s.withdrawn_at, s.sha256, s.superseded_by FROM submission s JOIN cycle c ON c.id = s.cycle_id"
    " JOIN project p ON p.id = s.project_id"
)


def head_of(connection: Connection, submission_id: int, *, lock: bool = False) -> SubmissionHead:
    """Return one submission; with `lock` nobody else changes it until the transaction ends.

    Raises:
        NoSuchSubmission: With what to do.
    """
    if lock:
        connection.execute(text("SELECT 1 FROM submission WHERE id = :id FOR UPDATE"), {"id": submission_id})
    row = connection.execute(text(f"{_HEADS} WHERE s.id = :id"), {"id": submission_id}).one_or_none()
    if row is None:
        raise NoSuchSubmission(f"there is no submission {submission_id}; `muster cycle show` lists a cycle's")
    return SubmissionHead(*row)


def heads(
    connection: Connection,
    *,
    cycles: Sequence[int] | None = None,
    projects: Sequence[UUID] | None = None,
    standing: bool = True,
) -> list[SubmissionHead]:
    """Return submissions by cycle and project; with `standing` those that nothing superseded only."""
    conditions = ["TRUE"]
    bound: dict[str, Any] = {}
    if cycles is not None:
        conditions.append("s.cycle_id = ANY(CAST(:cycles AS bigint[]))")
        bound["cycles"] = list(cycles)
    if projects is not None:
        conditions.append("s.project_id = ANY(CAST(:projects AS uuid[]))")
        bound["projects"] = list(projects)
    if standing:
        conditions.append("s.superseded_by IS NULL")
    where = " AND ".join(conditions)
    rows = connection.execute(text(f"{_HEADS} WHERE {where} ORDER BY c.period_end, c.id, p.key, s.id"), bound)
    return [SubmissionHead(*row) for row in rows]


def preparers_of(connection: Connection, submissions: Sequence[int]) -> Mapping[int, frozenset[str]]:
    """Return who answered or submitted each of some submissions: they may not approve it."""
    found: dict[int, set[str]] = {id_: set() for id_ in submissions}
    rows = connection.execute(
        text(
            'SELECT submission_id, "by" FROM answer WHERE submission_id = ANY(CAST(:ids AS bigint[]))'
            ' UNION SELECT submission_id, "by" FROM submission_move'
            " WHERE submission_id = ANY(CAST(:ids AS bigint[])) AND to_state = 'submitted'"
        ),
        {"ids": list(submissions)},
    )
    for id_, name in rows:
        found[id_].add(name)
    return {id_: frozenset(names) for id_, names in found.items()}
