"""Requests that differ from one before in values only: its statement is asked once more, with theirs.

To read a request, to write SQL for it and to compile that takes longer than the database takes for a page. So the
values written in its `$filter` or `$apply`, and the place of its page, are taken out of it; what is left is its shape,
and whatever is not known for certain to be one has none. Of a shape that comes the second time the statement is kept,
if each of those values is a parameter of it and nothing else: where one decides more, such as a type or a number of
rows, every request is read anew.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote_plus

import psycopg
from sqlalchemy import Connection

from api.odata.edm import Model
from api.odata.exchange import Answer, Request
from api.odata.problems import Problem
from api.odata.query.fetching import Binary
from api.odata.query.literals import Written
from api.odata.query.paging import nulls_of
from api.odata.syntax.scanner import Scanner
from api.odata.tracking import asked_of
from api.odata.writing import Noted

_MOST: Final = 256  # shapes
_LONGEST: Final = 4096  # characters of a query
_COUNT: Final = "/$count"
_VALUED: Final = frozenset(
    ["$filter", "$apply"]
)  # of which there is one, or places in them would be mixed up
_PLAIN: Final = re.compile(r"[\w.*/, ]*")  # names and nothing written out
_NESTED: Final = re.compile(r"[\w.*/, ()$=;]*")  # of another statement, and the same in all of a shape
_FIXED: Final = frozenset(["$select", "$orderby", "$top", "$format"])
_VALUE: Final = re.compile(
    r"""(?<![\w.'"@$:+-])(?:
    (?P<text>'(?:[^']|'')*')
    |(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})
    |(?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?Z)
    |(?P<day>\d{4}-\d\d-\d\d)
    |(?P<decimal>\d{1,15}\.\d{1,15})
    |(?P<whole>\d{1,15})
    )(?![\w.'":+-])""",
    re.VERBOSE | re.ASCII,
)
# What asks for the time is of another value each time; quotation marks hold what is not told apart here.
_OTHER: Final = re.compile(r'now\s*\(|["\x00]', re.IGNORECASE)
_DECIDES: Final = ("accept", "prefer", "odata-maxversion", "odata-version", "odata-isolation", "isolation")


@dataclass(frozen=True, slots=True)
class Taken:
    """A request taken apart: its shape, its values in their order, where they stood, and the place of its page."""

    shape: tuple[Any, ...]
    values: Sequence[Any] = ()
    places: Sequence[int] = ()
    skiptoken: str | None = None


def taken(model: Model, request: Request, caller: Any) -> Taken | None:
    """Take a request apart; None where it has no shape."""
    path = request.path
    set_ = model.by_name.get(path.removeprefix("/").removesuffix(_COUNT))
    if set_ is None or set_.singleton or len(request.query) > _LONGEST:
        return None
    parts: dict[str, Any] = {}
    values: list[Any] = []
    places: list[int] = []
    skiptoken = None
    for part in request.query.split("&"):
        raw, _, encoded = part.partition("=")
        name, text = unquote_plus(raw), unquote_plus(encoded)
        if name in parts:
            return None
        if name == "$skiptoken":
            skiptoken, parts[name] = text, nulls_of(text)
        elif name in _VALUED and not _VALUED & parts.keys() and not _OTHER.search(text):
            parts[name] = _apart(text, values, places)
        elif (name in _FIXED and _PLAIN.fullmatch(text)) or (
            name == "$expand" and _NESTED.fullmatch(text) and not _OTHER.search(text)
        ):
            parts[name] = text
        if parts.get(name) is None:
            return None
    deciding = tuple(request.header(each) for each in _DECIDES)
    shape = (path, request.root, caller, deciding, tuple(parts.items()))
    return Taken(shape, values, places, skiptoken) if isinstance(caller, Hashable) else None


def _apart(text: str, values: list[Any], places: list[int]) -> str | None:
    """Take the values out of an option, with their places; None where one is none."""
    shape, end = [], 0
    for found in _VALUE.finditer(text):
        scanner = Scanner(found[0], "")
        try:
            literal = scanner.literal()
        except Problem:
            return None
        if literal is None or not scanner.done():
            return None
        values.append(literal.value)
        places.append(found.start())
        shape += [text[end : found.start()], f"\x00{found.lastgroup}"]
        end = found.end()
    return "".join([*shape, text[end:]])


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement that is ready to be asked: its text, its parameters, and which of them are values of a request.

    `given` are numbers of values, from 0 up, or of the keys that a page comes behind, from -1 down.
    """

    noted: Noted
    sql: str
    fixed: Mapping[str, Any]
    given: Sequence[tuple[int, str, Callable[[Any], Any] | None]]

    def answer(self, request: Request, connection: Connection, asked: Taken) -> Answer:
        """Answer a request of the shape.

        Raises:
            Problem: The place of its page is none of this query.
            psycopg.Error: The database does not do it with these values.
        """
        behind = _behind(self.noted, request, asked)
        parameters = dict(self.fixed)
        for at, name, process in self.given:
            value = asked.values[at] if at >= 0 or behind is None else behind[~at]
            parameters[name] = value if process is None else process(value)
        cursor = Binary(_driver(connection))
        rows = cursor.execute(self.sql, parameters).fetchall()
        cursor.close()
        return self.noted.made(self.noted.again(request, connection), rows, behind)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _behind(noted: Noted, request: Request, asked: Taken) -> list[str | None] | None:
    """Return the keys that a page comes behind; None for a first one."""
    if asked.skiptoken is None or noted.behind is None:
        return None
    return noted.behind(asked.skiptoken, asked_of(request, ignoring=frozenset({"skiptoken", "format"})))


def _prepared(noted: Noted, request: Request, asked: Taken, connection: Connection) -> Ready | None:
    """Make a statement ready; None where a value of the request is not a parameter of it, or more than that."""
    if not isinstance(_driver(connection), psycopg.Connection):
        return None
    wanted = {at: (number, asked.values[number]) for number, at in enumerate(asked.places)}
    behind = _behind(noted, request, asked) or ()
    wanted |= {~at: (~at, text) for at, text in enumerate(behind) if text is not None}
    compiled: Any = noted.statement.compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    processors = compiled._bind_processors  # noqa: SLF001 - as whoever executes it does
    given: list[tuple[int, str, Callable[[Any], Any] | None]] = []
    for bound, name in compiled.bind_names.items():
        if isinstance(bound, Written) and bound.at in wanted:
            number, value = wanted[bound.at]
            if type(bound.raw) is not type(value) or bound.raw != value:
                return None
            given.append((number, name, processors.get(name)))
    if {number for number, *_ in given} != {number for number, _ in wanted.values()}:
        return None
    if compiled.escaped_bind_names:
        return None
    fixed = {
        name: processors[name](value) if name in processors else value
        for name, value in compiled.construct_params().items()
    }
    about = noted.by.request  # nothing of who asked is kept: their key stands in its headers
    by = noted.again(Request(about.method, about.path, "", {}, about.root), connection)
    return Ready(replace(noted, by=by), compiled.string, fixed, tuple(given))


@dataclass(slots=True)
class Shapes:
    """The shapes that came last: None where there is nothing to be kept of one. Safe among threads."""

    _known: OrderedDict[tuple[Any, ...], Ready | None] = field(default_factory=OrderedDict)
    _seen: OrderedDict[tuple[Any, ...], bool] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ready(self, asked: Taken) -> Ready | None:
        """Return what is ready for a request."""
        with self._lock:
            found = self._known.get(asked.shape)
            if found is not None:
                self._known.move_to_end(asked.shape)
            return found

    def note(self, asked: Taken, notes: Sequence[Noted], request: Request, connection: Connection) -> None:
        """Note how a request was answered; the second of a shape makes it ready for the third."""
        with self._lock:
            if asked.shape in self._known or not self._again(asked.shape):
                return
        made = None
        if len(notes) == 1 and (asked.skiptoken is None or notes[0].behind is not None):
            made = _prepared(notes[0], request, asked, connection)
        with self._lock:
            self._known[asked.shape] = made
            while len(self._known) > _MOST:
                self._known.popitem(last=False)

    def _again(self, shape: tuple[Any, ...]) -> bool:
        """Say whether a shape was seen before."""
        if self._seen.pop(shape, False):
            return True
        self._seen[shape] = True
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return False
