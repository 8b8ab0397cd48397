"""What tailoring changed of a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that tailoring changed: where, both sides as they are written, and whether it asks for less."""

    where: str
    was: Any
    now: Any
    loosens: bool

    def __str__(self) -> str:
        """Say it in one line."""
        less = ", which asks for less" if self.loosens else ""
        return f"{self.where}: from {_said(self.was)} to {_said(self.now)}{less}"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        given = [f"{key} {_said(each)}" for key, each in value.items() if each not in (None, {}, [])]
        return ", ".join(given) or "nothing"
    if isinstance(value, list):
        return " ".join(map(_said, value))
    return "nothing" if value is None else repr(value) if isinstance(value, str) else f"{value}"
