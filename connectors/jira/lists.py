"""The short lists of a site: projects, users, sprints and versions. Read whole in every run."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import orjson

from connectors.base import Json, Page, Part, RawRecord, Slice
from connectors.errors import AccessDenied, SliceUnreadable
from connectors.http import Answer, HttpDenied, HttpError
from connectors.jira.site import Project, Site, project_rows
from connectors.records import each

_ALL: Final = ""  # the only slice of a stream that is not cut
_REFUSALS: Final = (400, 403, 404)
_USERS_A_PAGE: Final = 1000
_MOST_USER_PAGES: Final = 1000


def _page(site: Site, stream: str, slice_: str, answers: Sequence[Answer], *, complete: bool) -> Page:
    """Put answers into a page. These streams have no position, so there is no cursor to move."""
    parts = tuple(answer.part() for answer in answers)
    return Page(stream, slice_, parts, site.clock(), complete=complete)


class Projects:
    """Projects, as the scopes that work is bound by."""

    name = "projects"
    entity = "scope"

    def __init__(self, site: Site, semantics: Mapping[str, str]) -> None:
        self._site = site
        self._web = semantics.get("site_url") or site.config.base_url

    def slices(self) -> Sequence[Slice]:
        """List one slice for all projects, or one for each that the configuration names."""
        self._site.require_sign_in()
        if self._site.config.projects == ("*",):
            return [Slice(_ALL, "projects")]
        return [Slice(f"key:{key}", key) for key in self._site.config.projects]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch the projects.

        Raises:
            SliceUnreadable: A named project does not exist, or the account does not see it.
            AccessDenied: The account sees no project at all.
        """
        del cursor
        if slice_.name != _ALL:
            answer = self._site.project_answer(slice_.label)
            yield _page(self._site, self.name, slice_.name, [answer], complete=False)
            return
        answers = list(self._site.project_pages())
        if not any(project_rows(answer.json()) for answer in answers):
            raise AccessDenied(
                "the account is signed in but sees no project, and nothing is taken for deleted. Have it granted the "
                "permission Browse Projects.",
                source=self._site.source,
            )
        for number, answer in enumerate(answers, 1):
            yield _page(self._site, self.name, _ALL, [answer], complete=number == len(answers))

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page into projects."""
        for part in parts:
            yield from each(project_rows(orjson.loads(part.body)), self._record, "project")

    def _record(self, project: Json) -> RawRecord:
        key = str(project["key"])
        return RawRecord(str(project["id"]), project, key, f"{self._web}/browse/{key}")


class Users:
    """The people and apps the account may see."""

    name = "users"
    entity = "identity"

    def __init__(self, site: Site) -> None:
        self._site = site

    def slices(self) -> Sequence[Slice]:
        """List the one slice."""
        return [Slice(_ALL, "users")]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch the users until a page is empty; a short one is not the last.

        Raises:
            SliceUnreadable: The account may not browse users.
        """
        del slice_, cursor
        params: dict[str, Any] = {"maxResults": _USERS_A_PAGE}
        path = "/rest/api/3/users/search"
        if not self._site.cloud:
            path = "/rest/api/2/user/search"
            params |= {"username": ".", "includeInactive": "true"}
        start = 0
        seen: set[bytes] = set()
        for _ in range(_MOST_USER_PAGES):
            answer = self._asked(path, {**params, "startAt": start})
            count = len(answer.json())
            # A server that ignores startAt gives the same page for ever.
            last = count == 0 or answer.content in seen
            if not last or start == 0:
                yield _page(self._site, self.name, _ALL, [answer], complete=False)
            if last:
                return
            seen.add(answer.content)
            start += count

    def _asked(self, path: str, params: Mapping[str, Any]) -> Answer:
        try:
            return self._site.http.get(path, params)
        except (HttpDenied, HttpError) as error:
            if error.status not in _REFUSALS:
                raise
            raise SliceUnreadable(
                "users cannot be listed: the account lacks the global permission Browse Users and Groups. Names are "
                "still taken from the issues themselves.",
                source=self._site.source, slice_="users",
            ) from None  # fmt: skip

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page into users, by the id that never changes."""
        for part in parts:
            yield from each(orjson.loads(part.body), _user, "user")


class Sprints:
    """Sprints of every board that may have them, by their own id: boards show each other's sprints."""

    name = "sprints"
    entity = "iteration"

    def __init__(self, site: Site) -> None:
        self._site = site

    def slices(self) -> Sequence[Slice]:
        """List the one slice."""
        return [Slice(_ALL, "sprints")]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch the boards' sprints side by side, a page a board.

        Raises:
            SliceUnreadable: There is no Jira Software here, or the account may not see boards.
        """
        del slice_, cursor
        found: list[tuple[Json, Future[list[Answer]]]] = [
            (board, self._site.pool.submit(self._of_board, board["id"]))
            for board in boards(self._site)
            if board.get("type") != "kanban"
        ]
        try:
            for _, future in found:
                answers = future.result()
                if answers:
                    yield _page(self._site, self.name, _ALL, answers, complete=False)
        finally:
            for _, future in found:
                future.cancel()

    def _of_board(self, board: int) -> list[Answer]:
        """Fetch one board's sprints. A refusal is kept in the page, so that the ledger shows it."""
        path = f"/rest/agile/1.0/board/{board}/sprint"
        try:
            return list(self._site.pages(path, {"maxResults": 50}))
        except (HttpError, HttpDenied) as error:
            if error.status not in _REFUSALS:
                raise
            if error.status == 400:  # noqa: PLR2004 - "The board does not support sprints"
                return []
            return [self._site.http.get(path, {"maxResults": 50}, ok=(200, *_REFUSALS))]

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page into sprints."""
        for part in parts:
            body = orjson.loads(part.body)
            if "values" not in body:
                board = part.request.partition("/board/")[2].partition("/")[0]
                yield RawRecord(
                    f"board:{board}", body, f"board {board}",
                    unreadable="this account may not see the board, so its sprints are missing",
                )  # fmt: skip
                continue
            yield from each(body["values"], _sprint, "sprint")


class Versions:
    """Versions, as milestones: the dates a project promises its releases for."""

    name = "versions"
    entity = "milestone"

    def __init__(self, site: Site, semantics: Mapping[str, str]) -> None:
        self._site = site
        self._web = semantics.get("site_url") or site.config.base_url

    def slices(self) -> Sequence[Slice]:
        """List one slice a project."""
        return [
            Slice(chosen.id, chosen.key) if isinstance(chosen, Project) else Slice(f"key:{chosen}", chosen)
            for chosen in self._site.chosen()
        ]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch a project's versions: one answer holds all of them.

        Raises:
            SliceUnreadable: The project is gone, or the account does not see it.
        """
        del cursor
        key = quote(slice_.label, safe="")
        try:
            answer = self._site.http.get(f"{self._site.api}/project/{key}/versions")
        except (HttpError, HttpDenied) as error:
            if error.status not in (403, 404):
                raise
            raise SliceUnreadable(
                "its versions cannot be read: there is no such project, or this account does not see it.",
                source=self._site.source, slice_=slice_.label,
            ) from None  # fmt: skip
        yield _page(self._site, self.name, slice_.name, [answer], complete=True)

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page into versions, each with its project's key beside it."""
        for part in parts:
            key = part.request.partition("/project/")[2].partition("/")[0]
            yield from each(orjson.loads(part.body), partial(self._record, key), f"{key} version")

    def _record(self, key: str, version: Json) -> RawRecord:
        external_id = str(version["id"])
        url = f"{self._web}/projects/{key}/versions/{external_id}"
        locator = f"{key} version {version.get('name') or external_id}"
        return RawRecord(external_id, {**version, "projectKey": key}, locator, url)


def _user(user: Json) -> RawRecord:
    external_id = user.get("accountId") or user.get("key") or user.get("name")
    name = str(user.get("displayName") or external_id)
    if external_id:
        return RawRecord(str(external_id), user, name)
    return RawRecord("", user, name, unreadable="a user without accountId, key or name")


def _sprint(sprint: Json) -> RawRecord:
    return RawRecord(str(sprint["id"]), sprint, f"sprint {sprint.get('name') or sprint['id']}")


def boards(site: Site) -> list[Json]:
    """List the boards the account sees, of the chosen projects where the configuration names some.

    Raises:
        SliceUnreadable: There is no Jira Software here, or the account may not see boards.
    """
    keys: Sequence[str | None] = site.config.projects if site.config.projects != ("*",) else [None]
    found: dict[int, Json] = {}
    refused: HttpError | HttpDenied | None = None
    for key in keys:
        params = {"maxResults": 50} | ({"projectKeyOrId": key} if key else {})
        try:
            pages = list(site.pages("/rest/agile/1.0/board", params))
        except (HttpError, HttpDenied) as error:
            if error.status not in _REFUSALS and not _lacks_scope(error):
                raise
            refused = error  # this project has none, or is none
            continue
        found |= {board["id"]: board for answer in pages for board in answer.json()["values"]}
    if refused is not None and not found:
        raise SliceUnreadable(
            f"boards and their sprints cannot be listed: there is no Jira Software here, or the account (or its "
            f"token's scopes) may not see them. {refused.message}",
            source=site.source, slice_="sprints",
        )  # fmt: skip
    return list(found.values())


def _lacks_scope(error: HttpError | HttpDenied) -> bool:
    """Whether the gateway says that the token's scopes do not cover this; the sign-in itself is good."""
    return "scope" in error.message and "does not match" in error.message
