"""Each shipped template works as it stands: its examples come out as they say, and nothing in it is idle."""

import json
from pathlib import Path
from typing import Any

import pytest

import config
from config import shipped
from model.template.check import check
from model.template.template import Template

EXAMPLES = Path(config.__file__).parent / "templates" / "examples"
FILES = sorted(EXAMPLES.glob("*/*.json"))
TEMPLATES = {
    f"{template.header.id}-{template.header.version}": template
    for template in map(shipped.template, shipped.names("templates"))
}
EIGHT = {
    "monthly-status", "raid-log", "milestone-plan", "cost-forecast", "monthly-forecast-and-work-plan",
    "project-charter", "stage-gate-checklist", "change-request",
}  # fmt: skip


def examples(label: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in FILES if path.parent.name == label]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_comes_out_as_it_says(path: Path) -> None:
    example = json.loads(path.read_text())
    template = TEMPLATES[path.parent.name]
    found = check(template, example["record"], example["ages_days"], example["context"])
    assert found.to_json() == example["expected"]


def test_the_eight_templates_are_shipped_and_the_newest_of_each_is_taken() -> None:
    newest = {template.header.id: template.header.version for template in shipped.templates()}
    assert newest.keys() == EIGHT
    assert newest["monthly-status"] == "3.2.0"
    assert shipped.template("monthly-status").header.version == "3.1.0"


@pytest.mark.parametrize("label", sorted(TEMPLATES))
def test_every_template_has_an_example_that_passes_and_one_that_finds_something(label: str) -> None:
    findings = [bool(example["expected"]["findings"]) for example in examples(label)]
    assert True in findings
    assert False in findings


@pytest.mark.parametrize("label", sorted(TEMPLATES))
def test_every_check_of_a_template_runs_in_some_example(label: str) -> None:
    template = TEMPLATES[label]
    idle = set.intersection(*(set(example["expected"]["not_run"]) for example in examples(label)))
    assert idle == set()
    assert template.checks


@pytest.mark.parametrize("label", sorted(TEMPLATES))
def test_no_field_of_an_example_is_unknown_to_its_template(label: str) -> None:
    fields = {field.rule.id for field in TEMPLATES[label].fields}
    for example in examples(label):
        assert example["record"].keys() | example["ages_days"].keys() <= fields


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.label)
def test_what_a_submission_begins_with_is_what_its_fields_ask_for(template: Template) -> None:
    fields = {field.rule.id: field for field in template.fields}
    for record in template.document.starts_with:
        for name, value in record.values.items():
            assert fields[name].read(value).problem is None, (record.ref, name)


def test_a_gate_begins_with_criteria_in_every_stage() -> None:
    starts = TEMPLATES["stage-gate-checklist-1.0.0"].document.starts_with
    by_stage = {
        stage: sum(record.stages is None or stage in record.stages for record in starts)
        for stage in ("define", "deliver", "close")
    }
    assert min(by_stage.values()) >= 5, by_stage


def test_the_short_text_check_is_all_that_3_2_0_adds() -> None:
    old, new = TEMPLATES["monthly-status-3.1.0"].document, TEMPLATES["monthly-status-3.2.0"].document
    assert new.fields == old.fields
    assert [rule.id for rule in new.checks if rule not in old.checks] == ["C11"]
    assert [rule.id for rule in old.checks if rule not in new.checks] == []
    assert (new.submit_gate, new.scoring, new.workflow) == (old.submit_gate, old.scoring, old.workflow)
