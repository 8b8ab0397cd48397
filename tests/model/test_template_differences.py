"""What differs between two versions of a template, and the step of the number it asks for."""

from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from model.template.check import check
from model.template.differences import differences, least, step
from model.template.language import Document
from model.template.template import Template, load
from tests.support.template_samples import SMALL, changed

BLOCKING = ("{missing_required: warn, invalid: warn}", "{missing_required: block, invalid: block}")


def document(text: str, *, blocking: bool = False) -> Document:
    return load(text.replace(*BLOCKING) if blocking else text, "small.yaml").document


def step_of(old: str, new: str, *, blocking: bool = False) -> str | None:
    return step(
        differences(document(SMALL, blocking=blocking), document(changed(old, new), blocking=blocking))
    )


def test_nothing_differs_from_itself_but_for_number_and_approval() -> None:
    other = changed("version: 1.0.0", "version: 1.0.1, approved_by: {role: head, on: 2025-01-01}")
    assert differences(document(SMALL), document(other)) == ()
    assert step(()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("label: Name", "label: What it is called"),
        ("says: Over the budget", "says: It costs more than there is"),
        ("title: Small", "title: Quite small"),
        ("[define, deliver, close]", "[deliver, define, close]"),
    ],
)
def test_words_and_order_are_a_patch(old: str, new: str) -> None:
    assert step_of(old, new, blocking=True) == "patch"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("weight: 3}", "weight: 4}"),
        ("[define, deliver, close]", "[define, deliver, close, gone]"),
        ("required: {tiers: [1]}}", "required: {tiers: [1], stages: [deliver]}}"),
        ("min_len: 3, max_len: 9", "min_len: 2, max_len: 19"),
        ('expr: "abs(cost - finance.eac) < 1"', 'expr: "abs(cost - finance.eac) < 2"'),
        ("fields:", "fields:\n  - {id: more, label: More, type: text, fill: ask}"),
        ("checks:", 'checks:\n  - {id: K0, dim: validity, severity: warn, expr: "cost != 7", says: Seven}'),
        ("within: P7D", "within: P8D"),
        ("{completeness: 0.25, validity: 0.15", "{completeness: 0.15, validity: 0.25"),
    ],
)  # fmt: skip
def test_what_only_judges_otherwise_is_minor(old: str, new: str) -> None:
    assert step_of(old, new, blocking=True) == "minor"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min_len: 3", "min_len: 4"),
        ("max: 3, fill: auto", "max: 2, fill: auto"),
        ('pattern: "^N-[0-9]+$"', 'pattern: "^M-[0-9]+$"'),
        ("required: {tiers: [1]}}", "required: {tiers: [1, 2]}}"),
        ('required: {when: "cost > 100"}', 'required: {when: "cost > 99"}'),
        ("fields:", "fields:\n  - {id: more, label: More, type: text, fill: ask, required: always}"),
    ],
)
def test_what_blocks_more_is_major_only_where_the_gate_blocks(old: str, new: str) -> None:
    assert (step_of(old, new, blocking=True), step_of(old, new)) == ("major", "minor")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("label: Half, type: number", "label: Half, type: money"),
        ("[define, deliver, close]", "[define, deliver]"),
        ('  - {id: number, label: Number, type: string, pattern: "^N-[0-9]+$", unique_within: project, fill: ask}\n',
         ""),
        ("record: status_report", "record: charter"),
        ('severity: warn, expr: "abs(', 'severity: block, expr: "abs('),
        ("checks:", 'checks:\n  - {id: K0, dim: validity, severity: block, expr: "cost != 7", says: Seven}'),
        ('expr: "cost <= budget"', 'expr: "cost < budget"'),
        ("{missing_required: warn", "{missing_required: block"),
        ("min: 0, fill: prefill, bind: cost.eac", "min: 0, fill: auto, bind: cost.eac"),
    ],
)  # fmt: skip
def test_what_may_no_longer_be_taken_is_major(old: str, new: str) -> None:
    assert step_of(old, new) == "major"


def test_each_difference_names_its_place_and_both_sides() -> None:
    [found] = differences(document(SMALL), document(changed("max_len: 9", "max_len: 12")))
    assert (found.where, found.says) == ("fields.name.max_len", "was 9, is 12")


@given(st.tuples(*[st.integers(0, 40)] * 3), st.sampled_from(["patch", "minor", "major"]))
def test_the_least_next_version_is_larger_and_ends_in_noughts(was: tuple[int, ...], level: str) -> None:
    old = ".".join(map(str, was))
    new = tuple(int(part) for part in least(old, level).split("."))  # type: ignore[arg-type]
    assert new > was
    changed_at = ["major", "minor", "patch"].index(level)
    assert new[:changed_at] == was[:changed_at]
    assert new[changed_at] == was[changed_at] + 1
    assert set(new[changed_at + 1 :]) <= {0}


RULES = yaml.safe_load(SMALL.replace(*BLOCKING))
NEED = st.sampled_from(
    [None, "always", {"tiers": [1]}, {"tiers": [1, 2]}, {"stages": ["deliver"]}, {"when": "cost > 100"},
     {"tiers": [1], "when": "cost > 100"}, {"stages": ["deliver"], "tiers": [1, 2]}]
)  # fmt: skip
SETTINGS = {
    "min": st.none() | st.integers(-5, 2), "max": st.none() | st.integers(101, 150), "required": NEED,
    "min_len": st.none() | st.integers(0, 4), "max_len": st.none() | st.integers(5, 12),
    "pattern": st.sampled_from([None, "^N-[0-9]+$", "^[NM]-[0-9]+$"]), "weight": st.integers(1, 9),
    "values": st.permutations(["define", "deliver", "close"]).flatmap(
        lambda values: st.integers(1, 3).map(lambda most: values[:most])
    ),
}  # fmt: skip
OF_FIELD = {
    "name": ("min_len", "max_len", "required", "weight"), "stage": ("values", "required"),
    "tier": ("min", "max", "required"), "cost": ("min", "max", "required"), "budget": ("required", "weight"),
    "start": ("required",), "number": ("pattern",),
}  # fmt: skip


def varied(draw: st.DrawFn, data: dict[str, Any], *, one_in: int) -> dict[str, Any]:
    """Return a template's rules with some of them otherwise, about one in so many."""
    data = deepcopy(data)
    data["escalation"] = []  # of costs that the limits below rule out
    hits = st.integers(1, one_in).map(lambda drawn: drawn == 1)
    for rule in data["fields"]:
        for name in OF_FIELD.get(rule["id"], ()):
            if draw(hits):
                rule[name] = draw(SETTINGS[name])
        for name in [name for name, value in rule.items() if value is None]:
            del rule[name]
    for rule in data["checks"]:
        if draw(hits):
            rule["severity"] = draw(st.sampled_from(["block", "warn", "info"]))
    data["checks"] = [rule for rule in data["checks"] if not (draw(hits) and draw(st.booleans()))]
    for name in ("missing_required", "invalid"):
        if draw(hits):
            data["submit_gate"][name] = draw(st.sampled_from(["block", "warn"]))
    return data


@st.composite
def two_versions(draw: st.DrawFn) -> tuple[Template, Template]:
    """Return a template and a later version that differs in a few rules."""
    old = varied(draw, RULES, one_in=2)
    new = varied(draw, old, one_in=8)
    return load(yaml.safe_dump(old), "old.yaml"), load(yaml.safe_dump(new), "new.yaml")


RECORD = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["abcd", "abcdef", "ab", "abcdefghijk", None]),
        "stage": st.sampled_from(["define", "deliver", "close", None]),
        "tier": st.sampled_from([1, 2, 3, 4, None]),
        "cost": st.sampled_from([0, 55, 120, None]),
        "budget": st.sampled_from([60, 300, None]),
        "start": st.sampled_from(["2025-01-01", "2026-01-01", None]),
        "number": st.sampled_from(["N-1", "M-1", None]),
    }
)


@settings(max_examples=50)
@given(two_versions(), st.lists(RECORD, min_size=30, max_size=30))
def test_what_could_be_submitted_still_can_unless_the_change_is_major(
    versions: tuple[Template, Template], records: list[dict[str, Any]]
) -> None:
    old, new = versions
    if step(differences(old.document, new.document)) == "major":
        return
    for record in records:
        passes = [check(each, record, {}, {"as_of": "2025-06-30"}).can_submit for each in (old, new)]
        assert passes != [True, False]
