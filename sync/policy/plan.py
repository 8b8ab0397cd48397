"""What a policy would change: the limits that differ, and today's projects that would turn, and why."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.policies import Holding, holding
from model.policy import Policy
from model.policy_faults import of_limits
from model.status.colour import plain
from model.status.hysteresis import Held
from model.status.overall import Overall
from sync.asking import asking
from sync.compose import Shown, joined, shown
from sync.consolidation.colouring import led, parts
from sync.dimensions import dimensions
from sync.facts import Facts, ProjectFacts, gather
from sync.json import dump_bytes, instant_text
from sync.match import portfolio_of
from sync.policy.kept import policy_standing
from sync.policy.place import of_undefined_tiers, place_of, said_of_tiers

_HEAD: Final = frozenset(["name", "version", "title", "effective_from", "effective_to"])
_MOST: Final = 50  # clashing projects that are named


@dataclass(frozen=True, slots=True)
class Coloured:
    """One project by one policy."""

    dims: Mapping[str, Shown]
    whole: Overall
    then: Overall  # once no better colour is held back any more
    held_to: Holding

    @property
    def health(self) -> float | None:
        """Health as documents show it."""
        return None if self.whole.health is None else round(self.whole.health, 2)

    def colour(self, name: str) -> str:
        """Return a dimension's colour as it is shown."""
        return self.dims[name].held.shown.value

    def computed(self, name: str) -> str:
        """Return a dimension's colour before hysteresis."""
        return self.dims[name].dimension.computed.colour.value


def coloured(
    project: ProjectFacts, policy: Policy, facts: Facts, quality: float | None, on: date | None = None
) -> Coloured:
    """Colour a project by a policy, without storing anything.

    Args:
        project: With its earlier colours, which hysteresis goes by.
        policy: Any, in force or not.
        facts: The day, and the clocks.
        quality: F12's score, which no policy changes.
        on: The day whose tolerances hold; None: the facts'.
    """
    held_to = holding(policy, place_of(project), on or facts.as_of)
    dims = shown(project, dimensions(project, facts.as_of, held_to.limits), held_to.limits)
    free = {
        name: replace(each, held=Held(each.dimension.computed.colour)) if each.held.pending else each
        for name, each in dims.items()
    }
    whole, then = (joined(project, each, quality, facts, held_to.limits) for each in (dims, free))
    return Coloured(dims, whole, then, held_to)


def plan(session: Session, policy: Policy, *, now: datetime) -> dict[str, Any]:
    """Say what a policy would change if it held today, against the one that does; nothing is changed.

    Tolerances count as on its first day, where that is yet to come. `to` is the colour of today; `then` the one that
    is shown once a better colour was computed often enough in a row.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    connection = session.connection()
    portfolio = portfolio_of(session)
    day = now.astimezone(ZoneInfo(portfolio.timezone)).date()
    against = policy_standing(connection, day, now)
    on = max(day, policy.effective_from)
    scores = quality_scores(session, day, now)
    turning: list[dict[str, Any]] = []
    clashing: list[str] = []
    undefined: dict[int, list[str]] = {}
    projects = led(session, now)
    asked = asking(session, projects, day, now)
    for part in parts(projects):
        facts = gather(session, replace(asked, projects=part))
        clashing += clashes(policy, facts.projects, on)
        of_undefined_tiers(policy, facts.projects, undefined)
        for project in facts.projects:
            score = scores.get(project.id)
            before = coloured(project, against, facts, score)
            after = coloured(project, policy, facts, score, on)
            if (turn := _turn(project, before, after)) is not None:
                turning.append(turn)
    turning.sort(key=lambda each: (len(set(each["overall"].values())) == 1, each["project"]))
    turns = [(each["project"], each["overall"], each["dimensions"]) for each in turning]
    differs = differences(against, policy)
    return {
        "policy": policy.label,
        "title": policy.title,
        "against": against.label,
        "planned_at": instant_text(now),
        "as_of": day.isoformat(),
        "effective_from": policy.effective_from.isoformat(),
        "effective_to": None if policy.effective_to is None else policy.effective_to.isoformat(),
        "differences": differs,
        "projects": len(projects),
        "turn": sum(each["overall"]["from"] != each["overall"]["to"] for each in turning),
        "turn_later": sum(
            each["overall"]["from"] == each["overall"]["to"] != each["overall"]["then"] for each in turning
        ),
        "turning": turning,
        "clashes": clashing[:_MOST],
        "warnings": said_of_tiers(policy, undefined),
        "plan": hashlib.sha256(
            dump_bytes([policy.label, against.label, differs, turns], canonical=True)
        ).hexdigest(),
    }


def quality_scores(session: Session, as_of: date, known_at: datetime) -> dict[UUID, float | None]:
    """Return each project's data quality by its newest snapshot."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (project_id) project_id,"
            " CAST(document #>> '{data_quality,score}' AS double precision) FROM snapshot"
            " WHERE as_of <= :as_of AND known_at <= :known_at ORDER BY project_id, as_of DESC, known_at DESC"
        ),
        {"as_of": as_of, "known_at": known_at},
    )
    return {row[0]: row[1] for row in rows}


def _turn(project: ProjectFacts, before: Coloured, after: Coloured) -> dict[str, Any] | None:
    """Say how a project would turn and why; None where it shows the same colours."""
    dims = [
        {
            "dimension": name,
            "from": before.colour(name),
            "to": after.colour(name),
            "then": after.computed(name),
            "why": [reason.text for reason in after.dims[name].reasons],
        }
        for name in after.dims
        if before.colour(name) != after.colour(name) or before.computed(name) != after.computed(name)
    ]
    overall = {
        "from": before.whole.colour.value,
        "to": after.whole.colour.value,
        "then": after.then.colour.value,
    }
    if before.then.colour is after.then.colour:
        overall["then"] = overall["to"]  # on its way anyway, whatever the policy
    if not dims and overall["from"] == overall["to"] == overall["then"]:
        return None
    return {
        "project": project.key,
        "name": project.value("name") or project.name,
        "overall": overall,
        "health": {"from": before.health, "to": after.health},
        "why": [reason.text for reason in after.whole.reasons],
        "dimensions": dims,
        "layers": [layer.to_json() for layer in after.held_to.layers],
    }


def differences(old: Policy, new: Policy) -> list[dict[str, Any]]:
    """List the settings in which two policies differ; null where one has none."""
    before, after = (dict(_flat(plain(each.model_dump(by_alias=True)), ())) for each in (old, new))
    return [
        {"setting": ".".join(path), "from": before.get(path), "to": after.get(path)}
        for path in dict.fromkeys([*before, *after])
        if path[0] not in _HEAD and before.get(path) != after.get(path)
    ]


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _flat(part, (*path, str(name)))
    elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        for part in value:
            yield from _flat(part, (*path, _called(part)))
    elif value not in (None, [], {}):
        yield path, value


def _called(tolerance: Mapping[str, Any]) -> str:
    """Name a tolerance, so that one more at the top does not make all the others differ."""
    kind = next(each for each in ("project", "programme", "portfolio") if tolerance.get(each))
    begins = f" from {tolerance['from']}" if tolerance.get("from") else ""
    return f"{kind} {tolerance[kind]}{begins}"


def clashes(policy: Policy, projects: Iterable[ProjectFacts], on: date) -> list[str]:
    """Name the projects whose layers together make a colour that could never be shown."""
    found = []
    checked: dict[int, list[str]] = {}
    for project in projects:
        held_to = holding(policy, place_of(project), on)
        known = checked.get(id(held_to.limits))
        if known is None:
            known = checked[id(held_to.limits)] = [says for _, says in of_limits(held_to.limits)]
        layers = " over ".join(f"{layer.of} {layer.name}" for layer in reversed(held_to.layers))
        found += [f"{project.key} ({layers}): {says}" for says in known]
    return found
