"""Fill open submissions in anew: what sources say by now, without touching what people answered."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.template.template import Template
from sync.collection.case import case_of
from sync.collection.filling import Known, context_of, filled_in, known_now, records_of, write_filled
from sync.collection.heads import SubmissionHead
from sync.collection.tailoring import Where, template_for
from sync.match import portfolio_of


def refill(connection: Connection, heads: Sequence[SubmissionHead], now: datetime) -> int:
    """Fill submissions in with what is known now; returns of how many anything changed.

    All of one template; what was filled in and is no longer said is taken out, answers stay.
    """
    if not heads:
        return 0
    with Session(connection) as session:
        day = now.astimezone(ZoneInfo(portfolio_of(session).timezone)).date()
    templates = [template_for(connection, head.template, head.version, Where(), day) for head in heads[:1]]
    known = known_now(
        connection, [head.project_id for head in heads], template=heads[0].template, templates=templates,
        period_end=min(head.period_end for head in heads), day=day, now=now,
    )  # fmt: skip
    return sum(refill_one(connection, head, known, now) for head in heads)


def refill_one(connection: Connection, head: SubmissionHead, known: Known, now: datetime) -> bool:
    """Fill one submission in; says whether anything changed, and then counts it as a revision."""
    template = judge_of(connection, head, known)
    records = records_of(template, head.project_id, known, head.period)
    if not records and known.project(head.project_id) is None:
        return False
    filled = {record.ref: filled_in(template, record, head.period, known.facts.as_of) for record in records}
    contexts = context_of(head.project_id, records, known, head.period)
    changed = write_filled(connection, head.id, filled, contexts, now)
    judgement = case_of(connection, head, now=now).judge()
    connection.execute(
        text("UPDATE submission SET revision = revision + :changed, result = :result WHERE id = :id"),
        {"id": head.id, "changed": int(changed), "result": Jsonb(judgement.to_json())},
    )
    return changed


def judge_of(connection: Connection, head: SubmissionHead, known: Known) -> Template:
    """Return a submission's template as it is tailored for its project."""
    project = known.project(head.project_id)
    where = (
        Where()
        if project is None
        else Where(project.value("stage"), project.value("tier"), project.programme)
    )
    return template_for(connection, head.template, head.version, where, known.facts.as_of)
