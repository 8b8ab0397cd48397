"""Holding what was stored of the sandbox's Azure DevOps against what is really there."""

from collections.abc import Mapping
from typing import Any

CATEGORIES = {
    "Proposed": "todo",
    "InProgress": "doing",
    "Resolved": "doing",
    "Completed": "done",
    "Removed": "dropped",
    None: None,
}


def differences(rows: Mapping[str, Mapping[str, Any]], truth: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say where rows, as the shipped mapping makes them, differ from `/_sandbox/truth/items`."""
    found = [f"{id_} is not stored" for id_ in sorted(truth.keys() - rows.keys())]
    found += [f"{id_} is stored and not there" for id_ in sorted(rows.keys() - truth.keys())]
    for id_ in sorted(rows.keys() & truth.keys()):
        found += [
            f"{id_} {name}: stored {own!r}, there {there!r}"
            for name, own, there in _pairs(id_, rows[id_], truth[id_])
            if own != there
        ]
    return found


def _pairs(id_: str, row: Mapping[str, Any], one: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    links = [
        [
            "System.LinkTypes." + link[2],
            *([int(id_), int(link[4])] if link[1] == "outward" else [int(link[4]), int(id_)]),
        ]
        for link in row["links"]
    ]
    states = [[change[7], change[9]] for change in row["transitions"] if change[5] == "System.State"]
    return [
        ("project", row["scope_external_id"], one["project_id"]),
        ("area", row["area"], one["area"]),
        ("iteration", _planned_in(row, one["iteration"]), True),
        ("type", row["type"], one["type"]),
        ("title", row["title"], one["title"]),
        ("state", row["status"], one["state"]),
        ("category", row["status_category"], CATEGORIES[one["category"]]),
        ("points", row["points"], None if one["effort"] is None else float(one["effort"])),
        ("assignee", row["assignee"], one["assignee"]),
        ("parent", row["parent_external_id"], None if one["parent"] is None else str(one["parent"])),
        ("links", sorted(links), one["links"]),
        ("states it went through", states, one["states"]),
    ]


def _planned_in(row: Mapping[str, Any], path: str) -> bool:
    """Whether the item's iteration is among those stored; the project's root is none."""
    return "\\" not in path or path.rpartition("\\")[2] in {name for _, name, _ in row["iterations"]}
