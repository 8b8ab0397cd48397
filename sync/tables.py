"""The store's tables as `model.tables` declares them, loaded when first asked for.

Declaring them costs a third of a second and a dozen megabytes, and an ordinary run of a tracker never needs
them: what such a run asks of the tables it writes stands here, and a test holds it against the declaration.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import Column

# Which of the columns that say what became of a record each table has.
_STANDING: Final = frozenset({"known_to", "deleted_at", "fate", "active"})
ORDINARY: Final[Mapping[str, frozenset[str]]] = {
    "work_item": frozenset({"deleted_at", "fate"}),
    "scope": frozenset({"deleted_at", "fate"}),
    "iteration": frozenset({"deleted_at", "fate"}),
    "milestone": frozenset({"known_to", "fate"}),
    "identity": frozenset({"active", "fate"}),
}


@cache
def columns_of(table: str) -> Mapping[str, Column[Any]]:
    """Return a table's columns by their name, in order."""
    import model.tables  # noqa: F401  (registers the tables)
    from model.base import Base

    return dict(Base.metadata.tables[table].columns.items())


def has(table: str, column: str) -> bool:
    """Return whether a table has a column."""
    if table in ORDINARY and column in _STANDING:
        return column in ORDINARY[table]
    return column in columns_of(table)
