"""The streams of projects and of iterations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import orjson

from connectors.azure_devops.api import Api, decoded
from connectors.azure_devops.nodes import Node, iteration_nodes
from connectors.azure_devops.poison import broke
from connectors.azure_devops.scope import NOT_LISTED, Scope, project_page, projects_in
from connectors.base import Absence, Census, Fate, Json, Page, Part, RawRecord, Slice
from connectors.errors import SliceUnreadable
from connectors.http import HttpDenied, HttpError, HttpUnavailable
from connectors.records import each

_CONTEXT = "context of the iterations on this page, composed of GET "


class Projects:
    """The projects that are visible; those the source does not list are counted and left out."""

    name = "projects"
    entity = "scope"

    def __init__(self, api: Api, scope: Scope, *, clock: Callable[[], datetime]) -> None:
        self._api, self._scope, self._clock = api, scope, clock

    def slices(self) -> Sequence[Slice]:
        """Return the list of projects, and a slice for each configured name that is not in it."""
        return (Slice("", "projects"), *(Slice(f"missing:{name}", name) for name in self._scope.missing()))

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch the whole list; there is no other way.

        Raises:
            SliceUnreadable: The configuration names a project that is not there or not to be seen.
        """
        del cursor
        if slice_.name:
            raise SliceUnreadable(
                "no such project, or this account may not see it. Check the name under 'projects', and that "
                "the account is a reader of the project.",
                source=self._api.source,
                slice_=slice_.label,
            )
        pages = self._scope.pages()
        for number, (part, projects) in enumerate(pages, 1):
            yield Page(
                stream=self.name,
                slice="",
                parts=(part,),
                fetched_at=self._clock(),
                said=len(projects),
                complete=number == len(pages) and bool(self._scope.included()) and not self._scope.missing(),
            )

    def census(self, slice_: Slice) -> Census:
        """List the projects the source reads."""
        del slice_
        return Census(frozenset(project.id for project in self._scope.included().values()))

    def fates(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        """Say what became of projects that are read no more."""
        del slice_
        included = {project.id for project in self._scope.included().values()}
        return {id_: self._fate(id_) for id_ in external_ids if id_ not in included}

    def _fate(self, id_: str) -> Absence:
        if (name := self._scope.visible().get(id_)) is not None:
            return Absence(Fate.OUT_OF_SCOPE, f"the source's configuration does not list {name} any more")
        if (name := self._scope.gone().get(id_)) is not None:
            return Absence(
                Fate.DELETED, f"the project {name} was deleted; it can be brought back for 28 days"
            )
        return Absence(
            Fate.ACCESS_LOST,
            "the project is no longer to be seen: this account is not a reader of it any more, or it was destroyed",
        )

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Yield each project of a page."""
        for part in parts:
            body = decoded(part.body)
            rows = body.get("value") if isinstance(body, dict) else body
            yield from each(rows or (), self._record, "project")

    def _record(self, row: Json) -> RawRecord:
        (project,) = projects_in([row])
        page = project_page(self._api.base_url, project.name)
        rule = None if self._scope.chosen(project) else NOT_LISTED
        return RawRecord(project.id, {**project.raw, "page": page}, project.name, url=page, filtered_by=rule)


class Iterations:
    """The whole tree of iterations of each project, also those no team uses."""

    name = "iterations"
    entity = "iteration"

    def __init__(self, api: Api, scope: Scope, *, clock: Callable[[], datetime]) -> None:
        self._api, self._scope, self._clock = api, scope, clock

    def slices(self) -> Sequence[Slice]:
        """Return a slice for each project."""
        return tuple(Slice(one.id, one.name) for _, one in sorted(self._scope.included().items()))

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch a project's tree; it has no history, so all of it.

        Raises:
            SliceUnreadable: This project's iterations cannot be read.
        """
        del cursor
        project = next(one for one in self._scope.included().values() if one.id == slice_.name)
        now = self._clock()
        try:
            answers = list(self._api.nodes(project.name, "iterations"))
        except HttpUnavailable as error:
            if not broke(error):
                raise
            raise SliceUnreadable(error.message, source=self._api.source, slice_=slice_.label) from None
        except (HttpDenied, HttpError) as error:
            if error.status in (203, 302, 401):  # the sign-in failed, for every slice
                raise
            raise SliceUnreadable(error.message, source=self._api.source, slice_=slice_.label) from None
        context = {
            "project": project.id,
            "name": project.name,
            "today": now.astimezone(UTC).date().isoformat(),
        }
        bodies = [decoded(answer.content) for answer in answers]
        yield Page(
            stream=self.name,
            slice=slice_.name,
            parts=(
                *(answer.part() for answer in answers),
                Part(f"{_CONTEXT}{self._api.base_url}/_apis/projects/{project.id}", orjson.dumps(context)),
            ),
            fetched_at=now,
            said=sum(1 for _ in iteration_nodes(bodies)),
            complete=True,
        )

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Yield each node; the root, which stands for the project itself, is left out."""
        context: Json = {}
        bodies = []
        for part in parts:
            if part.request.startswith(_CONTEXT):
                context = decoded(part.body)
            else:
                bodies.append(decoded(part.body))
        today = date.fromisoformat(context["today"]) if context else None
        for node in iteration_nodes(bodies):
            payload = {
                **{name: value for name, value in node.raw.items() if name != "children"},
                "path": node.path,
                "start": node.start,
                "finish": node.finish,
                "state": _state(node, today),
                "project_id": context.get("project"),
            }
            rule = "the root of the tree, which is the project itself" if node.root else None
            yield RawRecord(node.id, payload, node.path, filtered_by=rule)


def _state(node: Node, today: date | None) -> str | None:
    """Place an iteration in time; its last day belongs to it. None without dates."""
    if today is None or not node.start or not node.finish:
        return None
    if date.fromisoformat(node.finish[:10]) < today:
        return "past"
    return "future" if date.fromisoformat(node.start[:10]) > today else "current"
