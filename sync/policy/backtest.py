"""Replay stored history by another policy: each day as it was known then, with hysteresis of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.backtest import Seen, Terms, compared, record, summed
from model.policy import Policy
from model.status.colour import Colour
from sync.asking import asking
from sync.consolidation.colouring import parts
from sync.facts import Earlier, Facts, ProjectFacts, gather
from sync.json import instant_text
from sync.match import portfolio_of
from sync.policy.kept import policy_standing
from sync.policy.plan import Coloured, coloured

_FEW: Final = 20  # days told apart that are named


class NothingToReplay(LookupError):
    """There is no history in the days asked about; the message says which there are."""


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A day of the history: what was stored for it, as known when it ended, or else when it was first told."""

    as_of: date
    known_at: datetime
    stored: Mapping[UUID, tuple[str, float | None]]  # overall, and data quality


@dataclass(slots=True)
class Replay:
    """What has been replayed so far by one policy."""

    held: dict[UUID, list[Earlier]] = field(default_factory=dict)
    seen: dict[str, list[Seen]] = field(default_factory=dict)

    def add(self, project: ProjectFacts, found: Coloured, facts: Facts) -> None:
        """Keep a project's day: what is judged of it, and the state of hysteresis for the next."""
        finish = project.finished_on(facts.as_of) or project.value("forecast_finish")
        reported = project.value("rag_overall") == Colour.RED.value
        self.seen.setdefault(project.key, []).append(Seen(facts.as_of, found.whole.colour, finish, reported))
        held = {name: each.held.to_json() for name, each in found.dims.items()}
        self.held[project.id] = [Earlier(facts.as_of, found.whole.colour.value, found.health, None, held)]

    def before(self, project: ProjectFacts) -> ProjectFacts:
        """Return a project as this replay left it the day before; on the first day as it was stored."""
        return replace(project, earlier=self.held.get(project.id, project.earlier))


def replay_size(session: Session, since: date | None, until: date | None) -> int:
    """Return how many days of how many projects there are to replay, added up."""
    return int(
        session.execute(
            text(
                "SELECT count(*) FROM (SELECT DISTINCT project_id, as_of FROM snapshot"
                " WHERE (CAST(:since AS date) IS NULL OR as_of >= CAST(:since AS date))"
                " AND (CAST(:until AS date) IS NULL OR as_of <= CAST(:until AS date))) AS days"
            ),
            {"since": since, "until": until},
        ).scalar_one()
    )


def backtest(
    session: Session,
    policy: Policy,
    *,
    now: datetime,
    terms: Terms | None = None,
    since: date | None = None,
    until: date | None = None,
) -> dict[str, Any]:
    """Colour every stored day again by a policy, and by those that were in force, and compare what came of it.

    Facts are those of each snapshot's day, as known then; data quality is the stored one. The policy is taken to
    hold on all days, its tolerances on their own. What the policies in force give now is compared with what was
    stored: `otherwise` counts where it differs, and then something else than a policy has changed since.

    Raises:
        NotConfigured: There is no portfolio yet.
        NothingToReplay: There is no snapshot in these days.
    """
    terms = terms or Terms()
    before, after = Replay(), Replay()
    against: list[str] = []
    otherwise: list[dict[str, Any]] = []
    days: set[date] = set()
    for day, facts in stored_days(session, since, until):
        days.add(day.as_of)
        standing = policy_standing(session.connection(), day.as_of, day.known_at)
        against.append(standing.label)
        for project in facts.projects:
            overall, quality = day.stored[project.id]
            was = coloured(before.before(project), standing, facts, quality)
            before.add(project, was, facts)
            after.add(project, coloured(after.before(project), policy, facts, quality), facts)
            if was.whole.colour.value != overall:
                said = {"project": project.key, "as_of": day.as_of.isoformat(), "stored": overall}
                otherwise.append(said | {"now": was.whole.colour.value})
    if not days:
        raise NothingToReplay(_nothing(session, since, until))
    return _document(policy, terms, (before, after), now) | {
        "against": list(dict.fromkeys(against)),
        "days": len(days),
        "first": min(days).isoformat(),
        "last": max(days).isoformat(),
        "otherwise": {"count": len(otherwise), "some": otherwise[:_FEW]},
    }


def _document(policy: Policy, terms: Terms, replays: tuple[Replay, Replay], now: datetime) -> dict[str, Any]:
    before, after = ({key: record(seen, terms) for key, seen in replay.seen.items()} for replay in replays)
    turning = compared(before, after)
    earlier = [each["months_earlier"] for each in turning if each["months_earlier"] is not None]
    return {
        "policy": policy.label,
        "replayed_at": instant_text(now),
        "terms": {
            "alarm": terms.alarm.value, "slip_days": terms.slip_days, "horizon_days": terms.horizon_days,
            "says": terms.says(),
        },
        "projects": len(before),
        "turn": len(turning),
        "turn_earlier": sum(each > 0 for each in earlier),
        "turn_later": sum(each < 0 for each in earlier),
        "only_before": _only(turning, "before", "after"),
        "only_after": _only(turning, "after", "before"),
        "months_earlier": round(sum(earlier) / len(earlier), 2) if earlier else None,
        "before": summed(before.values()),
        "after": summed(after.values()),
        "turning": turning,
    }  # fmt: skip


def _only(turning: list[dict[str, Any]], one: str, other: str) -> int:
    return sum(each["first"][one] is not None and each["first"][other] is None for each in turning)


def stored_days(
    session: Session, since: date | None, until: date | None
) -> Iterator[tuple[StoredDay, Facts]]:
    """Go through the days there are snapshots of, the oldest first, with what was known then, part by part."""
    portfolio = portfolio_of(session)
    days = session.execute(
        text(
            "SELECT as_of, coalesce(max(known_at) FILTER (WHERE CAST(known_at AT TIME ZONE :zone AS date) <= as_of),"
            " min(known_at)) FROM snapshot WHERE (CAST(:since AS date) IS NULL OR as_of >= CAST(:since AS date))"
            " AND (CAST(:until AS date) IS NULL OR as_of <= CAST(:until AS date)) GROUP BY as_of ORDER BY as_of"
        ),
        {"zone": portfolio.timezone, "since": since, "until": until},
    ).all()
    for as_of, known_at in days:
        stored = session.execute(
            text(
                "SELECT DISTINCT ON (project_id) project_id, overall,"
                " CAST(document #>> '{data_quality,score}' AS double precision) FROM snapshot"
                " WHERE as_of = :as_of AND known_at <= :known_at ORDER BY project_id, known_at DESC"
            ),
            {"as_of": as_of, "known_at": known_at + timedelta(milliseconds=1)},
        )
        day = StoredDay(as_of, known_at, {row[0]: (row[1], row[2]) for row in stored})
        for part in parts(sorted(day.stored)):
            yield day, gather(session, asking(session, part, as_of, known_at))


def _nothing(session: Session, since: date | None, until: date | None) -> str:
    first, last = session.execute(text("SELECT min(as_of), max(as_of) FROM snapshot")).one()
    if first is None:
        return "there is no history to replay yet: run a sync first"
    asked = " ".join([*([f"from {since}"] if since else []), *([f"to {until}"] if until else [])])
    return f"there is no snapshot {asked}; the history goes from {first} to {last}"
