"""What a field or the template's head says that can never come true, or that nobody could act on."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from model.attributes import REGISTER
from model.collection.roles import OFFICE_ROLES, PROJECT_ROLES
from model.template.language import WHOLE_OF_PERCENT, FieldRule, Fresh

ROLES: Final = (*PROJECT_ROLES, *OFFICE_ROLES)
BODIES: Final = ("programme_board", "both_project_managers")  # they hear of a record, and do nothing to it
Said = tuple[str, str]  # a setting of the field, and what is wrong with it
_NUMBERS: Final = ("int", "number", "percent", "money")


def field_complaints(rule: FieldRule, record: str, tiers: tuple[int, ...]) -> Iterator[Said]:
    """Complain of one field's settings."""
    yield from _of_another_type(rule)
    yield from _limits(rule)
    twice = [value for index, value in enumerate(rule.values) if value in rule.values[:index]]
    if twice:
        yield "values", f"{twice[0]!r} is given twice"
    if any(not value.strip() for value in rule.values):
        yield "values", "a value is empty, and nobody could choose it"
    if rule.fresh is not None:
        yield from _left_out(rule.fresh, tiers)
    if rule.fill == "auto" and not _is_filled(rule, record):
        yield "fill", "nothing fills it: auto needs bind or expr, or the name of what is on record"


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
