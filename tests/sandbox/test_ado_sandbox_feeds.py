from datetime import timedelta

import pytest

from sandbox.options import App
from tests.support.ado_sandbox import ANCHOR, SERVER, batches, client, control, fresh, shared_organisation

REVISIONS = "/_apis/wit/reporting/workitemrevisions"
LINKS = "/_apis/wit/reporting/workitemlinks"
WIQL = "/_apis/wit/wiql"


@pytest.fixture
def app() -> App:
    return fresh()


def test_the_feed_gives_every_revision_once_in_order_and_ends_with_a_token_to_keep() -> None:
    with client() as calling:
        found = list(batches(calling, REVISIONS, includeDeleted="true"))
        after = list(batches(calling, REVISIONS, found[-1]["continuationToken"], includeDeleted="true"))
    values = [(one["id"], one["rev"]) for batch in found for one in batch["values"]]
    truth = control(shared_organisation(), "truth")
    assert len(values) == len(set(values))
    latest = {one["id"]: one["fields"] for batch in found for one in batch["values"]}
    live = {i for i, fields in latest.items() if not fields.get("System.IsDeleted")}
    assert live == {i for held in truth["ids"].values() for i in held}
    assert [batch["isLastBatch"] for batch in found] == [*[False] * (len(found) - 1), True]
    assert all(len(batch["values"]) <= 1000 for batch in found)
    assert after[0]["values"] == []
    assert after[0]["continuationToken"] == found[-1]["continuationToken"]
    assert ";" in after[0]["continuationToken"]
    assert "%3B" in after[0]["nextLink"]
    assert after[0]["nextLink"].startswith("https://dev.azure.com/contoso/")


def test_later_changes_come_after_a_kept_token(app: App) -> None:
    control(app, "clock", {"date": str(ANCHOR - timedelta(weeks=1))})
    with client(app) as calling:
        token = list(batches(calling, REVISIONS))[-1]["continuationToken"]
        item = control(app, "truth")["ids"]["Data Hub"][0]
        control(app, "edit", {"id": item, "fields": {"System.Title": "Edited"}})
        edited = list(batches(calling, REVISIONS, token))
        assert [one["fields"]["System.Title"] for one in edited[0]["values"]] == ["Edited"]
        control(app, "clock", {"date": str(ANCHOR)})
        week = list(batches(calling, REVISIONS, edited[-1]["continuationToken"]))
    assert week[0]["values"]
    assert item not in {one["id"] for one in week[0]["values"]}


def test_a_token_with_a_bare_semicolon_is_cut_short_and_refused() -> None:
    with client() as calling:
        token = next(batches(calling, REVISIONS))["continuationToken"]
        bare = calling.build_request("GET", f"{REVISIONS}?api-version=7.1")
        bare.url = bare.url.copy_with(
            raw_path=f"/contoso{REVISIONS}?api-version=7.1&continuationToken={token}".encode()
        )
        assert calling.send(bare).status_code == 400


def test_a_start_date_and_a_token_exclude_each_other_and_a_start_date_overlaps() -> None:
    since = f"{ANCHOR - timedelta(days=7)}T00:00:00Z"
    with client() as calling:
        both = calling.get(REVISIONS, params={"startDateTime": since, "continuationToken": "1;1;1"})
        found = list(batches(calling, REVISIONS, startDateTime=since))
    assert both.status_code == 400
    dates = [one["fields"]["System.ChangedDate"] for batch in found for one in batch["values"]]
    assert dates
    assert min(dates) >= str(ANCHOR - timedelta(days=8))


def test_long_text_comes_only_when_expanded_and_identities_are_text_unless_asked_for() -> None:
    with client() as calling:
        plain = next(batches(calling, REVISIONS))["values"][0]["fields"]
        body = {"includeIdentityRef": True, "fields": ["System.Id", "System.CreatedBy", "System.Description"]}
        posted = calling.post(REVISIONS, params={"$expand": "fields"}, json=body).json()["values"][0][
            "fields"
        ]
    with client(organisation=SERVER) as calling:
        server = next(batches(calling, REVISIONS))["values"][0]["fields"]
    assert "System.Description" not in plain
    assert plain["System.CreatedBy"].endswith("@contoso.example>")
    assert "<CONTOSO\\" in server["System.CreatedBy"]
    assert set(posted) == {"System.Id", "System.CreatedBy", "System.Description"}
    assert posted["System.CreatedBy"]["descriptor"]


def test_only_the_latest_revision_of_each_item_comes_when_asked_for() -> None:
    with client() as calling:
        values = [
            one["id"]
            for batch in batches(calling, REVISIONS, includeLatestOnly="true")
            for one in batch["values"]
        ]
    assert (
        len(values) == len(set(values)) == sum(control(shared_organisation(), "truth")["projects"].values())
    )


def test_deleted_items_are_marked_and_destroyed_ones_are_gone(app: App) -> None:
    item = control(app, "truth")["ids"]["Data Hub"][0]
    control(app, "edit", {"id": item, "delete": True})
    with client(app) as calling:
        marked = [
            one for batch in batches(calling, REVISIONS, includeDeleted="true") for one in batch["values"]
        ]
        assert [one["fields"].get("System.IsDeleted") for one in marked if one["id"] == item][-1] is True
        without = {one["id"] for batch in batches(calling, REVISIONS) for one in batch["values"]}
        assert item not in without
        control(app, "edit", {"id": item, "destroy": True})
        after = {
            one["id"]
            for batch in batches(calling, REVISIONS, includeDeleted="true")
            for one in batch["values"]
        }
    assert item not in after


def test_a_project_s_own_feed_loses_the_past_of_items_that_moved_away() -> None:
    garage = "/Innovation Garage"
    with client() as calling:
        all_ = [one for batch in batches(calling, REVISIONS) for one in batch["values"]]
        own = {
            (one["id"], one["rev"])
            for batch in batches(calling, garage + REVISIONS)
            for one in batch["values"]
        }
    born_here = {
        (one["id"], one["rev"]) for one in all_ if one["fields"]["System.TeamProject"] == "Innovation Garage"
    }
    assert own < born_here
    moved = {item for item, _ in born_here - own}
    assert len(moved) == 2
    assert moved <= set(control(shared_organisation(), "truth")["ids"]["Data Hub"])


def test_older_versions_leave_the_token_in_the_link() -> None:
    with client() as calling:
        batch = calling.get(REVISIONS, params={"api-version": "6.0"}).json()
    assert "continuationToken" not in batch
    assert "continuationToken=" in batch["nextLink"]


def test_links_come_as_events_and_a_cut_one_is_inactive(app: App) -> None:
    with client(app) as calling:
        found = list(batches(calling, LINKS))
        links = [one for batch in found for one in batch["values"]]
        one = next(link for link in links if link["rel"] == "System.LinkTypes.Hierarchy")
        control(app, "edit", {"id": one["sourceId"], "unlink": one["targetId"]})
        cut = next(batches(calling, LINKS, found[-1]["continuationToken"]))["values"]
        kinds = {
            link["rel"]
            for batch in batches(calling, LINKS, linkTypes="System.LinkTypes.Dependency")
            for link in batch["values"]
        }
    assert [link["changedDate"] for link in links[:50]] == sorted(link["changedDate"] for link in links[:50])
    assert [(link["sourceId"], link["targetId"], link["isActive"]) for link in cut] == [
        (one["sourceId"], one["targetId"], False)
    ]
    assert kinds == {"System.LinkTypes.Dependency"}


def ask(query: str, **params: str) -> tuple[int, dict[str, object]]:
    with client() as calling:
        answer = calling.post(f"/Data Hub{WIQL}", params=params, json={"query": query})
    return answer.status_code, answer.json()


def count(where: str, **params: str) -> int:
    status, body = ask(f"SELECT [System.Id] FROM WorkItems WHERE {where}", **params)
    assert status == 200, body
    found = body["workItems"]
    assert isinstance(found, list)
    return len(found)


def test_a_query_returns_ids_alone_whatever_it_selects() -> None:
    _, body = ask(
        "Select [System.Id], [System.Title], [State] From WorkItems "
        "Where [System.TeamProject] = @project order by [Id] desc"
    )
    items = body["workItems"]
    assert isinstance(items, list)
    assert all(set(one) == {"id", "url"} for one in items)
    assert [one["id"] for one in items] == sorted((one["id"] for one in items), reverse=True)
    assert len(items) == 480


def test_conditions_are_joined_negated_and_grouped() -> None:
    project = "[System.TeamProject] = 'data hub'"
    both = count(f"{project} AND [Work Item Type] IN ('Bug', 'Task')")
    assert both == count(f"{project} AND ([System.WorkItemType] = 'Bug' OR [System.WorkItemType] = 'Task')")
    assert both + count(f"{project} AND [System.WorkItemType] NOT IN ('Bug', 'Task')") == 480
    assert count(f"{project} AND [System.State] <> 'Closed' AND NOT [System.State] = 'Closed'") == count(
        f"{project} AND [State] <> 'Closed'"
    )
    assert count(f"{project} AND [System.AreaPath] UNDER 'Data Hub\\Build'") > 0
    assert count(f"{project} AND [System.Tags] CONTAINS 'api'") > 0
    assert (
        count(f"{project} AND [System.AssignedTo] IS EMPTY")
        + count(f"{project} AND [System.AssignedTo] IS NOT EMPTY")
        == 480
    )
    assert count("[System.Title] = 'it''s not there'") == 0


def test_a_time_of_day_needs_time_precision_in_the_query_string() -> None:
    since = f"{ANCHOR - timedelta(days=20)}T12:00:00Z"
    status, body = ask(f"SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] >= '{since}'")
    assert status == 400
    assert str(body["message"]).startswith("You cannot supply a time with the date")
    exact = count(f"[System.ChangedDate] >= '{since}'", timePrecision="true")
    assert 0 < exact <= count(f"[System.ChangedDate] >= '{ANCHOR - timedelta(days=20)}'")
    assert count("[System.ChangedDate] > @today - 20") <= exact


def test_an_unknown_field_and_a_broken_query_say_what_is_wrong() -> None:
    status, body = ask("SELECT [System.Id] FROM WorkItems WHERE [Nonsense] = 1")
    assert (status, str(body["message"])[:7]) == (400, "TF51005")
    status, body = ask("SELECT [System.Id] FROM WorkItems WHERE [System.Id] > 1 ORDER [System.Id]")
    assert (status, str(body["message"])[:7]) == (400, "TF51006")


def test_a_past_day_is_asked_for_with_asof() -> None:
    then = ANCHOR - timedelta(weeks=12)
    _, now = ask("SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project")
    _, past = ask(f"SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project ASOF '{then}'")
    assert len(past["workItems"]) < len(now["workItems"])  # type: ignore[arg-type]


@pytest.mark.slow
def test_more_than_20000_are_refused_unless_the_first_are_asked_for() -> None:
    query = {"query": "SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]"}
    with client(fresh(issues=20_001)) as calling:
        refused = calling.post(WIQL, json=query)
        first = calling.post(WIQL, params={"$top": "20000"}, json=query).json()
        rest = {
            "query": f"SELECT [System.Id] FROM WorkItems WHERE [System.Id] > {first['workItems'][-1]['id']}"
        }
        assert len(calling.post(WIQL, json=rest).json()["workItems"]) == 1
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("VS402337")
    assert len(first["workItems"]) == 20_000
