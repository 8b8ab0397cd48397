"""Jira's shapes to the model's values."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira import jql, transforms
from connectors.jira.sprints import legacy_sprint, sprint_rows
from connectors.jira.text import plain_text

PREFIX = "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd"


@pytest.mark.parametrize(
    "written",
    [
        "2021-01-25T11:09:27.985+0800",
        "2021-01-25T03:09:27.985Z",
        "2021-01-24T20:09:27.985-07:00",
        1611544167985,
    ],
)
def test_a_time_is_the_same_instant_however_it_is_written(written: Any) -> None:
    assert transforms.instant(written) == datetime(2021, 1, 25, 3, 9, 27, 985000, tzinfo=UTC)


def test_epoch_seconds_are_told_from_milliseconds() -> None:
    assert transforms.instant(1492070429) == datetime(2017, 4, 13, 8, 0, 29, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2021-01-25T11:09:27", "yesterday", True, None, {}])
def test_a_time_without_an_offset_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"expected a time|Invalid isoformat"):
        transforms.instant(written)


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ({"key": "new", "id": 2}, "todo"),
        ({"key": "undefined", "id": 1}, "todo"),
        ({"key": "indeterminate", "id": 4}, "doing"),
        ({"key": "done", "id": 3, "name": "Donee"}, "done"),
        ({"id": 3, "name": "完成"}, "done"),
        ({"key": "brand-new-kind", "id": 4}, "doing"),
        ({"key": "new", "id": 3}, "todo"),  # they disagree: the key stands
        ({"key": "brand-new-kind", "id": 77}, None),
        (None, None),
    ],
)
def test_a_category_goes_by_its_key_and_by_its_id_only_without_one(
    category: Any, expected: str | None
) -> None:
    assert transforms.category_of({"id": "1", "statusCategory": category}) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"name": "Initiative", "hierarchyLevel": 2}, "initiative"),
        ({"name": "Whatever", "hierarchyLevel": 3}, "initiative"),
        ({"name": "Thème", "hierarchyLevel": 1}, "epic"),
        ({"name": "故事", "untranslatedName": "Story", "hierarchyLevel": 0}, "story"),
        ({"name": "故事", "hierarchyLevel": 0}, "story"),
        ({"name": "Sub-bug", "subtask": True, "hierarchyLevel": -1}, "task"),
        ({"name": "Epic", "subtask": False}, "epic"),  # Data Center knows no levels
        ({"name": "Defect"}, "bug"),
        ({"name": "Test Execution", "hierarchyLevel": 0}, "other"),
    ],
)
def test_a_type_goes_by_level_then_by_untranslated_name_then_by_name(kind: Any, expected: str) -> None:
    assert transforms.hub_type(kind) == expected


def change(number: int, day: int, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": str(number), "created": f"2026-01-{day:02}T10:00:00.000+0100", "items": list(items), **more}


def move(before: str, after: str) -> dict[str, Any]:
    return {"field": "status", "fieldId": "status", "from": before, "to": after}


def payload(*changes: dict[str, Any], status: str = "3", **fields: Any) -> dict[str, Any]:
    categories = {"1": "todo", "3": "doing", "4": "doing", "5": "done", "6": "done"}
    return {
        "fields": {"status": {"id": status}, "created": "2026-01-01T10:00:00.000+0100", **fields},
        "changelog": {"histories": list(changes)},
        transforms.CATEGORIES: categories,
    }


def day(number: int) -> datetime:
    return datetime(2026, 1, number, 9, tzinfo=UTC)


def test_every_item_of_every_change_is_kept_oldest_first_with_a_name_of_its_own() -> None:
    rank = {"field": "Rank", "fieldId": "customfield_1", "from": "", "to": "", "toString": "Ranked higher"}
    status = {**move("1", "3"), "fromString": "Open", "toString": "Doing"}
    moved = {"field": "Key", "from": None, "fromString": "OLD-7", "to": None, "toString": "NEW-3"}
    mia = {"accountId": "a:1", "displayName": "Mia"}
    log = {"histories": [change(2, 3, rank), change(1, 2, status, moved, author=mia)]}

    assert transforms.transitions(log) == [
        ("1:0", day(2), "Mia", "a:1", "status", "status", "1", "Open", "3", "Doing"),
        ("1:1", day(2), "Mia", "a:1", "Key", None, None, "OLD-7", None, "NEW-3"),
        ("2:0", day(3), None, None, "Rank", "customfield_1", None, None, None, "Ranked higher"),
    ]


def test_work_begins_with_the_first_move_into_progress() -> None:
    found = payload(change(1, 2, move("1", "1")), change(2, 3, move("1", "3")), change(3, 4, move("3", "4")))

    assert transforms.started_at(found) == day(3)


def test_an_issue_born_in_progress_began_when_it_was_created() -> None:
    assert transforms.started_at(payload()) == day(1)
    assert transforms.started_at(payload(change(1, 5, move("3", "5")), status="5")) == day(1)


def test_an_issue_that_never_was_in_progress_never_began() -> None:
    assert transforms.started_at(payload(change(1, 5, move("1", "5")), status="5")) is None
    assert transforms.started_at(payload(change(1, 5, move("77", "78")), status="1")) is None


def test_done_is_the_resolution_date_or_else_the_last_arrival_among_the_done() -> None:
    moves = (change(1, 2, move("1", "5")), change(2, 3, move("5", "3")), change(3, 4, move("3", "5")))
    migrated = change(4, 9, move("5", "6"))

    assert transforms.done_at(payload(*moves, migrated, status="6")) == day(4)
    assert transforms.done_at(
        payload(*moves, status="5", resolutiondate="2026-01-07T09:00:00.000+0000")
    ) == day(7)
    assert transforms.done_at(payload(*moves[:2], status="3")) is None


def test_a_link_is_read_in_its_direction() -> None:
    kind = {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}

    assert transforms.links(
        [
            {"id": "1", "type": kind, "outwardIssue": {"id": "11", "key": "A-1"}},
            {"id": "2", "type": kind, "inwardIssue": {"id": "12", "key": "A-2"}},
        ]
    ) == [
        ("1", "outward", "Blocks", "blocks", "11", "A-1"),
        ("2", "inward", "Blocks", "is blocked by", "12", "A-2"),
    ]


@pytest.mark.parametrize(
    ("value", "expected"), [("-1", -1.0), (3, 3.0), ("2,5", 2.5), ({"value": "8"}, 8.0), (0, 0.0)]
)
def test_points_may_be_numbers_texts_or_choices(value: Any, expected: float) -> None:
    assert transforms.points(value) == expected


@pytest.mark.parametrize("value", ["XL", True, [], {}])
def test_points_that_are_no_number_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        transforms.points(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("EPIC-1", "EPIC-1"),
        ({"key": "EPIC-1"}, "EPIC-1"),
        ({"data": {"key": "EPIC-1"}}, "EPIC-1"),
        ({"data": None}, None),
    ],
)
def test_a_parent_is_a_key_or_an_object_around_one(value: Any, expected: str | None) -> None:
    assert transforms.parent_key(value) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ({"released": True, "archived": True, "releaseDate": "2026-01-31"}, ("met", "2026-01-31", None)),
        (
            {"released": False, "archived": False, "releaseDate": "2026-01-31"},
            ("planned", None, "2026-01-31"),
        ),
        ({"released": False, "archived": True}, ("dropped", None, None)),
    ],
)
def test_a_version_is_met_planned_or_dropped(
    version: Any, expected: tuple[str, str | None, str | None]
) -> None:
    found = (
        transforms.version_state(version), transforms.version_actual(version), transforms.version_forecast(version),
    )  # fmt: skip
    assert found == expected


def test_cloud_sprints_are_read_from_objects_by_id() -> None:
    found = sprint_rows(
        [{"id": 7, "name": "S 7", "state": "closed"}, {"id": 8, "name": "S 8", "state": "active"}]
    )

    assert found == [("7", "S 7", "past"), ("8", "S 8", "current")]


def test_a_printed_sprint_is_read_whatever_its_name_holds() -> None:
    text = (
        f"{PREFIX}[id=1,rapidViewId=1,state=CLOSED,name=Sprint 1, really=[the last], yes,"
        "startDate=2016-06-06T21:30:53.537+10:00,endDate=<null>,completeDate=<null>,sequence=1,"
        "goal=ship it,\nthen [rest]]"
    )

    found = legacy_sprint(text)

    assert found["name"] == "Sprint 1, really=[the last], yes"
    assert found["goal"] == "ship it,\nthen [rest]"
    assert found["endDate"] is None
    assert sprint_rows([text, {"id": 1, "name": "Sprint 1", "state": "closed"}]) == [
        ("1", "Sprint 1", "past")
    ]


def test_a_printed_sprint_may_have_its_id_last() -> None:
    assert legacy_sprint(f"{PREFIX}[rapidViewId=3,state=FUTURE,name=Next,id=642]")["id"] == "642"


@pytest.mark.parametrize("value", ["no sprint", [5], [{"name": "without id"}], f"{PREFIX}[name=x]"])
def test_what_is_no_sprint_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a"):
        sprint_rows(value)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=60))
def test_a_printed_sprint_with_any_name_keeps_its_id_and_state(name: str) -> None:
    found = legacy_sprint(f"{PREFIX}[id=9,rapidViewId=1,state=ACTIVE,name={name},startDate=<null>]")

    assert (found["id"], found["state"]) == ("9", "ACTIVE")


def test_a_document_becomes_the_lines_a_reader_sees() -> None:
    def text(words: str, **more: Any) -> dict[str, Any]:
        return {"type": "text", "text": words, **more}

    def paragraph(*content: Any) -> dict[str, Any]:
        return {"type": "paragraph", "content": list(content)}

    document = {
        "version": 1,
        "type": "doc",
        "content": [
            {"type": "heading", "attrs": {"level": 1}, "content": [text("Goal")]},
            paragraph(
                text("Ask "), {"type": "mention", "attrs": {"id": "a-1", "text": "@Mia"}}, text(" by "),
                {"type": "date", "attrs": {"timestamp": "1767225600000"}}, {"type": "hardBreak"},
                text("here", marks=[{"type": "link", "attrs": {"href": "https://example.com"}}]),
            ),
            {"type": "bulletList", "content": [
                {"type": "listItem", "content": [paragraph(text("one"))]},
                {"type": "listItem", "content": [paragraph(text("two")), {"type": "orderedList", "content": [
                    {"type": "listItem", "content": [paragraph(text("inner"))]}]}]},
            ]},
            {"type": "table", "content": [{"type": "tableRow", "content": [
                {"type": "tableHeader", "content": [paragraph(text("A"))]},
                {"type": "tableCell", "content": [paragraph(text("B"))]}]}]},
            {"type": "brandNewNode", "content": [paragraph(text("kept"))]},
            {"type": "brandNewLeaf", "attrs": {"text": "also kept"}},
        ],
    }  # fmt: skip

    assert plain_text(document) == (
        "Goal\nAsk @Mia by 2026-01-01\nhere (https://example.com)\n- one\n- two\n  1. inner\nA | B\nkept\nalso kept"
    )


def test_wiki_text_becomes_plain_words() -> None:
    assert plain_text("h1. Goal\n* one") == "Goal\n- one"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "content", "attrs", "text", "marks"]), inner, max_size=4
            )
        ),
        max_leaves=30,
    )
)
def test_no_document_however_broken_stops_the_text(node: Any) -> None:
    assert isinstance(plain_text({"type": "doc", "content": [node]}), str)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("project = A ORDER BY rank", "project = A"),
        ("project = A  order   by created DESC", "project = A"),
        ('summary ~ "order by me" ORDER BY rank', 'summary ~ "order by me"'),
        ("summary ~ 'it\\'s in order by now'", "summary ~ 'it\\'s in order by now'"),
        ("ORDER BY rank", ""),
    ],
)
def test_order_by_is_cut_off_outside_of_quotes_only(query: str, expected: str) -> None:
    assert jql.without_order(query) == expected


def test_a_time_at_an_offset_that_the_store_does_not_take_is_the_same_instant_in_utc() -> None:
    read = transforms.instant("2026-06-26T11:26:34.597+2359")
    assert (read, read.utcoffset()) == (transforms.instant("2026-06-25T11:27:34.597+0000"), timedelta(0))


def test_a_time_that_is_in_no_year_of_utc_is_refused() -> None:
    with pytest.raises(ValueError, match="year 1 to 9999"):
        transforms.instant("0001-01-01T00:00:00.000+2359")


@pytest.mark.parametrize("written", [-(2**63), 2**63, 10**30])
def test_a_number_that_is_in_no_year_is_refused(written: int) -> None:
    with pytest.raises(ValueError, match="year"):
        transforms.instant(written)
