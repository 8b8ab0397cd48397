"""What is wrong with a parameter, in words: no name of a library's type, no pattern."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_EXPECTED: Final = {
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of a usual size",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "date_parsing": "must be a date such as 2026-11-22",
    "date_from_datetime_parsing": "must be a date such as 2026-11-22",
    "date_from_datetime_inexact": "must be a date such as 2026-11-22, without a time",
    "datetime_parsing": "must be an instant with its offset, such as 2026-11-22T02:00:00Z",
    "datetime_from_date_parsing": "must be an instant with its offset, such as 2026-11-22T02:00:00Z",
    "timezone_aware": "must be an instant with its offset, such as 2026-11-22T02:00:00Z",
    "missing": "must be given",
    "extra_forbidden": "is not known here",
    "dict_type": "must be an object",
    "mapping_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "date_type": "must be a date such as 2026-11-22",
    "string_pattern_mismatch": "has the wrong form",
}
_LIMITS: Final = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "greater_than": ("gt", "must be more than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "less_than": ("lt", "must be less than {}"),
    "string_too_long": ("max_length", "must be at most {} characters long"),
    "string_too_short": ("min_length", "must be at least {} characters long"),
}


def parameter_errors(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one entry a parameter: where it stands, its name, and what it must be."""
    by_place: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for error in found:
        where, *names = [str(part) for part in error["loc"]]
        if error["type"] == "json_invalid":  # its place is the character at which reading stopped
            names = []
        # In a body the place may be deep; a parameter is one value, and what is below it a choice of types.
        name = ".".join(names) if where == "body" else "".join(names[:1])
        by_place.setdefault((where, name), []).append(error)
    return [{"in": where, "name": name, "says": _says(errors)} for (where, name), errors in by_place.items()]


def _says(errors: Sequence[Mapping[str, Any]]) -> str:
    """Say what one parameter must be; of a choice of types each has complained."""
    told = list(dict.fromkeys(text for text in map(_expected, errors) if text))
    return (
        " or ".join(told[:1] + [text.removeprefix("must be ") for text in told[1:]]) or "has the wrong form"
    )


def _expected(error: Mapping[str, Any]) -> str | None:
    """Return what was expected; None where only the empty value of a form's field was."""
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "json_invalid" and str(context.get("error")).startswith("gives "):  # a key twice
        return str(context["error"])
    if kind == "json_invalid":
        return f"is no JSON: {context.get('error')}, at character {int(error['loc'][-1]) + 1}"
    if kind == "literal_error":
        listed = str(context.get("expected", "")).replace(" or ", ", ").split(", ")
        choices = [choice.strip("'") for choice in listed if choice.strip("'")]
        return f"must be one of {', '.join(choices)}" if choices else None
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "must not be empty"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(context.get(name))
    return _EXPECTED.get(kind, str(error["msg"]).removeprefix("Value error, "))
