"""What one project is held to on a day: policy, layers and limits."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.status.colour import plain
from sync.asking import asking
from sync.facts import gather
from sync.match import portfolio_of
from sync.policy.kept import policy_standing
from sync.policy.place import holding_of, place_of

_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(9000, 1, 1)


class NoSuchProject(LookupError):
    """There is no such project; the message says which there are."""


def held_to(
    session: Session, key: str, *, on: date, now: datetime, known_at: datetime | None = None
) -> dict[str, Any]:
    """Return which policy holds for a project on a day, because of what, and all of its limits.

    Args:
        session: Read only.
        key: The project's.
        on: The day, in the portfolio's time zone; one to come is told by what is approved by now.
        now: The clock.
        known_at: Only what was approved by then counts; None: by now.

    Raises:
        NoSuchProject: With those there are.
        NotConfigured: There is no portfolio yet.
    """
    portfolio_of(session)  # without one there are no projects to name either
    known = known_at or now
    found = session.execute(text("SELECT id FROM project WHERE key = :key"), {"key": key}).scalar()
    facts = None
    if found is not None:
        day = min(max(on, _FIRST), _LAST)  # facts look back some weeks from their day
        facts = gather(session, asking(session, [found], day, known))
    if facts is None or not facts.projects:
        keys = session.execute(text("SELECT key FROM project WHERE closed_at IS NULL ORDER BY key LIMIT 20"))
        there = ", ".join(keys.scalars()) or "none yet"
        raise NoSuchProject(f"there is no project {key!r}; there are {there}")
    project = facts.projects[0]
    holds = holding_of(policy_standing(session.connection(), on, known), project, on)
    place = place_of(project)
    return {
        "project": project.key,
        "on": on.isoformat(),
        "policy": holds.policy.label,
        "place": {
            "tier": place.tier,
            "programmes": list(place.programmes),
            "portfolios": list(place.portfolios),
        },
        "layers": [layer.to_json() for layer in holds.layers],
        "limits": plain(holds.limits.model_dump()),
    }
