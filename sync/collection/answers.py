"""Take answers: every door writes through here, all of a request or none of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from model.collection.cases import WITHDRAWN, has_items, is_editable, reference_field, typed_over
from model.collection.numbers import unkept
from model.collection.roles import Actor, held, known_role
from model.template.template import Field
from sync.audit import record
from sync.collection.case import Case, Filled, Given, RecordCase, case_of
from sync.collection.heads import SubmissionHead, head_of
from sync.collection.refused import NotAllowed, NotAnswerable, NotOpen, Since, Stale, Unanswerable
from sync.store import unit_of_work

NEW: Final = "new-"  # how a door calls a record that has no reference yet
_LONGEST: Final = 50_000  # characters of one answer
_MOST: Final = 50_000  # changes in one request


@dataclass(frozen=True, slots=True)
class Change:
    """A value for one field of one record; `withdrawn` gives the field back to what was filled in."""

    record_ref: str
    field: str
    value: Any
    because: str | None = None
    locator: str | None = None
    withdrawn: bool = False


def give_answers(
    engine: Engine,
    submission_id: int,
    changes: Sequence[Change],
    *,
    actor: Actor,
    door: str,
    revision: int | None,
    now: datetime,
) -> Case:
    """Store answers and return the case as it then stands, judged.

    A value that cannot be read as its field's type is stored as it was typed, and found invalid: it holds the
    submission back and is not lost. What stands there already is not stored again.

    Args:
        engine: The store.
        submission_id: Whose.
        changes: At most one a field of a record. A record called `new-…` is made, with a lasting reference
            (`Case.made`).
        actor: Who answers.
        door: web, api, workbook or command.
        revision: What the caller saw; None takes whatever stands, for a door that merged by itself.
        now: The clock.

    Raises:
        NoSuchSubmission: There is none of that number.
        NotAllowed: The actor may not answer for this project.
        NotOpen: It is submitted, or its cycle is closed.
        Stale: Somebody answered since; with what.
        NotAnswerable: Changes that cannot be answers, all of them at once.
    """
    with unit_of_work(engine) as connection:
        head = head_of(connection, submission_id, lock=True)
        case = case_of(connection, head, now=now)
        may_answer(case, actor)
        refuse_stale(connection, head, revision)
        refuse_impossible(case, changes)
        return _store(connection, case, changes, actor, door, now)


def may_answer(case: Case, actor: Actor) -> None:
    """Let pass who may answer now.

    Raises:
        NotAllowed: Neither the preparer nor an officer who owns the template.
        NotOpen: Answers are not taken.
    """
    document = case.template.document
    roles = [known_role("preparer", document.roles), document.template.owner_role]
    if not any(held(role, actor, case.people) for role in roles):
        manager = case.people.get(roles[0])
        whom = f" ({manager})" if manager else ", who is not on record" if roles[0] in case.people else ""
        raise NotAllowed(
            f"{actor.name} may not answer for {case.submission.project_key}: that takes its {roles[0]}{whom},"
            f" or a {roles[1]} of the office"
        )
    if case.submission.cycle_state == "closed":
        raise NotOpen(
            f"the cycle {case.submission.template} {case.submission.period} is closed", case.submission
        )
    if not case.is_open:
        raise NotOpen(
            f"{case.submission.project_key} {case.submission.period} is {case.submission.state}:"
            " answers are taken when it is returned",
            case.submission,
        )


def refuse_stale(connection: Connection, head: SubmissionHead, revision: int | None) -> None:
    """Refuse a writer who has not seen the newest answers.

    Raises:
        Stale: With what was answered since.
    """
    if revision is None or revision == head.revision:
        return
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (record_ref, field) record_ref, field, value, withdrawn, because,"
            ' "by", at, door, locator FROM answer WHERE submission_id = :id AND revision > :seen'
            " ORDER BY record_ref, field, id DESC"
        ),
        {"id": head.id, "seen": revision},
    )
    since = [
        Since(ref, name, None if withdrawn else Given(value, because, by, at, door, locator))
        for ref, name, value, withdrawn, because, by, at, door, locator in rows
    ]
    if since or revision > head.revision:
        raise Stale(
            f"this was written for revision {revision}, and {head.project_key} {head.period} is at"
            f" {head.revision}: {_words(since)}; look again and repeat what still holds",
            head,
            since,
        )


def _words(since: Sequence[Since]) -> str:
    said = [f"{each.record_ref} {each.field}".strip() for each in since]
    return f"{', '.join(said)} changed meanwhile" if said else "no such revision was ever written"


def refuse_impossible(case: Case, changes: Sequence[Change]) -> None:
    """Refuse what cannot be stored as an answer at all.

    Raises:
        NotAnswerable: With all of it.
    """
    fields = {field.rule.id: field for field in case.template.fields}
    known = {record.ref: record for record in case.records}
    problems = []
    seen: set[tuple[str, str]] = set()
    for change in changes[:_MOST]:
        says = _impossible(case, change, fields, known)
        if (change.record_ref, change.field) in seen:
            says = "is given twice"
        seen.add((change.record_ref, change.field))
        if says:
            problems.append(Unanswerable(change.record_ref, change.field, says))
    if len(changes) > _MOST:
        problems.append(Unanswerable("", "", f"{len(changes)} answers at once, at most {_MOST} are taken"))
    if problems:
        raise NotAnswerable(problems)


def _impossible(
    case: Case, change: Change, fields: Mapping[str, Field], known: Mapping[str, RecordCase]
) -> str | None:
    field = fields.get(change.field)
    if field is None:
        return f"is no field of {case.template.label}; it has {', '.join(fields)}"
    record = known.get(change.record_ref)
    if record is None and not (has_items(case.template) and change.record_ref.startswith(NEW)):
        have = ", ".join(known) or "none"
        return (
            f"there is no such record; there are: {have}"
            if has_items(case.template)
            else "has one record only"
        )
    if says := unkept(field.rule, change.value) or _unstorable(change.value) or _unstorable(change.because):
        return says
    record = record or case.blank(change.record_ref)
    typed = not change.withdrawn and typed_over(field, record, change.value)
    if typed and not is_editable(case.template, field):
        return f"{field.rule.label} is filled in by Muster; dispute the value instead of typing over it"
    return None


def _unstorable(value: Any) -> str | None:
    """Say why a value cannot be kept, None if it can; whether it is right is the template's matter."""
    if isinstance(value, list | tuple):
        return next(filter(None, map(_unstorable, value)), None)
    if isinstance(value, Mapping):
        return next(filter(None, map(_unstorable, [*map(str, value), *value.values()])), None)
    if isinstance(value, str):
        return _no_text(value)
    storable = value is None or isinstance(value, bool | int | float | Decimal | date)
    return None if storable else f"is nothing an answer can be: {type(value).__name__}"


def _no_text(value: str) -> str | None:
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        return "holds characters that are none (NUL or half a surrogate)"
    return f"has {len(value)} characters, at most {_LONGEST} are kept" if len(value) > _LONGEST else None


def _store(
    connection: Connection, case: Case, changes: Sequence[Change], actor: Actor, door: str, now: datetime
) -> Case:
    made = _make_records(connection, case, changes, now)
    known = {record.ref: record for record in case.records}
    revision = case.submission.revision + 1
    rows = [
        {
            "id": case.submission.id, "ref": made.get(change.record_ref, change.record_ref), "field": change.field,
            "value": Jsonb(None if change.withdrawn else plain(change.value)), "withdrawn": change.withdrawn,
            "because": (change.because or "").strip() or None, "by": actor.name, "at": now, "door": door,
            "locator": change.locator, "revision": revision,
        }
        for change in changes
        if not _stands(known.get(change.record_ref), change)
    ]  # fmt: skip
    if not rows and not made:
        return case
    if rows:
        connection.execute(
            text(
                'INSERT INTO answer (submission_id, record_ref, field, value, withdrawn, because, "by", at, door,'
                " locator, revision) VALUES (:id, :ref, :field, :value, :withdrawn, :because, :by, :at, :door,"
                " :locator, :revision)"
            ),
            rows,
        )
    connection.execute(
        text("UPDATE submission SET revision = :revision WHERE id = :id"),
        {"revision": revision, "id": case.submission.id},
    )
    stored = case_of(connection, head_of(connection, case.submission.id), now=now)
    connection.execute(
        text("UPDATE submission SET result = :result WHERE id = :id"),
        {"result": Jsonb(stored.judge().to_json()), "id": case.submission.id},
    )
    head = case.submission
    detail = {"submission": head.id, "of": f"{head.template} {head.period}", "revision": revision, "door": door,
              "fields": [f"{row['ref']} {row['field']}".strip() for row in rows]}  # fmt: skip
    record(connection, "answer.given", f"project {head.project_key}", detail, by=actor.name)
    return replace(stored, made=made)


def _stands(record: RecordCase | None, change: Change) -> bool:
    """Say whether a change says what stands there already, to the letter."""
    standing = None if record is None else record.answers.get(change.field)
    if standing is None:
        return change.withdrawn
    if change.withdrawn:
        return False
    reason = (change.because or "").strip()
    return bool(standing.value == plain(change.value)) and reason in ("", standing.because or "")


def _make_records(
    connection: Connection, case: Case, changes: Sequence[Change], now: datetime
) -> dict[str, str]:
    """Give each new record its lasting reference, and what Muster knows of it by itself."""
    known = {record.ref for record in case.records}
    values: dict[str, dict[str, Any]] = {}
    for change in changes:
        if change.record_ref not in known:
            values.setdefault(change.record_ref, {})[change.field] = change.value
    field = reference_field(case.template)
    made: dict[str, str] = {}
    for called, given in values.items():
        blank = case.blank(called, given)
        filled = blank.filled.get(field.rule.id) if field else None
        lasting = str(filled.value) if filled else f"n{case.submission.id}-{len(case.records) + 1}"
        made[called] = lasting
        if blank.filled:
            write_prefill(connection, case.submission.id, lasting, blank.filled, now)
        case = replace(case, records=(*case.records, replace(blank, ref=lasting)))
    if made:
        connection.execute(
            text(
                "UPDATE submission SET context = context || jsonb_build_object('+',"
                " coalesce(context -> '+', '[]') || CAST(:made AS jsonb)) WHERE id = :id"
            ),
            {"id": case.submission.id, "made": Jsonb(list(made.values()))},
        )
    return made


def write_prefill(
    connection: Connection, submission: int, ref: str, filled: Mapping[str, Filled], now: datetime
) -> None:
    """Write what Muster fills into a record, over what it had filled in before."""
    connection.execute(
        text(
            "INSERT INTO prefill (submission_id, record_ref, field, value, source, locator, url, age_days,"
            " filled_at) VALUES (:id, :ref, :field, :value, :source, :locator, :url, :age, :at)"
            " ON CONFLICT (submission_id, record_ref, field) DO UPDATE SET value = excluded.value,"
            " source = excluded.source, locator = excluded.locator, url = excluded.url,"
            " age_days = excluded.age_days, filled_at = excluded.filled_at"
        ),
        [
            {"id": submission, "ref": ref, "field": name, "value": Jsonb(each.value), "source": each.source,
             "locator": each.locator, "url": each.url, "age": each.age_days, "at": now}
            for name, each in filled.items()
        ],
    )  # fmt: skip


def plain(value: Any) -> Any:
    """Turn a value into what JSON holds: dates ISO, amounts as decimal text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


__all__ = [
    "NEW",
    "WITHDRAWN",
    "Change",
    "give_answers",
    "may_answer",
    "plain",
    "refuse_impossible",
    "refuse_stale",
]
