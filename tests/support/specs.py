"""A strict reading of the official API specifications: what they do not declare is a failure, too.

Those schemas require almost nothing, so a plain validation passes nearly any object. Here a property
that a schema does not list fails, except in maps it declares to be free (`additionalProperties`, or an
object without any properties), and where a vendor's own examples or live answers are known to differ:
such exceptions are named one by one, with their reason, by the tests that use them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@cache
def load(path: Path) -> "Spec":
    """Read a specification, OpenAPI 3 or Swagger 2; once a run."""
    return Spec(orjson.loads(path.read_bytes()), path)


class Spec:
    """One specification. References to neighbouring files are followed."""

    def __init__(self, document: Mapping[str, Any], path: Path) -> None:
        self.document = document
        self.path = path
        self._templates = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)) + r"\Z"), template)
            for template in sorted(document["paths"], key=lambda one: one.count("{"))
        ]

    def problems(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        status: int = 200,
        beyond: Mapping[str, str] | None = None,
        listed: bool = False,
    ) -> list[str]:
        """List how an answer differs from what the specification declares for a method and path.

        `path` is a template or an actual path (without a server's base path). `beyond` names
        `Schema.property` (or `.path.to.property` inside inline schemas, `*` for any property) that may
        differ, each with its reason. `listed`: the specification names the element where the answer is a list of it.
        """
        schema = self.schema_of(method, path, status)
        if listed:
            schema = {"type": "array", "items": schema}
        return list(self._check(body, schema, "$", "", beyond or {}))

    def schema_of(self, method: str, path: str, status: int = 200) -> Mapping[str, Any]:
        """Return the schema of an answer.

        Raises:
            LookupError: The specification has no such operation, or no schema for its answer.
        """
        template = path if path in self.document["paths"] else self._template(path)
        operation = self.document["paths"][template].get(method.lower())
        if operation is None:
            raise LookupError(f"{self.path.name} has no {method} {template}")
        declared = self.resolve(
            operation["responses"].get(str(status)) or operation["responses"].get("default") or {}
        )
        schema = declared.get("schema")  # Swagger 2
        for kind, content in (declared.get("content") or {}).items():
            if "json" in kind or kind == "*/*":
                schema = content.get("schema")
                break
        if schema is None:
            raise LookupError(f"{self.path.name} declares no schema for {status} of {method} {template}")
        found: Mapping[str, Any] = schema
        return found

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references until something is declared."""
        spec, found = self._owner(schema)
        return found if spec is self else {**found, "x-owner": spec}

    def _owner(self, schema: Mapping[str, Any]) -> tuple["Spec", Mapping[str, Any]]:
        spec: Spec = schema.get("x-owner", self)
        while "$ref" in schema:
            file, _, pointer = str(schema["$ref"]).partition("#")
            if file:
                spec = load((spec.path.parent / file).resolve())
            schema = spec.document
            for step in pointer.strip("/").split("/"):
                schema = schema[step.replace("~1", "/").replace("~0", "~")]
        return spec, schema

    def _template(self, path: str) -> str:
        for pattern, template in self._templates:
            if pattern.match(path):
                return str(template)
        raise LookupError(f"{self.path.name} has no path {path}")

    def _check(
        self, value: Any, schema: Mapping[str, Any], at: str, name: str, beyond: Mapping[str, str]
    ) -> Iterator[str]:
        reference = str(schema.get("$ref", ""))
        spec, schema = self._owner(schema)
        name = reference.rpartition("/")[2] or name
        parts = schema.get("allOf")
        if parts and len(parts) == 1 and not schema.get("properties"):
            yield from spec._check(value, parts[0], at, name, beyond)
            return
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices:
            tries = [list(spec._check(value, choice, at, name, beyond)) for choice in choices]
            yield from min(tries, key=len)
            return
        if value is None and (schema.get("nullable") or schema.get("x-nullable")):
            return
        kind = schema.get("type") or ("object" if "properties" in schema else None)
        if kind is None and not parts:
            return  # anything
        if kind and not _is(value, kind):
            yield f"{at}: {type(value).__name__} instead of {kind} ({name})"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{at}: {value!r} is not one of {schema['enum']} ({name})"
        if isinstance(value, list):
            for place, one in enumerate(value):
                yield from spec._check(one, schema.get("items", {}), f"{at}[{place}]", name, beyond)
        elif isinstance(value, dict):
            yield from spec._check_object(value, schema, at, name, beyond)

    def _check_object(
        self, value: dict[str, Any], schema: Mapping[str, Any], at: str, name: str, beyond: Mapping[str, str]
    ) -> Iterator[str]:
        declared, free, required = self._properties(schema)
        for missing in sorted(set(required) - value.keys()):
            yield f"{at}: {missing} is required ({name})"
        for key, one in value.items():
            if f"{name}.{key}" in beyond or f"{name}.*" in beyond:
                continue
            if key in declared:
                owner, property_ = declared[key]
                inner = name if "$ref" in property_ else f"{name}.{key}"
                yield from owner._check(one, property_, f"{at}.{key}", inner, beyond)
            elif free is None:
                yield f"{at}: {key} is not declared ({name})"
            elif free:
                yield from self._check(one, free, f"{at}.{key}", f"{name}.{key}", beyond)

    def _properties(
        self, schema: Mapping[str, Any]
    ) -> tuple[dict[str, tuple["Spec", Mapping[str, Any]]], Mapping[str, Any] | None, list[str]]:
        """Return an object's declared properties with their owners, its free part, what it requires."""
        declared: dict[str, tuple[Spec, Mapping[str, Any]]] = {}
        required: list[str] = list(schema.get("required", []))
        free: Mapping[str, Any] | None = None
        for part in schema.get("allOf", []):
            spec, resolved = self._owner(part)
            inherited, inherited_free, needed = spec._properties(resolved)
            declared |= inherited
            required += needed
            free = inherited_free if inherited_free is not None else free
        declared |= {key: (self, one) for key, one in schema.get("properties", {}).items()}
        additional = schema.get("additionalProperties")
        if isinstance(additional, dict):
            free = additional
        elif not declared and "allOf" not in schema and additional is not False:
            free = {}  # an object of which nothing is said is a map
        return declared, free, required


def _is(value: Any, kind: str) -> bool:
    if kind in {"integer", "number"} and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[kind])


def keys_of(value: Any, *, depth: int = 3) -> set[str]:
    """Return the key paths of a JSON value, lists merged: what a sample and an answer have in common."""
    found: set[str] = set()
    if depth == 0:
        return found
    if isinstance(value, dict):
        for key, one in value.items():
            found.add(key)
            found |= {f"{key}.{inner}" for inner in keys_of(one, depth=depth - 1)}
    elif isinstance(value, list):
        for one in value:
            found |= {
                f"[].{inner}" if not inner.startswith("[]") else inner for inner in keys_of(one, depth=depth)
            }
    return found
