"""Which fields of which templates a source would fill, by the records its mapping was tried on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from model.attributes import REGISTER
from model.declaration import InvalidDeclaration
from sync.collection.template_steps import today
from sync.collection.templates import judging, kept


def coverage(
    connection: Connection, tried: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Return each template that judges today with its fields that are filled, and those that are left to others."""
    given = paths(tried)
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
        bound = [each.rule for each in loaded.fields if each.rule.bind]
        filled = [rule.label for rule in bound if rule.bind in given]
        found.append({
            "template": name,
            "version": head.version,
            "title": loaded.header.title,
            "filled": filled,
            "others": [rule.label for rule in bound if rule.bind not in given],
            "asked": [each.rule.label for each in loaded.fields if each.rule.fill == "ask"],
        })  # fmt: skip
    return sorted(found, key=lambda each: (-len(each["filled"]), each["title"]))


def paths(tried: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the dotted names, as templates bind to them, of what at least one tried record says."""
    found = set()
    for stream in tried:
        for each in stream["attributes"]:
            attribute = REGISTER.get(stream["entity"], {}).get(each["name"])
            if attribute is not None and each["filled"]:
                found.add(attribute.path or f"{stream['entity']}.{each['name']}")
    return found
