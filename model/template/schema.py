"""JSON Schema, 2020-12: of a record of a template, and of the template language itself."""

import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from model.status.colour import Colour
from model.template.language import Document, FieldRule, Required
from model.template.seen import BLANK, END, UNSEEN, of_length
from model.template.template import Template
from model.template.values import AMOUNT, PERIOD

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MONTH: Final = rf"^[0-9]{{4}}-(0[1-9]|1[0-2]){END}"
_DOLLAR: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)  # and what hides one
_PERIOD: Final = f"^(?:{PERIOD}){END}"
_AMOUNT: Final = f"^{AMOUNT}{END}"
_LONGEST_PATTERN: Final = 1_000  # repetitions that every dialect of patterns counts
_TEXT: Final = {"type": "string"}
_FINITE: Final = {"minimum": -sys.float_info.max, "maximum": sys.float_info.max}
_NUMBER: Final = {"type": "number", **_FINITE}
_SEEN: Final = {"pattern": f"[^{BLANK}{UNSEEN}]"}
_TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "string": _TEXT,
    "text": _TEXT,
    "int": {"type": "integer", **_FINITE},
    "number": _NUMBER,
    "percent": _NUMBER,
    "date": {"type": "string", "format": "date", "pattern": rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{END}"},
    "period": {"type": "string", "pattern": _PERIOD},
    "enum": _TEXT,
    "rag": {"enum": list(Colour.__members__)},
    "person": _TEXT,
    "ref": _TEXT,
    "bool": {"type": "boolean"},
    "document": _TEXT,
}
_NOTHING: Final[tuple[Mapping[str, Any], ...]] = (
    {"type": "null"},
    {"type": "string", "not": _SEEN},
    {"type": "array", "maxItems": 0},
    {"type": "object", "maxProperties": 0},
)
_BLANKS: Final = {"type": "array", "items": {"type": "string", "not": _SEEN}}  # no list of anything


def record_schema(template: Template) -> dict[str, Any]:
    """Return the JSON Schema of a record: what it refuses, the template's check does not let through either.

    The other way round does not hold: checks across fields, ages and conditions in CEL are not in it. A value
    may be null, or left out, where a record without it may be submitted. `x-muster` has what JSON Schema
    has no word for: how a field is filled, its unit, weight and condition.
    """
    document = template.document
    blocks = document.submit_gate.missing_required == "block"
    must = [rule for rule in document.fields if blocks and rule.required == "always" and rule.expr is None]
    always = {rule.id for rule in must}
    return {
        "$schema": DIALECT,
        "$id": f"urn:muster:template:{template.header.id}:{template.header.version}",
        "title": template.header.title,
        "type": "object",
        "properties": {rule.id: _property(rule, must=rule.id in always) for rule in document.fields},
        "required": sorted(always),
        "additionalProperties": False,
    } | _conditions(template, blocks=blocks)


def language_schema() -> dict[str, Any]:
    """Return the JSON Schema of a template's YAML, which editors complete and check by."""
    return {
        "$schema": DIALECT,
        "$id": "urn:muster:template-language",
        **Document.model_json_schema(by_alias=True, mode="validation"),
        "title": "Muster data-collection template",
    }


def _property(rule: FieldRule, *, must: bool) -> dict[str, Any]:
    value = _value(rule)
    if rule.repeat is not None:
        value = {
            "type": "object",
            "propertyNames": {"pattern": _MONTH},
            "additionalProperties": {"anyOf": [value, *_NOTHING]},
        }
    described = {"title": rule.label} | ({"description": rule.help} if rule.help else {})
    return (
        described
        | (value | _there(rule) if must else {"anyOf": [value, *_NOTHING]})
        | {"x-muster": _beside(rule)}
    )


def _value(rule: FieldRule) -> dict[str, Any]:
    """Return the schema of one value that is there."""
    if rule.type == "list_ref":
        return {"anyOf": [{"type": "array", "items": _TEXT}, _TEXT]}
    if rule.type == "money":
        number = dict(_NUMBER) | _range(rule)
        return {"anyOf": [number, {"type": "string", "pattern": _AMOUNT}]}
    found = dict(_TYPES[rule.type])
    if rule.values:
        found = {"enum": list(rule.values)}
    if found.get("type") in ("integer", "number"):
        found |= _range(rule)
    return found | _text_rules(rule)


def _text_rules(rule: FieldRule) -> dict[str, Any]:
    """Return the rules of a text: its length is what can be seen of it."""
    least, most = (
        None if length is None or length > _LONGEST_PATTERN else length
        for length in (rule.min_len, rule.max_len)
    )
    patterns = of_length(least, most) + ([] if rule.pattern is None else [_ended(rule.pattern)])
    found: dict[str, Any] = {} if rule.min_len is None else {"minLength": rule.min_len}
    if len(patterns) == 1:
        return found | {"pattern": patterns[0]}
    return found | ({"allOf": [{"pattern": each} for each in patterns]} if patterns else {})


def _ended(pattern: str) -> str:
    """Write a pattern of RE2 so that its `$` is the text's own end in every dialect."""
    return _DOLLAR.sub(lambda found: END if found[0] in ("$", r"\z") else found[0], pattern)


def _range(rule: FieldRule) -> dict[str, float]:
    return {name: at for name, at in (("minimum", rule.min), ("maximum", rule.max)) if at is not None}


def _beside(rule: FieldRule) -> dict[str, Any]:
    """Return what a form needs and JSON Schema has no word for."""
    given = rule.model_dump(
        mode="json",
        by_alias=True,
        include={"type", "fill", "unit", "weight", "required", "fresh", "bind", "expr", "compare_with", "repeat",
                 "unique_within", "must_be", "of"},
    )  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def _conditions(template: Template, *, blocks: bool) -> dict[str, Any]:
    """Require by stage and tier, where the record states both itself."""
    have = {rule.id for rule in template.document.fields}
    rules: list[dict[str, Any]] = []
    for rule in template.document.fields if blocks else ():
        needed = rule.required
        if not isinstance(needed, Required) or needed.when is not None or rule.expr is not None:
            continue
        asked = {"stage": needed.stages, "tier": needed.tiers}
        given = {name: {"enum": list(values)} for name, values in asked.items() if values is not None}
        if given.keys() <= have:
            rules.append(
                {
                    "if": {"properties": given, "required": sorted(given)},
                    "then": {"properties": {rule.id: _there(rule)}, "required": [rule.id]},
                }
            )
    return {"allOf": rules} if rules else {}


def _there(rule: FieldRule) -> dict[str, Any]:
    """Return what tells a value from none."""
    return {"not": {"anyOf": [*_NOTHING, *([_BLANKS] if rule.type == "list_ref" else [])]}}


if __name__ == "__main__":
    import json
    import sys

    sys.stdout.write(json.dumps(language_schema(), indent=1, ensure_ascii=False) + "\n")
