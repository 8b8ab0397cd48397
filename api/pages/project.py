"""A project's page: every colour with its reasons, and what they were computed from."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.pages import project_model as model
from api.pages.board_model import DIMENSIONS
from api.pages.history import history, outside
from api.pages.project_findings import disputes, open_findings
from api.pages.project_measures import subjects
from api.pages.render import page
from api.pages.snapshot_days import snapshot_days
from api.pages.writing import as_date, as_instant
from api.routes.common import AsOf, KnownAt, visible_project
from api.wire.answer import Visible
from api.wire.problems import not_found
from api.wire.whole_keys import ProjectKey
from model.attributes import REGISTER
from model.tables import Project, Snapshot
from sync.portfolio import portfolio_if_any
from sync.receipts import status_document

router = APIRouter()
FACTS: Final = (
    "manager", "sponsor", "baseline_start", "baseline_finish", "forecast_finish", "actual_finish", "budget",
    "forecast_cost", "actual_cost", "percent_complete", "reported_on",
)  # fmt: skip
TOLD: Final = ("path_to_green", "override_reason", "variance_narrative", "decisions_needed", "achievements",
               "next_period")  # fmt: skip


@router.get("/projects/{key}")
def project_page(
    reader: RecordsReader, key: ProjectKey, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Show one project on a day, as known at an instant."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        project = visible_project(session, visible, key)
        status = status_document(session, as_of=as_of, known_at=known_at, visible=[key])
        entry = next((found for found in status["projects"] if found["key"] == key), None)
        known = history(session, frozenset({project.id}))
        if entry is None or known[0] is None:
            raise not_found(outside(as_of, known) or f"{key} has no status{f' on {as_of}' if as_of else ' yet'}. "
                            "It gets one when the next sync is consolidated.")  # fmt: skip
        # The project's own newest snapshot may be older than the day asked about, or than the others'.
        day = as_date(entry.get("as_of")) or as_date(status["as_of"])
        newest = snapshot_days(session, known_at)
        day = min(found for found in (day, known[1], *newest[:1]) if found is not None)
        past = as_instant(status["known_at"]) if known_at or (newest and day < newest[0]) else None
        shown = {"as_of": as_of, "known_at": known_at, "days": newest, "outside": outside(as_of, known)}
        return _context(session, project, entry, status | {"as_of": day.isoformat()}, past) | shown

    return page(reader, "project.html", collect)


def _context(
    session: Session, project: Project, entry: dict[str, Any], status: dict[str, Any], past: Any
) -> dict[str, Any]:
    """Collect the page's parts; on a past day the records as they were known then."""
    day = as_date(status["as_of"])
    assert day is not None  # noqa: S101 - the caller has looked
    receipt = _receipt(session, project, status, past)
    claims = model.claims(session, receipt)
    dimensions = [name for name in DIMENSIONS if name in entry["dimensions"]]
    dimensions += [name for name in entry["dimensions"] if name not in DIMENSIONS]
    stones, timeline = model.milestones(session, project.id, day, past)
    whole = portfolio_if_any(session, day, past)
    return {
        "title": entry["name"],
        "p": entry,
        "status": status,
        "day": day,
        "dimensions": dimensions,
        "colours": receipt.get("colours") or {},
        "measures": subjects(entry.get("measures") or {}, receipt.get("measures") or {}),
        "claims": claims,
        "because": [reason for reason in entry.get("overall_reasons") or [] if reason.get("text")],
        "conflicts": {name for name, rows in claims.items() if len({str(row["value"]) for row in rows}) > 1},
        "facts": [(name, claims[name][0]) for name in FACTS if name in claims],
        "told": [(name, claims[name][0]) for name in TOLD if name in claims and claims[name][0]["value"]],
        "types": {name: attribute.type for name, attribute in REGISTER["project"].items()},
        "currency": whole and whole.currency,
        "trend": model.trend(session, project.id, day, dimensions, past),
        "chart": model.CHART,
        "milestones": stones,
        "timeline": timeline,
        "raid": model.raid(session, project.id, past),
        "costs": model.costs(session, project.id, past),
        "findings": open_findings(session, project.id),
        "disputes": disputes(session, project.id),
        "scopes": model.scopes(session, project.id),
    }


def _receipt(
    session: Session, project: Project, status: dict[str, Any], known_at: datetime | None
) -> dict[str, Any]:
    query = select(Snapshot.receipt)
    if known_at is not None:
        query = query.where(Snapshot.known_at <= known_at)
    found = session.scalars(
        query.where(Snapshot.project_id == project.id, Snapshot.as_of <= as_date(status["as_of"]))
        .order_by(Snapshot.as_of.desc(), Snapshot.known_at.desc())
        .limit(1)
    ).first()
    return found or {}
