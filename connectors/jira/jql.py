"""Put JQL together without changing its meaning."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\border\s+by\b', re.IGNORECASE)


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
    return f"updated >= {int(at.timestamp() * 1000)}"


def updated_since_minute(at: datetime, zone: tzinfo) -> str:
    """Write `updated >=` as a minute in the account's zone, for servers that refuse milliseconds.

    The minute is rounded down. In the hour that the clocks are put back the local time is ambiguous:
    the caller's overlap has to be longer than that.
    """
    return f'updated >= "{at.astimezone(zone):%Y/%m/%d %H:%M}"'


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def from_epoch_ms(value: int) -> datetime:
    """Read epoch milliseconds, or seconds where the number is too small for them."""
    seconds = value / 1000 if value > 100_000_000_000 else value  # noqa: PLR2004 - in ms that is 1973, in s 5138
    return datetime.fromtimestamp(seconds, UTC)
