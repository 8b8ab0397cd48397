"""What the sandbox's Azure DevOps answers, held to the vendor's specifications and samples."""

import re
from functools import cache
from typing import Any

import orjson
import pytest

from tests.support.ado_sandbox import client, control, edit, fresh, shared_organisation
from tests.support.shared import SHARED, needs_shared
from tests.support.specs import Spec, keys_of

pytestmark = needs_shared

ROOT = "/{organization}/{project}/_apis"
TEAM = "/{organization}/{project}/{team}/_apis"
SPECS = {"wit": "wit/workItemTracking.json", "work": "work/work.json", "core": "core/core.json"}

# The specifications leave these out; the vendor's own recorded answers have them.
BEYOND = {
    "ReferenceLinks.avatar": "links are named by what they lead to",
    "ReferenceLinks.self": "links are named by what they lead to",
    "ReferenceLinks.html": "links are named by what they lead to",
    "ReferenceLinks.project": "links are named by what they lead to",
    "WorkItemDeleteShallowReference.id": "the recorded answer has the id as text",
    "WorkItemDeleteReference.id": "the recorded answer has the id as text",
    # A value of any kind is declared as an object; what stands in these maps is checked below.
    "Link.attributes": "values of any kind",
    "WorkItem.fields": "values of any kind",
    "WorkItemFieldUpdate.newValue": "a value of any kind",
    "WorkItemFieldUpdate.oldValue": "a value of any kind",
    "WorkItemClassificationNode.attributes": "dates as text",
    "WorkItemRelationType.attributes": "a map of mixed values",
    "StreamedBatch.values": "declared as text; the recorded answers have objects",
    "TeamIterationAttributes.startDate": "null where nobody set it",
    "TeamIterationAttributes.finishDate": "null where nobody set it",
}


@cache
def spec(area: str) -> Spec:
    path = SHARED / "data/specs/ado" / SPECS[area]
    return Spec(orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf")), path)


def item() -> int:
    return int(control(shared_organisation(), "truth")["ids"]["Data Hub"][0])


# area, path here, the specification's path, parameters, whether in the count and value envelope
READS: list[tuple[str, str, str, dict[str, str], bool]] = [
    ("core", "/_apis/projects", "/{organization}/_apis/projects", {}, True),
    ("core", "/_apis/projects/Data Hub", "/{organization}/_apis/projects/{projectId}",
     {"includeCapabilities": "true"}, False),
    ("core", "/_apis/projects/Data Hub/teams", "/{organization}/_apis/projects/{projectId}/teams", {}, True),
    ("core", "/_apis/teams", "/{organization}/_apis/teams", {"api-version": "7.1-preview.3"}, True),
    ("wit", "/_apis/wit/fields", f"{ROOT}/wit/fields", {}, True),
    ("wit", "/_apis/wit/fields/System.State", f"{ROOT}/wit/fields/{{fieldNameOrRefName}}", {}, False),
    ("wit", "/_apis/wit/workitemrelationtypes", "/{organization}/_apis/wit/workitemrelationtypes", {}, True),
    ("wit", "/Data Hub/_apis/wit/workitemtypes", f"{ROOT}/wit/workitemtypes", {}, True),
    ("wit", "/Data Hub/_apis/wit/workitemtypes/Bug", f"{ROOT}/wit/workitemtypes/{{type}}", {}, False),
    ("wit", "/Data Hub/_apis/wit/workitemtypes/Bug/states", f"{ROOT}/wit/workitemtypes/{{type}}/states", {}, True),
    ("wit", "/Data Hub/_apis/wit/workitemtypecategories", f"{ROOT}/wit/workitemtypecategories", {}, True),
    ("wit", "/Data Hub/_apis/wit/classificationnodes", f"{ROOT}/wit/classificationnodes", {"$depth": "9"}, True),
    ("wit", "/Data Hub/_apis/wit/classificationnodes/iterations",
     f"{ROOT}/wit/classificationnodes/{{structureGroup}}/{{path}}", {"$depth": "9"}, False),
    ("wit", "/Data Hub/_apis/wit/recyclebin", f"{ROOT}/wit/recyclebin", {}, True),
    ("wit", "/_apis/wit/workitems/{item}", f"{ROOT}/wit/workitems/{{id}}", {"$expand": "all"}, False),
    ("wit", "/_apis/wit/workitems/{item}/updates", f"{ROOT}/wit/workItems/{{id}}/updates", {}, True),
    ("wit", "/_apis/wit/workitems/{item}/revisions", f"{ROOT}/wit/workItems/{{id}}/revisions", {}, True),
    ("wit", "/Data Hub/_apis/wit/workitems/{item}/comments", f"{ROOT}/wit/workItems/{{workItemId}}/comments",
     {"api-version": "7.1-preview.4"}, False),
    ("wit", "/_apis/wit/reporting/workitemrevisions", f"{ROOT}/wit/reporting/workitemrevisions", {}, False),
    ("wit", "/_apis/wit/reporting/workitemlinks", f"{ROOT}/wit/reporting/workitemlinks", {}, False),
    ("work", "/Data Hub/_apis/work/teamsettings", f"{TEAM}/work/teamsettings", {}, False),
    ("work", "/Data Hub/_apis/work/teamsettings/iterations", f"{TEAM}/work/teamsettings/iterations", {}, True),
    ("work", "/Data Hub/_apis/work/teamsettings/teamfieldvalues", f"{TEAM}/work/teamsettings/teamfieldvalues",
     {}, False),
    ("work", "/Data Hub/_apis/work/backlogconfiguration", f"{TEAM}/work/backlogconfiguration", {}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("area", "path", "template", "params", "enveloped"), READS, ids=[read[1] for read in READS]
)
def test_an_answer_has_nothing_the_specification_does_not_declare(
    area: str, path: str, template: str, params: dict[str, str], *, enveloped: bool
) -> None:
    with client() as calling:
        answer = calling.get(path.format(item=item()), params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    if enveloped:
        assert set(body) == {"count", "value"}  # the specifications leave the envelope out
        assert body["count"] == len(body["value"]) > 0
        body = body["value"]
    assert spec(area).problems("get", template, body, beyond=BEYOND) == []


def test_a_saved_query_answers_as_specified() -> None:
    id_ = "5d8a1c0e-1111-4222-8333-444455556666"
    app = fresh(issues=4)
    edit(app, project="Load 1", query=id_, name="Open", wiql="SELECT [System.Id] FROM WorkItems")
    with client(app) as calling:
        path = f"/Load 1/_apis/wit/queries/{id_}"
        plain, whole = calling.get(path), calling.get(path, params={"$expand": "wiql"})
        missing = calling.get(f"/Load 2/_apis/wit/queries/{id_}")
    assert "wiql" not in plain.json()
    assert whole.json()["wiql"].startswith("SELECT")
    assert missing.status_code == 404
    assert spec("wit").problems("get", f"{ROOT}/wit/queries/{{query}}", whole.json(), beyond=BEYOND) == []


@pytest.mark.parametrize(
    ("path", "template", "body", "enveloped"),
    [
        ("/_apis/wit/wiql", f"{TEAM}/wit/wiql",
         {"query": "SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]"}, False),
        ("/_apis/wit/workitemsbatch", f"{ROOT}/wit/workitemsbatch", {"ids": [1], "$expand": "all"}, True),
        ("/_apis/wit/reporting/workitemrevisions", f"{ROOT}/wit/reporting/workitemrevisions",
         {"includeIdentityRef": True}, False),
    ],
)  # fmt: skip
def test_a_posted_read_answers_as_specified(
    path: str, template: str, body: dict[str, Any], *, enveloped: bool
) -> None:
    if "ids" in body:
        body = {**body, "ids": [item()]}
    with client() as calling:
        answer = calling.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()["value"] if enveloped else answer.json()
    assert spec("wit").problems("post", template, found, beyond=BEYOND) == []


def test_fields_of_items_are_those_the_organisation_lists_with_values_of_their_types() -> None:
    with client() as calling:
        kinds = {one["referenceName"]: one for one in calling.get("/_apis/wit/fields").json()["value"]}
        values = calling.get("/_apis/wit/reporting/workitemrevisions", params={"$expand": "fields"}).json()[
            "values"
        ]
        ids = control(shared_organisation(), "truth")["ids"]["People Hub"][:200]
        values += calling.post("/_apis/wit/workitemsbatch", json={"ids": ids}).json()["value"]
    types = {"integer": int, "double": (int, float), "dateTime": str, "boolean": bool}
    for one in values:
        assert {"id", "rev", "fields"} <= set(one) <= {"id", "rev", "fields", "url"}
        for name, value in one["fields"].items():
            assert isinstance(
                value, types.get(kinds[name]["type"], dict if _is_identity(kinds[name], value) else str)
            ), name


def _is_identity(kind: dict[str, Any], value: Any) -> bool:
    return bool(kind["isIdentity"]) and isinstance(value, dict)


def test_a_link_event_has_at_least_what_the_sample_has() -> None:
    wanted = set(sample("reporting_links")["body"]["values"][0])
    with client() as calling:
        values = calling.get("/_apis/wit/reporting/workitemlinks").json()["values"]
    assert values
    assert all(wanted <= set(one) for one in values)


def sample(name: str) -> Any:
    return orjson.loads((SHARED / "data/samples/ado" / f"{name}.json").read_bytes())["response"]


@pytest.mark.parametrize(
    ("name", "path", "params", "keys"),
    [
        ("projects_paged", "/_apis/projects", {}, None),
        ("states", "/Network Refresh/_apis/wit/workitemtypes/Bug/states", {}, None),
        ("team_iterations_real_envelope", "/Data Hub/_apis/work/teamsettings/iterations", {}, None),
        ("classification_iterations_depth2", "/Data Hub/_apis/wit/classificationnodes/iterations",
         {"$depth": "2"}, None),
        ("backlogconfiguration", "/Data Hub/_apis/work/backlogconfiguration", {},
         {"backlogFields.typeFields", "bugsBehavior"}),
        ("relation_types", "/_apis/wit/workitemrelationtypes", {}, {"value.[].attributes", "value.[].referenceName"}),
        ("reporting_revisions_deleted", "/_apis/wit/reporting/workitemrevisions", {"includeDeleted": "true"},
         {"values", "nextLink", "continuationToken", "isLastBatch"}),
        ("reporting_links", "/_apis/wit/reporting/workitemlinks", {}, {"values", "nextLink", "isLastBatch"}),
        ("updates", "/_apis/wit/workitems/{item}/updates", {}, {"count", "value"}),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" not in value else "",
)  # fmt: skip
def test_an_answer_has_the_keys_of_the_vendor_s_sample(
    name: str, path: str, params: dict[str, str], keys: set[str] | None
) -> None:
    wanted = keys_of(sample(name)["body"], depth=2) if keys is None else keys
    with client() as calling:
        body = calling.get(path.format(item=item()), params=params).json()
    assert wanted <= keys_of(body, depth=3)


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("error_batch_over_200_400", "/_apis/wit/workitemsbatch", {"ids": list(range(1, 202))}),
        ("error_wiql_unknown_field_400", "/_apis/wit/wiql",
         {"query": "SELECT [System.Id] FROM WorkItems WHERE [AssignedTo_] = ''"}),
        ("error_wiql_timeprecision_400", "/_apis/wit/wiql",
         {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] >= '2026-07-27T15:02:58Z'"}),
        ("error_workitem_404", "/_apis/wit/workitemsbatch", {"ids": [999_999]}),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" not in value else "",
)  # fmt: skip
def test_an_error_reads_as_the_vendor_s(name: str, path: str, body: dict[str, Any]) -> None:
    expected = sample(name)
    with client() as calling:
        answer = calling.post(path, json=body)
    assert answer.status_code == expected["status"]
    found = answer.json()
    assert found.keys() == expected["body"].keys()
    assert found["typeKey"] == expected["body"]["typeKey"]
    words = [re.sub(r"\d+", "#", one["message"])[:40] for one in (found, expected["body"])]
    assert words[0] == words[1]


def test_the_vendor_s_recorded_examples_are_served_under_their_own_addresses() -> None:
    from tests.support.ado_sandbox import fresh

    app = fresh(recorded=SHARED / "data/ado")
    with client(app) as calling:
        fields = calling.get("/_apis/wit/fields").json()
        updates = calling.get("/_apis/wit/workItems/1/updates").json()
        posted = calling.post(
            "/_apis/wit/reporting/workItemRevisions", params={"continuationToken": "813;350;1"}, json={}
        )
        nothing = calling.get("/_apis/nothing")
    assert fields["count"] == 121
    assert updates["count"] == 13
    assert posted.json()["isLastBatch"] is True
    assert nothing.status_code == 404
