"""What the store holds of a source, for comparing two sources that pulled the same tracker."""

from typing import Any, Final

from sqlalchemy import Engine, inspect, text

# What may differ between two pulls of the same: surrogate ids, pointers into pages and runs, our own times,
# and what consolidation adds.
_OURS: Final = frozenset(
    {
        "changed_at",
        "id",
        "source_id",
        "raw_page_id",
        "raw_position",
        "run_id",
        "known_from",
        "known_to",
        "project_id",
        "bound_by",
        "person_id",
        "matched_by",
    }
)
TABLES: Final = (
    "work_item", "transition", "work_item_link", "work_item_iteration", "iteration", "scope", "identity",
    "milestone", "raid_item", "cost_line",
)  # fmt: skip


def rows_of(engine: Engine, source: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that is stored of a source, sorted; of when something was seen to be gone only that it was."""
    found = {}
    inspector = inspect(engine)
    with engine.connect() as connection:
        for table in TABLES:
            names = [column["name"] for column in inspector.get_columns(table)]
            wanted = [
                "(deleted_at IS NOT NULL)::text" if name == "deleted_at" else f'"{name}"::text'
                for name in names
                if name not in _OURS
            ]
            current = " AND known_to IS NULL" if "known_to" in names else ""
            rows = connection.execute(
                text(
                    f"SELECT {', '.join(wanted)} FROM {table}"
                    f" WHERE source_id = (SELECT id FROM source WHERE name = :name){current}"
                    f" ORDER BY {', '.join(wanted)}"
                ),
                {"name": source},
            )
            found[table] = [tuple(row) for row in rows]
    return found


def ledgers_of(engine: Engine, source: str) -> list[dict[str, Any]]:
    """Return every line of the ledgers of a source's runs."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT run_stream.* FROM run_stream JOIN run ON run.id = run_id JOIN source ON source.id = source_id"
                " WHERE source.name = :name ORDER BY run_id, stream"
            ),
            {"name": source},
        )
        return [dict(row) for row in rows.mappings()]


def runs_of(engine: Engine, source: str) -> list[dict[str, Any]]:
    """Return a source's runs, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT run.* FROM run JOIN source ON source.id = source_id WHERE source.name = :name ORDER BY run.id"
            ),
            {"name": source},
        )
        return [dict(row) for row in rows.mappings()]


def out_of_balance(engine: Engine, source: str) -> list[dict[str, Any]]:
    """Return the lines where what the source said is not what was stored, rejected or filtered."""
    return [
        line
        for line in ledgers_of(engine, source)
        if line["said"] not in (None, line["stored"] + line["rejected"] + line["filtered"])
    ]
