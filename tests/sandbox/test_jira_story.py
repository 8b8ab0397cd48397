"""The sandbox Jiras tell the demo's story: as much, as far and as late as it says, on every day of it."""

import itertools
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from sandbox.jira.cloud import create
from sandbox.jira.plot import story
from sandbox.jira.world import World
from sandbox.options import Options
from sandbox.story import PROJECTS, UNBOUND, WEEKS, week_date
from tests.support.jira_clients import ANCHOR, cloud, whole
from tests.support.sandboxes import kept, running

TRACKED = [(demo, one) for demo in PROJECTS for one in demo.tracked if one.source.startswith("jira")]


def world(source: str, clock: date, *, seed: int = 7) -> World:
    """The story's world on a day, without a server."""
    options = Options(source, ANCHOR, clock, seed)
    is_cloud = source == "jira-cloud"
    catalogue, shelf = story(options, cloud=is_cloud)
    return World(catalogue, shelf, clock, "UTC", strict=not is_cloud)


def states(where: World, key: str) -> list[dict[str, Any]]:
    """The fields of a project's issues."""
    project = where.catalogue.project_by(key)
    assert project is not None
    found = [where.state(row.id) for row in where.rows([project.id])]
    return [state.fields for state in found if state]


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    return {source: world(source, ANCHOR) for source in ("jira-cloud", "jira-dc")}


@pytest.mark.parametrize(
    ("source", "key", "items"),
    [(one.source, one.key, one.items) for _, one in TRACKED]
    + [(one.source, one.key, one.items) for one in UNBOUND if one.source.startswith("jira")],
)
def test_each_project_holds_as_many_items_as_the_story_says(
    worlds: dict[str, World], source: str, key: str, items: int
) -> None:
    assert worlds[source].counts()[key] == items


@pytest.mark.parametrize(("demo", "tracked"), TRACKED, ids=[one.key for _, one in TRACKED])
@pytest.mark.parametrize("week", [0, 5, 9, WEEKS - 1])
def test_the_last_epic_and_version_are_due_when_the_story_forecasts(
    worlds: dict[str, World], demo: Any, tracked: Any, week: int
) -> None:
    where = worlds[tracked.source]
    day = week_date(ANCHOR, week)
    where.set_clock(day)
    if demo.jira_finish is not None:
        forecast = ANCHOR + timedelta(days=demo.jira_finish)
    else:
        forecast = ANCHOR + timedelta(days=demo.finish + demo.slip[week])
    due = [fields["duedate"] for fields in states(where, tracked.key) if fields["duedate"]]
    releases = [one.release(day) for one in where.catalogue.versions.values()]
    assert max(due) == forecast
    assert forecast in releases


@pytest.mark.slow
@pytest.mark.parametrize("source", ["jira-cloud", "jira-dc"])
def test_work_gets_done_week_by_week_and_scope_hardly_grows(worlds: dict[str, World], source: str) -> None:
    where = worlds[source]
    done: dict[str, list[int]] = {}
    held: dict[str, list[int]] = {}
    for week in range(WEEKS):
        where.set_clock(week_date(ANCHOR, week))
        for key in where.counts():
            fields = states(where, key)
            done.setdefault(key, []).append(sum(one.get("resolution") is not None for one in fields))
            held.setdefault(key, []).append(len(fields))
    for key, counts in done.items():
        assert counts[-1] > counts[0]
        # A re-opened issue may take back one or two of a week's.
        assert all(after >= before - 2 for before, after in itertools.pairwise(counts)), key
        assert len({after - before for before, after in itertools.pairwise(counts)}) > 2  # noise
        assert held[key][-1] - held[key][0] <= 0.06 * held[key][-1], key


def test_the_watermelon_has_more_left_to_do_than_time() -> None:
    where = world("jira-cloud", ANCHOR)
    portal = states(where, "POR")
    archive = states(where, "ARC")
    left = sum(one.get("resolution") is None for one in portal) / len(portal)
    assert 0.15 < left < 0.4
    assert sum(one.get("resolution") is None for one in archive) <= 0.03 * len(archive)


def test_the_same_seed_tells_the_same_story_and_another_one_another() -> None:
    same = [one["summary"] for one in states(world("jira-dc", ANCHOR), "LED")]
    again = [one["summary"] for one in states(world("jira-dc", ANCHOR), "LED")]
    other = [one["summary"] for one in states(world("jira-dc", ANCHOR, seed=8), "LED")]
    assert same == again
    assert same != other


def test_every_history_fits_the_state_it_led_to() -> None:
    where = world("jira-cloud", ANCHOR)
    for row in where.rows():
        state = where.state(row.id)
        assert state is not None
        moments = [step.at for step in state.histories]
        assert moments == sorted(moments)
        assert all(at >= state.created for at in moments)
        changes = [item for step in state.histories for item in step.items if item["field"] == "status"]
        for before, after in itertools.pairwise(changes):
            assert before["to"] == after["from"]
        if changes:
            assert changes[-1]["to"] == state.fields["status"]


def test_a_link_is_on_both_of_its_issues_with_one_id() -> None:
    where = world("jira-cloud", ANCHOR)
    ends: dict[int, set[tuple[int, int, bool]]] = {}
    for row in where.rows():
        state = where.state(row.id)
        assert state is not None
        for link, _, outward, other in state.fields.get("links", ()):
            ends.setdefault(link, set()).add((state.id, other, outward))
    assert len(ends) > 50
    for found in ends.values():
        (here, there, outward), (back, forth, inward) = found
        assert (here, there, outward) == (forth, back, not inward)


def test_the_projects_have_titles_that_break_naive_exports() -> None:
    with cloud(kept("jira-cloud", anchor=ANCHOR)) as client:
        titles = [issue["fields"]["summary"] for issue in all_of(client, "SSO")]
    for start in ("\u200b", "<script>", "=HYPERLINK", "🚀", "-1+1"):
        assert any(title.startswith(start) for title in titles), start
    assert any(len(title) > 200 for title in titles)


def all_of(client: httpx.Client, key: str) -> list[dict[str, Any]]:
    """The first few hundred issues of a project."""
    return [
        issue
        for start in range(1, 400, 100)
        for issue in whole(
            client, *(f"{key}-{number}" for number in range(start, start + 100)), fields=("summary",)
        )
    ]


@pytest.mark.slow
def test_a_turned_clock_serves_another_day() -> None:
    with (
        running("jira-cloud", anchor=ANCHOR, clock=week_date(ANCHOR, 0)) as sandbox,
        cloud(sandbox) as client,
    ):
        path = "/rest/api/3/project/POR/versions"
        before = {one["name"]: one["releaseDate"] for one in client.get(path).json()}
        total = sandbox.control("truth")["total"]
        sandbox.control("clock", {"date": ANCHOR.isoformat()})
        after = {one["name"]: one["releaseDate"] for one in client.get(path).json()}
        assert sandbox.control("truth")["total"] > total
        assert before["Go-live"] < after["Go-live"]
        assert before["1.0 Pilot"] == after["1.0 Pilot"]


def test_the_ready_line_says_how_to_sign_in() -> None:
    _, info = create(Options("jira-cloud", ANCHOR, ANCHOR))
    assert {"username", "token", "time_zone"} <= info.keys()
