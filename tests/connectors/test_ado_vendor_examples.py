"""The vendor's own request and response examples go through the connector's parsing without a loss."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from connectors.azure_devops.api import decoded
from connectors.azure_devops.history import from_revisions, from_updates, is_silent
from connectors.azure_devops.identity import person_id, person_name
from connectors.azure_devops.itemcalls import recycled_ids
from connectors.azure_devops.nodes import iteration_nodes
from connectors.azure_devops.process import effort_field, level_of, levels
from connectors.azure_devops.records import read_items, relations
from connectors.azure_devops.scope import projects_in
from connectors.azure_devops.transforms import instant, links, transitions
from connectors.azure_devops.work_items import ALL
from connectors.base import Json, Part
from tests.support.ado_reading import connector, mapping
from tests.support.shared import SHARED, needs_shared

ADO = SHARED / "data" / "ado"
BASE = "https://dev.azure.com/fabrikam"


def example(path: str) -> Any:
    """Read the body of an example's answer."""
    return decoded((ADO / path).read_bytes())["responses"]["200"]["body"]


def part(call: str, path: str) -> Part:
    """Hold an example as a page does."""
    return Part(f"GET {BASE}/_apis/{call}", orjson.dumps(example(path)))


@needs_shared
def test_every_update_and_each_of_its_fields_is_accounted_for() -> None:
    updates = example("wit-7.2/updates/GET__list_of_workitem_updates.json")["value"]
    history = from_updates(updates)
    assert len(updates) == len(history) == 13
    assert [entry["rev"] for entry in history] == [1, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 8, 9]
    for update, entry in zip(updates, history, strict=True):
        given = update.get("fields") or {}
        changed = {name for name, change in given.items() if change.get("oldValue") != change.get("newValue")}
        reported = {name for name, _, _ in entry["changes"]}
        assert changed == reported | {name for name in changed if is_silent(name)}, update["id"]
        assert entry.get("links") == update.get("relations")
    assert sum(bool(entry.get("links")) for entry in history) == 6


@needs_shared
def test_an_update_of_links_alone_happened_at_its_own_time_and_no_update_in_the_year_9999() -> None:
    history = from_updates(example("wit-7.2/updates/GET__list_of_workitem_updates.json")["value"])
    alone = [entry for entry in history if entry.get("links") and not entry["changes"]]
    assert [entry["at"] for entry in alone[:3]] == [
        "2017-09-04T02:33:39.23Z", "2017-09-04T02:34:48.16Z", "2017-09-04T02:35:05.287Z",
    ]  # fmt: skip
    assert all(entry["at"] and not entry["at"].startswith("9999") for entry in history)


@needs_shared
def test_the_same_item_tells_the_same_story_by_its_updates_and_by_its_revisions() -> None:
    by_update = from_updates(example("wit-7.2/updates/GET__list_of_workitem_updates.json")["value"])
    revisions = example("wit-7.2/revisions/GET__list_workitem_revisions.json")["value"]
    by_revision = from_revisions(revisions)
    assert len(revisions) == len(by_revision) == 9
    long_text = {"System.History", "System.Description", "Microsoft.VSTS.TCM.ReproSteps"}
    rows = {row for row in transitions(by_update) if row[5] not in long_text}
    again = {row for row in transitions(by_revision) if row[5] not in long_text}
    assert rows == again
    assert {row[4] for row in rows} >= {"status", "assignee"}


@needs_shared
def test_every_revision_and_field_of_the_revisions_call_is_kept() -> None:
    for name, count in (("", 9), ("_project_scope", 9), ("_paged", 2)):
        path = f"wit-7.2/revisions/GET__list_workitem_revisions{name}.json"
        revisions = example(path)["value"]
        history = from_revisions(revisions)
        assert len(revisions) == len(history) == count
        state: Json = {}
        for revision, entry in zip(revisions, history, strict=True):
            for field, old, new in entry["changes"]:
                assert state.get(field) == old
                state[field] = new
            told = {k: v for k, v in revision["fields"].items() if not is_silent(k)}
            assert told == {k: v for k, v in state.items() if v is not None}


@needs_shared
def test_reported_revisions_become_items_with_their_newest_values() -> None:
    stream = connector(BASE).streams({}, [ALL])[2]
    plain = "wit-7.2/workItemRevisions/GET__wit_reporting_workItemRevisions.json"
    found = list(stream.read([part("wit/reporting/workItemRevisions", plain)]))
    assert [(record.external_id, record.payload["rev"]) for record in found] == [("1", 2), ("2", 1)]
    newest = example(plain)["values"][1]["fields"]
    assert found[0].payload["fields"] == newest, "every field of the newest revision"
    assert [len(record.payload["history"]) for record in found] == [2, 1]
    assert person_name(newest["System.CreatedBy"]) == "Jamal Hartnett"
    assert person_id(newest["System.CreatedBy"]) == "fabrikamfiber4@hotmail.com"
    assert found[0].url == f"{BASE}/Fabrikam-Fiber-Git/_workitems/edit/1"


@needs_shared
def test_reported_revisions_with_identities_name_the_same_people_by_their_ids() -> None:
    path = "wit-7.2/workItemRevisions/GET__wit_reporting_workItemRevisions_includeIdentityRef-true_watermark-794.json"
    source = connector(BASE)
    compiled = mapping("work_items", source)
    found = list(source.streams({}, [ALL])[2].read([part("wit/reporting/workItemRevisions", path)]))
    rows = [dict(zip(compiled.columns, compiled.read(record.payload)[0], strict=True)) for record in found]
    assert [(row["key"], row["type"], row["hub_type"], row["reporter"]) for row in rows] == [
        ("3", "Product Backlog Item", "story", "Jamal Hartnett"), ("350", "Epic", "epic", "Jamal Hartnett"),
    ]  # fmt: skip
    assert rows[0]["reporter_id"] == "d291b0c4-a05c-4ea6-8df1-4b41d5f39eff"
    assert rows[0]["priority"] == "3"


@needs_shared
def test_items_with_everything_expanded_keep_every_field_and_each_link_to_an_item() -> None:
    path = "wit-7.2/workItems/GET__wit_WorkItems_ids-_ids___expand-all.json"
    items = example(path)["value"]
    found = list(connector(BASE).streams({}, [ALL])[2].read([part("wit/workitems?ids=297,299,300", path)]))
    assert [record.payload["fields"] for record in found] == [item["fields"] for item in items]
    kinds = Counter(one["rel"] for item in items for one in item.get("relations", ()))
    read = Counter(one["rel"] for item in items for one in relations(item))
    assert kinds - read == {"AttachedFile": 1, "Hyperlink": 1}, "a file and a page are no items"
    assert read.total() == sum(len(record.payload["relations"]) for record in found)
    related = "System.LinkTypes.Related:299:300"
    assert [links(record.payload) for record in found] == [
        [],
        [(related, "outward", "Related", "Related", "300", "300")],
        [(related, "inward", "Related", "Related", "299", "299")],
    ]
    assert [record.payload["parent"] for record in found] == [None, 297, 297]


@needs_shared
def test_a_batch_of_items_is_read_whole() -> None:
    path = "wit-7.2/workItemsBatch/POST__wit_WorkItemsBatch_ids-_ids__fields-_columns_.json"
    request = Part(f"POST {BASE}/_apis/wit/workItemsBatch?api-version=7.1 {{}}", orjson.dumps(example(path)))
    found = list(read_items([request], base_url=BASE, wanted=None))
    assert [record.external_id for record in found] == ["297", "299", "300"]
    assert [record.payload["fields"] for record in found] == [
        item["fields"] for item in example(path)["value"]
    ]


@needs_shared
def test_every_reported_link_is_read() -> None:
    path = "wit-7.2/workItemLinks/GET__wit_reporting_workItemLinks_50.json"
    source = connector(BASE, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=example(path))))
    (batch,) = source.api.links(None, None, datetime(2014, 3, 18, tzinfo=UTC))
    assert (batch.last, batch.token) == (True, "6281123"), "the token stands in the link alone"
    assert [(one["sourceId"], one["targetId"], one["isActive"]) for one in batch.values] == [
        (7, 8, True), (7, 9, True), (10, 13, True),
    ]  # fmt: skip


@needs_shared
def test_every_batch_of_revisions_gives_its_token_wherever_it_stands() -> None:
    names = {
        "GET__wit_reporting_workItemRevisions.json": (3, "3;2;1"),
        "GET__wit_reporting_workItemRevisions_includeIdentityRef-true_watermark-794.json": (2, "813;350;1"),
        "POST__wit_reporting_workItemRevisions_watermark-794.json": (1, "842;5;3"),
    }
    for name, expected in names.items():
        body = example(f"wit-7.2/workItemRevisions/{name}")
        source = connector(
            BASE, transport=httpx.MockTransport(lambda _, body=body: httpx.Response(200, json=body))
        )
        (batch,) = source.api.revisions(None, ["System.Id"], None)
        assert (len(batch.values), batch.token) == expected


@needs_shared
def test_the_recycle_bin_is_read_in_its_three_shapes() -> None:
    assert recycled_ids(example("wit-7.2/recycleBin/GET__wit_recyclebin.json")) == {92, 93, 102}
    assert recycled_ids(example("wit-7.2/recycleBin/GET__wit_recyclebin__ids_.json")) == {92, 93, 102}
    one = example("wit-7.2/recycleBin/GET__wit_recyclebin__id_.json")
    (record,) = read_items(
        [Part(f"GET {BASE}/_apis/wit/workitems/72", orjson.dumps(one["resource"]))],
        base_url=BASE,
        wanted=None,
    )
    assert record.payload["fields"] == one["resource"]["fields"]


@needs_shared
def test_the_whole_tree_of_iterations_is_walked_and_a_nodes_place_gives_its_path() -> None:
    tree = example("wit-7.2/classificationNodes/GET__wit_classificationNodes_iterations__depth-2.json")
    nodes = list(iteration_nodes([tree]))
    assert len(nodes) == 11
    assert nodes[0].root
    assert not any(node.root for node in nodes[1:])
    dated = {node.path: (node.start, node.finish) for node in nodes if node.start}
    assert dated == {
        "Fabrikam-Fiber-Git\\Release 1\\Sprint 2": ("2014-03-17T00:00:00Z", "2014-03-28T00:00:00Z"),
        "Fabrikam-Fiber-Git\\Release 1\\Sprint 1": ("2014-03-03T00:00:00Z", "2014-03-14T00:00:00Z"),
    }


@needs_shared
def test_nodes_asked_for_by_id_are_read_and_a_null_among_them_is_passed_over() -> None:
    found = example("wit-7.2/classificationNodes/GET__wit_classificationNodes_From_Ids.json")
    assert [node.id for node in iteration_nodes([found])] == ["1", "3"]
    partly = example("wit-7.2/classificationNodes/GET__wit_classificationNodes_From_Ids_ErrorPolicy.json")
    assert [node.id for node in iteration_nodes([partly])] == ["1"]


@needs_shared
def test_the_backlog_configuration_names_the_effort_field_and_the_level_of_each_type() -> None:
    backlog = example("work-7.2/backlogConfiguration/GET__work_backlogconfiguration.json")
    categories = example("wit-7.2/workItemTypeCategories/GET__wit_workItemTypeCategories.json")["value"]
    assert effort_field(backlog) == "Microsoft.VSTS.Scheduling.StoryPoints"
    known = levels(backlog, categories)
    words = {
        name: level_of(name, known) for name in ("Epic", "Feature", "User Story", "Ticket", "Task", "Bug")
    }
    assert words == {
        "Epic": "epic", "Feature": "feature", "User Story": "story", "Ticket": "story", "Task": "task", "Bug": "bug",
    }  # fmt: skip


@needs_shared
def test_a_file_with_a_byte_order_mark_is_read() -> None:
    types = example("wit-7.2/workItemTypes/GET__wit_workItemTypes.json")
    assert types["count"] == len(types["value"]) == 15
    marked = b"\xef\xbb\xbf" + orjson.dumps(types)
    assert decoded(marked) == types
    states = example("wit-7.2/workItemTypeStates/GET__workitem_type_states.json")["value"]
    assert {one["name"]: one["category"] for one in states} == {
        "New": "Proposed", "Active": "InProgress", "CustomState": "InProgress", "Resolved": "Resolved",
        "Closed": "Completed",
    }  # fmt: skip


@needs_shared
def test_every_field_and_project_is_listed() -> None:
    fields = example("wit-7.2/fields/GET__wit_fields.json")
    assert fields["count"] == len({one["referenceName"] for one in fields["value"]}) == 121
    projects = projects_in(example("core-7.2/projects/GET__projects.json"))
    assert [project.name for project in projects] == ["Fabrikam-Fiber-TFVC", "Fabrikam-Fiber-Git", "TestGit"]


@needs_shared
def test_every_date_of_every_example_is_understood() -> None:
    seen = 0
    for path in sorted((ADO / "wit-7.2").rglob("*.json")):
        for value in _dates(decoded(path.read_bytes())):
            seen += 1
            found = instant(value)
            assert found is None or found.tzinfo is not None
    assert seen > 400


def _dates(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [
            text
            for name, value in node.items()
            for text in (
                [value]
                if isinstance(value, str) and name.endswith("Date") and value[:4].isdigit() and "T" in value
                else _dates(value)
            )
        ]
    return [text for value in node for text in _dates(value)] if isinstance(node, list) else []
