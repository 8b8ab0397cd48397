import re
from datetime import date, timedelta

import httpx
import pytest

from sandbox import tokens
from sandbox.options import App
from tests.support.ado_sandbox import ANCHOR, SERVER, client, control, fresh, shared_organisation
from tests.support.sandboxes import running

ITEM = "/_apis/wit/workitems/{}"


@pytest.fixture
def app() -> App:
    return fresh()


def ids(app: App, project: str = "Data Hub") -> list[int]:
    return list(control(app, "truth")["ids"][project])


def test_a_wrong_token_gets_the_sign_in_page_with_203() -> None:
    for auth in (("", "wrong"), lambda request: _bearer(request, "sandbox-pat")):
        with client(auth=auth) as calling:
            answer = calling.get("/_apis/projects")
        assert answer.status_code == 203
        assert answer.is_success  # which is the trap
        assert "text/html" in answer.headers["content-type"]


def test_no_token_at_all_is_redirected_unless_the_caller_suppresses_it() -> None:
    with client(auth=None) as calling:
        assert calling.get("/_apis/projects").status_code == 302
        refused = calling.get("/_apis/projects", headers={"X-TFS-FedAuthRedirect": "Suppress"})
    assert refused.status_code == 401


def test_a_token_of_entra_for_azure_devops_is_let_in_and_one_for_graph_is_not() -> None:
    def status(audience: str) -> int:
        token = tokens.issue(audience, "tenant", "client", [])
        with client(auth=lambda request: _bearer(request, token)) as calling:
            return calling.get("/_apis/projects").status_code

    assert status(tokens.ADO_AUDIENCE) == 200
    assert status("https://graph.microsoft.com") == 203


def _bearer(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def test_a_preview_needs_its_flag_and_a_post_needs_a_version() -> None:
    comments = f"/Data%20Hub{ITEM.format(ids(shared_organisation())[0])}/comments"
    with client() as calling:
        plain = calling.get(comments, params={"api-version": "7.1"})
        flagged = calling.get(comments, params={"api-version": "7.1-preview.4"})
        newer = calling.get("/_apis/projects", params={"api-version": "7.2"})
        future = calling.get("/_apis/projects", params={"api-version": "9.9"})
    assert plain.status_code == 400
    assert plain.json()["typeKey"] == "VssInvalidPreviewVersionException"
    assert flagged.status_code == 200
    assert newer.json()["typeKey"] == "VssInvalidPreviewVersionException"
    assert future.json()["typeKey"] == "VssVersionOutOfRangeException"
    with client() as calling:
        calling.params = httpx.QueryParams()
        assert calling.get("/_apis/projects").status_code == 200
        assert (
            calling.post("/_apis/wit/wiql", json={"query": "x"}).json()["typeKey"]
            == "VssVersionNotSpecifiedException"
        )
        in_header = calling.get("/_apis/projects", headers={"Accept": "application/json;api-version=9.9"})
    assert in_header.status_code == 400


def test_projects_come_in_pages_with_the_token_in_a_header() -> None:
    with client() as calling:
        first = calling.get("/_apis/projects", params={"$top": "3"})
        token = first.headers["x-ms-continuationtoken"]
        second = calling.get("/_apis/projects", params={"$top": "3", "continuationToken": token})
    names = [one["name"] for page in (first, second) for one in page.json()["value"]]
    assert sorted(names) == [
        "Casework Integration",
        "Data Hub",
        "Innovation Garage",
        "Network Refresh",
        "People Hub",
    ]
    assert first.json()["count"] == 3
    assert "x-ms-continuationtoken" not in second.headers


def test_an_unknown_project_is_404_with_its_type_key() -> None:
    with client() as calling:
        answer = calling.get("/Nope/_apis/wit/workitemtypes")
    assert answer.status_code == 404
    assert answer.json()["typeKey"] == "ProjectDoesNotExistWithNameException"


@pytest.mark.parametrize(
    ("project", "effort"),
    [
        ("Data Hub", "Size"),
        ("People Hub", "Effort"),
        ("Network Refresh", "StoryPoints"),
        ("Innovation Garage", "Effort"),
    ],
)
def test_the_backlog_configuration_names_the_field_of_each_process(project: str, effort: str) -> None:
    with client() as calling:
        body = calling.get(f"/{project}/_apis/work/backlogconfiguration").json()
    assert body["backlogFields"]["typeFields"]["Effort"] == f"Microsoft.VSTS.Scheduling.{effort}"


def test_states_carry_categories_and_cmmi_takes_resolved_for_progress_except_of_bugs() -> None:
    with client() as calling:
        requirement = calling.get("/Data Hub/_apis/wit/workitemtypes/Requirement/states").json()["value"]
        bug = calling.get("/Data Hub/_apis/wit/workitemtypes/Bug/states").json()["value"]
        story = calling.get("/Network Refresh/_apis/wit/workitemtypes/User%20Story/states").json()["value"]
    assert {s["name"]: s["category"] for s in requirement}["Resolved"] == "InProgress"
    assert {s["name"]: s["category"] for s in bug}["Resolved"] == "Resolved"
    assert [s["category"] for s in story] == ["Proposed", "InProgress", "Resolved", "Completed", "Removed"]


def test_the_path_of_an_iteration_node_has_a_segment_that_work_items_do_not_have() -> None:
    with client() as calling:
        shallow = calling.get("/Data Hub/_apis/wit/classificationnodes/iterations").json()
        deep = calling.get(
            "/Data Hub/_apis/wit/classificationnodes/iterations", params={"$depth": "5"}
        ).json()
        one = calling.get("/Data Hub/_apis/wit/classificationnodes/iterations/Release%201/Sprint%201").json()
        mine = calling.get("/Data Hub/_apis/work/teamsettings/iterations").json()["value"]
    assert shallow["hasChildren"]
    assert "children" not in shallow
    sprint = deep["children"][0]["children"][0]
    assert sprint["path"] == "\\Data Hub\\Iteration\\Release 1\\Sprint 1"
    assert sprint["attributes"]["startDate"].endswith("T00:00:00Z")
    assert one["identifier"] == sprint["identifier"]
    assert "Data Hub\\Release 1\\Sprint 2" in {each["path"] for each in mine}
    assert "Data Hub\\Release 1\\Sprint 1" not in {each["path"] for each in mine}  # the team never took it
    assert mine[-1]["attributes"]["startDate"] is None
    frames = [each["attributes"]["timeFrame"] for each in mine]
    assert frames == sorted(frames, key=["past", "current", "future"].index)


def test_a_batch_takes_at_most_200_and_comes_in_another_order() -> None:
    wanted = ids(shared_organisation())
    with client() as calling:
        over = calling.post("/_apis/wit/workitemsbatch", json={"ids": wanted[:201]})
        full = calling.post(
            "/_apis/wit/workitemsbatch", json={"ids": wanted[:200], "fields": ["System.Id"]}
        ).json()
    assert over.status_code == 400
    assert "VS403474" in over.json()["message"]
    assert {one["id"] for one in full["value"]} == set(wanted[:200])
    assert [one["id"] for one in full["value"]] != wanted[:200]
    assert all(list(one["fields"]) == ["System.Id"] for one in full["value"])


def test_fields_and_expand_exclude_each_other() -> None:
    with client() as calling:
        body = {"ids": ids(shared_organisation())[:1], "fields": ["System.Id"], "$expand": "relations"}
        answer = calling.post("/_apis/wit/workitemsbatch", json=body)
    assert answer.status_code == 400
    assert answer.json()["typeKey"] == "ConflictingParametersException"


def test_a_missing_item_fails_the_batch_or_leaves_null_in_it() -> None:
    wanted = [ids(shared_organisation())[0], 999_999]
    with client() as calling:
        failed = calling.post("/_apis/wit/workitemsbatch", json={"ids": wanted})
        omitted = calling.post(
            "/_apis/wit/workitemsbatch", json={"ids": wanted, "errorPolicy": "omit"}
        ).json()
    assert failed.status_code == 404
    assert failed.json()["message"].startswith("TF401232")
    assert omitted["count"] == 2
    assert None in omitted["value"]


def test_an_item_shows_its_relations_by_addresses_of_another_host() -> None:
    with client() as calling:
        found = calling.post(
            "/_apis/wit/workitemsbatch", json={"ids": ids(shared_organisation())[-60:], "$expand": "all"}
        )
    linked = [one for one in found.json()["value"] if "relations" in one]
    assert linked
    relation = linked[0]["relations"][0]
    assert relation["rel"].startswith("System.LinkTypes.")
    assert relation["url"].startswith("https://dev.azure.com/contoso/")  # not where it was called


def test_updates_have_numbers_of_their_own_and_links_alone_have_no_date() -> None:
    with client() as calling:
        found = [
            calling.get(f"{ITEM.format(i)}/updates").json()["value"] for i in ids(shared_organisation())[:60]
        ]
    assert all([u["id"] for u in updates] == list(range(1, len(updates) + 1)) for updates in found)
    newest = [[u for u in updates if "fields" in u][-1] for updates in found]
    assert all(update["revisedDate"] == "9999-01-01T00:00:00Z" for update in newest)
    assert all("9999" not in u["revisedDate"] for updates in found for u in updates if "fields" not in u)
    link_only = [u for updates in found for u in updates if "relations" in u]
    assert link_only
    assert all("fields" not in u for u in link_only)
    shared = [updates for updates in found if len({u["rev"] for u in updates}) < len(updates)]
    assert shared  # a revision number is not unique


def test_dates_have_fractions_of_any_length() -> None:
    wanted = ids(shared_organisation())[:200]
    with client() as calling:
        answer = calling.post(
            "/_apis/wit/workitemsbatch", json={"ids": wanted, "fields": ["System.ChangedDate"]}
        )
    lengths = {
        len(re.sub(r".*T..:..:..\.?|Z", "", one["fields"]["System.ChangedDate"]))
        for one in answer.json()["value"]
    }
    assert {0, 2, 3} <= lengths


def test_empty_fields_are_absent() -> None:
    with client() as calling:
        found = calling.post(
            "/_apis/wit/workitemsbatch", json={"ids": ids(shared_organisation())[:200]}
        ).json()["value"]
    assert not any(value is None for one in found for value in one["fields"].values())
    assert any("System.AssignedTo" not in one["fields"] for one in found)


def test_the_recycle_bin_writes_ids_as_text_and_american_dates() -> None:
    with client() as calling:
        bare = calling.get("/Data Hub/_apis/wit/recyclebin").json()["value"]
        asked = ",".join(one["id"] for one in bare) + ",424242"
        details = calling.get("/Data Hub/_apis/wit/recyclebin", params={"ids": asked}).json()["value"]
    assert len(bare) == 3  # the fourth was destroyed
    assert re.fullmatch(r"\d\d?/\d\d?/\d{4} \d\d?:\d\d:\d\d [AP]M", details[0]["deletedDate"])
    assert details[-1]["code"] == 404


def test_comments_come_newest_first_with_a_token_in_the_body() -> None:
    with client() as calling:
        batch = {"ids": ids(shared_organisation())[:200], "fields": ["System.Id", "System.CommentCount"]}
        found = calling.post("/_apis/wit/workitemsbatch", json=batch).json()["value"]
        chatty = next(one["id"] for one in found if one["fields"].get("System.CommentCount", 0) >= 2)
        path = f"/Data Hub{ITEM.format(chatty)}/comments"
        page = calling.get(path, params={"api-version": "7.1-preview.4", "$top": "1"}).json()
        whole = calling.get(path, params={"api-version": "7.1-preview.4", "order": "asc"}).json()
    assert page["count"] == 1
    assert page["continuationToken"]
    assert page["comments"][0]["id"] == whole["comments"][-1]["id"]
    assert len(page["comments"][0]["createdDate"].split(".")[1]) == 8  # seven digits and the Z


def test_a_server_is_under_its_collection_and_knows_domain_accounts() -> None:
    item = ids(shared_organisation())[0]
    with client(organisation=SERVER) as calling:
        fields = calling.get(ITEM.format(item)).json()["fields"]
        new = calling.get("/_apis/projects", params={"api-version": "7.2-preview.4"})
    assert fields["System.CreatedBy"]["uniqueName"].startswith("CONTOSO\\")
    assert fields["System.CreatedBy"]["descriptor"].startswith("win.")
    assert new.status_code == 400


def test_the_clock_shows_the_organisation_as_it_was(app: App) -> None:
    now = control(app, "truth")["projects"]
    assert now == {
        "Casework Integration": 380,
        "People Hub": 410,
        "Data Hub": 480,
        "Network Refresh": 350,
        "Innovation Garage": 90,
    }
    control(app, "clock", {"date": str(ANCHOR - timedelta(weeks=12))})
    then = control(app, "truth")
    assert sum(then["projects"].values()) < sum(now.values())
    last = max(then["ids"]["Data Hub"])
    with client(app) as calling:
        changed = calling.get(ITEM.format(last)).json()["fields"]["System.ChangedDate"]
    assert date.fromisoformat(changed[:10]) < ANCHOR - timedelta(weeks=12)


def test_the_target_of_the_last_epic_moves_with_the_slip_of_the_story(app: App) -> None:
    query = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'Epic' "
             "AND [System.TeamProject] = @project "
             "ORDER BY [Microsoft.VSTS.Scheduling.TargetDate] DESC"}  # fmt: skip
    with client(app) as calling:
        last = calling.post("/Network Refresh/_apis/wit/wiql", json=query).json()["workItems"][0]["id"]
        target = calling.get(ITEM.format(last)).json()["fields"]["Microsoft.VSTS.Scheduling.TargetDate"]
    assert target == f"{ANCHOR + timedelta(days=40 + 14)}T00:00:00Z"


def test_items_can_be_edited_deleted_restored_moved_linked_and_destroyed(app: App) -> None:
    one, two, three = ids(app)[:3]
    control(app, "edit", {"id": one, "fields": {"System.Title": "Renamed"}})
    control(app, "edit", {"id": two, "delete": True})
    control(app, "edit", {"id": three, "destroy": True})
    with client(app) as calling:
        assert calling.get(ITEM.format(one)).json()["fields"]["System.Title"] == "Renamed"
        assert calling.get(ITEM.format(two)).status_code == 404
        assert calling.get(ITEM.format(three)).status_code == 404
        control(app, "edit", {"id": two, "restore": True})
        assert calling.get(ITEM.format(two)).status_code == 200
        control(app, "edit", {"id": one, "move": "People Hub"})
        assert calling.get(f"/Data Hub{ITEM.format(one)}").status_code == 404
        assert (
            calling.get(f"/People Hub{ITEM.format(one)}").json()["fields"]["System.TeamProject"]
            == "People Hub"
        )
        control(app, "edit", {"id": one, "link": two})
        assert "relations" in calling.get(ITEM.format(two), params={"$expand": "relations"}).json()


def test_a_right_answer_may_ask_for_patience(app: App) -> None:
    control(app, "delay", {"seconds": 2, "times": 2})
    with client(app) as calling:
        answers = [calling.get("/_apis/projects") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["2", "2", None]
    assert answers[0].headers["X-RateLimit-Delay"] == "2.000"
    assert answers[0].json() == answers[2].json()


def test_the_same_seed_and_anchor_give_the_same_organisation() -> None:
    with client(fresh()) as one, client(fresh()) as two:
        path = "/_apis/wit/reporting/workitemrevisions"
        assert one.get(path).content == two.get(path).content


def test_a_plain_load_has_as_many_stories_as_asked_for() -> None:
    truth = control(fresh(issues=50), "truth")
    assert sum(truth["projects"].values()) == 50
    assert len(truth["projects"]) == 4


def test_it_runs_as_a_process_of_its_own_and_misbehaves_on_request() -> None:
    with running("ado", anchor=ANCHOR) as sandbox:
        url = f"{sandbox.url}/contoso/_apis/projects?api-version=7.1"
        control = {
            "match": "projects",
            "kind": "status",
            "status": 429,
            "headers": {"Retry-After": "1"},
            "times": 1,
        }
        sandbox.control("faults", control)
        with httpx.Client(auth=("", "sandbox-pat"), trust_env=False) as calling:
            assert calling.get(url).headers["retry-after"] == "1"
            assert calling.get(url).json()["count"] == 5
