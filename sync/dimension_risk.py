"""The dimension of risks and issues."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from model.policy import Limits
from model.records import IssueFacts, RiskFacts
from model.status.colour import Colour
from model.status.issues import Issues, issues
from model.status.risk import Risk, risk
from model.status.risk_matrix import Learned, matrix_of
from sync.dimension import Dimension, joined, record
from sync.facts import ProjectFacts


@dataclass(frozen=True, slots=True)
class Raid:
    """What the RAID log says of a project: its risks and issues as the formulas take them, and what they found.

    `mixed` says why no expected cost is known, None where amounts are in one currency.
    """

    risks: tuple[RiskFacts, ...]
    exposure: Risk
    open_issues: Issues
    mixed: str | None
    issues: tuple[IssueFacts, ...] = ()


def judged(project: ProjectFacts, as_of: date, limits: Limits) -> Raid:
    """Apply the rules for risks and issues."""
    risks = [risk_facts(row) for row in project.raid if row["kind"] == "risk"]
    opened = [_issue_facts(row) for row in project.raid if row["kind"] == "issue"]
    contingency: Decimal | None = project.value("contingency")
    mixed = _risk_currencies(project, risks)
    exposure = risk(risks or None, contingency=contingency, as_of=as_of, limits=limits, mixed=mixed)
    return Raid(
        tuple(risks), exposure, issues(opened or None, as_of=as_of, limits=limits), mixed, tuple(opened)
    )


def of_risk(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    """Join what the risks and the issues say; the gravest rows come first."""
    found = judged(project, as_of, limits)
    exposure, open_issues = found.exposure, found.open_issues
    # Good issues say nothing of a risk that nobody has rated or priced, nor good risks of an issue without a day: it
    # might be the one that makes the project red.
    if open_issues.colour is Colour.GREEN and exposure.colour is Colour.GREY and exposure.rated:
        open_issues = replace(open_issues, colour=Colour.GREY)
    if exposure.colour is Colour.GREEN and open_issues.colour is Colour.GREY and open_issues.undated:
        exposure = replace(exposure, colour=Colour.GREY)
    return joined(
        [(exposure, ("contingency",), risk_records(found)), (open_issues, (), issue_records(found))]
    )


def risk_records(found: Raid) -> list[dict[str, Any]]:
    """Return the open risks as receipts list them: those nobody looks after first, then by how grave they are."""
    grave = {id(item.ref) for item in (*found.exposure.unowned, *found.exposure.overdue)}
    levels = {id(rated.risk.ref): rated.score or 0 for rated in found.exposure.rated}
    ordered = sorted(
        (item for item in found.risks if item.is_open),
        key=lambda item: (id(item.ref) not in grave, -levels.get(id(item.ref), 0)),
    )
    return [record("raid_item", item.ref, item.name) for item in ordered]


def issue_records(found: Raid) -> list[dict[str, Any]]:
    """Return the issues as receipts list them: the overdue ones, the open ones by age, and those that are closed.

    That none is open, or none overdue, is said of the closed ones too.
    """
    late = {id(item): place for place, (item, _) in enumerate(found.open_issues.overdue)}
    ordered = sorted(
        found.issues,
        key=lambda item: (late.get(id(item), len(late)), not item.is_open, item.raised_on or date.max),
    )
    return [record("raid_item", item.ref, item.name) for item in ordered]


def learned_matrix(
    session: Session, *, visible: Collection[UUID] | None, source: str | None, project: str | None
) -> Learned:
    """Read off the ratings on record now which matrix a register goes by.

    Args:
        session: Read only.
        visible: The projects that may be seen; None: all, and what belongs to none.
        source: Only what this source says; None: every one.
        project: Only of the project of this key; None: every one.
    """
    rows = session.execute(
        text(
            "SELECT v.* FROM raid_item v JOIN source s ON s.id = v.source_id LEFT JOIN project p ON p.id = v.project_id"
            " WHERE v.known_to IS NULL AND NOT v.deleted AND v.kind = 'risk' AND v.amends_source_id IS NULL"
            " AND (CAST(:visible AS uuid[]) IS NULL OR v.project_id = ANY(CAST(:visible AS uuid[])))"
            " AND (CAST(:source AS text) IS NULL OR s.name = :source)"
            " AND (CAST(:project AS text) IS NULL OR p.key = :project) ORDER BY v.id"
        ),
        {"visible": None if visible is None else list(visible), "source": source, "project": project},
    )
    return matrix_of(map(risk_facts, rows.mappings().all()))


def _risk_currencies(project: ProjectFacts, risks: Iterable[RiskFacts]) -> str | None:
    """Say that the costs of the open risks and the contingency cannot be added up; None where they are in one currency.

    What names none is in the portfolio's, as a cost line and a benefit are.
    """
    units = {
        item.ref["currency"] or project.currency
        for item in risks
        if isinstance(item.ref, Mapping) and item.is_open and item.cost_impact
    }
    if units and project.value("contingency") is not None:
        units.add(project.unit("contingency") or project.currency)
    if len(units) <= 1:
        return None
    return f"no expected cost: amounts are in {' and '.join(sorted(map(str, units)))}"


def risk_facts(row: RowMapping) -> RiskFacts:
    """Return a risk as the rules take it."""
    return RiskFacts(
        name=_name(row), probability=row["probability"], impact=row["impact"], chance=row["chance"],
        cost_impact=row["cost_impact"], days_impact=row["days_impact"], owner=row["owner"],
        response_due=row["action_due"], raised_on=row["raised_on"], reviewed_on=row["reviewed_on"], state=_state(row),
        likelihood=row["likelihood"], severity=row["severity"], rating=row["rating"],
        schedule_likelihood=row["schedule_likelihood"], schedule_severity=row["schedule_severity"],
        schedule_rating=row["schedule_rating"], ref=row,
    )  # fmt: skip


def _issue_facts(row: RowMapping) -> IssueFacts:
    return IssueFacts(
        name=_name(row), impact=row["impact"], raised_on=row["raised_on"],
        due=row["due"] or row["action_due"], state=_state(row), ref=row,
    )  # fmt: skip


def _state(row: RowMapping) -> str | None:
    """Return the state; where only the day of its closing is known, it is closed."""
    return row["state"] or (None if row["closed_on"] is None else "closed")


def _name(row: RowMapping) -> str:
    return str(row["item_id"] or row["title"] or row["locator"] or row["external_id"])
