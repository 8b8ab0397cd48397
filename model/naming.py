"""What the changes and fields of a work item say of other items and projects, held to those that may be seen.

The rule is written once, as SQL: views for SQL tools and the feed read by it. A key is told by its tracker project:
an item is where its scope is. What tells of others by what it is (a link, a parent, a move) is shown where that may
be seen, and any other value unless it is the key of an item that may not.
"""

from collections.abc import Callable
from typing import Final

Seen = Callable[[str], str]  # from SQL of a project's id to the condition that it may be seen

# Fields of changes as trackers call them, in small letters.
_OF_ITEMS: Final = (
    "link", "issuelinks", "parent", "parent issue", "issueparentassociation", "parent link", "epic link",
    "epic child", "key", "remoteissuelink", "remoteworkitemlink",
)  # fmt: skip
_OF_PROJECTS: Final = ("project", "areapath", "iterationpath")
_KEY: Final = "([[:alpha:]][[:alnum:]_]*)-[0-9]+"
_ALONE: Final = rf"^\s*{_KEY}\s*$"


def change_where_seen(value: str, field: str, item: str, seen: Seen) -> str:
    """Return SQL of what a field became or was; null where it tells of what may not be seen.

    `item` is SQL of the id (of `work_item`) of the item that was changed.
    """
    return (
        f"CASE WHEN lower({field}) IN ({_listed(_OF_ITEMS)})"
        f" THEN CASE WHEN {_items_are_seen(value, item, seen)} THEN {value} END"
        f" WHEN lower({field}) IN ({_listed(_OF_PROJECTS)})"
        f" THEN CASE WHEN {_project_is_seen(value, item, seen)} THEN {value} END"
        f" WHEN {_is_hidden_key(value, item, seen)} THEN NULL ELSE {value} END"
    )


def field_where_seen(value: str, kind: str, written: str, item: str, seen: Seen) -> str:
    """Return the same of a custom field's value: `kind` is SQL of its type, `written` of its value as text."""
    items, projects = _items_are_seen(written, item, seen), _project_is_seen(written, item, seen)
    return (
        f"CASE WHEN strpos(lower({kind}), 'issue') > 0 THEN CASE WHEN {items} THEN {value} END"
        f" WHEN strpos(lower({kind}), 'project') > 0 THEN CASE WHEN {projects} THEN {value} END"
        f" WHEN {_is_hidden_key(written, item, seen)} THEN NULL ELSE {value} END"
    )


def _items_are_seen(value: str, item: str, seen: Seen) -> str:
    """Return whether a text names an item, and none that may not be seen."""
    return (
        f"({value} ~ '{_KEY}' AND NOT EXISTS (SELECT 1 FROM regexp_matches({value}, '{_KEY}', 'g') AS named(part)"
        f" WHERE NOT EXISTS ({_scope(item, 'named.part[1]')} AND {seen('s.project_id')})))"
    )


def _is_hidden_key(value: str, item: str, seen: Seen) -> str:
    """Return whether a text is the key of an item of a project that may not be seen, and nothing else."""
    scope = _scope(item, f"substring({value} FROM '{_ALONE}')")
    return f"({value} ~ '{_ALONE}' AND EXISTS ({scope} AND ({seen('s.project_id')}) IS NOT TRUE))"


def _scope(item: str, key: str) -> str:
    return (
        "SELECT 1 FROM public.work_item w JOIN public.scope s ON s.source_id = w.source_id"
        f" WHERE w.id = {item} AND (s.key = {key} OR jsonb_exists(s.keys, {key}))"
    )


def _project_is_seen(value: str, item: str, seen: Seen) -> str:
    """Return whether a text is what a tracker calls a project that may be seen, or a path within it."""
    return (
        "EXISTS (SELECT 1 FROM public.work_item w JOIN public.scope s ON s.source_id = w.source_id"
        f" WHERE w.id = {item} AND {seen('s.project_id')} AND ({value} IN (s.name, s.key)"
        rf" OR starts_with({value}, s.name || '\') OR starts_with({value}, s.key || '\')))"
    )


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
