"""Custom fields of every type, by the words of their schema, and what becomes of types nobody documents."""

from typing import Any

import orjson
import pytest

from connectors.base import Json
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from connectors.jira.custom import CHOSEN, UNKNOWN, choose, custom_values, kind_of, parsed, written
from connectors.jira.text import plain_text
from tests.support.fake_jira import FakeCloud, issue
from tests.support.shared import SHARED, needs_shared

SYSTEM = "com.atlassian.jira.plugin.system.customfieldtypes:"
ADF: Json = {
    "version": 1,
    "type": "doc",
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Why we do it"}]}],
}
LEGACY = (
    "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd[id=7,rapidViewId=3,state=CLOSED,"
    "name=Pay, day,goal=first line\nsecond, line,startDate=<null>,sequence=7]"
)


def field(number: int, name: str, custom: str, type_: str, items: str | None = None, **more: Any) -> Json:
    schema: Json = {"type": type_, "custom": custom, "customId": number}
    return {
        "id": f"customfield_{number}", "name": name, "schema": schema | ({"items": items} if items else {}), **more
    }  # fmt: skip


@pytest.mark.parametrize(
    ("custom", "type_", "items", "value", "expected"),
    [
        ("float", "number", None, 3.5, 3.5),
        ("float", "number", None, "-1", -1.0),
        ("textfield", "string", None, "as it is", "as it is"),
        ("textarea", "string", None, ADF, "Why we do it"),
        ("textarea", "string", None, "h1. Why\n* *one*", "Why\n- one"),
        ("textarea", "string", None, "<p>Why <b>we</b></p><ul><li>one</li></ul>", "Why we\n\n- one"),
        ("url", "string", None, "https://example.com", "https://example.com"),
        ("datepicker", "date", None, "2026-03-31", "2026-03-31"),
        ("datetime", "datetime", None, "2026-03-31T09:00:00.000+1100", "2026-03-30T22:00:00Z"),
        ("select", "option", None, {"id": "1", "value": "Retail"}, "Retail"),
        ("radiobuttons", "option", None, {"id": "1", "value": "Yes"}, "Yes"),
        ("multiselect", "array", "option", [{"value": "A"}, {"value": "B"}], ["A", "B"]),
        ("multicheckboxes", "array", "option", [{"value": "Impediment"}], ["Impediment"]),
        ("cascadingselect", "option-with-child", None,
         {"value": "Europe", "child": {"value": "Spain"}}, ["Europe", "Spain"]),
        ("cascadingselect", "option-with-child", None, {"value": "Europe"}, ["Europe"]),
        ("labels", "array", "string", ["x", "y"], ["x", "y"]),
        ("userpicker", "user", None, {"accountId": "a-1", "displayName": "Mia"}, {"id": "a-1", "name": "Mia"}),
        ("userpicker", "user", None, {"name": "mia", "key": "JIRAUSER1", "displayName": "Mia"},
         {"id": "JIRAUSER1", "name": "Mia"}),
        ("multiuserpicker", "array", "user", [{"accountId": "a-1"}], [{"id": "a-1", "name": None}]),
        ("grouppicker", "group", None, {"name": "pmo"}, "pmo"),
        ("multigrouppicker", "array", "group", [{"name": "pmo"}, {"name": "it"}], ["pmo", "it"]),
        ("project", "project", None, {"id": "1", "key": "APO", "name": "Apollo"}, "Apollo"),
        ("version", "version", None, {"id": "1", "name": "1.0"}, "1.0"),
        ("multiversion", "array", "version", [{"name": "1.0"}], ["1.0"]),
    ],
)  # fmt: skip
def test_each_documented_type_comes_out_as_a_plain_value(
    custom: str, type_: str, items: str | None, value: Any, expected: Any
) -> None:
    assert kept(field(1, "F", f"{SYSTEM}{custom}", type_, items), value)["value"] == expected


@pytest.mark.parametrize(
    ("custom", "type_", "items", "value", "expected"),
    [
        ("com.pyxis.greenhopper.jira:gh-epic-link", "any", None, "APO-1", "APO-1"),
        ("com.atlassian.jpo:jpo-custom-field-parent", "any", None, {"data": {"key": "APO-2"}}, "APO-2"),
        ("com.pyxis.greenhopper.jira:gh-sprint", "array", "string", [LEGACY],
         [{"id": "7", "name": "Pay, day", "state": "past"}]),
        ("com.pyxis.greenhopper.jira:gh-sprint", "array", "json", [{"id": 7, "name": "Seven", "state": "active"}],
         [{"id": "7", "name": "Seven", "state": "current"}]),
        ("com.atlassian.jpo:jpo-custom-field-baseline-end", "date", None, "2026-03-31", "2026-03-31"),
        (f"{SYSTEM}atlassian-team", "team", None, {"id": "t-1", "name": "Core"}, {"id": "t-1", "name": "Core"}),
    ],
)  # fmt: skip
def test_fields_of_boards_and_plans_come_out_as_plain_values(
    custom: str, type_: str, items: str | None, value: Any, expected: Any
) -> None:
    assert kept(field(1, "F", custom, type_, items), value)["value"] == expected


def test_a_type_that_nobody_documents_is_kept_as_it_comes() -> None:
    odd = field(1, "Branches", "com.vendor.git:branches", "any")

    assert kind_of(odd["schema"]) == UNKNOWN
    assert kept(odd, {"main": [1, 2]}) == {
        "name": "Branches", "type": "any (com.vendor.git:branches)", "value": {"main": [1, 2]}, "raw": True
    }  # fmt: skip


def test_a_value_of_another_shape_than_its_type_is_kept_with_the_reason() -> None:
    found = kept(field(1, "Size", f"{SYSTEM}float", "number"), "XL")

    assert found == {"name": "Size", "type": "number", "value": "XL", "raw": True, "why": "expected a number"}


def test_fields_are_chosen_by_id_by_name_and_all_of_one_name() -> None:
    fields = [
        field(1, "Start date", f"{SYSTEM}datepicker", "date"),
        field(2, "Start date", f"{SYSTEM}datepicker", "date", scope={"project": {"id": "10000"}}),
        field(3, "Стадия", f"{SYSTEM}select", "option", untranslatedName="Stage"),
        {"id": "summary", "name": "Summary", "schema": {"type": "string", "system": "summary"}},
    ]

    found = choose(fields, ["start DATE", "customfield_3", "stage", "Summary", "gone"], ())

    assert {name: [one.id for one in chosen] for name, chosen in found.items()} == {
        "start DATE": ["customfield_1", "customfield_2"],
        "customfield_3": ["customfield_3"],
        "stage": ["customfield_3"],
        "Summary": [],
        "gone": [],
    }
    assert [one.id for one in choose(fields, ["all"], ["customfield_3"])["all"]] == [
        "customfield_1",
        "customfield_2",
    ]
    assert parsed(written(found["start DATE"])) == tuple(found["start DATE"])


def test_only_chosen_fields_are_asked_for_and_kept_with_the_issue() -> None:
    options: Any = {"customfield_10021": [{"value": "Impediment"}], "customfield_10026": 5}
    fake = FakeCloud(issue(10001, **options), issue(10002))
    source = jira(fake, custom_fields=["Flagged"])
    found = source.discover()
    stream = source.streams(found.semantics, ["customfield_10021"])[-1]

    pages = list(stream.pull(stream.slices()[0], None))
    records = [record for page in pages for record in stream.read(page.parts)]

    assert [custom_values(record.payload) for record in records] == [
        {"customfield_10021": {"name": "Flagged", "type": "options", "value": ["Impediment"]}},
        {},
    ]
    [asked] = [body["fields"] for path, body in fake.bodies if path.endswith("/issue/bulkfetch")]
    assert "customfield_10021" in asked
    assert "customfield_10026" not in asked
    assert "'Flagged' (options)" in found.evidence["custom_fields"]


def test_without_a_choice_no_custom_field_is_kept() -> None:
    assert custom_values({"fields": {"customfield_1": 3}}) is None


def test_a_name_that_two_fields_bear_is_told_and_each_is_kept_by_its_id() -> None:
    fake = FakeCloud()
    fake.fields += [
        field(1, "Team", f"{SYSTEM}select", "option"),
        field(2, "Team", f"{SYSTEM}textfield", "string"),
    ]

    found = jira(fake, custom_fields=["Team", "Nowhere"]).discover()

    assert [one.id for one in parsed(found.semantics["custom_fields"])] == ["customfield_1", "customfield_2"]
    assert any("2 fields are called 'Team'" in note for note in found.alternatives["custom_fields"])
    assert any("'Nowhere'" in warning and "renamed" in warning for warning in found.warnings)


@needs_shared
def test_every_type_of_recorded_sites_has_a_kind_or_is_told_to_be_unknown() -> None:
    for file in ("go-jira/all_fields.json", "jira-cli/fields.json"):
        for each in orjson.loads((SHARED / "data" / "jira-mixed" / file).read_bytes()):
            schema = each.get("schema") or {}
            kind = kind_of(schema)
            vendors = schema.get("custom", "").startswith("com.xiplink")
            assert (kind == UNKNOWN) == (vendors or schema.get("type") in (None, "any")), (
                each["name"],
                schema,
            )


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{code:java}\nint *a = b*c;\n{code}", "int *a = b*c;"),
        (
            "see [the plan|https://example.com/p] and [~accountid:a-1]",
            "see the plan (https://example.com/p) and @a-1",
        ),
        ("snake_case and 2*3*4 stay", "snake_case and 2*3*4 stay"),
        ("||Name||Size||\n|Alpha|*3*|", "Name | Size\nAlpha | 3"),
        ("# one\n## two", "- one\n  - two"),
        ("{color:red}late{color} \\{x\\}", "late {x}"),
        ("a < b and c > d", "a < b and c > d"),
        ("<p>Fish &amp; chips</p><script>no()</script>", "Fish & chips"),
    ],
)
def test_wiki_markup_and_html_become_plain_words(written: str, words: str) -> None:
    assert plain_text(written) == words


def kept(one: Json, value: Any) -> Json:
    """Return how a field's value is kept with its issue."""
    [chosen] = choose([one], [one["id"]], ())[one["id"]]
    found = custom_values({CHOSEN: (chosen,), "fields": {one["id"]: value}})
    assert found is not None
    return dict(found[one["id"]])


def jira(fake: FakeCloud, **options: Any) -> Jira:
    config = JiraConfig.model_validate(
        {
            "base_url": "https://example.atlassian.net",
            "auth": {"type": "basic", "username": "sync@example.com", "token": "secret-token"},
            **options,
        }
    )
    return Jira(config, source="tracker", transport=fake.transport)
