"""What became of issues that a list no longer holds, by what the tracker answers when asked for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from connectors.base import Absence, Fate, Json, Slice
from connectors.http import HttpDenied, HttpError
from connectors.jira import jql
from connectors.jira.glance import Glance
from connectors.jira.site import Project, Site, project_rows

_LOOKED_AT: Final = ("project", "status", "archiveddate")
_ARCHIVED: Final = ("archiveddate", "archivedDate", "archivedby")
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_A_QUERY: Final = 200  # ids in one condition


class Fates:
    """Asks for missing issues one by one where that tells more, and for their project once."""

    def __init__(self, site: Site, glance: Glance, ids: Callable[[str], Sequence[int]]) -> None:
        """Ask a site; `ids` lists what a query finds."""
        self._site = site
        self._glance = glance
        self._ids = ids

    def of(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        """Say it of each issue; one that belongs to the source after all is left out.

        Raises:
            ConnectorError: The tracker cannot be asked.
        """
        ids = sorted(int(one) for one in external_ids if one.isdigit())
        seen = self._glance.fields(ids, _LOOKED_AT)
        lost = self._project_lost(slice_)
        found: dict[str, Absence] = {}
        unseen: list[int] = []
        for one in ids:
            if one not in seen:
                unseen.append(one)
            elif (absence := _archived(seen[one])) is not None:
                found[str(one)] = absence
        if lost is not None:
            found |= {str(one): lost for one in unseen}
        else:
            found |= self._asked_singly(slice_, unseen, seen)
        there = [one for one in ids if one in seen and str(one) not in found]
        return found | self._elsewhere(slice_, there, seen)

    def _asked_singly(self, slice_: Slice, ids: Sequence[int], seen: dict[int, Json]) -> dict[str, Absence]:
        """Ask for each by itself; what is given after all is put into `seen`."""
        found: dict[str, Absence] = {}
        answers = list(self._site.pool.map(self._single, ids))
        gone = any(status == _NOT_FOUND for status, _ in answers)
        means = self._what_404_means(slice_) if gone else ""
        for one, (status, fields) in zip(ids, answers, strict=True):
            if status == _NOT_FOUND:
                found[str(one)] = Absence(Fate.DELETED, f"Jira answers 404 for issue {one}{means}.")
            elif status == _FORBIDDEN:
                found[str(one)] = Absence(
                    Fate.ACCESS_LOST,
                    f"Jira answers 403 for issue {one}: it is there, but not for this account.",
                )
            elif (absence := _archived(fields)) is not None:
                found[str(one)] = absence
            else:
                seen[one] = fields
        return found

    def _what_404_means(self, slice_: Slice) -> str:
        """Say it of an issue: to Cloud, one that a security level hides is none. Data Center answers 403 for those."""
        of_project = slice_.name.isdigit()  # then that it can be read has been seen
        read = ", while its project can still be read" if of_project else ""
        if not self._site.cloud:
            return read
        names = ", ".join(self._levels(slice_)) if of_project else ""
        level = f"one of the project's security levels ({names})" if names else "a security level"
        more = "" if of_project else " or with its whole project"
        return f"{read}: it was deleted, or is hidden from this account by {level}{more}"

    def _levels(self, slice_: Slice) -> list[str]:
        """List the security levels of a project, as far as this account is told of them."""
        path = f"{self._site.api}/project/{slice_.name}/securitylevel"
        try:
            answer = self._site.http.get(path, ok=(_OK, _FORBIDDEN, _NOT_FOUND))
        except (HttpError, HttpDenied):
            return []
        levels = answer.json().get("levels") if answer.status == _OK else None
        return [str(one["name"]) for one in levels or () if one.get("name")]

    def _single(self, external_id: int) -> tuple[int, Json]:
        path = f"{self._site.api}/issue/{external_id}"
        answer = self._site.http.get(path, {"fields": ",".join(_LOOKED_AT)}, ok=(_OK, _FORBIDDEN, _NOT_FOUND))
        if answer.status != _OK:
            return answer.status, {}
        body = answer.json()
        return answer.status, {**(body.get("fields") or {}), "key": body.get("key")}

    def _project_lost(self, slice_: Slice) -> Absence | None:
        """Say what became of the slice's project, where that explains all its issues."""
        if not slice_.name.isdigit():
            return None
        answer = None
        try:
            answer = self._site.http.get(f"{self._site.api}/project/{slice_.name}", ok=(_OK, _NOT_FOUND))
        except HttpDenied as error:
            if error.status != _FORBIDDEN:
                raise
        if answer is not None and answer.status == _OK:
            if answer.json().get("archived") is True:
                return Absence(Fate.ARCHIVED, f"Project {slice_.label} is archived.")
            return None
        if self._in_the_bin(slice_.name):
            return Absence(Fate.DELETED, f"Project {slice_.label} is in Jira's bin for deleted projects.")
        status = _FORBIDDEN if answer is None else answer.status
        return Absence(
            Fate.ACCESS_LOST,
            f"Jira answers {status} for project {slice_.label} as a whole: it is gone, or hidden from this account.",
        )

    def _in_the_bin(self, project: str) -> bool:
        """Whether Cloud lists a project among the deleted ones; an account that may not ask learns nothing."""
        if not self._site.cloud:
            return False
        try:
            answer = self._site.http.get(
                "/rest/api/3/project/search", {"status": "deleted", "id": project, "maxResults": 50}
            )
        except (HttpError, HttpDenied):
            return False
        return any(str(one.get("id")) == project for one in project_rows(answer.json()))

    def _elsewhere(self, slice_: Slice, ids: Sequence[int], seen: Mapping[int, Json]) -> dict[str, Absence]:
        """Tell the moved, and those that the query no longer takes in, from those that are there."""
        if self._site.config.query is not None:
            return self._unmatched(ids, seen)
        read = self._read_ids()
        found: dict[str, Absence] = {}
        for one in ids:
            project = seen[one].get("project") or {}
            if str(project.get("id")) not in {slice_.name, *read}:
                found[str(one)] = Absence(
                    Fate.MOVED,
                    f"It is {seen[one].get('key')} now, in project {project.get('key')}, which this source does not "
                    "read.",
                )
        return found

    def _read_ids(self) -> set[str]:
        return {one.id for one in self._site.chosen() if isinstance(one, Project)}

    def _unmatched(self, ids: Sequence[int], seen: Mapping[int, Json]) -> dict[str, Absence]:
        condition = jql.without_order(str(self._site.config.query))
        matching = set(self._matching(condition, ids))
        found = {}
        for one in ids:
            if one not in matching:
                project, status = (seen[one].get(name) or {} for name in ("project", "status"))
                found[str(one)] = Absence(
                    Fate.OUT_OF_SCOPE,
                    f"{seen[one].get('key')} is there (project {project.get('key')}, status {status.get('name')}), but "
                    "the source's query does not find it.",
                )
        return found

    def _matching(self, condition: str, ids: Sequence[int]) -> Iterable[int]:
        for start in range(0, len(ids), _A_QUERY):
            some = jql.is_one_of("id", ids[start : start + _A_QUERY])
            yield from self._ids(jql.both(condition, some))


def _archived(fields: Json) -> Absence | None:
    since = next((fields[name] for name in _ARCHIVED if fields.get(name)), None)
    if since is None:
        return None
    when = f" since {since[:10]}" if isinstance(since, str) else ""
    return Absence(Fate.ARCHIVED, f"{fields.get('key')} is archived{when}.")
