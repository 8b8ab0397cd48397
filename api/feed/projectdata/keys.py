"""Ids and instants as the retired feed had them: GUIDs for everything, and dates with a time."""

from typing import Any

from sqlalchemy import ColumnElement, DateTime, Text, Uuid, cast, func, literal


def guid(kind: str, source_id: Any, external_id: Any) -> ColumnElement[Any]:
    """Return the GUID of a record: the same for ever, since it is made of where the record is and its id there."""
    name = literal(f"{kind}:") + cast(source_id, Text()) + literal(":") + external_id
    return cast(func.md5(name), Uuid())


def midnight(day: Any) -> ColumnElement[Any]:
    """Return a day as the instant it begins at, in UTC."""
    return func.timezone("UTC", cast(day, DateTime()))
