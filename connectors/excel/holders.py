"""Who holds a role, as lists of roles write it."""

from typing import Final

from connectors.excel.cells import Json
from connectors.excel.words import normal

_NOBODY: Final = frozenset(
    {"vacant", "vacancy", "nobody", "no one", "unfilled", "open", "not filled", "to be hired", "to be appointed",
     "to be recruited", "recruiting", "tbh"}
)  # fmt: skip


def settle_holder(values: dict[str, Json], cells: dict[str, str]) -> None:
    """Take a word for nobody for what it is."""
    holder = values.get("holder")
    if isinstance(holder, str) and normal(holder) in _NOBODY:
        del values["holder"], cells["holder"]
