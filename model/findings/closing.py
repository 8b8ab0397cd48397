"""What is said when a finding closes by itself: what was there, what is there now, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_SHOWN: Final = 60  # characters of a text that is repeated


@dataclass(frozen=True, slots=True)
class Now:
    """What a record says now of the fields that a rule looks at. `labels` and `locators` are by field.

    `asked`: the rule is still one of the template's. `version` is that template's.
    """

    version: str
    asked: bool
    values: Mapping[str, Any]
    labels: Mapping[str, str]
    locators: Mapping[str, str | None]


def closed_because(rule: str, kind: str, evidence: Mapping[str, Any], now: Now) -> str:
    """Say why a finding of a record that was checked again is none any more."""
    if not now.asked:
        return f"version {now.version} of the template does not ask this any more"
    if kind == "missing":
        if rule not in now.values or now.values[rule] is None:
            return f"{now.labels.get(rule, rule)} is not required any more"
        return f"Fixed at the source: {_is_now(rule, now)}"
    changed = [
        f"{now.labels.get(field, field)} was {said(was)}, {_is(now.values.get(field))}{_at(field, now)}"
        for field, was in evidence.items()
        if now.values.get(field) != was
    ]
    if changed:
        return f"Fixed at the source: {'; '.join(changed)}"
    if kind == "stale":
        return f"{now.labels.get(rule, rule)} was said again: {_is_now(rule, now)}"
    return "The same values pass now: what they are held against has changed"


def said(value: Any) -> str:
    """Write a value as people read it; a long text is cut."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    written = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    shown = f"{written[: _SHOWN - 1].rstrip()}…" if len(written) > _SHOWN else written
    return f"“{shown}”" if " " in shown else shown


def _is(value: Any) -> str:
    return "is not given any more" if value is None else f"is {said(value)}"


def _is_now(field: str, now: Now) -> str:
    return f"{now.labels.get(field, field)} is now {said(now.values.get(field))}{_at(field, now)}"


def _at(field: str, now: Now) -> str:
    place = now.locators.get(field)
    return f" ({place})" if place else ""
