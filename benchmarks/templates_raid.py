"""raid-log 2.0.0 by hand."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from benchmarks.templates_plain import (
    BAD,
    Plain,
    Required,
    Test,
    Three,
    before,
    both,
    day,
    each,
    is_,
    not_,
    number,
    one_of,
    shown,
    text,
)
from model.template.language import Document

_ITEM: Final = re.compile("^[RAID]-[0-9]{3,}$")


def item_id(value: Any) -> tuple[Any, str | None]:
    if not isinstance(value, str):
        return BAD, f"expected a text, is {shown(value)}"
    return value, None if _ITEM.search(value) else f"like {_ITEM.pattern}, is {shown(value)}"


def _product(v: Mapping[str, Any]) -> float | None:
    probability, impact = v["probability"], v["impact"]
    known = probability not in (None, BAD) and impact not in (None, BAD)
    return probability * impact if known else None


def _grave(v: Mapping[str, Any]) -> Three:
    product = _product(v)
    large = v["tier"] is not None and v["tier"] == 1
    return both(is_(v["kind"], "risk"), large, None if product is None else product >= 10)


def _acts(v: Mapping[str, Any]) -> Three:
    return both(is_(v["state"], "open", "responding"), not_(is_(v["response"], "accept")))


def _late(v: Mapping[str, Any]) -> Three:
    return _comes_late(v, v["offered_by"], v["needed_by"])


def _comes_late(v: Mapping[str, Any], offered: Any, needed: Any) -> Three:
    there = [None if day is BAD else day is not None for day in (offered, needed)]
    return both(is_(v["kind"], "dependency"), *there, before(needed, offered))


def _r01(v: Mapping[str, Any]) -> Three:
    due = v["action_due"]
    there = None if due is BAD else due is not None
    return not_(both(is_(v["state"], "closed"), there, before(v["as_of"], due)))


def _r02(v: Mapping[str, Any]) -> Three:
    due = v["action_due"]
    there = None if due is BAD else due is not None
    return not_(both(is_(v["state"], "open", "responding"), there, before(due, v["as_of"])))


def _r03(v: Mapping[str, Any]) -> Three:
    return not_(both(is_(v["kind"], "risk"), is_(v["state"], "occurred"), v["linked_issue"] is None))


def _r05(v: Mapping[str, Any]) -> Three:
    raised = None if v["raised_on"] is BAD else v["raised_on"] is not None
    return not_(both(is_(v["kind"], "risk"), raised, v["age_days"] > 90, v["score_changes"] == 0))


def _r06(v: Mapping[str, Any]) -> Three:
    raised = v["raised_on"]
    return True if raised is None else None if raised is BAD else raised <= v["as_of"]


def raid_log(document: Document) -> Plain:
    """Return raid-log by hand."""
    scale, ten = number(1, 5, whole=True), text(10)
    kinds = ("risk", "assumption", "issue", "dependency")
    tests: dict[str, Test] = {
        "item_id": item_id, "kind": one_of(*kinds), "title": text(10, 120), "cause": ten, "effect": ten,
        "owner": text(), "state": one_of("open", "responding", "closed", "occurred", "rejected"), "raised_on": day,
        "reviewed_on": day, "probability": scale, "impact": scale, "score": number(whole=True),
        "cost_impact": number(0, money=True), "days_impact": number(0), "proximity": day,
        "response": one_of("avoid", "reduce", "transfer", "share", "accept", "exploit", "enhance"), "action": ten,
        "action_due": day, "gives": text(), "needed_by": day, "offered_by": day,
    }  # fmt: skip

    def of_kind(*wanted: str) -> Required:
        return lambda v: is_(v["kind"], *wanted)

    always = ("item_id", "kind", "title", "owner", "state", "raised_on", "reviewed_on")
    required = each(always, True) | {
        **each(("cause", "probability", "score"), of_kind("risk")),
        **each(("effect", "impact"), of_kind("risk", "issue")),
        **each(("cost_impact", "days_impact"), _grave),
        **each(
            ["proximity"],
            lambda v: both(is_(v["kind"], "risk"), None if v["tier"] is None else v["tier"] <= 2),
        ),
        **each(["response"], lambda v: both(is_(v["kind"], "risk"), is_(v["state"], "open", "responding"))),
        **each(("action", "action_due"), _acts),
        **each(("gives", "needed_by", "offered_by"), of_kind("dependency")),
    }
    checks: dict[str, Callable[[Mapping[str, Any]], Three]] = {
        "R01": _r01, "R02": _r02, "R03": _r03, "R04": lambda v: not_(_late(v)), "R05": _r05, "R06": _r06,
        "R07": lambda v: v["similar_open_items"] == 0,
    }  # fmt: skip
    escalations: tuple[Callable[[Mapping[str, Any]], Three], ...] = (
        lambda v: both(
            is_(v["kind"], "risk"), None if v["score"] in (None, BAD) else v["score"] >= 15,
        ),
        lambda v: both(
            is_(v["kind"], "issue"), None if v["impact"] in (None, BAD) else v["impact"] >= 4, v["age_days"] > 14,
        ),
        _late,
    )  # fmt: skip
    return Plain(document, tests, required, checks, escalations, ("score", _product))
