"""Merges the reasons of a returned workbook: each explains what its giver changed, and nobody else's answer.

A form has a reason beside each field, a list one for each record. One that came back as it was sent says nothing
new, whoever wrote another meanwhile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from model.collection.cases import OWN, Given, RecordCase, overrides
from model.template.template import Field
from sync.workbook.book import FORM, WHY
from sync.workbook.cells import Part, Returned, same
from sync.workbook.outcome import Copy, Merged, Outcome
from sync.workbook.read import Back

_SHOWN: Final = 120


class Reasons:
    """The reasons of one workbook. `back.reasons` are only those that did not come back as they were sent."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        records: Mapping[str, RecordCase],
        base: Mapping[str, Mapping[str, Any]],
        copy: Copy,
        back: Back,
    ) -> None:
        self._fields, self._records, self._base = fields, records, base
        self._because, self._giver, self._back = copy.because, copy.giver, back
        self._emptied: set[tuple[str, str]] = set()

    def is_outdated(self, row: str, ref: str, name: str, kind: str) -> bool:
        """Say whether a field's reason was left as it was sent, while somebody gave another one for what stands."""
        rows = {Part.of(each).field for each in self._back.reasons} if kind == FORM else self._back.reasons
        given = self._given(ref, name)
        if given is None or not given.because or (name if kind == FORM else row) in rows:
            return False
        return _plain(given.because) != _plain(self._was(ref, name))

    def merge(self, found: Merged, names: Mapping[str, str], kind: str) -> None:
        """Give each reason to what it explains, and say of each that explains nothing why it was not taken."""
        changed = {(placed.ref, placed.part.field) for placed in found.placed}
        if kind == FORM:
            self._form(found, changed)
        else:
            self._list(found, changed, names)
        for key in changed - found.reasons.keys() - self._emptied:
            if was := self._was(*key):
                found.reasons[key] = was

    def _given(self, ref: str, name: str) -> Given | None:
        record = self._records.get(ref)
        return record.answers.get(name) if record is not None else None

    def _was(self, ref: str, name: str) -> str:
        return self._because.get(ref, {}).get(name, "")

    # --- a form: a reason for each field

    def _form(self, found: Merged, changed: set[tuple[str, str]]) -> None:
        said: dict[str, dict[str, str]] = {}  # field -> text -> row; a field with months has several rows
        for row, cell in self._back.reasons.items():
            if (text := _text(found, OWN, f"{row}{WHY}", cell)) is not None:
                said.setdefault(Part.of(row).field, {}).setdefault(text, row)
        for name, texts in said.items():
            key, text = (OWN, name), "\n".join(filter(None, texts))
            if key in changed and text:
                found.reasons[key] = text
            elif key in changed:
                self._emptied.add(key)
            elif text:
                self._without_change(found, name, text, next(row for said, row in texts.items() if said))
            else:
                found.notes.append(f"the reason of {self._label(name)!r} was emptied; it stays as it was")

    def _without_change(self, found: Merged, name: str, text: str, row: str) -> None:
        """Deal with a reason of a field whose value was not changed here."""
        cell, part = self._back.reasons[row], Part.of(row)
        given, was = self._given(OWN, name), self._was(OWN, name)
        about = next(
            (one for one in found.outcomes if one.ref == OWN and Part.of(one.part).field == name), None
        )
        if about is not None and about.kind == "conflict":
            _beside(found, about, text)
        elif about is not None:
            _reject(
                found,
                OWN,
                f"{row}{WHY}",
                cell,
                text,
                "was given for an answer that was not taken; write both again",
            )
        elif given is None:
            found.notes.append(
                f"there is a reason for {self._label(name)!r}, whose value is as it was filled in"
            )
        elif _plain(given.because) == _plain(text):
            return
        elif (OWN, name) not in found.agreed_in and not self._stands_as_sent(part):
            says = f"was given for what stood there before, and meanwhile {_by(given)} changed that; write both again"
            _reject(found, OWN, f"{row}{WHY}", cell, text, says, given.because)
        elif given.because and _plain(given.because) != _plain(was):
            says = (
                f"was changed here, and meanwhile {_by(given)} wrote {_short(given.because)}; that stands until "
                "somebody decides"
            )
            found.outcomes.append(
                Outcome("conflict", OWN, f"{row}{WHY}", cell.locator, was or None, text, given.because, says)
            )
        else:
            found.reasons[OWN, name] = text
            found.reworded.append((OWN, f"{row}{WHY}", cell.locator))

    def _stands_as_sent(self, part: Part) -> bool:
        record, each = self._records.get(OWN), self._fields[part.field]
        stands = part.value(record.shown()) if record is not None else None
        return same(each.rule, part.value(self._base.get(OWN, {})), stands)

    def _label(self, name: str) -> str:
        each = self._fields.get(name)
        return each.rule.label if each else name

    # --- a list: one reason for each record

    def _list(self, found: Merged, changed: set[tuple[str, str]], names: Mapping[str, str]) -> None:
        for row, cell in self._back.reasons.items():
            ref = names.get(row, row)
            text = _text(found, ref, WHY, cell)
            if text is None:
                continue
            keys = [key for key in changed if key[0] == ref]
            sent = set(_lines(self._because.get(ref, {}).values()))
            new = "\n".join(line for line in text.split("\n") if line.strip() and line.strip() not in sent)
            if not text:
                self._emptied.update(keys)
            if new:
                self._explain(found, ref, keys, new, cell)
            elif not keys:
                found.notes.append(f"a reason of {ref} was taken away; what it explained keeps it")

    def _explain(
        self, found: Merged, ref: str, keys: list[tuple[str, str]], text: str, cell: Returned
    ) -> None:
        """Give a record's new reason to what its giver changed in it, else to own answers that lack one."""
        conflicts = [one for one in found.outcomes if one.ref == ref and one.kind == "conflict"]
        for one in conflicts:
            _beside(found, one, text)
        for key in keys:
            found.reasons[key] = text
        record = self._records.get(ref)
        standing = set(_lines(given.because for given in record.answers.values())) if record else set()
        if keys or conflicts or all(line.strip() in standing for line in text.split("\n")):
            return
        own = self._own_without(record) if record is not None else []
        for name in own:
            found.reasons[ref, name] = text
        if own:
            found.reworded.append((ref, WHY, cell.locator))
        else:
            says = (
                "explains no answer that was changed in this row; write it with the answer that it explains"
            )
            _reject(found, ref, WHY, cell, text, says)

    def _own_without(self, record: RecordCase) -> list[str]:
        """Return the giver's own answers that change what was filled in and say nothing of why."""
        return [
            name
            for name, given in record.answers.items()
            if (each := self._fields.get(name)) is not None
            and given.because is None
            and given.by == self._giver.by
            and overrides(each, record, given.value)
        ]


def _text(found: Merged, ref: str, part: str, cell: Returned) -> str | None:
    """Return a reason's text; None where nothing can be read from its cell, which is then said."""
    if cell.fault is not None:
        if cell.content is not None or "merged" not in cell.fault:
            _reject(found, ref, part, cell, None if cell.content is None else str(cell.content), cell.fault)
        return None
    text = "" if cell.content is None else str(cell.content).strip()
    if "\x00" in text:
        _reject(found, ref, part, cell, None, "holds characters that are none; expected a reason in words")
        return None
    return text


def _reject(
    found: Merged,
    ref: str,
    part: str,
    cell: Returned,
    text: str | None,
    says: str,
    current: str | None = None,
) -> None:
    found.outcomes.append(Outcome("rejected", ref, part, cell.locator, None, text, current, says))


def _beside(found: Merged, conflict: Outcome, text: str) -> None:
    """Keep the reason that came with a value that a person has to decide about."""
    place = found.outcomes.index(conflict)
    found.outcomes[place] = replace(
        conflict, says=f"{conflict.says}. The reason {_short(text)} is kept with it"
    )
    found.beside.append((conflict.ref, conflict.part, text))


def _lines(reasons: Any) -> Iterator[str]:
    for reason in reasons:
        yield from (line.strip() for line in str(reason or "").split("\n") if line.strip())


def _plain(said: str | None) -> str:
    return " ".join((said or "").split())


def _short(said: str) -> str:
    return repr(said if len(said) <= _SHOWN else said[: _SHOWN - 1] + "…")


def _by(given: Given) -> str:
    return f"{given.by} ({given.at:%Y-%m-%d %H:%M} UTC)"
