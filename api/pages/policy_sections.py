"""The form of a policy beside its text: every limit as a row, with what differs for a tier in the same row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.pages.editing import Ask, asked, parsed, value_at
from api.translation import N_, _
from model.declaration import Path
from model.policies import TIERS
from model.rewrite import append, assign

_BLOCKS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "schedule": (N_("Schedule"), {
        "amber_pct": N_("Amber over, % of the planned duration"), "red_pct": N_("Red over, % of the planned duration"),
        "amber_days": N_("Amber over, days late"), "red_days": N_("Red over, days late"),
    }),
    "milestones": (N_("Milestones"), {
        "critical_overdue_days": N_("Red: a critical one overdue by more than, days"),
        "amber_slope": N_("Amber: days of slip a day over"), "red_slope": N_("Red: days of slip a day over"),
        "min_points": N_("Points that a slope needs"),
    }),
    "cost": (N_("Cost"), {
        "amber_pct": N_("Amber over, % of the budget"), "red_pct": N_("Red over, % of the budget"),
        "underspend_pct": N_("Flagged under, % of the budget"),
    }),
    "earned_value": (N_("Earned value"), {
        "amber_index": N_("Amber under, index"), "red_index": N_("Red under, index"),
    }),
    "risk": (N_("Risk"), {
        "medium_score": N_("Medium from, score"), "high_score": N_("High from, score"),
        "critical_score": N_("Critical from, score"), "amber_cover": N_("Amber: contingency covers less than"),
        "red_cover": N_("Red: contingency covers less than"), "review_days": N_("A review is stale after, days"),
    }),
    "issues": (N_("Issues"), {
        "red_impact": N_("Red from, impact"), "red_overdue_days": N_("and overdue by more than, days"),
        "open_age_days": N_("Amber over, days open (median)"),
    }),
    "benefit": (N_("Benefit"), {
        "amber_pct": N_("Amber under, % of the target"), "red_pct": N_("Red under, % of the target"),
    }),
    "scope": (N_("Scope"), {
        "amber_uncontrolled_pct": N_("Amber over, % of uncontrolled growth"),
        "red_uncontrolled_pct": N_("Red over, % of uncontrolled growth"),
        "amber_churn_pct": N_("Amber over, % of churn"), "red_churn_pct": N_("Red over, % of churn"),
    }),
    "resource": (N_("Resource"), {
        "red_vacant_days": N_("Red: a role vacant for more than, days"),
        "utilisation_pct": N_("Amber over, % of utilisation"), "utilisation_weeks": N_("for so many weeks"),
    }),
    "overall": (N_("The whole"), {
        "min_data_quality": N_("Grey under, data quality"),
        "min_dimensions": N_("Grey with fewer dimensions known than"),
        "red_if_red": N_("Red from so many red"), "amber_if_red": N_("Amber from so many red"),
        "amber_if_amber": N_("Amber from so many amber"), "red_health": N_("Red under, health"),
        "amber_health": N_("Amber under, health"),
    }),
    "behaviour": (N_("Behaviour"), {
        "stuck": N_("Stuck in amber for so many periods"), "flapping_changes": N_("Flapping from so many changes"),
        "flapping_periods": N_("within so many periods"), "streak": N_("Green over an overdue milestone for, periods"),
    }),
}  # fmt: skip
_WEIGHTS: Final = ("overall", "weights")
_HYSTERESIS: Final = N_("Better computations before a better colour")


@dataclass(frozen=True, slots=True)
class Row:
    """One limit: what holds for all, and what differs for each tier (None: it is no tier's to differ)."""

    ask: Ask
    tiers: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """The limits of one dimension."""

    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ToleranceShown:
    """A tolerance as the form lists it."""

    of: str
    limits: str
    because: str
    begins: str
    ends: str


def head(data: Mapping[str, Any]) -> list[Ask]:
    """Return the inputs of what a policy is, and when it holds."""
    return [
        asked(data, ("title",), _("Title"), "line", must=True),
        asked(data, ("name",), _("Name"), "line", must=True),
        asked(data, ("version",), _("Version"), "line", must=True),
        asked(data, ("effective_from",), _("In force from"), "date", must=True),
        asked(data, ("effective_to",), _("Until"), "date", help=_("Empty: until another begins")),
    ]


def blocks(data: Mapping[str, Any]) -> list[Block]:
    """Return every limit that is a number, by dimension, and the weights."""
    found = [
        Block(_(label), tuple(_row(data, (block, name), _(says)) for name, says in settings.items()))
        for block, (label, settings) in _BLOCKS.items()
    ]
    found.append(Block(_("Hysteresis"), (_row(data, ("hysteresis",), _(_HYSTERESIS)),)))
    weights = value_at(data, ("limits", *_WEIGHTS))
    if isinstance(weights, Mapping):
        rows = tuple(_row(data, (*_WEIGHTS, str(name)), _words(name)) for name in weights)
        found.append(Block(_("Weights of the dimensions"), rows))
    return found


def _row(data: Mapping[str, Any], path: Path, label: str) -> Row:
    ask = asked(data, ("limits", *path), label, "number", must=path[0] != "behaviour")
    same = ask.value if isinstance(ask.value, str) else ""
    tiers = tuple(
        asked(
            data, ("tiers", tier, *path), _("%(of)s, tier %(tier)s", of=label, tier=tier), "number", same=same
        )
        for tier in TIERS
    )
    return Row(ask, tiers)


def asks(data: Mapping[str, Any]) -> Iterator[Ask]:
    """Go through all inputs."""
    yield from head(data)
    for block in blocks(data):
        for row in block.rows:
            yield row.ask
            yield from row.tiers


def settings() -> list[tuple[str, str]]:
    """Return what a tolerance can set, with its words."""
    found = [
        (f"{block}.{name}", f"{_(label)}: {_(says)}")
        for block, (label, named) in _BLOCKS.items()
        for name, says in named.items()
    ]
    return [*found, ("hysteresis", _(_HYSTERESIS))]


def tolerances(data: Mapping[str, Any]) -> list[ToleranceShown]:
    """Return the tolerances as far as they can be read."""
    several = data.get("tolerances")
    return [
        _shown(each if isinstance(each, Mapping) else {})
        for each in (several if isinstance(several, list) else ())
    ]


def _shown(each: Mapping[str, Any]) -> ToleranceShown:
    kind = next((kind for kind in ("project", "programme", "portfolio") if each.get(kind)), "")
    limits = ", ".join(f"{'.'.join(path)} {value}" for path, value in _flat(each.get("limits"), ()))
    begins, ends = (str(each.get(key) or "") for key in ("from", "to"))
    return ToleranceShown(
        f"{kind} {each.get(kind, '')}".strip(), limits, str(each.get("because") or ""), begins, ends
    )


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _flat(below, (*path, str(name)))
    elif value is not None:
        yield path, value


def with_tolerance(text: str, wish: Mapping[str, Any], setting: tuple[str, ...], value: Any) -> str:
    """Put a limit of one portfolio, programme or project into a text: into its tolerance of those days, or a new one.

    Raises:
        CannotRewrite: The text is written so that it cannot be put in.
    """
    data = parsed(text).data or {}
    several = data.get("tolerances")
    of = {key: each for key, each in wish.items() if key != "because"}
    for number, each in enumerate(several if isinstance(several, list) else ()):
        if isinstance(each, Mapping) and _of(each) == of:
            return assign(text, ("tolerances", number, "limits", *setting), value)
    limits: Any = value
    for step in reversed(setting):
        limits = {step: limits}
    return append(text, ("tolerances",), dict(wish) | {"limits": limits})


def _of(each: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("portfolio", "programme", "project", "from", "to")
    return {key: each[key] for key in keys if each.get(key) is not None}


def _words(name: object) -> str:
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]
