"""A world of recorded issues: CSV files whose column `data` holds one JSON record a row."""

import csv
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from sandbox.jira.catalogue import RANK_FIELD, SPRINT_FIELD, SYSTEM_FIELDS
from sandbox.jira.model import Board, Catalogue, Field, Issue, IssueType, Json, Person, Project, Status
from sandbox.jira.shelf import Kept
from sandbox.options import Options

ISSUES: Final = {True: "_raw_jira_api_issues.csv", False: "_raw_jira_api_issue_relationships.csv"}
SPRINT_KEYS: Final = {"boardId", "state", "name"}


def recorded(options: Options, *, cloud: bool) -> tuple[Catalogue, Kept]:
    """Return what a folder of recordings holds.

    Raises:
        SystemExit: The folder has no issues of this kind of Jira.
    """
    folder = options.recorded
    if folder is None or not (folder / ISSUES[cloud]).is_file():
        raise SystemExit(f"{folder} has no {ISSUES[cloud]}")
    records = {str(record["id"]): record for record in _rows(folder / ISSUES[cloud])}
    catalogue = Catalogue(
        people={}, statuses={}, types={}, fields=_fields(list(records.values())), projects={}
    )
    if cloud:
        _lists(catalogue, folder)
    for record in records.values():
        _learn(catalogue, record)
    catalogue.sprint = next((one.id for one in catalogue.fields if one.custom and one.items == "json"), None)
    me = Person(
        "5d0000000000000000000001" if cloud else "JIRAUSER10001",
        "Muster sync",
        "sync@example.com",
        "muster-sync",
    )
    catalogue.people[me.id] = me
    catalogue.rank = next((one.id for one in catalogue.fields if one.custom == RANK_FIELD), None)
    _boards(catalogue, list(records.values()))
    _versions(catalogue, list(records.values()))
    return catalogue, Kept(
        _issue(record) for record in sorted(records.values(), key=lambda one: int(one["id"]))
    )


def _versions(catalogue: Catalogue, records: list[Json]) -> None:
    """List the versions that issues name: they were not recorded on their own."""
    found: dict[str, Json] = {}
    for record in records:
        project = int(record["fields"]["project"]["id"])
        for version in record["fields"].get("fixVersions") or []:
            found.setdefault(version["id"], {**version, "projectId": project})
    catalogue.raw["version"] = list(found.values())


def _boards(catalogue: Catalogue, records: list[Json]) -> None:
    """Give each board that a sprint names to the project whose issues were in the sprint.

    Sprints of issues that the recorded list lacks are added to it.
    """
    sprints = catalogue.raw.setdefault("sprint", [])
    listed = {one["id"] for one in sprints}
    for record in records:
        project = record["fields"]["project"]
        for sprint in record["fields"].get(catalogue.sprint or "") or []:
            board = sprint.get("boardId")
            if board is not None:
                name = f"{project['key']} board"
                catalogue.boards.setdefault(board, Board(board, name, "scrum", int(project["id"])))
            if board is not None and sprint["id"] not in listed:
                listed.add(sprint["id"])
                rest = {key: value for key, value in sprint.items() if key != "boardId"}
                sprints.append({**rest, "originBoardId": board})


def _rows(path: Path) -> list[Json]:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8", newline="") as file:
        return [orjson.loads(row["data"]) for row in csv.DictReader(file) if row.get("data")]


def _lists(catalogue: Catalogue, folder: Path) -> None:
    """Take the recorded lists as they are; what is listed may be more than the issues show."""
    for name, file in (
        ("status", "_raw_jira_api_status.csv"),
        ("issuetype", "_raw_jira_api_issue_types.csv"),
        ("project", "_raw_jira_api_projects.csv"),
        ("user", "_raw_jira_api_users.csv"),
        ("sprint", "_raw_jira_api_sprints.csv"),
    ):
        if (folder / file).is_file():
            unique = {str(row.get("id") or row.get("accountId")): row for row in _rows(folder / file)}
            catalogue.raw[name] = list(unique.values())
    catalogue.raw["board_sprint"] = _boards_of_sprints(folder / "_raw_jira_api_sprints.csv")
    for row in catalogue.raw.get("status", []):
        category = row["statusCategory"]["key"]
        catalogue.statuses[str(row["id"])] = Status(
            str(row["id"]), row["name"], category, untranslated=row.get("untranslatedName")
        )
    for row in catalogue.raw.get("issuetype", []):
        kind = IssueType(
            str(row["id"]),
            row["name"],
            row.get("hierarchyLevel", 0),
            untranslated=row.get("untranslatedName"),
        )
        catalogue.types[kind.id] = kind
    for row in catalogue.raw.get("project", []):
        catalogue.projects[int(row["id"])] = Project(int(row["id"]), row["key"], row["name"], "")


def _boards_of_sprints(path: Path) -> list[Json]:
    """Say which board's list each sprint was recorded from: column `params` names it."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {"board": orjson.loads(row["params"])["BoardId"], "sprint": orjson.loads(row["data"])["id"]}
            for row in csv.DictReader(file)
            if row.get("data") and row.get("params")
        ]


def _learn(catalogue: Catalogue, record: Json) -> None:
    """Add what an issue mentions and no list had."""
    fields = record["fields"]
    status, kind, project = fields["status"], fields["issuetype"], fields["project"]
    catalogue.statuses.setdefault(
        str(status["id"]), Status(str(status["id"]), status["name"], status["statusCategory"]["key"])
    )
    level = kind.get("hierarchyLevel", -1 if kind.get("subtask") else 0)
    catalogue.types.setdefault(str(kind["id"]), IssueType(str(kind["id"]), kind["name"], level))
    catalogue.projects.setdefault(
        int(project["id"]), Project(int(project["id"]), project["key"], project["name"], "")
    )
    for role in ("assignee", "reporter", "creator"):
        user = fields.get(role)
        if user:
            id_ = user.get("accountId") or user.get("key")
            person = Person(
                id_, user["displayName"], user.get("emailAddress"), user.get("name", ""), user["active"]
            )
            catalogue.people.setdefault(id_, person)


def _fields(records: list[Json]) -> list[Field]:
    """Derive a field list: system fields as everywhere, custom ones by the look of their values."""
    found = [Field(id_, name, kind, system=id_, items=items) for id_, name, kind, items in SYSTEM_FIELDS]
    values: dict[str, object] = {}
    for record in records:
        for name, value in record["fields"].items():
            if name.startswith("customfield_") and values.get(name) in (None, [], ""):
                values[name] = value
    custom = sorted(values, key=lambda one: int(one.removeprefix("customfield_")))
    return found + [_custom(name, values[name]) for name in custom]


def _custom(name: str, value: object) -> Field:
    number = name.removeprefix("customfield_")
    plain = "com.atlassian.jira.plugin.system.customfieldtypes:"
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, dict) and first.keys() >= SPRINT_KEYS:
        return Field(name, f"Field {number}", "array", custom=SPRINT_FIELD, items="json")
    if isinstance(value, str) and value.startswith("0|"):
        return Field(name, f"Field {number}", "any", custom=RANK_FIELD)
    if isinstance(value, list):
        return Field(name, f"Field {number}", "array", custom=f"{plain}multiselect", items="option")
    if isinstance(value, dict):
        return Field(name, f"Field {number}", "option", custom=f"{plain}select")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Field(name, f"Field {number}", "number", custom=f"{plain}float")
    return Field(name, f"Field {number}", "string", custom=f"{plain}textfield")


def _issue(record: Json) -> Issue:
    fields = record["fields"]
    base: Json = {
        "key": record["key"],
        "project": int(fields["project"]["id"]),
        "type": str(fields["issuetype"]["id"]),
        "status": str(fields["status"]["id"]),
        "summary": fields["summary"],
        "priority": "3",
        "updated": datetime.fromisoformat(fields["updated"]),
    }
    return Issue(int(record["id"]), datetime.fromisoformat(fields["created"]), base, raw=record)
