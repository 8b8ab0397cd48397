"""One value of a YAML text changed: the data says so, and every other line stays as it was written."""

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config import shipped
from model.declaration import Declaration
from model.rewrite import CannotRewrite, append, assign, remove, swap

TEXT = """\
# who and what
head: {id: small, tiers: [1, 2]}   # as agreed
fields:
  # the first group
  - {id: name, label: Name}        # its name
  - id: cost
    label: Cost
    required: {when: "a > 1"}      # sometimes

  # the second group
  - id: why
    help: |
      Say why.
      At length.
    weight: 2
last:
"""


def data(text: str) -> Any:
    return Declaration(text, "t").data


def changed_lines(before: str, after: str) -> int:
    return len(set(before.splitlines()) - set(after.splitlines()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("head", "id"), "large"), (("head", "tiers"), [1, 2, 3]), (("fields", 0, "label"), "Its name, or: no"),
        (("fields", 1, "required"), "always"), (("fields", 1, "required", "tiers"), [1]),
        (("fields", 1, "weight"), 0.5), (("fields", 2, "help"), "Short # no comment"),
        (("fields", 2, "help"), "Two\nlines"), (("fields", 2, "unit"), "GBP"), (("last",), {"a": 1}),
        (("last", "deep", "er"), True), (("fresh",), [1]), (("fields", 0, "weight"), 3),
    ],
)  # fmt: skip
def test_a_value_is_given_and_no_other_line_changes(path: tuple[Any, ...], value: Any) -> None:
    after = assign(TEXT, path, value)
    found = data(after)
    for step in path:
        found = found[step]
    assert found == value
    gone = 3 if path[-1] == "help" else 1
    assert changed_lines(TEXT, after) <= gone
    for comment in ("# who and what", "# as agreed", "# its name", "# the first group", "# the second group"):
        assert comment in after


@pytest.mark.parametrize(
    "path",
    [
        ("head", "id"), ("head", "tiers"), ("fields", 0), ("fields", 1), ("fields", 2), ("fields", 1, "id"),
        ("fields", 1, "required"), ("fields", 1, "required", "when"), ("fields", 2, "weight"), ("last",),
        ("fields",), ("fields", 0, "label"), ("head", "tiers", 0), ("head", "tiers", 1), ("fields", 2, "help"),
    ],
)  # fmt: skip
def test_a_value_is_taken_out_with_its_key(path: tuple[Any, ...]) -> None:
    meant = copy.deepcopy(data(TEXT))
    around = meant
    for step in path[:-1]:
        around = around[step]
    del around[path[-1]]
    assert data(remove(TEXT, path)) == meant


def test_the_last_entry_leaves_an_empty_list_behind() -> None:
    assert data(remove("a:\n- x\nb: 1\n", ("a", 0))) == {"a": [], "b": 1}
    assert data(remove("a: {b: 1}\n", ("a", "b"))) == {"a": {}}
    assert remove(TEXT, ("nothing", "there")) == TEXT


def test_entries_are_appended_and_change_places_with_their_comments() -> None:
    more = append(TEXT, ("fields",), {"id": "new", "label": "New, too"})
    assert data(more)["fields"][-1] == {"id": "new", "label": "New, too"}
    turned = swap(TEXT, ("fields",), 0)
    assert [each["id"] for each in data(turned)["fields"]] == ["cost", "name", "why"]
    assert "label: Name}        # its name" in turned
    assert data(swap(TEXT, ("head", "tiers"), 0))["head"]["tiers"] == [2, 1]
    assert data(append("a: 1\n", ("b",), "x")) == {"a": 1, "b": ["x"]}


@pytest.mark.parametrize(
    "act",
    [
        lambda: assign("a: &x {b: 1}\nc: *x\n", ("c", "b"), 2),
        lambda: assign("a: &x {b: 1}\nc: *x\n", ("c",), 2),
        lambda: assign("a: &x {b: 1}\nc: *x\n", ("a",), 2),
        lambda: assign("a: word\n", ("a", "b"), 2),
        lambda: append("a: word\n", ("a",), 2),
        lambda: swap("a: [1]\n", ("a",), 0),
        lambda: swap("a: [1]\n", ("b",), 0),
    ],
)
def test_what_cannot_be_changed_alone_is_refused_and_never_guessed(act: Any) -> None:
    with pytest.raises(CannotRewrite, match="text itself"):
        act()


def test_every_value_of_a_shipped_templates_fields_can_be_given_anew() -> None:
    text = shipped.text("templates", "stage-gate-checklist")
    for number, each in list(enumerate(data(text)["fields"]))[::6]:
        for key in each:
            after = assign(text, ("fields", number, key), "another, value")
            assert changed_lines(text, after) <= 2, (number, key)
            assert "# yaml-language-server" in after


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
KEYS = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(KEYS, VALUES, min_size=1, max_size=4),
    VALUES,
    st.sampled_from(["flow", "block"]),
    st.data(),
)
def test_whatever_was_written_either_is_changed_exactly_or_refused(
    whole: dict[str, Any], value: Any, style: str, draw: st.DataObject
) -> None:
    text = yaml.safe_dump(whole, allow_unicode=True, default_flow_style=style == "flow")
    path = (draw.draw(st.sampled_from(sorted(whole))),)
    if data(text) != whole:  # on and yes are words to us, and booleans to the dumper's reader
        return
    assert data(assign(text, path, value)) == whole | {path[0]: value}
    assert (
        data(remove(text, path)) == {key: each for key, each in whole.items() if key != path[0]}
        or len(whole) == 1
    )
