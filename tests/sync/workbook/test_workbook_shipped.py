"""Every shipped template as a workbook: its examples go out and come back, and can be written in by hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import config
from config import shipped
from connectors.excel.written import read_written
from model.collection.cases import OWN, Filled, RecordCase, has_items, is_editable
from model.template.template import Template, load
from sync.workbook.book import FORM, VALUE, Book, Identity
from sync.workbook.cells import Part, same, to_cell
from sync.workbook.columns import Shape
from sync.workbook.layout import Asked, base_of, locked_reference, parts_of, shaped, sheets_of
from sync.workbook.merging import merged
from sync.workbook.outcome import Merged
from sync.workbook.read import read_back
from sync.workbook.render import render
from tests.support.returning import answered

TOKEN = "0123456789abcdef01234567"
EXAMPLES = Path(config.__file__).parent / "templates" / "examples"
FILES = sorted(EXAMPLES.rglob("*.json"))


def template_of(file: Path) -> Template:
    id_, _, version = file.parent.name.rpartition("-")
    for name in shipped.names("templates"):
        template = load(shipped.text("templates", name), name)
        if (template.header.id, template.header.version) == (id_, version):
            return template
    raise LookupError(file.parent.name)


def ref_of(template: Template, values: Mapping[str, Any]) -> str:
    return str(values.get(locked_reference(template) or "") or "X-1") if has_items(template) else OWN


def came_back(
    template: Template, records: list[RecordCase], period: str, cells: Mapping[tuple[str, str], Any]
) -> Merged:
    """Send records as a workbook, write into some cells, and merge what comes back."""
    sheets = sheets_of(Asked(template, records, period), TOKEN)
    identity = Identity(TOKEN, "t", "1.0.0", "P", period, "2025-07-02T09:00:00Z")
    body = render(Book(identity, "title", "hint", "about", sheets))
    written = read_written("b.xlsx", answered(body, cells) if cells else body)
    found = shaped(template, base_of(records), period)
    back = read_back("b.xlsx", written, Shape(found.kind, found.columns, found.rows, found.witness, TOKEN))
    return merged(template, records, base_of(records), back, kind=found.kind)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_example_goes_out_and_comes_back_and_can_be_written_by_hand(file: Path) -> None:
    example = json.loads(file.read_text(encoding="utf-8"))
    template, values = template_of(file), example["record"]
    period = str(values.get("period") or example["context"].get("period") or "2025-06")
    ref = ref_of(template, values)
    filled = {name: Filled(value, "jira", "X-1", None, 2.0) for name, value in values.items()}
    untouched = came_back(template, [RecordCase(ref, filled, {}, {})], period, {})
    assert (untouched.placed, untouched.outcomes, untouched.notes) == ([], [], [])

    empty = RecordCase(
        ref, {name: one for name, one in filled.items() if name == locked_reference(template)}, {}, {}
    )
    rules = {each.rule.id: each.rule for each in template.fields if is_editable(template, each)}
    parts = [
        part for name, rule in rules.items() if name in values for part in parts_of(rule, period, (values[name],))
        if to_cell(rule, part.value(values)) is not None
    ]  # fmt: skip
    form = shaped(template, {}, period).kind == FORM
    asked = {part.id for name, rule in rules.items() for part in parts_of(rule, period)}
    cells = {
        (part.id, VALUE) if form else (ref, part.id): to_cell(rules[part.field], part.value(values))
        for part in parts
        if part.id in asked
    }
    found = came_back(template, [empty], period, cells)
    assert found.outcomes == []
    assert len(found.placed) == len(cells)
    for one in found.placed:
        assert same(rules[one.part.field], one.value, Part.of(one.part.id).value(values)), one.part.id


def test_there_are_examples_of_every_shipped_template() -> None:
    assert {file.parent.name.rpartition("-")[0] for file in FILES} == {
        load(shipped.text("templates", name), name).header.id for name in shipped.names("templates")
    }
