"""The values Azure DevOps writes, one by one."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.azure_devops.identity import person_id, person_name
from connectors.azure_devops.nodes import item_path
from connectors.azure_devops.process import level_of, levels
from connectors.azure_devops.transforms import day, instant, links, plain_text, tags


@pytest.mark.parametrize(
    ("value", "name", "id_"),
    [
        (
            {"displayName": "Mia", "uniqueName": "mia@example.com", "id": "a-1", "descriptor": "aad.x"},
            "Mia",
            "a-1",
        ),
        ({"displayName": "Mia", "uniqueName": "CORP\\Mia", "descriptor": "win.Uy0x"}, "Mia", "win.Uy0x"),
        ({"id": "a-1", "uniqueName": "Mia Lund <mia@example.com>"}, "Mia Lund", "a-1"),
        ("Mia Lund <Mia@Example.com>", "Mia Lund", "mia@example.com"),
        ("Mia Lund <CORP\\mia>", "Mia Lund", "corp\\mia"),
        ("<mia@example.com>", "mia@example.com", "mia@example.com"),
        ("CORP\\mia", "CORP\\mia", "corp\\mia"),
        ("", None, None),
        ({}, None, None),
    ],
)
def test_a_person_is_read_in_every_form(value: Any, name: str | None, id_: str | None) -> None:
    assert (person_name(value), person_id(value)) == (name, id_)


@pytest.mark.parametrize(
    ("text", "micro"),
    [("2026-01-02T03:04:05Z", 0), ("2026-01-02T03:04:05.6Z", 600_000), ("2026-01-02T03:04:05.08Z", 80_000),
     ("2026-01-02T03:04:05.5943909Z", 594_390), ("2026-01-02T04:04:05.123456+01:00", 123_456)],
)  # fmt: skip
def test_an_instant_may_have_any_number_of_fraction_digits(text: str, micro: int) -> None:
    assert instant(text) == datetime(2026, 1, 2, 3, 4, 5, micro, tzinfo=UTC)


def test_an_instant_in_the_year_9999_is_none_and_a_bad_one_is_refused_in_words() -> None:
    assert instant("9999-01-01T00:00:00Z") is None
    with pytest.raises(ValueError, match="expected an instant"):
        instant("1/31/2017 9:21:14 PM")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-04-01T00:00:00Z", 1), ("2026-03-31T22:00:00Z", 1), ("2026-04-01T05:00:00Z", 1),
     ("2026-04-01T11:30:00Z", 1), ("2026-03-31T18:30:00Z", 1), ("2026-04-01T17:23:41.5Z", 1)],
)  # fmt: skip
def test_a_day_picked_anywhere_on_earth_is_that_day(text: str, expected: int) -> None:
    assert day(text) == date(2026, 4, expected)


def test_tags_are_split_and_trimmed() -> None:
    assert tags("a; b c ;;d") == ["a", "b c", "d"]
    assert tags(" ; ") is None
    assert tags([{"name": "a"}]) == ["a"]


def test_html_becomes_text_and_markdown_stays() -> None:
    assert plain_text("<p>One&nbsp;two<br>three</p><script>no()</script>") == "One two\nthree"
    assert plain_text("# Title\n\n* point") == "# Title\n* point"
    assert plain_text("<p> </p>") is None


def test_a_node_path_loses_the_segment_that_names_the_tree_in_any_language() -> None:
    assert item_path("\\Shop\\Iteration\\R1\\Sprint 1") == "Shop\\R1\\Sprint 1"
    assert item_path("\\Shop\\Iteration") == "Shop"
    assert item_path("\\Shop\\Durchlauf\\R1") == "Shop\\R1"


def test_types_are_placed_by_backlog_whatever_they_are_called() -> None:
    backlog = {
        "portfolioBacklogs": [
            {"id": "Custom.1", "rank": 5, "workItemTypes": [{"name": "Theme"}]},
            {"id": "Microsoft.EpicCategory", "rank": 4, "workItemTypes": [{"name": "Epos"}]},
            {"id": "Microsoft.FeatureCategory", "rank": 3, "workItemTypes": [{"name": "Funktion"}]},
        ],
        "requirementBacklog": {"rank": 2, "workItemTypes": [{"name": "Geschichte"}, {"name": "Fehler"}]},
        "taskBacklog": {"rank": 1, "workItemTypes": [{"name": "Aufgabe"}]},
    }
    known = levels(
        backlog, [{"referenceName": "Microsoft.BugCategory", "workItemTypes": [{"name": "Fehler"}]}]
    )
    words = [
        level_of(name, known) for name in ("Theme", "Epos", "Funktion", "Geschichte", "Aufgabe", "Fehler")
    ]
    assert words == ["initiative", "epic", "feature", "story", "task", "bug"]
    assert [level_of(name, {}) for name in ("Epic", "Issue", "Milestone", "Test Case")] == [
        "epic", "other", "milestone", "other",
    ]  # fmt: skip


def test_links_to_anything_but_items_are_no_links_and_custom_ones_are() -> None:
    payload = {"id": 9, "relations": [{"rel": "Custom.Blocks-Reverse", "id": 4, "name": "Blocked By"}]}
    assert links(payload) == [("Custom.Blocks:4:9", "inward", "Blocks", "Blocked By", "4", "4")]
    assert links({"id": 9, "relations": None}) == []
