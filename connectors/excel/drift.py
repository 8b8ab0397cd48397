"""A sheet's structure, and in words how it differs from the one that was read last time."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from connectors.base import Json

_MOST: Final = 8  # columns named in one line


@dataclass(frozen=True, slots=True)
class Structure:
    """Which sheet was read, and which of its columns gave what."""

    sheet: str
    sheet_id: str | None = None
    columns: dict[str, list[str | None]] = field(default_factory=dict)  # header -> letters, what it gives

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Structure":
        """Take it from what a reading tells."""
        recognised = told["recognised"]
        columns = {header: [letters, recognised.get(header)] for header, letters in told["places"].items()}
        return cls(told["sheet"], told["sheet_id"], columns)

    @classmethod
    def from_json(cls, stored: Any) -> "Structure | None":
        """Take it from a cursor; None where that has none."""
        return cls(**stored) if isinstance(stored, dict) else None

    def to_json(self) -> Json:
        """Write it into a cursor."""
        return asdict(self)

    def fingerprint(self) -> str:
        """Say what the columns are and give, wherever they stand."""
        return " | ".join(
            f"{header} = {gives}" if gives else header
            for header, (_, gives) in sorted(self.columns.items(), key=lambda pair: pair[0].casefold())
        )


def differences(before: Structure, now: Structure, where: str, *, named: bool) -> list[str]:
    """Say what has changed, where it is not read as before.

    Args:
        before: As it was read last time.
        now: As it was read this time.
        where: The file.
        named: Whether the configuration names the sheet: then the reading itself says what it took instead.
    """
    lines = []
    if before.sheet != now.sheet and not named:
        same = before.sheet_id is not None and before.sheet_id == now.sheet_id
        lines.append(
            f"the sheet {before.sheet!r} is now called {now.sheet!r}; it was recognised by its id"
            if same
            else f"the sheet {now.sheet!r} was read; until now it was {before.sheet!r}. Say which with `sheet`"
        )
    gone = {header: before.columns[header] for header in before.columns if header not in now.columns}
    new = {header: now.columns[header] for header in now.columns if header not in before.columns}
    gives: dict[str | None, str] = {column[1]: header for header, column in now.columns.items() if column[1]}
    at: dict[str | None, str] = {column[0]: header for header, column in new.items()}
    for header, (letters, gave) in gone.items():
        lines.append(_gone(header, letters, gave, gives, at))
    followed = {gives[gave] for _, gave in gone.values() if gave in gives}
    for header, (letters, given) in new.items():
        if header not in followed and not (given or "").startswith("amount of"):
            lines.append(
                f"column {header!r} ({letters}) is new and was read as {given}"
                if given
                else f"column {header!r} ({letters}) is new and was not understood"
            )
    moved = [
        f"{header!r} from {before.columns[header][0]} to {now.columns[header][0]}"
        for header in before.columns
        if header in now.columns and before.columns[header][0] != now.columns[header][0]
    ]
    if moved:
        rest = f" and {len(moved) - _MOST} more" if len(moved) > _MOST else ""
        lines.append(
            f"columns have moved, and were recognised by their headers: {', '.join(moved[:_MOST])}{rest}"
        )
    return [f"{where}!{now.sheet} has changed since it was last read: {line}" for line in lines]


def lost(before: Structure, now: Structure) -> str | None:
    """Say which column seems to have got a name that is not understood, so that what it gave would be lost.

    None where every column that is gone is given by another one, or no new one can be it.
    """
    given = {gives for _, gives in now.columns.values() if gives}
    unknown = [
        header for header, column in now.columns.items() if header not in before.columns and column[1] is None
    ]
    gone = {
        header: (letters, gave)
        for header, (letters, gave) in before.columns.items()
        if gave and header not in now.columns and gave not in given
    }
    if not unknown or not gone:
        return None
    at = {now.columns[header][0]: header for header in unknown}
    said = []
    for header, (letters, gave) in gone.items():
        other = at.get(letters, unknown[0])
        said.append(
            f"column {header!r} ({letters}), which gave {gave}, is gone, and {other!r} is new and not understood: if "
            f"it is the same column, write columns: {{{gave}: {other}}}"
        )
    return "; ".join(said)


def _gone(
    header: str,
    letters: str | None,
    gave: str | None,
    gives: Mapping[str | None, str],
    at: Mapping[str | None, str],
) -> str:
    if gave is None:
        return f"column {header!r} is gone"
    if gave in gives:
        return f"column {header!r} is gone; {gave} is now read from {gives[gave]!r}"
    instead = f"; in its place stands {at[letters]!r}, which is not understood" if letters in at else ""
    hint = f"{gave}: {at[letters]}" if letters in at else f"{gave}: its header"
    return (
        f"column {header!r} ({letters}) is gone{instead}, and {gave} stays unknown. If another column holds it, write "
        f"columns: {{{hint}}}"
    )
