"""Every call to Azure DevOps that Muster makes: what an organisation is made of here, its work items below."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from connectors.azure_devops.calls import MOST_PAGES, content, decoded, in_path, quoted, rows_of
from connectors.azure_devops.feeds import Batch, Feeds
from connectors.azure_devops.itemcalls import BATCH, ItemCalls
from connectors.base import Json
from connectors.errors import MisconfiguredSource
from connectors.http import Answer, HttpDenied, HttpError

__all__ = ["BATCH", "Api", "Batch", "content", "decoded", "quoted"]

DEEPEST: Final = 20  # levels of iterations asked for at once


class Api(Feeds, ItemCalls):
    """One organisation or collection."""

    def project_pages(self, state: str = "wellFormed") -> Iterator[Answer]:
        """List the projects we may see; the token of the next page is in a header."""
        token: str | None = None
        for _ in range(MOST_PAGES):
            params = {"stateFilter": state, "$top": 100}
            yield (answer := self._projects_page(params | ({"continuationToken": token} if token else {})))
            following = answer.headers.get("x-ms-continuationtoken")
            if not following:
                return
            if following == token:
                break
            token = following
        raise self.loops("/_apis/projects")

    def _projects_page(self, params: Mapping[str, Any]) -> Answer:
        try:
            return self.get("/_apis/projects", params)
        except HttpError as error:
            if error.status != 404 or b"typeKey" in error.body:  # noqa: PLR2004 - its own 404s carry a typeKey
                raise
            raise MisconfiguredSource(
                "the address answers, but not as an Azure DevOps does. Check base_url: it ends with the organisation "
                "(https://dev.azure.com/example) or the collection (https://server/tfs/DefaultCollection).",
                source=self.http.source,
            ) from None

    def project_once_named(self, name: str) -> Json | None:
        """Return the project that has or once had this name; None where there is none to be seen."""
        try:
            found = content(self.get(f"/_apis/projects/{in_path(name)}", {"includeHistory": "true"}))
        except (HttpDenied, HttpError):
            return None
        return found if isinstance(found, dict) and found.get("id") else None

    def process_of(self, project: str) -> Json:
        """Return the process template of a project: its name and type id; nothing where it is not said."""
        found = content(self.get(f"/_apis/projects/{in_path(project)}", {"includeCapabilities": "true"}))
        template = ((found or {}).get("capabilities") or {}).get("processTemplate")
        return template if isinstance(template, dict) else {}

    def saved_query(self, project: str, id_: str) -> Json:
        """Return a saved query with its statement."""
        found = content(
            self.get(f"/{in_path(project)}/_apis/wit/queries/{in_path(id_)}", {"$expand": "wiql"})
        )
        return found if isinstance(found, dict) else {}

    def who(self) -> str | None:
        """Return the name this server knows us by, None where it does not say."""
        try:
            body = content(self.get("/_apis/connectionData", kind="connectionData"))
        except HttpError:
            return None
        user = body.get("authenticatedUser") if isinstance(body, dict) else None
        user = user if isinstance(user, dict) else {}
        name = user.get("providerDisplayName") or user.get("customDisplayName")
        return str(name) if name else None

    def fields(self) -> list[Json]:
        """List the fields of the organisation."""
        return rows_of(content(self.get("/_apis/wit/fields")))

    def types(self, project: str) -> list[Json]:
        """List a project's work item types."""
        return rows_of(content(self.get(f"/{in_path(project)}/_apis/wit/workitemtypes")))

    def categories(self, project: str) -> list[Json]:
        """List which types a project counts as bugs, requirements, tasks, features and epics."""
        return rows_of(content(self.get(f"/{in_path(project)}/_apis/wit/workitemtypecategories")))

    def states(self, project: str, type_: str) -> list[Json]:
        """List the states of a type with their categories."""
        path = f"/{in_path(project)}/_apis/wit/workitemtypes/{in_path(type_)}/states"
        return rows_of(content(self.get(path, kind="states")))

    def backlog(self, project: str) -> Json:
        """Return the backlog levels, and which field holds the effort, of a project's default team."""
        found = content(self.get(f"/{in_path(project)}/_apis/work/backlogconfiguration"))
        return found if isinstance(found, dict) else {}

    def nodes(self, project: str, tree: str) -> Iterator[Answer]:
        """Yield the tree of areas or iterations, then the branches deeper than one answer goes."""
        path = f"/{in_path(project)}/_apis/wit/classificationnodes"
        answer = self.get(f"{path}/{tree}", {"$depth": DEEPEST})
        yield answer
        known: set[int] = set()
        waiting: list[int] = []
        while True:
            deeper = [id_ for id_ in _cut_off(content(answer)) if id_ not in known]
            known.update(deeper)
            waiting += deeper
            if not waiting:
                return
            ids, waiting = ",".join(map(str, waiting[:BATCH])), waiting[BATCH:]
            answer = self.get(path, {"ids": ids, "$depth": DEEPEST, "errorPolicy": "omit"})
            yield answer


def _cut_off(body: Any) -> list[int]:
    """List nodes that have children which this answer does not show."""
    found: list[int] = []
    pending: list[Any] = list(body.get("value") or ()) if "value" in body else [body]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if node.get("hasChildren") and not node.get("children"):
                found.append(int(node["id"]))
            pending += node.get("children") or ()
    return found
