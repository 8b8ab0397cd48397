"""Boards, and the sprints of those that may have them."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from connectors.base import Json, Page, Part, RawRecord, Slice
from connectors.errors import SliceUnreadable
from connectors.http import HttpDenied, HttpError, HttpUnavailable
from connectors.jira.paging import NO_ANSWER, is_poison, lost, pages, values
from connectors.jira.renewal import KEPT_FOR, digest
from connectors.jira.site import Site
from connectors.records import each

_ALL: Final = ""  # the only slice of the stream
_REFUSALS: Final = (400, 403, 404)
_NO_SPRINTS: Final = 400  # "The board does not support sprints"
_A_PAGE: Final = 50
_TOLD: Final = ("name", "state")  # what issues say of their sprints, too


@dataclass(slots=True)
class Boards:
    """The boards the account sees; `whole` says whether no project refused to list its own."""

    rows: list[Json] = field(default_factory=list)
    whole: bool = True
    lost: list[Part] = field(default_factory=list)  # what the tracker fails on


def list_boards(site: Site) -> Boards:
    """List the boards the account sees, of the chosen projects where the configuration names some.

    Raises:
        SliceUnreadable: There is no Jira Software here, or the account may not see boards.
    """
    keys: Sequence[str | None] = site.config.projects if site.config.projects != ("*",) else [None]
    found: dict[int, Json] = {}
    boards_ = Boards()
    refused: HttpError | HttpDenied | None = None
    for key in keys:
        try:
            listed = list(
                pages(site.http, "/rest/agile/1.0/board", {"projectKeyOrId": key} if key else {}, _A_PAGE)
            )
        except (HttpError, HttpDenied) as error:
            if error.status not in _REFUSALS and not _lacks_scope(error):
                raise
            refused = error  # this project has none, or is none
            continue
        boards_.lost += [part for part in listed if part.body == NO_ANSWER]
        bodies = (orjson.loads(part.body) for part in listed if part.body != NO_ANSWER)
        found |= {board["id"]: board for body in bodies for board in values(body)}
    if refused is not None and not found:
        raise SliceUnreadable(
            f"boards and their sprints cannot be listed: there is no Jira Software here, or the account (or its "
            f"token's scopes) may not see them. {refused.message}",
            source=site.source, slice_="sprints",
        )  # fmt: skip
    boards_.rows = list(found.values())
    boards_.whole = refused is None and not boards_.lost
    return boards_


def boards(site: Site) -> list[Json]:
    """List the boards as `list_boards` does, leaving out what cannot be read.

    Raises:
        SliceUnreadable: There is no Jira Software here, or the account may not see boards.
    """
    return list_boards(site).rows


def _lacks_scope(error: HttpError | HttpDenied) -> bool:
    """Whether the gateway says that the token's scopes do not cover this; the sign-in itself is good."""
    return "scope" in error.message and "does not match" in error.message


class Sprints:
    """Sprints of every board that may have them, by their own id: boards show each other's sprints."""

    name = "sprints"
    entity = "iteration"

    def __init__(self, site: Site) -> None:
        self._site, self.lasts = site, site.lasts

    def keep(self, cursors: Mapping[str, Json]) -> bool:
        """Leave them as they were read; those seen to have changed may still have to reach their issues."""
        if _ALL not in cursors:
            return False
        self._site.changed.sprints.update(noted_before(cursors[_ALL], self._site.clock()))
        return True

    def slices(self) -> Sequence[Slice]:
        """List the one slice."""
        return [Slice(_ALL, "sprints")]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch the boards' sprints side by side, a page a board.

        The last page is `complete` when no board was refused: a sprint that no board shows is deleted. The
        cursor holds what sprints were like, so that those opened, closed or renamed since are applied to
        their issues, which Jira does not date anew.

        Raises:
            SliceUnreadable: There is no Jira Software here, or the account may not see boards.
        """
        del slice_
        listed = list_boards(self._site)
        found: list[Future[list[Part]]] = [
            self._site.pool.submit(self._of_board, board["id"])
            for board in listed.rows
            if board.get("type") != "kanban"
        ]
        marks: dict[str, str] = {}
        whole = listed.whole
        held = tuple(listed.lost)
        try:
            for future in found:
                parts = future.result()
                for part in parts:
                    rows = _rows(part)
                    whole = whole and rows is not None
                    marks |= {str(one["id"]): digest([one.get(name) for name in _TOLD]) for one in rows or ()}
                if not parts:
                    continue
                if held:
                    yield self._page(held, None, complete=False)
                held = tuple(parts)
        finally:
            for future in found:
                future.cancel()
        if held:
            yield self._page(held, self._noted(cursor, marks), complete=whole)

    def _page(self, parts: tuple[Part, ...], cursor: Json | None, *, complete: bool) -> Page:
        return Page(self.name, _ALL, parts, self._site.clock(), cursor=cursor, complete=complete)

    def _noted(self, cursor: Json | None, marks: Mapping[str, str]) -> Json:
        changed, cursor = noted(cursor, marks, self._site.clock())
        self._site.changed.sprints.update(changed)
        return cursor

    def _of_board(self, board: int) -> list[Part]:
        """Fetch one board's sprints. A refusal is kept in the page, so that the ledger shows it."""
        path = f"/rest/agile/1.0/board/{board}/sprint"
        try:
            return list(pages(self._site.http, path, {}, _A_PAGE))
        except (HttpUnavailable, HttpError, HttpDenied) as error:
            if not isinstance(error, HttpDenied) and is_poison(error):
                return [Part(f"GET {self._site.http.base_url}{path}", NO_ANSWER)]
            if error.status == _NO_SPRINTS:
                return []
            if error.status not in _REFUSALS:
                raise
            return [self._site.http.get(path, {"maxResults": _A_PAGE}, ok=(200, *_REFUSALS)).part()]

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page into sprints."""
        for part in parts:
            board = part.request.partition("/board/")[2].partition("/")[0]
            if part.body == NO_ANSWER:
                yield _unseen(part, board)
                continue
            body = orjson.loads(part.body)
            if "values" not in body:
                yield RawRecord(
                    f"board:{board}", body, f"board {board}",
                    unreadable="this account may not see the board, so its sprints are missing",
                )  # fmt: skip
                continue
            yield from each(body["values"], _sprint, "sprint")


def _rows(part: Part) -> list[Json] | None:
    """Take the sprints out of a part; None when it holds a refusal or nothing."""
    if part.body == NO_ANSWER:
        return None
    body: Any = orjson.loads(part.body)
    return (
        [one for one in values(body) if isinstance(one, dict) and "id" in one] if "values" in body else None
    )


def _unseen(part: Part, board: str) -> RawRecord:
    """Say what the tracker fails on: a board's list, one sprint of it, or a board in the list of boards."""
    if board and "startAt=" not in part.request:
        return RawRecord(
            f"board:{board}", {}, f"board {board}", unreadable="the tracker fails whenever its sprints are asked for"
        )  # fmt: skip
    found = lost(part, f"board {board} sprint" if board else "board")
    return found or RawRecord("", {}, "board", unreadable="the tracker fails on it")


def _sprint(sprint: Json) -> RawRecord:
    return RawRecord(str(sprint["id"]), sprint, f"sprint {sprint.get('name') or sprint['id']}")


def noted_before(cursor: Json | None, now: datetime) -> dict[str, datetime]:
    """Return what a list's cursor has down as changed of late, with the time at which that was seen."""
    return {
        one: at
        for one, text in ((cursor or {}).get("changed") or {}).items()
        if now - (at := datetime.fromisoformat(text)) < timedelta(days=KEPT_FOR.days)
    }


def noted(cursor: Json | None, marks: Mapping[str, str], now: datetime) -> tuple[dict[str, datetime], Json]:
    """Hold what a list is like against what it was; return what has changed of late, and the next cursor."""
    before = (cursor or {}).get("marks") or {}
    changed = noted_before(cursor, now) | {
        one: now for one, mark in marks.items() if before.get(one, mark) != mark
    }
    return changed, {
        "marks": dict(marks),
        "changed": {one: at.isoformat(timespec="milliseconds") for one, at in changed.items()},
    }
