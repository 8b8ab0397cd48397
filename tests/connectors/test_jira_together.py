"""What changed in several projects of a Cloud site is asked for at once, and each keeps its pages and its position."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from connectors.base import Part, Traffic
from connectors.http import HttpError
from connectors.jira.cloud import CloudIssues
from connectors.jira.config import JiraConfig
from connectors.jira.glance import Glance
from connectors.jira.site import Site
from connectors.jira.survey import Given, Seen
from connectors.jira.together import Question, Together
from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import Mirror
from tests.support.sandboxes import Sandbox, running

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
UPDATED = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class Cloud:
    """Stands in for Cloud: `keys` are what its search lists, `withheld` issues are not given in bulk."""

    def __init__(
        self,
        keys: dict[int, str],
        *,
        withheld: Sequence[int] = (),
        refuses: bool = False,
        short: bool = False,
    ) -> None:
        self.keys, self.withheld, self.refuses, self.short = keys, withheld, refuses, short
        self.asked: list[Any] = []

    def list_keys(self, query: str) -> tuple[dict[int, str], Any]:
        self.asked.append(query)
        if self.refuses:
            raise HttpError("no such project", source="j", status=400, body=b"")
        return self.keys, SimpleNamespace(headers={})

    def fetch(self, ids: Sequence[int]) -> list[Given]:
        self.asked.append(list(ids))
        given = [one for one in ids if one not in self.withheld]
        body = b'{"expand": "x", "issues": [' + b", ".join(map(self.words, given)) + b"]}"
        seen = [Seen(str(one), UPDATED, short=False) for one in given]
        found = Given(Part("POST bulkfetch", body), seen, len(given))
        return [found, found] if self.short else [found]

    @staticmethod
    def words(one: int) -> bytes:
        """Spaces and the order of names are the tracker's own."""
        return b'{ "key":"K-%d" ,"id": "%d","fields":{"summary":"a\\u00e9, b"}}' % (one, one)


@pytest.fixture
def site() -> Iterator[Site]:
    config = JiraConfig.model_validate(
        {"base_url": "https://jira.example.com", "auth": {"type": "pat", "token": "t"}, "batch": 3}
    )
    made = Site(config, source="j", traffic=Traffic(), transport=None, connections=2, clock=lambda: NOW)
    yield made
    made.close()


def ask(site: Site, cloud: Cloud, *keys: str, fetches: bool = True) -> Any:
    questions = {key: Question(key, f"project = {key}", {}) for key in keys}
    return Together(site, Glance(site), fetches=fetches).ask(cast("CloudIssues", cloud), questions)


def test_each_project_gets_its_own_issues_word_for_word(site: Site) -> None:
    cloud = Cloud({4: "A-1", 7: "B-9", 5: "A-3"})
    told = ask(site, cloud, "A", "B", "C")
    assert {name: one.ids for name, one in told.items()} == {"A": (4, 5), "B": (7,), "C": ()}
    assert cloud.asked == ["((project = A) OR (project = B) OR (project = C))", [4, 5, 7]]
    batch = told["A"].batch([4, 5])
    [part] = batch.parts
    assert part.body == b'{"issues":[' + Cloud.words(4) + b"," + Cloud.words(5) + b"]}"
    assert [one["id"] for one in orjson.loads(part.body)["issues"]] == ["4", "5"]
    assert (part.request, batch.said, batch.changes, batch.last_id) == (
        "POST bulkfetch", 2, {4: UPDATED, 5: UPDATED}, 5,
    )  # fmt: skip


def test_issues_of_one_project_from_two_answers_are_two_parts(site: Site) -> None:
    told = ask(site, Cloud({1: "A-1", 2: "B-1", 3: "B-2", 4: "A-2"}), "A", "B")
    assert len(told["A"].batch([1, 4]).parts) == 2


def test_what_is_not_given_is_left_to_its_project_and_the_others_go_on(site: Site) -> None:
    told = ask(site, Cloud({4: "A-1", 5: "A-2", 7: "B-9"}, withheld=[5]), "A", "B")
    assert told["A"].batch([4, 5]) is None
    assert told["B"].batch([7]).said == 1
    assert told["B"].batch([7, 8]) is None  # 8 was renewed: nobody fetched it


def test_a_project_with_a_batch_of_its_own_is_not_fetched_with_others(site: Site) -> None:
    cloud = Cloud({1: "A-1", 2: "A-2", 3: "A-3", 4: "B-1"})
    told = ask(site, cloud, "A", "B")
    assert cloud.asked[1:] == [[4]]
    assert told["A"].batch([1, 2, 3]) is None


def test_answers_that_want_more_answers_are_left_to_the_project(site: Site) -> None:
    assert ask(site, Cloud({4: "A-1"}, short=True), "A", "B")["A"].batch([4]) is None
    assert ask(site, Cloud({4: "A-1"}), "A", "B", fetches=False)["A"].batch([4]) is None


def test_a_refusal_or_the_key_of_another_project_leaves_all_to_themselves(site: Site) -> None:
    assert ask(site, Cloud({4: "A-1"}, refuses=True), "A", "B") == {}
    assert ask(site, Cloud({4: "A-1", 5: "OLD-2"}), "A", "B") == {}


def test_many_projects_are_asked_in_several_queries(site: Site) -> None:
    cloud = Cloud({})
    assert len(ask(site, cloud, *(f"P{number}" for number in range(120)))) == 120
    assert len(cloud.asked) == 3


@pytest.fixture(scope="module")
def tracker() -> Iterator[Sandbox]:
    with running("jira-cloud", anchor=ANCHOR, issues=80) as sandbox:
        yield sandbox


def test_a_run_after_few_changes_costs_seven_requests_however_many_projects(tracker: Sandbox) -> None:
    mirror = Mirror(tracker, {"projects": ["*"]})
    mirror.run()
    mirror.run(young=True)
    for one in tracker.control("truth")["issues"][::9]:
        tracker.control("edit", {"id": one["id"], "fields": {"summary": "Changed"}})
    mirror.run(young=True)
    assert mirror.requests <= 7
    assert mirror.differences(lambda _: True) == {}


def test_a_project_given_another_key_meanwhile_is_followed(tracker: Sandbox) -> None:
    mirror = Mirror(tracker, {"projects": ["*"]})
    mirror.run()
    tracker.control("edit", {"do": "rekey_project", "key": "LA", "to": "ZEBRA"})
    mirror.run(young=True)
    assert mirror.differences(lambda _: True) == {}
    assert any(key.startswith("ZEBRA-") for key in mirror.keys)
