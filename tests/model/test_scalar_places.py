"""A character of a value is found in the file again, however YAML lets it be written."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model.scalar import places

LETTERS = st.text(alphabet="ab'\"\\ #:,é\n\t", min_size=1, max_size=30)


def assert_each_character_is_where_it_says(text: str) -> None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    node = root.value[0][1]
    start = node.start_mark
    written = text[start.index : node.end_mark.index]
    found = places(written, node.value, start.line + 1, start.column + 1)
    assert found is not None
    assert len(found) == len(node.value) + 1
    lines = text.split("\n")
    for character, (line, column) in zip(node.value, found, strict=False):
        there = lines[line - 1][column - 1 : column]
        assert there == character or there in ("", "\\") or (character in " \n" and there in " \t")


@pytest.mark.parametrize(
    "text",
    [
        "expr: a > b\n",
        "expr: a >\n  b\n   &&  c\n",
        "expr: 'it''s > b'\n",
        'expr: "a \\"b\\" \\u00e9 \\x41 > c"\n',
        'expr: "a\n  b\n\n  c \\\n  d"\n',
        "expr: |\n  a > b\n  && c\n",
        "expr: >-\n  a > b\n  && c\n\n  || d\n",
        "expr: >\n  a\n    more\n  b\n",
    ],
)  # fmt: skip
def test_every_style_is_followed(text: str) -> None:
    assert_each_character_is_where_it_says(text)


@given(LETTERS, st.sampled_from(["'", '"']))
def test_a_dumped_value_is_followed_through_its_quotes_and_folds(value: str, style: str) -> None:
    assert_each_character_is_where_it_says(
        yaml.safe_dump({"expr": value}, default_style=style, allow_unicode=True, width=10)
    )


def test_the_end_of_a_value_is_just_after_it() -> None:
    found = places("'a > '", "a > ", 3, 5)
    assert found is not None
    assert found[0] == (3, 6)
    assert found[-1] == (3, 10)


def test_what_is_not_understood_has_no_places() -> None:
    assert places("'a'", "b", 1, 1) is None
