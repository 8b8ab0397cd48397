"""The log of who changed what as a page, and as files."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from api.access.visible import AuditReader
from api.audit_files import MEDIA, FileFormat, lines
from api.audit_query import GROUPS, AuditQuery
from api.pages.render import link, page
from api.pages.writing import here, words, zone
from api.translation import gettext as _
from api.wire.answer import Visible
from model.audit import ACTIONS, Linked, Way
from sync.audit import record_alone
from sync.audit_log import Wanted, head_of, stream
from sync.audit_log import page as events_page

router = APIRouter()
ROWS: Final = 50


@router.get("/audit")
def audit_page(reader: AuditReader, query: Annotated[AuditQuery, Query()]) -> Response:
    """Show who did what, the newest first."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        found = events_page(connection, query.wanted(zone()), before=query.before, limit=ROWS + 1)
        shown = found[:ROWS]
        older = shown[-1].seq if len(found) > ROWS else None
        return {
            "title": _("Audit log"),
            "query": query,
            "days": [(day, list(events)) for day, events in groupby(map(_shown, shown), _day)],
            "older": older and link("/audit", before=older, **query.but()),
            "choices": _choices(),
            "actors": _actors(session),
            "ways": [str(way) for way in Way],
            "head": head_of(connection),
            "files": [(kind, link("/audit/export", format=kind, **query.but())) for kind in MEDIA],
        }

    return page(reader, "audit.html", collect, also=str(zone()))


class ExportQuery(AuditQuery):
    """The filters of an export, and what it is written as."""

    format: FileFormat = "csv"


@router.get("/audit/export")
def audit_export(reader: AuditReader, query: Annotated[ExportQuery, Query()]) -> Response:
    """Give the events as a file; that they were taken is an event itself, and the last of what the file holds."""
    wanted = query.wanted(zone())
    record_alone(reader.engine, "export.audit", f"log as {query.format}", query.but(format=None))
    headers = {
        "Content-Disposition": f'attachment; filename="audit-log.{query.format}"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(
        _file(reader.engine, wanted, query.format), media_type=MEDIA[query.format], headers=headers
    )


def _file(engine: Engine, wanted: Wanted, format_: FileFormat) -> Iterator[bytes]:
    with engine.connect() as connection:
        for line in lines(stream(connection, wanted), format_):
            yield line.encode()


def _choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the actions to choose from, by what they are about."""
    return [
        (group, [(action, _(says)) for action, says in ACTIONS.items() if action.startswith(f"{group}.")])
        for group in GROUPS
    ]


def _actors(session: Session) -> list[str]:
    """Return who did something of late, for the list beside the field."""
    rows = session.execute(
        text(
            "SELECT DISTINCT actor FROM (SELECT actor FROM audit_event ORDER BY seq DESC NULLS LAST LIMIT 2000) AS e"
        )
    )
    return sorted(str(row[0]) for row in rows)


def _shown(each: Linked) -> dict[str, Any]:
    event = each.event
    kept: Any = event.detail  # an object, unless somebody changed the log behind it
    odd = not isinstance(kept, dict)
    detail = {"detail": kept} if odd else dict(kept)
    by = detail.pop("by") if isinstance(detail.get("by"), str) else None
    return {
        "seq": each.seq,
        "at": event.at,
        "actor": event.actor,
        "by": by,
        "way": event.way,
        "address": event.address,
        "says": _(ACTIONS.get(event.action, event.action)),
        "action": event.action,
        "subject": event.subject,
        "step": _step(detail),
        "detail": [
            (name.replace("_", " "), _lines(value)) for name, value in detail.items() if value is not None
        ],
        "odd": odd,
        "hash": each.hash,
    }


def _step(detail: dict[str, Any]) -> str | None:
    """Return from where to where something was moved."""
    was, now = detail.get("was"), detail.get("now")
    return f"{words(was)} → {words(now)}" if isinstance(was, str) and isinstance(now, str) else None


def _lines(value: Any) -> list[str]:
    """Write a detail as the lines a page shows."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return [f"{name}: {_plain(each)}" for name, each in value.items()]
    return [_plain(value)]


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    return _("yes") if value is True else _("no") if value is False else str(value)


def _day(each: dict[str, Any]) -> Any:
    at: datetime = each["at"]
    return here(at).date()
