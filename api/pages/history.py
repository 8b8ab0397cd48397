"""From which day to which there are snapshots, and what to say of a day outside."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access.visible import only_visible
from api.pages.writing import date_text
from api.translation import _
from api.wire.answer import Visible
from model.tables import Snapshot

History = tuple[date | None, date | None]


def history(session: Session, projects: Visible) -> History:
    """Return the first and the last day with a snapshot of these projects (None: of all); None where none is."""
    query = select(func.min(Snapshot.as_of), func.max(Snapshot.as_of))
    query = query.where(only_visible(Snapshot.project_id, projects))
    first, last = session.execute(query).one()
    return first, last


def outside(as_of: date | None, known: History) -> str | None:
    """Say of a day outside the history where that begins or ends; None for a day inside."""
    first, last = known
    if as_of is None or first is None or last is None:
        return None
    if as_of < first:
        return _(
            "The history begins %(first)s; nothing is known of %(day)s.",
            first=date_text(first),
            day=date_text(as_of),
        )
    if as_of > last:
        return _(
            "The newest snapshot is of %(last)s; that is what is shown for %(day)s.",
            last=date_text(last),
            day=date_text(as_of),
        )
    return None
