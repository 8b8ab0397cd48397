"""Work items: whole histories over any batch boundary, deletions, links, scope, and broken servers."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from connectors.azure_devops.held import Held
from connectors.base import Fate, Slice
from connectors.errors import AccessDenied, MisconfiguredSource, SliceUnreadable
from tests.support.ado_reading import Stored, connector
from tests.support.fake_ado import SIGN_IN, TOM, FakeAdo, failure

POINTS = "Microsoft.VSTS.Scheduling.StoryPoints"


def busy() -> FakeAdo:
    """Three items whose revisions lie scattered over the feed."""
    ado = FakeAdo("Shop", "Back Office", batch=3)
    ado.set(1, **{POINTS: 5.0}, Tags="beta; web")
    ado.set(2)
    ado.set(3, TeamProject="Back Office", IterationPath="Back Office")
    ado.set(1, State="Active", IterationPath="Shop\\Sprint 1", AssignedTo=TOM)
    ado.set(2, State="Active")
    ado.set(1, **{POINTS: 0})
    ado.set(3, Title="Renamed", TeamProject="Back Office")
    ado.set(1, State="Closed", IterationPath="Shop\\Sprint 8", Reason="Done")
    ado.set(2, AssignedTo=TOM)
    ado.set(2, AssignedTo=None)
    return ado


def test_an_item_scattered_over_batches_arrives_once_with_its_whole_history() -> None:
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport()))
    assert sorted(stored.seen) == ["1", "2", "3"]
    changed = {(row[5], row[7], row[9]) for row in stored.rows["1"]["transitions"]}
    assert changed == {
        ("System.State", "New", "Active"),
        ("System.IterationPath", "Shop", "Shop\\Sprint 1"),
        ("System.AssignedTo", None, "Tom Ray"),
        (POINTS, "5", "0"),
        ("System.State", "Active", "Closed"),
        ("System.IterationPath", "Shop\\Sprint 1", "Shop\\Sprint 8"),
        ("System.Reason", None, "Done"),
    }
    assert ado.calls["wit/workitems/N/updates"] == 0


def test_a_record_is_mapped_with_its_projects_own_effort_states_levels_and_iterations() -> None:
    row = Stored().pull(connector(transport=busy().transport())).rows["1"]
    assert (row["key"], row["scope_external_id"], row["type"], row["hub_type"]) == (
        "1",
        "p-1",
        "User Story",
        "story",
    )
    assert (row["status"], row["status_category"], row["resolution"]) == ("Closed", "done", "Done")
    assert row["points"] == 0.0
    assert row["labels"] == ["beta", "web"]
    assert (row["assignee"], row["assignee_id"]) == ("Tom Ray", TOM["id"])
    assert row["started_at"] == datetime(2026, 3, 1, 0, 4, 0, 170000, tzinfo=UTC)
    assert row["done_at"] == datetime(2026, 3, 1, 0, 8, 0, 170000, tzinfo=UTC)
    assert row["iterations"] == [("71", "Sprint 1", None), ("78", "Sprint 8", None)]
    assert row["url"] == "https://ado.example/contoso/Shop/_workitems/edit/1"


def test_an_unassignment_and_a_zero_are_changes() -> None:
    stored = Stored().pull(connector(transport=busy().transport()))
    back = [row for row in stored.rows["2"]["transitions"] if row[5] == "System.AssignedTo"]
    assert [(row[7], row[9]) for row in back] == [(None, "Tom Ray"), ("Tom Ray", None)]
    assert back[1][6] == TOM["id"]


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("dated", [True, False])
def test_the_size_of_a_batch_changes_nothing(batch: int, dated: bool) -> None:  # noqa: FBT001 - a test's case
    plain = Stored().pull(connector(transport=busy().transport()))
    ado = busy()
    ado.batch, ado.dated = batch, dated
    assert Stored().pull(connector(transport=ado.transport())).rows == plain.rows


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_run_cut_off_after_any_page_goes_on_and_ends_up_the_same(cut: int) -> None:
    plain = Stored().pull(connector(transport=busy().transport()))
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport()), stop_after=cut)
    stored.pull(connector(transport=ado.transport()))
    assert stored.rows == plain.rows
    assert all(page.resumed for page in stored.pages if page.complete)


def test_a_later_run_reads_only_what_changed_and_still_carries_the_whole_history() -> None:
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport()))
    ado.set(2, State="Resolved")
    ado.calls.clear()
    stored.pull(connector(transport=ado.transport()))
    assert stored.seen == ["2"]
    assert ado.calls["wit/workitems/N/updates"] == 1
    fresh = Stored().pull(connector(transport=ado.transport()))
    assert stored.rows == fresh.rows


def test_a_run_with_nothing_new_stores_nothing_and_keeps_its_place() -> None:
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport()))
    before = json.dumps(stored.cursors)
    stored.pull(connector(transport=ado.transport()))
    assert (stored.seen, json.dumps(stored.cursors)) == ([], before)


def test_the_token_of_the_last_batch_is_kept_and_sent_encoded() -> None:
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport()))
    assert stored.cursors[""]["revisions"] == "9;9;10"
    Stored(cursors=stored.cursors).pull(connector(transport=ado.transport()))
    sent = [r for r in ado.requests if r.method == "POST" and "workitemrevisions" in r.url.path]
    assert b"continuationToken=9%3B9%3B10" in sent[-1].url.query
    assert all("elsewhere" not in request.url.host for request in ado.requests)


def test_a_deleted_item_vanishes_and_a_restored_one_comes_back() -> None:
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport()))
    ado.set(2, IsDeleted=True)
    stored.pull(connector(transport=ado.transport()))
    assert "2" in stored.buried
    ado.set(2, IsDeleted=None)
    stored.pull(connector(transport=ado.transport()))
    assert "2" in stored.rows
    assert len(stored.rows["2"]["transitions"]) >= 3


def test_a_destroyed_item_is_missed_by_the_census_and_vanishes() -> None:
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport()))
    ado.destroyed.add(1)
    stored.pull(connector(transport=ado.transport()))
    assert stored.buried == {"1"}
    assert stored.cursors[""]["ids"] == "2-3"
    assert any("wiql" in part.request for part in stored.pages[-1].parts), "the evidence is kept"


def test_a_whole_full_run_says_so_on_its_last_page_alone() -> None:
    stored = Stored().pull(connector(transport=busy().transport()))
    assert [page.complete for page in stored.pages] == [False] * (len(stored.pages) - 1) + [True]


def test_an_organisation_that_shows_nothing_at_all_buries_nothing_and_is_reported() -> None:
    stored = Stored().pull(connector(transport=FakeAdo("Shop").transport()))
    assert all(page.resumed for page in stored.pages if page.complete)
    assert "no work item is visible" in stored.pages[-1].warnings[0]


def test_when_most_items_disappear_at_once_nothing_is_buried_and_it_is_said() -> None:
    ado = FakeAdo("Shop")
    for id_ in range(1, 61):
        ado.set(id_)
    stored = Stored().pull(connector(transport=ado.transport()))
    ado.hidden |= set(range(1, 51))
    stored.pull(connector(transport=ado.transport()))
    assert not stored.buried
    assert {absence.fate for absence in stored.fates.values()} == {Fate.ACCESS_LOST}
    assert "50 of 60 items went out of sight at once" in stored.fates["1"].says
    assert not any(page.complete for page in stored.pages if not page.resumed)
    ado.hidden.clear()
    stored.pull(connector(transport=ado.transport()))
    assert (len(stored.rows), stored.fates) == (60, {})


def test_a_mass_deletion_that_the_recycle_bin_explains_is_believed() -> None:
    ado = FakeAdo("Shop")
    for id_ in range(1, 61):
        ado.set(id_)
    stored = Stored().pull(connector(transport=ado.transport()))
    for id_ in range(1, 51):
        ado.set(id_, IsDeleted=True)
    ado.feed = ado.feed[:60]  # as if the feed had not said it
    stored.pull(connector(transport=ado.transport()))
    assert len(stored.buried) == 50


def test_a_cut_link_is_seen_from_both_its_ends() -> None:
    ado = busy()
    ado.link(1, 2)
    stored = Stored().pull(connector(transport=ado.transport()))
    one = ("System.LinkTypes.Dependency:1:2", "outward", "Dependency", "Forward", "2", "2")
    two = ("System.LinkTypes.Dependency:1:2", "inward", "Dependency", "Reverse", "1", "1")
    assert (stored.rows["1"]["links"], stored.rows["2"]["links"]) == ([one], [two])
    ado.link(1, 2, active=False)
    stored.pull(connector(transport=ado.transport()))
    assert sorted(stored.seen) == ["1", "2"]
    assert stored.rows["1"]["links"] == stored.rows["2"]["links"] == []


def test_a_parent_is_taken_from_the_hierarchy_and_is_no_link() -> None:
    ado = busy()
    ado.link(1, 2, "System.LinkTypes.Hierarchy")
    stored = Stored().pull(connector(transport=ado.transport()))
    assert (stored.rows["2"]["parent_external_id"], stored.rows["2"]["links"]) == ("1", [])
    assert stored.rows["1"]["parent_external_id"] is None


def test_items_of_other_projects_are_counted_and_left_out() -> None:
    stored = Stored().pull(connector(transport=busy().transport(), projects=["shop"]))
    assert sorted(stored.rows) == ["1", "2"]
    assert stored.filtered == {"3": "projects: not in the source's list"}


def test_an_item_that_moves_out_of_the_sources_projects_vanishes() -> None:
    ado = busy()
    stored = Stored().pull(connector(transport=ado.transport(), projects=["Shop"]))
    ado.set(1, TeamProject="Back Office")
    stored.pull(connector(transport=ado.transport(), projects=["Shop"]))
    assert stored.buried == {"1"}


def test_a_move_between_projects_is_followed_in_either_feed() -> None:
    for feed in ("organization", "project"):
        ado = busy()
        stored = Stored().pull(connector(transport=ado.transport(), feed=feed))
        ado.set(1, TeamProject="Back Office")
        stored.pull(connector(transport=ado.transport(), feed=feed))
        assert (stored.rows["1"]["scope_external_id"], stored.buried) == ("p-2", set()), feed


def test_without_the_organisations_feed_each_projects_own_gives_the_same() -> None:
    plain = Stored().pull(connector(transport=busy().transport()))
    ado = busy()

    def forbid(request: httpx.Request) -> httpx.Response | None:
        if "/contoso/_apis/wit/reporting/workitemrevisions" in request.url.path:
            return failure(403, "TF400813: The user is not authorized to access this resource.")
        return None

    ado.rules.append(forbid)
    stored = Stored().pull(connector(transport=ado.transport()))
    assert stored.rows == plain.rows
    assert set(stored.cursors) == {"p-1", "p-2"}


def test_one_project_that_may_not_be_read_does_not_stop_the_others() -> None:
    ado = busy()

    def forbid(request: httpx.Request) -> httpx.Response | None:
        denied = "/contoso/Shop/_apis/wit/reporting" in request.url.path
        return failure(403, "TF401027: You need the permission.") if denied else None

    ado.rules.append(forbid)
    stream = connector(transport=ado.transport(), feed="project").streams({}, [])[2]
    back_office, shop = stream.slices()
    with pytest.raises(SliceUnreadable, match=r"Shop: .*TF401027"):
        list(stream.pull(shop, None))
    assert [
        record.external_id for page in stream.pull(back_office, None) for record in stream.read(page.parts)
    ] == ["3"]


def test_a_query_picks_items_also_when_it_alone_changes_its_mind() -> None:
    ado = busy()
    options = {"query": "[System.State] = 'Active'"}
    stored = Stored().pull(connector(transport=ado.transport(), **options))
    assert sorted(stored.rows) == ["2"]
    assert stored.filtered["1"] == "query: does not pick it"
    ado.set(2, State="Closed")
    ado.set(3, State="Active")
    stored.pull(connector(transport=ado.transport(), **options))
    assert (sorted(stored.rows), stored.buried) == (["3"], {"2"})


def test_more_ids_than_a_query_returns_are_walked_by_id() -> None:
    ado = FakeAdo("Shop")
    ado.most = 7
    for id_ in range(1, 31):
        ado.set(id_)
    stored = Stored().pull(connector(transport=ado.transport()))
    assert stored.cursors[""]["ids"] == "1-30"
    queries = [json.loads(r.content)["query"] for r in ado.requests if r.url.path.endswith("/wiql")]
    census = [query for query in queries if "TeamProject" in query and "ChangedDate" not in query]
    assert len(census) == 6, "five pages, and an empty one that ends them"


def test_a_quote_in_a_projects_name_is_escaped_in_queries() -> None:
    ado = FakeAdo("Carl's Shop")
    ado.set(1)
    stored = Stored().pull(connector(transport=ado.transport()))
    assert list(stored.rows) == ["1"]
    queries = [json.loads(r.content)["query"] for r in ado.requests if r.url.path.endswith("/wiql")]
    assert any("IN ('Carl''s Shop')" in query for query in queries)


def test_what_the_feed_lost_is_found_by_the_census() -> None:
    ado = busy()
    ado.feed = [(id_, rev) for id_, rev in ado.feed if id_ != 2]
    plain = Stored().pull(connector(transport=busy().transport()))
    assert Stored().pull(connector(transport=ado.transport())).rows == plain.rows


def test_an_item_that_is_listed_but_hidden_is_reported_with_what_to_do() -> None:
    ado = busy()
    ado.hidden.add(2)
    stored = Stored().pull(connector(transport=ado.transport()))
    assert "area path" in stored.unreadable["2"]
    assert sorted(stored.rows) == ["1", "3"]


def test_a_field_this_server_lacks_is_left_out_of_the_request() -> None:
    ado = busy()

    def no_list(request: httpx.Request) -> httpx.Response | None:
        return failure(403, "no") if request.url.path.endswith("/wit/fields") else None

    ado.rules.append(no_list)
    assert len(Stored().pull(connector(transport=ado.transport())).rows) == 3
    sent = [json.loads(r.content) for r in ado.requests if r.method == "POST" and "workitemrev" in r.url.path]
    assert "Microsoft.VSTS.Scheduling.Size" in sent[0]["fields"]
    assert "Microsoft.VSTS.Scheduling.Size" not in sent[-1]["fields"]


def test_only_mapped_fields_are_asked_for_and_the_revisions_date_with_them() -> None:
    ado = busy()
    Stored().pull(connector(transport=ado.transport()))
    sent = next(
        json.loads(r.content) for r in ado.requests if r.method == "POST" and "workitemrev" in r.url.path
    )
    assert sent["includeDeleted"] is True
    assert {"System.RevisedDate", "System.IsDeleted", "System.Tags"} <= set(sent["fields"])
    assert "System.Description" not in sent["fields"]


def test_a_server_that_repeats_its_token_is_stopped() -> None:
    ado = busy()

    def stuck(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and "workitemrevisions" in request.url.path:
            return httpx.Response(
                200, json={"values": [], "continuationToken": "1;1;1", "isLastBatch": False}
            )
        return None

    ado.rules.append(stuck)
    with pytest.raises(MisconfiguredSource, match="the same page again and again"):
        Stored().pull(connector(transport=ado.transport()))


def test_a_sign_in_page_in_the_middle_of_a_run_stops_it_with_what_to_do() -> None:
    ado = busy()
    source = connector(transport=ado.transport())
    Stored().pull(source)

    def expired(request: httpx.Request) -> httpx.Response | None:
        html = {"Content-Type": "text/html; charset=utf-8"}
        return (
            httpx.Response(203, text=SIGN_IN, headers=html) if "workitemsbatch" in request.url.path else None
        )

    ado.rules.append(expired)
    with pytest.raises(AccessDenied, match="personal access token"):
        Stored().pull(source)


def test_a_page_holds_no_secret_and_can_be_read_again_without_a_call() -> None:
    ado = busy()
    source = connector(transport=ado.transport())
    stored = Stored().pull(source)
    calls = ado.calls.total()
    text = b"".join(part.request.encode() + part.body for page in stored.pages for part in page.parts)
    assert b"sandbox-pat" not in text
    assert b"Basic" not in text
    stream = source.streams({}, [])[2]
    again = [record.external_id for page in stored.pages for record in stream.read(page.parts)]
    assert (sorted(again), ado.calls.total()) == (["1", "2", "3"], calls)


def test_a_state_that_left_the_process_is_named_and_its_category_stays_unknown() -> None:
    ado = FakeAdo("Shop")
    ado.set(1, State="Parked")
    source = connector(transport=ado.transport())
    assert Stored().pull(source).rows["1"]["status_category"] is None
    stream = source.streams({}, [])[2]
    (slice_,) = stream.slices()
    payload = next(record for page in stream.pull(slice_, None) for record in stream.read(page.parts)).payload
    assert payload["category"] == "state 'Parked' of 'User Story', which has no category"


def test_what_waits_is_bounded_and_the_longest_waiting_goes_first() -> None:
    held = Held(room=100)
    held.add(1, [{"rev": 1, "fields": {"a": "x" * 60}}])
    held.add(2, [{"rev": 1, "fields": {"a": "x" * 60}}])
    assert held.waiting() == {2}
    assert (held.take(1), list(held.take(2))) == ({}, [1])


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 422])
def test_what_the_server_refuses_is_not_asked_twice(status: int) -> None:
    ado = busy()
    asked = []

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/wiql"):
            return None
        asked.append(request)
        return failure(status, "TF51006: no.")

    source = connector(transport=ado.transport())
    ado.rules.append(refuse)
    with pytest.raises(MisconfiguredSource, match="TF51006"):
        source.streams({}, [])[2].census(Slice("", ""))
    assert len(asked) == 1
