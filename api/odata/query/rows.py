"""Rows of a set as objects: selected, filtered, sorted, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, true

from api.odata.edm import ComplexType, EntitySet, EntityType, EnumType, Property
from api.odata.problems import Unsupported, within
from api.odata.query.dynamic import UNTYPED
from api.odata.query.expression import computed, condition, value, wrong
from api.odata.query.fetching import fetched
from api.odata.query.literals import fixed
from api.odata.query.paging import SortKey, behind, place, token
from api.odata.query.scope import Context, Scope, of_type, seen
from api.odata.query.searching import searched
from api.odata.query.shape import Columns, Shapes, shapes
from api.odata.query.statement import select
from api.odata.query.typed import Entity, Value
from api.odata.syntax.tree import Options


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one answer may hold: rows of a page, and rows that an `$expand` may bring with them.

    What it brings is counted twice: rows read (`expanded`), and rows written (`written`), a row that
    many share once below each of them.
    A page has `page` rows, and `most` where the client prefers so many.
    """

    page: int = 1_000
    expanded: int = 20_000
    most: int = 10_000
    written: int = 50_000


@dataclass(frozen=True, slots=True)
class Format:
    """How values are written; `full` with all control information, of expanded rows too."""

    big_as_text: bool = False
    nulls: bool = True
    full: bool = False


@dataclass(slots=True)
class Page:
    """Some rows. `keys` are their keys as Python values; `next` is the mark to go on from, None at the end."""

    rows: list[dict[str, Any]]
    keys: list[tuple[Any, ...]]
    next: str | None = None
    count: int | None = None


@dataclass(slots=True)
class Query:
    """One set's rows, with what belongs to a request put on top: the one way rows are read.

    `sorted` is the order they have already, which stays where they are not told apart by the one asked for.
    """

    context: Context
    set: EntitySet
    type: EntityType
    source: FromClause
    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    besides: tuple[FromClause, ...] = ()
    sorted: list[SortKey] = field(default_factory=list)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what the caller may see, and of a derived type with rows of it."""
        self.scope = Scope(self.context, Entity(self.source, self.set, self.type))
        self.conditions.append(seen(self.context, self.set, self.source))
        if self.type is not self.set.type:
            self.conditions.append(of_type(self.set, self.type, self.source))

    def narrow(self, options: Options) -> None:
        """Put `$compute`, `$filter` and `$search` on it."""
        with within("$compute"):
            for item in options.compute or ():
                if item.name in self.type.all_properties():
                    raise wrong(item, f"{self.type.name} has a {item.name} already")
                self.scope.computed[item.name] = computed(item, self.scope)
        with within("$filter"):
            if options.filter is not None:
                self.conditions.append(condition(options.filter, self.scope))
        if options.search is not None:
            self.conditions.append(searched(self.set, self.type, self.source, options.search))

    def key_values(self) -> list[Value]:
        """Return the key's properties as values."""
        properties = self.type.all_properties()
        found = [properties[name] for name in self.type.key_names()]
        return [Value(self.source.c[each.held_in], _simple(each), nullable=False) for each in found]

    def order(self, options: Options) -> list[SortKey]:
        """Return the order asked for, with the key behind it so that no two rows are equal."""
        with within("$orderby"):
            keys = [
                SortKey(value(each.expression, self.scope), each.descending) for each in options.orderby or ()
            ]
        for each in [*keys, *self.sorted]:
            if each.value.type == UNTYPED:
                says = f"$orderby, character {each.value.at + 1}: a dynamic property is cast to a type to be sorted by"
                raise Unsupported(says, target="$orderby", at=each.value.at)
        # The key goes the way of the last of them, so that an index serves the order from either end.
        down = bool(keys) and keys[-1].descending
        return [*keys, *self.sorted, *(SortKey(each, down) for each in self.key_values())]

    def shapes(self, options: Options, columns: Columns, form: Format) -> Shapes:
        """Choose the columns."""
        computed = {name: each for name, each in self.scope.computed.items() if isinstance(each, Value)}
        row = Entity(self.source, self.set, self.type)
        return shapes(
            self.context.model,
            row,
            columns,
            select=options.select,
            computed=computed,
            big_as_text=form.big_as_text,
        )

    def statement(self, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """Select columns from the rows that are left."""
        whole = self.source
        for each in self.besides:
            whole = whole.join(each, true())
        whole = self.scope.joined(whole)
        return select(*columns).select_from(whole).where(*self.conditions)

    def counted(self) -> Select[Any]:
        """Select how many rows are left."""
        return self.statement([func.count()])


def _simple(each: Property) -> str | EnumType:
    if isinstance(each.type, ComplexType):
        raise TypeError(f"{each.name}: a structure is no key")
    return each.type


@dataclass(frozen=True, slots=True)
class Plan:
    """One page that is to be read: its statement, and how what comes of it becomes objects.

    It stays right for whatever asks for the same and differs in values only. `places` are those of the order's columns,
    the last `keys` of them the key's.
    """

    statement: Select[Any]
    built: Shapes
    order: Sequence[SortKey]
    places: Sequence[int]
    keys: int
    size: int
    left: int | None
    nulls: bool

    def behind(self, skiptoken: str, asked: str) -> list[str | None]:
        """Return the place of a page as the keys of the row before it."""
        return place(skiptoken, self.order, query=asked)[0]

    def page(
        self, found: Sequence[tuple[Any, ...]], *, asked: str, behind: Sequence[str | None] | None = None
    ) -> Page:
        """Put the page together.

        Args:
            found: The statement's rows.
            asked: What the request is, for the mark of the next page.
            behind: The place that it begins at, where it is not the first.
        """
        size, left = self.size, self.left
        rows, mark = found[:size], None
        if len(found) > size and (left is None or left > size):
            rest = None if left is None else left - size
            last = [rows[-1][at] for at in self.places]
            mark = token(last, query=asked, left=rest, behind=behind)
        places = self.places[len(self.places) - self.keys :]
        return Page(
            rows=self.built.build_all(rows, nulls=self.nulls),
            # A singleton has no key, and one row all the same.
            keys=list(zip(*(map(itemgetter(at), rows) for at in places), strict=True)) or [() for _ in rows],
            next=mark,
        )


def _planned(
    query: Query, options: Options, *, limits: Limits, form: Format, asked: str
) -> tuple[Plan, list[str | None] | None]:
    """Return how a page is read, and the place it begins behind.

    Args:
        query: The rows, narrowed.
        options: What is asked of them.
        limits: How many at most.
        form: How values are written.
        asked: What the request is.

    Raises:
        Problem: Something asked for does not fit, or is not done here.
    """
    columns = Columns()
    built = query.shapes(options, columns, form)
    order = query.order(options)
    places = [columns.add(each.value.sql) for each in order]
    left, skip = options.top, options.skip or 0
    after: ColumnElement[bool] = true()
    values: list[str | None] | None = None
    if options.skiptoken is not None:
        values, left = place(options.skiptoken, order, query=asked)
        after, skip = behind(order, values), 0
    size = limits.page if left is None else min(limits.page, left)
    statement = query.statement(columns.labelled()).where(after)
    statement = (
        statement.order_by(*(each.clause() for each in order)).limit(fixed(size + 1)).offset(skip or None)
    )
    plan = Plan(statement, built, order, places, len(query.key_values()), size, left, form.nulls)
    return plan, values


def read(
    connection: Connection, query: Query, options: Options, *, limits: Limits, form: Format, asked: str
) -> tuple[Plan, Page]:
    """Read one page; returns with it how that was done.

    Args:
        connection: Where the source is.
        query: The rows.
        options: What is asked of them.
        limits: How many at most.
        form: How values are written.
        asked: What the request is, for the mark of the next page.

    Raises:
        Problem: Something asked for does not fit, or is not done here.
    """
    query.narrow(options)
    count = connection.scalar(query.counted()) if options.count else None
    plan, behind_ = _planned(query, options, limits=limits, form=form, asked=asked)
    found = fetched(connection, plan.statement) if plan.size else []
    made = plan.page(found, asked=asked, behind=behind_)
    made.count = count
    return plan, made


def page(
    connection: Connection, query: Query, options: Options, *, limits: Limits, form: Format, asked: str
) -> Page:
    """Read one page, as `read` does."""
    return read(connection, query, options, limits=limits, form=form, asked=asked)[1]
