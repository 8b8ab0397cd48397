"""Programmes a project belongs to, as a register's cell says them: `A; B (40 %); C (critical)`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

_BETWEEN: Final = re.compile(r"[;\n]")
_LAST_BRACKETS: Final = re.compile(r"(?P<name>.*\S)\s*\((?P<inside>[^()]*)\)\s*\Z", re.DOTALL)
_SHARE: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,6})?)\s*%\Z")
_PERCENT: Final = re.compile(r"[-−+]?\d+(?:[.,]\d+)?\s*%\Z")
_CRITICAL: Final = "critical"
_WHOLE: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Membership:
    """One programme a project belongs to.

    `share` is the percent of the project's budget that the programme carries; None: nobody divided it, so that
    the programme is shown the whole. `critical`: the programme cannot be well while this project is red.
    `refused` is a share that cannot be one, as it was written: below 0 or over 100 %.
    """

    name: str
    share: Decimal | None = None
    critical: bool = False
    refused: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON, without what nobody said."""
        said: dict[str, Any] = {"name": self.name}
        if self.share is not None:
            said["share"] = float(self.share)
        return said | ({"critical": True} if self.critical else {})


def memberships(cell: str | None) -> tuple[Membership, ...]:
    """Read the programmes of a cell, in its order, each once.

    Brackets at the end that hold something else than a share or `critical` belong to the name.
    """
    found: dict[str, Membership] = {}
    for part in _BETWEEN.split(cell or ""):
        if part.strip():
            each = _read(part.strip())
            found.setdefault(each.name, each)
    return tuple(found.values())


def _read(part: str) -> Membership:
    brackets = _LAST_BRACKETS.match(part)
    if brackets is None:
        return Membership(part)
    share, critical, refused = None, False, None
    for word in re.split(r",\s+|,(?!\d)", brackets["inside"]):
        number = _SHARE.match(word.strip())
        if number is not None and share is None and Decimal(number[1].replace(",", ".")) <= _WHOLE:
            share = Decimal(number[1].replace(",", "."))
        elif word.strip().casefold() == _CRITICAL:
            critical = True
        elif refused is None and _PERCENT.match(word.strip()):
            refused = word.strip()
        else:
            return Membership(part)
    return Membership(brackets["name"], share, critical, refused)


def divided(found: Sequence[Membership]) -> str | None:
    """Say what is wrong with how a project's budget is divided; None where nothing is, or nobody divided it."""
    refused = [f"{each.name} ({each.refused})" for each in found if each.refused is not None]
    if refused:
        return f"{', '.join(refused)}: a share from 0 to 100 % was expected; none is taken"
    total = sum((each.share for each in found if each.share is not None), Decimal(0))
    if total > _WHOLE:
        names = ", ".join(f"{each.name} {each.share:f} %" for each in found if each.share is not None)
        return (
            f"its programmes carry {total:f} % of its budget together ({names}); at most 100 % was expected"
        )
    return None
