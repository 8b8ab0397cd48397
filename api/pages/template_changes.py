"""What the form of a template does to its text: values changed, fields and checks added, moved and taken out."""

from collections.abc import Mapping
from typing import Any

from api.pages.editing import Ask, Complaint, dropped, put, sent, was_changed
from api.pages.template_sections import ABOUT, LISTS, Section
from api.translation import _
from model.rewrite import CannotRewrite, append, assign, remove, swap


def changed(text: str, inputs: list[Ask], form: Mapping[str, str]) -> tuple[str, list[Complaint]]:
    """Write what was changed in a section's form into the text; returns what could not be written, too."""
    refused = []
    needs = [each for each in inputs if "required" in each.path]
    try:
        text = _requirement(text, needs, form)
    except CannotRewrite as error:
        refused.append(Complaint(_("Required was not changed: %(why)s", why=str(error))))
    for each in inputs:
        if each not in needs and was_changed(each, form):
            try:
                text = put(text, each, sent(each, form))
            except CannotRewrite as error:
                says = _("%(label)s was not changed: %(why)s", label=each.label, why=str(error))
                refused.append(Complaint(says, place=each.name))
    return text, refused


def _requirement(text: str, needs: list[Ask], form: Mapping[str, str]) -> str:
    """Write when a field is required: four inputs that make one value."""
    if not any(was_changed(each, form) for each in needs):
        return text
    mode, *parts = needs
    wanted = str(sent(mode, form))
    if not was_changed(mode, form) and any(was_changed(each, form) for each in parts):
        wanted = "where"  # a condition was given: it is meant to count
    if wanted == "":
        return dropped(text, mode.path)
    if wanted == "always":
        return assign(text, mode.path, "always")
    said: dict[str, Any] = {}
    for each in parts:
        typed = sent(each, form)
        if typed:
            tiers = each.path[-1] == "tiers"
            said[str(each.path[-1])] = (
                typed if isinstance(typed, str) else [int(one) if tiers else one for one in typed]
            )
    return assign(text, mode.path, said)


def with_new(text: str, data: Mapping[str, Any], kind: str) -> tuple[str, str]:
    """Put a new field or check at the end; returns the text, and the section of the new one."""
    key = LISTS[kind]
    several = data.get(key)
    there = several if isinstance(several, list) else []
    taken = {each.get("id") for each in there if isinstance(each, Mapping)}
    if kind == "field":
        id_ = next(name for number in range(1, 10_000) if (name := f"new_{number}") not in taken)
        new = {"id": id_, "label": _("New field"), "type": "text", "fill": "ask"}
    else:
        id_ = next(name for number in range(1, 10_000) if (name := f"N{number:02}") not in taken)
        new = {
            "id": id_,
            "dim": "consistency",
            "severity": "warn",
            "expr": "tier <= 3",
            "says": _("New check"),
        }
    return append(text, (key,), new), f"{kind}.{len(there)}"


def without(text: str, section: Section) -> tuple[str, str]:
    """Take a field or check out; returns the text, and the section to show then."""
    key = LISTS[section.kind]
    number = section.number
    return remove(text, (key, number)), f"{section.kind}.{number - 1}" if number else ABOUT


def moved(text: str, section: Section, by: int) -> tuple[str, str]:
    """Move a field or check up (-1) or down (1)."""
    first = section.number + min(by, 0)
    return swap(text, (LISTS[section.kind],), first), f"{section.kind}.{section.number + by}"
