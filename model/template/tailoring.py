"""Tailoring: a template's rules changed for some projects, each change on record, none of them silent."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import Field, ValidationError

from model.declaration import InvalidDeclaration, Path
from model.template.changed import Changed
from model.template.language import Document, FieldRule, Required
from model.template.parts import Part
from model.template.template import Template, built
from model.template.words import shape_complaints

# What may differ by project. What a field is (type, fill, bind, values) is the same for all: reports rely on it.
OF_A_FIELD: Final = (
    "label",
    "help",
    "required",
    "weight",
    "fresh",
    "min",
    "max",
    "min_len",
    "max_len",
    "must_be",
)
OF_A_CHECK: Final = ("severity", "off", "says")
_SEVERITY: Final = {"info": 0, "warn": 1, "block": 2}


class Additions(Part):
    """What is asked beside."""

    fields: tuple[Mapping[str, Any], ...] = ()
    checks: tuple[Mapping[str, Any], ...] = ()


class Changes(Part):
    """What a tailoring may say: `fields` and `checks` by id, and what it adds."""

    fields: Mapping[str, Mapping[str, Any]] = {}
    checks: Mapping[str, Mapping[str, Any]] = {}
    add: Additions = Field(default=Additions())


def tailored(template: Template, changes: Mapping[str, Any]) -> Template:
    """Return the template with changes applied; its `changes` list them, after those it had already.

    `changes` is {fields: {ID: {required, weight, …}}, checks: {ID: {severity, off, says}}, add: {fields,
    checks}}, as it is written in YAML. `required: null` asks for the field no more; `off: true` drops a check.

    Raises:
        InvalidDeclaration: With every complaint; each names the place in the changes.
    """
    name = f"tailoring of {template.label}"
    try:
        asked = Changes.model_validate(changes)
    except ValidationError as error:
        raise InvalidDeclaration([_at(name, *each) for each in shape_complaints(error)]) from None
    applying = _Applying(template.document, asked, name)
    data = applying.data()
    if applying.complaints:
        raise InvalidDeclaration(applying.complaints)
    made = built(data, lambda path, what, _: _at(name, _back(data, path), what))
    found = tuple(_changed(template.document, made.document))
    return replace(made, changes=(*template.changes, *found))


class _Applying:
    """One set of changes put into a template's document."""

    def __init__(self, document: Document, asked: Changes, name: str) -> None:
        self._document = document
        self._asked = asked
        self._name = name
        self.complaints: list[str] = []

    def data(self) -> dict[str, Any]:
        """Return the document as it would be written with the changes."""
        data: dict[str, Any] = self._document.model_dump(mode="json", by_alias=True, exclude_unset=True)
        self._change(data, "fields", self._asked.fields, OF_A_FIELD)
        self._change(data, "checks", self._asked.checks, OF_A_CHECK)
        data["checks"] = [rule for rule in data.get("checks", []) if not rule.pop("off", False)]
        for what in ("fields", "checks"):
            data[what] = [*data.get(what, []), *map(dict, getattr(self._asked.add, what))]
        return data

    def _change(
        self, data: dict[str, Any], what: str, asked: Mapping[str, Mapping[str, Any]], may: tuple[str, ...]
    ) -> None:
        known = {rule["id"]: rule for rule in data.get(what, [])}
        for id_, keys in asked.items():
            if id_ not in known:
                self._complain((what, id_), f"there is none; there are {', '.join(known) or 'none'}")
                continue
            for key, value in keys.items():
                if key not in may:
                    self._complain((what, id_, key), f"cannot be tailored; {', '.join(may)} can")
                elif key == "off" and not isinstance(value, bool):
                    self._complain((what, id_, key), "expected true or false")
                elif value is None:
                    known[id_].pop(key, None)
                else:
                    known[id_][key] = value

    def _complain(self, path: Path, what: str) -> None:
        self.complaints.append(_at(self._name, path, what))


def _changed(old: Document, new: Document) -> Iterator[Changed]:
    before = {rule.id: rule for rule in old.fields}
    for rule in new.fields:
        if rule.id not in before:
            yield Changed(f"fields.{rule.id}", None, rule.label, loosens=False)
            continue
        was = before[rule.id]
        for key in OF_A_FIELD:
            if getattr(was, key) != getattr(rule, key):
                yield _difference(f"fields.{rule.id}.{key}", key, was, rule)
    checks = {rule.id: rule for rule in new.checks}
    for check in old.checks:
        if check.id not in checks:
            yield Changed(f"checks.{check.id}", check.says, None, loosens=True)
            continue
        now = checks[check.id]
        if now.severity != check.severity:
            softer = _SEVERITY[now.severity] < _SEVERITY[check.severity]
            yield Changed(f"checks.{check.id}.severity", check.severity, now.severity, loosens=softer)
        if now.says != check.says:
            yield Changed(f"checks.{check.id}.says", check.says, now.says, loosens=False)
    known = {rule.id for rule in old.checks}
    yield from (
        Changed(f"checks.{rule.id}", None, rule.says, loosens=False)
        for rule in new.checks
        if rule.id not in known
    )


def _difference(where: str, key: str, was: FieldRule, now: FieldRule) -> Changed:
    before, after = (rule.model_dump(mode="json", by_alias=True, include={key})[key] for rule in (was, now))
    return Changed(where, before, after, loosens=_loosens(key, getattr(was, key), getattr(now, key)))


def _loosens(key: str, was: Any, now: Any) -> bool:
    """Say whether a changed limit may let through what it held back; in doubt it may."""
    if key in ("label", "help") or was is None:
        return False
    if now is None:
        return True
    if key in ("min", "min_len", "weight"):
        return bool(now < was)
    if key in ("max", "max_len"):
        return bool(now > was)
    if key == "fresh":
        return any(_slack(now, tier) > _slack(was, tier) for tier in {*now.by_tier, *was.by_tier, None})
    return key != "required" or _asks_less(was, now)


def _slack(fresh: Any, tier: int | None) -> tuple[int, int, float]:
    within = fresh.days(tier)
    if within is None:  # of a tier without days nothing goes stale
        return sys.maxsize, sys.maxsize, 0
    return within + fresh.grace, within, -fresh.power


def _asks_less(was: Any, now: Any) -> bool:
    """Say whether some project of which a field was required may be left out."""
    if now == "always":
        return False
    if not isinstance(was, Required):
        return True
    return (
        (now.when is not None and now.when != was.when)
        or (now.stages is not None and not set(was.stages or "?") <= set(now.stages))
        or (now.tiers is not None and not set(was.tiers or "?") <= set(now.tiers))
    )


def _back(data: Mapping[str, Any], path: Path) -> Path:
    """Name a rule by its id instead of its place in the list, as the changes do."""
    if len(path) > 1 and path[0] in ("fields", "checks") and isinstance(path[1], int):
        return (path[0], str(data[path[0]][path[1]].get("id", path[1])), *path[2:])
    return path


def _at(name: str, path: Path, what: str) -> str:
    where = ".".join(map(str, path))
    return f"{name}: {where + ': ' if where else ''}{what}"
