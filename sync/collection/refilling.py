"""Fill submissions in: what sources say by now, without touching what people answered; many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.collection.cases import OWN, Filled, Given, RecordCase, has_items, judged
from sync.collection.case import MADE, SHARED, answers_of, filled_of
from sync.collection.filling import Known, context_of, filled_in, known_now, records_of
from sync.collection.heads import SubmissionHead
from sync.json import dumps
from sync.match import portfolio_of
from sync.store import stage

_COLUMNS: Final = (
    "submission_id",
    "record_ref",
    "field",
    "value",
    "source",
    "locator",
    "url",
    "age_days",
    "filled_at",
)
Values = Mapping[str, Mapping[str, Filled]]  # by record and field


@dataclass(slots=True)
class _Filling:
    """What one submission is filled in with, and whether anything of it differs from before."""

    head: SubmissionHead
    filled: dict[str, dict[str, Filled]]
    context: dict[str, Any]
    result: dict[str, Any]
    changed: bool
    gone: list[tuple[str, str]] = field(default_factory=list)


def refill(connection: Connection, heads: Sequence[SubmissionHead], now: datetime) -> int:
    """Fill submissions of one template in with what is known now; returns of how many anything changed.

    What was filled in and is no longer said is taken out; answers and records that people made stay.
    """
    if not heads:
        return 0
    with Session(connection) as session:
        day = now.astimezone(ZoneInfo(portfolio_of(session).timezone)).date()
    known = known_now(
        connection, [head.project_id for head in heads], template=heads[0].template,
        period_end=min(head.period_end for head in heads), day=day, now=now,
    )  # fmt: skip
    return fill(connection, heads, known, now)


def fill(connection: Connection, heads: Sequence[SubmissionHead], known: Known, now: datetime) -> int:
    """Do so with what was read already, by a statement a subject; returns of how many anything changed."""
    ids = [head.id for head in heads]
    before = filled_of(connection, ids)
    answers = answers_of(connection, ids)
    made = _made(connection, ids)
    done = [
        _filling(head, known, before.get(head.id, {}), answers.get(head.id, {}), made.get(head.id, []))
        for head in heads
        if known.project(head.project_id) is not None
    ]
    _write(connection, done, now)
    return sum(each.changed for each in done)


def _filling(
    head: SubmissionHead,
    known: Known,
    before: Values,
    answers: Mapping[str, Mapping[str, Given]],
    made: list[str],
) -> _Filling:
    template = known.template(head.version, head.project_id)
    records = records_of(template, head.project_id, known, head.period)
    filled = {record.ref: filled_in(template, record, head.period, known.facts.as_of) for record in records}
    contexts = context_of(head.project_id, records, known, head.period)
    kept = {ref: dict(before.get(ref, {})) for ref in made if ref not in filled}
    shared = contexts[SHARED]
    whole = filled | kept
    own = [] if has_items(template) else [OWN]
    cases = [
        RecordCase(ref, whole.get(ref, {}), answers.get(ref, {}), {**shared, **contexts.get(ref, {})})
        for ref in dict.fromkeys([*own, *whole, *answers])
        if whole.get(ref) or answers.get(ref) or ref in own
    ]
    judgement = judged(
        template, cases, as_of=known.facts.as_of, shared=shared,
        waivers=known.waived.pairs(head.project_id, head.template),
    )  # fmt: skip
    theirs = {ref: values for ref, values in before.items() if ref not in kept}
    gone = [
        (ref, name) for ref, values in theirs.items() for name in values if name not in filled.get(ref, {})
    ]
    changed = _said(theirs) != _said(filled)
    return _Filling(head, filled, {**contexts, MADE: made}, judgement.to_json(), changed, gone)


def _said(values: Values) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return what is filled in without its age, which changes by itself."""
    return {
        (ref, name): (each.value, each.source, each.locator, each.url)
        for ref, fields in values.items()
        for name, each in fields.items()
    }


def _made(connection: Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the references of records that people made, by submission."""
    rows = connection.execute(
        text(
            "SELECT id, context -> '+' FROM submission WHERE id = ANY(CAST(:ids AS bigint[])) AND context ? '+'"
        ),
        {"ids": list(ids)},
    )
    return {id_: list(refs) for id_, refs in rows}


def _write(connection: Connection, done: Sequence[_Filling], now: datetime) -> None:
    gone = [(each.head.id, *pair) for each in done for pair in each.gone]
    connection.execute(
        text(
            "DELETE FROM prefill USING unnest(CAST(:ids AS bigint[]), CAST(:refs AS text[]), CAST(:fields AS text[]))"
            " AS w(id, ref, field) WHERE submission_id = w.id AND record_ref = w.ref AND prefill.field = w.field"
        ),
        {
            "ids": [row[0] for row in gone],
            "refs": [row[1] for row in gone],
            "fields": [row[2] for row in gone],
        },
    )
    rows = [
        (
            each.head.id,
            ref,
            name,
            filled.value,
            filled.source,
            filled.locator,
            filled.url,
            filled.age_days,
            now,
        )
        for each in done
        for ref, fields in each.filled.items()
        for name, filled in fields.items()
    ]
    names = ", ".join(_COLUMNS)
    staged = stage(connection, "prefill", _COLUMNS, rows)
    connection.execute(
        text(
            f"INSERT INTO prefill ({names}) SELECT {names} FROM pg_temp.{staged}"
            " ON CONFLICT (submission_id, record_ref, field) DO UPDATE SET value = excluded.value,"
            " source = excluded.source, locator = excluded.locator, url = excluded.url,"
            " age_days = excluded.age_days, filled_at = excluded.filled_at"
        )
    )
    connection.execute(
        text(
            "UPDATE submission SET context = CAST(w.context AS jsonb), result = CAST(w.result AS jsonb),"
            " revision = revision + w.changed FROM unnest(CAST(:ids AS bigint[]), CAST(:contexts AS text[]),"
            " CAST(:results AS text[]), CAST(:changed AS bigint[])) AS w(id, context, result, changed)"
            " WHERE submission.id = w.id"
        ),
        {
            "ids": [each.head.id for each in done],
            "contexts": [dumps(each.context) for each in done],
            "results": [dumps(each.result) for each in done],
            "changed": [int(each.changed) for each in done],
        },
    )
