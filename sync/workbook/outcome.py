"""What comes of a returned workbook, cell by cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from model.collection.cases import RecordCase
from sync.collection.answers import Change
from sync.workbook.cells import Part

Kind = Literal["conflict", "rejected", "invalid"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A cell that was not simply taken, or a whole row: `returned` is then what is written in it, by column.

    Of a list's row `part` is "".
    """

    kind: Kind
    ref: str
    part: str
    locator: str
    sent: Any
    returned: Any
    current: Any
    says: str

    @property
    def is_row(self) -> bool:
        """Whether a whole row is meant."""
        return isinstance(self.returned, Mapping)


@dataclass(frozen=True, slots=True)
class Placed:
    """A value to be stored, with the cell it was read from."""

    ref: str
    part: Part
    value: Any
    locator: str


@dataclass(frozen=True, slots=True)
class Giver:
    """Whose copy of a workbook it is: who brought it, and what the file is called."""

    by: str
    file: str


@dataclass(frozen=True, slots=True)
class Slot:
    """An empty row that became a record, with what was read in it when this giver's copy came last."""

    ref: str
    values: Mapping[str, Any]
    giver: Giver | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """What is known of a copy beside its values: whose it is, the reasons that stood in it, and the added rows.

    `because` is by record and field; `slots` are the rows added in every copy of the same workbook.
    """

    giver: Giver = Giver("", "")
    because: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    slots: Mapping[str, Sequence[Slot]] = field(default_factory=dict)


@dataclass(slots=True)
class Merged:
    """What comes of a returned workbook.

    `rows` are what was read of each added row, by the record it is, or by the name a new one has yet (`new`).
    """

    placed: list[Placed] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    slots: dict[str, str] = field(default_factory=dict)  # record or name -> row
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    reworded: list[tuple[str, str, str]] = field(
        default_factory=list
    )  # reasons alone: record, cell and place
    beside: list[tuple[str, str, str]] = field(default_factory=list)  # of conflicts: record, cell and reason
    agreed_in: set[tuple[str, str]] = field(default_factory=set)  # record and field
    untouched: int = 0
    agreed: int = 0

    def changes(self, records: Mapping[str, RecordCase]) -> list[Change]:
        """Return the answers to give: months are put into the whole that stands."""
        found: dict[tuple[str, str], Change] = {}
        for placed in self.placed:
            key = (placed.ref, placed.part.field)
            value = placed.value
            if placed.part.month:
                record = records.get(placed.ref)
                stands = found[key].value if key in found else (record.values() if record else {}).get(key[1])
                value = {**(stands if isinstance(stands, Mapping) else {}), placed.part.month: value}
                value = {month: each for month, each in value.items() if each is not None} or None
            found[key] = Change(*key, value, self.reasons.get(key), placed.locator)
        for (ref, name), because in self.reasons.items():
            record = records.get(ref)
            given = record.answers.get(name) if record else None
            if (ref, name) not in found and given is not None and given.because != because:
                found[ref, name] = Change(ref, name, given.value, because, given.locator)
        return list(found.values())
