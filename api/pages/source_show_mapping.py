"""What the page of a mapping shows: meanings with their evidence, choices, and what comes of real records."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml
from sqlalchemy import Connection

from api.pages.source_asked import Typed
from api.pages.source_chosen import CATEGORIES, MEANINGS
from api.translation import N_
from model.attributes import REGISTER
from sync.draft_look import sheet_kinds
from sync.draft_workbooks import link_names
from sync.drafts import Draft

_FIELDS: Final = 200  # further fields shown as ticks
_STATES: Final = 150
_LISTED: Final = 500  # fields offered where one is typed
SURE: Final = {"high": N_("sure"), "medium": N_("likely"), "low": N_("a guess: please confirm")}


def mapping_shown(_connection: Connection, known: Draft, typed: Typed) -> dict[str, Any]:
    """Return what the page shows of a draft's mapping."""
    found = known.seen.get("found") or {}
    block = known.block
    shown = dict(block.get("mapping") or {})
    held = {each["holds"] for each in block.get("workbooks") or []}
    written = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100) if shown else ""
    return {
        "found": known.seen.get("found"),
        "meanings": _meanings(found, block),
        "fields": [each for each in found.get("fields", ()) if str(each["id"]).startswith("customfield_")][
            :_LISTED
        ]
        if block["kind"] == "jira"
        else [],
        "states": found.get("states", [])[:_STATES] if block["kind"] == "jira" else [],
        "categories": CATEGORIES,
        "status_categories": block.get("status_categories") or {},
        "types": _milestone_types(found) if block["kind"] == "azure_devops" else [],
        "milestone_types": set((block.get("milestones") or {}).get("types", ())),
        "custom": _custom(found, block) if block["kind"] != "excel" else [],
        "chosen_fields": set(block.get("custom_fields") or ()),
        "sheets": _sheets(found, block, link_names(known)) if block["kind"] == "excel" else [],
        "attributes": {holds: names for holds, names in sheet_kinds().items() if holds in held},
        "tried": known.seen.get("tried"),
        "values_of": _values_of(known.seen.get("tried") or []),
        "written": typed.form.get("mapping", written),
        "sure": SURE,
    }


def _meanings(found: Mapping[str, Any], block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each meaning with what speaks for it, and for those that may be chosen the fields there are."""
    semantics: dict[str, str] = found.get("semantics") or {}
    names = {str(each["id"]): each.get("name") for each in found.get("fields", ())}
    chosen = block.get("fields") or {}
    wanted = [*MEANINGS, *(name for name in found.get("evidence") or {} if name not in MEANINGS)]
    rows = []
    for name in wanted:
        settable = block["kind"] == "jira" and name in MEANINGS
        if not settable and name not in semantics:
            continue
        rows.append({
            "name": name,
            "value": semantics.get(name),
            "called": names.get(str(semantics.get(name))),
            "sure": (found.get("confidence") or {}).get(name),
            "because": (found.get("evidence") or {}).get(name),
            "not": (found.get("alternatives") or {}).get(name) or [],
            "settable": settable,
            "by_hand": chosen.get(name),
        })  # fmt: skip
    return rows


def _milestone_types(found: Mapping[str, Any]) -> list[str]:
    return sorted({str(each["name"]) for each in found.get("types", ()) if not each.get("disabled")})


def _custom(found: Mapping[str, Any], block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the fields that are the site's own, those that are kept already first."""
    start = ("customfield_",) if block["kind"] == "jira" else ("Custom.", "WEF_")
    own = [each for each in found.get("fields", ()) if str(each["id"]).startswith(start)]
    kept = set(block.get("custom_fields") or ())
    own.sort(key=lambda each: (each["id"] not in kept, str(each.get("name")).casefold()))
    return own[:_FIELDS]


def _sheets(
    found: Mapping[str, Any], block: Mapping[str, Any], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the chosen sheets with their headers, and what each gives."""
    rows = []
    for number, workbook in enumerate(block.get("workbooks") or []):
        called = workbook.get("path") or names.get(workbook.get("url", ""))
        file = str(called or "").replace("\\", "/").rpartition("/")[2]
        start = f"{file}!{workbook.get('sheet')}!"
        told = {header: attribute for attribute, header in (workbook.get("columns") or {}).items()}
        columns = [
            {"header": each["name"], "found": each.get("attribute"), "told": told.get(each["name"])}
            for each in found.get("fields", ())
            if str(each["id"]).startswith(start)
        ]
        rows.append(
            {
                "number": number,
                "workbook": workbook,
                "called": called,
                "columns": columns,
            }
        )
    return rows


def _values_of(tried: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return by stream and attribute the values that one of its own may have; of any text, none."""
    found = {}
    for stream in tried:
        for each in stream["unmapped"]:
            attribute = REGISTER.get(stream["entity"], {}).get(each["attribute"])
            values = () if attribute is None else attribute.values
            if attribute is not None and attribute.type == "rag":
                values = ("GREEN", "AMBER", "RED", "GREY", "BLUE")
            found[f"{stream['stream']} {each['attribute']}"] = values
    return found
