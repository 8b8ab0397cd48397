from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.mapping import CompiledMapping, MappingError, Unmappable, compile_stream, parse_mapping, split_path
from sync.transforms import boolean, colour, day, hours_from_seconds, instant, money, number
from tests.support.fake_source import MAPPING

REQUIRED = {"key": "key", "scope_external_id": "p", "type": "t", "title": "title", "status": "s"}
COMPLETE = {"key": "A-1", "p": "1", "t": "Story", "title": "A title", "s": "Doing"}


def compiled(semantics: dict[str, str] | None = None, **attributes: Any) -> CompiledMapping:
    document = {
        "kind": "fake",
        "version": "1.0.0",
        "streams": {"issues": {"entity": "work_item", "attributes": {**REQUIRED, **attributes}}},
    }
    return compile_stream(parse_mapping(document, where="test"), "issues", {}, semantics or {})


def read(mapping: CompiledMapping, name: str, **payload: Any) -> Any:
    values, _ = mapping.read({**COMPLETE, **payload})
    return values[mapping.columns.index(name)]


def test_a_missing_value_is_none_at_any_depth() -> None:
    mapping = compiled(points="fields.a.b.c")

    assert read(mapping, "points") is None
    assert read(mapping, "points", fields={"a": None}) is None
    assert read(mapping, "points", fields={"a": {"b": {"c": 3}}}) == 3


def test_the_first_path_that_holds_a_value_counts() -> None:
    mapping = compiled(points={"paths": ["one", "two"]})

    assert read(mapping, "points", two=2) == 2
    assert read(mapping, "points", one=0, two=2) == 0, "nought is a value"


def test_a_discovered_name_stands_in_a_path() -> None:
    mapping = compiled({"story_points": "customfield_10016"}, points="fields.{story_points}")

    assert read(mapping, "points", fields={"customfield_10016": 5}) == 5
    assert mapping.fields == ("customfield_10016",)


def test_a_name_that_was_not_discovered_leaves_the_attribute_unknown() -> None:
    assert read(compiled(points="fields.{story_points}"), "points", fields={"{story_points}": 5}) is None


def test_a_value_without_an_entry_in_its_map_is_unknown_and_counted() -> None:
    mapping = compiled(status_category={"path": "c", "values": {"open": "todo"}})

    assert read(mapping, "status_category", c="Open") == "todo"
    assert read(mapping, "status_category", c="Parked") is None
    assert mapping.unmapped == {("status_category", "Parked"): 1}


def test_a_path_with_a_slash_keeps_dots_in_names() -> None:
    assert split_path("fields/System.Title") == ("fields", "System.Title")
    assert read(compiled(area="fields/System.AreaPath"), "area", fields={"System.AreaPath": "A"}) == "A"


def test_a_record_without_what_it_needs_is_refused_with_the_attribute() -> None:
    with pytest.raises(Unmappable, match="title"):
        compiled().read({**COMPLETE, "title": None})


def test_a_bad_value_is_refused_with_its_place_and_what_was_expected() -> None:
    with pytest.raises(Unmappable, match=r"points \(from fields.points\): 'many': expected a number"):
        compiled(points="fields.points").read({**COMPLETE, "fields": {"points": "many"}})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour_of_money": "x"}, "no attribute 'colour_of_money'; it has: area"),
        ({"points": {"path": "x", "transform": "guess"}}, "no transform 'guess'; there are: bool"),
        ({"points": {"path": "x", "wobble": 1}}, "wobble"),
    ],
)
def test_a_mapping_that_names_what_does_not_exist_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(MappingError, match=says):
        compiled(**change)


def test_a_source_may_not_map_a_stream_that_is_not_there() -> None:
    with pytest.raises(MappingError, match="no stream 'isues'; it has: issues"):
        parse_mapping(MAPPING, where="fake", overrides={"isues": {"points": "x"}})


def test_a_sources_own_attribute_wins_over_the_shipped_one_and_leaves_that_as_it_was() -> None:
    own = parse_mapping(MAPPING, where="fake", overrides={"issues": {"points": "fields.size"}})

    assert own.streams["issues"].attributes["points"].path == "fields.size"
    assert parse_mapping(MAPPING, where="fake").streams["issues"].attributes["points"].path == "fields.points"


@pytest.mark.parametrize(
    "text",
    [
        "2021-01-25T03:09:27.985+0000",
        "2021-01-25T11:09:27.985+0800",
        "2021-01-25T03:09:27.985Z",
        "2021-01-25T03:09:27.985000Z",
        "2021-01-25T03:09:27.9850000Z",
        "2021-01-24T20:09:27.985-07:00",
    ],
)
def test_every_way_trackers_write_an_instant_is_read(text: str) -> None:
    assert instant(text) == datetime(2021, 1, 25, 3, 9, 27, 985000, tzinfo=UTC)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        instant("2021-01-25T03:09:27")


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_an_instant_is_the_same_in_every_zone(moment: datetime) -> None:
    read = instant(moment.isoformat())

    # By the offset that is written: in an hour that comes twice Python calls two zones' equal instants unequal.
    assert read is not None
    assert read.timestamp() == datetime.fromisoformat(moment.isoformat()).timestamp()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_money_is_exact(amount: Decimal) -> None:
    assert money(str(amount)) == amount


@pytest.mark.parametrize(
    ("transform", "bad"),
    [(number, "12 apples"), (number, "nan"), (number, True), (money, "1e999x"), (day, "31/12/2026"), (boolean, "maybe"),
     (colour, "teal")],
)  # fmt: skip
def test_what_is_not_of_the_type_is_refused_in_words(transform: Any, bad: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        transform(bad)


@pytest.mark.parametrize("transform", [number, money, day, instant, boolean, colour])
def test_an_empty_cell_is_unknown(transform: Any) -> None:
    assert transform("") is None


def test_effort_comes_in_hours() -> None:
    assert hours_from_seconds(5400) == 1.5


def test_a_constant_is_held_to_its_attributes_type() -> None:
    with pytest.raises(MappingError, match="status_category: const 'bananas': expected one of todo"):
        compiled(status_category={"const": "bananas"})
