"""What may stand in a template, and how a complaint reads."""

import copy
import re
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import shipped
from config.shipped import names, template, templates
from model.declaration import Declaration, InvalidDeclaration
from model.template.check import check, computed
from model.template.context import ITEMS
from model.template.parts import RecordKind
from model.template.template import attribute_of, built, load
from tests.support.shared import ROOT
from tests.support.template_samples import SMALL, changed


def complaint(text: str) -> str:
    with pytest.raises(InvalidDeclaration) as caught:
        load(text, "small.yaml")
    return str(caught.value)


def test_the_shipped_templates_load_and_bind_what_the_register_holds() -> None:
    assert {"monthly-status", "raid-log"} <= set(names("templates"))
    assert {"monthly-status", "raid-log"} <= {one.header.id for one in templates()}
    bound = {field.rule.id: field.attribute for field in template("monthly-status").fields}
    assert bound["forecast_cost"] is not None
    assert bound["forecast_cost"].name == "forecast_cost"
    assert bound["rag_overall"] is None


def test_a_field_bound_to_what_does_not_exist_is_refused_with_its_line_and_what_does() -> None:
    said = complaint(changed("bind: cost.eac", "bind: cost.eax"))
    assert said.startswith(
        "small.yaml:6:71: fields[3].bind: cost: binds 'cost.eax', which is no registered attribute;"
    )
    assert "cost.eac" in said


@pytest.mark.parametrize("bind", ["eac", "project.eac", "milestone.forcast", "nobody.name", "work_item"])
def test_a_bind_must_lead_somewhere(bind: str) -> None:
    assert "which is no registered attribute" in complaint(changed("bind: cost.eac", f"bind: {bind}"))


def test_a_bind_may_lead_to_another_projects_milestone() -> None:
    assert attribute_of("giving_project.milestone.forecast").entity == "milestone"
    assert attribute_of("giving_project.project.name").name == "name"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("type: enum, values: [define, deliver, close]", "type: enum", "fields[1]: stage: an enum, and only"),
        ("type: enum", "type: enumeration", "fields[1].type: stage: expected one of string, text, int"),
        ("min: 1, max: 3", "min: 4, max: 3", "min is over max"),
        ('pattern: "^N-[0-9]+$"', 'pattern: "["', "pattern is no regular expression: missing ]: ["),
        ("within: P7D", "within: a week", "expected a duration of days or weeks like P14D or P2W, not 'a week'"),
        ("within: P7D, ", "", "give either within or by_tier"),
        ("required: {tiers: [1]}", "required: {}", "give `always`, or stages, tiers or when"),
        ("id: name", "id: as_of", "'as_of' means something else in expressions"),
        ("id: owner", "id: number", "'number' is given twice"),
        ("id: K2", "id: K1", "'K1' is given twice"),
        ("weight: 3", "weigth: 3", "fields[0].weigth: name: is not a known setting"),
        ("severity: block", "severity: fatal", "checks[0].severity: K1: expected one of block, warn, info"),
        ("record: status_report, ", "", "template.record: is required"),
        ("submit_gate: {missing_required: warn, invalid: warn}\n", "", "submit_gate: is required"),
        ("completeness: 0.25", "completenes: 0.25", "scoring.weights.completenes"),
        ("accuracy: 0.15", "accuracy: 0.2", "scoring.weights: must add up to 1, not 1.05"),
        ("type: text, min_len: 3", "type: text, min: 3, min_len: 3", "min is for numbers; text has none"),
        ("type: number, fill: auto", "type: number, max_len: 3, fill: auto", "max_len is for texts; number is none"),
        ("tiers: [1]}", "tiers: [4]}", "it is never required: the template applies to tiers 1, 2, 3 only"),
        ("bind: cost.eac,", "bind: cost.eac, compare_with: computed.money,", "no colour is computed for 'money'"),
        ("record: status_report", "record: status_report, record: x", "'record' is given twice"),
    ],
)  # fmt: skip
def test_what_a_template_may_not_say_is_refused_in_words(old: str, new: str, says: str) -> None:
    said = complaint(changed(old, new))
    assert says in said
    assert said.startswith("small.yaml:")


def test_all_complaints_come_at_once() -> None:
    wrong = {
        "bind: cost.eac": "bind: cost.eax",
        "cost > 100": "cost > start",
        "dim: accuracy": "dim: accurate",
        "cost <= budget": "cost <= budged && name > 3",
        "accuracy: 0.15": "accuracy: 0.25",
        'when: "half': 'when: "halve',
    }
    text = SMALL
    for old, new in wrong.items():
        assert old in text
        text = text.replace(old, new, 1)
    said = complaint(text).splitlines()
    assert [line.split(": ")[1] for line in said] == [
        "fields[3].bind", "fields[4].required.when", "checks[0].expr", "checks[0].expr", "checks[1].dim",
        "escalation[1].when", "scoring.weights",
    ]  # fmt: skip
    places = [tuple(map(int, line.split(": ")[0].split(":")[1:])) for line in said]
    assert places == sorted(places)


def test_a_word_like_on_is_a_word_and_not_a_boolean() -> None:
    approval = template("raid-log").header.approved_by
    assert approval is not None
    assert approval.on == date(2025, 5, 30)


def test_a_workflow_joins_only_the_states_it_lists() -> None:
    workflow = "\nworkflow: {states: [draft], moves: [{from: draft, to: done, by: preparer}]}\n"
    assert "moves name states that are not listed: done" in complaint(SMALL + workflow)


def test_a_template_applies_where_it_says_and_where_nobody_knows() -> None:
    small = load(
        changed("owner_role: specialist", "owner_role: specialist, applies_to: {tiers: [1]}"), "small.yaml"
    )
    assert small.applies(stage="define", tier=1)
    assert small.applies(stage=None, tier=None)
    assert not small.applies(stage="define", tier=2)


def test_the_shipped_templates_are_packaged_beside_their_loader() -> None:
    assert (Path(__file__).parents[2] / "config" / "templates" / "monthly-status.yaml").is_file()


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (
            "{ref: A1, values: {name: Apollo}}, {ref: A1, values: {}}",
            "starts_with[1].ref: 'A1' is given twice",
        ),
        ("{ref: A1, values: {nmae: Apollo}}", "starts_with[0].values.nmae: there is no field 'nmae'"),
        (
            "{ref: A1, values: {stage: done}}",
            "starts_with[0].values.stage: one of define, deliver, close, is 'done'",
        ),
        ("{ref: A 1, values: {}}", "starts_with[0].ref: expected a reference of letters"),
    ],
)
def test_a_starting_record_says_what_its_fields_can_hold(record: str, says: str) -> None:
    assert says in complaint(f"{SMALL}starts_with: [{record}]\n")


def documented() -> tuple[str, str]:
    manual = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:yaml|text)\n(.*?)```", manual, re.DOTALL)
    example = next(block for block in blocks if block.startswith("# yaml-language-server"))
    return example, next(block for block in blocks if block.startswith("site-report.yaml"))


def test_the_manuals_example_loads() -> None:
    assert load(documented()[0], "site-report.yaml").label == "site-report@1.0.0"


def test_the_manuals_errors_are_those_that_come() -> None:
    text, said = documented()
    for old, new in {
        "bind: cost.actual,": "bind: cost.actuals,",
        "when: spent > budget": "when: spent > as_of",
        'expr: "spent ==': 'expr: "spend ==',
        "uniqueness: 0.05": "uniqueness: 0.10",
    }.items():
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(InvalidDeclaration) as caught:
        load(text, "site-report.yaml")
    assert [
        re.sub(r"there are .*", "there are …", line) for line in caught.value.complaints
    ] == said.splitlines()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: " + "[" * 3000 + "]" * 3000, "bad.yaml:1:1: it is nested too deeply"),
        ("a: &a [*a]", "bad.yaml:1:4: it holds itself"),
        ("? [a]\n: b", "bad.yaml:1:3: a key must be a word"),
        ("a: 2025-13-45", "bad.yaml: month must be in 1..12"),
        ("- a", "bad.yaml:1:1: expected a map of settings at the top"),
        ("", "bad.yaml:1:1: expected a map of settings at the top"),
        ("a: [", "bad.yaml:1:5: expected the node content"),
        ('a: "x\\ud800"', "bad.yaml:1:4: it has half a character"),
        ("a: \x00", "bad.yaml: unacceptable character"),
    ],
)
def test_what_is_no_yaml_for_us_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InvalidDeclaration) as caught:
        load(text, "bad.yaml")
    assert str(caught.value).startswith(says)


def test_aliases_that_multiply_are_refused_before_they_are_written_out() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(InvalidDeclaration, match="more than 200,000 parts with all aliases written out"):
        load("\n".join(lines), "bad.yaml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("approver: sponsor,", "approver: sponser,", "roles.approver: nobody is 'sponser'; there are project_manager"),
        ("to: in_review, by: reviewer", "to: in_review, by: reviewr",
         "workflow.moves[2].by: nobody is 'reviewr': it can never be made; there are preparer, reviewer"),
        ("Europe/London", "Europe/Londn", "template.cadence.timezone: no time zone 'Europe/Londn'"),
        ("derived_from:", "minimum: {define: {risk: 1}}\n  derived_from:", None),
    ],
)  # fmt: skip
def test_who_and_where_a_template_names_must_exist(old: str, new: str, says: str | None) -> None:
    text = shipped.text("templates", "monthly-status")
    assert old in text
    if says is None:  # a record without kinds may count any
        assert load(text.replace(old, new, 1), "m.yaml")
    else:
        assert says in complaint(text.replace(old, new, 1))


def test_a_minimum_counts_items_of_a_kind_that_there_is() -> None:
    text = shipped.text("templates", "raid-log").replace("define: {risk: 5", "define: {rsik: 5")
    assert "template.minimum.define.rsik: no item is a 'rsik'; there are risk, assumption" in complaint(text)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.dates()
    | st.sampled_from(["always", "P7D", "money", "close", "cost > 1", "project.tier", "computed.cost", "period"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=2),
    max_leaves=3,
)  # fmt: skip
STARTING = "starts_with: [{ref: A, values: {tier: 2}}]\n"
WHOLE = Declaration(shipped.text("templates", "monthly-status") + STARTING, "whole.yaml").data
PARSED = Declaration(SMALL, "small.yaml").data


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_put_into_a_template_it_is_refused_in_words_or_loads(data: st.DataObject) -> None:
    document = copy.deepcopy(WHOLE)
    at: Any = document
    while True:
        keys = sorted(at, key=str) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.integers(0, 4)) == 0:
            break
        at = at[key]
    at[key] = data.draw(JUNK)
    refused = None
    try:
        built(document, lambda path, what, _: f"{path}: {what}")
    except InvalidDeclaration as error:
        refused = error.complaints
    assert refused != []


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_typed_into_an_expression_it_is_refused_in_words_or_loads(data: st.DataObject) -> None:
    expression = data.draw(
        st.sampled_from(["cost <= budget", "abs(cost - finance.eac) < 1", "start <= as_of"])
    )
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(expression))] * 2)))
    typed = data.draw(
        st.text(alphabet="abs ()[].,'<=!&|+-*/%?:{}0129\\ä\n", max_size=6)
        | st.sampled_from(["null", "size("])
    )
    document = copy.deepcopy(PARSED)
    document["checks"][0]["expr"] = expression[:start] + typed + expression[end:]
    refused = None
    try:
        built(document, lambda path, what, offset: f"{path}:{offset}: {what}")
    except InvalidDeclaration as error:
        refused = error.complaints
    assert refused != []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("type: date, fill: ask, required", "type: date, fill: ask, bind: project.budget, required",
         "small.yaml:14:60: fields[6].bind: start: binds 'project.budget', which is of type money"),
        ("bind: cost.eac", "bind: project.forecast_finish",
         "fields[3].bind: cost: binds 'project.forecast_finish', which is of type date"),
        ("bind: cost.eac", "repeat: {months: 3}, bind: cost.eac",
         "which is one value, and the field has one for each month"),
        ("[define, deliver, close], fill: ask", "[define, deliver, shut], fill: ask, bind: project.stage",
         "fields[1].bind: stage: binds 'project.stage', which is never 'shut', only define, deliver, close"),
        ("type: money\n    fill: ask", "type: money\n    fill: ask\n    bind: cost.eac",
         "fields[4].bind: budget: 'cost.eac' fills 'cost' already"),
        ("bind: cost.eac", "bind: project.budget", "fields[4].id: budget: 'project.budget' fills 'cost' already"),
        ("label: Budget\n    type: money", "label: Budget\n    type: date",
         "fields[4].id: budget: is filled from 'project.budget' by its name, which is of type money"),
    ],
)  # fmt: skip
def test_a_field_is_bound_to_its_own_kind_and_to_what_fills_no_other(old: str, new: str, says: str) -> None:
    assert says in complaint(changed(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("record: status_report", "record: status_raport",
         "small.yaml:1:61: template.record: expected one of status_report"),
        ("owner_role: specialist", "owner_role: officer",
         "template.owner_role: nobody is 'officer'; there are project_manager"),
        ("to: [programme_board, sponsor]", "to: [sponsor, board]",
         "escalation[0].to[1]: nobody is 'board'; there are project_manager"),
        ("to: programme_board", "to: board", "escalation[1].to: nobody is 'board'"),
        ("unique_within: project", "unique_within: programme",
         "fields[8].unique_within: number: expected project"),
        ("type: person, must_be", "type: text, must_be", "fields[7].must_be: owner: is for person; text has none"),
        ("bind: cost.eac", "bind: cost.eac, compare_with: computed.cost",
         "fields[3].compare_with: cost: is for rag; money has none"),
        ("type: text, min_len", "type: text, unit: GBP, min_len", "fields[0].unit: name: is for int and number and"),
        ("[define, deliver, close]", "[define, deliver, define]", "fields[1].values: stage: 'define' is given twice"),
        ("type: number, fill: auto, expr: cost / 2.0", "type: number, fill: auto",
         "fields[5].fill: half: nothing fills it"),
        ("min: 1, max: 3", "min: 1.2, max: 1.8", "fields[2].min: tier: no whole number lies between 1.2 and 1.8"),
        ("type: number, fill: auto", "type: percent, max: 150, fill: auto",
         "fields[5].max: half: a percentage goes up to 100, not 150"),
        ("min: 0, fill", "min: .nan, fill", "fields[3].min: cost: nan is no number"),
        ("id: owner", "id: size", "'size' means something else in expressions"),
        ("id: owner", "id: exists", "'exists' means something else in expressions"),
        ("says: Over the budget", "says: ' '", "checks[0].says: K1: must not be empty"),
        ("label: Owner", "label: ''", "fields[7].label: owner: must not be empty"),
        ("within: P7D, ", "by_tier: {1: P7D, 3: P9D}, ", "fields[4].fresh.by_tier: budget: tier 2 is left out"),
        (", accuracy: 0.15", ", accuracy: 0", "must add up to 1, not 0.85"),
        ("completeness: 0.25, validity: 0.15", "completeness: 0.4",
         "scoring.weights: validity left out; write 0 for what does not count"),
        ("version: 1.0.0", "version: 01.0.0", "template.version: expected a version like 1.4.0"),
    ],
)  # fmt: skip
def test_what_could_never_come_true_or_nobody_could_act_on_is_refused(old: str, new: str, says: str) -> None:
    assert says in complaint(changed(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("fill: ask, required: always, weight: 3", "fill: ask, required: alwyas, weight: 3",
         "small.yaml:3:86: fields[0].required: name: expected `always`, or a map of stages, tiers or when"),
        ("required: {tiers: [1]}", "required: {tiers: []}",
         "fields[3].required.tiers: cost: must have at least one entry"),
        ("required: {tiers: [1]}", "required: {teirs: [1]}", "fields[3].required.teirs: cost: is not a known setting"),
        ("required: {tiers: [1]}", "required: {}", "fields[3].required: cost: give `always`, or stages, tiers or when"),
        ("values: [define, deliver, close]", "values: define", "fields[1].values: stage: expected a list"),
        ("completeness: 0.25", "completenes: 0.25", "scoring.weights.completenes: expected one of completeness"),
    ],
)  # fmt: skip
def test_a_complaint_is_one_and_in_the_words_of_who_writes_templates(old: str, new: str, says: str) -> None:
    text = changed(old, new)
    with pytest.raises(InvalidDeclaration) as caught:
        load(text, "small.yaml")
    [said] = [each for each in caught.value.complaints if says in each]
    assert not re.search(r"function-|Tuple|\[key\]|literal\[", str(caught.value))
    field = said.split(": ")[1].split(".")[0]
    assert [each for each in caught.value.complaints if each.split(": ")[1].startswith(field)] == [said]


def test_every_kind_of_record_may_be_declared_and_no_other_is_known() -> None:
    assert set(get_args(RecordKind)) == {*ITEMS, "status_report", "charter"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("type: number, fill: auto, expr: cost / 2.0", "type: rag, fill: auto, expr: \"cost > 1 ? 'red' : 'GREEN'\"",
         "small.yaml:13:70: fields[5].expr: half: expected one of GREEN, AMBER, RED, GREY, BLUE, is 'red'"),
        ("type: number, fill: auto, expr: cost / 2.0", "type: int, fill: auto, expr: cost * 1.5",
         "fields[5].expr: half: may give a fraction, and the field is a whole number; write int(…)"),
        ("type: number, fill: auto, expr: cost / 2.0", "type: int, fill: auto, expr: 'cost > 1 ? 1.5 : 2.0'",
         "expected a whole number, is '1.5'"),
        ("values: [define, deliver, close]", "values: [alpha, beta]", "no project is in stage alpha, beta; there are"),
        ("type: money, min: 0", "type: money, unit: BANANA, min: 0", "'BANANA' is no currency; expected three letters"),
        ("type: person, must_be: active_person", "type: ref", "fields[7].of: owner: is left out: say what"),
        ("type: person, must_be: active_person", "type: list_ref, of: bananas", "there is no 'bananas' to refer to"),
        ("type: person, must_be: active_person", "type: enum, values: [x, X, 'y']", "'X' is given twice, as 'x' too"),
        ("type: person, must_be: active_person", "type: enum, values: [x, 'x ', 'y']", "'x ' is given twice, as 'x'"),
        ("{within: P7D, grace: P1W}", "{by_tier: {1: P7D, 2: P7D, 3: P7D, '2': P1D}}", "tier 2 is given twice"),
        ("completeness: 0.25", "completeness: '0.25'", "scoring.weights.completeness: expected a number"),
    ],
)  # fmt: skip
def test_a_field_that_could_not_work_is_refused(old: str, new: str, says: str) -> None:
    text = changed(old, new).replace('  - {when: "half > 1000", to: programme_board, within: P1W}\n', "")
    assert says in complaint(text)


@pytest.mark.parametrize(
    "expr",
    [
        "tier + tier",
        "int(cost / 3.0)",
        "tier > 1 ? 4.0 : tier",
        "tier * 2.0 - 1.0",
        "size(name)",
        "tier == 1 ? 1 : 2",
    ],
)
def test_a_whole_number_may_be_computed_of_whole_numbers(expr: str) -> None:
    load(
        changed("type: number, fill: auto, expr: cost / 2.0", f"type: int, fill: auto, expr: '{expr}'"),
        "s.yaml",
    )


def test_what_is_divided_by_nothing_is_unknown_and_holds_nothing_back() -> None:
    text = changed("expr: cost / 2.0", "expr: cost / budget").replace("invalid: warn", "invalid: block")
    found = check(load(text, "small.yaml"), {"cost": 5, "budget": 0}, {}, {})
    assert "half" not in found.invalid
    assert computed(load(text, "small.yaml"), {"cost": 0, "budget": 0}, {}) == {}


def test_nothing_of_how_a_template_is_read_is_said() -> None:
    wrong = SMALL
    for old, new in (
        ("id: name,", "id: Name,"), ("id: small", "id: Small"), ("id: K1", "id: k1"), ("weight: 3", "weight: 0"),
        ("min_len: 3", "min_len: -1"), ("type: text", "type: texts"), ("severity: info", "severity: x"),
        ("required: {tiers: [1]}", "required: {tiers: [one]}"), ("title: Small", "title: [1]"),
        ("title: Small", "title: Small, approved_by: {role: x, on: soon}"), ("expr: cost / 2.0", "expr: ''"),
        ("must_be: active_person", "must_be: [a]"), ("fill: ask, required: always}", "fill: 3, required: always}"),
    ):  # fmt: skip
        wrong = wrong.replace(old, new, 1)
    said = complaint(wrong)
    assert len(said.splitlines()) > 11
    assert not re.search(r"Input|should|String|valid |pattern|\^|\\", said), said
