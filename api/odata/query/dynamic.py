"""Values inside documents: dynamic properties of open types, and structures in a list. Their columns are JSONB.

A dynamic value has the type that its document gives it. Where another type is asked for it is null, as a missing one
is: nothing is guessed from how a text looks, but for days, times and ids, which JSON has as texts.
"""

from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Numeric, case, cast, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB

from api.odata.edm import EnumType
from api.odata.problems import Unsupported
from api.odata.query.literals import SQL_TYPES
from api.odata.query.typed import Value, is_numeric, name_of

UNTYPED: Final = "Edm.Untyped"
_NULL: Final[ColumnElement[Any]] = literal_column("'null'::jsonb", JSONB())
_AS_TEXT: Final = ("Edm.Date", "Edm.TimeOfDay", "Edm.Guid")
_LEAP: Final = r"(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
# What a text must look like to be cast.
_LOOKS: Final = {
    "Edm.Boolean": r"^(true|false)$",
    "Edm.Guid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "Edm.Date": (
        r"^(?!0000)(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|\d{4}-(0[13-9]|1[0-2])-(29|30)"
        rf"|\d{{4}}-(0[13578]|1[02])-31|{_LEAP}-02-29)$"
    ),
    "Edm.TimeOfDay": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$",
}


def from_text(sql: ColumnElement[Any], to: str) -> ColumnElement[Any] | None:
    """Read a text as a value; null where it is none. CASE keeps PostgreSQL from casting what does not look right."""
    if to not in _LOOKS:
        return None
    return cast(case((sql.op("~")(_LOOKS[to]), sql)), SQL_TYPES[to])


def as_text(document: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a scalar of JSON as a text, without quotation marks."""
    return func.jsonb_array_element_text(func.jsonb_build_array(document), 0)


def held(document: ColumnElement[Any], name: str, at: int = 0) -> Value:
    """Return what a document holds under a name; JSON's null is null."""
    found = func.nullif(func.jsonb_extract_path(document, name, type_=JSONB()), _NULL)
    return Value(found, UNTYPED, at=at)


def known(value: Value, type_: str | EnumType) -> Value:
    """Return a dynamic value as one of a type, null where it is of another.

    Raises:
        Unsupported: No value of that type is kept in documents here.
    """
    if value.type != UNTYPED:
        return value
    kind = func.jsonb_typeof(value.sql)
    text = as_text(value.sql)
    if isinstance(type_, EnumType) and not type_.flags:
        return Value(case((kind == "string", text)), type_, at=value.at)
    if type_ == "Edm.String":
        return Value(case((kind == "string", text)), type_, at=value.at)
    if is_numeric(type_):
        number = cast(case((kind == "number", text)), Numeric())
        made = cast(number, SQL_TYPES["Edm.Double"]) if type_ in ("Edm.Double", "Edm.Single") else number
        return Value(
            made, "Edm.Double" if type_ in ("Edm.Double", "Edm.Single") else "Edm.Decimal", at=value.at
        )
    if type_ == "Edm.Boolean":
        return Value(cast(case((kind == "boolean", text)), Boolean()), type_, at=value.at)
    if isinstance(type_, str) and type_ in _AS_TEXT:
        read = from_text(case((kind == "string", text)), type_)
        if read is not None:
            return Value(read, type_, at=value.at)
    raise Unsupported(
        f"character {value.at + 1}: dynamic values are not taken as {name_of(type_)} here", at=value.at
    )
