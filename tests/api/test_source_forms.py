"""What is typed on the pages of the guided path, put into a source's block: without a tracker and without a store."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from api.pages.source_access import take_access
from api.pages.source_chosen import take_mapping, take_projects, take_schedule, take_sheets
from api.pages.source_ways import WAYS, sign_in_of, way_for, way_of
from sync.folders import OutsideFolders, allowed, workbooks

Block = dict[str, Any]
JIRA: Block = {"name": "delivery", "kind": "jira", "base_url": "https://example.atlassian.net"}
EXCEL: Block = {"name": "plans", "kind": "excel", "folder": "/data"}
_NO_ADDRESS = "This is no web address; it begins with https:// and a name."
TRIED = [
    {
        "stream": "milestones",
        "entity": "milestone",
        "records": 2,
        "attributes": [],
        "unmapped": [{"attribute": "state", "value": "nearly there", "times": 1}],
    }
]


def test_a_settled_value_joins_the_value_map_it_had_no_place_in_and_the_others_stay() -> None:
    block, wrong = take_mapping(EXCEL, {"tried": TRIED}, {"value:0:0": "planned"})
    assert wrong is None
    state = block["mapping"]["milestones"]["state"]
    assert state["path"] == "values.state"
    assert state["values"]["nearly there"] == "planned"
    assert len(state["values"]) > 2
    again, wrong = take_mapping(block, {"tried": TRIED}, {"mapping": yaml.safe_dump(block["mapping"])})
    assert (again["mapping"], wrong) == (block["mapping"], None)


@pytest.mark.parametrize(
    "written",
    [
        "milestones: {state: {path: values.state, transform: no_such}}\nplans: {}",
        "[1, 2]",
        "milestones: soon",
        "a: &a [x, x]\nb: &b [*a, *a]",
        "milestones: {state: 2026-13-45}",
        "{" * 2000,
    ],
)
def test_a_mapping_that_does_not_hold_is_refused_in_words_and_changes_nothing(written: str) -> None:
    block, wrong = take_mapping(EXCEL, {}, {"mapping": written})
    assert wrong is not None
    assert wrong.startswith("The mapping does not hold: ")
    assert block == EXCEL


def test_what_was_not_on_the_page_stays_as_it_was() -> None:
    before = {**JIRA, "status_categories": {"77": "done"}, "custom_fields": ["Value stream"]}
    found = {"found": {"states": [{"id": "3"}], "fields": [{"id": "customfield_1"}]}}
    block, _ = take_mapping(before, found, {"status:3": "todo", "field:customfield_1": "on"})
    assert block["status_categories"] == {"77": "done", "3": "todo"}
    assert block["custom_fields"] == ["customfield_1", "Value stream"]
    block, _ = take_mapping(block, found, {"status:3": "as-said", "meaning:story_points": "customfield_9"})
    assert block["status_categories"] == {"77": "done"}
    assert block["fields"] == {"story_points": "customfield_9"}


def test_projects_are_all_some_or_what_a_query_picks_and_never_two_of_these() -> None:
    some, wrong = take_projects(
        {**JIRA, "query": "project = A"}, {"which": "some", "pick:B": "on", "keys": "C\nC"}
    )
    assert (some["projects"], some.get("query"), wrong) == (["B", "C"], None, None)
    query, wrong = take_projects(some, {"which": "query", "query": " project = A "})
    assert (query["projects"], query["query"], wrong) == (["*"], "project = A", None)
    assert take_projects(some, {"which": "some"})[1] is not None
    assert take_projects(some, {"which": "query"})[1] is not None


def test_a_sheet_keeps_what_it_was_told_before_unless_its_rows_are_something_else() -> None:
    known = {"path": "a.xlsx", "sheet": "Plan", "holds": "milestones", "columns": {"name": "Step"}}
    shared = {"url": "env:SHARED", "holds": "raid"}
    scopes = [{"name": "a.xlsx", "path": "a.xlsx", "sheets": [{"sheet": "Plan"}, {"sheet": "Notes"}]}]
    before = {**EXCEL, "workbooks": [known, shared]}
    block, wrong = take_sheets(before, scopes, {"sheet:0.0": "on", "holds:0.0": "milestones"})
    assert (block["workbooks"], wrong) == ([known, shared], None)
    block, _ = take_sheets(before, scopes, {"sheet:0.0": "on", "holds:0.0": "raid"})
    assert block["workbooks"][0] == {"path": "a.xlsx", "sheet": "Plan", "holds": "raid"}
    assert "Notes" in str(take_sheets(before, scopes, {"sheet:0.1": "on"})[1])


@pytest.mark.parametrize(("cron", "good"), [("30 6 * * mon-fri", True), ("soon", False), ("", False)])
def test_a_schedule_is_five_fields(cron: str, good: bool) -> None:  # noqa: FBT001 - a case of the table
    block, errors = take_schedule(JIRA, {"preset": "own", "cron": cron, "fresh": "26h"})
    assert ("cron" not in errors) is good
    assert block["fresh_within"] == "26h"
    assert "fresh" in take_schedule(JIRA, {"preset": "0 2 * * *", "fresh": "a while"})[1]


def test_only_named_folders_are_read_whatever_a_link_says(tmp_path: Path) -> None:
    root, secret = tmp_path / "open", tmp_path / "shut"
    for each in (root, secret):
        each.mkdir()
        (each / "plan.csv").write_text("Milestone", encoding="utf-8")
    (root / "way-out").symlink_to(secret)
    assert allowed(str(root), [root]) == root.resolve()
    assert workbooks(root) == ["plan.csv"]
    for path in (str(secret), str(root / "way-out"), str(root / ".." / "shut"), "/etc", "~", "\0"):
        with pytest.raises(OutsideFolders, match="may be read"):
            allowed(path, [root])


def test_every_way_signs_in_by_something_its_kind_knows() -> None:
    for way in WAYS:
        for each in way.sign_ins:
            fixed = {path[-1]: value for path, value in each.fixed if path[0] == "auth"}
            assert sign_in_of(way, {"auth": fixed}) == each
    assert way_for({"kind": "jira", "auth": {"username": "a@example.com"}}).key == "jira_cloud"
    assert way_for({"kind": "excel", "folder": "/data"}).key == "folder"


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://tracker.example.com:8443/jira", True),
        ("https://m\u00fcnchen.example", True),
        ("http://[2001:db8::1]:8080", True),
        ("http://\u2460\u2461\u2466.0.0.1:18988", False),
        ("http://tracker\u202e.example.com", False),
        ("https://tracker.example.com/\u202e", False),
        ("http://a\uff0fb.example.com", False),
        ("http://xn--a.com", False),
        ("http://two words.example.com", False),
        ("http://tracker.example.com:99999", False),
        ("http://tracker.example.com:0", False),
        ("http://tracker.example.com:soon", False),
        ("http://[", False),
        ("ftp://tracker.example.com", False),
    ],
)
def test_an_address_that_nothing_could_call_is_refused_beside_its_field(address: str, good: bool) -> None:  # noqa: FBT001 - a case of the table
    way = way_of("jira_server")
    assert way is not None
    form = {"name": "delivery", "address": address, "sign_in": "pat", "pat.token": "x"}
    taken = take_access(way, {}, form, seal=lambda _: "kept:1", fixed_name=False)
    assert taken.errors == ({} if good else {"address": _NO_ADDRESS})
