"""Custom fields: which ones a source keeps, and their values as people read them.

A field is known for ever by its reference name; its display name changes, and two may share one.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.azure_devops.identity import is_person, person_name
from connectors.azure_devops.text import plain_markdown, plain_text
from connectors.azure_devops.transforms import instant
from connectors.base import Json

_WHOLE: Final = frozenset({"integer", "picklistinteger"})
_NUMBERS: Final = frozenset({"double", "picklistdouble"})
_TEXTS: Final = frozenset({"string", "plaintext", "treepath", "guid", "pickliststring"})
_RICH: Final = frozenset({"html", "history"})
KNOWN: Final = _WHOLE | _NUMBERS | _TEXTS | _RICH | {"boolean", "datetime", "identity"}


@dataclass(slots=True)
class Custom:
    """The custom fields of a source: reference name -> type; and what was asked for and could not be had."""

    kinds: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def chosen(wanted: Sequence[str], known: Sequence[Json]) -> Custom:
    """Find the fields that a configuration names, by reference name first.

    A display name that two fields share chooses neither; one that nothing has is reported.
    """
    found = Custom()
    by_name: dict[str, list[Json]] = defaultdict(list)
    by_reference = {str(one.get("referenceName")).casefold(): one for one in known}
    for one in known:
        if not one.get("isDeleted"):
            by_name[str(one.get("name")).casefold()].append(one)
    for name in wanted:
        own = by_reference.get(name.casefold())
        named = [own] if own else by_name.get(name.casefold(), [])
        if len(named) != 1:
            found.problems.append(_why_not(name, named))
            continue
        kind = str(named[0].get("type") or "")
        if named[0].get("isIdentity"):
            kind = "identity"
        if kind.casefold() not in KNOWN:
            found.problems.append(
                f"the field {name} has type {kind!r}, which is not known here; kept as it comes"
            )
        found.kinds[str(named[0]["referenceName"])] = kind
    return found


def is_rich(kind: str) -> bool:
    """Say whether fields of a type hold long text with markup."""
    return kind.casefold() in _RICH


def values(kinds: Mapping[str, str], fields: Json, formats: Mapping[str, Any]) -> Json | None:
    """Return the custom fields of an item as people read them; one without a value is absent.

    Args:
        kinds: Reference name -> type.
        fields: The item's fields.
        formats: `multilineFieldsFormat`: which rich fields of the item are kept in Markdown.
    """
    found: Json = {}
    for name, kind in kinds.items():
        value = fields.get(name)
        if (
            value is not None
            and (shown := _shown(kind.casefold(), value, str(formats.get(name) or ""))) is not None
        ):
            found[name] = shown
    return found or None


def _why_not(name: str, named: Sequence[Json]) -> str:
    if not named:
        return (
            f"there is no field {name!r}: was it renamed? Write its reference name, e.g. Custom.Sponsor; that stays "
            "when the display name changes"
        )
    references = ", ".join(sorted(str(one["referenceName"]) for one in named))
    return f"{len(named)} fields are called {name!r}: {references}; write which one, none of them is kept"


def _shown(kind: str, value: Any, format_: str) -> Any:
    if is_person(value) or kind == "identity":
        return person_name(value)
    if kind in _RICH:
        return plain_markdown(value) if format_.casefold() == "markdown" else plain_text(value)
    if kind in _WHOLE | _NUMBERS and not isinstance(value, bool):
        number = float(value)
        return int(number) if number.is_integer() else number
    if kind in _TEXTS:
        return str(value)
    return _SIMPLE[kind](value) if kind in _SIMPLE else value


def _instant(value: Any) -> str | None:
    at = instant(value)
    return at.isoformat() if at else None


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).casefold() in {"true", "1"}


_SIMPLE: Final[Mapping[str, Callable[[Any], Any]]] = {"datetime": _instant, "boolean": _boolean}
