"""Iteration nodes: their paths as work items write them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from connectors.base import Json


@dataclass(frozen=True, slots=True)
class Node:
    """One iteration. `path` is as in `System.IterationPath`; dates are midnights, the last day included."""

    id: str
    name: str
    path: str
    root: bool
    start: str | None
    finish: str | None
    raw: Json


def item_path(path: str) -> str:
    r"""Turn a node's path into the path a work item shows: without the segment that names the tree.

    >>> item_path("\\Shop\\Iteration\\R1")
    'Shop\\R1'
    """
    project, _tree, *rest = [*path.strip("\\").split("\\"), ""]
    return "\\".join(filter(None, [project, *rest]))


def iteration_nodes(bodies: Iterable[Any]) -> Iterator[Node]:
    """Walk trees and branches, each node once; a node's place in its tree is trusted over its `path`."""
    seen: dict[str, str] = {}
    for body in bodies:
        tops = body.get("value") or () if "value" in body else [body]
        for top in tops:
            if not isinstance(top, dict):  # an id that is gone, in an answer to several
                continue
            known = seen.get(str(top["id"]))
            is_root = known is None and "\\" not in item_path(str(top.get("path") or ""))
            path = known or _top_path(top, tree="value" not in body)
            yield from _walk(top, path, root=is_root or (known is None and "value" not in body), seen=seen)


def _top_path(top: Json, *, tree: bool) -> str:
    """The root of a tree is named like its project; a branch says where it hangs."""
    own = item_path(str(top.get("path") or ""))
    return own if not tree and own.endswith(str(top["name"])) else str(top["name"])


def _walk(top: Json, top_path: str, *, root: bool, seen: dict[str, str]) -> Iterator[Node]:
    pending = [(top, top_path, root)]
    while pending:
        node, path, is_root = pending.pop()
        id_ = str(node["id"])
        if id_ not in seen:
            seen[id_] = path
            dates = node.get("attributes") or {}
            yield Node(
                id_, str(node["name"]), path, is_root, dates.get("startDate"), dates.get("finishDate"), node
            )
        children = node.get("children") or ()
        pending += [(child, f"{path}\\{child['name']}", False) for child in reversed(children)]
