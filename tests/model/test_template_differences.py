"""What differs between two versions of a template, and the step of the number it asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.template.differences import differences, least, step
from model.template.language import Document
from model.template.template import load
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
        ("type: money, min: 0, fill: prefill", "type: number, min: 0, fill: prefill"),
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
