"""The connector against the sandbox's Azure DevOps, over a real socket."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.azure_devops.connector import AzureDevOps
from connectors.errors import AccessDenied
from tests.support.ado_reading import Stored, connector, mapping
from tests.support.sandboxes import Sandbox, kept, running

Open = Callable[..., AzureDevOps]


@pytest.fixture
def services() -> Iterator[Open]:
    """Open connectors, and close them when the test is over."""
    opened: list[AzureDevOps] = []

    def opener(sandbox: Sandbox, url: str = "organisation_url", **options: Any) -> AzureDevOps:
        opened.append(connector(sandbox.info[url], **options))
        return opened[-1]

    yield opener
    for source in opened:
        source.close()


@pytest.fixture
def sandbox() -> Sandbox:
    return kept("ado")


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    """A sandbox for a test that edits it."""
    with running("ado") as found:
        yield found


@pytest.mark.slow
def test_everything_the_sandbox_holds_arrives_by_either_feed_and_from_a_server_alike(
    sandbox: Sandbox, services: Open
) -> None:
    truth = sandbox.control("truth")
    source = services(sandbox)
    whole = Stored().pull(source)
    expected = {str(id_) for ids in truth["ids"].values() for id_ in ids}
    assert whole.rows.keys() == expected
    assert {str(id_) for id_ in truth["deleted"]} <= whole.buried
    assert not whole.unreadable
    assert source.traffic.requests < 120, "histories come from the feed, not item by item"
    assert all(row["status_category"] and row["hub_type"] for row in whole.rows.values())
    assert Stored().pull(services(sandbox, feed="project")).rows == whole.rows
    for version in ("5.0", "6.0", "7.0"):
        server = services(sandbox, "collection_url", api_version=version)
        assert Stored().pull(server).rows.keys() == expected


@pytest.mark.slow
@pytest.mark.parametrize("cut", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_a_pull_cut_off_and_carried_on_equals_an_undisturbed_one(
    sandbox: Sandbox, services: Open, cut: int
) -> None:
    whole = Stored().pull(services(sandbox))
    stored = Stored().pull(services(sandbox), stop_after=cut)
    assert stored.pull(services(sandbox)).rows == whole.rows


def test_edits_deletions_moves_and_links_arrive_with_the_next_pull(
    own_sandbox: Sandbox, services: Open
) -> None:
    stored = Stored().pull(services(own_sandbox))
    ids = own_sandbox.control("truth")["ids"]
    names = sorted(ids, key=lambda name: -len(ids[name]))
    edited, deleted, destroyed, moved, parent, child = ids[names[0]][:6]
    for change in (
        {"id": edited, "fields": {"System.Title": "Renamed", "System.AssignedTo": None}},
        {"id": deleted, "delete": True},
        {"id": destroyed, "destroy": True},
        {"id": moved, "move": names[1]},
        {"id": parent, "link": child},
    ):
        own_sandbox.control("edit", change)
    stored.pull(services(own_sandbox))
    assert stored.rows[str(edited)]["title"] == "Renamed"
    assert {str(deleted), str(destroyed)} <= stored.buried
    assert stored.rows[str(moved)]["scope_external_id"] != stored.rows[str(edited)]["scope_external_id"]
    assert stored.rows[str(child)]["parent_external_id"] == str(parent)
    assert stored.rows == Stored().pull(services(own_sandbox)).rows
    own_sandbox.control("edit", {"id": deleted, "restore": True})
    stored.pull(services(own_sandbox))
    assert str(deleted) in stored.rows


def test_limits_resets_and_broken_answers_are_ridden_out(sandbox: Sandbox, services: Open) -> None:
    whole = Stored().pull(services(sandbox))
    for fault in (
        {
            "match": "workitemsbatch",
            "kind": "status",
            "status": 429,
            "headers": {"Retry-After": "0"},
            "times": 2,
        },
        {"match": "workitemrevisions", "kind": "reset", "times": 1, "after": 2},
        {"match": "wiql", "kind": "truncate", "times": 1},
        {"match": "states", "kind": "status", "status": 503, "times": 1},
    ):
        sandbox.control("faults", fault)
    source = services(sandbox)
    assert Stored().pull(source).rows == whole.rows
    assert source.traffic.retries >= 4
    sandbox.calm()


def test_a_right_answer_that_asks_to_slow_down_is_waited_for_and_not_asked_again(
    own_sandbox: Sandbox, services: Open
) -> None:
    own_sandbox.control("delay", {"seconds": 0.3, "times": 2})
    source = services(own_sandbox)
    asked = sum(own_sandbox.control("stats")["requests"].values())
    assert all(finding.ok for finding in source.check())
    assert source.traffic.waited_s >= 0.5
    assert source.traffic.retries == 0
    assert sum(own_sandbox.control("stats")["requests"].values()) - asked == source.traffic.requests


def test_a_wrong_token_is_told_with_what_to_do(sandbox: Sandbox, services: Open) -> None:
    with pytest.raises(AccessDenied, match="new personal access token") as caught:
        services(sandbox, token="not-the-token").check()
    assert "not-the-token" not in str(caught.value)


def test_projects_and_iterations_of_the_sandbox_are_mapped(sandbox: Sandbox, services: Open) -> None:
    source = services(sandbox)
    projects, iterations, _ = source.streams({}, [])
    counts = []
    for stream in (projects, iterations):
        compiled = mapping(stream.name, source)
        records = [
            record
            for slice_ in stream.slices()
            for page in stream.pull(slice_, None)
            for record in stream.read(page.parts)
            if not record.filtered_by
        ]
        assert all(compiled.read(record.payload) for record in records)
        counts.append(len(records))
    assert counts[0] == len(sandbox.control("truth")["projects"])
    assert counts[1] > 20
