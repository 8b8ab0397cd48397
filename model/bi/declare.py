"""How a view is declared: each column with the SQL it is read from and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

SCHEMA: Final = "bi"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `says` stands as its comment in the database, and in docs/sql.md."""

    name: str
    sql: str
    says: str


@dataclass(frozen=True, slots=True)
class View:
    """One view: `source` is all that stands after FROM."""

    name: str
    says: str
    columns: tuple[Column, ...]
    source: str

    @property
    def select(self) -> str:
        """Return the statement it stands for."""
        columns = ",\n  ".join(f"{each.sql} AS {each.name}" for each in self.columns)
        return f"SELECT\n  {columns}\nFROM {self.source}"


def view(name: str, says: str, columns: Sequence[Column | list[Column]], source: str) -> View:
    """Declare a view."""
    flat = [each for one in columns for each in (one if isinstance(one, list) else [one])]
    return View(name, says, tuple(flat), source)


def column(name: str, sql: str, says: str) -> Column:
    """Declare a column."""
    return Column(name, sql, says)


def day(name: str, sql: str, says: str) -> list[Column]:
    """Declare a day and, beside it, the key of it in `dim_date`."""
    key = Column(f"{_without(name, '_on', '_at')}_date_key", _key(sql), f"Joins dim_date: {name}")
    return [Column(name, sql, says), key]


def instant(name: str, sql: str, says: str) -> list[Column]:
    """Declare an instant and, beside it, the key of its day in UTC."""
    key = _key(f"({sql} AT TIME ZONE 'UTC')")
    return [
        Column(name, sql, says),
        Column(f"{_without(name, '_at')}_date_key", key, f"Joins dim_date: the day of {name} in UTC"),
    ]


def _without(name: str, *endings: str) -> str:
    for ending in endings:
        name = name.removesuffix(ending)
    return name


def _key(sql: str) -> str:
    return f"to_char({sql}, 'YYYYMMDD')::integer"


def decimal(sql: str) -> str:
    """Read a number out of JSON text; null where it is none."""
    return f"CASE WHEN {sql} ~ '^-?[0-9]+([.][0-9]+)?$' THEN ({sql})::numeric END"


def date_of(sql: str) -> str:
    """Read a day out of JSON text; null where it is none."""
    return f"CASE WHEN {sql} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' THEN ({sql})::date END"


def comments(declared: Sequence[View], schema: str = SCHEMA) -> list[str]:
    """Return what puts down what each view and each of its columns says."""
    said = []
    for each in declared:
        said.append(f"COMMENT ON VIEW {schema}.{each.name} IS {literal(each.says)}")
        said += [
            f"COMMENT ON COLUMN {schema}.{each.name}.{held.name} IS {literal(held.says)}"
            for held in each.columns
        ]
    return said


def quoted(name: str) -> str:
    """Return a name as SQL takes any."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as SQL takes any."""
    return "'" + value.replace("'", "''") + "'"


def run(connection: Connection, statement: str) -> None:
    """Carry out a statement as it stands, without parameters."""
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


PROJECT: Final = Column("project_id", "v.project_id", "Joins dim_project; null: nobody bound it to a project")
SOURCE: Final = Column("source_id", "v.source_id", "Joins dim_source")
RECEIPT: Final = Column("receipt", "v.locator", "Where it was read: file!sheet!cell, or the tracker's item")


def records(table: str) -> str:
    """Return the source of a table's records as they stand, with what people answered about each as `a`.

    Answers about records are rows of the same table, and no records; of several the last counts.
    """
    return (
        f"public.{table} v LEFT JOIN (SELECT DISTINCT ON (amends_source_id, amends_external_id) *"
        f" FROM public.{table} WHERE known_to IS NULL AND NOT deleted AND amends_source_id IS NOT NULL"
        " ORDER BY amends_source_id, amends_external_id, known_from DESC, id DESC) a"
        " ON a.amends_source_id = v.source_id AND a.amends_external_id = v.external_id"
        " WHERE v.known_to IS NULL AND NOT v.deleted AND v.amends_source_id IS NULL"
    )


def said(name: str) -> str:
    """Return a record's value: what people answered, where they did, before what the source says."""
    return f"CASE WHEN '{name}' = ANY(a.answered) THEN a.{name} ELSE v.{name} END"


def answered(name: str, says: str, *, called: str | None = None) -> Column:
    """Declare a column of a record that people can answer."""
    return Column(called or name, said(name), says)


def answered_day(name: str, says: str, *, called: str | None = None) -> list[Column]:
    """Declare a day of a record that people can answer."""
    return day(called or name, said(name), says)


def record(table: str, key: str) -> list[Column]:
    """Declare what every record has: its key, its project, its source, and when this became known."""
    return [
        Column(key, "v.id", f"Key; a new one when the {table} is read with other values"),
        PROJECT,
        SOURCE,
        Column("external_id", "v.external_id", "Its id at the source, for ever"),
    ]


def read_at() -> list[Column]:
    """Declare where a record was read, and since when it is known to be so."""
    known = "greatest(v.known_from, a.known_from)"
    return [
        RECEIPT,
        Column("url", "v.url", "Where to look it up"),
        *instant("changed_at", known, "When this version became known"),
    ]
