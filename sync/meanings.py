"""What a source's words mean, as it was discovered: held against what they meant before. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

_CATEGORIES: Final = "status_categories"  # `id:category` with spaces between, as is the next
_OVERRIDES: Final = "status_overrides"
_CUSTOM: Final = "custom_fields"


@dataclass(frozen=True, slots=True)
class Altered:
    """What is not what it was: statuses and custom fields by their ids, and the names of other meanings."""

    statuses: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.statuses or self.fields or self.others)


def carried_over(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Keep what statuses counted as that are no longer listed: items that went through them still did."""
    if _CATEGORIES not in now:
        return dict(now)
    known = _pairs(now[_CATEGORIES])
    configured = _pairs(was.get(_OVERRIDES))  # not the tracker's own word
    gone = {
        one: category
        for one, category in _pairs(was.get(_CATEGORIES)).items()
        if one not in known and one not in configured
    }
    written = " ".join(f"{one}:{category}" for one, category in {**known, **gone}.items())
    return {**now, _CATEGORIES: written}


def altered(was: Mapping[str, str], now: Mapping[str, str]) -> Altered:
    """Hold two of a source's semantics against each other."""
    names = {name for name in {*was, *now} if was.get(name) != now.get(name)}
    statuses = {
        one
        for name in (_CATEGORIES, _OVERRIDES)
        for one, _ in _pairs(was.get(name)).items() ^ _pairs(now.get(name)).items()
    }
    before, after = _custom(was), _custom(now)
    fields = {one for one in {*before, *after} if before.get(one) != after.get(one)}
    others = names - {_CATEGORIES, _OVERRIDES, _CUSTOM}
    return Altered(tuple(sorted(statuses)), tuple(sorted(fields)), tuple(sorted(others)))


def _pairs(written: str | None) -> dict[str, str]:
    return dict(pair.split(":", 1) for pair in (written or "").split())


def _custom(names: Mapping[str, str]) -> dict[str, Any]:
    return {str(each["id"]): each for each in orjson.loads(names.get(_CUSTOM) or "[]")}
