"""Collect: hold every project to the data-collection templates; store assessments, open and close findings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.policy import Policy
from model.status.data_quality import grade
from model.template.check import check
from model.template.result import Result
from model.template.template import Template
from sync.compose import Quality
from sync.facts import Facts, ProjectFacts
from sync.findings import FindingKey, Looked, Wanted, keep_findings, owner_of
from sync.precedence import Values, read_values
from sync.records import Checked, raid_items, report
from sync.store import stage

# A project's data quality: its report counts for 70 %, the mean of its RAID items for 30 %; what was not
# assessed is left out.
WEIGHTS: Final[Mapping[str, float]] = {"status_report": 0.7, "raid_item": 0.3}


@dataclass(frozen=True, slots=True)
class _Assessed:
    """One record checked."""

    project: ProjectFacts
    template: Template
    record: str
    checked: Checked
    result: Result


@dataclass(slots=True)
class Collected:
    """The data quality of each project, and how many records were assessed and findings are open."""

    quality: dict[UUID, Quality] = field(default_factory=dict)
    assessed: int = 0
    opened: int = 0
    closed: int = 0


def collect(
    session: Session,
    facts: Facts,
    templates: Sequence[Template],
    *,
    computed: Mapping[UUID, Mapping[str, str]],
    policy: Policy,
) -> Collected:
    """Check every project's report and RAID items on a day.

    Args:
        session: In a transaction; nothing is committed here.
        facts: Of the projects to check.
        templates: Applied where their stages and tiers ask for it.
        computed: Colours per project: each dimension, and overall before data quality is known.
        policy: Whose grades are given.
    """
    before = _month_before(session, facts)
    changes = _score_changes(session, facts)
    found: list[_Assessed] = []
    minimum: list[tuple[ProjectFacts, Template, str, str]] = []
    for project in facts.projects:
        for template in templates:
            if not template.applies(stage=project.value("stage"), tier=project.value("tier")):
                continue
            colours = computed[project.id]
            if template.header.record == "raid_item":
                records = raid_items(template, project, facts, colours, changes)
                minimum += [(project, template, kind, says) for kind, says in _too_few(template, project)]
            else:
                records = [report(template, project, facts, colours, before.get(project.id))]
            found += [
                _Assessed(project, template, template.header.record, each, _checked(template, each))
                for each in records
            ]
    collected = Collected(_qualities(facts, found, policy), assessed=len(found))
    if _is_newest(session, facts):
        wanted = [*_wanted(found), *_wanted_minimum(minimum)]
        collected.opened, collected.closed = keep_findings(session, facts, wanted, _looked(found))
    _assessments(session, facts, found)
    return collected


def _checked(template: Template, each: Checked) -> Result:
    return check(template, each.record, each.ages, each.context)


def _month_before(session: Session, facts: Facts) -> dict[UUID, Values]:
    """Return what won at the end of the month before, as known then."""
    end = facts.as_of.replace(day=1) - timedelta(days=1)
    midnight = datetime.combine(end + timedelta(days=1), time.min, ZoneInfo(facts.timezone))
    known = min(midnight, facts.known_at)
    projects = [project.id for project in facts.projects]
    return read_values(session, as_of=end, known_at=known, projects=projects)


def _score_changes(session: Session, facts: Facts) -> dict[tuple[int, str], int]:
    """Count how often each RAID item's score has moved."""
    rows = session.execute(
        text(
            "SELECT source_id, external_id, count(*) FROM (SELECT source_id, external_id, probability * impact"
            " AS score, lag(probability * impact) OVER (PARTITION BY source_id, external_id ORDER BY known_from)"
            " AS was FROM raid_item WHERE known_from <= :known_at AND NOT deleted) AS v"
            " WHERE was IS NOT NULL AND score <> was GROUP BY source_id, external_id"
        ),
        {"known_at": facts.known_at},
    )
    return {(source, item): count for source, item, count in rows}


def _too_few(template: Template, project: ProjectFacts) -> Iterable[tuple[str, str]]:
    """Say which kinds of RAID item a stage wants more of than are on record."""
    for kind, least in template.header.minimum.get(project.value("stage"), {}).items():
        have = sum(row["kind"] == kind for row in project.raid)
        if have < least:
            yield kind, f"at least {least} of kind {kind} are expected in this stage, {have} on record"


def _qualities(facts: Facts, found: Iterable[_Assessed], policy: Policy) -> dict[UUID, Quality]:
    by_project: dict[UUID, dict[str, list[_Assessed]]] = {project.id: {} for project in facts.projects}
    for each in found:
        by_project[each.project.id].setdefault(each.record, []).append(each)
    return {
        project.id: _quality(by_project[project.id], policy, project.value("tier"))
        for project in facts.projects
    }


def _quality(groups: Mapping[str, Sequence[_Assessed]], policy: Policy, tier: int | None) -> Quality:
    parts: dict[str, Any] = {}
    total = weight = 0.0
    for record, assessed in groups.items():
        scores = [each.result.score for each in assessed if each.result.score is not None]
        result = assessed[0].result
        mean = sum(scores) / len(scores) if scores else None
        parts[result.template] = {
            "version": result.version,
            "score": None if mean is None else round(mean, 2),
            "records": len(assessed),
            "findings": sum(len(each.result.findings) for each in assessed),
        }
        if record == "status_report":
            parts[result.template]["dimensions"] = {
                name: round(value, 4) for name, value in result.dimensions.items()
            }
        if mean is not None and record in WEIGHTS:
            total += WEIGHTS[record] * mean
            weight += WEIGHTS[record]
    if weight == 0:
        return Quality(parts=parts)
    score = total / weight
    return Quality(score, grade(score, policy.for_tier(tier).data_quality.grades), parts)


def _is_newest(session: Session, facts: Facts) -> bool:
    """Say whether nothing later was assessed: a look back must not open or close today's findings."""
    later = session.execute(
        text("SELECT EXISTS (SELECT 1 FROM assessment WHERE assessed_at > :at OR as_of > :as_of)"),
        {"at": facts.known_at, "as_of": facts.as_of},
    ).scalar_one()
    return not later


def _assessments(session: Session, facts: Facts, found: Sequence[_Assessed]) -> None:
    columns = (
        "project_id", "template", "version", "record_ref", "as_of", "assessed_at", "score", "grade", "result",
    )  # fmt: skip
    rows = [
        (each.project.id, each.result.template, each.result.version, each.checked.ref, facts.as_of,
         facts.known_at, each.result.score, each.result.grade, each.result.to_json())
        for each in found
    ]  # fmt: skip
    connection = session.connection()
    staged = stage(connection, "assessment", columns, rows)
    names = ", ".join(columns)
    session.execute(
        text(
            f"INSERT INTO assessment AS a ({names}) SELECT {names} FROM pg_temp.{staged}"
            " ON CONFLICT (project_id, template, record_ref, as_of) DO UPDATE SET version = excluded.version,"
            " assessed_at = excluded.assessed_at, score = excluded.score, grade = excluded.grade,"
            " result = excluded.result WHERE a.assessed_at <= excluded.assessed_at"
        )
    )


def _wanted(found: Iterable[_Assessed]) -> Iterable[Wanted]:
    for each in found:
        for one in each.result.findings:
            key = FindingKey(each.project.id, each.result.template, each.checked.ref, one.field, one.kind)
            locator = each.checked.locators.get(one.field) or each.checked.locator
            yield Wanted(key, each.result.version, one.severity, one.says, locator)


def _looked(found: Iterable[_Assessed]) -> dict[tuple[UUID, str, str], Looked]:
    return {
        (each.project.id, each.result.template, each.checked.ref): Looked(
            each.template, each.result, each.checked.record, each.checked.locators, each.checked.locator,
            *owner_of(each.checked.record, each.project.value("manager")),
        )
        for each in found
    }  # fmt: skip


def _wanted_minimum(found: Iterable[tuple[ProjectFacts, Template, str, str]]) -> Iterable[Wanted]:
    for project, template, kind, says in found:
        key = FindingKey(project.id, template.header.id, "", f"minimum_{kind}", "missing")
        yield Wanted(key, template.header.version, "warn", says)
