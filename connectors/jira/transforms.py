"""Jira's shapes to the model's values. None of these is called with None; bad values raise ValueError."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.base import Json
from connectors.jira.custom import custom_values
from connectors.jira.jql import from_epoch_ms
from connectors.jira.sprints import sprint_rows, sprint_state
from connectors.jira.text import plain_text

# id -> category, put beside an issue's fields by `issues.read`, because a status that an issue has left is
# in its history as an id only.
CATEGORIES: Final = "statusCategories"

CATEGORY_BY_KEY: Final = {
    "new": "todo", "undefined": "todo", "indeterminate": "doing", "done": "done",
    # What the configuration says stands in the place of what Jira says.
    "override:todo": "todo", "override:doing": "doing", "override:done": "done", "override:dropped": "dropped",
}  # fmt: skip
CATEGORY_BY_ID: Final = {1: "todo", 2: "todo", 4: "doing", 3: "done"}
_EPIC_LEVEL: Final = 1
_MOVES: Final = "statusMoves"

# The standard types' names in the languages Jira's own translations are most used in. They serve where the
# site answers in the account's language and does not say the untranslated name.
_HUB_TYPES: Final = {
    "initiative": "initiative", "theme": "initiative", "programme": "initiative", "program": "initiative",
    "epic": "epic", "épopée": "epic", "epos": "epic", "épica": "epic", "エピック": "epic", "史诗": "epic",
    "长篇故事": "epic",
    "feature": "feature", "new feature": "feature", "capability": "feature", "新功能": "feature",
    "story": "story", "user story": "story", "improvement": "story", "récit": "story", "historia": "story",
    "história": "story", "ストーリー": "story", "故事": "story", "requirement": "story",
    "task": "task", "sub-task": "task", "subtask": "task", "technical task": "task", "aufgabe": "task",
    "unteraufgabe": "task", "tâche": "task", "sous-tâche": "task", "tarea": "task", "subtarea": "task",
    "tarefa": "task", "subtarefa": "task", "タスク": "task", "サブタスク": "task", "任务": "task", "子任务": "task",
    "bug": "bug", "defect": "bug", "fault": "bug", "fehler": "bug", "bogue": "bug", "error": "bug",
    "バグ": "bug", "缺陷": "bug", "故障": "bug",
    "milestone": "milestone", "meilenstein": "milestone", "jalon": "milestone", "hito": "milestone",
}  # fmt: skip

_ODD_OFFSET: Final = timedelta(hours=15)  # no place on earth is that far from UTC
_LAST_YEAR: Final = 9999


def instant(value: Any) -> datetime:
    """Read a time as any of Jira's interfaces writes it: ISO with an offset, or epoch milliseconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        return from_epoch_ms(value)
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        if (offset := at.utcoffset()) is not None:
            if abs(offset) < _ODD_OFFSET and 1 < at.year < _LAST_YEAR:
                return at
            try:
                return at.astimezone(UTC)  # as it is written, PostgreSQL would not take it
            except OverflowError:
                raise ValueError("expected a time from the year 1 to 9999 in UTC") from None
    raise ValueError("expected a time with its offset from UTC")


def category_of(status: Json) -> str | None:
    """Name the category of a status by its key; by its id only where the key is missing or unknown.

    Where key and id disagree the key stands: it is what Jira's own boards and JQL go by, and discovery
    warns of it.
    """
    category = status.get("statusCategory")
    if not isinstance(category, dict):
        return None
    found = CATEGORY_BY_KEY.get(str(category.get("key", "")).lower())
    if found is not None:
        return found
    number = category.get("id")
    return CATEGORY_BY_ID.get(number) if isinstance(number, int) else None


def override(status: Any, overrides: Mapping[str, str]) -> None:
    """Put the configuration's word in the place of a status' own category, where it has one."""
    if isinstance(status, dict) and (given := overrides.get(str(status.get("id")))) is not None:
        status["statusCategory"] = {"key": f"override:{given}"}


def _is_overridden(status: Any) -> bool:
    category = status.get("statusCategory") if isinstance(status, dict) else None
    return isinstance(category, dict) and str(category.get("key")).startswith("override:")


def hub_type(issue_type: Json) -> str:
    """Place a type among those all trackers share: by its level, then by its name."""
    level = issue_type.get("hierarchyLevel")
    if isinstance(level, int) and level > _EPIC_LEVEL:
        return "initiative"
    if level == _EPIC_LEVEL:
        return "epic"
    for name in (issue_type.get("untranslatedName"), issue_type.get("name")):
        found = _HUB_TYPES.get(str(name).strip().casefold()) if name else None
        if found is not None:
            return found
    return "task" if issue_type.get("subtask") or level == -1 else "other"


def histories(changelog: Any) -> list[Json]:
    """Take the changes out of a changelog, oldest first, whichever interface it came from."""
    if not isinstance(changelog, dict):
        raise ValueError("expected a changelog")  # noqa: TRY004 - transforms raise ValueError
    found: list[Json] = changelog.get("histories") or changelog.get("changeHistories") or []
    if changelog.get("ordered"):  # `reading` has done it
        return found
    return sorted(found, key=lambda history: (instant(history["created"]), int(history["id"])))


def _at(history: Json) -> datetime:
    """Give a change's time, read once."""
    return history.get("at") or instant(history["created"])


def transitions(changelog: Any) -> list[tuple[Any, ...]]:
    """List every item of every change; nothing is left out, not even ranks and workflow migrations."""
    rows: list[tuple[Any, ...]] = []
    for history in histories(changelog):
        at = _at(history)
        author = history.get("author") or {}
        by_id = _text(author.get("accountId") or author.get("key") or author.get("name"))
        by = _text(author.get("displayName") or author.get("name"))
        change = history["id"]
        for position, item in enumerate(history.get("items") or ()):
            get = item.get
            field_id, field = get("fieldId"), get("field")
            before, after = get("from"), get("to")
            before_text, after_text = get("fromString"), get("toString")
            rows.append(
                (
                    f"{change}:{position}", at, by, by_id,
                    _text(field or field_id or ""), _text(field_id),
                    # Texts, nearly always: a call for each of them is most of what a history costs.
                    (before or None) if before.__class__ is str else _or_none(before),
                    (before_text or None) if before_text.__class__ is str else _or_none(before_text),
                    (after or None) if after.__class__ is str else _or_none(after),
                    (after_text or None) if after_text.__class__ is str else _or_none(after_text),
                )
            )  # fmt: skip
    return rows


def _text(value: Any) -> str | None:
    """Let pass what is text or nothing; names of people and fields are never anything else."""
    if value is None or isinstance(value, str):
        return value
    raise ValueError("expected text for a name or a key")


def _or_none(value: Any) -> str | None:
    """Jira writes "no value" as null or as an empty text."""
    return None if value is None or value == "" else str(value)


def _moves(payload: Json) -> list[tuple[datetime, str, str]]:
    """List the changes of status as (time, from id, to id); found once, kept beside the histories."""
    changelog = payload.get("changelog")
    if not isinstance(changelog, dict):
        return []
    found: list[tuple[datetime, str, str]] | None = changelog.get(_MOVES)
    if found is None:
        found = changelog[_MOVES] = [
            (_at(history), str(item.get("from")), str(item.get("to")))
            for history in histories(changelog)
            for item in history.get("items") or ()
            if item.get("fieldId", item.get("field")) == "status"
        ]
    return found


def _category_map(payload: Json) -> Mapping[str, str]:
    status = payload["fields"].get("status") or {}
    own = category_of(status)
    known: Mapping[str, str] = payload.get(CATEGORIES) or {}
    own_id = str(status.get("id"))
    return known if own is None or known.get(own_id) == own else {**known, own_id: own}


def started_at(payload: Json) -> datetime | None:
    """When work began: the first move into a status of the category In Progress.

    An issue created in such a status began when it was created. None when it never was in one, or went
    through statuses that the site no longer lists; and where its history is not read.
    """
    if not isinstance(payload.get("changelog"), dict):
        return None
    categories = _category_map(payload)
    moves = _moves(payload)
    status = payload["fields"].get("status") or {}
    first = moves[0][1] if moves else str(status.get("id"))
    created = payload["fields"].get("created")
    if categories.get(first) == "doing" and created:
        return instant(created)
    return next((at for at, _, to in moves if categories.get(to) == "doing"), None)


def done_at(payload: Json) -> datetime | None:
    """When it was done: Jira's resolution date, else the move that brought it among the done ones.

    Moves between two done statuses (a migrated workflow) do not count. None while it is not done. Where
    the configuration says what its status counts as, a resolution does not speak against it.
    """
    resolved = payload["fields"].get("resolutiondate")
    if resolved and not _is_overridden(payload["fields"].get("status")):
        return instant(resolved)
    categories = _category_map(payload)
    status = payload["fields"].get("status") or {}
    if categories.get(str(status.get("id"))) != "done":
        return None
    arrivals = [
        at for at, before, to in _moves(payload) if categories.get(to) == "done" != categories.get(before)
    ]
    return arrivals[-1] if arrivals else instant(resolved) if resolved else None


def links(value: Any) -> list[tuple[Any, ...]]:
    """List an issue's links as it shows them: `outward` means this issue does it to the other."""
    rows: list[tuple[Any, ...]] = []
    for link in value:
        kind = link.get("type") or {}
        for side, direction, label in (
            ("outwardIssue", "outward", kind.get("outward")),
            ("inwardIssue", "inward", kind.get("inward")),
        ):
            other = link.get(side)
            if other:
                name = _text(kind.get("name")) or ""
                other_id = str(other.get("id") or other.get("key"))
                key = _text(other.get("key"))
                rows.append((str(link["id"]), direction, name, _text(label) or name, other_id, key))
    return rows


def parent_key(value: Any) -> str | None:
    """Take the key out of a parent or an epic link, which is a key by itself or an object around one."""
    if isinstance(value, dict):
        data = value.get("data")
        value = value.get("key") or (data.get("key") if isinstance(data, dict) else None)
    return value if isinstance(value, str) and value else None


def points(value: Any) -> float:
    """Read a size; some sites keep it in a text field or in a list of choices."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004 - transforms raise ValueError
    try:
        return float(str(value).strip().replace(",", "."))
    except ValueError:
        raise ValueError("expected a number") from None


def person(user: Any) -> str | None:
    """Name a person as the site shows them."""
    return user.get("displayName") or user.get("name") if isinstance(user, dict) else None


def person_id(user: Any) -> str | None:
    """Give the id that never changes: Cloud's account id, Data Center's key."""
    return user.get("accountId") or user.get("key") or user.get("name") if isinstance(user, dict) else None


def comments(value: Json) -> list[tuple[Any, ...]]:
    """List the comments of an issue: who, when, and the words as plain text."""
    return [
        (*_said(one), instant(one["created"]), _perhaps(instant, one.get("updated")), _words(one.get("body")))
        for one in value.get("comments") or ()
    ]


def worklogs(value: Json) -> list[tuple[Any, ...]]:
    """List the work logs of an issue: who, when it began, hours, when it was written, and the words."""
    return [
        (
            *_said(one), _perhaps(instant, one.get("started")), _hours(one.get("timeSpentSeconds")),
            _perhaps(instant, one.get("created")), _perhaps(instant, one.get("updated")), _words(one.get("comment")),
        )
        for one in value.get("worklogs") or ()
    ]  # fmt: skip


def _said(row: Json) -> tuple[str, str | None, str | None]:
    return str(row["id"]), person(row.get("author")), person_id(row.get("author"))


def _words(value: Any) -> str | None:
    return plain_text(value) if value else None


def _hours(seconds: Any) -> float | None:
    return None if seconds is None else float(seconds) / 3600


def _perhaps(read: Callable[[Any], datetime], value: Any) -> datetime | None:
    return None if value is None else read(value)


def names(value: Any) -> list[str]:
    """List the names out of components, versions, choices or plain texts."""
    return [
        str(item.get("name") or item.get("value") or item.get("displayName"))
        if isinstance(item, dict)
        else str(item)
        for item in (value if isinstance(value, list) else [value])
    ]


def version_state(version: Json) -> str:
    """A released version is a milestone met; one archived without release was dropped."""
    if version.get("released"):
        return "met"
    return "dropped" if version.get("archived") else "planned"


def version_actual(version: Json) -> str | None:
    """Give the release date of a version that is released."""
    return version.get("releaseDate") if version.get("released") else None


def version_forecast(version: Json) -> str | None:
    """Give the release date of a version still to come."""
    return None if version.get("released") else version.get("releaseDate")


TRANSFORMS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "jira_text": plain_text,
    "jira_instant": instant,
    "jira_status_category": category_of,
    "jira_hub_type": hub_type,
    "jira_transitions": transitions,
    "jira_started_at": started_at,
    "jira_done_at": done_at,
    "jira_links": links,
    "jira_sprints": sprint_rows,
    "jira_sprint_state": sprint_state,
    "jira_parent_key": parent_key,
    "jira_points": points,
    "jira_person": person,
    "jira_person_id": person_id,
    "jira_names": names,
    "jira_comments": comments,
    "jira_worklogs": worklogs,
    "jira_custom": custom_values,
    "jira_version_state": version_state,
    "jira_version_actual": version_actual,
    "jira_version_forecast": version_forecast,
}
