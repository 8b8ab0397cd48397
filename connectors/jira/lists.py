"""The short lists of a site: projects, users and versions. Read whole, where they are read: projects in every run."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import orjson

from connectors.base import Absence, Fate, Json, Page, Part, RawRecord, Slice
from connectors.errors import AccessDenied, SliceUnreadable
from connectors.http import Answer, HttpDenied, HttpError, HttpUnavailable
from connectors.jira.boards import noted, noted_before
from connectors.jira.paging import NO_ANSWER, SameAgain, is_poison, lost, pages, values
from connectors.jira.renewal import digest
from connectors.jira.site import Project, Site, is_retired, project_rows
from connectors.records import each

_ALL: Final = ""  # the only slice of a stream that is not cut
_REFUSALS: Final = (400, 403, 404)
_USERS_A_PAGE: Final = 1000
_MOST_USER_PAGES: Final = 1000
_VERSIONS_A_PAGE: Final = 50
_TOLD_OF_VERSIONS: Final = ("name", "released", "archived", "releaseDate")


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
        parts = self._site.listing
        whole = all(part.body != NO_ANSWER for part in parts)
        if whole and all(is_retired(project) for part in parts for project in _project_rows(part)):
            raise AccessDenied(
                "the account is signed in but sees no project, and nothing is taken for deleted. Have it granted the "
                "permission Browse Projects.",
                source=self._site.source,
            )
        for number, part in enumerate(parts, 1):
            fates = {
                str(project["id"]): _fate(project)
                for project in _project_rows(part)
                if is_retired(project) and "id" in project
            }
            yield Page(
                self.name, _ALL, (part,), self._site.clock(), vanished=tuple(fates), fates=fates,
                complete=whole and number == len(parts),
            )  # fmt: skip

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page into projects."""
        for part in parts:
            if (gap := lost(part, "project")) is not None:
                yield gap
            else:
                yield from each(_project_rows(part), self._record, "project")

    def _record(self, project: Json) -> RawRecord:
        key = str(project["key"])
        fate = _fate(project).fate.value if is_retired(project) else None
        return RawRecord(
            str(project["id"]), project, key, f"{self._web}/browse/{key}",
            filtered_by=None if fate is None else f"{fate} projects",
        )  # fmt: skip


class Users:
    """The people and apps the account may see."""

    name = "users"
    entity = "identity"

    def __init__(self, site: Site) -> None:
        self._site, self.lasts = site, site.lasts

    def keep(self, cursors: Mapping[str, Json]) -> bool:
        """Leave the list as it was read; nothing else is read by it."""
        del cursors
        return True

    def slices(self) -> Sequence[Slice]:
        """List the one slice."""
        return [Slice(_ALL, "users")]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch the users until a page is empty; a short one is not the last.

        Raises:
            SliceUnreadable: The account may not browse users.
        """
        del slice_, cursor
        path, params = "/rest/api/3/users/search", {}
        if not self._site.cloud:
            path, params = "/rest/api/2/user/search", {"username": ".", "includeInactive": "true"}
        first = True
        for number, part in enumerate(self._asked(path, params)):
            if number >= _MOST_USER_PAGES:
                return
            if first or part.body.strip() != b"[]":
                yield Page(self.name, _ALL, (part,), self._site.clock())
            first = False

    def _asked(self, path: str, params: Mapping[str, Any]) -> Iterator[Part]:
        try:
            yield from pages(self._site.http, path, params, _USERS_A_PAGE, list)
        except SameAgain:  # a server that ignores startAt gives its only page for ever
            return
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
            if (gap := lost(part, "user")) is not None:
                yield gap
            else:
                yield from each(orjson.loads(part.body), _user, "user")


class Versions:
    """Versions, as milestones: the dates a project promises its releases for."""

    name = "versions"
    entity = "milestone"

    def __init__(self, site: Site, semantics: Mapping[str, str]) -> None:
        self._site, self.lasts = site, site.lasts
        self._web = semantics.get("site_url") or site.config.base_url

    def keep(self, cursors: Mapping[str, Json]) -> bool:
        """Leave them as they were read, unless there is a project whose versions never were."""
        if not all(slice_.name in cursors for slice_ in self.slices()):
            return False
        for cursor in cursors.values():
            self._site.changed.versions.update(noted_before(cursor, self._site.clock()))
        return True

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
        parts = self._parts(slice_)
        whole = all(part.body != NO_ANSWER for part in parts)
        marks = {
            str(one["id"]): digest([one.get(name) for name in _TOLD_OF_VERSIONS])
            for part in parts
            for one in _version_rows(part)
            if isinstance(one, dict) and "id" in one
        }
        changed, after = noted(cursor, marks, self._site.clock())
        self._site.changed.versions.update(changed)
        yield Page(self.name, slice_.name, parts, self._site.clock(), cursor=after, complete=whole)

    def _parts(self, slice_: Slice) -> tuple[Part, ...]:
        """Fetch them in one answer, or page by page where the tracker fails on one of them."""
        path = f"{self._site.api}/project/{quote(slice_.label, safe='')}"
        try:
            answer = self._site.http.get(f"{path}/versions")
            answer.json()
        except (HttpError, HttpDenied, HttpUnavailable) as error:
            if not isinstance(error, HttpDenied) and is_poison(error):
                return self._singly(slice_, f"{path}/version")
            if error.status not in (403, 404):
                raise
            raise SliceUnreadable(
                "its versions cannot be read: there is no such project, or this account does not see it.",
                source=self._site.source, slice_=slice_.label,
            ) from None  # fmt: skip
        return (answer.part(),)

    def _singly(self, slice_: Slice, path: str) -> tuple[Part, ...]:
        try:
            return tuple(pages(self._site.http, path, {}, _VERSIONS_A_PAGE))
        except (HttpError, HttpUnavailable) as error:
            if not is_poison(error):
                raise
            raise SliceUnreadable(
                "its versions cannot be read: the tracker fails whenever they are asked for; the next run tries again.",
                source=self._site.source, slice_=slice_.label,
            ) from None  # fmt: skip

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Split a page into versions, each with its project's key beside it."""
        for part in parts:
            key = part.request.partition("/project/")[2].partition("/")[0]
            if (gap := lost(part, f"{key} version")) is not None:
                yield gap
            else:
                yield from each(_version_rows(part), partial(self._record, key), f"{key} version")

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


def _project_rows(part: Part) -> list[Json]:
    return [] if part.body == NO_ANSWER else project_rows(orjson.loads(part.body))


def _version_rows(part: Part) -> list[Any]:
    """Take the versions out of a list with or without an envelope."""
    if part.body == NO_ANSWER:
        return []
    body = orjson.loads(part.body)
    return list(body) if isinstance(body, list) else values(body)


def _fate(project: Json) -> Absence:
    """Say of a project that is archived or in the bin what has become of it."""
    fate, name = (Fate.DELETED, "deleted") if project.get("deleted") is True else (Fate.ARCHIVED, "archived")
    when = _day(project.get(f"{name}Date"))
    return Absence(fate, f"Jira lists project {project.get('key')} among the {name} ones{when}.")


def _day(written: Any) -> str:
    return f", since {written[:10]}" if isinstance(written, str) else ""
