"""The live model as rows that two of it can be compared by, and ways to empty it."""

from typing import Any, Final

from sqlalchemy import Engine, text

from model.base import Base

# What a replay brings back; the rest of the store is not made of pages.
MODEL: Final = (
    "scope", "identity", "iteration", "work_item", "milestone", "raid_item", "cost_line", "transition",
    "work_item_link", "work_item_iteration", "comment", "worklog", "work_item_key",
)  # fmt: skip
_OURS: Final = frozenset({"changed_at", "id", "project_id", "bound_by", "person_id", "matched_by"})


def model_rows(engine: Engine, *, ids: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the model, without what binding adds; with our own row ids when they must stay, too."""
    found = {}
    with engine.connect() as connection:
        for table in MODEL:
            columns = Base.metadata.tables[table].columns
            names = [one.name for one in columns if ids or one.name not in _OURS]
            key = [
                name
                for name in ("source_id", "item_external_id", "external_id", "known_from", "key")
                if name in columns
            ]
            listed = ", ".join(f'"{name}"' for name in names)
            rows = connection.execute(text(f"SELECT {listed} FROM {table} ORDER BY {', '.join(key)}"))
            found[table] = [tuple(map(_plain, row)) for row in rows]
    return found


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def empty(engine: Engine, *, everything: bool = False) -> None:
    """Delete the model's rows; with `everything` also runs, pages and all that hangs on them."""
    more = "run, raw_page, source CASCADE" if everything else ""
    with engine.begin() as connection:
        for table in MODEL:
            connection.execute(text(f"DELETE FROM {table}"))
        if more:
            connection.execute(text(f"TRUNCATE {more}"))
