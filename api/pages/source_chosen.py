"""What was ticked and chosen of a source: scopes or sheets, meanings, value maps, and when it is read."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import yaml
from pydantic import ValidationError

from api.translation import _
from config.document import SourceBlock, in_words, span
from sync.compiling import MappingError
from sync.registry import source_mapping

EVERY: Final = "*"
_MOST_WRITTEN: Final = 100_000  # characters of a mapping written by hand
CATEGORIES: Final = ("todo", "doing", "done", "dropped")
# The meanings of a Jira's fields that may be set by hand, with how a person calls each.
MEANINGS: Final = ("story_points", "story_points_other", "sprint", "epic_link", "flagged")
PRESETS: Final = ("0 2 * * *", "0 6,12,18 * * *", "0 * * * *", "*/15 6-20 * * mon-fri")


def take_projects(before: Mapping[str, Any], form: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """Put the ticked projects into a block; returns it and what is wrong, None where all is well."""
    block = deepcopy(dict(before))
    how = form.get("which", "")
    block.pop("query", None)
    if how == "query":
        query = form.get("query", "").strip()[:4000]
        block["projects"] = [EVERY]
        if not query:
            return block, _("Write the query, or choose projects.")
        block["query"] = query
        return block, None
    if how == "every":
        block["projects"] = [EVERY]
        return block, None
    ticked = [name.removeprefix("pick:") for name in form if name.startswith("pick:")]
    typed = [line.strip() for line in form.get("keys", "").splitlines() if line.strip()]
    chosen = list(dict.fromkeys([*ticked, *typed]))
    if not chosen:
        return block, _("Tick at least one, or choose all of them.")
    block["projects"] = chosen
    return block, None


def take_sheets(
    before: Mapping[str, Any], seen: Mapping[str, Any], form: Mapping[str, str]
) -> tuple[dict[str, Any], str | None]:
    """Put the ticked sheets into a block; what a sheet was told before, such as its columns, stays with it."""
    scopes, links = (seen.get("found") or {}).get("scopes", []), seen.get("links")
    block = deepcopy(dict(before))
    known = {
        (each.get("path"), each.get("url"), each.get("sheet")): each for each in block.get("workbooks") or []
    }
    opened = {file.get("link") for file in scopes}
    kept = [
        each
        for each in known.values()
        if each.get("url") and each["url"] not in opened and (links is None or each["url"] in links)
    ]
    chosen = []
    for number, file in enumerate(scopes):
        for place, sheet in enumerate(file.get("sheets", ())):
            name = f"{number}.{place}"
            if f"sheet:{name}" not in form:
                continue
            holds = form.get(f"holds:{name}", "")
            if not holds:
                return block, _(
                    "Say what the rows of %(sheet)s are.", sheet=f"{file['name']}!{sheet['sheet']}"
                )
            where = {"path": file["path"]} if file["path"] else {"url": file["link"]}
            was = known.get((file["path"], file.get("link"), sheet["sheet"])) or {}
            told = was if was.get("holds") == holds else {}
            chosen.append({**told, **where, "sheet": sheet["sheet"], "holds": holds})
    if not chosen and not kept:
        return block, _("Tick at least one sheet.")
    block["workbooks"] = [*chosen, *kept]
    return block, None


def take_mapping(
    before: Mapping[str, Any], seen: Mapping[str, Any], form: Mapping[str, str]
) -> tuple[dict[str, Any], str | None]:
    """Put meanings, statuses, types, columns and the values that were settled into a block."""
    block = deepcopy(dict(before))
    found = seen.get("found") or {}
    if block["kind"] == "jira":
        _meanings(block, form)
        _statuses(block, found, form)
    if block["kind"] == "azure_devops":
        types = [name.removeprefix("type:") for name in form if name.startswith("type:")]
        rule = {**(block.get("milestones") or {}), "types": types}
        block["milestones"] = rule if types or rule.get("tags") else None
    if block["kind"] == "excel":
        _columns(block, form)
    else:
        _custom_fields(block, found, form)
    try:
        block["mapping"] = _written(form)
        _settled(block, seen, form)
        source_mapping(SourceBlock.model_validate(block))
    except (MappingError, yaml.YAMLError, ValueError) as error:
        says = in_words(error) if isinstance(error, ValidationError) else str(error)
        return dict(before), _("The mapping does not hold: %(why)s", why=says)
    return {key: value for key, value in block.items() if value not in (None, {}, [])}, None


def _custom_fields(block: dict[str, Any], found: Mapping[str, Any], form: Mapping[str, str]) -> None:
    """Take the ticked fields; those that were written by name, or are not on the page, stay."""
    listed = {str(each["id"]) for each in found.get("fields", ())} | {"all"}
    ticked = [name.removeprefix("field:") for name in form if name.startswith("field:")]
    kept = [each for each in block.get("custom_fields") or [] if each not in listed]
    block["custom_fields"] = ["all"] if "all" in ticked else [*ticked, *kept]


def _meanings(block: dict[str, Any], form: Mapping[str, str]) -> None:
    fields = dict(block.get("fields") or {})
    for name in MEANINGS:
        if given := form.get(f"meaning:{name}", "").strip()[:200]:
            fields[name] = given
        else:  # as found
            fields.pop(name, None)
    block["fields"] = fields


def _statuses(block: dict[str, Any], found: Mapping[str, Any], form: Mapping[str, str]) -> None:
    chosen = dict(block.get("status_categories") or {})
    for state in found.get("states", ()):
        given = form.get(f"status:{state['id']}")
        if given in CATEGORIES:
            chosen[str(state["id"])] = given
        elif given == "as-said":
            chosen.pop(str(state["id"]), None)
    block["status_categories"] = chosen


def _columns(block: dict[str, Any], form: Mapping[str, str]) -> None:
    """Give each attribute its header; `attribute ← header` of the same attribute twice keeps the later."""
    for number, workbook in enumerate(block.get("workbooks") or []):
        if f"columns:{number}" not in form:  # they were not on the page
            continue
        columns = {
            attribute.strip().lower().replace(" ", "_"): name.split(":", 2)[2]
            for name, attribute in form.items()
            if name.startswith(f"column:{number}:")
        }
        if columns:
            workbook["columns"] = columns
        else:
            workbook.pop("columns", None)


def _written(form: Mapping[str, str]) -> dict[str, Any]:
    """Read the mapping that was written by hand.

    Raises:
        ValueError: It is no mapping of streams.
    """
    written = form.get("mapping", "")[:_MOST_WRITTEN]
    try:
        if any(isinstance(each, yaml.AliasToken) for each in yaml.scan(written)):
            raise ValueError("anchors and aliases are not taken: write each part out")
        found = yaml.safe_load(written or "{}")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise ValueError("expected streams with their attributes, such as `issues: {points: fields.size}`")
    return {str(stream): attributes for stream, attributes in found.items()}


def _settled(block: dict[str, Any], seen: Mapping[str, Any], form: Mapping[str, str]) -> None:
    """Put values without a place into the value map of their attribute, on top of how it is read."""
    spec = source_mapping(SourceBlock.model_validate(block))
    for number, stream in enumerate(seen.get("tried") or []):
        how = spec.streams.get(stream["stream"])
        for place, each in enumerate(stream.get("unmapped", ())):
            given = form.get(f"value:{number}:{place}", "")
            if not given or how is None or each["attribute"] not in how.attributes:
                continue
            own = block["mapping"].setdefault(stream["stream"], {})
            read = own.get(each["attribute"])
            if not isinstance(read, dict):
                read = how.attributes[each["attribute"]].model_dump(exclude_defaults=True, mode="json")
            own[each["attribute"]] = {**read, "values": {**(read.get("values") or {}), each["value"]: given}}


def take_schedule(
    before: Mapping[str, Any], form: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Put into a block when it is read, and how old what was read may be; returns it and what is wrong."""
    block = deepcopy(dict(before))
    errors: dict[str, str] = {}
    preset = form.get("preset", "")
    cron = form.get("cron", "").strip() if preset == "own" else preset
    fresh = form.get("fresh", "").strip()
    block["schedule"] = cron[:200]
    block["fresh_within"] = fresh[:20] or None
    try:
        SourceBlock.model_validate({"name": "source", "kind": "jira", "schedule": cron})
    except ValidationError:
        errors["cron"] = _(
            "This is no schedule. Five fields: minute, hour, day of the month, month, weekday; such as 0 2 * * *."
        )
    if fresh:
        try:
            span(fresh)
        except ValueError:
            errors["fresh"] = _("Write minutes, hours or days, such as 90m, 26h or 3d.")
    return {key: value for key, value in block.items() if value is not None}, errors
