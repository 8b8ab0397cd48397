"""What hosts say of their limits, in the headers of refusals and of right answers."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_NEAR: Final = 0.2  # of an allowance left: from here on we slow down
_LONGEST_SOFT_S: Final = 30.0  # a right answer that names no delay itself never makes us wait longer
_EPOCH: Final = 1e9  # seconds; a smaller number is a span
_EPOCH_MS: Final = 1e11
_LEFT: Final = re.compile(r";\s*r=(\d+)")
_RESETS: Final = re.compile(r";\s*t=(\d+)")


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Read how long the host wants to be left alone; None when it does not say.

    `Retry-After` is seconds or an HTTP date. `X-RateLimit-Reset` is an ISO instant (Jira, whose seconds
    may be missing) or epoch seconds (Azure DevOps); `RateLimit-Reset` is seconds (Graph).
    """
    after = headers.get("retry-after", "").strip()
    if after:
        seconds = _number(after)
        return seconds if seconds is not None else _until(_http_date(after))
    resets = _resets_in(headers)
    return resets if resets is not None else _structured(headers)


def soft_delay(headers: Mapping[str, str]) -> float:
    """Seconds that a successful answer asks us to slow down by; 0 when it does not.

    Said outright: `Retry-After` and `X-RateLimit-Delay` (Azure DevOps). Where a host says only how much of
    an allowance is left, and it is little, that much is spread over the time until it is whole again:
    Jira Cloud's points (`X-RateLimit-NearLimit`, `RateLimit: "…";r=…;t=…`, also with `Beta-` before it
    while they are not enforced), Data Center's bucket (`-FillRate` each `-Interval-Seconds`), Graph's
    `RateLimit-Remaining` and `-Reset`.
    """
    said = {
        name: value
        for name, value in headers.items()
        if "ratelimit" in name.lower() or name.lower() == "retry-after"
    }
    if not said:
        return 0.0
    said = {name.lower(): value for name, value in said.items()}
    asked = [said.get("retry-after"), said.get("x-ratelimit-delay")]
    outright = max((_number(value) or 0.0 for value in asked if value), default=0.0)
    return max(outright, min(_spread(said), _LONGEST_SOFT_S))


def _spread(said: Mapping[str, str]) -> float:
    """Seconds between requests that make the rest of a scarce allowance last; 0 where it is not scarce."""
    structured = said.get("ratelimit") or said.get("beta-ratelimit") or ""
    left, resets = _LEFT.search(structured), _RESETS.search(structured)
    if left and resets:  # given only once four fifths are used
        return int(resets[1]) / max(1, int(left[1]))
    remaining = _number(said.get("x-ratelimit-remaining", said.get("ratelimit-remaining", "")))
    if remaining is None:
        return 0.0
    allowed = _number(said.get("x-ratelimit-limit", said.get("ratelimit-limit", "")))
    near = said.get("x-ratelimit-nearlimit", "").lower() == "true"
    if not near and (allowed is None or remaining > allowed * _NEAR):
        return 0.0
    fill, interval = (
        _number(said.get("x-ratelimit-fillrate", "")),
        _number(said.get("x-ratelimit-interval-seconds", "")),
    )
    if fill and interval:
        return interval / fill
    return (_resets_in(said) or 0.0) / max(1.0, remaining)


def _structured(headers: Mapping[str, str]) -> float | None:
    """Read the time until a spent allowance is whole again out of `RateLimit: "…";r=0;t=1200`."""
    said = headers.get("ratelimit") or headers.get("beta-ratelimit") or ""
    left, resets = _LEFT.search(said), _RESETS.search(said)
    return float(resets[1]) if left and resets and int(left[1]) == 0 else None


def _resets_in(headers: Mapping[str, str]) -> float | None:
    reset = (headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or "").strip()
    if not reset:
        return None
    epoch = _number(reset)
    if epoch is None:
        return _until(_iso(reset))
    if epoch > _EPOCH_MS:
        epoch /= 1000
    return max(0.0, epoch - time.time()) if epoch > _EPOCH else epoch


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return max(0.0, value) if value < float("inf") else None


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _until(at: datetime | None) -> float | None:
    if at is None:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
