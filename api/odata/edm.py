"""The declarative entity model: types, sets and where their rows are. Everything reachable by name is listed here.

A property names the column of its set's source that holds it; nothing else of the source can be reached. Sources
are SQLAlchemy tables or subqueries, and each query works on an alias of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause

# Primitive types (CSDL 4.4), and which of them may be compared or reckoned with each other.
NUMERIC: Final = (
    "Edm.SByte", "Edm.Byte", "Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Decimal", "Edm.Single", "Edm.Double",
)  # fmt: skip
WHOLE: Final = ("Edm.SByte", "Edm.Byte", "Edm.Int16", "Edm.Int32", "Edm.Int64")
PRIMITIVE: Final = frozenset(
    [*NUMERIC, "Edm.Boolean", "Edm.String", "Edm.Guid", "Edm.Date", "Edm.DateTimeOffset", "Edm.TimeOfDay",
     "Edm.Duration", "Edm.Binary"]
)  # fmt: skip


class InvalidModel(ValueError):
    """The model contradicts itself; the message says where."""


@dataclass(frozen=True, slots=True)
class EnumType:
    """Names with numbers. `flags` may be combined. Rows hold the name of one, or the number of flags."""

    name: str
    members: Mapping[str, int]
    flags: bool = False


@dataclass(frozen=True, slots=True)
class ComplexType:
    """Properties without a key, held in the columns of whatever has them."""

    name: str
    properties: tuple["Property", ...]


@dataclass(frozen=True, slots=True)
class Property:
    """A value of a row.

    `column` is the source's column, the property's own name where it is not given; of a complex property
    it is what the columns of its parts begin with. A collection's column is a PostgreSQL array; of structures it is
    a JSON list of objects.
    """

    name: str
    type: "str | EnumType | ComplexType"
    column: str | None = None
    nullable: bool = True
    collection: bool = False
    says: str | None = None  # what it is, for those who look at the metadata
    precision: int | None = None
    scale: int | None = None

    @property
    def held_in(self) -> str:
        """The column it is read from."""
        return self.column or self.name


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way to other rows.

    `on` is what joins an alias of this source with one of the target's. A many-to-many way leads `through` a
    table of pairs, of which `on` gets an alias as its third argument.
    """

    name: str
    target: str  # entity set
    on: Callable[..., ColumnElement[bool]]
    collection: bool = False
    through: FromClause | None = None
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class EntityType:
    """What rows of a set are. `base` is the type it derives from; `key` is inherited.

    `open` is a column of JSON objects: a row has what stands in there as properties too, whatever their names.
    """

    name: str
    properties: tuple[Property, ...]
    key: tuple[str, ...] = ()
    navigations: tuple[Navigation, ...] = ()
    base: "EntityType | None" = None
    says: str | None = None
    open: str | None = None

    def opened(self) -> str | None:
        """Return the column of its dynamic properties, its own or that of a base."""
        return self.open or (self.base.opened() if self.base else None)

    def all_properties(self) -> dict[str, Property]:
        """Return its properties and those of its bases, the bases' first."""
        found = self.base.all_properties() if self.base else {}
        return found | {each.name: each for each in self.properties}

    def all_navigations(self) -> dict[str, Navigation]:
        """Return its ways to other rows and those of its bases, the bases' first."""
        found = self.base.all_navigations() if self.base else {}
        return found | {each.name: each for each in self.navigations}

    def key_names(self) -> tuple[str, ...]:
        """Return the names of its key's properties."""
        return self.key or (self.base.key_names() if self.base else ())

    def is_a(self, other: "EntityType") -> bool:
        """Say whether it is another type or derives from it."""
        return self is other or (self.base is not None and self.base.is_a(other))


@dataclass(frozen=True, slots=True)
class Changes:
    """How a set tells what changed, so that clients may ask for that alone (delta links, protocol 11.3).

    `column` is of the source: when a row last changed, as an instant or a number that only grows; never null. `mark`
    gives SQL for where the present moment stands on that scale: whatever is committed later must have a `column` at or
    above it, so that it lies back by as much as a writer may take. Rows changed at the mark come once more, none is
    missed. Who asks in a transaction that reads one state has to ask for the mark before that state (`Request.mark`):
    else what is committed between the two is in neither.

    `removed` are rows that are no more: a source with the key's columns under the names they have in the set's source,
    `column`, and whatever `visible` looks at. With `together` `column` is that of what a row belongs to: when a row
    of it changed or left, all others of it come. `gone` is a column of the source that is true of rows that are kept
    but count as removed. `oldest` gives SQL for the mark before which `removed` is no longer complete; a delta link
    from before it is answered with 410. `rights` sums up what a caller may see: when it changes, a client starts again.
    """

    column: str
    mark: Callable[[], ColumnElement[Any]]
    removed: FromClause | None = None
    gone: str | None = None
    together: bool = False
    oldest: Callable[[], ColumnElement[Any]] | None = None
    rights: Callable[[Any], str] = lambda _caller: ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query option of a set's own, such as `as_of`: the condition that its text puts on an alias of the source.

    `condition` raises ValueError with what it expects where the text is wrong.
    """

    condition: Callable[[FromClause, str], ColumnElement[bool]]
    says: str


@dataclass(frozen=True, slots=True)
class EntitySet:
    """Rows of a type that can be asked for.

    `derived` says by which value of `kind` (a column) rows are of which derived type. `visible` gives the
    condition that a caller's rights put on an alias of the source. `search` are the properties that are looked
    in. `singleton` sets have one row. `changes` lets clients ask for what changed. `parameters` are query options
    of its own, by name. `day` is the property that says of which day a row is, in a set of many rows a day: who sums
    over them without naming it is warned. `core` has the very same rows with fewer columns, and is read where these
    are enough to count or to group by: a join that gives nothing still keeps the database from an index alone.
    """

    name: str
    type: EntityType
    source: FromClause
    visible: Callable[[FromClause, Any], ColumnElement[bool]] | None = None
    search: tuple[str, ...] = ()
    kind: str | None = None
    derived: Mapping[str, EntityType] = field(default_factory=dict)
    singleton: bool = False
    says: str | None = None
    changes: Changes | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    day: str | None = None
    core: FromClause | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """Something reckoned on request. `gives` is a primitive type or, for rows, the name of their set.

    `bound` is the type of the row it is asked of, `of_collection` says that it is asked of many of them. Without it
    a function stands at the root, under its own name. `sql` gets an alias of what it is bound to (None at the root),
    an alias of the rows it gives (None for a value), and its arguments by name, and returns the value, or the condition
    on rows to be given. What is bound to a collection gives some of its rows: both aliases are the same.
    """

    name: str
    gives: str
    sql: Callable[[Any, Any, Mapping[str, ColumnElement[Any]]], ColumnElement[Any]]
    parameters: Mapping[str, str] = field(default_factory=dict)
    bound: EntityType | None = None
    of_collection: bool = False
    collection: bool = False
    says: str | None = None

    @property
    def is_value(self) -> bool:
        """Whether it gives a value and not rows."""
        return self.gives.startswith("Edm.")


@dataclass(frozen=True, slots=True)
class Model:
    """All of a service: its sets by name, its types, its functions, its namespace and version."""

    namespace: str
    sets: tuple[EntitySet, ...]
    enums: tuple[EnumType, ...] = ()
    functions: tuple[Function, ...] = ()
    container: str = "Container"
    version: str = "1.0"
    by_name: Mapping[str, EntitySet] = field(init=False)
    types: Mapping[str, EntityType] = field(init=False)

    def __post_init__(self) -> None:
        """Look whether it holds together.

        Raises:
            InvalidModel: A name is taken twice, or leads nowhere.
        """
        by_name: dict[str, EntitySet] = {}
        types: dict[str, EntityType] = {}
        for each in self.sets:
            if by_name.setdefault(each.name, each) is not each:
                raise InvalidModel(f"two sets are called {each.name}")
            for type_ in (each.type, *each.derived.values()):
                if types.setdefault(type_.name, type_) is not type_:
                    raise InvalidModel(f"two types are called {type_.name}")
        object.__setattr__(self, "by_name", by_name)
        object.__setattr__(self, "types", types)
        for each in self.sets:
            self._check(each)
        for function in self.functions:
            self._check_function(function)

    def _check_function(self, each: Function) -> None:
        if each.is_value == (each.gives in self.by_name):
            raise InvalidModel(f"{each.name} gives {each.gives}, which is no primitive type and no set")
        if each.of_collection and (
            each.bound is None or each.is_value or not each.bound.is_a(self.by_name[each.gives].type)
        ):
            raise InvalidModel(f"{each.name} is bound to a collection: it gives some of its rows")

    def _check(self, each: EntitySet) -> None:
        columns = set(each.source.c.keys())
        for type_ in (each.type, *each.derived.values()):
            for name, held in columns_of(type_).items():
                if held not in columns:
                    raise InvalidModel(
                        f"{each.name}: {name} is held in {held}, which the source does not have"
                    )
            for navigation in type_.all_navigations().values():
                if navigation.through is not None and not navigation.collection:
                    raise InvalidModel(f"{type_.name}/{navigation.name}: a way through pairs leads to many")
                if navigation.target not in self.by_name:
                    raise InvalidModel(f"{type_.name}/{navigation.name}: there is no set {navigation.target}")
            if not type_.key_names() and not each.singleton:
                raise InvalidModel(f"{type_.name} has no key")
        if each.changes is not None:
            _check_changes(each, each.changes)

    def type_named(self, qualified: str) -> EntityType | None:
        """Return the entity type of a name, with the namespace or without."""
        return self.types.get(qualified.removeprefix(f"{self.namespace}."))

    def function(
        self, qualified: str, bound: EntityType | None = None, *, of_collection: bool = False
    ) -> Function | None:
        """Return the function of a name that can be asked of a row of a type, of many, or of nothing."""
        name = qualified.removeprefix(f"{self.namespace}.")
        for each in self.functions:
            fits = (bound is not None and bound.is_a(each.bound)) if each.bound else bound is None
            if each.name == name and fits and each.of_collection == of_collection:
                return each
        return None

    def enum_named(self, qualified: str) -> EnumType | None:
        """Return the enumeration of a name, with the namespace or without."""
        name = qualified.removeprefix(f"{self.namespace}.")
        return next((each for each in self.enums if each.name == name), None)


def _check_changes(each: EntitySet, changes: Changes) -> None:
    """Look whether what is told of a set's changes is there."""
    keys = [each.type.all_properties()[name].held_in for name in each.type.key_names()]
    needed = [(each.source, [changes.column, *filter(None, [changes.gone])])]
    if changes.removed is not None:
        needed.append((changes.removed, [changes.column, *keys]))
    for source, columns in needed:
        for column in columns:
            if column not in source.c:
                raise InvalidModel(f"{each.name}: changes need a column {column}, which is not there")


def columns_of(type_: EntityType) -> dict[str, str]:
    """Return the columns of a type's simple properties, those of complex ones included, by path."""
    found: dict[str, str] = {}
    for each in type_.all_properties().values():
        _columns(each, each.name, "", found)
    return found


def _columns(each: Property, path: str, before: str, found: dict[str, str]) -> None:
    held = before + each.held_in
    if isinstance(each.type, ComplexType) and not each.collection:
        for part in each.type.properties:
            _columns(part, f"{path}/{part.name}", held, found)
    else:
        found[path] = held
