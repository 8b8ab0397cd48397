"""JSON Schema of the language and of records."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from config.shipped import names, template
from model.template.check import check
from model.template.schema import language_schema, record_schema
from model.template.template import load
from tests.support.shared import ROOT
from tests.support.template_samples import SMALL
from tests.support.template_yaml import plain_yaml

FOLDER = ROOT / "config" / "templates"
FILES = sorted(FOLDER.glob("*.yaml"))


def test_the_languages_schema_beside_the_templates_is_current() -> None:
    kept = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert kept == language_schema(), "run `python -m model.template.schema > config/templates/schema.json`"


def test_the_languages_schema_is_one_and_describes_every_key() -> None:
    schema = language_schema()
    Draft202012Validator.check_schema(schema)
    parts = [schema, *schema["$defs"].values()]
    bare = [(part["title"], key) for part in parts for key, value in part["properties"].items()
            if not value.get("description") and "$ref" not in value]  # fmt: skip
    assert bare == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_template_follows_the_schema_and_points_editors_to_it(file: Path) -> None:
    written = file.read_text(encoding="utf-8")
    assert written.startswith("# yaml-language-server: $schema=schema.json\n")
    assert list(Draft202012Validator(language_schema()).iter_errors(plain_yaml(written))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("weight: 3", "weigth: 3"),
        ("dim: accuracy", "dim: luck"),
        ("within: P7D", "within: 7"),
        ("fill: auto", "fill: x"),
    ],
)
def test_what_the_loader_refuses_by_shape_an_editor_underlines(old: str, new: str) -> None:
    validator = Draft202012Validator(language_schema())
    assert list(validator.iter_errors(yaml.safe_load(SMALL))) == []
    assert list(validator.iter_errors(yaml.safe_load(SMALL.replace(old, new, 1))))


@pytest.mark.parametrize("id_", names("templates"))
def test_a_records_schema_is_one(id_: str) -> None:
    schema = record_schema(template(id_))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert [*schema["properties"]] == [field.rule.id for field in template(id_).fields]


def test_a_records_schema_says_what_a_form_needs() -> None:
    schema = record_schema(template("monthly-status"))
    assert {"rag_overall", "forecast_finish"} <= set(schema["required"])
    assert schema["properties"]["budget"]["x-muster"] == {
        "type": "money", "unit": "GBP", "fill": "prefill", "bind": "project.budget", "weight": 6.0,
        "required": {"stages": None, "tiers": [1, 2], "when": None},
    }  # fmt: skip
    allowed = Draft202012Validator(schema["properties"]["percent_complete"])
    assert [allowed.is_valid(value) for value in (0, 100, 42.5, None, "", 101, "42")] == [True] * 5 + [
        False
    ] * 2


def test_stage_and_tier_decide_in_the_schema_too() -> None:
    text = SMALL.replace("missing_required: warn", "missing_required: block")
    validator = Draft202012Validator(record_schema(load(text, "small.yaml")))
    record = {"name": "Apollo", "stage": "deliver", "tier": 2}
    assert not validator.is_valid(record)  # a start is required of tiers 1 and 2 in deliver
    assert validator.is_valid(record | {"start": "2025-01-01"})
    assert validator.is_valid(record | {"stage": "define"})


def test_a_month_column_is_a_map_from_months() -> None:
    text = SMALL.replace(
        "type: number, fill: auto, expr: cost / 2.0", "type: number, min: 0, fill: ask, repeat: {months: 3}"
    )
    part = record_schema(load(text.replace("half > 1000", "sum(half) > 1000"), "small.yaml"))["properties"][
        "half"
    ]
    validator = Draft202012Validator(part)
    good = [None, {"2025-06": 1, "2025-07": None}]
    bad = [3, {"June": 1}, {"2025-06": -1}, {"2025-06": "x"}]
    assert [validator.is_valid(value) for value in [*good, *bad]] == [True] * 2 + [False] * 4


EXAMPLES = sorted((FOLDER / "examples").glob("*/*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_that_may_be_submitted_follows_its_records_schema(path: Path) -> None:
    rules = next(
        rules
        for rules in map(template, names("templates"))
        if f"{rules.header.id}-{rules.header.version}" == path.parent.name
    )
    example = json.loads(path.read_text(encoding="utf-8"))
    wrong = {
        str(error.path[0]) if error.path else error.message
        for error in Draft202012Validator(record_schema(rules)).iter_errors(example["record"])
    }
    found = {
        finding["field"]
        for finding in example["expected"]["findings"]
        if finding["kind"] in ("missing", "invalid")
    }
    if example["expected"]["can_submit"]:
        assert wrong <= found
    elif not found:
        assert wrong == set()


SCHEMA = Draft202012Validator(
    record_schema(template("monthly-status")), format_checker=FormatChecker(["date"])
)
FIELDS = template("monthly-status").fields
SENSIBLE: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-5, 120) | st.floats(0, 120).map(lambda x: round(x, 2))
    | st.sampled_from(["", "GREEN", "RED", "deliver", "define", "2025-06", "2025-06-30", "12.50", "x" * 50, "no"])
    | st.lists(st.sampled_from(["a", "b"]), max_size=2) | st.just({})
)  # fmt: skip


@st.composite
def full_records(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a record that is mostly right."""
    record: dict[str, Any] = {}
    for field in FIELDS:
        rule = field.rule
        by_type: dict[str, Any] = {
            "enum": st.sampled_from(rule.values or ("x",)),
            "rag": st.sampled_from(["GREEN", "AMBER", "RED"]),
            "text": st.text(alphabet="abc ", min_size=40, max_size=60).map(lambda text: f"x{text}x"),
            "date": st.integers(0, 900).map(lambda days: str(date(2024, 1, 1) + timedelta(days))),
            "period": st.just("2025-06"),
            "list_ref": st.just(["D-1"]),
        }
        record[rule.id] = draw(by_type.get(rule.type, st.integers(1, 3)))
    for name in draw(st.sets(st.sampled_from([field.rule.id for field in FIELDS]), max_size=3)):
        record[name] = draw(SENSIBLE)
    return record


@settings(max_examples=80, deadline=None)
@given(full_records())
def test_what_the_schema_refuses_the_check_does_not_let_through(record: dict[str, Any]) -> None:
    context = {
        "as_of": date(2025, 6, 30),
        "stage": record["stage"],
        "tier": record["tier"],
        "period": "2025-06",
    }
    found = check(template("monthly-status"), record, {}, context)
    refused = {str(error.path[0]) for error in SCHEMA.iter_errors(record) if error.path}
    assert refused <= set(found.invalid) | set(found.missing)
    if not SCHEMA.is_valid(record):
        assert not found.can_submit


@settings(max_examples=80, deadline=None)
@given(full_records())
def test_what_the_check_finds_wrong_in_a_value_the_schema_refuses_too(record: dict[str, Any]) -> None:
    found = check(template("monthly-status"), record, {}, {"as_of": date(2025, 6, 30)})
    by_hand = {"budget", "actual_cost", "forecast_cost"}  # amounts as text have no limits in a schema
    refused = {str(error.path[0]) for error in SCHEMA.iter_errors(record) if error.path}
    assume(not (set(found.invalid) & by_hand))
    assert set(found.invalid) <= refused


@pytest.mark.parametrize(
    "amount", ["1_000", "1e5", "+5", " 5 ", "\uff15\uff10", "NaN", "5.", ".5", "-", "1,000"]
)
def test_an_amount_as_text_that_the_schema_refuses_the_check_finds_invalid(amount: str) -> None:
    assert not Draft202012Validator(SCHEMA.schema["properties"]["budget"]).is_valid(amount)
    assert check(template("monthly-status"), {"budget": amount}, {}, {}).invalid.keys() == {"budget"}


@pytest.mark.parametrize("amount", ["1000", "-0.5", "007", "12.50"])
def test_an_amount_as_text_that_the_schema_takes_the_check_reads(amount: str) -> None:
    assert Draft202012Validator(SCHEMA.schema["properties"]["actual_cost"]).is_valid(amount)
    field = next(field for field in FIELDS if field.rule.id == "actual_cost")
    assert not field.read(amount).unreadable


def test_digits_of_other_scripts_are_no_period_and_no_date() -> None:
    year = "\uff12\uff10\uff12\uff15"
    found = check(template("monthly-status"), {"period": f"{year}-06", "green_by": f"{year}-06-30"}, {}, {})
    assert found.invalid.keys() == {"period", "green_by"}
    period = Draft202012Validator(SCHEMA.schema["properties"]["period"])
    assert not period.is_valid(f"{year}-06")
