"""What every page for heads takes in its address, and the status it shows by it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access.visible import Reader
from api.pages.history import history, outside
from api.pages.snapshot_days import snapshot_days
from api.pages.writing import as_date, as_instant
from api.translation import _
from api.wire.etag import Recent, digest
from api.wire.values import Day, Instant
from model.tables import Project, Source
from sync.changes import end_of
from sync.portfolio import portfolio_if_any
from sync.receipts import status_document
from sync.rollup.rollup import names_of

BETWEEN_BOARDS: Final = timedelta(days=28)  # the day that is compared with where none is asked for


class View(BaseModel):
    """An address: of which day, as known when, of which programme, named how, and which page of it."""

    model_config = ConfigDict(extra="forbid")

    as_of: Day | None = None
    known_at: Instant | None = None
    programme: str = Field("", max_length=200)
    q: str = Field("", max_length=100)
    page: int = Field(1, ge=1, le=10_000)

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """Take a form's empty field for one not sent."""
        return {name: value for name, value in dict(values).items() if value != ""}

    def but(self, **changed: Any) -> dict[str, Any]:
        """Return the address's parts with some changed and defaults left out; the page starts over."""
        values = self.model_dump(exclude_defaults=True, exclude={"page"}) | changed
        defaults = {name: info.default for name, info in type(self).model_fields.items()}
        kept = {name: value for name, value in values.items() if value != defaults.get(name)}
        return {name: _written(value) for name, value in kept.items()}

    def clocks(self) -> dict[str, Any]:
        """Return the two clocks as an address has them."""
        return {"as_of": self.as_of, "known_at": None if self.known_at is None else _written(self.known_at)}

    def without_search(self) -> Self:
        """Return the same view of every project of its programme."""
        return self.model_copy(update={"q": "", "page": 1})


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Standing:
    """The status a view shows.

    `past` is the instant at which records are read, None: as they stand. `before` is the day that was looked at a
    board ago, and `before_at` the instant that day ended; None where the history is younger.
    """

    view: View
    status: dict[str, Any]
    everyone: list[dict[str, Any]]  # all that may be seen
    entries: list[dict[str, Any]]  # those the view asks for
    programmes: list[str]
    days: list[date]
    shown: date | None
    outside: str | None
    past: datetime | None
    before: date | None
    before_at: datetime | None
    name: str
    currency: str
    zone: str

    @property
    def today(self) -> date:
        """Return the day shown; that of the clock where there is no status at all."""
        return self.shown or datetime.now(UTC).date()

    def context(self, **more: Any) -> dict[str, Any]:
        """Return what the templates of heads' pages share."""
        earlier = next((day for day in self.days if self.shown and day < self.shown), None)
        later = next((day for day in reversed(self.days) if self.shown and day > self.shown), None)
        return {
            "view": self.view, "s": self, "days": self.days, "shown": self.shown, "outside": self.outside,
            "earlier": earlier, "later": later, "clocks": self.view.clocks(), **more,
        }  # fmt: skip


def standing(session: Session, reader: Reader, view: View) -> Standing:
    """Return the status of the visible projects in short by a view's clocks, read once a version."""
    visible = reader.principal.projects
    kept: Recent[Any] = reader.request.app.state.boards
    status = kept.get(
        digest("in short", reader.kind, session.info["version"], view.as_of, view.known_at, visible),
        lambda: status_document(
            session, as_of=view.as_of, known_at=view.known_at, visible=visible, in_short=True
        ),
    )
    whole = portfolio_if_any(session, as_date(status["as_of"]), view.known_at)
    days = snapshot_days(session, view.known_at)
    seen = None if visible is None else frozenset(_ids(session, status["projects"]).values())
    known = history(session, seen)
    day = as_date(status["as_of"])
    shown = min(day, known[1]) if day and known[1] else day
    back = bool(view.known_at) or bool(days and shown and shown < days[0])
    zone = whole.timezone if whole else "UTC"
    before = usual(days, shown)
    before = None if before is None or shown is None or before >= shown else before
    everyone = status["projects"]
    return Standing(
        view=view,
        status=status,
        everyone=everyone,
        entries=[entry for entry in everyone if _asked(entry, view)],
        programmes=sorted({name for entry in everyone for name in names_of(entry)}),
        days=days,
        shown=shown,
        outside=outside(view.as_of, known),
        past=as_instant(status["known_at"]) if back else None,
        before=before,
        before_at=None if before is None else end_of(before, zone),
        name=whole.name if whole else _("Portfolio"),
        currency=whole.currency if whole else "",
        zone=zone,
    )


def _asked(entry: dict[str, Any], view: View) -> bool:
    sought = view.q.casefold().strip()
    return (not view.programme or view.programme in names_of(entry)) and (
        not sought or sought in entry["name"].casefold() or sought in entry["key"].casefold()
    )


def usual(days: list[date], as_of: date | None) -> date | None:
    """Return the newest day that is a month before another, else the oldest; the newest day comes first."""
    if not days:
        return None
    last = max(as_of or days[0], date.min + BETWEEN_BOARDS) - BETWEEN_BOARDS
    return next((day for day in days if day <= last), days[-1])


def ids(session: Session, found: Standing) -> dict[UUID, dict[str, Any]]:
    """Return the asked entries by their project's id."""
    by_key = _ids(session, found.entries)
    return {by_key[entry["key"]]: entry for entry in found.entries if entry["key"] in by_key}


def _ids(session: Session, entries: list[dict[str, Any]]) -> dict[str, UUID]:
    keys = [entry["key"] for entry in entries]
    rows = session.execute(select(Project.key, Project.id).where(Project.key.in_(keys)))
    return {row.key: row.id for row in rows}


def source_names(session: Session) -> dict[int, str]:
    """Return the sources' names by id."""
    return {row.id: row.name for row in session.execute(select(Source.id, Source.name))}
