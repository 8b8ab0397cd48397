"""Small hand-written Jiras behind `httpx.MockTransport`: just enough of each interface, and its ways to fail."""

import json
import re
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

Json = dict[str, Any]
Rule = Callable[[httpx.Request, Json], httpx.Response | None]

STATUSES = [
    {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new"}},
    {"id": "3", "name": "In Progress", "statusCategory": {"id": 4, "key": "indeterminate"}},
    {"id": "5", "name": "Closed", "statusCategory": {"id": 3, "key": "done"}},
]
FIELDS = [
    {"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string", "system": "summary"}},
    {
        "id": "customfield_10016",
        "name": "Story point estimate",
        "schema": {"type": "number", "custom": "com.pyxis.greenhopper.jira:jsw-story-points"},
    },
    {
        "id": "customfield_10026",
        "name": "Story Points",
        "schema": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
    },
    {
        "id": "customfield_10020",
        "name": "Sprint",
        "schema": {"type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
    },
    {
        "id": "customfield_10014",
        "name": "Epic Link",
        "schema": {"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-epic-link"},
    },
    {
        "id": "customfield_10021",
        "name": "Flagged",
        "schema": {
            "type": "array",
            "items": "option",
            "custom": "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes",
        },
    },
]


def issue(
    number: int, project: str = "PMO", project_id: int = 10000, changes: int = 1, **fields: Any
) -> Json:
    """Write one issue with so many changes of its status in its history, newest first as Jira has them."""
    histories = [
        {
            "id": str(number * 1000 + index),
            "author": {"accountId": "a-1", "displayName": "Mia"},
            "created": f"2026-01-{1 + index % 28:02}T{index // 28 % 24:02}:00:00.000+1100",
            "items": [
                {
                    "field": "status",
                    "fieldId": "status",
                    "from": "1" if index % 2 == 0 else "3",
                    "fromString": "Open",
                    "to": "3" if index % 2 == 0 else "1",
                    "toString": "In Progress",
                }
            ],
        }
        for index in range(changes)
    ]
    return {
        "id": str(number),
        "key": f"{project}-{number - 10000}",
        "fields": {
            "summary": f"Issue {number}",
            "status": STATUSES[1],
            "issuetype": {"id": "10001", "name": "Story", "subtask": False, "hierarchyLevel": 0},
            "project": {"id": str(project_id), "key": project, "name": project},
            "created": "2025-12-01T09:00:00.000+1100",
            "updated": f"2026-02-01T10:00:{number % 60:02}.000+1100",
            "resolutiondate": None,
            **fields,
        },
        "changelog": {"histories": list(reversed(histories))},
    }


class FakeJira(ABC):
    """What both kinds have: projects, lists, boards, faults and a count of requests."""

    api = "3"

    def __init__(self, *issues: Json, projects: tuple[str, ...] = ("PMO",)) -> None:
        self.issues = {int(one["id"]): one for one in issues}
        self.projects = {key: 10000 + index for index, key in enumerate(projects)}
        self.fields: list[Json] = list(FIELDS)
        self.statuses: list[Json] = list(STATUSES)
        self.types: list[Json] = [{"id": "10001", "name": "Story", "hierarchyLevel": 0}]
        self.boards: list[Json] = []
        self.sprints: dict[int, list[Json]] = {}
        self.estimation: dict[int, Json] = {}
        self.rules: list[Rule] = []
        self.seen: Counter[str] = Counter()
        self.bodies: list[tuple[str, Json]] = []
        self.gone: set[int] = set()  # still listed, but no longer given
        self.forbidden: set[int] = set()
        self._lock = threading.Lock()

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        with self._lock:
            self.seen[request.url.path] += 1
            self.bodies.append((request.url.path, body))
            for rule in self.rules:
                answer = rule(request, body)
                if answer is not None:
                    return answer
        return self.answer(request, request.url.path, body)

    def answer(self, request: httpx.Request, path: str, body: Json) -> httpx.Response:  # noqa: PLR0911 - a table of addresses
        base = f"/rest/api/{self.api}"
        if path == "/rest/api/2/serverInfo":
            return httpx.Response(200, json=self.server_info())
        if path == f"{base}/myself":
            return httpx.Response(
                200,
                json={"name": "sync", "displayName": "Sync", "active": True, "timeZone": "Australia/Sydney"},
            )
        if path == f"{base}/field":
            return httpx.Response(200, json=self.fields)
        if path == f"{base}/status":
            return httpx.Response(200, json=self.statuses)
        if path == f"{base}/issuetype":
            return httpx.Response(200, json=self.types)
        if path == f"{base}/mypermissions":
            return httpx.Response(200, json={"permissions": {"BROWSE_PROJECTS": {"havePermission": True}}})
        if path.startswith("/rest/agile/1.0/board"):
            return self._agile(request, path)
        if match := re.fullmatch(rf"{base}/project/(?!search)([^/]+)(/versions)?", path):
            return self._project(match.group(1), versions=bool(match.group(2)))
        if match := re.fullmatch(rf"{base}/issue/(\d+)", path):
            return self._one(int(match.group(1)))
        return self.platform(request, path, body)

    @abstractmethod
    def server_info(self) -> Json:
        """Answer as this kind does."""

    @abstractmethod
    def platform(self, request: httpx.Request, path: str, body: Json) -> httpx.Response:
        """Answer as this kind does."""

    def project_row(self, key: str) -> Json:
        return {"id": str(self.projects[key]), "key": key, "name": f"{key} project"}

    def _project(self, key: str, *, versions: bool) -> httpx.Response:
        if key not in self.projects:
            return httpx.Response(
                404, json={"errorMessages": [f"No project could be found with key '{key}'."]}
            )
        if versions:
            row = {"id": "1", "name": "1.0", "released": False, "releaseDate": "2026-03-31"}
            return httpx.Response(200, json=[{**row, "projectId": self.projects[key]}])
        return httpx.Response(200, json=self.project_row(key))

    def _one(self, number: int) -> httpx.Response:
        if number in self.forbidden:
            return httpx.Response(
                403, json={"errorMessages": ["You do not have the permission to see this issue."]}
            )
        if number in self.gone or number not in self.issues:
            return httpx.Response(
                404, json={"errorMessages": ["Issue does not exist or you do not have permission."]}
            )
        return httpx.Response(200, json=self.given(number))

    def given(self, number: int) -> Json:
        found: Json = json.loads(json.dumps(self.issues[number]))
        found["changelog"]["total"] = len(found["changelog"]["histories"])
        return found

    def found(self, jql: str) -> list[int]:
        """Answer the few conditions that the connector asks."""
        ids = sorted(self.issues)
        if match := re.search(r'project = "(\w+)"', jql):
            ids = [one for one in ids if self.issues[one]["fields"]["project"]["key"] == match.group(1)]
        if match := re.search(r"id in \(([\d, ]+)\)", jql):
            asked = {int(one) for one in match.group(1).split(",")}
            ids = [one for one in ids if one in asked]
        return ids

    def _agile(self, request: httpx.Request, path: str) -> httpx.Response:
        start = int(request.url.params.get("startAt", 0))
        if path == "/rest/agile/1.0/board":
            page = self.boards[start : start + 50]
            body = {"values": page, "startAt": start, "isLast": start + 50 >= len(self.boards)}
            return httpx.Response(200, json=body)
        board = int(path.split("/")[5])
        if path.endswith("/configuration"):
            return httpx.Response(
                200, json={"id": board, "estimation": self.estimation.get(board, {"type": "none"})}
            )
        if board not in self.sprints:
            return httpx.Response(400, json={"errorMessages": ["The board does not support sprints"]})
        page = self.sprints[board][start : start + 50]
        return httpx.Response(200, json={"values": page, "isLast": start + 50 >= len(self.sprints[board])})


class FakeCloud(FakeJira):
    """Cloud: token paging with pages as short as it likes, bulk fetches, histories cut off at 40."""

    longest_history = 40
    ids_a_page = 3

    def server_info(self) -> Json:
        return {"baseUrl": "https://example.atlassian.net", "deploymentType": "Cloud", "version": "1001.0.0"}

    def given(self, number: int) -> Json:
        found = super().given(number)
        found["changelog"]["histories"] = found["changelog"]["histories"][: self.longest_history]
        return found

    def platform(  # noqa: PLR0911 - a table of addresses
        self, request: httpx.Request, path: str, body: Json
    ) -> httpx.Response:
        if path == "/rest/api/3/project/search":
            start = int(request.url.params.get("startAt", 0))
            rows = [self.project_row(key) for key in self.projects]
            page = rows[start : start + 2]
            return httpx.Response(
                200, json={"values": page, "isLast": start + 2 >= len(rows), "total": len(rows)}
            )
        if path == "/rest/api/3/users/search":
            start = int(request.url.params.get("startAt", 0))
            users = [
                {"accountId": f"a-{index}", "displayName": f"Person {index}", "active": True}
                for index in range(3)
            ]
            return httpx.Response(200, json=users[start : start + 2])
        if path == "/rest/api/3/search/jql":
            return self._search(body)
        if path == "/rest/api/3/search/approximate-count":
            return httpx.Response(200, json={"count": len(self.found(body["jql"]))})
        if path == "/rest/api/3/issue/bulkfetch":
            ids = sorted(int(one) for one in body["issueIdsOrKeys"])
            hidden = self.gone | self.forbidden
            given = [self.given(one) for one in ids if one in self.issues and one not in hidden]
            return httpx.Response(200, json={"issues": given, "issueErrors": []})
        if path == "/rest/api/3/changelog/bulkfetch":
            return self._changelogs(body)
        return httpx.Response(404, json={"errorMessages": [f"no {path}"]})

    def _search(self, body: Json) -> httpx.Response:
        if set(body) - {"jql", "maxResults", "fields", "nextPageToken", "expand"}:
            return httpx.Response(400, json={"errorMessages": ["unknown property"]})
        ids = self.found(body["jql"])
        start = int(body.get("nextPageToken", "0"))
        stop = start + self.ids_a_page
        page: Json = {"issues": [{"id": str(one)} for one in ids[start:stop]], "isLast": stop >= len(ids)}
        if stop < len(ids):
            page["nextPageToken"] = str(stop)
        return httpx.Response(200, json=page)

    def _changelogs(self, body: Json) -> httpx.Response:
        """Give histories by date across issues, two a page, times as epoch milliseconds."""
        rows = []
        for one in body["issueIdsOrKeys"]:
            for history in reversed(self.issues[int(one)]["changelog"]["histories"]):
                rows.append((one, {**history, "created": 1_767_200_000_000 + int(history["id"]) % 1000}))  # noqa: PERF401
        start = int(body.get("nextPageToken", "0"))
        page = [{"issueId": one, "changeHistories": [history]} for one, history in rows[start : start + 30]]
        answer: Json = {"issueChangeLogs": page}
        if start + 30 < len(rows):
            answer["nextPageToken"] = str(start + 30)
        return httpx.Response(200, json=answer)


class FakeServer(FakeJira):
    """Data Center: offset paging that cuts pages down without a word, whole lists refused for one bad id."""

    api = "2"
    most = 4
    takes_epoch = True

    def server_info(self) -> Json:
        return {"baseUrl": "https://jira.example.com", "deploymentType": "Server", "version": "10.3.1"}

    def platform(self, request: httpx.Request, path: str, body: Json) -> httpx.Response:
        if path == "/rest/api/2/project":
            return httpx.Response(200, json=[self.project_row(key) for key in self.projects])
        if path == "/rest/api/2/user/search":
            start = int(request.url.params.get("startAt", 0))
            users = [
                {"key": f"JIRAUSER{index}", "name": f"u{index}", "displayName": f"P {index}"}
                for index in range(3)
            ]
            return httpx.Response(200, json=users[start:])
        if path == "/rest/api/2/search":
            return self._search(body)
        return httpx.Response(404, json={"errorMessages": [f"no {path}"]})

    def _search(self, body: Json) -> httpx.Response:
        jql = body["jql"]
        if not self.takes_epoch and re.search(r"updated >= \d{9,}", jql):
            return httpx.Response(400, json={"errorMessages": ["Date value '1767200000000' is not valid."]})
        match = re.search(r'project = "(\w+)"', jql)
        if match and match.group(1) not in self.projects:
            words = f"The value '{match.group(1)}' does not exist for the field 'project'."
            return httpx.Response(400, json={"errorMessages": [words]})
        hidden = self.gone | self.forbidden
        if match := re.search(r"id in \(([\d, ]+)\)", jql):
            missing = {int(one) for one in match.group(1).split(",")} & hidden
            if missing:
                words = f"A value with ID '{min(missing)}' does not exist for the field 'id'."
                return httpx.Response(400, json={"errorMessages": [words]})
        ids = self.found(jql)
        start, limit = int(body.get("startAt", 0)), min(int(body.get("maxResults", 50)), self.most)
        page = ids[start : start + limit]
        whole = body.get("expand") == ["changelog"]
        issues = [
            self.given(one) if whole else {"id": str(one), "key": self.issues[one]["key"]} for one in page
        ]
        answer = {"startAt": start, "maxResults": limit, "total": len(ids), "issues": issues}
        return httpx.Response(200, json=answer, headers={"Retry-After": "0"})
