"""Sprints as issues carry them: objects on Cloud, on Data Center the printed form of a Java object."""

import re
from typing import Any, Final

_KEYS: Final = (
    "id|rapidViewId|state|name|goal|startDate|endDate|completeDate|activatedDate|sequence|autoStartStop|synced"
    "|incompleteIssuesDestinationId"
)
# Names and goals may hold commas, brackets, equals signs and line breaks: cut only before a known key.
_PAIR: Final = re.compile(rf"(?:^|,)({_KEYS})=", re.DOTALL)
_STATES: Final = {"closed": "past", "active": "current", "future": "future"}


def legacy_sprint(text: str) -> dict[str, str | None]:
    """Read the printed form `…Sprint@1bf75fd[id=1,…,name=Sprint 1,…]`; `<null>` is None.

    Raises:
        ValueError: It has no id.
    """
    inside = text.partition("[")[2].rstrip()
    inside = inside.removesuffix("]")
    found: dict[str, str | None] = {}
    matches = list(_PAIR.finditer(inside))
    ends = [match.start() for match in matches[1:]] + [len(inside)]
    for match, end in zip(matches, ends, strict=False):
        value = inside[match.end() : end]
        # A name that holds ",id=" would come twice: what came first stands.
        found.setdefault(match.group(1), None if value == "<null>" else value)
    if not found.get("id"):
        raise ValueError("expected a sprint with an id")
    return found


def sprint_state(value: Any) -> str | None:
    """Say past, current or future; None for a state Jira does not document."""
    return _STATES.get(str(value).lower())


def sprint_rows(value: Any) -> list[tuple[str, str | None, str | None]]:
    """List (id, name, state) of the sprints an issue is or was in, each once.

    Raises:
        ValueError: The field holds something that is no sprint.
    """
    rows: dict[str, tuple[str, str | None, str | None]] = {}
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            sprint: dict[str, Any] = dict(legacy_sprint(item))
        elif isinstance(item, dict) and item.get("id") is not None:
            sprint = item
        elif item is None:
            continue
        else:
            raise ValueError("expected a list of sprints")
        external_id = str(sprint["id"])
        state = sprint.get("state")
        rows[external_id] = (external_id, sprint.get("name"), None if state is None else sprint_state(state))
    return list(rows.values())
