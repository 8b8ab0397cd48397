"""What a client can read and prefers: `Accept`, `$format`, `OData-MaxVersion`, `Prefer` (protocol 8.2, 11.2.12)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from api.odata.problems import Problem

JSON: Final = "application/json"
XML: Final = "application/xml"
_FORMATS: Final = {"json": JSON, "xml": XML}
_MOST_RANGES: Final = 50
_ROWS: Final = re.compile("[0-9]{1,9}")


class NotAcceptable(Problem):
    """Nothing that the client can read is given here."""

    status = 406
    code = "NotAcceptable"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How an answer is to be written. `metadata` is none, minimal or full."""

    type: str = JSON
    metadata: str = "minimal"
    big_as_text: bool = False

    def content_type(self) -> str:
        """Return the answer's Content-Type."""
        if self.type != JSON:
            return self.type
        big = ";IEEE754Compatible=true" if self.big_as_text else ""
        return f"{JSON};odata.metadata={self.metadata};odata.streaming=true{big};charset=utf-8"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was preferred, and `applied` of it. `track` is how track-changes was written; the set decides on it.

    `onward` is continue-on-error, of a batch.
    """

    page: int | None = None
    nulls: bool = True
    track: str | None = None
    onward: bool = False
    applied: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Range:
    type: str
    parameters: Mapping[str, str]
    quality: float


def wanted(accept: str | None, format_: str | None, *, offered: tuple[str, ...] = (JSON,)) -> Wanted:
    """Choose how to answer.

    Args:
        accept: The header; None takes whatever comes.
        format_: `$format`, which wins over the header.
        offered: What can be given, the likeliest first.

    Raises:
        NotAcceptable: There is nothing of that.
    """
    if format_ is not None:
        text = _FORMATS.get(format_.lower(), format_)
        ranges = [_range(text)]
    else:
        ranges = [_range(part) for part in (accept or "*/*").split(",")[:_MOST_RANGES] if part.strip()]
    found: tuple[float, int, Wanted] | None = None
    for each in ranges:
        for at, type_ in enumerate(offered):
            if each.quality > 0 and _matches(each.type, type_):
                made = (each.quality, -at, Wanted(type_, *_details(each)))
                found = made if found is None or made[:2] > found[:2] else found
    if found is None:
        asked = f"$format={format_}" if format_ is not None else f"Accept: {accept}"
        raise NotAcceptable(f"{asked}: this comes as {' or '.join(offered)}")
    return found[2]


def _range(text: str) -> _Range:
    type_, *rest = (part.strip() for part in text.split(";"))
    parameters = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"').lower()
    try:
        quality = min(max(float(parameters.get("q", "1")), 0.0), 1.0)
    except ValueError:
        quality = 1.0
    return _Range(type_.lower(), parameters, quality)


def _matches(asked: str, offered: str) -> bool:
    return asked in ("*/*", "*", offered) or (asked.endswith("/*") and offered.startswith(asked[:-1]))


def _details(each: _Range) -> tuple[str, bool]:
    level = each.parameters.get("odata.metadata") or each.parameters.get("metadata") or "minimal"
    if level not in ("none", "minimal", "full"):
        level = "minimal"
    big = each.parameters.get("ieee754compatible") == "true"
    return level, big


def preferences(headers: list[str]) -> Preferences:
    """Read the `Prefer` headers; what is not known or makes no sense is passed over."""
    page: int | None = None
    nulls = True
    track: str | None = None
    onward = False
    applied = []
    for part in (part.strip() for header in headers for part in header.split(",")):
        name, _, value = part.partition("=")
        name, value = name.strip().lower().removeprefix("odata."), value.strip().strip('"')
        if name == "maxpagesize" and page is None and _ROWS.fullmatch(value) and int(value):
            page = int(value)
            applied.append(f"{part.partition('=')[0].strip()}={page}")
        elif name == "omit-values" and value == "nulls" and nulls:
            nulls = False
            applied.append("omit-values=nulls")
        elif name == "track-changes":
            track = track or part.partition("=")[0].strip()
        elif name == "continue-on-error":
            onward = value.lower() != "false"
    return Preferences(page, nulls, track, onward, tuple(applied))


def version(most: str | None) -> str:
    """Return the protocol version to answer with.

    Raises:
        NotAcceptable: The client knows only what is older than 4.0.
    """
    if most is None:
        return "4.0"
    try:
        known = tuple(int(part) for part in most.strip().split(".", 1))
    except ValueError:
        known = (4, 0)
    if known < (4, 0):
        raise NotAcceptable(f"OData-MaxVersion: {most}: this is OData 4.0 and 4.01")
    return "4.01" if known >= (4, 1) else "4.0"
