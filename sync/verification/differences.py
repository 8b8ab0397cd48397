"""Differences: where two JSON documents do not say the same, as paths."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_LONGEST: Final = 60  # characters of a value that are said


def differences(stored: Any, again: Any, path: str = "") -> Iterator[str]:
    """Say where two documents differ: the path, what is stored, and what comes out now."""
    if isinstance(stored, Mapping) and isinstance(again, Mapping):
        for name in sorted({*stored, *again}):
            below = f"{path}.{name}" if path else str(name)
            if name not in again:
                yield f"{below}: stored {said(stored[name])}, comes out as nothing"
            elif name not in stored:
                yield f"{below}: not stored, comes out as {said(again[name])}"
            else:
                yield from differences(stored[name], again[name], below)
    elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        for place, (one, other) in enumerate(zip(stored, again, strict=True)):
            yield from differences(one, other, f"{path}[{place}]")
    elif stored != again or isinstance(stored, bool) != isinstance(again, bool):
        yield f"{path}: stored {said(stored)}, comes out as {said(again)}"


def said(value: Any) -> str:
    """Return a value in a few characters."""
    if isinstance(value, list):
        return f"{len(value)} entries"
    if isinstance(value, Mapping):
        return f"an entry of {len(value)} parts"
    shown = "nothing" if value is None else str(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
