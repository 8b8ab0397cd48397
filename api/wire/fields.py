"""`fields`: of each item, or of a document that is no list, only what was asked for; by commas, or again and again."""

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from starlette.requests import Request

from api.wire.problems import bad_request

NAME: Final = "fields"
SELECTED: Final = (
    "application/vnd.muster.fields+json"  # the same document with fewer names than its schema requires
)
_LISTS: Final = ("items", "runs")


@cache
def described(model: type[BaseModel]) -> tuple[str | None, tuple[str, ...]]:
    """Return the name of a document's list, where it is a page of one, and the names that can be asked for."""
    for name in _LISTS:
        field = model.model_fields.get(name)
        if field is not None and "next" in model.model_fields:
            [row] = get_args(field.annotation)
            return name, _names(row)
    return None, _names(model)


def _names(model: Any) -> tuple[str, ...]:
    found = [each for each in get_args(model) if each is not type(None)] if _is_union(model) else [model]
    names: dict[str, None] = {}
    for each in found:
        for name, field in each.model_fields.items():
            names[field.serialization_alias or field.alias or name] = None
    return tuple(names)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) is UnionType or isinstance(annotation, UnionType)


def selectable(route: Any) -> tuple[str, ...]:
    """Return the names that can be asked for at a route; none where its answer has no names of ours."""
    model = getattr(route, "response_model", None)
    reads = isinstance(model, type) and issubclass(model, BaseModel) and "GET" in route.methods
    return described(model)[1] if reads else ()


def asked(request: Request) -> tuple[str, ...] | None:
    """Return the names that a request asks for; None: all.

    Raises:
        Problem: 400 for a name that is not there, or given twice.
    """
    given = request.query_params.getlist(NAME)
    if not given:
        return None
    wanted = tuple(part.strip() for each in given for part in each.split(","))
    known = selectable(request.scope.get("route"))
    if unknown := sorted(set(wanted) - set(known)):
        raise bad_request(f"fields: no {', '.join(map(repr, unknown))} here; there are: {', '.join(known)}")
    if len(set(wanted)) < len(wanted):
        raise bad_request("fields: a name is given more than once")
    return wanted


def only(request: Request, document: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the document, of each item or of itself with these names alone."""
    many, _ = described(request.scope["route"].response_model)
    if many is None:
        return {name: document[name] for name in names if name in document}
    rows = [{name: row[name] for name in names if name in row} for row in document[many]]
    return {**document, many: rows}
