"""Sprints and boards as each kind of Jira writes them."""

from datetime import datetime
from typing import Final

from sandbox.jira.model import Board, Json, Sprint, midnight
from sandbox.jira.things import Things

SPRINT_CLASS: Final = "com.atlassian.greenhopper.service.sprint.Sprint"


def sprint_details(things: Things, sprint: Sprint, *, board_field: str) -> Json:
    """Return a sprint; the agile API names its board `originBoardId`, the field on issues `boardId`."""
    state = sprint.state(midnight(things.world.clock))
    details: Json = {
        "id": sprint.id,
        "name": sprint.name,
        "state": state,
        board_field: sprint.board,
        "goal": sprint.goal,
    }
    if state != "future":
        details["startDate"] = _utc(sprint.start)
        details["endDate"] = _utc(sprint.end)
    if state == "closed":
        details["completeDate"] = _utc(sprint.completed)
    if board_field == "originBoardId":
        details["self"] = f"{things.agile}/sprint/{sprint.id}"
    return details


def sprint_text(things: Things, sprint: Sprint) -> str:
    """Return a sprint as the Data Center field has it: a Java object's words, the key order varying."""
    state = sprint.state(midnight(things.world.clock))
    begun, done = state != "future", state == "closed"
    zone = things.world.zone
    start = sprint.start.astimezone(zone).isoformat(timespec="milliseconds") if begun else "<null>"
    end = sprint.end.astimezone(zone).isoformat(timespec="milliseconds") if begun else "<null>"
    complete = sprint.completed.astimezone(zone).isoformat(timespec="milliseconds") if done else "<null>"
    pairs = [
        f"rapidViewId={sprint.board}",
        f"state={state.upper()}",
        f"name={sprint.name}",
        f"startDate={start}",
        f"endDate={end}",
        f"completeDate={complete}",
        f"activatedDate={start}",
        f"sequence={sprint.id}",
        f"goal={sprint.goal or '<null>'}",
        "autoStartStop=false",
        "synced=false",
    ]
    pairs.insert(0 if sprint.id % 2 else len(pairs), f"id={sprint.id}")
    return f"{SPRINT_CLASS}@{sprint.id * 7919:x}[{','.join(pairs)}]"


def board_details(things: Things, board: Board) -> Json:
    """Return a board."""
    details: Json = {
        "id": board.id,
        "self": f"{things.agile}/board/{board.id}",
        "name": board.name,
        "type": board.kind,
    }
    if things.cloud:
        project = things.world.catalogue.projects[board.project]
        details["location"] = {
            "projectId": project.id,
            "displayName": f"{project.name} ({project.key})",
            "projectName": project.name,
            "projectKey": project.key,
            "projectTypeKey": "software",
            "name": f"{project.name} ({project.key})",
        }
    return details


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
