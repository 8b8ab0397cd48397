"""Which templates a source's records are held to, and which of their fields it would fill, by what was tried."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from model.attributes import REGISTER
from model.declaration import InvalidDeclaration
from model.template.template import Template
from sync.collection.templates import judging, kept
from sync.today import today

# What is said of a project by records of its own (`sync.derive`): entity -> the project's attributes.
_SAYS_OF_PROJECT: Final = {
    "work_item": ("forecast_finish", "percent_complete"),
    "milestone": ("milestones_due", "milestones_met"),
    "cost_line": ("budget", "actual_cost", "forecast_cost"),
    "baseline": ("baseline_start", "baseline_finish", "budget"),
    "benefit": ("benefit_target", "benefit_forecast"),
}


def coverage(
    connection: Connection, tried: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Return each template that judges today: those whose records come from here first, then those it adds to."""
    day = today(connection, now)
    every = kept(connection)
    found = []
    for name in dict.fromkeys(each.template for each in every):
        head = judging([each for each in every if each.template == name], day)
        if head is None:
            continue
        try:
            loaded = head.loaded()
        except InvalidDeclaration:  # one that cannot be read any more judges nothing
            continue
        found.append({"template": name, "version": head.version, **_covered(loaded, tried)})
    return sorted(found, key=lambda each: (not each["held"], -len(each["filled"]), each["title"]))


def _covered(loaded: Template, tried: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say of one template what comes from here: `held` are the tried records that it judges one by one."""
    own = [stream for stream in tried if stream["entity"] == loaded.header.record and stream["records"]]
    columns = {each["name"] for stream in own for each in stream["attributes"] if each["filled"]}
    given = paths(tried)
    filled, others, asked = [], [], []
    for each in loaded.fields:
        rule = each.rule
        if rule.id in columns or rule.bind in given:
            filled.append(rule.label)
        elif rule.fill == "ask" and not own:
            asked.append(rule.label)
        elif own or rule.bind:
            others.append(rule.label)
    held = sum(stream["records"] for stream in own)
    return {"title": loaded.header.title, "held": held, "filled": filled, "others": others, "asked": asked}


def paths(tried: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the dotted names, as templates bind to them, of what the tried records say or come to."""
    found = set()
    for stream in tried:
        if stream["entity"] == "project":
            said = [each["name"] for each in stream["attributes"] if each["filled"]]
        else:
            said = list(_SAYS_OF_PROJECT.get(stream["entity"], ())) if stream["records"] else []
        known = (REGISTER["project"].get(name) for name in said)
        found |= {attribute.path for attribute in known if attribute is not None and attribute.path}
    return found
