"""Collect: hold every project to the data-collection templates; store assessments, open and close findings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.policy import Limits, Policy
from model.status.data_quality import grade, inapplicable
from model.template.check import check
from model.template.result import Result
from model.template.template import Template
from sync.belonging import names_of
from sync.collection.judges import Judges
from sync.collection.tailoring import Where
from sync.collection.waivers import Waived
from sync.colours import Colours
from sync.compose import Quality
from sync.facts import Facts, ProjectFacts
from sync.findings import FindingKey, Looked, Wanted, keep_findings, owner_of
from sync.narrative import Copies, Told, narrative_findings
from sync.plausibility import implausible
from sync.policy.place import limits_of
from sync.records import Background, Checked, background, pulled_records
from sync.store import stage

# A project's data quality: its report counts for 70 %, the mean of its RAID items for 30 %; what was not
# assessed is left out.
WEIGHTS: Final[Mapping[str, float]] = {"status_report": 0.7, "raid_item": 0.3}


@dataclass(frozen=True, slots=True)
class Assessed:
    """One record checked."""

    project: ProjectFacts
    template: Template
    checked: Checked
    result: Result
    waived: tuple[str, ...] = ()  # the rules it is let off, of those it does not keep

    @property
    def can_submit(self) -> bool:
        """Whether nothing holds it back that nobody let it off."""
        return not any(
            one.severity == "block" and one.field not in self.waived for one in self.result.findings
        )

    def to_json(self) -> dict[str, Any]:
        """Return the template check document, and what is waived of it."""
        document = self.result.to_json()
        if self.waived:
            document |= {"waived": list(self.waived), "can_submit": self.can_submit}
        return document


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
    judges: Judges,
    *,
    colours: Colours,
    policy: Policy,
    newest: bool,
    copies: Copies,
) -> Collected:
    """Hold every project's records to the templates of a day.

    Args:
        session: In a transaction; nothing is committed here.
        facts: Of the projects to check.
        judges: The templates, as they are tailored for each project, and what is waived.
        colours: Per project of each dimension, and overall before data quality is known.
        policy: Whose grades are given.
        newest: Whether nothing later was assessed: a look back opens and closes no findings of today.
        copies: Which words stand in several projects' reports.
    """
    behind = background(session, facts, colours.computed, judges.all())
    found: list[Assessed] = []
    few: list[tuple[ProjectFacts, Template, str, str]] = []
    for project in facts.projects:
        for template in judges.of(where(project)):
            records = assess(template, project, facts, behind, judges.waived)
            found += records
            few += [(project, template, kind, says) for kind, says in too_few(template, project, records)]
    collected = Collected(_qualities(facts, found, policy, judges), assessed=len(found))
    if newest:
        looked = _looked(found)
        texts, reports = narrative_findings(
            (
                Told(
                    each.project.id,
                    each.project.key,
                    each.checked.ref,
                    looked[each.project.id, each.result.template, each.checked.ref],
                    each.checked.context,
                )
                for each in found
            ),
            copies,
        )
        wanted = [*_wanted(found), *_wanted_minimum(few), *texts]
        wanted += implausible(facts, colours.dimensions, wanted)
        collected.opened, collected.closed = keep_findings(session, facts, wanted, {**looked, **reports})
    _assessments(session, facts, found)
    return collected


def where(project: ProjectFacts) -> Where:
    """Return what of a project decides which templates it fills in, and how they are tailored."""
    return Where(project.value("stage"), project.value("tier"), names_of(project))


def assess(
    template: Template, project: ProjectFacts, facts: Facts, behind: Background, waived: Waived
) -> list[Assessed]:
    """Check every record a project has of a template."""
    found = []
    for each in pulled_records(template, project, facts, behind):
        result = check(template, each.record, each.ages, each.context)
        let_off = waived.of(project.id, template.header.id, each.ref)
        rules = tuple(dict.fromkeys(one.field for one in result.findings if one.field in let_off))
        found.append(Assessed(project, template, each, result, rules))
    return found


def too_few(
    template: Template, project: ProjectFacts, records: Sequence[Assessed]
) -> Iterable[tuple[str, str]]:
    """Say which kinds of record a stage wants more of than are on record."""
    for kind, least in template.header.minimum.get(project.value("stage"), {}).items():
        have = sum(each.checked.record.get("kind") == kind for each in records)
        if have < least:
            yield kind, f"at least {least} of kind {kind} are expected in this stage, {have} on record"


def _qualities(
    facts: Facts, found: Iterable[Assessed], policy: Policy, judges: Judges
) -> dict[UUID, Quality]:
    by_project: dict[UUID, dict[str, list[Assessed]]] = {project.id: {} for project in facts.projects}
    for each in found:
        by_project[each.project.id].setdefault(each.result.template, []).append(each)
    return {
        project.id: _quality(by_project[project.id], limits_of(policy, project, facts.as_of))
        if any(each[0].template.header.record in WEIGHTS for each in by_project[project.id].values())
        else Quality(because=_because(judges, where(project)))
        for project in facts.projects
    }


def _because(judges: Judges, asked: Where) -> str | None:
    """Say why no template measures a project's data; None where one applies and has no record to measure."""
    scored = [each for each in judges.all() if each.header.record in WEIGHTS]
    if any(each.applies(stage=asked.stage, tier=asked.tier) for each in scored):
        return None
    holds = {each.header.id: each.header.applies_to for each in scored}
    return inapplicable(
        {name: each.stages for name, each in holds.items()},
        {name: each.tiers for name, each in holds.items()},
        stage=asked.stage,
        tier=asked.tier,
    )


def _quality(by_template: Mapping[str, Sequence[Assessed]], limits: Limits) -> Quality:
    parts: dict[str, Any] = {}
    scores: dict[str, list[float]] = {}
    for template, assessed in by_template.items():
        record = assessed[0].template.header.record
        if record not in WEIGHTS:
            continue
        mine = [each.result.score for each in assessed if each.result.score is not None]
        scores.setdefault(record, []).extend(mine)
        parts[template] = {
            "version": assessed[0].result.version,
            "score": round(sum(mine) / len(mine), 2) if mine else None,
            "records": len(assessed),
            "findings": sum(len(each.result.findings) for each in assessed),
        }
        if record == "status_report":
            parts[template]["dimensions"] = {
                name: round(value, 4) for name, value in assessed[0].result.dimensions.items()
            }
    measured = {record: each for record, each in scores.items() if each}
    if not measured:
        return Quality(parts=parts)
    score = sum(WEIGHTS[record] * sum(each) / len(each) for record, each in measured.items())
    score /= sum(WEIGHTS[record] for record in measured)
    return Quality(score, grade(score, limits.data_quality.grades), parts)


def _assessments(session: Session, facts: Facts, found: Sequence[Assessed]) -> None:
    """Write what was found of each record, where it is not what was found of it before."""
    columns = (
        "project_id", "template", "version", "record_ref", "as_of", "assessed_at", "score", "grade", "result",
    )  # fmt: skip
    rows = [
        (each.project.id, each.result.template, each.result.version, each.checked.ref, facts.as_of,
         facts.known_at, each.result.score, each.result.grade, each.to_json())
        for each in found
    ]  # fmt: skip
    connection = session.connection()
    staged = stage(connection, "assessment", columns, rows)
    names = ", ".join(columns)
    session.execute(
        text(
            f"INSERT INTO assessment AS a ({names}) SELECT {names} FROM pg_temp.{staged} AS now WHERE NOT EXISTS"
            " (SELECT 1 FROM (SELECT b.version, b.result FROM assessment b WHERE b.project_id = now.project_id"
            " AND b.template = now.template AND b.record_ref = now.record_ref AND b.as_of <= now.as_of"
            " ORDER BY b.as_of DESC LIMIT 1) AS was WHERE was.version = now.version AND was.result = now.result)"
            " ON CONFLICT (project_id, template, record_ref, as_of) DO UPDATE SET version = excluded.version,"
            " assessed_at = excluded.assessed_at, score = excluded.score, grade = excluded.grade,"
            " result = excluded.result WHERE a.assessed_at <= excluded.assessed_at"
        )
    )


def _wanted(found: Iterable[Assessed]) -> Iterable[Wanted]:
    for each in found:
        for one in each.result.findings:
            key = FindingKey(each.project.id, each.result.template, each.checked.ref, one.field, one.kind)
            locator = each.checked.locators.get(one.field) or each.checked.locator
            yield Wanted(key, each.result.version, one.severity, one.says, locator)


def _looked(found: Iterable[Assessed]) -> dict[tuple[UUID, str, str], Looked]:
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
