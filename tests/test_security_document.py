"""The checklist of security says something of every requirement, and each test it names is there."""

import re
from typing import Final

import pytest

from tests.support.shared import ROOT

# ASVS 4.0.3, levels 1 and 2: in each section the last number, and those in between that are of level 3 or withdrawn.
SECTIONS: Final[dict[str, tuple[int, tuple[int, ...]]]] = {
    "1.1": (7, ()), "1.2": (4, ()), "1.4": (5, (2, 3)), "1.5": (4, ()), "1.6": (4, ()), "1.7": (2, ()),
    "1.8": (2, ()), "1.9": (2, ()), "1.10": (1, ()), "1.11": (2, ()), "1.12": (2, (1,)), "1.14": (6, ()),
    "2.1": (12, ()), "2.2": (3, ()), "2.3": (3, ()), "2.4": (5, ()), "2.5": (7, ()), "2.6": (3, ()),
    "2.7": (6, ()), "2.8": (7, ()), "2.9": (3, ()), "2.10": (4, ()),
    "3.1": (1, ()), "3.2": (4, ()), "3.3": (4, ()), "3.4": (5, ()), "3.5": (3, ()), "3.7": (1, ()),
    "4.1": (5, (4,)), "4.2": (2, ()), "4.3": (3, ()),
    "5.1": (5, ()), "5.2": (8, ()), "5.3": (10, ()), "5.4": (3, ()), "5.5": (4, ()),
    "6.1": (3, ()), "6.2": (6, ()), "6.3": (2, ()), "6.4": (2, ()),
    "7.1": (4, ()), "7.2": (2, ()), "7.3": (4, (2,)), "7.4": (3, ()),
    "8.1": (4, ()), "8.2": (3, ()), "8.3": (8, ()), "9.1": (3, ()), "9.2": (4, ()),
    "10.2": (2, ()), "10.3": (3, ()), "11.1": (8, ()),
    "12.1": (3, ()), "12.2": (1, ()), "12.3": (6, ()), "12.4": (2, ()), "12.5": (2, ()), "12.6": (1, ()),
    "13.1": (5, (2,)), "13.2": (6, (4,)), "13.3": (2, ()), "13.4": (2, ()),
    "14.1": (4, ()), "14.2": (6, ()), "14.3": (3, (1,)), "14.4": (7, ()), "14.5": (4, ()),
}  # fmt: skip
_ROW: Final = re.compile(r"\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| (–|`[^`|]+`) \|")


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, ...]]:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    return [found.groups() for line in text.splitlines() if (found := _ROW.fullmatch(line))]


def test_every_requirement_of_level_2_has_its_line(rows: list[tuple[str, ...]]) -> None:
    wanted = [
        f"{section}.{number}"
        for section, (last, without) in SECTIONS.items()
        for number in range(1, last + 1)
        if number not in without
    ]
    assert [row[0] for row in rows] == wanted


def test_each_line_names_a_test_that_is_there_or_says_why_none_is(rows: list[tuple[str, ...]]) -> None:
    named = {row[3].strip("`") for row in rows if row[3] != "–"}
    assert {name for name in named if not (ROOT / name).is_file()} == set()
    assert [row[0] for row in rows if len(row[2].strip()) < 3] == []
    assert sum(row[3] != "–" for row in rows) > len(rows) // 2


def test_what_does_not_hold_says_so(rows: list[tuple[str, ...]]) -> None:
    assert len([row for row in rows if "**not so**" in row[2]]) >= 10
