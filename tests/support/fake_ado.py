"""A small hand-written Azure DevOps behind `httpx.MockTransport`: enough of each call, and its ways to fail."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx

Json = dict[str, Any]
Rule = Callable[[httpx.Request], httpx.Response | None]

NEVER = "9999-01-01T00:00:00Z"
MIA = {
    "id": "11111111-0000-4000-8000-000000000001",
    "uniqueName": "mia@example.com",
    "displayName": "Mia Lund",
}
TOM = {
    "id": "11111111-0000-4000-8000-000000000002",
    "uniqueName": "tom@example.com",
    "displayName": "Tom Ray",
}
SIGN_IN = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head></html>"
STATES = [
    {"name": "New", "category": "Proposed"},
    {"name": "Active", "category": "InProgress"},
    {"name": "Resolved", "category": "Resolved"},
    {"name": "Closed", "category": "Completed"},
    {"name": "Removed", "category": "Removed"},
]
FIELDS = (
    *(
        f"System.{name}"
        for name in (
            "Id",
            "Rev",
            "TeamProject",
            "AreaId",
            "AreaPath",
            "IterationPath",
            "WorkItemType",
            "State",
        )
    ),
    *(
        f"System.{name}"
        for name in ("Reason", "Title", "AssignedTo", "CreatedDate", "CreatedBy", "ChangedDate")
    ),
    *(f"System.{name}" for name in ("ChangedBy", "RevisedDate", "IsDeleted", "Tags", "Parent")),
    *(f"Microsoft.VSTS.Common.{name}" for name in ("Priority", "ClosedDate")),
    *(f"Microsoft.VSTS.Scheduling.{name}" for name in ("StoryPoints", "RemainingWork")),
)


def failure(status: int, message: str, key: str = "VssServiceException") -> httpx.Response:
    """Answer with the vendor's error envelope."""
    return httpx.Response(status, json={"$id": "1", "message": message, "typeKey": key, "errorCode": 0})


class FakeAdo:
    """Work items as lists of revisions, changed by `set`; a rule in `rules` may answer instead."""

    def __init__(self, *projects: str, batch: int = 1000) -> None:
        self.projects = {name: f"p-{number}" for number, name in enumerate(projects or ("Shop",), 1)}
        self.batch = batch
        self.items: dict[int, list[Json]] = {}
        self.feed: list[tuple[int, int]] = []
        self.links: list[Json] = []
        self.destroyed: set[int] = set()
        self.hidden: set[int] = set()
        self.rules: list[Rule] = []
        self.calls: Counter[str] = Counter()
        self.requests: list[httpx.Request] = []
        self.dated = True  # whether revisions say when they were revised
        self.most = 20_000
        self._tick = 0

    @property
    def now(self) -> str:
        """The instant by its own clock."""
        return f"2026-03-{1 + self._tick // 1440:02}T{self._tick // 60 % 24:02}:{self._tick % 60:02}:30Z"

    def set(self, id_: int, **fields: Any) -> None:
        """Add a revision; `State` stands for System.State, `Story__Points` would be dotted; None clears."""
        self._tick += 1
        now = f"2026-03-{1 + self._tick // 1440:02}T{self._tick // 60 % 24:02}:{self._tick % 60:02}:00.{id_ % 10}7Z"
        before = self.items.setdefault(id_, [])
        base = before[-1]["fields"] if before else {
            "System.TeamProject": next(iter(self.projects)), "System.WorkItemType": "User Story",
            "System.State": "New", "System.Title": f"Item {id_}", "System.CreatedDate": now,
            "System.CreatedBy": MIA, "System.IterationPath": next(iter(self.projects)),
        }  # fmt: skip
        named = {name if "." in name else f"System.{name}": value for name, value in fields.items()}
        after = {
            **base,
            "System.ChangedBy": MIA,
            **named,
            "System.ChangedDate": now,
            "System.Rev": len(before) + 1,
        }
        if before:
            before[-1]["fields"]["System.RevisedDate"] = now
        after["System.RevisedDate"] = NEVER
        kept = {name: value for name, value in after.items() if value is not None}
        before.append({"id": id_, "rev": len(before) + 1, "fields": {"System.Id": id_, **kept}})
        self.feed.append((id_, len(before)))

    def link(
        self, source: int, target: int, rel: str = "System.LinkTypes.Dependency", *, active: bool = True
    ) -> None:
        """Add or cut a link; no revision comes of it."""
        self._tick += 1
        self.links.append({"rel": rel, "sourceId": source, "targetId": target, "isActive": active})

    def transport(self) -> httpx.MockTransport:
        """Return the way in."""
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        for rule in self.rules:
            if (response := rule(request)) is not None:
                return response
        path = unquote(request.url.raw_path.decode().partition("?")[0]).partition("/contoso/")[2]
        project, _, resource = path.rpartition("_apis/")
        resource = resource.lower()
        self.calls[re.sub(r"\d+", "N", resource)] += 1
        body = json.loads(request.content) if request.content else {}
        return self._route(resource, project.strip("/"), request.url.params, body)

    def _route(self, resource: str, project: str, query: httpx.QueryParams, body: Json) -> httpx.Response:
        if project and project not in self.projects:
            return failure(404, f"TF200016: The following project does not exist: {project}.")
        if resource.startswith("projects/"):
            return failure(404, "TF200016: The following project does not exist.")
        if resource.endswith("/states"):
            return _listed(STATES)
        said = self._said(project).get(resource)
        return (
            self._work(resource, project, query, body) if said is None else httpx.Response(200, json=said())
        )

    def _said(self, project: str) -> dict[str, Callable[[], Any]]:
        """Name what does not depend on the question."""
        backlog = {
            "backlogFields": {"typeFields": {"Effort": "Microsoft.VSTS.Scheduling.StoryPoints"}},
            "requirementBacklog": {"rank": 2, "workItemTypes": [{"name": "User Story"}]},
        }
        bugs = {"referenceName": "Microsoft.BugCategory", "workItemTypes": [{"name": "Bug"}]}
        fields = [{"referenceName": name, "name": name, "type": "string"} for name in FIELDS]
        return {
            "projects": lambda: _rows([{"id": id_, "name": name} for name, id_ in self.projects.items()]),
            "connectiondata": lambda: {"authenticatedUser": {"providerDisplayName": "Sync Account"}},
            "wit/fields": lambda: _rows(fields),
            "wit/workitemtypes": lambda: _rows([{"name": "User Story", "referenceName": "R.Story"}]),
            "wit/workitemtypecategories": lambda: _rows([bugs]),
            "work/backlogconfiguration": lambda: backlog,
            "wit/classificationnodes/iterations": lambda: self._tree(project),
            "wit/classificationnodes/areas": lambda: {
                "id": 3,
                "name": project,
                "hasChildren": False,
                "path": f"\\{project}\\Area",
            },
            "wit/recyclebin": lambda: [
                {"id": str(id_)}
                for id_, item in self.items.items()
                if self._deleted(item) and id_ not in self.destroyed
            ],
        }

    def _tree(self, project: str) -> Json:
        sprints = [
            {"id": 70 + n, "name": f"Sprint {n}", "hasChildren": False, "path": f"\\{project}\\Iteration\\Sprint {n}",
             "attributes": {"startDate": f"2026-03-{n:02}T00:00:00Z", "finishDate": f"2026-03-{n + 6:02}T00:00:00Z"}}
            for n in (1, 8)
        ]  # fmt: skip
        return {
            "id": 7,
            "name": project,
            "hasChildren": True,
            "path": f"\\{project}\\Iteration",
            "children": sprints,
        }

    def _work(self, resource: str, project: str, query: httpx.QueryParams, body: Json) -> httpx.Response:
        if resource == "wit/reporting/workitemrevisions":
            return self._revisions(project, query, body)
        if resource == "wit/reporting/workitemlinks":
            first = int(query.get("continuationToken") or len(self.links))
            token = str(len(self.links))
            return httpx.Response(
                200, json={"values": self.links[first:], "continuationToken": token, "isLastBatch": True}
            )
        if resource == "wit/workitemsbatch":
            return _listed([self._current(id_) for id_ in body["ids"]][::-1])
        if resource == "wit/wiql":
            return self._wiql(body["query"], query)
        if found := re.fullmatch(r"wit/workitems/(\d+)/updates", resource):
            rows = updates_of(self.items[int(found[1])])
            skip, top = int(query["$skip"]), int(query["$top"])
            return _listed(rows[skip : skip + top])
        return failure(404, f"nothing at {resource}")

    def _revisions(self, project: str, query: httpx.QueryParams, body: Json) -> httpx.Response:
        unknown = [name for name in body.get("fields", []) if name not in FIELDS]
        if unknown:
            return failure(400, f"TF51535: Cannot find field {unknown[0]}.")
        first = int((query.get("continuationToken") or "0").rpartition(";")[2])
        chosen = [
            self.items[id_][rev - 1]
            for id_, rev in self.feed[first:]
            if id_ not in self.destroyed
            and (not project or self.items[id_][rev - 1]["fields"]["System.TeamProject"] == project)
        ]
        values = chosen[: self.batch]
        reached = len(self.feed)
        if len(chosen) > self.batch:
            last = values[-1]
            reached = self.feed.index((last["id"], last["rev"])) + 1
        wanted = set(body.get("fields") or FIELDS) - (set() if self.dated else {"System.RevisedDate"})
        shown = [
            one | {"fields": {name: value for name, value in one["fields"].items() if name in wanted}}
            for one in values
        ]
        # As older servers do: the token stands in the link alone.
        link = (
            f"https://elsewhere.example/_apis/wit/reporting/workItemRevisions?continuationToken=9;9;{reached}"
        )
        return httpx.Response(
            200, json={"values": shown, "nextLink": link, "isLastBatch": len(chosen) <= self.batch}
        )

    def _current(self, id_: int) -> Json | None:
        item = self.items.get(id_)
        if item is None or self._deleted(item) or id_ in self.destroyed | self.hidden:
            return None
        alive: dict[tuple[str, int], Json] = {}
        for link in self.links:
            forward = link["sourceId"] == id_
            if not forward and link["targetId"] != id_:
                continue
            other = link["targetId"] if forward else link["sourceId"]
            rel = f"{link['rel']}-{'Forward' if forward else 'Reverse'}"
            alive.pop((rel, other), None)
            if link["isActive"]:
                url = f"https://elsewhere.example/_apis/wit/workItems/{other}"
                alive[rel, other] = {"rel": rel, "url": url, "attributes": {"name": rel.rpartition("-")[2]}}
        return {**item[-1], "relations": list(alive.values())}

    def _wiql(self, query: str, params: httpx.QueryParams) -> httpx.Response:
        if "timePrecision" not in params:
            return failure(
                400, "You cannot supply a time with the date when running a query using date precision."
            )
        bound = re.search(r"\[System\.Id\] > (\d+)", query)
        if bound is None:  # what time it is
            return httpx.Response(200, json={"queryType": "flat", "asOf": self.now, "workItems": []})
        last = int(bound[1])
        listed = re.search(r"\[System\.TeamProject\] (?:IN|=) \(?('.*?')(?:\)| AND|$)", query)
        names = [
            name.replace("''", "'") for name in re.findall(r"'((?:[^']|'')*)'", listed[1] if listed else "")
        ]
        state = re.search(r"\[System\.State\] = '(\w+)'", query)
        since = re.search(r"\[System\.ChangedDate\] >= '(.*?)'", query)
        ids = [
            id_
            for id_ in sorted(self.items)
            if id_ > last
            and self._current(id_)
            and self.items[id_][-1]["fields"]["System.TeamProject"] in names
            and (state is None or self.items[id_][-1]["fields"]["System.State"] == state[1])
            and (since is None or self.items[id_][-1]["fields"]["System.ChangedDate"] >= since[1])
        ]
        ids = ids[: min(int(params["$top"]), self.most)]
        return httpx.Response(200, json={"queryType": "flat", "workItems": [{"id": id_} for id_ in ids]})

    @staticmethod
    def _deleted(item: list[Json]) -> bool:
        return bool(item[-1]["fields"].get("System.IsDeleted"))


def _rows(rows: list[Any]) -> Json:
    return {"count": len(rows), "value": rows}


def _listed(rows: list[Any]) -> httpx.Response:
    return httpx.Response(200, json=_rows(rows))


def updates_of(revisions: list[Json]) -> list[Json]:
    """Write revisions as the updates call has them: only what changed, with old and new value."""
    rows: list[Json] = []
    before: Json = {}
    for one in revisions:
        after = one["fields"]
        changed: Json = {}
        for name in sorted(before.keys() | after.keys()):
            if json.dumps(before.get(name)) != json.dumps(after.get(name)):
                changed[name] = {
                    **({"oldValue": before[name]} if name in before else {}),
                    **({"newValue": after[name]} if name in after else {}),
                }
        rows.append(
            {"id": len(rows) + 1, "workItemId": one["id"], "rev": one["rev"], "fields": changed,
             "revisedBy": after.get("System.ChangedBy"), "revisedDate": after.get("System.RevisedDate")}
        )  # fmt: skip
        before = after
    return rows
