"""The history of a work item, the same whether it comes from revisions or from updates.

An entry is one change: `rev`, `at` (as the server writes it), `by`, and `changes` as [field, old, new].
The first revision is an entry too, marked `created`: its changes are what the item began with.
Revisions are whole copies, so their changes are the differences of neighbours. Updates are changes
already; several may share a `rev`, and those that only add or remove links carry no fields and no
changed date.
"""

from collections.abc import Container, Iterable
from typing import Any, Final

from connectors.azure_devops.identity import is_person, person_id
from connectors.base import Json

NEVER: Final = "9999-01-01"  # the revised date of the newest revision
# Bookkeeping, or a consequence of another change. The parent is a link, which updates show as one.
_OF_SYSTEM: Final = (
    "Id", "Rev", "Watermark", "AuthorizedDate", "AuthorizedAs", "RevisedDate", "ChangedDate", "ChangedBy",
    "CreatedDate", "CreatedBy", "PersonId", "AreaId", "IterationId", "NodeName", "NodeType", "ProjectId",
    "BoardColumn", "BoardColumnDone", "BoardLane", "CommentCount", "History", "Parent", "RelatedLinkCount",
    "HyperLinkCount", "ExternalLinkCount", "RemoteLinkCount", "AttachedFileCount",
)  # fmt: skip
_COMMON: Final = (
    "StackRank", "BacklogPriority", "StateChangeDate", "ActivatedDate", "ActivatedBy", "ResolvedDate",
    "ResolvedBy", "ClosedDate", "ClosedBy",
)  # fmt: skip
_SILENT: Final = frozenset(
    [f"System.{name}" for name in _OF_SYSTEM] + [f"Microsoft.VSTS.Common.{name}" for name in _COMMON]
)
_SILENT_BEGINNINGS: Final = ("WEF_", "System.AreaLevel", "System.IterationLevel")


def is_silent(field: str) -> bool:
    """Say whether changes of a field are left out of the history."""
    return field in _SILENT or field.startswith(_SILENT_BEGINNINGS)


def from_revisions(revisions: Iterable[Json], kept: Container[str] | None = None) -> list[Json]:
    """Build the history from every revision of an item, in any order; a doubled one counts once.

    Args:
        revisions: Objects with `rev` and `fields`; a field without a value is absent.
        kept: The fields whose changes are of interest; None is all but bookkeeping.
    """
    ordered = sorted({int(one["rev"]): one for one in revisions}.items())
    history: list[Json] = []
    before: Json = {}
    for rev, one in ordered:
        after = one.get("fields") or {}
        names = sorted(before.keys() | after.keys())
        changes = [
            [name, old, new]
            for name in names
            if _of_interest(name, kept)
            and not _same(old := _value(before.get(name)), new := _value(after.get(name)))
        ]
        history.append(_entry(rev, after.get("System.ChangedDate"), after.get("System.ChangedBy"), changes))
        before = after
    return history


def from_updates(updates: Iterable[Json], kept: Container[str] | None = None) -> list[Json]:
    """Build the history from every update of an item.

    An update of links alone keeps them under `links`; its own revised date is when it happened.
    """
    ordered = sorted({int(one["id"]): one for one in updates}.values(), key=lambda one: int(one["id"]))
    history: list[Json] = []
    changed_by: Any = None
    for one in ordered:
        fields = one.get("fields") or {}
        changed_at = (fields.get("System.ChangedDate") or {}).get("newValue")
        # Who changed it is itself only listed when it is another one than before.
        changed_by = (fields.get("System.ChangedBy") or {}).get("newValue") or changed_by
        by = (changed_by if fields else None) or one.get("revisedBy")
        changes = []
        for name in sorted(fields):
            change = fields[name] or {}
            old, new = _value(change.get("oldValue")), _value(change.get("newValue"))
            if _of_interest(name, kept) and not _same(old, new):
                changes.append([name, old, new])
        entry = _entry(int(one["rev"]), changed_at or _value(one.get("revisedDate")), by, changes)
        if int(one["rev"]) == 1 and not fields:
            entry.pop("created", None)
        if one.get("relations"):
            entry["links"] = one["relations"]
        history.append(entry)
    return history


def _entry(rev: int, at: Any, by: Any, changes: list[list[Any]]) -> Json:
    entry: Json = {"rev": rev, "at": at, "by": by, "changes": changes}
    if rev == 1:
        entry["created"] = True
    return entry


def _of_interest(name: str, kept: Container[str] | None) -> bool:
    return not is_silent(name) and (kept is None or name in kept)


def _value(value: Any) -> Any:
    """The year 9999 stands for no date."""
    return None if isinstance(value, str) and value.startswith(NEVER) else value


def _same(old: Any, new: Any) -> bool:
    if is_person(old) and is_person(new):
        return person_id(old) == person_id(new)
    # False and 0 are equal to Python, and neither is the same as no value.
    return bool(old == new and isinstance(old, bool) == isinstance(new, bool))
