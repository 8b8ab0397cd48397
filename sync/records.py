"""Records: what is stored of a project, in the shape the templates check, each value with where it is from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.attributes import REGISTER
from model.template.template import Field, Template
from sync.facts import Facts, ProjectFacts
from sync.precedence import ClaimRow, Values, read_values
from sync.record_items import items, milestones, raid_items
from sync.record_months import cost_forecast, work_plan
from sync.record_parts import Asked, Background, Checked, Receipt
from sync.record_rows import COLLECTION, costs_of, rows_of

__all__ = ["Background", "Checked", "Receipt", "background", "pulled_records"]

# The one template that every project is held to each night, whether anybody said anything or not.
MONTHLY: Final = "monthly-status"

# Record kinds that are items of a table, and those that are put together from money month by month.
TABLES: Final = ("change_request", "decision", "gate_criterion", "work_plan_line")
READERS: Final[Mapping[str, Callable[[Asked], list[Checked]]]] = {
    "raid_item": raid_items,
    "milestone": milestones,
    "change_request": items,
    "decision": items,
    "gate_criterion": items,
    "cost_forecast": cost_forecast,
    "work_plan_line": work_plan,
}


def background(
    session: Session,
    facts: Facts,
    computed: Mapping[UUID, Mapping[str, str]],
    templates: Iterable[Template],
) -> Background:
    """Read what these templates' records are made of beside the facts, by a statement a subject."""
    kinds = {template.header.record for template in templates}
    projects = [project.id for project in facts.projects]
    known = facts.known_at
    return Background(
        computed,
        _month_before(session, facts),
        _score_changes(session, facts) if "raid_item" in kinds else {},
        {
            table: rows_of(session, table, projects=projects, known_at=known)
            for table in TABLES
            if table in kinds
        },
        costs_of(session, projects=projects, known_at=known)
        if kinds & {"cost_forecast", "work_plan_line"}
        else {},
        answered(session, known, projects),
    )


def pulled_records(
    template: Template,
    project: ProjectFacts,
    facts: Facts,
    background: Background,
    *,
    period: str | None = None,
    blank: bool = False,
) -> list[Checked]:
    """Return a project's records of a template, as they are on record.

    Args:
        template: Whose fields are filled in.
        project: One of the facts'.
        facts: As known at an instant.
        background: Of the same facts.
        period: The one reported, None for the month of the facts' day.
        blank: Whether also records are wanted that nothing is on record of, as a submission begins with.
    """
    asked = Asked(template, project, facts, background, period or f"{facts.as_of:%Y-%m}", blank)
    made = READERS.get(template.header.record)
    if made is not None:
        return [_with_bound(asked, each) for each in _and_starting(asked, made(asked))]
    if any(each.rule.unique_within == "project" for each in template.fields):
        return _and_starting(asked, [])  # items of a kind that Muster keeps no table of
    own = report(asked)
    if blank or template.header.id == MONTHLY or _speaks(asked, own):
        return [own]
    return []


def report(asked: Asked) -> Checked:
    """Return the project's own record: the winning values of what its fields are bound to.

    A field without a bind is the attribute of its own name.
    """
    project, facts = asked.project, asked.facts
    names = {each.rule.id: _attribute(each) for each in asked.template.fields}
    bound = {id_: name for id_, name in names.items() if name is not None}
    claims = {id_: project.values[name].winner for id_, name in bound.items() if name in project.values}
    before = asked.background.before.get(project.id)
    previous = None
    if before is not None:
        previous = {id_: before[name].value if name in before else None for id_, name in bound.items()}
    context = asked.context | {
        "report": {"period": asked.period},
        "period": asked.period,
        "previous": previous,
        "finance": {"eac": project.ledger_eac},
    }
    return Checked(
        "",
        {id_: project.value(name) for id_, name in bound.items()},
        {id_: _age(claim, project, facts) for id_, claim in claims.items()},
        context,
        {id_: Receipt(claim.source, claim.locator, claim.url) for id_, claim in claims.items()},
    )


def _speaks(asked: Asked, own: Checked) -> bool:
    """Say whether people published it, or anything is on record of what only it says, as the charter's purpose."""
    if (asked.project.id, asked.template.header.id) in asked.background.answered:
        return True
    mine = f"{asked.template.header.record}."
    return any(
        own.record.get(each.rule.id) is not None
        for each in asked.template.fields
        if each.attribute is not None and (each.attribute.path or "").startswith(mine)
    )


def _and_starting(asked: Asked, found: list[Checked]) -> list[Checked]:
    """Add the records that every submission begins with, where they are wanted and not on record yet."""
    if not asked.blank:
        return found
    have = {each.ref for each in found}
    stage, tier = asked.project.value("stage"), asked.project.value("tier")
    receipt = Receipt(None, asked.template.label)
    return found + [
        Checked(
            each.ref, dict(each.values), {}, asked.context | {"period": asked.period},
            dict.fromkeys(each.values, receipt),
        )
        for each in asked.template.document.starts_with
        if each.ref not in have
        and (each.stages is None or stage is None or stage in each.stages)
        and (each.tiers is None or tier is None or tier in each.tiers)
    ]  # fmt: skip


def _with_bound(asked: Asked, found: Checked) -> Checked:
    """Add to an item what its fields take from the project, such as the finish its costs are forecast up to."""
    for each in asked.template.fields:
        id_, bound = each.rule.id, each.attribute
        if bound is None or bound.entity != "project" or found.record.get(id_) is not None:
            continue
        claim = asked.project.values.get(bound.name)
        if claim is not None:
            found.record[id_] = claim.value
            found.ages[id_] = _age(claim.winner, asked.project, asked.facts)
            found.receipts[id_] = Receipt(claim.winner.source, claim.winner.locator, claim.winner.url)
    return found


def _attribute(field: Field) -> str | None:
    if field.attribute is not None and field.attribute.entity == "project":
        return field.attribute.name
    return field.rule.id if field.rule.id in REGISTER["project"] else None


def _age(claim: ClaimRow, project: ProjectFacts, facts: Facts) -> float:
    """Return the days since the source last stood by a value.

    A tracker stands by what it shows whenever it is read; a register's row when its manager last
    reported; a sum of cost lines since the last month it covers; a person on the day of the answer.
    """
    said = claim.valid_from
    if claim.kind == "excel":
        reported = project.values.get("reported_on")
        for other in reported.claims if reported else ():
            if other.source_id == claim.source_id and _sheet(other.locator) == _sheet(claim.locator):
                said = max(said, other.value)
    elif claim.kind != COLLECTION:
        synced = facts.sources[claim.source_id].synced_at
        if synced is not None:
            said = max(said, _day(synced, facts))
    return float(max(0, (facts.as_of - min(said, facts.as_of)).days))


def _day(instant: datetime, facts: Facts) -> date:
    return instant.astimezone(ZoneInfo(facts.timezone)).date()


def _sheet(locator: str | None) -> str:
    return (locator or "").rpartition("!")[0]


def _month_before(session: Session, facts: Facts) -> dict[UUID, Values]:
    """Return what won at the end of the month before, as known then."""
    end = facts.as_of.replace(day=1) - timedelta(days=1)
    midnight = datetime.combine(end + timedelta(days=1), time.min, ZoneInfo(facts.timezone))
    known = min(midnight, facts.known_at)
    projects = [project.id for project in facts.projects]
    return read_values(session, as_of=end, known_at=known, projects=projects)


def answered(session: Session, known_at: datetime, projects: Sequence[UUID]) -> frozenset[tuple[UUID, str]]:
    """Return which projects had published something by which templates, that was not withdrawn again."""
    rows = session.execute(
        text(
            "SELECT DISTINCT s.project_id, c.template FROM submission s JOIN cycle c ON c.id = s.cycle_id WHERE"
            " s.published_at <= :known_at AND (s.withdrawn_at IS NULL OR s.withdrawn_at > :known_at)"
            " AND s.project_id = ANY(CAST(:projects AS uuid[]))"
        ),
        {"known_at": known_at, "projects": list(projects)},
    )
    return frozenset((project, template) for project, template in rows)


def _score_changes(session: Session, facts: Facts) -> dict[tuple[int, str], int]:
    """Count how often each RAID item's score has moved, in its source and by people's answers about it."""
    rows = session.execute(
        text(
            "SELECT source, item, count(*) FROM (SELECT coalesce(amends_source_id, source_id) AS source,"
            " coalesce(amends_external_id, external_id) AS item, amends_source_id IS NOT NULL AS answer,"
            " probability, impact, probability * impact AS score,"
            " lag(probability) OVER earlier AS was_probability, lag(impact) OVER earlier AS was_impact,"
            " lag(probability * impact) OVER earlier AS was FROM raid_item"
            " WHERE known_from <= :known_at AND NOT deleted AND (source_id, external_id) IN"
            " (SELECT source_id, external_id FROM raid_item WHERE project_id = ANY(CAST(:projects AS uuid[])))"
            " WINDOW earlier AS (PARTITION BY source_id, external_id ORDER BY known_from)) AS v"
            " WHERE NOT answer AND was IS NOT NULL AND score <> was OR answer AND (probability IS DISTINCT FROM"
            " was_probability OR impact IS DISTINCT FROM was_impact) GROUP BY source, item"
        ),
        {"known_at": facts.known_at, "projects": [project.id for project in facts.projects]},
    )
    return {(source, item): count for source, item, count in rows}
