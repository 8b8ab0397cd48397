"""The same views for some projects only: a schema of its own for each role that may not see them all.

Each holds views of the same names and columns over those of `bi`, so that a query needs no change; no condition
of the asker's runs before it is known that a row is one of theirs (`security_barrier`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from model.bi.declare import SCHEMA, View, comments, literal, quoted, run
from model.naming import change_where_seen, field_where_seen

_PREFIX: Final = "bi_"
_SAYS: Final = "Muster for SQL tools, of these projects only: "
_FOR_ALL: Final = frozenset({"dim_date", "fact_rate"})
_FOR_NOBODY: Final = frozenset({"dim_person", "fact_run"})  # they tell of all projects
_BY_SCOPE: Final = frozenset({"fact_work_item", "dim_iteration"})  # their project is that of their scope
_PART: Final = """substring(v.value FROM '"{}": *"([^"]*)"')"""  # of a JSON object as text
_LIMITED: Final = text(
    "SELECT nspname, obj_description(oid, 'pg_namespace') AS says FROM pg_namespace"
    " WHERE starts_with(obj_description(oid, 'pg_namespace'), :says) ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class Limited:
    """A schema that holds some projects' rows."""

    schema: str
    projects: tuple[UUID, ...]


def schema_of(role: str) -> str:
    """Return the name of a limited role's own schema."""
    return _PREFIX + role


def limited(connection: Connection) -> list[Limited]:
    """Return the limited schemas that there are."""
    rows = connection.execute(_LIMITED, {"says": _SAYS}).all()
    return [
        Limited(row.nspname, tuple(UUID(each) for each in orjson.loads(row.says.removeprefix(_SAYS))))
        for row in rows
    ]


def statements(declared: Sequence[View], schema: str, projects: Sequence[UUID]) -> list[str]:
    """Return what fills such a schema, or fills it anew."""
    ids = orjson.dumps(sorted(map(str, projects))).decode()
    said = [
        f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}",
        f"COMMENT ON SCHEMA {quoted(schema)} IS {literal(_SAYS + ids)}",
    ]
    said += taken_away(declared, schema)
    held = [
        (view, condition)
        for view in declared
        if (condition := _condition(view, declared, projects)) is not None
    ]
    said += [
        f"CREATE VIEW {quoted(schema)}.{view.name} WITH (security_barrier) AS"
        f" SELECT {_columns(view, projects)} FROM {SCHEMA}.{view.name} v WHERE {condition}"
        for view, condition in held
    ]
    return said + comments([view for view, _ in held], quoted(schema))


def _columns(view: View, projects: Sequence[UUID]) -> str:
    """Return the columns of a view; what tells of an item or a project that is none of these is null."""
    if (held := _held(view.name, projects)) is None:
        return "v.*"
    return ", ".join(
        f"{held[each.name]} AS {each.name}" if each.name in held else f"v.{each.name}"
        for each in view.columns
    )


def _held(name: str, projects: Sequence[UUID]) -> dict[str, str] | None:
    """Return by column what stands there in a view that may tell of others; None: this one does not."""

    def seen(project: str) -> str:
        return _mine(projects, project)

    if name == "fact_work_item":
        above = (
            f"EXISTS (SELECT 1 FROM {SCHEMA}.fact_work_item a WHERE a.source_id = v.source_id"
            f" AND a.work_item_key = v.parent_key AND {seen('a.project_id')})"
        )
        return {"parent_key": f"CASE WHEN {above} THEN v.parent_key END"}
    if name == "fact_work_item_change":
        return {
            each: change_where_seen(f"v.{each}", "v.field", "v.work_item_id", seen)
            for each in ("from_value", "to_value")
        }
    if name == "fact_work_item_field":
        # As it was read: {"name": …, "type": …, "value": …}.
        kind, written = (
            f"coalesce({_PART.format(part)}, {other})"
            for part, other in (("type", "''"), ("value", "v.value"))
        )
        return {"value": field_where_seen("v.value", kind, written, "v.work_item_id", seen)}
    return None


def taken_away(declared: Sequence[View], schema: str) -> list[str]:
    """Return what drops its views, so that those below can change."""
    return [f"DROP VIEW IF EXISTS {quoted(schema)}.{view.name}" for view in declared]


def build_limited(connection: Connection, declared: Sequence[View], found: Limited) -> None:
    """Fill a limited schema anew."""
    run(connection, "; ".join(statements(declared, found.schema, found.projects)))


def _condition(view: View, declared: Sequence[View], projects: Sequence[UUID]) -> str | None:
    """Return which rows of a view belong to the projects; None: no row may be seen."""
    if view.name in _FOR_ALL:
        return "true"
    if view.name in _FOR_NOBODY:
        return None
    mine = _mine(projects)
    if _has(view, "project_id"):
        return mine
    if view.name in (ways := _ways(declared, mine)):
        key, said = ways[view.name]
        return f"{key} IN ({' UNION '.join(said)})"
    if _has(view, "work_item_id"):
        return f"work_item_id IN (SELECT work_item_id FROM {SCHEMA}.fact_work_item WHERE {mine})"
    raise ValueError(f"{view.name}: nothing says which project a row belongs to")


def _mine(projects: Sequence[UUID], project: str = "project_id") -> str:
    return f"{project} = ANY(ARRAY[{', '.join(literal(str(each)) for each in projects)}]::uuid[])"


def _ways(declared: Sequence[View], mine: str) -> dict[str, tuple[str, list[str]]]:
    """Return by which key, and from where, the projects lead to what groups them."""
    programmes = [
        f"SELECT programme_id FROM {SCHEMA}.{name} WHERE {mine}"
        for name in ("bridge_programme_project", "dim_project")
    ]
    of_programmes = f"programme_id IN ({' UNION '.join(programmes)})"
    portfolios = [
        f"SELECT portfolio_id FROM {SCHEMA}.dim_project WHERE {mine}",
        f"SELECT portfolio_id FROM {SCHEMA}.dim_programme WHERE {of_programmes}",
    ]
    # What is bound to them, if nothing was read yet; and whatever else names both.
    sources = [f"SELECT source_id FROM public.scope WHERE {mine}"] + [
        f"SELECT source_id FROM {SCHEMA}.{view.name} WHERE {mine}"
        for view in declared
        if _has(view, "project_id") and _has(view, "source_id") and view.name not in _BY_SCOPE
    ]
    return {
        "dim_portfolio": ("portfolio_id", portfolios),
        "dim_programme": ("programme_id", programmes),
        "dim_source": ("source_id", sources),
    }


def _has(view: View, column: str) -> bool:
    return any(each.name == column for each in view.columns)
