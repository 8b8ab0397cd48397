"""What mappings of Azure DevOps may name besides the common transforms."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from connectors.azure_devops.history import NEVER
from connectors.azure_devops.identity import is_person, person_id, person_name
from connectors.azure_devops.text import plain_markdown, plain_text

_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
# Names that mean the same in every tracker; the field's own name stands beside them.
_COMMON_NAMES: Final = {
    "System.State": "status",
    "System.AssignedTo": "assignee",
    "System.Title": "summary",
    "System.WorkItemType": "issuetype",
    "System.TeamProject": "project",
    "System.Tags": "labels",
    "Microsoft.VSTS.Common.Priority": "priority",
}
_DIRECTIONS: Final = {"Forward": "outward", "Reverse": "inward"}


def instant(value: Any) -> datetime | None:
    """An instant with any number of fraction digits; the year 9999 is no date.

    >>> instant("2021-08-07T15:41:43.08Z")
    datetime.datetime(2021, 8, 7, 15, 41, 43, 80000, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(value, str):
        raise ValueError("expected an instant such as 2026-01-31T09:00:00Z")  # noqa: TRY004 - bad values are ValueErrors
    if not value or value.startswith(NEVER):
        return None
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", value))
    except ValueError:
        raise ValueError("expected an instant such as 2026-01-31T09:00:00Z") from None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("expected an instant from the year 1 to 9999 in UTC") from None


def day(value: Any) -> date | None:
    """The day somebody picked. It is stored as midnight where they were, written in UTC.

    So the nearest midnight is meant: 23:00 of the day before, for someone an hour east of Greenwich.

    >>> day("2026-03-31T22:00:00Z")
    datetime.date(2026, 4, 1)
    """
    found = instant(value)
    if found is None:
        return None
    on_the_quarter = found.minute % 15 == 0 and not found.second and not found.microsecond
    return (found + timedelta(hours=12) if on_the_quarter else found).date()


def date_of(value: Any) -> date | None:
    """The day in UTC on which something happened.

    >>> date_of("2026-03-31T22:00:00Z")
    datetime.date(2026, 3, 31)
    """
    found = instant(value)
    return found.date() if found else None


def tags(value: Any) -> list[str] | None:
    """Tags, which are one text with semicolons.

    >>> tags("Beta; needs review")
    ['Beta', 'needs review']
    """
    names = [one.get("name") for one in value] if isinstance(value, list) else str(value).split(";")
    return [str(name).strip() for name in names if name and str(name).strip()] or None


def transitions(history: Any) -> list[tuple[Any, ...]]:
    """Rows of a history; what the item was created with is no transition."""
    rows: list[tuple[Any, ...]] = []
    for entry in history:
        if entry.get("created") or not entry["changes"] or not entry.get("at"):
            continue
        at, by = instant(entry["at"]), entry.get("by")
        who, who_id = person_name(by), person_id(by)
        for field, old, new in entry["changes"]:
            rows.append(
                (
                    f"{entry['rev']}:{field}",
                    at,
                    who,
                    who_id,
                    _COMMON_NAMES.get(field) or field.rpartition(".")[2],
                    field,
                    person_id(old) if is_person(old) else None,
                    _shown(old),
                    person_id(new) if is_person(new) else None,
                    _shown(new),
                )
            )
    return rows


def links(payload: Any) -> list[tuple[Any, ...]]:
    """Rows of the links to other items; parents and children are not among them: they are the hierarchy.

    Both ends give a link the same id.
    """
    rows = []
    for one in payload.get("relations") or ():
        base, _, end = (
            one["rel"].rpartition("-") if one["rel"].endswith(tuple(_DIRECTIONS)) else (one["rel"], "", "")
        )
        if base == "System.LinkTypes.Hierarchy":
            continue
        own, other = int(payload["id"]), int(one["id"])
        first = own <= other if not end else end == "Forward"
        ends = (own, other) if first else (other, own)
        kind = base.rpartition(".")[2]
        rows.append(
            (
                f"{base}:{ends[0]}:{ends[1]}",
                _DIRECTIONS.get(end) or ("outward" if first else "inward"),
                kind,
                one.get("name") or kind,
                str(other),
                str(other),
            )
        )
    return rows


def iterations(found: Any) -> list[tuple[Any, ...]]:
    """Rows of the iterations an item is or was planned in; their state stands with the iteration."""
    return [(one["id"], one["name"], None) for one in found]


def comments(said: Any) -> list[tuple[Any, ...]]:
    """Rows of a discussion: who, when, and the words as a reader sees them; what was taken back is left out.

    Server 2019 gives them by the revision they came with.
    """
    rows = {}
    for one in said:
        if one.get("isDeleted"):
            continue
        id_ = str(one["id"] if one.get("id") is not None else f"revision {one['revision']}")
        who = one.get("createdBy") or one.get("revisedBy")
        text = one.get("text")
        plain = plain_markdown if str(one.get("format")).lower() == "markdown" else plain_text
        at, changed = one.get("createdDate") or one.get("revisedDate"), one.get("modifiedDate")
        rows[id_] = (
            id_, person_name(who), person_id(who), instant(at) if at else None,
            instant(changed) if changed else None, plain(text) if text else None,
        )  # fmt: skip
    return list(rows.values())


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if is_person(value):
        return person_name(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


TRANSFORMS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "ado_instant": instant,
    "ado_day": day,
    "ado_date": date_of,
    "ado_tags": tags,
    "ado_person": person_name,
    "ado_person_id": person_id,
    "ado_transitions": transitions,
    "ado_links": links,
    "ado_iterations": iterations,
    "ado_comments": comments,
    "ado_text": plain_text,
}
