"""Put JQL together without changing its meaning."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\border\s+by\b', re.IGNORECASE)
_QUOTED: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_FILTER: Final = re.compile(
    r"\b(?:filter|request|savedfilter|searchrequest)\s*(?:not\s+in|in|!=|=)\s*"
    r"(?P<values>\([^)]*\)|\"[^\"]*\"|'[^']*'|[^\s()]+)",
    re.IGNORECASE,
)
_PROJECT: Final = re.compile(
    r"\bproject\s*(?:(?<!not )in|=)\s*(?P<values>\([^)]*\)|\"[^\"]*\"|'[^']*'|[^\s()]+(?![\w(]))",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(r'"[^"]*"|\'[^\']*\'|[^\s(),]+')
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(minutes=30)  # the least that any zone puts its clocks back by


def without_order(query: str) -> str:
    """Cut `ORDER BY` off; the words inside quotes are text."""
    for match in _TOKEN.finditer(query):
        if match.group()[0] not in "\"'":
            return query[: match.start()].strip()
    return query.strip()


def quoted(text: str) -> str:
    """Write a value so that reserved words and quotes in it are harmless."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def project_is(key: str) -> str:
    """Confine a query to a project."""
    return f"project = {quoted(key)}"


def both(first: str, second: str | None) -> str:
    """Join two conditions; the first may hold an OR."""
    if second is None:
        return first
    return f"({first}) AND {second}" if first else second


def updated_since_epoch(at: datetime) -> str:
    """Write `updated >=` as epoch milliseconds, which know neither time zones nor minutes."""
    return f"updated >= {epoch_ms(at)}"


def updated_since_minute(at: datetime, zone: tzinfo) -> str:
    """Write `updated >=` as a minute in the account's zone, for servers that refuse milliseconds.

    The minute is rounded down. A local time that a night has twice is avoided, as it may be read as the
    later one: the last time before it that cannot be misread is taken. One that a night leaves out is never
    written.
    """
    minute = at.replace(second=0, microsecond=0)
    while True:
        local = minute.astimezone(zone)
        if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
            return f'updated >= "{local:%Y/%m/%d %H:%M}"'
        minute -= _STEP


def either(*conditions: str) -> str:
    """Join conditions of which one is enough."""
    return conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})"


def is_one_of(field: str, ids: Iterable[object]) -> str:
    """Write a condition on a field by ids."""
    return f"{field} in ({', '.join(map(str, ids))})"


def saved_filters(query: str) -> list[str]:
    """List the saved filters a query names, by id or by name, each once."""
    return _values(_FILTER, query)


def named_projects(query: str) -> list[str]:
    """List the projects a query confines itself to, as it writes them; those it leaves out are not among them."""
    return _values(_PROJECT, query)


def _values(condition: re.Pattern[str], query: str) -> list[str]:
    """List the values that a condition names; where they stand is looked up with quoted text blanked out."""
    found: dict[str, None] = {}
    masked = _masked(query)
    for match in condition.finditer(masked):
        begin, end = match.span("values")
        for value in _VALUE.finditer(masked, begin, end):
            text = query[value.start() : value.end()]
            found[re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] in "\"'" else text] = None
    return list(found)


def _masked(query: str) -> str:
    """Blank out what stands inside quotes, so that words there are not taken for JQL."""
    return _QUOTED.sub(
        lambda match: match.group()[0] + "x" * (len(match.group()) - 2) + match.group()[0], query
    )


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970, exactly: by way of a float, one time in three would lose one."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_epoch_ms(value: int) -> datetime:
    """Read epoch milliseconds, or seconds where the number is too small for them.

    Raises:
        ValueError: It is in no year from 1 to 9999.
    """
    seconds = value / 1000 if value > 100_000_000_000 else value  # noqa: PLR2004 - in ms that is 1973, in s 5138
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError):  # which of them is the platform's choice
        raise ValueError("expected a time from the year 1 to 9999") from None
