"""Tells which record an added row is: one that came in an earlier copy, or a new one.

Two people may fill the same empty row of two copies with different records. Only what says exactly the same is
one record then; what merely reads alike is two, and is reported, for a person to close one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rapidfuzz import fuzz

from model.collection.cases import is_editable, reference_field
from model.template.template import Template
from sync.workbook.cells import Part
from sync.workbook.outcome import Giver, Slot

_ALIKE: Final = 75.0  # of 100: two texts that may be the same record
_PROSE: Final = frozenset({"text", "string", "document"})
_TITLES: Final = frozenset({"text", "string"})
_SHOWN: Final = 60
_DIGITS: Final = 3  # of an empty row's number


@dataclass(frozen=True, slots=True)
class Named:
    """Which record a row is: `ref` of one there is, or what a new one is called until it has one.

    `sent` is what the same copy held in this row when it came before, by cell; nothing where it is another's copy,
    so that no answer of somebody else counts as what this one was sent with.
    """

    ref: str
    is_new: bool
    sent: Mapping[str, Any]


class Naming:
    """The added rows of one workbook being named; `notes` are what its sender is told of that."""

    def __init__(
        self, template: Template, slots: Mapping[str, Sequence[Slot]], refs: Mapping[str, Any], giver: Giver
    ) -> None:
        self._fields = {each.rule.id: each for each in template.fields}
        reference = reference_field(template)
        self._title = next(
            (each.rule.id for each in template.fields
             if each is not reference and each.rule.type in _TITLES and is_editable(template, each)),
            None,
        )  # fmt: skip
        self._slots = {row: [one for one in found if one.ref in refs] for row, found in slots.items()}
        self._giver = giver
        self._found: dict[str, Named] = {}
        self.notes: list[str] = []

    def of(self, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Named]:
        """Name rows by what was read in them: first what says the same, then what was reworded in one copy."""
        for row, values in rows.items():
            self._claim(row, [one for one in self._near(row) if self._says_same(one.values, values)])
        for row, values in rows.items():
            if row not in self._found:
                mine = [one for one in self._near(row) if self._is_mine(one)]
                self._claim(row, [one for one in mine if self._alike(one.values, values)])
                if row in self._found:
                    self.notes.append(
                        f"{_called(row)} came before as {self._found[row].ref} and was reworded: it is taken as the "
                        f"same record, now {self._shown(values)}"
                    )
        for row, values in rows.items():
            if row not in self._found:
                self._found[row] = self._new(row, values)
        return self._found

    def _near(self, row: str) -> Iterator[Slot]:
        """Return the records a row may be: its own, or any for one below the empty rows, which has no place."""
        taken = {one.ref for one in self._found.values()}
        near = self._slots.get(row, ()) if _is_numbered(row) else self._all()
        return (one for one in near if one.ref not in taken)

    def _all(self) -> list[Slot]:
        return [one for each in self._slots.values() for one in each]

    def _claim(self, row: str, found: Sequence[Slot]) -> None:
        if found:
            ref = next((one.ref for one in found if self._is_mine(one)), found[0].ref)
            mine = next((one for one in self._all() if one.ref == ref and self._is_mine(one)), None)
            self._found[row] = Named(ref, False, mine.values if mine else {})

    def _new(self, row: str, values: Mapping[str, Any]) -> Named:
        others = self._slots.get(row, ()) if _is_numbered(row) else ()
        count = len({one.ref for one in others})
        alike = {one.ref: one for one in self._all() if self._alike(one.values, values)}
        if alike:
            like = ", ".join(f"{ref} {self._shown(one.values)}" for ref, one in alike.items())
            self.notes.append(
                f"{_called(row)} ({self._shown(values)}) may be a duplicate of {like}; both were taken, each as a "
                "record of its own: close one if they are the same"
            )
        elif others:
            self.notes.append(
                f"{_called(row)} of the empty ones holds something else in another copy that came back "
                f"({', '.join(dict.fromkeys(one.ref for one in others))}); both were taken, each as a record of its own"
            )
        return Named(f"{row}-{count + 1}" if count else row, True, {})

    def _is_mine(self, slot: Slot) -> bool:
        return slot.giver is not None and slot.giver == self._giver

    def _says_same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return bool(self._said(one) == self._said(other))

    def _said(self, values: Mapping[str, Any]) -> Any:
        """Return a row's title, else all it holds."""
        title = " ".join(str(values.get(self._title or "", "")).casefold().split())
        return title or dict(values)

    def _alike(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        titles = self._said(one), self._said(other)
        if isinstance(titles[0], str) and isinstance(titles[1], str) and fuzz.ratio(*titles) >= _ALIKE:
            return True
        return fuzz.ratio(self._told(one), self._told(other)) >= _ALIKE

    def _told(self, values: Mapping[str, Any]) -> str:
        """Return what a row says in words, else all it says."""
        prose = [
            str(value)
            for part, value in sorted(values.items())
            if (each := self._fields.get(Part.of(part).field)) is not None and each.rule.type in _PROSE
        ]
        return " ".join(prose or [f"{part} {value}" for part, value in sorted(values.items())])

    def _shown(self, values: Mapping[str, Any]) -> str:
        said = str(values.get(self._title or "") or self._told(values))
        return repr(said if len(said) <= _SHOWN else said[: _SHOWN - 1] + "…")


def _is_numbered(row: str) -> bool:
    """Say whether it is one of the empty rows that were sent; what stands below them is called by its content."""
    number = row.rpartition("-")[2]
    return number.isdigit() and len(number) <= _DIGITS


def _called(row: str) -> str:
    return f"row {row.rpartition('-')[2]}" if _is_numbered(row) else "a row below the empty ones"
