"""F22 over a report's texts: repeated, of another period, or green words over red numbers.

Beyond what a template itself checks: what it has found already is not said again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from model.findings.rosy import ALL, green_words
from model.template.narrative import edit_similarity, other_periods, similarity
from model.template.result import Result
from model.template.template import Field, Template

NARRATIVE: Final = "narrative"  # what such findings have in the place of a template
VERSION: Final = "1.0.0"
REPEAT: Final = 0.8  # of the three-word shingles, from which a text is last month's again (F22)
SHORT: Final = 300  # characters up to which letters are compared as well
SHORT_REPEAT: Final = 0.9  # of the letters
_AHEAD: Final = "next_period"  # speaks of what is to come: may name other months, and hope
_COLOURS: Final = ("schedule", "cost")  # red in one of these, and nothing is well as a whole


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say of a text. `kind` is repeated, other_period or rosy."""

    field: str
    kind: str
    says: str


def remarks(
    template: Template, record: Mapping[str, Any], context: Mapping[str, Any], result: Result
) -> list[Remark]:
    """Read the texts of a report; `context` and `result` are those it was checked with.

    Repeated: every text against the same field of the report before. Another period, and green words over
    red numbers: the texts that look back, which are those asked of every report.
    """
    said = _failed_on(template, result)
    previous, period = context.get("previous") or {}, context.get("period")
    computed = context.get("computed") or {}
    found: list[Remark] = []
    for field in template.fields:
        text = record.get(field.rule.id)
        if field.rule.type != "text" or not isinstance(text, str) or not text.strip():
            continue
        if not said.get("similarity", frozenset()) & {field.rule.id}:
            found += _repeated(field, text, previous.get(field.rule.id))
        if not _looks_back(field):
            continue
        if isinstance(period, str) and field.rule.id not in said.get("mentions_other_period", frozenset()):
            found += _elsewhen(field, text, period)
        found += _rosy(field, text, computed)
    return found


def _failed_on(template: Template, result: Result) -> dict[str, frozenset[str]]:
    """Return, by function of F22, the fields that failed checks of the template's own name in it."""
    found: dict[str, frozenset[str]] = {}
    for rule, expression in template.checks:
        if rule.id in result.failed:
            for function in ("similarity", "mentions_other_period"):
                if function in rule.expr:
                    found[function] = found.get(function, frozenset()) | expression.names
    return found


def _looks_back(field: Field) -> bool:
    """Tell the texts that say how it went from those that say how it will, or why."""
    conditional = field.required is not None and field.required.when is not None
    return field.rule.id != _AHEAD and not conditional


def _repeated(field: Field, text: str, before: Any) -> list[Remark]:
    if not isinstance(before, str) or not before.strip():
        return []
    alike = similarity(text, before)
    if alike >= REPEAT:
        return [
            Remark(
                field.rule.id, "repeated", f"{field.rule.label}: the text of last month again{_how(alike)}"
            )
        ]
    letters = edit_similarity(text, before) if max(len(text), len(before)) <= SHORT else 0.0
    if letters >= SHORT_REPEAT:
        said = f"{field.rule.label}: the text of last month with hardly a word changed{_how(letters)}"
        return [Remark(field.rule.id, "repeated", said)]
    return []


def _how(alike: float) -> str:
    return ", word for word" if alike == 1 else f" ({alike:.0%} alike)"


def _elsewhen(field: Field, text: str, period: str) -> list[Remark]:
    try:
        named = other_periods(text, period)
    except ValueError:  # a period that nobody can read: there is nothing to hold the text against
        return []
    if not named:
        return []
    said = f"{field.rule.label}: names {', '.join(named)}, and the report is for {period}"
    return [Remark(field.rule.id, "other_period", said)]


def _rosy(field: Field, text: str, computed: Mapping[str, Any]) -> list[Remark]:
    """Say which words say that all is well where the numbers are red."""
    words = green_words(text)
    red = [name for name, colour in computed.items() if colour == "RED"]
    contradicted = [
        f"“{phrase}” while {_named(against)}"
        for name, phrase in words.items()
        if (against := [part for part in red if part in (_against(name))])
    ]
    if not contradicted:
        return []
    return [Remark(field.rule.id, "rosy", f"{field.rule.label}: says {' and '.join(contradicted)}")]


def _against(name: str) -> tuple[str, ...]:
    return (ALL, *_COLOURS) if name == ALL else (name,)


def _named(parts: list[str]) -> str:
    named = ["the project" if part == ALL else part for part in parts]
    return f"{' and '.join(named)} {'is' if len(named) == 1 else 'are'} computed red"
