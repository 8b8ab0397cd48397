"""Custom fields: which there are, what their types mean, and their values as plain ones.

A value of a type nobody documents, or of another shape than its type's, is kept as the tracker gave it and
marked `raw`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson

from connectors.base import Json
from connectors.jira.jql import from_epoch_ms
from connectors.jira.sprints import sprint_rows
from connectors.jira.text import plain_text

# The chosen fields, put beside an issue's fields when it is read.
CHOSEN: Final = "customFields"
UNKNOWN: Final = "unknown"
_SYSTEM: Final = "com.atlassian.jira.plugin.system.customfieldtypes:"
_PLANS: Final = "com.atlassian.jpo:jpo-custom-field-"
_AGILE: Final = "com.pyxis.greenhopper.jira:"


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field that the mapping keeps. `schema` is the type by the tracker's own word."""

    id: str
    name: str
    kind: str
    schema: str


# What a field's own type says; stands above what its value is made of.
_BY_CUSTOM: Final[Mapping[str, str]] = {
    f"{_SYSTEM}textarea": "rich_text",
    f"{_SYSTEM}textfield": "text",
    f"{_SYSTEM}readonlyfield": "text",
    f"{_SYSTEM}url": "url",
    f"{_SYSTEM}float": "number",
    f"{_SYSTEM}importid": "number",
    f"{_SYSTEM}datepicker": "date",
    f"{_SYSTEM}datetime": "instant",
    f"{_SYSTEM}select": "option",
    f"{_SYSTEM}radiobuttons": "option",
    f"{_SYSTEM}multiselect": "options",
    f"{_SYSTEM}multicheckboxes": "options",
    f"{_SYSTEM}cascadingselect": "cascade",
    f"{_SYSTEM}labels": "texts",
    f"{_SYSTEM}userpicker": "user",
    f"{_SYSTEM}multiuserpicker": "users",
    f"{_SYSTEM}people": "users",
    f"{_SYSTEM}grouppicker": "group",
    f"{_SYSTEM}multigrouppicker": "groups",
    f"{_SYSTEM}project": "project",
    f"{_SYSTEM}version": "version",
    f"{_SYSTEM}multiversion": "versions",
    f"{_SYSTEM}atlassian-team": "team",
    "com.atlassian.teams:rm-teams-custom-field-team": "team",
    f"{_AGILE}gh-sprint": "sprints",
    f"{_AGILE}gh-epic-link": "issue",
    f"{_AGILE}gh-epic-label": "text",
    f"{_AGILE}gh-epic-color": "text",
    f"{_AGILE}jsw-issue-color": "text",
    f"{_AGILE}gh-epic-status": "option",
    f"{_AGILE}gh-lexo-rank": "text",
    f"{_AGILE}jsw-story-points": "number",
    f"{_PLANS}parent": "issue",
    f"{_PLANS}baseline-start": "date",
    f"{_PLANS}baseline-end": "date",
    f"{_PLANS}original-story-points": "number",
}
_BY_TYPE: Final[Mapping[str, str]] = {
    "string": "text", "number": "number", "date": "date", "datetime": "instant", "user": "user",
    "group": "group", "option": "option", "option-with-child": "cascade", "project": "project",
    "version": "version", "component": "version", "priority": "option", "resolution": "option",
    "issuetype": "option", "status": "option", "securitylevel": "option", "team": "team", "issuelink": "issue",
}  # fmt: skip
_BY_ITEMS: Final[Mapping[str, str]] = {
    "string": "texts", "option": "options", "user": "users", "group": "groups", "version": "versions",
    "component": "versions", "project": "projects", "issuelink": "issues",
}  # fmt: skip


def kind_of(schema: Json) -> str:
    """Name the kind of a field by its schema; `unknown` for a type that no documentation gives."""
    known = _BY_CUSTOM.get(str(schema.get("custom")))
    if known is not None:
        return known
    kind = str(schema.get("type"))
    found = _BY_ITEMS.get(str(schema.get("items"))) if kind == "array" else _BY_TYPE.get(kind)
    return found or UNKNOWN


def schema_words(schema: Json) -> str:
    """Say a field's type as its tracker does: `array of option (vendor:key)`."""
    kind = str(schema.get("type"))
    items = f" of {schema['items']}" if schema.get("items") else ""
    custom = f" ({schema['custom']})" if schema.get("custom") else ""
    return f"{kind}{items}{custom}"


def choose(
    fields: Iterable[Json], wanted: Sequence[str], taken: Iterable[str]
) -> dict[str, list[CustomField]]:
    """Find the fields an officer names by id or name; `all` is every custom field not `taken` otherwise.

    Returns:
        For each name the fields it means: none, one, or all that are called so.
    """
    custom = [field for field in fields if (field.get("schema") or {}).get("custom") or field.get("custom")]
    if tuple(wanted) == ("all",):
        skipped = set(taken)
        return {"all": [_made(field) for field in custom if field["id"] not in skipped]}
    found: dict[str, list[CustomField]] = {}
    for name in wanted:
        folded = name.strip().casefold()
        by_id = [field for field in custom if field["id"] == name]
        meant = by_id or [
            field
            for field in custom
            if folded
            in {str(field.get(key) or "").strip().casefold() for key in ("name", "untranslatedName")}
        ]
        found[name] = [_made(field) for field in meant]
    return found


def _made(field: Json) -> CustomField:
    schema = field.get("schema") or {}
    return CustomField(
        str(field["id"]), str(field.get("name") or field["id"]), kind_of(schema), schema_words(schema)
    )


def written(fields: Iterable[CustomField]) -> str:
    """Write chosen fields as one value of the source's semantics."""
    return orjson.dumps([asdict(field) for field in fields]).decode()


def parsed(text: str | None) -> tuple[CustomField, ...]:
    """Read what `written` wrote."""
    return tuple(CustomField(**each) for each in orjson.loads(text)) if text else ()


def custom_values(payload: Json) -> Json | None:
    """Return the chosen fields that hold a value: id -> {name, type, value}; None when none was chosen."""
    chosen: Sequence[CustomField] | None = payload.get(CHOSEN)
    if not chosen:
        return None
    fields = payload["fields"]
    return {
        field.id: _entry(field, value)
        for field in chosen
        if (value := fields.get(field.id)) is not None and value not in ([], "")
    }


def _entry(field: CustomField, value: Any) -> Json:
    convert = _CONVERT.get(field.kind)
    if convert is None:
        return {"name": field.name, "type": field.schema, "value": value, "raw": True}
    try:
        return {"name": field.name, "type": field.kind, "value": convert(value)}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        why = str(error) if isinstance(error, ValueError) and str(error) else "of another shape than its type"
        return {"name": field.name, "type": field.kind, "value": value, "raw": True, "why": why}


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004 - one kind of error for every bad value
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError("expected a number") from None


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return plain_text(value)
    if isinstance(value, bool | list):
        raise ValueError("expected text")  # noqa: TRY004 - as above
    return str(value)


def _day(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a date as YYYY-MM-DD")  # noqa: TRY004 - as above
    return date.fromisoformat(value[:10]).isoformat()


def _instant(value: Any) -> str:
    at = from_epoch_ms(value) if isinstance(value, int) else datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("expected a time with its offset from UTC")
    try:
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise ValueError("expected a time from the year 1 to 9999 in UTC") from None


def _named(value: Any) -> str:
    """Give the words of a choice, a group, a version or a project: an object around a name, or the name."""
    if isinstance(value, str):
        return value
    found = value.get("value") or value.get("name") or value.get("displayName") or value.get("key")
    if not found:
        raise ValueError("expected something with a name")
    return str(found)


def _user(value: Any) -> Json:
    if isinstance(value, str):
        return {"id": value, "name": None}
    who = value.get("accountId") or value.get("key") or value.get("name")
    if not who:
        raise ValueError("expected a person")
    return {"id": str(who), "name": value.get("displayName") or value.get("name")}


def _team(value: Any) -> Json:
    if isinstance(value, str | int):
        return {"id": str(value), "name": None}
    return {"id": str(value["id"]), "name": value.get("name") or value.get("title")}


def _cascade(value: Any) -> list[str]:
    """Give a choice and the choice below it, where one was made."""
    path = []
    while isinstance(value, dict) and value:
        path.append(_named(value))
        value = value.get("child")
    if not path:
        raise ValueError("expected a choice with its sub-choice")
    return path


def _issue(value: Any) -> str:
    if isinstance(value, dict):
        data = value.get("data")
        value = value.get("key") or (data.get("key") if isinstance(data, dict) else None)
    if not isinstance(value, str) or not value:
        raise ValueError("expected the key of an issue")
    return value


def _sprints(value: Any) -> list[Json]:
    return [{"id": one, "name": name, "state": state} for one, name, state in sprint_rows(value)]


def _each(convert: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """Convert a list one by one; Jira gives a single value of some lists bare."""

    def converted(value: Any) -> list[Any]:
        return [convert(one) for one in (value if isinstance(value, list) else [value]) if one is not None]

    return converted


_CONVERT: Final[Mapping[str, Callable[[Any], Any]]] = {
    "number": _number,
    "text": _text,
    "rich_text": plain_text,
    "url": _text,
    "date": _day,
    "instant": _instant,
    "option": _named,
    "options": _each(_named),
    "cascade": _cascade,
    "texts": _each(_text),
    "user": _user,
    "users": _each(_user),
    "group": _named,
    "groups": _each(_named),
    "project": _named,
    "projects": _each(_named),
    "version": _named,
    "versions": _each(_named),
    "team": _team,
    "sprints": _sprints,
    "issue": _issue,
    "issues": _each(_issue),
}
