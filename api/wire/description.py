"""The OpenAPI document: what FastAPI derives from the routes, and what only we know of them."""

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from types import ModuleType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api.wire.fields import NAME, SELECTED, selectable
from api.wire.idempotency import HEADER, WRITES

_METHODS: Final = ("get", "put", "post", "patch", "delete")
_INSTANT: Final = re.compile(r"(_at|^at|^known_(from|to))$")
_NO_NUL: Final = r"^[^\u0000]*$"
_TAG: Final = r'^(\*|"[0-9]{1,15}\.[0-9]{1,9}(\.[0-9a-f]{1,40})?")$'
_TEXT: Final = {"type": "string"}
_ETAG: Final = {"description": "Strong; from the version of the data", "schema": _TEXT}
_NEXT: Final = {
    "description": 'Where there is a next page: its address, rel="next" (RFC 8288)',
    "schema": _TEXT,
}
_REPLAYED: Final = {
    "description": "true: this was answered before, and nothing was done again",
    "schema": {"type": "string", "enum": ["true"]},
}
_KEY: Final = {
    "name": HEADER, "in": "header", "required": False,
    "description": "A key of one's own: the same request sent again with it within a day is carried out once",
    "schema": {"type": "string", "pattern": r'^([!#-~]{1,200}|"[!#-~]{1,200}")$'},
}  # fmt: skip
_SELECTED: Final = {
    "type": "object", "description": "The same document, of each item (or of itself) with the fields asked for alone",
}  # fmt: skip


def describe(app: FastAPI, routes: Iterable[BaseRoute], shapes: Sequence[ModuleType]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, every answer with an example.

    Args:
        app: Whose document.
        routes: Of the API.
        shapes: Where the models of the answers stand.
    """
    document = deepcopy(app.openapi())  # which FastAPI keeps, and gives out again
    schemas = document["components"]["schemas"]
    # FastAPI drops what is null, also from examples, where null is the point.
    for name, schema in schemas.items():
        told = (getattr(module, name, None) for module in shapes)
        model = next(filter(None, told), None)
        if model is not None and "json_schema_extra" in model.model_config:
            schema.update(model.model_config["json_schema_extra"])
    names = {route.operation_id: selectable(route) for route in routes if isinstance(route, APIRoute)}
    for path in document["paths"].values():
        for method, operation in path.items():
            if method == "get":
                _read(operation, names.get(operation["operationId"], ()))
            elif method.upper() in WRITES:
                _write(operation)
            _exemplify(operation["responses"], schemas)
    _time(schemas)
    _plain_text(document)
    return document


def _read(operation: dict[str, Any], names: Sequence[str]) -> None:
    """Describe what every read has: an ETag, the next page's link, and `fields`."""
    told = operation["responses"]["200"]
    told.setdefault("headers", {})["ETag"] = _ETAG
    if any(each["name"] == "cursor" for each in operation.get("parameters", ())):
        told["headers"]["Link"] = _NEXT
    if not names:
        return
    one = {"type": "string", "enum": list(names)}
    operation.setdefault("parameters", []).append({
        "name": NAME, "in": "query", "required": False, "style": "form", "explode": False,
        "description": "Only these of each item, or of a document that is no list; separated by commas",
        "schema": {"type": "array", "minItems": 1, "uniqueItems": True, "items": one},
    })  # fmt: skip
    told["content"][SELECTED] = {"schema": _SELECTED, "example": {}}


def _write(operation: dict[str, Any]) -> None:
    """Describe what every write has: a key against doing it twice, and no 304."""
    operation.setdefault("parameters", []).append(_KEY)
    responses = operation["responses"]
    responses.pop("304", None)
    problem = responses["404"]["content"]
    responses.setdefault("409", {"description": "", "content": problem})
    for code, says in (
        ("409", f"A request with this {HEADER} is under way, or its answer was lost"),
        ("413", "The body is larger than any that is taken"),
        ("422", f"This {HEADER} was sent with another request"),
    ):
        responses.setdefault(code, {"description": "", "content": problem})
        told = responses[code]["description"]
        responses[code]["description"] = f"{told}; {says[0].lower()}{says[1:]}" if told else says
    for code, response in responses.items():
        if code < "500" and code not in ("401", "403", "429"):
            response.setdefault("headers", {})["Idempotency-Replayed"] = _REPLAYED
    for parameter in operation["parameters"]:
        if parameter["name"] == "If-Match":
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "pattern": _TAG}


def _exemplify(responses: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Put the schema's example beside each response: many tools look only there."""
    for response in responses.values():
        for content in response.get("content", {}).values():
            example = _example(content.get("schema", {}), schemas)
            if example is not None:
                content.setdefault("example", example)


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    reference = schema.get("$ref")
    if reference is None:
        return None
    named = schemas[reference.rpartition("/")[2]]
    if named.get("examples"):
        return named["examples"][0]
    for many, others in (("items", {"next": None}), ("runs", {"next": None})):
        rows = named.get("properties", {}).get(many)
        if rows:
            return {many: [_example(rows["items"], schemas)], **others}
    return None


def _time(schemas: dict[str, Any]) -> None:
    """Say of every instant that it is one."""
    for name, schema in schemas.items():
        if name.startswith("Given"):
            continue
        for field, described_ in schema.get("properties", {}).items():
            for each in (described_, *described_.get("anyOf", ())):
                if each.get("type") == "string" and _INSTANT.search(field):
                    each["format"] = "date-time"


def _plain_text(document: dict[str, Any]) -> None:
    """Say of every text that is sent that it holds no NUL character: no database keeps one."""
    sent: list[Any] = []
    for path in document["paths"].values():
        for method in _METHODS:
            operation = path.get(method, {})
            sent += [each.get("schema", {}) for each in operation.get("parameters", ())]
            sent += [
                each.get("schema", {})
                for each in operation.get("requestBody", {}).get("content", {}).values()
            ]
    seen: set[str] = set()
    while sent:
        one = sent.pop()
        if isinstance(one, list):
            sent += one
            continue
        if not isinstance(one, dict):
            continue
        reference = one.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            sent.append(document["components"]["schemas"][reference.rpartition("/")[2]])
        if one.get("type") == "string" and not {"enum", "const", "format", "pattern"} & one.keys():
            one["pattern"] = _NO_NUL
        sent += [value for key, value in one.items() if key not in ("examples", "example", "default", "enum")]
