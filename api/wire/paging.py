"""Keyset paging with opaque cursors: stable while rows come and go, no count, no offset."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends
from fastapi import Query as Parameter
from sqlalchemy import ColumnElement, Select, tuple_
from starlette.requests import Request

from api.wire.problems import Problem

Query = Select[*tuple[Any, ...]]
Key = int | str | tuple[int, str]
MOST = 1000
_UNKNOWN = "cursor: not one that this API gave; start again without it"
_OTHER = "cursor: it belongs to other filters; start again without it"


class Paging:
    """Which page was asked for. Rows come in the order of an id that never changes."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Parameter(ge=1, le=MOST, description="Rows a page")] = 200,
        cursor: Annotated[
            str | None, Parameter(max_length=2000, description="`next` of the page before, as it was given")
        ] = None,
    ) -> None:
        self.limit = limit
        self._filters = _filters(request)
        self._url = request.url
        self.after = None if cursor is None else self._read(cursor)

    def page(
        self, query: Query, key: ColumnElement[Any], *, newest_first: bool = False, after: str | None = None
    ) -> Query:
        """Return the query for this page and one row more, which tells whether there is a next.

        Args:
            query: The listing.
            key: What it is ordered by, and never changes.
            newest_first: Backwards.
            after: The key to go on after, where the cursor holds more than that.

        Raises:
            Problem: 404 when the cursor belongs to another listing.
        """
        if self.after is not None:
            after = _as(key.type.python_type, self.after if after is None else after)
            query = query.where(key < after if newest_first else key > after)
        return query.order_by(key.desc() if newest_first else key).limit(self.limit + 1)

    def whole_number(self) -> int | None:
        """Return the number to go on after, of a listing that is paged by one.

        Raises:
            Problem: 404 when the cursor belongs to another listing.
        """
        if self.after is not None and type(self.after) is not int:
            raise _no_page(_UNKNOWN)
        return self.after

    def page_of_records(
        self, query: Query, source: ColumnElement[int], external: ColumnElement[str]
    ) -> Query:
        """Return the query for this page of versions, one a record, in the order of what names a record for ever.

        So of the parts of things, by the thing's own number and what names the part in it.

        A record that changes between two pages keeps its place: it is seen once, in the version of its page.

        Raises:
            Problem: 404 when the cursor belongs to another listing.
        """
        if self.after is not None:
            if not isinstance(self.after, tuple):
                raise _no_page(_UNKNOWN)
            # Said twice: where the two columns are of two tables, an index serves the first condition alone.
            query = query.where(source >= self.after[0], tuple_(source, external) > tuple_(*self.after))
        return query.order_by(source, external).limit(self.limit + 1)

    def listed(
        self, rows: Sequence[dict[str, Any]], key: str, *, newest_first: bool = False
    ) -> dict[str, Any]:
        """Return this page of a listing that is short enough to be made whole, by a key that never changes.

        Raises:
            Problem: 404 when the cursor belongs to another listing.
        """
        ordered = sorted(rows, key=lambda row: row[key], reverse=newest_first)
        if (after := self.after) is not None:
            if ordered and type(after) is not type(ordered[0][key]):
                raise _no_page(_UNKNOWN)
            ordered = [row for row in ordered if (row[key] < after if newest_first else row[key] > after)]
        part = ordered[: self.limit + 1]
        return self.document(part, [row[key] for row in part])

    def document(self, rows: Sequence[dict[str, Any]], keys: Sequence[Key]) -> dict[str, Any]:
        """Return `{"items", "next"}` of one row more than the page holds."""
        more = len(rows) > self.limit
        return {
            "items": rows[: self.limit],
            "next": self._write(keys[self.limit - 1]) if more else None,
        }

    def link(self, document: dict[str, Any]) -> str | None:
        """Return the `Link` header of a page that has a next one (RFC 8288)."""
        if document["next"] is None:
            return None
        url = self._url.include_query_params(cursor=document["next"])
        return f'<{url.path}?{url.query}>; rel="next"'

    def _write(self, last: Key) -> str:
        body = orjson.dumps([last, self._filters])
        return base64.urlsafe_b64encode(body).decode().rstrip("=")

    def _read(self, cursor: str) -> Key:
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            last, filters = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
        except (ValueError, TypeError) as error:
            raise _no_page(_UNKNOWN) from error
        if type(last) is list and [type(part) for part in last] == [int, str]:
            last = (last[0], last[1])
        if not all(map(_possible, last if type(last) is tuple else (last,))):
            raise _no_page(_UNKNOWN)
        if filters != self._filters:
            raise _no_page(_OTHER)
        found: Key = last
        return found


def _possible(part: Any) -> bool:
    """Tell whether a part of a cursor is one that a database can compare."""
    if type(part) is int:
        return -(2**63) <= part < 2**63
    return type(part) is str and "\x00" not in part


def _as(kind: type[Any], after: Key) -> Any:
    """Return what a cursor holds as what a listing is ordered by.

    Raises:
        Problem: 404 when it is something else.
    """
    if kind is UUID and type(after) is str:
        try:
            return UUID(after)
        except ValueError:
            raise _no_page(_UNKNOWN) from None
    if type(after) is not kind:
        raise _no_page(_UNKNOWN)
    return after


def _no_page(detail: str) -> Problem:
    return Problem(404, "no-such-page", detail)


def _filters(request: Request) -> str:
    """Return a short digest of everything that decides which rows there are, and in which order."""
    kept = sorted(
        pair for pair in request.query_params.multi_items() if pair[0] not in ("cursor", "limit", "fields")
    )
    return hashlib.sha256(orjson.dumps([request.url.path, kept])).hexdigest()[:12]


Page = Annotated[Paging, Depends(Paging)]
