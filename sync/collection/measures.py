"""A cycle as a board of who owes what, and in numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from model.collection.ladder import OWED
from model.collection.measures import Course, Effort, Measures, measured, minutes_for
from model.collection.workflow import moves_from, role_of
from model.template.template import Template
from sync.collection.cycles import CycleRow
from sync.collection.heads import SubmissionHead, heads
from sync.collection.people import People, nobody, people_of
from sync.collection.templates import version

_APPROVED: Final = frozenset({"approved", "published"})


@dataclass(frozen=True, slots=True)
class Line:
    """One submission on the board: who is to act next, and since when it is overdue."""

    head: SubmissionHead
    next_role: str | None
    next_person: str | None
    overdue: bool
    mark: str | None
    score: float | None
    grade: str | None
    blocking: int | None
    effort: Effort

    def to_json(self) -> dict[str, Any]:
        """Return it as a document."""
        return {
            **self.head.to_json(),
            "next": None if self.next_role is None else {"role": self.next_role, "person": self.next_person},
            "overdue": self.overdue,
            "mark": self.mark,
            "score": self.score,
            "grade": self.grade,
            "blocking": self.blocking,
            "effort": {
                "fields": self.effort.fields,
                "filled": self.effort.filled,
                "answered": self.effort.answered,
                "open": self.effort.open,
                "automatic": self.effort.automatic,
                "minutes": self.effort.minutes,
            },
        }


def board(
    connection: Connection, cycle: CycleRow, *, now: datetime, projects: Collection[UUID] | None = None
) -> tuple[list[Line], Measures]:
    """Return a cycle's submissions, each with who is to act next, and what they add up to.

    `projects` None is all; a caller who may see some gets the measures of these.
    """
    found = heads(connection, cycles=[cycle.id], projects=None if projects is None else list(projects))
    ids = [head.id for head in found]
    efforts = _efforts(connection, found)
    judged = _judged(connection, ids)
    marks = _marks(connection, ids)
    people = people_of(connection, [head.project_id for head in found], now) if found else {}
    judges = {
        number: version(connection, cycle.template, number) for number in {each.version for each in found}
    }
    lines = []
    for head in found:
        template = judges[head.version]
        role, person = _next(template, head, people.get(head.project_id, nobody()))
        score, letter, blocking = judged.get(head.id, (None, None, None))
        overdue = head.state in OWED and now >= head.due_at
        lines.append(
            Line(head, role, person, overdue, marks.get(head.id) if head.state in OWED else None, score, letter,
                 blocking, efforts[head.id])
        )  # fmt: skip
    return lines, measured(course(line) for line in lines)


def course(line: Line) -> Course:
    """Return how one submission went, as the measures count it."""
    head = line.head
    return Course(
        submitted=head.first_submitted_at is not None,
        late=head.late,
        overdue=line.overdue and head.first_submitted_at is None,
        returned=head.returns > 0,
        approved=head.state in _APPROVED,
        effort=line.effort,
    )


def _next(template: Template, head: SubmissionHead, people: People) -> tuple[str | None, str | None]:
    """Return who is to act next: the role, and the person where the project names one."""
    if head.state in ("published", "superseded"):
        return None, None
    if head.state in ("not_started", *OWED):
        role = role_of(template, "preparer")
        return role, people.get(role)
    moves = [move for move in moves_from(template, head.state) if move.to != "returned"]
    if not moves:
        return None, None
    role = role_of(template, moves[0].by)
    return role, people.get(role)


def _judged(
    connection: Connection, ids: Sequence[int]
) -> dict[int, tuple[float | None, str | None, int | None]]:
    """Return score, grade and the number of blocking findings of the last judgement."""
    rows = connection.execute(
        text(
            "SELECT s.id, CAST(s.result ->> 'score' AS double precision), s.result ->> 'grade',"
            " (SELECT count(*) FROM jsonb_each(s.result -> 'records') AS r,"
            " jsonb_array_elements(r.value -> 'findings') AS f WHERE f ->> 'severity' = 'block')"
            " FROM submission s WHERE s.id = ANY(CAST(:ids AS bigint[])) AND s.result IS NOT NULL"
        ),
        {"ids": list(ids)},
    )
    return {id_: (score, letter, blocking) for id_, score, letter, blocking in rows}


def _marks(connection: Connection, ids: Sequence[int]) -> Mapping[int, str]:
    """Return the mark that the highest rung of the ladder left, such as missing."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (submission_id) submission_id, payload ->> 'mark' FROM outbox_event"
            " WHERE submission_id = ANY(CAST(:ids AS bigint[])) AND payload ->> 'mark' IS NOT NULL"
            " ORDER BY submission_id, id DESC"
        ),
        {"ids": list(ids)},
    )
    return {id_: mark for id_, mark in rows}  # noqa: C416  (a Row is no pair to mypy)


def _efforts(connection: Connection, found: Sequence[SubmissionHead]) -> dict[int, Effort]:
    """Count what is filled in, answered and still asked for, of every submission by a statement each."""
    ids = {"ids": [head.id for head in found]}
    filled: dict[int, set[tuple[str, str]]] = {head.id: set() for head in found}
    for id_, ref, name in connection.execute(
        text(
            "SELECT submission_id, record_ref, field FROM prefill WHERE submission_id = ANY(CAST(:ids AS bigint[]))"
        ),
        ids,
    ):
        filled[id_].add((ref, name))
    answered: dict[int, set[tuple[str, str]]] = {head.id: set() for head in found}
    confirmed: dict[int, set[tuple[str, str]]] = {head.id: set() for head in found}
    for id_, ref, name, same in connection.execute(
        text(
            "SELECT a.submission_id, a.record_ref, a.field, a.value = p.value FROM (SELECT DISTINCT ON"
            " (submission_id, record_ref, field) submission_id, record_ref, field, value, withdrawn FROM answer"
            " WHERE submission_id = ANY(CAST(:ids AS bigint[]))"
            " ORDER BY submission_id, record_ref, field, id DESC) AS a"
            " LEFT JOIN prefill p USING (submission_id, record_ref, field)"
            " WHERE NOT a.withdrawn AND a.value <> 'null'"
        ),
        ids,
    ):
        (confirmed if same else answered)[id_].add((ref, name))
    asked = _asked(connection, [head.id for head in found])
    types: dict[tuple[str, str], Mapping[str, str]] = {}
    efforts = {}
    for head in found:
        key = (head.template, head.version)
        if key not in types:
            fields = version(connection, *key).fields
            types[key] = {field.rule.id: field.rule.type for field in fields if field.rule.fill != "auto"}
        people, by_itself = answered[head.id], filled[head.id] - answered[head.id]
        open_ = {(ref, name) for ref, name in asked.get(head.id, ()) if (ref, name) not in people}
        wanted = [types[key][name] for _, name in (*people, *open_) if name in types[key]]
        look = sum(name in types[key] for _, name in by_itself)
        efforts[head.id] = Effort(
            fields=len(people) + len(by_itself) + len(open_), filled=len(by_itself), answered=len(people),
            open=len(open_), minutes=minutes_for(wanted, look),
        )  # fmt: skip
    return efforts


def _asked(connection: Connection, ids: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    """Return the required fields that the last judgement found missing."""
    found: dict[int, set[tuple[str, str]]] = {}
    rows = connection.execute(
        text(
            "SELECT s.id, r.key, f ->> 'field' FROM submission s, jsonb_each(s.result -> 'records') AS r,"
            " jsonb_array_elements(r.value -> 'findings') AS f"
            " WHERE s.id = ANY(CAST(:ids AS bigint[])) AND f ->> 'kind' = 'missing'"
        ),
        {"ids": list(ids)},
    )
    for id_, ref, name in rows:
        found.setdefault(id_, set()).add((ref, name))
    return found
