"""The open risks of all projects as a heat map, by the matrix of the policy in force."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.pages.charts_heat import LEVELS, Heat, heat, place_of, score_text
from api.pages.charts_heat import Place as Cell
from api.pages.render import page
from api.pages.view import Standing, View, ids, source_names, standing
from api.translation import _
from api.wire.answer import Visible
from model.policies import Place, limits_for
from model.policy import Level, Policy, RiskLimits
from model.records import RiskFacts
from model.status.risk import rate
from sync.dimension_risk import risk_facts
from sync.policy.kept import policy_standing
from sync.record_rows import rows_of
from sync.rollup.rollup import names_of

router = APIRouter()
ROWS: Final = 50  # a page
_RISK: Final = "risk"
# What a risk is rated and shown by.
_READ: Final = frozenset({
    "project_id", "source_id", "external_id", "item_id", "kind", "title", "state", "owner", "probability", "impact",
    "chance", "cost_impact", "days_impact", "currency", "action_due", "raised_on", "closed_on", "reviewed_on",
    "likelihood", "severity", "rating", "schedule_likelihood", "schedule_severity", "schedule_rating", "locator", "url",
})  # fmt: skip
_NOW: Final = datetime.max.replace(tzinfo=UTC)  # later than any version ends: those that stand

Show = Literal["all", "critical", "high", "unowned", "overdue", "unrated", "new"]


class RisksView(View):
    """The address of the heat map; `likelihood` and `impact` are a cell of it."""

    show: Show = "all"
    likelihood: str = Field("", max_length=100)
    impact: str = Field("", max_length=100)


@dataclass(frozen=True, slots=True)
class Shown:
    """An open risk. `level` None: nobody rated it, or the matrix has no such pair."""

    project: dict[str, Any]
    risk: RiskFacts
    row: RowMapping
    level: Level | None
    cell: Cell | None
    says: str | None
    overdue: bool
    new: bool
    source: str

    @property
    def weight(self) -> tuple[int, float]:
        """Return how grave it is, to sort by; unknown counts for less than low."""
        product = (self.risk.probability or 0) * (self.risk.impact or 0)
        return (-1 if self.level is None else LEVELS.index(self.level)), product


@router.get("/risks")
def risks_page(reader: RecordsReader, view: Annotated[RisksView, Query()]) -> Response:
    """Show every visible project's open risks."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = standing(session, reader, view)
        policy = policy_standing(session.connection(), found.today, found.past)
        every, before = risks_of(session, found, policy)
        listed = [each for each in every if _meets(each, view.show) and _in_cell(each, view)]
        pages = max(1, -(-len(listed) // ROWS))
        start = (min(view.page, pages) - 1) * ROWS
        return found.context(
            title=_("Risks"),
            policy=policy.label,
            heat=heat_of(every, before, policy.limits.risk),
            counts={name: sum(_meets(each, name) for each in every) for name in get_args(Show)},
            levels=Counter(each.level for each in every),
            risks=listed[start : start + ROWS],
            listed=len(listed),
            pages=pages,
            words=policy.limits.risk.matrix is not None,
        )

    return page(reader, "risks.html", collect)


def risks_of(session: Session, found: Standing, policy: Policy) -> tuple[list[Shown], Counter[Cell] | None]:
    """Return the open risks of the asked projects, the gravest first, and how many lay in each cell a board ago."""
    projects = ids(session, found)
    limits = _limits(policy, projects, found)
    at = found.past or _NOW
    now = rows_of(session, "raid_item", projects=list(projects), known_at=at, columns=_READ, kind=_RISK)
    before = None
    known: set[tuple[int, str]] = set()
    if found.before_at is not None:
        then = rows_of(
            session, "raid_item", projects=list(projects), known_at=found.before_at, columns=_READ, kind=_RISK
        )
        known = {(row["source_id"], row["external_id"]) for rows in then.values() for row in rows}
        before = Counter(
            cell
            for project, rows in then.items()
            for _, _, cell in _rated(rows, limits[project])
            if cell is not None
        )
    sources = source_names(session)
    shown = [
        Shown(
            projects[project], risk, row, level, cell, score_text(risk), _overdue(risk, found.today),
            found.before_at is not None and (row["source_id"], row["external_id"]) not in known,
            sources[row["source_id"]],
        )
        for project, rows in now.items()
        for (risk, level, cell), row in zip(_rated(rows, limits[project]), _open(rows), strict=True)
    ]  # fmt: skip
    shown.sort(
        key=lambda each: (*(-part for part in each.weight), each.project["name"].casefold(), each.risk.name)
    )
    return shown, before


def _limits(policy: Policy, projects: dict[UUID, dict[str, Any]], found: Standing) -> dict[UUID, RiskLimits]:
    """Return what each project's risks are held to: by its tier, its programmes and itself."""
    return {
        number: limits_for(
            policy, Place(entry["key"], entry.get("tier"), tuple(names_of(entry)), (found.name,)), found.today
        ).risk
        for number, entry in projects.items()
    }


def _open(rows: Sequence[RowMapping]) -> list[RowMapping]:
    return [row for row in rows if row["kind"] == _RISK and risk_facts(row).is_open]


def _rated(
    rows: Sequence[RowMapping], limits: RiskLimits
) -> list[tuple[RiskFacts, Level | None, Cell | None]]:
    found = [rate(risk_facts(row), limits) for row in _open(rows)]
    return [(rated.risk, rated.level, place_of(rated, limits)) for rated in found]


def heat_of(every: Sequence[Shown], before: Counter[Cell] | None, limits: RiskLimits) -> Heat:
    """Return the heat map of the risks that lie in a cell."""
    return heat(limits, Counter(each.cell for each in every if each.cell is not None), before)


def _overdue(risk: RiskFacts, today: date) -> bool:
    return risk.response_due is not None and risk.response_due < today


def _meets(each: Shown, show: str) -> bool:
    if show in ("critical", "high"):
        return each.level == show
    return {
        "all": True,
        "unowned": not each.risk.owner,
        "overdue": each.overdue,
        "unrated": each.level is None,
        "new": each.new,
    }[show]


def _in_cell(each: Shown, view: RisksView) -> bool:
    if not view.likelihood or not view.impact:
        return True
    asked = (view.likelihood.casefold(), view.impact.casefold())
    return each.cell is not None and (each.cell[0].casefold(), each.cell[1].casefold()) == asked
