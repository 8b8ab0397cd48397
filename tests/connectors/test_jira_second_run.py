"""A second run: what it costs when nothing changed, and that nothing escapes it."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Censused, Fate, Slice
from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import Mirror, jira
from tests.support.sandboxes import Sandbox, running

READ = ("LA", "LB")
began = [0.0]  # hours: the beginning of the test by the tracker's clock


@pytest.fixture(scope="module", params=["jira-cloud", "jira-dc"])
def tracker(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running(request.param, anchor=ANCHOR, issues=400) as sandbox:
        yield sandbox


@pytest.fixture
def mirror(tracker: Sandbox) -> Mirror:
    tracker.control("lag", {"release": True})
    began[0] += 30 * 24  # each test in a month of its own, so that no other's edits are recent
    found = Mirror(tracker, {"projects": list(READ)})
    later(found, hours=0)
    found.run()
    return found


def edit(mirror: Mirror, **change: Any) -> Any:
    return mirror.sandbox.control("edit", change)


def later(mirror: Mirror, *, hours: float) -> None:
    mirror.sandbox.control("clock", {"skew_s": (began[0] + hours) * 3600})


def same(mirror: Mirror) -> bool:
    found = mirror.differences(lambda one: one["project"] in READ)
    assert found == {}
    return True


def test_a_second_run_in_which_nothing_changed_fetches_no_issue(mirror: Mirror) -> None:
    for number in range(1, 30):
        edit(mirror, key=f"LA-{number}", fields={"summary": f"In the window {number}"})
    later(mirror, hours=1)
    mirror.run()
    assert mirror.fetched == 29
    later(mirror, hours=2)
    mirror.run()
    first = mirror.fetched
    mirror.run()

    assert (first, mirror.fetched) == (0, 0)
    # Who we are, two projects, their boards, sprints, versions and statuses; a list and a look a project.
    assert mirror.requests <= 20
    assert same(mirror)


def test_a_change_of_a_moment_ago_is_read_again_until_no_other_can_carry_its_time(mirror: Mirror) -> None:
    edit(mirror, key="LA-1", fields={"summary": "Just now"})
    mirror.run()
    mirror.run()
    assert mirror.fetched == 1
    later(mirror, hours=0.1)
    mirror.run()
    later(mirror, hours=0.2)
    mirror.run()
    assert mirror.fetched == 0


def test_an_edit_that_search_shows_hours_later_is_read_when_it_does(mirror: Mirror) -> None:
    mirror.sandbox.control("lag", {"hold": True})
    late = edit(mirror, key="LA-2", fields={"summary": "Late"})["id"]
    mirror.sandbox.control("lag", {"searches": 0})
    later(mirror, hours=11)
    edit(mirror, key="LB-2", fields={"summary": "Newer, seen at once"})
    mirror.run()
    assert mirror.live[late].row["title"] != "Late"
    mirror.sandbox.control("lag", {"release": True})
    mirror.run()

    assert mirror.live[late].row["title"] == "Late"


def test_a_clock_put_right_by_two_days_loses_nothing(mirror: Mirror) -> None:
    later(mirror, hours=48)
    edit(mirror, key="LA-3", fields={"summary": "By a clock two days ahead"})
    mirror.run()
    later(mirror, hours=0)
    edit(mirror, key="LA-4", fields={"summary": "By the clock put right"})
    mirror.run()

    assert same(mirror)


def test_a_closed_and_renamed_sprint_is_carried_to_its_issues_without_reading_all(mirror: Mirror) -> None:
    sprint = next(iter(next(iter(mirror.live.values())).children["iterations"]))[0]
    named = {
        one for one, kept in mirror.live.items() if sprint in {row[0] for row in kept.children["iterations"]}
    }
    edit(mirror, do="rename_sprint", id=int(sprint), name="Renamed, quietly")
    mirror.run()

    assert mirror.fetched == len(named)
    assert same(mirror)
    mirror.run()
    assert mirror.fetched == 0


def test_a_status_of_another_name_or_category_is_carried_to_the_issues_in_it(mirror: Mirror) -> None:
    within = {one for one, kept in mirror.live.items() if kept.row["status_id"] == "10010"}
    edit(mirror, do="set_status", id="10010", name="Waiting for review", category="new")
    mirror.run()

    rows = [kept.row for one, kept in mirror.live.items() if one in within]
    assert mirror.fetched == len(within) > 0
    assert {(row["status"], row["status_category"]) for row in rows} == {("Waiting for review", "todo")}


def test_another_key_of_the_project_is_another_key_of_all_its_issues(mirror: Mirror) -> None:
    old = next(kept.row["key"] for kept in mirror.live.values() if kept.row["key"].startswith("LB-"))
    edit(mirror, do="rekey_project", key="LB", to="LX")
    try:
        mirror.run()
        now = {kept.row["key"].partition("-")[0] for kept in mirror.live.values()}
        assert now == {"LA", "LX"}
        assert mirror.live[mirror.keys[old]].row["key"] == old.replace("LB", "LX")
    finally:
        edit(mirror, do="rekey_project", key="LX", to="LB")


def test_history_that_jira_does_not_date_is_found_by_the_look_through_all(mirror: Mirror) -> None:
    changed = edit(mirror, key="LA-5", fields={"status": "Done"}, silent=True)["id"]
    later(mirror, hours=24 * 6)
    mirror.run()
    assert mirror.live[changed].row["status_id"] != "10002"
    later(mirror, hours=24 * 7 + 1)
    mirror.run()

    assert mirror.live[changed].row["status_id"] == "10002"
    assert mirror.fetched < 10
    assert same(mirror)


def test_what_is_gone_is_told_apart(mirror: Mirror) -> None:
    cloud = mirror.sandbox.info["name"] == "jira-cloud"
    gone = {
        "deleted": edit(mirror, do="delete", key="LA-10")["id"],
        "archived": edit(mirror, do="archive", key="LA-11")["id"],
        "moved": edit(mirror, do="move", key="LA-12", to="LC")["id"],
    }
    stays = edit(mirror, do="move", key="LA-13", to="LB")["id"]
    if not cloud:  # Cloud answers as if it were not there
        hidden = next(one for one, kept in mirror.live.items() if kept.row["key"] == "LA-14")
        edit(mirror, do="hide", id=hidden)
        gone["access_lost"] = hidden
    mirror.run()
    mirror.census()

    assert {fate.value: one for one, fate in mirror.fates.items()} == gone
    assert mirror.live[stays].row["key"].startswith("LB-")


def test_of_what_cloud_answers_404_for_it_is_said_that_a_security_level_may_hide_it(mirror: Mirror) -> None:
    cloud = mirror.sandbox.info["name"] == "jira-cloud"
    one, other = (
        next(id_ for id_, kept in mirror.live.items() if kept.row["key"] == key) for key in ("LA-7", "LB-7")
    )
    slices = {id_: Slice(mirror.live[id_].slice, "") for id_ in (one, other)}
    query = Slice("query:0", "query")
    edit(mirror, do="delete", id=other)
    edit(mirror, do="hide", id=one)
    connector = jira(mirror.sandbox, **mirror.options)
    stream = next(each for each in connector.streams(mirror.semantics, []) if isinstance(each, Censused))
    found = {id_: stream.fates(slices[id_], [id_])[id_] for id_ in (one, other)}
    unknown = stream.fates(query, [one])[one].says
    connector.close()
    edit(mirror, do="show", id=one)
    mirror.run()

    assert found[other].fate is Fate.DELETED
    if not cloud:
        assert found[one].fate is Fate.ACCESS_LOST
        assert (
            found[other].says == f"Jira answers 404 for issue {other}, while its project can still be read."
        )
        return
    assert found[one].fate is Fate.DELETED
    hidden = "it was deleted, or is hidden from this account by"
    assert found[one].says.endswith(f"{hidden} one of the project's security levels (Board only).")
    assert found[other].says.endswith(f"{hidden} a security level.")
    assert (
        unknown == f"Jira answers 404 for issue {one}: {hidden} a security level or with its whole project."
    )


@pytest.mark.parametrize(("state", "fate"), [("archived", "archived"), ("hidden", "access_lost")])
def test_a_project_that_is_gone_takes_no_issue_for_deleted(mirror: Mirror, state: str, fate: str) -> None:
    ids = [one for one, kept in mirror.live.items() if kept.row["key"].startswith("LB-")][:5]
    edit(mirror, do="project_state", key="LB", state=state)
    connector = jira(mirror.sandbox, **mirror.options)
    stream = next(one for one in connector.streams(mirror.semantics, []) if isinstance(one, Censused))
    found = stream.fates(Slice(mirror.live[ids[0]].slice, "LB"), ids)
    connector.close()
    edit(mirror, do="project_state", key="LB", state="live")

    assert {absence.fate.value for absence in found.values()} == {fate}
    assert len(found) == 5
