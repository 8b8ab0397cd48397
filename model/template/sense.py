"""What a field or the template's head says that can never come true, or that nobody could act on."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from model.attributes import REGISTER
from model.collection.roles import OFFICE_ROLES, PROJECT_ROLES
from model.template.language import WHOLE_OF_PERCENT, FieldRule, Fresh
from model.template.parts import RecordKind, Stage
from model.template.values import alike, is_absent

ROLES: Final = (*PROJECT_ROLES, *OFFICE_ROLES)
BODIES: Final = ("programme_board", "both_project_managers")  # they hear of a record, and do nothing to it
Said = tuple[str, str]  # a setting of the field, and what is wrong with it
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_REFERRED: Final = tuple(dict.fromkeys([*REGISTER, *get_args(RecordKind)]))
_NUMBERS: Final = ("int", "number", "percent", "money")


def field_complaints(rule: FieldRule, record: str, tiers: tuple[int, ...]) -> Iterator[Said]:
    """Complain of one field's settings."""
    yield from _of_another_type(rule)
    yield from _limits(rule)
    yield from _refers(rule)
    yield from _values(rule)
    if rule.fresh is not None:
        yield from _left_out(rule.fresh, tiers)
    if rule.fill == "auto" and not _is_filled(rule, record):
        yield "fill", "nothing fills it: auto needs bind or expr, or the name of what is on record"


def _values(rule: FieldRule) -> Iterator[Said]:
    """Complain of values that nobody could choose or tell apart, and of stages that no project is in."""
    for index, value in enumerate(rule.values):
        same = next((each for each in rule.values[:index] if alike(each) == alike(value)), None)
        if same is not None:
            yield "values", f"{value!r} is given twice" + ("" if same == value else f", as {same!r} too")
    if any(is_absent(value) for value in rule.values):
        yield "values", "a value is empty, and nobody could choose it"
    if rule.id == "stage" and rule.values and not set(rule.values) & set(get_args(Stage)):
        said = f"no project is in stage {', '.join(rule.values)}; there are {', '.join(get_args(Stage))}"
        yield "values", said


def _refers(rule: FieldRule) -> Iterator[Said]:
    """Complain of a unit that is no currency, and of a reference to nothing."""
    if rule.type == "money" and rule.unit is not None and not _CURRENCY.fullmatch(rule.unit):
        yield "unit", f"{rule.unit!r} is no currency; expected three letters of ISO 4217, such as GBP"
    if rule.type in ("ref", "list_ref") and rule.of not in _REFERRED:
        said = (
            "is left out: say what it refers to"
            if rule.of is None
            else f"there is no {rule.of!r} to refer to"
        )
        yield "of", f"{said}; one of {', '.join(_REFERRED)}"


def _of_another_type(rule: FieldRule) -> Iterator[Said]:
    """Complain of settings that only fields of other types have."""
    for key, types in (
        ("unit", _NUMBERS), ("price_basis", ("money",)), ("of", ("ref", "list_ref")), ("must_be", ("person",)),
        ("compare_with", ("rag",)),
    ):  # fmt: skip
        if getattr(rule, key) and rule.type not in types:
            yield key, f"is for {' and '.join(types)}; {rule.type} has none"


def _limits(rule: FieldRule) -> Iterator[Said]:
    """Complain of limits that leave no number, or more than there can be."""
    least, most = rule.min, rule.max
    for key, limit in (("min", least), ("max", most)):
        if limit is not None and not math.isfinite(limit):
            yield key, f"{limit} is no number that a value could be compared with"
            return
        if rule.type == "percent" and limit is not None and limit > WHOLE_OF_PERCENT:
            yield key, f"a percentage goes up to {WHOLE_OF_PERCENT}, not {limit:g}"
    if rule.type == "int" and least is not None and most is not None and math.ceil(least) > math.floor(most):
        yield "min", f"no whole number lies between {least:g} and {most:g}"


def _left_out(fresh: Fresh, tiers: tuple[int, ...]) -> Iterator[Said]:
    missing = [tier for tier in tiers if fresh.by_tier and tier not in fresh.by_tier]
    if missing:
        said = f"tier {', '.join(map(str, missing))} is left out, and the template applies to it"
        yield "fresh.by_tier", said


def _is_filled(rule: FieldRule, record: str) -> bool:
    """Say whether anything could fill a field that nobody is asked for: by its bind, rule, name or reference."""
    by_name = {*REGISTER["project"], *REGISTER.get(record, {}), "stage", "tier"}
    return bool(rule.bind or rule.expr or rule.unique_within) or rule.id in by_name


def who_complaints(
    data: Mapping[str, Any], roles: Mapping[str, Any]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Complain of owners and hearers who are nobody."""
    owner = _map(data, "template").get("owner_role")
    own = tuple(map(str, roles))
    if isinstance(owner, str) and owner not in (*own, *ROLES):
        yield ("template", "owner_role"), _nobody(owner, (*own, *ROLES))
    hears = (*own, *ROLES, *BODIES)
    for block, path in ((data, ("escalation",)), (_map(data, "workflow"), ("workflow", "chase"))):
        entries = block.get(path[-1])
        for index, each in enumerate(entries if isinstance(entries, list) else ()):
            to = each.get("to") if isinstance(each, Mapping) else None
            for place, name in enumerate([to] if isinstance(to, str) else to if isinstance(to, list) else ()):
                if isinstance(name, str) and name not in hears:
                    step = (place,) if isinstance(to, list) else ()
                    yield (*path, index, "to", *step), _nobody(name, hears)


def _nobody(name: str, have: tuple[str, ...]) -> str:
    return f"nobody is {name!r}; there are {', '.join(dict.fromkeys(have))}"


def _map(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}
