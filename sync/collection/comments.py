"""What reviewers say of a submission or of a field of it, and what was settled of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from model.collection.roles import Actor, held, same_person
from model.collection.workflow import role_of
from sync.audit import record
from sync.collection.case import Case, open_case
from sync.collection.outbox import Told, tell
from sync.collection.refused import NotAllowed, NotAnswerable, NotOpen, Unanswerable
from sync.store import unit_of_work

_PARTS = ("preparer", "reviewer", "approver", "publisher")
_LONGEST = 5_000  # characters


class NoSuchComment(LookupError):
    """There is no comment of that number on this submission."""


@dataclass(frozen=True, slots=True)
class Comment:
    """One remark. `field` None is about the whole record; `settled_at` None is open."""

    id: int
    record_ref: str
    field: str | None
    says: str
    by: str
    at: datetime
    settled_at: datetime | None
    settled_by: str | None

    def to_json(self) -> dict[str, Any]:
        """Return it as a document, instants as datetimes."""
        return {name: getattr(self, name) for name in self.__slots__}


_COLUMNS = 'id, record_ref, field, says, "by", at, settled_at, settled_by'


def comments_of(connection: Connection, submission_id: int) -> list[Comment]:
    """Return all comments on a submission, the first first."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM review_comment WHERE submission_id = :id ORDER BY id"),
        {"id": submission_id},
    )
    return [Comment(*row) for row in rows]


def comment(
    engine: Engine,
    submission_id: int,
    says: str,
    *,
    actor: Actor,
    now: datetime,
    record_ref: str = "",
    field: str | None = None,
) -> Comment:
    """Say something of a submission; its preparer is told when somebody else does.

    Raises:
        NoSuchSubmission: There is none of that number.
        NotAllowed: The actor has no part in it.
        NotOpen: It is published.
        NotAnswerable: No such field or record, or nothing said.
    """
    with unit_of_work(engine) as connection:
        case = open_case(connection, submission_id, now=now)
        _has_a_part(case, actor)
        if case.submission.state in ("published", "superseded"):
            raise NotOpen(
                f"{case.submission.project_key} {case.submission.period} is published", case.submission
            )
        _refuse_odd(case, record_ref, field, says)
        row = connection.execute(
            text(
                'INSERT INTO review_comment (submission_id, record_ref, field, says, "by", at) VALUES'
                f" (:id, :ref, :field, :says, :by, :now) RETURNING {_COLUMNS}"
            ),
            {
                "id": submission_id,
                "ref": record_ref,
                "field": field,
                "says": says.strip(),
                "by": actor.name,
                "now": now,
            },
        ).one()  # fmt: skip
        made = Comment(*row)
        _tell(connection, case, made, now)
        _record(connection, "comment.written", case, made, actor)
        return made


def settle(engine: Engine, submission_id: int, comment_id: int, *, actor: Actor, now: datetime) -> Comment:
    """Settle a comment; settling it twice is once.

    Raises:
        NoSuchSubmission: There is none of that number.
        NoSuchComment: There is none of that number on it.
        NotAllowed: The actor has no part in it.
    """
    with unit_of_work(engine) as connection:
        case = open_case(connection, submission_id, now=now)
        _has_a_part(case, actor)
        row = connection.execute(
            text(
                "UPDATE review_comment SET settled_at = coalesce(settled_at, :now),"
                " settled_by = coalesce(settled_by, :by)"
                f" WHERE id = :comment AND submission_id = :id RETURNING {_COLUMNS}"
            ),
            {"comment": comment_id, "id": submission_id, "now": now, "by": actor.name},
        ).one_or_none()
        if row is None:
            raise NoSuchComment(f"there is no comment {comment_id} on submission {submission_id}")
        _record(connection, "comment.moved", case, Comment(*row), actor)
        return Comment(*row)


def _record(connection: Connection, action: str, case: Case, made: Comment, actor: Actor) -> None:
    detail = {"comment": made.id, "submission": case.submission.id, "says": made.says}
    record(connection, action, f"project {case.submission.project_key}", detail, by=actor.name)


def _has_a_part(case: Case, actor: Actor) -> None:
    roles = [*(role_of(case.template, word) for word in _PARTS), case.template.header.owner_role]
    if not any(held(role, actor, case.people) for role in roles):
        raise NotAllowed(
            f"{actor.name} has no part in {case.submission.project_key}: that takes one of"
            f" {', '.join(_named(case, role) for role in dict.fromkeys(roles))}"
        )


def _named(case: Case, role: str) -> str:
    name = case.people.get(role)
    return f"{role} ({name})" if name else role


def _refuse_odd(case: Case, ref: str, field: str | None, says: str) -> None:
    if not says.strip() or len(says) > _LONGEST or "\x00" in says:
        raise NotAnswerable(
            [Unanswerable(ref, field or "", f"say something, in at most {_LONGEST} characters")]
        )
    if ref and case.record(ref) is None:
        raise NotAnswerable([Unanswerable(ref, field or "", "there is no such record")])
    if field is not None and all(each.rule.id != field for each in case.template.fields):
        raise NotAnswerable([Unanswerable(ref, field, f"is no field of {case.template.label}")])


def _tell(connection: Connection, case: Case, made: Comment, now: datetime) -> None:
    role, head = role_of(case.template, "preparer"), case.submission
    if same_person(case.people.get(role), made.by):
        role = role_of(case.template, "reviewer")
    where = " ".join(filter(None, (made.record_ref, made.field)))
    says = (
        f"{made.by} on {case.template.header.title} {head.period} of {head.project_name} ({head.project_key})"
        f"{f', {where}' if where else ''}: {made.says}"
    )
    payload = {"comment": made.id, "field": made.field, "record": made.record_ref}
    tell(connection, [Told(f"commented:{made.id}:{role}", "commented", head, role, says, payload)],
         {head.project_id: case.people}, now)  # fmt: skip
