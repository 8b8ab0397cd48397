"""Writes what was seen of a sheet into a discovery, in an officer's words."""

from typing import Any, Final

from connectors.base import Confidence, Discovery

_SURE: Final = 4  # columns understood
_SHEETS: Final = "columns of sheet"
_ALLOWED: Final = "values a drop-down allows in"


def describe(found: Discovery, file: str, sheet: dict[str, Any]) -> None:
    """Add one sheet: what it looks like, its columns, and what is to be watched for drift."""
    name = f"{file}!{sheet['sheet']}"
    hidden = ", hidden" if sheet["hidden"] else ""
    if sheet["holds"] is None:
        found.evidence[name] = sheet.get("says") or f"none of the kinds of sheet that are read{hidden}"
        return
    found.evidence[name] = f"looks like {sheet['holds']}{hidden}: header in row {sheet['header_row']}"
    understood = sum(column["attribute"] is not None for column in sheet["columns"])
    found.confidence[name] = Confidence.MEDIUM if understood >= _SURE else Confidence.LOW
    found.alternatives.setdefault(name, []).extend(sheet["others"])
    if not found.alternatives[name]:
        del found.alternatives[name]
    if sheet["tables"]:
        found.evidence[name] += f"; Excel's own tables and names: {', '.join(sheet['tables'])}"
    if sheet["preamble"]:
        above = ", ".join(f"{label}: {value}" for label, value in sheet["preamble"].items())
        found.evidence[name] += f"; above it stands {above}"
    headers = sorted((column["header"] for column in sheet["columns"]), key=str.casefold)
    found.shape.setdefault(_SHEETS, {})[name] = " | ".join(headers)
    for column in sheet["columns"]:
        _describe_column(found, name, column)


def in_short(sheet: dict[str, Any]) -> dict[str, Any]:
    """Say of one sheet what it would be read as: `holds` is None for one that looks like nothing that is read."""
    columns = sheet.get("columns", ())
    return {
        "sheet": sheet["sheet"],
        "hidden": sheet["hidden"],
        "holds": sheet["holds"],
        "header_row": sheet["header_row"],
        "understood": sum(column["attribute"] is not None for column in columns),
        "columns": len(columns),
    }


def _describe_column(found: Discovery, name: str, column: dict[str, Any]) -> None:
    header, attribute = column["header"], column["attribute"]
    entry: dict[str, Any] = {
        "id": f"{name}!{header}",
        "name": header,
        "type": attribute or "not understood",
        "attribute": attribute,
        "column": column["column"],
    }
    if "allowed" in column:
        entry["allowed"] = column["allowed"]
        found.shape.setdefault(_ALLOWED, {})[f"{name}!{header}"] = ", ".join(column["allowed"])
    elif "allowed_by" in column:
        entry["allowed_by"] = column["allowed_by"]
    if "dates" in column:
        entry["dates"] = column["dates"]
        ways = column["dates"].keys() - {"blank"}
        if len(ways) > 1:
            counted = ", ".join(f"{count} {way}" for way, count in column["dates"].items())
            found.warnings.append(f"{name}!{header}: its dates are written in several ways: {counted}")
    found.fields.append(entry)
