"""How the feed's sets are declared: each property with its type, what it is, and the SQL it is read from.

Names and types are a contract: properties are added, never renamed and never removed under one version.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Double,
    Float,
    FromClause,
    Integer,
    Label,
    Numeric,
    cast,
    false,
    func,
    select,
    true,
)
from sqlalchemy.sql.visitors import iterate

from api.feed.changed import changes
from api.odata.edm import EntitySet, EntityType, Navigation, Parameter, Property

PROJECT: Final = "_project"  # the column that decides who may see a row
Visible = frozenset[Any] | None  # project ids; None: every row


@dataclass(frozen=True, slots=True)
class Moment:
    """A day that is looked back at. `until` is its end, in the time zone that the office's dates are in."""

    day: date
    until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """One property: `type` is of the Edm namespace; `says` is its description in the metadata."""

    name: str
    type: str
    sql: ColumnElement[Any]
    says: str | None = None
    nullable: bool = True
    is_key: bool | None = None  # None: where it is not nullable


def text(name: str, sql: Any, says: str | None = None) -> Held:
    """Declare a text."""
    return Held(name, "String", sql, says)


def number(name: str, sql: Any, says: str | None = None) -> Held:
    """Declare a number with decimals."""
    exact = isinstance(sql.type, Numeric) and not isinstance(sql.type, Float)
    return Held(name, "Double", cast(sql, Double()) if exact else sql, says)


def money(name: str, sql: Any, says: str | None = None) -> Held:
    """Declare an amount of money."""
    return Held(name, "Decimal", sql, says)


def whole(name: str, sql: Any, says: str | None = None) -> Held:
    """Declare a whole number."""
    return Held(name, "Int64", sql, says)


def flag(name: str, sql: Any, says: str | None = None) -> Held:
    """Declare a yes or no."""
    return Held(name, "Boolean", sql, says)


def guid(name: str, sql: Any, says: str | None = None) -> Held:
    """Declare an id."""
    return Held(name, "Guid", sql, says)


def key(name: str, type_: str, sql: Any, says: str | None = None) -> Held:
    """Declare a part of the key."""
    return Held(name, type_, sql, says, nullable=False)


def day(name: str, sql: Any, says: str | None = None) -> list[Held]:
    """Declare a day, with the key of it for a date table beside it."""
    return [Held(name, "Date", sql, says), Held(f"{name}SK", "Int32", _day_key(sql), None)]


def instant(name: str, sql: Any, says: str | None = None) -> list[Held]:
    """Declare an instant, with the key of its day in UTC beside it: `ChangedAt` and `ChangedDateSK`."""
    base = name.removesuffix("At")
    return [
        Held(name, "DateTimeOffset", sql, says),
        Held(f"{base}DateSK", "Int32", _day_key(func.timezone("UTC", sql)), None),
    ]


class Latest:
    """A stamp that is that of several rows: the latest of them."""

    def __init__(self, changed_at: ColumnElement[Any]) -> None:
        self.changed_at = changed_at


def stamp(table: Any) -> list[Held]:
    """Declare when a row last changed here, with the key of that day."""
    changed, day_key = instant(
        "ChangedAt", table.changed_at, "When it last changed here; ask for what is newer by it"
    )
    return [
        Held(changed.name, changed.type, changed.sql, changed.says, nullable=False, is_key=False),
        day_key,
    ]


def _day_key(sql: Any) -> ColumnElement[Any]:
    return cast(func.to_char(sql, "YYYYMMDD"), Integer)


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a set's rows are.

    `where` says which rows of the source belong to it. `project` is the id of the project a row belongs to: who
    may not see all projects sees no other row. With `everything` only who may see all projects sees any row. `shown`
    gives the condition where neither says it: on an alias of the set's rows, for the ids of the visible projects.
    A set with none of the three is for all, so that nothing of a project may stand in it.
    A row that is no more is kept and marked; where it is not, `removed` has the keys of such rows, under their
    properties' names, with `ChangedAt` and what `project` is; with `together` a row's `ChangedAt` is its owner's.
    `moment` is the day whose rows they are; None: those of now. `core` is the table in it that has one row for each,
    where the others of the source add columns only. With `by_day` a project has a row for each day, of `AsOf`.
    """

    source: FromClause
    where: tuple[ColumnElement[bool], ...] = ()
    project: Any = None
    everything: bool = False
    shown: Callable[[FromClause, Any], ColumnElement[bool]] | None = None
    removed: FromClause | None = None
    together: bool = False
    moment: Moment | None = None
    core: FromClause | None = None
    by_day: bool = False


def entity_set(
    name: str,
    type_name: str,
    held: Sequence[Held | list[Held]],
    rows: Rows,
    *,
    says: str,
    ways: Sequence[Navigation] = (),
    search: tuple[str, ...] = (),
) -> EntitySet:
    """Declare a set of rows of a type; the properties that are not nullable are its key.

    One with `ChangedAt` tells its changes, but for a moment that is past: nothing of that changes.
    """
    flat = [each for one_ in held for each in (one_ if isinstance(one_, list) else [one_])]
    columns = [each.sql.label(each.name) for each in flat]
    if rows.project is not None:
        columns.append(rows.project.label(PROJECT))
    source = select(*columns).select_from(rows.source).where(*rows.where).subquery()
    properties = tuple(
        Property(each.name, f"Edm.{each.type}", nullable=each.nullable, says=each.says) for each in flat
    )
    names = {each.name for each in flat}
    keys = tuple(each.name for each in flat if (not each.nullable if each.is_key is None else each.is_key))
    tells = rows.moment is None and "ChangedAt" in names
    type_ = EntityType(type_name, properties, keys, tuple(ways), says=says)
    return EntitySet(
        name, type_, source, visible=_visible(rows), search=search, says=says,
        changes=changes(
            gone="IsDeleted" if "IsDeleted" in names else None, removed=rows.removed, together=rows.together
        ) if tells else None,
        parameters={"as_of": _ELSEWHERE if rows.moment is None else _AS_OF},
        day="AsOf" if rows.by_day else None,
        core=None if rows.core is None else _core(rows.core, columns, rows.where),
    )  # fmt: skip


def _core(
    table: FromClause, columns: Sequence[Label[Any]], where: Sequence[ColumnElement[bool]]
) -> FromClause:
    """Return the rows with the columns that need no other table."""

    def is_its_own(each: ColumnElement[Any]) -> bool:
        return all(part.table is table for part in iterate(each) if isinstance(part, Column))

    return select(*filter(is_its_own, columns)).select_from(table).where(*where).subquery()


def _refused(_source: FromClause, _day: str) -> ColumnElement[bool]:
    raise ValueError("cannot be asked for in here; send it as a request of its own")


# The rows of such a set are already those of the day; the option only has to be one that is known.
_AS_OF: Final = Parameter(lambda _source, _day: true(), "The day that is looked back at")
_ELSEWHERE: Final = Parameter(_refused, "The day that is looked back at")


def _visible(rows: Rows) -> Callable[[FromClause, Any], ColumnElement[bool]]:
    def condition(source: FromClause, visible: Visible) -> ColumnElement[bool]:
        if visible is None:
            return true()
        if rows.shown is not None:
            return rows.shown(source, visible)
        if rows.project is not None:
            return source.c[PROJECT].in_(visible)
        return false() if rows.everything else true()

    return condition


def one(name: str, target: str, mine: str, theirs: str, *, partner: str | None = None) -> Navigation:
    """Declare a way to one row: my column is their column."""
    return Navigation(name, target, lambda me, it: me.c[mine] == it.c[theirs], partner=partner)


def many(name: str, target: str, mine: str, theirs: str, *, partner: str | None = None) -> Navigation:
    """Declare a way to many rows."""
    return Navigation(
        name, target, lambda me, it: me.c[mine] == it.c[theirs], collection=True, partner=partner
    )
