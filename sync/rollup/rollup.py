"""Roll-ups of each programme and of the portfolio, out of the newest snapshots at the two clocks.

They are computed when they are read: what they say is always that of the snapshots they name.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.currency import Rates
from sync.json import instant_text
from sync.portfolio import portfolio_if_any
from sync.rollup.group import Group, document_of
from sync.rollup.members import standing_at
from sync.rollup.rates import rates_known_at, rates_of

Entry = Mapping[str, Any]


def rollups(
    session: Session,
    as_of: date | None = None,
    known_at: datetime | None = None,
    visible: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the roll-up of the portfolio, and of every programme by name.

    The last is of the projects in no programme, where there are any; its name is None.

    Args:
        session: Read only.
        as_of: The day asked about; None: the newest there is.
        known_at: Leave out what became known later; None: everything.
        visible: Keys of the projects that may be seen; None: all. Others are in no figure.
    """
    status = standing_at(session, as_of, known_at, visible)
    return rolled_up(session, status, known_at=known_at, visible=visible)


def rolled_up(
    session: Session,
    status: Entry,
    *,
    known_at: datetime | None = None,
    visible: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the same of a status document, or of `standing_at`, that was read with the same clocks and rights."""
    on = None if status["as_of"] is None else date.fromisoformat(status["as_of"])
    whole = portfolio_if_any(session, on, known_at)
    if whole is None:
        return []
    rates = Rates(()) if on is None else rates_of(session.connection(), on=on, known_at=known_at)
    live: Sequence[Entry] = status["projects"]
    closed = _closed(session, status, known_at, visible)
    groups = [Group("portfolio", whole.name, live, closed), *_programmes(live, closed)]
    head = {
        "as_of": status["as_of"],
        "known_at": _known(session, status, known_at),
        "policy": status["policy"],
    }
    found = [head | document_of(group, rates, whole.currency) for group in groups]
    if not live and (note := status.get("note")):
        found[0]["cost_weighted"]["says"] = note
    return found


def _known(session: Session, status: Entry, known_at: datetime | None) -> str | None:
    """Return when all that is rolled up was known: the newest snapshot, or a rate that was told since."""
    if status["known_at"] is None:
        return None
    snapshots = datetime.fromisoformat(status["known_at"])
    rates = rates_known_at(session.connection(), known_at=known_at)
    return instant_text(max(snapshots, rates or snapshots))


def summary(rollup: Entry) -> dict[str, Any]:
    """Return a roll-up without the lists of what it was computed from."""
    short = {name: value for name, value in rollup.items() if name not in ("inputs", "closed")}
    return short | {"closed": len(rollup["closed"])}


def names_of(project: Entry) -> list[str]:
    """Return the programmes a project's entry names, its own first; entries of before have only that one."""
    if "programmes" in project:
        return [each["name"] for each in project["programmes"]]
    own = project.get("programme")
    return [] if own is None else [own]


def _programmes(live: Sequence[Entry], closed: Sequence[Entry]) -> list[Group]:
    members: dict[str | None, tuple[list[Entry], list[Entry]]] = {}
    for place, projects in enumerate((live, closed)):
        for project in projects:
            named: list[str | None] = [*names_of(project)] or [None]
            for name in named:
                members.setdefault(name, ([], []))[place].append(project)
    ordered = sorted(members.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [Group("programme", name, *found) for name, found in ordered]


def _closed(
    session: Session, status: Entry, known_at: datetime | None, visible: Collection[str] | None
) -> list[dict[str, Any]]:
    """Return the projects that are closed, each with what was last said of it."""
    rows = session.execute(
        text(
            "SELECT p.key, p.name, p.closed_at, s.* FROM project p CROSS JOIN LATERAL"
            " (SELECT t.as_of, t.overall, t.health, t.document -> 'programme' AS programme,"
            " t.document -> 'programmes' AS programmes FROM snapshot t WHERE t.project_id = p.id"
            " AND (CAST(:as_of AS date) IS NULL OR t.as_of <= CAST(:as_of AS date))"
            " AND (CAST(:known_at AS timestamptz) IS NULL OR t.known_at <= CAST(:known_at AS timestamptz))"
            " ORDER BY t.as_of DESC, t.known_at DESC LIMIT 1) AS s"
            " WHERE p.closed_at IS NOT NULL AND p.key <> ALL(CAST(:live AS text[]))"
            " AND (CAST(:visible AS text[]) IS NULL OR p.key = ANY(CAST(:visible AS text[]))) ORDER BY p.key"
        ),
        {
            "as_of": status["as_of"],
            "known_at": known_at,
            "live": [project["key"] for project in status["projects"]],
            "visible": None if visible is None else list(visible),
        },
    )
    return [
        {
            "key": row.key,
            "name": row.name,
            "closed_at": instant_text(row.closed_at),
            "overall": row.overall,
            "health": row.health,
            "as_of": row.as_of.isoformat(),
            "programme": row.programme,
        }
        | ({} if row.programmes is None else {"programmes": row.programmes})
        for row in rows
    ]
