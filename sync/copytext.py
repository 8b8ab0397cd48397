r"""Rows as PostgreSQL's COPY reads them: the text format, made where a page is prepared.

https://www.postgresql.org/docs/current/sql-copy.html: columns apart by tabs, rows by line feeds, `\N` is NULL, and a
backslash before what would be mistaken for one of these.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sync.json import dumps

# Characters that hardly any text holds stand for the tab, NULL and the backslash of binary values while a page is
# put together; whether anything in it needs a backslash is then one look at the page and not one at every value.
_BETWEEN: Final = "\x1f"
_NULL: Final = "\x1e"
_BINARY: Final = "\x1d"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_lines(rows: Sequence[Sequence[Any]], json_columns: Iterable[int] = ()) -> list[bytes]:
    """Return each row as a line with its line feed. All rows are of one length.

    `json_columns` are written as JSON, whatever they hold; other lists become arrays of texts.
    """
    if not rows:
        return []
    as_json = frozenset(json_columns)
    if as_json:
        rows = [
            [
                dumps(value) if place in as_json and value is not None else value
                for place, value in enumerate(row)
            ]
            for row in rows
        ]
    nulls = 0
    joined = []
    for row in rows:
        nulls += row.count(None)
        joined.append(
            _BETWEEN.join([each if each.__class__ is str else _FORMS[each.__class__](each) for each in row])
        )
    page = "\n".join(joined)
    plain = (
        "\\" not in page
        and "\t" not in page
        and "\r" not in page
        and page.count("\n") == len(rows) - 1
        and page.count(_BETWEEN) == len(rows) * (len(rows[0]) - 1)
        and page.count(_NULL) == nulls
        and page.count(_BINARY) == len(rows) * sum(isinstance(each, bytes) for each in rows[0])
    )
    if not plain:
        return [_careful(row) for row in rows]
    whole = page.replace(_BETWEEN, "\t").replace(_NULL, "\\N").replace(_BINARY, "\\\\").encode()
    return [line + b"\n" for line in whole.split(b"\n")]


def _careful(row: Sequence[Any]) -> bytes:
    """Write one row with a backslash wherever one is due."""
    values = [
        "\\N"
        if each is None
        else "\\\\x" + each.hex()
        if isinstance(each, bytes)
        else (each if isinstance(each, str) else _FORMS[type(each)](each)).translate(_ESCAPES)
        for each in row
    ]
    return ("\t".join(values) + "\n").encode()


def _array(values: Sequence[Any]) -> str:
    quoted = (
        "NULL" if each is None else '"' + str(each).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for each in values
    )
    return "{" + ",".join(quoted) + "}"


_FORMS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _: _NULL,
    bool: lambda value: "t" if value else "f",
    int: str,
    float: repr,
    Decimal: str,
    datetime: str,
    date: str,
    list: _array,
    tuple: _array,
    bytes: lambda value: f"{_BINARY}x{value.hex()}",
}
