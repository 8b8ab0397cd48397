"""The dimensions that rest on what a project's office keeps: benefits, and the people there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping

from model.policy import Limits
from model.records import BenefitFacts, RoleFacts, WeekFacts
from model.status.benefit import Benefit, benefit, benefits
from model.status.colour import Computed, badness
from model.status.resource import Resource, monday, resource, weekly_utilisation
from sync.dimension import Dimension, currencies_apart, grey, joined, record
from sync.facts import ProjectFacts

_MONEY: Final = ("benefit_forecast", "benefit_target")
_KEY_ROLES: Final = ("sponsor", "manager")  # that every project has, whoever keeps a list of its roles
_ROLE_WORDS: Final = {
    "manager": "manager", "project manager": "manager", "pm": "manager", "delivery manager": "manager",
    "sponsor": "sponsor", "project sponsor": "sponsor", "executive sponsor": "sponsor", "sro": "sponsor",
    "senior responsible owner": "sponsor", "executive": "sponsor",
}  # fmt: skip

Part = tuple[Computed, Iterable[str], Iterable[dict[str, Any]]]


def of_benefit(project: ProjectFacts, limits: Limits) -> Dimension:
    """Compare what is forecast with what was promised, in money and in every other unit apart."""
    return joined(benefit_parts(project, limits))


def deciding_benefit(project: ProjectFacts, limits: Limits) -> Part:
    """Return the unit that decides the colour: of the worst ones that which falls shortest."""
    return min(benefit_parts(project, limits), key=_standing)


def _standing(part: Part) -> tuple[int, Any]:
    found = part[0]
    pct = found.variance_pct if isinstance(found, Benefit) else None
    return -badness(found.colour), 0 if pct is None else pct


def benefit_parts(project: ProjectFacts, limits: Limits) -> list[Part]:
    """Return what is to be said of the benefits, unit by unit, the project's own first."""
    target, forecast = project.value("benefit_target"), project.value("benefit_forecast")
    rows = project.kept.get("benefit", [])
    apart = currencies_apart(project, _MONEY)
    if apart:
        found: Computed = grey("F8", apart, benefit_target=target, benefit_forecast=forecast)
    else:
        found = benefit(target=target, forecast=forecast, limits=limits)
    own = None if target is None else project.unit("benefit_target")
    parts: list[Part] = [(found, _MONEY, _records(rows, own))]
    parts += [
        (computed, (), _records(rows, unit))
        for unit, computed in benefits(map(benefit_facts, rows), limits=limits).items()
        if unit != own
    ]
    return parts


def benefit_facts(row: RowMapping) -> BenefitFacts:
    """Return a benefit as the rule takes it; its unit is its currency, or what else it is counted in."""
    name = str(row["title"] or row["benefit_id"] or row["external_id"])
    return BenefitFacts(name, row["target"], row["forecast"], row["counted_in"], row)


def _records(rows: Iterable[RowMapping], unit: str | None) -> list[dict[str, Any]]:
    known = [benefit_facts(row) for row in rows]
    return [record("benefit", each.ref, each.name) for each in known if each.unit == unit]


def of_resource(project: ProjectFacts, as_of: date, limits: Limits) -> Dimension:
    """Look at the key roles, and at how much of the teams' hours is booked."""
    roles = role_facts(project, as_of)
    found = staffing(project, as_of, limits)
    vacant = {role.role for role, _ in found.vacant}
    listed = sorted(
        (each for each in roles if isinstance(each.ref, RowMapping)), key=lambda each: each.role not in vacant
    )
    booked = booked_weeks(project, as_of, limits)
    records = [record("project_role", each.ref, each.role) for each in listed]
    return joined([(found, ("manager", "sponsor"), [*records, *(booked.records if booked else ())])])


def staffing(project: ProjectFacts, as_of: date, limits: Limits) -> Resource:
    """Apply the rule for people."""
    roles = role_facts(project, as_of)
    said = None if all(role.unknown for role in roles) else roles
    booked = booked_weeks(project, as_of, limits)
    return resource(said, as_of=as_of, limits=limits, utilisation_pct=booked.percents if booked else None)


@dataclass(frozen=True, slots=True)
class Booked:
    """How much of the teams' hours is booked in percent, week by week, oldest first.

    `percents` are of all weeks in a row, `recent` of as many as the policy looks at, and `records` their rows, the
    newest first.
    """

    percents: list[float]
    recent: list[float]
    records: tuple[dict[str, Any], ...]


def booked_weeks(project: ProjectFacts, as_of: date, limits: Limits) -> Booked | None:
    """Return what the colour and the number of utilisation both go by; None where nothing recent is known."""
    known = [_week_facts(row) for row in project.kept.get("utilisation", [])]
    weeks = weekly_utilisation(known, as_of=as_of)
    if weeks is None:
        return None
    recent = dict(list(weeks.items())[-limits.resource.utilisation_weeks :])
    deciding = [each for each in known if each.week <= as_of and monday(each.week) in recent]
    deciding.sort(key=lambda each: each.week, reverse=True)
    records = tuple(record("utilisation", each.ref, _week_named(each)) for each in deciding)
    return Booked(list(weeks.values()), list(recent.values()), records)


def role_facts(project: ProjectFacts, as_of: date) -> list[RoleFacts]:
    """Return the key roles, as project values and the office's own list say of them.

    Who is named as manager or sponsor holds the role, also where the list has it empty: only what nobody fills
    is vacant.
    """
    listed: dict[str, RoleFacts] = {}
    for row in project.kept.get("project_role", []):
        found = _of_row(row, as_of)
        before = listed.get(found.role)
        if before is None or before.vacant_since is not None:  # one of two holders is enough
            listed[found.role] = found
    roles = []
    for role in _KEY_ROLES:
        since = project.vacant_since.get(role)
        if project.value(role) is not None:
            roles.append(RoleFacts(role))
        elif role in listed:
            roles.append(listed[role])
        else:
            roles.append(RoleFacts(role, vacant_since=since, unknown=since is None))
    return [*roles, *(each for name, each in sorted(listed.items()) if name not in _KEY_ROLES)]


def _of_row(row: RowMapping, as_of: date) -> RoleFacts:
    word = " ".join(row["role"].casefold().split())
    role = _ROLE_WORDS.get(word, word)
    key = role in _KEY_ROLES or bool(row["key_role"])
    over = row["held_to"] is not None and row["held_to"] < as_of
    if row["holder"] is not None and not over and (row["held_from"] is None or row["held_from"] <= as_of):
        return RoleFacts(role, key, ref=row)
    return RoleFacts(role, key, vacant_since=min(_empty_since(row, as_of, over=over), as_of), ref=row)


def _empty_since(row: RowMapping, as_of: date, *, over: bool) -> date:
    """Return since when nobody holds a role: as the list says, since its last holder left, or since it is known."""
    if row["vacant_since"] is not None:
        return row["vacant_since"]  # type: ignore[no-any-return]  # a column of dates
    if over:
        return row["held_to"] + timedelta(days=1)  # type: ignore[no-any-return]  # the same
    return row["empty_since"] or as_of


def _week_facts(row: RowMapping) -> WeekFacts:
    return WeekFacts(row["week"], row["booked_hours"], row["capacity_hours"], row["percent"], row)


def _week_named(week: WeekFacts) -> str:
    team = week.ref["team"] if isinstance(week.ref, Mapping) else None
    return f"{team or 'all teams'}, week of {week.week}"
