"""The portfolio board."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameters
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.pages.board_model import Query, Row, arrange, load_rows
from api.pages.charts import stacked
from api.pages.history import history, outside
from api.pages.render import page
from api.pages.snapshot_days import snapshot_days
from api.pages.writing import as_date, time_text
from api.routes.sources import source_documents
from api.translation import _
from api.wire.answer import Visible
from api.wire.etag import Recent, digest
from sync.portfolio import portfolio_if_any
from sync.receipts import status_document
from sync.rollup.rollup import rolled_up, summary

router = APIRouter()
Loaded = tuple[dict[str, Any], list[Row], dict[str | None, dict[str, Any]]]  # status, rows, roll-ups by name
BAR = 1000.0  # the width of the distribution bar, in its own units


@router.get("/")
def board(reader: StatusReader, query: Annotated[Query, Parameters()]) -> Response:
    """Show every visible project on a day."""
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        projects = reader.principal.projects
        # How sources stand now says nothing of what was known at an earlier instant.
        sources = (
            []
            if query.known_at
            else [
                source
                for source in fresh(source_documents(session, visible, now=now), now)
                if source["enabled"]
            ]
        )
        late = frozenset(source["name"] for source in sources if source["overdue"])

        def load() -> Loaded:
            status = status_document(session, as_of=query.as_of, known_at=query.known_at, visible=projects)
            rolled = rolled_up(session, status, known_at=query.known_at, visible=projects)
            by_name = {each["name"]: summary(each) for each in rolled if each["kind"] == "programme"}
            return status, load_rows(status, late if query.as_of is None else frozenset()), by_name

        # Sorting and searching look at the same rows again and again: they are read once a version.
        boards: Recent[Loaded] = reader.request.app.state.boards
        status, rows, rollups = boards.get(
            digest(session.info["version"], query.as_of, query.known_at, projects, sorted(late)), load
        )
        found = arrange(status, rows, query)
        whole = portfolio_if_any(session, as_date(status["as_of"]), query.known_at)
        days = snapshot_days(session, query.known_at)
        known = history(session, visible)
        shown = as_date(status["as_of"])
        return {
            "title": whole.name if whole else _("Portfolio"),
            "portfolio": whole,
            "board": found,
            "rollups": rollups,
            "query": query,
            "shown": min(shown, known[1]) if shown and known[1] else shown,
            "outside": outside(query.as_of, known),
            "bar": stacked(found.counts, BAR),
            "days": days,
            **_neighbours(days, as_date(status["as_of"])),
            "sources": sources,
            "asking": [
                source for source in sources if source["questions"] or source["overdue"] or source["rejects"]
            ],
        }

    # How fresh a source is also depends on the time, to the minute.
    return page(reader, "board.html", collect, also=f"{now:%Y%m%d%H%M}")


def _neighbours(days: list[Any], as_of: Any) -> dict[str, Any]:
    """Return the days before and after, for the arrows beside the picker."""
    return {
        "earlier": next((day for day in days if as_of and day < as_of), None),
        "later": next((day for day in reversed(days) if as_of and day > as_of), None),
    }


def fresh(sources: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Add to each source whether it is stale (never read, or overdue) and how its last run stands."""
    for source in sources:
        source["stale"] = source["enabled"] and (source["read_at"] is None or source["overdue"])
        run = source["last_run"]
        source["told"] = None if run is None else f"{run['state']}, {time_text(run['at'], now)}"
    return sources
