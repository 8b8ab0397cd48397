"""Whatever happens in the tracker between runs, and however they end, the store comes to hold its truth."""

from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.azure_devops.connector import AzureDevOps
from connectors.base import Fate
from sandbox.ado.app import Organisation
from sandbox.faults import Misbehaving
from tests.support.ado_reading import Stored, connector
from tests.support.ado_sandbox import control, fresh
from tests.support.asgi import InProcess
from tests.support.sandbox_truth import differences

ITEMS = 14
PROJECTS = ["Load 1", "Load 2", "Load 3", "Load 4"]
READ = PROJECTS[:3]  # the fourth is there, and is not read
AREAS = [f"{project}\\{area}" for project in READ for area in ("Build", "Operations")]
STATES = ["New", "Active", "Resolved", "Closed", "Removed"]
ids = st.integers(101, 100 + ITEMS + 3)
projects = st.sampled_from(PROJECTS)


class Tracker(RuleBasedStateMachine):
    """Random edits, moves, deletions, restorations, destructions, a wrong clock, and runs cut off anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.app = fresh(issues=ITEMS)
        self.stored = Stored()
        self.feed = "organization"

    @initialize(feed=st.sampled_from(["organization", "project"]), batch=st.sampled_from([1, 3, 7, 1000]))
    def begin(self, feed: str, batch: int) -> None:
        self.feed = feed
        self.edit(batch=batch)

    def edit(self, **wanted: Any) -> None:
        with_client(self.app, wanted)

    @rule(
        id_=ids,
        state=st.sampled_from(STATES),
        points=st.sampled_from([None, 0, 1, 8.5]),
        slip=st.booleans(),
    )
    def change(self, id_: int, state: str, points: float | None, slip: bool) -> None:  # noqa: FBT001 - a rule's draw
        # Whoever looks back for an hour finds what slipped; not so where the clock was put back by two.
        slip = slip and not organisation(self.app).world.skew
        fields = {"System.State": state, "Microsoft.VSTS.Scheduling.StoryPoints": points}
        self.edit(id=id_, fields=fields, slip=slip)

    @rule(id_=ids, to=projects)
    def move(self, id_: int, to: str) -> None:
        self.edit(id=id_, move=to)

    @rule(id_=ids, what=st.sampled_from(["delete", "restore", "destroy"]))
    def remove(self, id_: int, what: str) -> None:
        self.edit(id=id_, **{what: True})

    @rule(id_=ids, other=ids, what=st.sampled_from(["link", "unlink"]))
    def relate(self, id_: int, other: int, what: str) -> None:
        # The feed of one project's links tells nothing of a link that begins in a project not read.
        truth = control(self.app, "truth/items")
        told = self.feed == "organization" or truth.get(str(id_), {}).get("project") in READ
        if id_ != other and told:
            self.edit(id=id_, **{what: other})

    @rule(to=projects)
    def create(self, to: str) -> None:
        self.edit(create={"System.TeamProject": to})

    @rule(seconds=st.sampled_from([-7200, -60, 0, 60, 7200]))
    def set_the_clock_wrong(self, seconds: int) -> None:
        self.edit(skew=seconds)

    @rule(project=st.sampled_from(READ), name=st.sampled_from(["Done", "Shipped", "Parked"]))
    def rename_an_iteration(self, project: str, name: str) -> None:
        tree = control(self.app, "truth/items")
        paths = sorted(
            {one["iteration"] for one in tree.values() if one["iteration"].startswith(f"{project}\\")}
        )
        if paths and not any(path.endswith(name) for path in paths):
            self.edit(iteration=paths[0], rename=name)

    @rule(
        project=st.sampled_from(READ),
        state=st.sampled_from(STATES),
        to=st.sampled_from(["InProgress", "Completed"]),
    )
    def put_a_state_into_another_category(self, project: str, state: str, to: str) -> None:
        self.edit(project=project, category={"type": "User Story", "state": state, "category": to})

    @rule(area=st.sampled_from(AREAS), what=st.sampled_from(["hide", "show"]))
    def lose_and_regain_an_area(self, area: str, what: str) -> None:
        self.edit(area=area, **{what: True})

    @rule(days=st.integers(0, 2))
    def let_days_pass(self, days: int) -> None:
        world = organisation(self.app).world
        control(self.app, "clock", {"date": str(world.clock + timedelta(days=days))})

    @rule(pages=st.integers(1, 4))
    def run_and_be_cut_off(self, pages: int) -> None:
        self.pull(stop_after=pages)

    @rule()
    def run(self) -> None:
        self.pull()
        self.agree()

    @precondition(lambda self: self.stored.cursors)
    @rule(poison=st.sets(ids, min_size=1, max_size=2))
    def run_with_items_that_break_calls(self, poison: set[int]) -> None:
        self.edit(poison=sorted(poison))
        self.pull()
        self.edit(poison=[])
        self.run()

    @invariant()
    def nothing_is_stored_that_never_was(self) -> None:
        assert {int(id_) for id_ in self.stored.rows} <= organisation(self.app).world.items.keys()

    def pull(self, stop_after: int | None = None) -> None:
        self.stored.pull(self.open(), stop_after=stop_after)

    def open(self) -> AzureDevOps:
        url = "http://ado.test/contoso"
        how: dict[str, Any] = {"projects": READ, "feed": self.feed, "refresh_hours": 0}
        return connector(url, transport=InProcess(self.app), **how)

    def agree(self) -> None:
        world = organisation(self.app).world
        truth = control(self.app, "truth/items")
        ours = {id_: one for id_, one in truth.items() if one["project"] in READ}
        fates = {id_: absence.fate for id_, absence in self.stored.fates.items()}
        lost = {id_ for id_, fate in fates.items() if fate is Fate.ACCESS_LOST}
        rows = {id_: row for id_, row in self.stored.rows.items() if id_ not in lost}
        assert differences(rows, ours) == []
        for id_ in lost:
            # Gone from sight with the whole of its area, or the only item there.
            area = self.stored.rows[id_]["area"]
            seen = [one["area"] for one in truth.values()]
            assert id_ not in truth
            assert area not in seen or area in world.hidden_areas, (id_, area)
        moved = {id_ for id_, fate in fates.items() if fate is Fate.MOVED}
        assert moved <= truth.keys() | world_ids(world, gone=True)


def world_ids(world: Any, *, gone: bool) -> set[str]:
    """The items that are deleted, destroyed or hidden."""
    there = {str(id_) for id_, _ in world.live()}
    return {str(id_) for id_ in world.items if gone and str(id_) not in there}


def organisation(app: Any) -> Organisation:
    return cast("Organisation", app._app if isinstance(app, Misbehaving) else app)


def with_client(app: Any, wanted: dict[str, Any]) -> None:
    """Make an edit; one of an item that is not there (any more) changes nothing."""
    with httpx.Client(base_url="http://ado.test", transport=InProcess(app)) as calling:
        assert calling.post("/_sandbox/edit", json=wanted).status_code in {200, 404}


@pytest.mark.parametrize("feed", ["organization", "project"])
@pytest.mark.parametrize("batch", [1, 1000])
def test_the_other_end_of_a_link_that_breaks_the_calls_comes_when_it_is_well(feed: str, batch: int) -> None:
    tracker = Tracker()
    tracker.begin(feed=feed, batch=batch)
    tracker.lose_and_regain_an_area(area="Load 1\\Build", what="hide")
    tracker.run()
    tracker.relate(id_=102, other=111, what="link")
    tracker.put_a_state_into_another_category(project="Load 2", state="Removed", to="Completed")
    tracker.relate(id_=117, other=109, what="link")
    tracker.let_days_pass(days=1)
    tracker.relate(id_=112, other=107, what="link")  # from Load 3 to Load 1, whose own feed does not tell
    tracker.run_with_items_that_break_calls(poison={107})
    assert tracker.stored.rows["107"]["parent_external_id"] == "112"


@pytest.mark.parametrize("feed", ["organization", "project"])
def test_a_link_to_an_item_that_its_new_project_was_told_of_before_a_run_was_cut_off(feed: str) -> None:
    tracker = Tracker()
    tracker.begin(feed=feed, batch=1000)
    tracker.run()
    tracker.move(id_=113, to="Load 1")
    tracker.pull(stop_after=2)  # Load 1 has it, and Load 3 knows nothing of that yet
    tracker.relate(id_=112, other=113, what="link")
    tracker.run()
    assert tracker.stored.rows["113"]["parent_external_id"] == "112"


@pytest.mark.parametrize("feed", ["organization", "project"])
def test_a_link_from_a_project_that_is_first_read_after_the_other_end_was(feed: str) -> None:
    tracker = Tracker()
    tracker.begin(feed=feed, batch=1000)
    tracker.pull(stop_after=4)  # by their own feeds, Load 1 and Load 2 are read
    tracker.relate(id_=105, other=101, what="link")
    tracker.pull(stop_after=5)  # and Load 3 but for its end
    tracker.relate(id_=105, other=106, what="link")
    tracker.run()
    assert tracker.stored.rows["101"]["parent_external_id"] == "105"
    assert tracker.stored.rows["106"]["parent_external_id"] == "105"


@pytest.mark.parametrize("feed", ["organization", "project"])
@pytest.mark.parametrize("cut", [None, 1])
def test_a_link_of_an_item_that_moved_before_its_old_project_was_read(feed: str, cut: int | None) -> None:
    tracker = Tracker()
    tracker.begin(feed=feed, batch=1000)
    tracker.run()
    tracker.relate(id_=112, other=101, what="link")
    tracker.pull(stop_after=2)  # Load 1 was not told: the link is one of Load 3
    tracker.move(id_=112, to="Load 1")
    tracker.relate(id_=112, other=104, what="link")
    tracker.relate(id_=112, other=104, what="unlink")
    if cut:
        tracker.pull(stop_after=cut)
    tracker.run()
    assert tracker.stored.rows["101"]["parent_external_id"] == "112"


TestTracker = Tracker.TestCase
TestTracker.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.slow
class TestTrackerForLong(Tracker.TestCase):  # type: ignore[misc, name-defined]
    """The same, for as long as it takes to meet the rarer orders of events."""

    settings = settings(
        max_examples=150, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
