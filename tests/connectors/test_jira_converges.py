"""Whatever happens between runs, what is stored converges to what the tracker really holds."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import Mirror
from tests.support.sandboxes import Sandbox, running

READ = ("LA", "LB", "LC")
UNREAD = "LD"
NUMBERS = st.integers(0, 10_000)
SKEWS = st.sampled_from([-20.0, -3.0, -1.0, 0.0, 0.5, 2.0, 11.0])  # hours
ALWAYS = 1e-6  # days: look through all histories in this run


@pytest.fixture(scope="module", params=["jira-cloud", "jira-dc"])
def tracker(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running(request.param, anchor=ANCHOR, issues=80) as sandbox:
        yield sandbox


class Office(RuleBasedStateMachine):
    """People who work in a Jira while it is read; they see to it that every edit is made to a living issue."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.mirror = Mirror(sandbox, {"projects": list(READ), "batch": 4})
        self.hidden: set[str] = set()
        self.passed, self.off = 0.0, 0.0  # seconds, hours
        self.ordinary = True  # nothing happens that only the look through all histories can find

    def edit(self, **change: Any) -> Any:
        self.turn(minutes=4)
        return self.sandbox.control("edit", change)

    def turn(self, minutes: float) -> None:
        """Let time pass, by a clock that may be off."""
        self.passed += minutes * 60
        self.sandbox.control("clock", {"skew_s": self.off * 3600 + self.passed})

    def issue(self, number: int) -> str:
        issues = [one for one in self.sandbox.control("truth")["issues"] if one["project"] in {*READ, UNREAD}]
        return str(issues[number % len(issues)]["id"])

    @initialize(ordinary=st.sampled_from([True, True, False]))
    def first_run(self, ordinary: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.ordinary = ordinary
        self.sandbox.control("lag", {"release": True})
        self.turn(minutes=0)
        for project, count in self.sandbox.control("truth")["projects"].items():
            for _ in range(count, 8 if project in {*READ, UNREAD} else 0):  # earlier examples took some away
                self.edit(do="create", project=project)
        self.mirror.run()

    @rule(number=NUMBERS, status=st.sampled_from(["To Do", "In Progress", "Done"]), silent=st.booleans())
    def move_along(self, number: int, status: str, silent: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.edit(id=self.issue(number), fields={"status": status}, silent=silent and not self.ordinary)

    @rule(number=NUMBERS, times=st.integers(1, 3))
    def rename(self, number: int, times: int) -> None:
        for turn in range(times):
            self.edit(id=self.issue(number), fields={"summary": f"Renamed {number}.{turn}"})

    @rule(project=st.sampled_from([*READ, UNREAD]))
    def create(self, project: str) -> None:
        self.edit(do="create", project=project)

    @rule(number=NUMBERS, project=st.sampled_from([*READ, UNREAD]))
    def move(self, number: int, project: str) -> None:
        self.edit(do="move", id=self.issue(number), to=project)

    @rule(number=NUMBERS, how=st.sampled_from(["delete", "archive", "hide"]))
    def take_away(self, number: int, how: str) -> None:
        one = self.issue(number)
        self.edit(do=how, id=one)
        if how == "hide":
            self.hidden.add(one)

    @rule()
    def show_again(self) -> None:
        if self.hidden:
            self.edit(do="show", id=self.hidden.pop())

    @rule(number=NUMBERS)
    def rename_sprint(self, number: int) -> None:
        self.edit(do="rename_sprint", id=2000101 + number % 30, name=f"Sprint, renamed {number}")

    @rule(hold=st.booleans(), release=st.booleans())
    def lag(self, hold: bool, release: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """Search shows no edit from now on, or shows them again; what it has not shown yet may stay unseen."""
        self.sandbox.control("lag", {"hold": hold, "release": release})

    @rule(number=NUMBERS)
    def an_edit_that_search_shows_after_a_later_one(self, number: int) -> None:
        self.lag(hold=True, release=False)
        self.edit(id=self.issue(number), fields={"summary": f"Shown late {number}"})
        self.lag(hold=False, release=False)
        self.edit(id=self.issue(number + 1), fields={"summary": f"Shown at once {number}"})

    @rule(hours=SKEWS)
    def skew(self, hours: float) -> None:
        self.off = max(hours, -10.0) if self.ordinary else hours

    @rule(cut_after=st.sampled_from([None, None, 1, 2]), young=st.booleans())
    def run(self, cut_after: int | None, young: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.mirror.run(cut_after=cut_after, young=young)

    def teardown(self) -> None:
        """Let the index catch up and the clock be put right: now both must agree in every detail."""
        self.sandbox.control("lag", {"release": True})
        self.off = 0.0
        self.turn(minutes=1)
        for one in self.hidden - set(sorted(self.hidden)[:1]):
            self.edit(do="show", id=one)
        for _ in range(2):  # the first may only go on where an earlier one was cut off
            self.turn(minutes=5)
            self.mirror.run(history_repair_days=0 if self.ordinary else ALWAYS)
        self.mirror.census()
        assert self.mirror.differences(lambda one: one["project"] in READ) == {}
        self.fates_are_told_apart()

    def fates_are_told_apart(self) -> None:
        truth = self.sandbox.control("truth")
        gone = {one["id"]: one["fate"] for one in truth["gone"]}
        cloud = self.sandbox.info["name"] == "jira-cloud"
        for one, fate in self.mirror.fates.items():
            true = gone.get(one, "moved")
            if cloud and true == "hidden":
                true = "deleted"  # to one who may not see it, Cloud says of an issue that it is not there
            assert fate.value == true.replace("hidden", "access_lost"), one
        for one in sorted(self.hidden):
            self.edit(do="show", id=one)


def converges(tracker: Sandbox, *, examples: int, steps: int) -> None:
    machine: Any = lambda: Office(tracker)  # noqa: E731 - hypothesis calls it for each example
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_store_converges_to_the_trackers_truth(tracker: Sandbox) -> None:
    converges(tracker, examples=8, steps=12)


@pytest.mark.slow
def test_the_store_converges_to_the_trackers_truth_through_long_histories(tracker: Sandbox) -> None:
    converges(tracker, examples=60, steps=25)
