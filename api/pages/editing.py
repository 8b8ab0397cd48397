"""A text edited beside its form: what the form asks, what somebody changed in it, and what is wrong with the text.

The text is what counts. An input knows its place in it and what it said when it was shown: only what was changed
since is written into the text, and the rest of the text stays as its author wrote it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from api.pages.reasons.reading import translated
from api.translation import _
from model.declaration import InvalidDeclaration, Path
from model.rewrite import CannotRewrite, assign, declared, remove

MOST_BYTES: Final = 600_000  # of an editor's form as sent: the longest text, each character as three
NAME: Final = "text"  # what complaints call what was typed
Kind = Literal["line", "text", "code", "number", "days", "date", "choice", "ticks", "lines"]
_COMPLAINT: Final = re.compile(rf"{NAME}:(\d+):(\d+): (?:([\w.\[\]-]+): )?(.*)", re.DOTALL)
_DURATION: Final = re.compile(r"P(\d+)([DW])")


@dataclass(frozen=True, slots=True)
class Ask:
    """One input: its place in the text, and what stands there.

    `same` is what holds where it is left empty; `fixed` that the text says something no input can hold.
    """

    path: Path
    label: str
    kind: Kind
    value: str | tuple[str, ...]
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    same: str = ""
    offers: str = ""
    must: bool = False
    fixed: bool = False

    @property
    def name(self) -> str:
        """Its name in the form."""
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a text, and where; `place` is the value's path as inputs are named."""

    says: str
    line: int | None = None
    column: int | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text as far as it can be read; `data` None: not at all."""

    text: str
    data: dict[str, Any] | None
    complaints: tuple[Complaint, ...] = ()


def tidy(text: str) -> str:
    """Return a text as it was before a browser sent it: lines end in one character, the last one too."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    return f"{lines}\n" if lines else ""


def parsed(text: str) -> Parsed:
    """Read a text as YAML, without asking what it says."""
    try:
        return Parsed(text, declared(text).data)
    except InvalidDeclaration as error:
        return Parsed(text, None, complaints(error))


def complaints(error: InvalidDeclaration) -> tuple[Complaint, ...]:
    """Return what is wrong, each with its line."""
    return tuple(map(_complaint, error.complaints))


def _complaint(said: str) -> Complaint:
    found = _COMPLAINT.fullmatch(said)
    if found is None:
        return Complaint(said)
    place = (found[3] or "").replace("[", ".").replace("]", "")
    what = translated(found[4])
    says = f"{found[3]}: {what}" if found[3] else what
    return Complaint(says, int(found[1]), int(found[2]), place)


def value_at(data: Any, path: Path) -> Any:
    """Return what stands at a path of parsed data; None where nothing does."""
    for step in path:
        if isinstance(data, list):
            data = data[step] if isinstance(step, int) and step < len(data) else None
        elif isinstance(data, Mapping):
            data = data.get(step, data.get(str(step)))
        else:
            return None
    return data


def asked(data: Any, path: Path, label: str, kind: Kind, **more: Any) -> Ask:
    """Return an input with what the text says at its place."""
    value = value_at(data, path)
    if kind in ("ticks", "lines"):
        fixed = value is not None and not isinstance(value, list | str)
        several = value if isinstance(value, list) else [] if value is None else [value]
        parts = tuple(map(_plain, several))
        return Ask(path, label, kind, parts if kind == "ticks" else "\n".join(parts), fixed=fixed, **more)
    fixed = isinstance(value, Mapping | list)
    found = _DURATION.fullmatch(value) if kind == "days" and isinstance(value, str) else None
    text = str(int(found[1]) * (7 if found[2] == "W" else 1)) if found else _plain(value)
    if kind == "choice" and text and text not in {each for each, _ in more.get("choices", ())}:
        more["choices"] = (*more.get("choices", ()), (text, text))  # whatever it says can be seen
    return Ask(path, label, kind, "" if fixed else text, fixed=fixed, **more)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def sent(ask: Ask, form: Mapping[str, str], prefix: str = "v") -> str | tuple[str, ...]:
    """Return what a form says of an input: typed (`v`), or as it was shown (`w`)."""
    if ask.kind == "ticks":
        return tuple(value for value, _ in ask.choices if form.get(f"{prefix}.{ask.name}.{value}"))
    typed = form.get(f"{prefix}.{ask.name}", "")
    return typed.replace("\r\n", "\n").strip()


def was_changed(ask: Ask, form: Mapping[str, str]) -> bool:
    """Say whether somebody changed an input since it was shown."""
    if ask.fixed or f"s.{ask.name}" not in form:
        return False
    return sent(ask, form) != sent(ask, form, "w")


def applied(text: str, asks: Iterable[Ask], form: Mapping[str, str]) -> tuple[str, list[Complaint]]:
    """Write into a text what was changed in its form; returns what could not be written, too."""
    refused = []
    for ask in asks:
        if was_changed(ask, form):
            try:
                text = put(text, ask, sent(ask, form))
            except CannotRewrite as error:
                says = _("%(label)s was not changed: %(why)s", label=ask.label, why=str(error))
                refused.append(Complaint(says, place=ask.name))
    return text, refused


def put(text: str, ask: Ask, typed: str | tuple[str, ...]) -> str:
    """Write one input's value into a text; an empty one is taken out, with what it leaves empty around it.

    Raises:
        CannotRewrite: It stands where it cannot be changed alone.
    """
    if not typed:
        return dropped(text, ask.path)
    return assign(text, ask.path, _meant(ask, typed))


def dropped(text: str, path: Path) -> str:
    """Take a value out, and the maps around it that are empty then."""
    text = remove(text, path)
    above = path[:-1]
    if len(above) > 1 and value_at(parsed(text).data, above) == {}:
        return dropped(text, above)
    return text


def _meant(ask: Ask, typed: str | tuple[str, ...]) -> Any:
    if isinstance(typed, tuple):
        return [plain_number(each) for each in typed]
    if ask.kind == "lines":
        return [line.strip() for line in typed.splitlines() if line.strip()]
    if ask.kind == "days":
        return f"P{int(typed)}D" if typed.isascii() and typed.isdigit() else typed
    if ask.kind == "date":
        return _day(typed)
    return plain_number(typed) if ask.kind == "number" else typed


def _day(typed: str) -> date | str:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return typed


def plain_number(typed: str) -> Any:
    """Return a number; what is none stays as it was typed, and is complained about where it stands."""
    if re.fullmatch(r"[+-]?\d{1,15}", typed, re.ASCII):
        return int(typed)
    if re.fullmatch(r"[+-]?\d{1,15}\.\d{1,15}", typed, re.ASCII):
        return float(typed)
    return typed


def by_place(found: Sequence[Complaint]) -> dict[str, list[str]]:
    """Return complaints by the place they are of."""
    told: dict[str, list[str]] = {}
    for each in found:
        told.setdefault(each.place, []).append(each.says)
    return told
