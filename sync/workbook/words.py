"""What a workbook says about its cells: what a field expects, and what its month is called."""

from calendar import month_abbr
from typing import Final

from model.template.language import FieldRule

_KINDS: Final = {
    "string": "a text", "text": "a text", "int": "a whole number", "number": "a number",
    "percent": "a number of percent, 45 for 45 %", "money": "an amount", "date": "a date",
    "period": "a period like 2025-06", "enum": "one of the list", "rag": "GREEN, AMBER, RED, GREY or BLUE",
    "person": "a person's name", "ref": "a reference", "list_ref": "references, one on each line",
    "bool": "yes or no", "document": "the name or the address of a document",
}  # fmt: skip


def expected(rule: FieldRule) -> str:
    """Say what a field expects: `a whole number from 1 to 5`."""
    said = [f"one of {', '.join(rule.values)}" if rule.values else _KINDS[rule.type]]
    if rule.unit and rule.type in ("money", "number", "int"):
        said.append(f"in {rule.unit}")
    if rule.min is not None and rule.max is not None:
        said.append(f"from {rule.min:g} to {rule.max:g}")
    elif rule.min is not None:
        said.append(f"of at least {rule.min:g}")
    elif rule.max is not None:
        said.append(f"of at most {rule.max:g}")
    if rule.min_len:
        said.append(f"of at least {rule.min_len} characters")
    if rule.max_len is not None:
        said.append(f"of at most {rule.max_len} characters")
    if rule.pattern:
        said.append(f"like {rule.pattern}")
    return " ".join(said)


def note_of(rule: FieldRule) -> str:
    """Return the note on a field's name: its help, and what it expects."""
    wants = expected(rule)
    wants = f"{wants[0].upper()}{wants[1:]}."
    return f"{rule.help.strip()}\n{wants}" if rule.help else wants


def month_name(month: str) -> str:
    """Return a month of the form 2025-06 as Jun 2025."""
    return f"{month_abbr[int(month[5:7])]} {month[:4]}"
