"""Sentences of the rules in the reader's language, where a page shows them.

A reason is kept, answered by the API and shown in receipts as one English sentence with its values in it: that is the
record, and never changes. On a page in another language its values are read out of the sentence, and the sentence is
said anew with them. One that nothing here knows is shown as it stands.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from api.pages.reasons.evidence import EVIDENCE
from api.pages.reasons.findings import FINDINGS
from api.pages.reasons.measures import MEASURES
from api.pages.reasons.refused import REFUSED
from api.pages.reasons.shipped import SHIPPED
from api.pages.reasons.status import STATUS
from api.pages.reasons.together import TOGETHER
from api.pages.reasons.told import TOLD
from api.pages.writing import WORDS, date_text, figure_text, month_text, value_text, weekday_text, words
from api.translation import SOURCE, _, ngettext, preferences

_PLACE: Final = re.compile(r"%\((\w+)\)s")
_NUMBER: Final = r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
_BETWEEN: Final = "; "  # of two sentences of one rule

# What is counted in reasons: number and noun stand in them together.
_NOUNS: Final[Mapping[str, Callable[[float], str]]] = {
    "day": lambda n: ngettext("%(num)s day", "%(num)s days", n, num=_counted(n)),
    "week": lambda n: ngettext("%(num)s week", "%(num)s weeks", n, num=_counted(n)),
    "whole week": lambda n: ngettext("%(num)s whole week", "%(num)s whole weeks", n, num=_counted(n)),
    "time": lambda n: ngettext("%(num)s time", "%(num)s times", n, num=_counted(n)),
    "dimension": lambda n: ngettext("%(num)s dimension", "%(num)s dimensions", n, num=_counted(n)),
    "benefit": lambda n: ngettext("%(num)s benefit", "%(num)s benefits", n, num=_counted(n)),
    "risk": lambda n: ngettext("%(num)s risk", "%(num)s risks", n, num=_counted(n)),
    "open risk": lambda n: ngettext("%(num)s open risk", "%(num)s open risks", n, num=_counted(n)),
    "open issue": lambda n: ngettext("%(num)s open issue", "%(num)s open issues", n, num=_counted(n)),
    "issue": lambda n: ngettext("%(num)s issue", "%(num)s issues", n, num=_counted(n)),
    "report": lambda n: ngettext("%(num)s report", "%(num)s reports", n, num=_counted(n)),
    "item": lambda n: ngettext("%(num)s item", "%(num)s items", n, num=_counted(n)),
    "baseline": lambda n: ngettext("%(num)s baseline", "%(num)s baselines", n, num=_counted(n)),
    "character": lambda n: ngettext("%(num)s character", "%(num)s characters", n, num=_counted(n)),
}
_MANY: Final = rf"{_NUMBER} (?:{'|'.join(_NOUNS)})s?"


def _counted(number: float) -> str:
    return figure_text(f"{number:g}")


def _many(text: str) -> str:
    number, noun = text.split(" ", 1)
    return _NOUNS[noun if noun in _NOUNS else noun.removesuffix("s")](float(number.replace(",", "")))


def _listed(text: str) -> str:
    """Say names of the model that stand in a row, "schedule, scope and cost"."""
    head, between, last = text.rpartition(" and ")
    named = [words(each) for each in (*head.split(", "), last) if each]
    if not between:
        return ", ".join(named)
    return _("%(first)s and %(last)s", first=", ".join(named[:-1]), last=named[-1])


def _months(text: str) -> str:
    return ", ".join(
        month_text(f"{each}-01") if _IS_MONTH.fullmatch(each) else each for each in text.split(", ")
    )


def _nested(text: str) -> str:
    return translated(text)


def _label(text: str) -> str:
    return _(text) if text in _SHIPPED else text


def _left_out(text: str) -> str:
    """Say projects with why each is left out, "P1 (why), P2 (why) and 3 more"."""
    said = _WHY.sub(lambda found: f"({translated(found[1])})", text)
    return _MORE.sub(lambda found: " " + _("and %(count)s more", count=found[1]), said)


def _given(text: str) -> str:
    """Write a value that may be a number or a date as one; leave any other alone."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date_text(text)
    return figure_text(text) if re.fullmatch(_NUMBER, text) else text


def _weekday(text: str) -> str:
    """Write a day that is written out, "Monday 30 November 2026"; leave one that there is not alone."""
    try:
        found = datetime.strptime(text, "%A %d %B %Y").replace(tzinfo=UTC)
    except ValueError:
        return text
    return weekday_text(found.date())


_SHIPPED: Final = frozenset(SHIPPED)
_IS_MONTH: Final = re.compile(r"\d{4}-\d\d")
_WHY: Final = re.compile(r"\((.+?)\)(?=, | and \d+ more$|$)")
_MORE: Final = re.compile(r" and (\d+) more$")
_Kind = tuple[str, Callable[[str], str]]  # how a value is recognised, and how it is written
_AS_IT_IS: Final[_Kind] = (".+?", str)
# By the last word of a place's name; what is not here is a name or a text of somebody, and stays as it is.
_KINDS: Final[Mapping[str, _Kind]] = {
    **dict.fromkeys(("share", "value", "limit", "count", "amount"), (_NUMBER, figure_text)),
    **dict.fromkeys(("day", "start"), (r"\d{4}-\d\d-\d\d", date_text)),
    "month": (r"\d{4}-\d\d", lambda text: month_text(f"{text}-01")),
    "months": (r"\d{4}-\d\d(?:, \d{4}-\d\d)*", _months),
    **dict.fromkeys(
        (
            "days",
            "weeks",
            "times",
            "dimensions",
            "benefits",
            "risks",
            "issues",
            "items",
            "baselines",
            "characters",
        ),
        (_MANY, _many),
    ),
    "weekday": (r"[A-Z][a-z]+ \d\d [A-Z][a-z]+ \d{4}", _weekday),
    "term": (r"\d{4}(?:-(?:\d\d|Q\d|W\d\d))?", str),
    "attribute": (r"[a-z][a-z_]*", words),
    "mark": (".+?", _),
    "colour": ("GREEN|AMBER|RED|GREY|BLUE", WORDS.__getitem__),
    **dict.fromkeys(("parts", "roles"), (r"[a-z_ ,]+?", _listed)),
    "label": (".+?", _label),
    "given": (".+?", _given),
    "doing": (".+?", _),
    "allowed": (".+?", lambda text: ", ".join(map(_, text.split(", ")))),
    **dict.fromkeys(("says", "changes", "named"), (".+?", _nested)),
    "out": (".+?", _left_out),
}


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A message, and how its English is recognised; `sure` stands in every such sentence."""

    message: str
    pattern: re.Pattern[str]
    sure: str

    def said(self, text: str) -> str | None:
        """Say a sentence that is this one in the reader's language; None where it is another."""
        found = self.pattern.fullmatch(text) if self.sure in text else None
        if found is None:
            return None
        values = {name: _kind(name)[1](value) for name, value in found.groupdict().items()}
        return _(self.message) % values


def _kind(name: str) -> _Kind:
    return _KINDS.get(name.rpartition("_")[2], _AS_IT_IS)


def _sentence(message: str) -> tuple[int, _Sentence]:
    """Return how sure a sentence is, by how much of it always stands there, with it."""
    parts = _PLACE.split(message)
    fixed = [part.replace("%%", "%") for part in parts[::2]]
    pattern = re.escape(fixed[0])
    for name, after in zip(parts[1::2], fixed[1:], strict=True):
        pattern += f"(?P<{name}>{_kind(name)[0]}){re.escape(after)}"
    return sum(map(len, fixed)), _Sentence(message, re.compile(pattern, re.DOTALL), max(fixed, key=len))


_SENTENCES: Final = tuple(
    sentence
    for _sure, sentence in sorted(
        map(_sentence, (*STATUS, *TOGETHER, *FINDINGS, *MEASURES, *EVIDENCE, *REFUSED, *TOLD)),
        key=lambda entry: -entry[0],
    )
)


def translated(text: str | None) -> str:
    """Return a sentence of the rules, or several with a semicolon between them, in the reader's language."""
    language = preferences().language
    if not text:
        return ""
    return text if language == SOURCE else _translated(language, text)


@lru_cache(maxsize=8192)
def _translated(language: str, text: str) -> str:
    """Say a text in a language, which is that of the request under way; kept, for a board says one thing often."""
    del language
    parts = text.split(_BETWEEN)
    said = [_one(part) for part in parts]
    if None in said and (whole := _one(text)) is not None:  # a sentence may have a semicolon of its own
        return whole
    return _BETWEEN.join(part if found is None else found for part, found in zip(parts, said, strict=True))


def _one(text: str) -> str | None:
    """Say one sentence anew, with the capital and the full stop it has; None where nobody knows it."""
    if text in _SHIPPED:
        return _(text)
    bare = text.removesuffix(".")
    found = _found(bare)
    if found is None:
        return None
    begun = found[:1].upper() + found[1:] if text[:1].isupper() else found
    return begun if bare == text else f"{begun}."


def _found(text: str) -> str | None:
    """Say a sentence in words, the surest there is for it as it stands or begun small; None where there is none."""
    small = text[:1].lower() + text[1:]
    forms = (text,) if small == text else (text, small)
    return next(
        (said for each in _SENTENCES for form in forms if (said := each.said(form)) is not None), None
    )


def translated_value(value: object) -> str:
    """Return whatever an input or claim holds as it is written for the reader, a sentence of the rules in words."""
    if not isinstance(value, str):
        return value_text(value)
    said = translated(value)
    return said if said != value else value_text(value)
