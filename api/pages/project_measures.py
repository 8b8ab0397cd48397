"""The measures of a project's page: numbers beside the colours, by what they are about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.pages.writing import date_text, money_text, number_text, value_text, words
from api.translation import N_, Translated, _

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SUBJECTS: Final = Translated(
    {
        "F2": N_("Earned value"),
        "F3": N_("Earned value"),
        "F26": N_("Earned value"),
        "F5": N_("Milestones"),
        "F9": N_("Scope"),
        "F17": N_("Work left"),
        "F21": N_("Baselines"),
        "F7": N_("Risk"),
        "F8": N_("Benefits"),
        "F10": N_("People"),
        "F11": N_("Quality"),
        "F16": N_("How the colours behave"),
        "F25": N_("Contracts"),
        "F6": N_("Issues"),
    }
)


# What people look for first; the rest follows by its name.
_ORDER: Final = {
    name: place
    for place, name in enumerate((
        "planned_value", "earned_value", "spent_value", "spi", "spi_recent", "cpi", "cpi_recent", "spi_time",
        "schedule_variance", "cost_variance", "eac", "vac", "tcpi_budget", "tcpi_eac", "earned_schedule_finish",
        "green_plausible", "green_efficiency", "milestones_on_time", "milestone_lateness", "milestone_slope",
        "milestone_trend_finish", "items_left", "throughput", "done_p50", "done_p85", "done_p95",
        "baselines_approved", "slip_original", "slip_current", "slip_absorbed", "slip_absorbed_share",
        "baseline_apart",
    ))
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """One measure: its name as people say it, its value as text, and what it says."""

    name: str
    label: str
    value: str
    says: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The measures of one subject; `unknown` are sentences why others are missing, each once."""

    name: str
    known: tuple[Shown, ...]
    unknown: tuple[str, ...]


def subjects(measures: Mapping[str, Any], receipts: Mapping[str, Any]) -> list[Subject]:
    """Group a document's measures by the subject of their rule; subjects of which nothing is known come last."""
    known: dict[str, list[Shown]] = {}
    unknown: dict[str, dict[str, None]] = {}
    for name, each in sorted(
        measures.items(), key=lambda entry: (_ORDER.get(entry[0], len(_ORDER)), entry[0])
    ):
        rule = ((receipts.get(name) or {}).get("rule") or {}).get("id", "")
        subject = _SUBJECTS.get(rule, _("Other"))
        known.setdefault(subject, [])
        if each["value"] is None:
            unknown.setdefault(subject, {})[each["says"]] = None
        else:
            known[subject].append(Shown(name, words(name), _text(each), each["says"]))
    found = [Subject(name, tuple(rows), tuple(unknown.get(name, ()))) for name, rows in known.items()]
    return sorted(found, key=lambda subject: not subject.known)


def _text(measure: Mapping[str, Any]) -> str:
    value, unit = measure["value"], measure["unit"]
    if isinstance(value, list | bool) or unit is None:
        return value_text(value)
    if unit == "date":
        return date_text(value)
    if _CURRENCY.fullmatch(unit):
        return money_text(value, unit)
    if unit in ("share", "percent"):
        return f"{number_text(100 * value if unit == 'share' else value)} %"
    if unit == "ratio":
        return number_text(value, 2)
    return f"{number_text(value, 2)} {unit.removesuffix('s') if value == 1 else unit}"
