"""A service's OpenAPI 3.1 description: every set with what may be asked of it, for tools that know no OData."""

from typing import Any, Final

from api.odata.capabilities import FILTER_FUNCTIONS
from api.odata.edm import WHOLE, ComplexType, EntitySet, EntityType, EnumType, Model, Property

_MOST_TEXT: Final = 2_000
_NO_NUL: Final = r"^[^\u0000]*$"
_STRING: Final[dict[str, Any]] = {"type": "string"}
_AS_TEXT: Final = {
    "Edm.Date": "date", "Edm.DateTimeOffset": "date-time", "Edm.TimeOfDay": "time", "Edm.Guid": "uuid",
    "Edm.Duration": "duration", "Edm.Binary": "base64url",
}  # fmt: skip
# What is no number in JSON is written as a text.
_DOUBLE: Final[dict[str, Any]] = {"anyOf": [{"type": ["number", "null"]}, {"enum": ["NaN", "INF", "-INF"]}]}
_AS_JSON: Final[dict[str, dict[str, Any]]] = {
    **{name: {"type": "integer"} for name in WHOLE}, "Edm.Boolean": {"type": "boolean"}, "Edm.Double": _DOUBLE,
    "Edm.Single": _DOUBLE, "Edm.Decimal": {"type": "number"},
}  # fmt: skip
_ERROR: Final[dict[str, Any]] = {
    "type": "object", "required": ["error"],
    "properties": {"error": {
        "type": "object", "required": ["code", "message"],
        "properties": {
            "code": _STRING, "message": _STRING, "target": _STRING,
            "innererror": {"type": "object", "properties": {"position": {"type": "integer"}}},
        },
    }},
}  # fmt: skip
_REFUSALS: Final = {
    "400": "The request is wrong, or too much for one: `message` says where and what would be right",
    "401": "Nobody valid asks", "403": "Whoever asks may not extract rows",
    "404": "There is no such set, property or row",
    "405": "It is read only", "406": "None of the forms asked for is one there is",
    "410": "What changed since then is no longer known: load everything anew",
    "413": "The body is too large", "414": "The address is too long",
    "429": "Too many requests; Retry-After says when to try again",
    "501": "It is right, and not done here", "503": "It took the database too long",
}  # fmt: skip


def described(model: Model, root: str, *, title: str) -> dict[str, Any]:
    """Return the description of the service at an address."""
    paths: dict[str, Any] = {
        "/": {"get": _operation("service", "The sets there are", _document("Service"))},
        "/$metadata": {"get": _metadata()},
    }
    for each in model.sets:
        paths |= _paths(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": model.version, "description": _says()},
        "servers": [{"url": root.rstrip("/")}],
        "security": [{"basic": []}, {"bearer": []}, {"header": []}, {"query": []}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR, "Service": _SERVICE}
            | {t.name: _row(t) for t in model.types.values()},
            "parameters": _OPTIONS,
            "responses": {code: _refusal(says) for code, says in _REFUSALS.items()},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "The password is a token"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "query": {"type": "apiKey", "in": "query", "name": "apikey"},
            },
        },
    }


def _says() -> str:
    return (
        "OData 4.0 (intermediate and most of advanced) and the query options of 4.01, read only. Expressions of"
        f" $filter and $orderby know the functions {', '.join(FILTER_FUNCTIONS)}."
    )


def _document(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


_SERVICE: Final[dict[str, Any]] = {
    "type": "object", "required": ["value"],
    "properties": {"@odata.context": _STRING, "value": {
        "type": "array", "items": {"type": "object", "required": ["name", "url"],
                                   "properties": {"name": _STRING, "kind": _STRING, "url": _STRING}},
    }},
}  # fmt: skip


def _option(name: str, says: str, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"name": f"${name}", "in": "query", "description": says, "schema": schema, "example": example}


_TEXT: Final = {"type": "string", "maxLength": _MOST_TEXT, "pattern": _NO_NUL}
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_OPTIONS: Final[dict[str, Any]] = {
    each["name"][1:]: each
    for each in (
        _option("select", "Which properties, with commas between", _TEXT, "*"),
        _option("filter", "Which rows: an expression of OData", _TEXT, "1 eq 1"),
        _option("orderby", "In which order: expressions with asc or desc", _TEXT, "null"),
        _option("expand", "What belongs to the rows, by the names of navigation properties", _TEXT, "*($top=1)"),
        _option("compute", "Expressions with names: `… as NAME`", _TEXT, "1 add 1 as Two"),
        _option("search", "Words to be found in the texts of a row", _TEXT, "portal"),
        _option("apply", "Transformations: groups, sums, rows reckoned from rows", _TEXT, "aggregate($count as N)"),
        _option("top", "At most so many rows", _NUMBER, 2),
        _option("skip", "Without so many first ones", _NUMBER, 1),
        _option("count", "With the number of all rows", {"type": "boolean"}, True),
        _option("format", "json, or a media type with odata.metadata=none, minimal or full", _TEXT, "json"),
    )
}  # fmt: skip
_OF_ROWS: Final = tuple(_OPTIONS)
_OF_ONE: Final = ("select", "expand", "compute", "format")
_OF_COUNT: Final = ("filter", "search")


def _paths(each: EntitySet) -> dict[str, Any]:
    row = {"$ref": f"#/components/schemas/{each.type.name}"}
    rows = {
        "type": "object",
        "required": ["value"],
        "properties": {
            "@odata.context": _STRING,
            "@odata.count": {"type": "integer"},
            "@odata.nextLink": _STRING,
            "@odata.deltaLink": _STRING,
            "value": {"type": "array", "items": row},
        },
    }
    searched = () if each.search else ("search",)
    of_rows, of_count = (tuple(o for o in some if o not in searched) for some in (_OF_ROWS, _OF_COUNT))
    found = {
        f"/{each.name}": _get(f"list{each.name}", each.says or each.name, of_rows, rows),
        f"/{each.name}/$count": {
            "get": _operation(
                f"count{each.name}", "How many there are", {"text/plain": {"schema": {"type": "integer"}}}, of_count
            )
        },
    }  # fmt: skip
    if each.singleton:
        return {f"/{each.name}": _get(f"get{each.name}", each.says or each.name, _OF_ONE, row)}
    keys = [each.type.all_properties()[name] for name in each.type.key_names()]
    one = _get(f"get{each.type.name}", f"One of {each.name}", _OF_ONE, row)
    one["get"]["parameters"] += [
        {"name": key.name, "in": "path", "required": True, "schema": _key_schema(key)} for key in keys
    ]
    return found | {f"/{each.name}({_key_text(keys)})": one}


def _key_text(keys: list[Property]) -> str:
    written = [f"'{{{key.name}}}'" if key.type == "Edm.String" else f"{{{key.name}}}" for key in keys]
    if len(keys) == 1:
        return written[0]
    return ",".join(f"{key.name}={text}" for key, text in zip(keys, written, strict=True))


def _key_schema(key: Property) -> dict[str, Any]:
    if key.type == "Edm.String":  # a quotation mark in it is doubled, which no schema can say
        return {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[A-Za-z0-9 _.:-]+$"}
    if key.type in WHOLE:
        return {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
    return _plain_schema(key)


def _get(name: str, says: str, options: tuple[str, ...], schema: dict[str, Any]) -> dict[str, Any]:
    return {"get": _operation(name, says, {"application/json": {"schema": schema}}, options)}


def _operation(
    name: str, says: str, content: dict[str, Any], options: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": says,
        "parameters": [{"$ref": f"#/components/parameters/{option}"} for option in options],
        "responses": {
            "200": {"description": "What was asked for", "content": content},
            **{code: {"$ref": f"#/components/responses/{code}"} for code in _REFUSALS},
        },
    }


def _metadata() -> dict[str, Any]:
    content = {"application/xml": {"schema": _STRING}, "application/json": {"schema": {"type": "object"}}}
    return _operation("metadata", "The model, as CSDL in XML or JSON", content)


def _refusal(says: str) -> dict[str, Any]:
    return {"description": says, "content": _document("Error")}


def _row(type_: EntityType) -> dict[str, Any]:
    """Return the schema of a row; nothing in it is required, since `$select` may leave anything out."""
    properties = {name: _schema(each) for name, each in type_.all_properties().items()}
    for way in type_.all_navigations().values():
        properties[way.name] = (
            {"type": "array", "items": {"type": "object"}} if way.collection else {"type": ["object", "null"]}
        )
    told = {} if type_.says is None else {"description": type_.says}
    return {"type": "object", "properties": properties} | told


def _schema(each: Property) -> dict[str, Any]:
    schema = _plain_schema(each)
    if each.collection:
        schema = {"type": "array", "items": _or_null(schema)}
    elif each.nullable:
        schema = _or_null(schema)
    return schema if each.says is None else schema | {"description": each.says}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"type": [schema["type"], "null"]} if isinstance(schema.get("type"), str) else schema


def _plain_schema(each: Property) -> dict[str, Any]:
    if isinstance(each.type, ComplexType):
        return {"type": "object", "properties": {part.name: _schema(part) for part in each.type.properties}}
    if isinstance(each.type, EnumType):
        return dict(_STRING)
    if each.type in _AS_TEXT:
        return _STRING | {"format": _AS_TEXT[each.type]}
    return _AS_JSON.get(each.type, _STRING)
