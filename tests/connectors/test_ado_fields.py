"""Custom fields of every type, milestones among the work items, saved queries, and two processes in one source."""

from datetime import date
from typing import Any

import pytest

from connectors.azure_devops.connector import AzureDevOps
from connectors.azure_devops.fields import chosen, values
from connectors.azure_devops.queries import NotFlat, condition
from connectors.base import Censused, Fate, Fingerprinted, Page, Slice
from connectors.errors import MisconfiguredSource
from sandbox.ado.drafts import PEOPLE
from sandbox.options import App
from tests.support.ado_reading import Stored, connector, mapping
from tests.support.ado_sandbox import control, edit, fresh
from tests.support.asgi import InProcess

QUERY = "5d8a1c0e-1111-4222-8333-444455556666"


@pytest.fixture
def app() -> App:
    return fresh(issues=24)


def opened(app: App, **options: Any) -> AzureDevOps:
    given = {"refresh_hours": 0, **options}
    return connector("http://ado.test/contoso", transport=InProcess(app), **given)


def test_custom_fields_of_every_type_are_kept_as_people_read_them(app: App) -> None:
    names = [
        "Stage",
        "custom.budget",
        "Approved",
        "Custom.Seats",
        "Go-live",
        "Unit",
        "Note",
        "Goal",
        "Custom.Ticket",
    ]
    edit(
        app,
        id=101,
        fields={
            "Custom.Stage": "Gate 2", "Custom.Budget": 12000.0, "Custom.Approved": False, "Custom.Seats": 7,
            "Custom.GoLive": "2026-04-01T09:30:00Z", "Custom.Unit": "North\\Sales", "Custom.Note": "a < b",
            "Custom.Goal": "<div>Ship <b>it</b> &amp; tell</div>",
            "Custom.Ticket": "0b7d1f38-8a0a-4f0e-9a57-6a0c4bb1f2aa",
        },
    )  # fmt: skip
    edit(app, id=102, fields={"Custom.Goal": "## Goal\n- **ship** it"}, markdown=["Custom.Goal"])
    stored = Stored().pull(opened(app, custom_fields=names))
    assert stored.warnings == []
    assert stored.rows["101"]["custom"] == {
        "Custom.Stage": "Gate 2", "Custom.Budget": 12000, "Custom.Approved": False, "Custom.Seats": 7,
        "Custom.GoLive": "2026-04-01T09:30:00+00:00", "Custom.Unit": "North\\Sales", "Custom.Note": "a < b",
        "Custom.Goal": "Ship it & tell", "Custom.Ticket": "0b7d1f38-8a0a-4f0e-9a57-6a0c4bb1f2aa",
    }  # fmt: skip
    assert stored.rows["102"]["custom"] == {"Custom.Goal": "Goal\nship it"}
    assert stored.rows["103"]["custom"] is None
    stages = [row for row in stored.rows["101"]["transitions"] if row[5] == "Custom.Stage"]
    assert [(row[7], row[9]) for row in stages] == [(None, "Gate 2")], "and it has a history"


def test_of_two_fields_with_one_name_neither_is_guessed_and_a_renamed_one_is_reported(app: App) -> None:
    stored = Stored().pull(opened(app, custom_fields=["Sponsor", "Board sponsor"]))
    first, second = stored.warnings
    assert "2 fields are called 'Sponsor': Custom.Sponsor, Custom.SponsorText" in first
    assert "no field 'Board sponsor'" in second
    assert stored.rows["101"]["custom"] is None
    by_reference = Stored().pull(opened(app, custom_fields=["Custom.Sponsor"]))
    assert by_reference.warnings == []


def test_people_picklists_and_types_nobody_knows_yet() -> None:
    known = [
        {"referenceName": "Custom.Sponsor", "name": "Sponsor", "type": "string", "isIdentity": True},
        {"referenceName": "Custom.Level", "name": "Level", "type": "picklistInteger"},
        {"referenceName": "Custom.Share", "name": "Share", "type": "picklistDouble"},
        {"referenceName": "Custom.Shape", "name": "Shape", "type": "polygon"},
        {"referenceName": "Custom.Old", "name": "Level", "type": "string", "isDeleted": True},
    ]
    found = chosen(["Sponsor", "Level", "Share", "Shape"], known)
    assert found.kinds == {
        "Custom.Sponsor": "identity", "Custom.Level": "picklistInteger", "Custom.Share": "picklistDouble",
        "Custom.Shape": "polygon",
    }  # fmt: skip
    assert found.problems == ["the field Shape has type 'polygon', which is not known here; kept as it comes"]
    fields = {
        "Custom.Sponsor": f"{PEOPLE[0].name} <ada@example.com>",
        "Custom.Level": "3",
        "Custom.Share": 0.5,
        "Custom.Shape": {"sides": 4},
    }
    assert values(found.kinds, fields, {}) == {
        "Custom.Sponsor": PEOPLE[0].name,
        "Custom.Level": 3,
        "Custom.Share": 0.5,
        "Custom.Shape": {"sides": 4},
    }


def milestones(source: AzureDevOps) -> tuple[dict[str, dict[str, Any]], list[Page]]:
    stream = next(stream for stream in source.streams({}, []) if stream.name == "milestones")
    compiled = mapping("milestones", source)
    rows, pages = {}, list(stream.pull(stream.slices()[0], None))
    for page in pages:
        records = list(stream.read(page.parts))
        assert page.said == len(records)
        for record in records:
            rows[record.external_id] = dict(
                zip(compiled.columns, compiled.read(record.payload)[0], strict=True)
            )
    return rows, pages


def test_dated_work_items_of_the_named_tags_are_milestones_too(app: App) -> None:
    due = {"Microsoft.VSTS.Scheduling.TargetDate": "2026-05-01T00:00:00Z", "System.Tags": "api; Gate"}
    criteria = {"Microsoft.VSTS.Common.AcceptanceCriteria": "<p>Signed <b>off</b></p>"}
    edit(app, id=101, fields={**due, **criteria, "System.State": "New"})
    closed = {"System.State": "Closed", "Microsoft.VSTS.Common.ClosedDate": "2026-02-27T16:00:00Z"}
    edit(app, id=102, fields={**due, **closed})
    rows, pages = milestones(opened(app, milestones={"types": ["Milestone"], "tags": ["Gate"]}))
    assert set(rows) == {"101", "102"}
    assert rows["101"]["state"] == "planned"
    assert (rows["101"]["forecast"], rows["101"]["actual"]) == (date(2026, 5, 1), None)
    assert rows["101"]["acceptance"] == "Signed off"
    assert (rows["102"]["state"], rows["102"]["actual"]) == ("met", date(2026, 2, 27))
    assert rows["101"]["project_ref"] == control(app, "truth/items")["101"]["area"]
    assert [page.complete for page in pages] == [True]
    assert all(stream.name != "milestones" for stream in opened(app).streams({}, []))


def test_a_milestone_that_lost_its_tag_is_out_of_scope_and_a_deleted_one_deleted(app: App) -> None:
    for id_ in (101, 102, 103):
        edit(app, id=id_, fields={"System.Tags": "Gate"})
    source = opened(app, milestones={"tags": ["Gate"]})
    stream = next(stream for stream in source.streams({}, []) if stream.name == "milestones")
    assert isinstance(stream, Censused)
    edit(app, id=101, fields={"System.Tags": "api"})
    edit(app, id=102, delete=True)
    assert stream.census(Slice("", "")).ids == {"103"}
    found = stream.fates(Slice("", ""), ["101", "102", "103"])
    assert {id_: one.fate for id_, one in found.items()} == {"101": Fate.OUT_OF_SCOPE, "102": Fate.DELETED}


def test_two_processes_in_one_source_map_each_by_its_own_backlog(app: App) -> None:
    edit(app, project="Load 2", process="Scrum")
    scrum = {"System.WorkItemType": "Product Backlog Item", "System.State": "Committed"}
    scheduling = "Microsoft.VSTS.Scheduling."
    agile, moved = edit(app, create={"System.TeamProject": "Load 1", f"{scheduling}StoryPoints": 3})["id"], 0
    made = {**scrum, "System.TeamProject": "Load 2", f"{scheduling}Effort": 8}
    own = edit(app, create=made)["id"]
    # It was sized in points before it moved; where it is now, nobody has sized it.
    moved = edit(app, create={**scrum, "System.TeamProject": "Load 2", f"{scheduling}StoryPoints": 5})["id"]
    rows = Stored().pull(opened(app)).rows
    found = [(rows[str(id_)]["points"], rows[str(id_)]["hub_type"], rows[str(id_)]["status_category"])
             for id_ in (agile, own, moved)]  # fmt: skip
    assert found == [(3.0, "story", "todo"), (8.0, "story", "doing"), (None, "story", "doing")]


def test_a_saved_query_picks_the_items_and_its_change_is_noticed(app: App) -> None:
    wiql = "SELECT [System.Id], [System.Title] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.State]"
    edit(app, project="Load 1", query=QUERY, name="Open work", wiql=f"{wiql} = 'Closed' ORDER BY [System.Id]")
    options = {"saved_query": {"project": "Load 1", "id": QUERY}, "projects": ["Load 1", "load 2"]}
    source = opened(app, **options)
    stored = Stored().pull(source)
    closed = {
        id_
        for id_, one in control(app, "truth/items").items()
        if (one["project"], one["state"]) == ("Load 1", "Closed")
    }
    assert set(stored.rows) == closed != set()
    assert isinstance(source, Fingerprinted)
    before = source.scope_fingerprint()
    assert before["query Shared Queries/Open work"].endswith("= 'Closed' ORDER BY [System.Id]")
    assert before["process of Load 1"].startswith("Agile (")
    edit(app, project="Load 1", query=QUERY, name="Open work", wiql=f"{wiql} <> 'Closed'")
    edit(app, project="Load 2", process="Scrum")
    edit(app, project="Load 2", rename="Loaded")
    after = opened(app, **options).scope_fingerprint()
    changed = {name for name, text in after.items() if before.get(name) != text}
    assert changed == {"query Shared Queries/Open work", "process of load 2"}


def test_the_areas_belong_to_the_fingerprint_where_a_query_speaks_of_them(app: App) -> None:
    source = opened(app, query="[System.AreaPath] UNDER 'Load 1\\Build'")
    assert source.scope_fingerprint()["areas of Load 1"] == "Load 1 | Load 1\\Build | Load 1\\Operations"
    assert opened(app).scope_fingerprint() == {}, "of every project there is none to compare with"


def test_a_saved_query_that_is_gone_or_a_tree_is_refused_in_words(app: App) -> None:
    options = {"saved_query": {"project": "Load 1", "id": QUERY}}
    with pytest.raises(MisconfiguredSource, match="among the shared queries"):
        Stored().pull(opened(app, **options))
    tree = "SELECT [System.Id] FROM WorkItemLinks WHERE ([Source].[System.State] = 'New') MODE (Recursive)"
    edit(app, project="Load 1", query=QUERY, name="Tree", wiql=tree)
    with pytest.raises(MisconfiguredSource, match="save it as a flat list"):
        Stored().pull(opened(app, **options))
    with pytest.raises(NotFlat):
        condition("DELETE FROM x", "'P'")
    assert condition("select [System.Id] from workitems", "'P'") == "[System.Id] > 0"
    text = "SELECT [System.Id] FROM workitems WHERE [System.Title] CONTAINS '@project' AND [a] = @Project ASOF '2026'"
    assert condition(text, "'P'") == "[System.Title] CONTAINS '@project' AND [a] = 'P'"
