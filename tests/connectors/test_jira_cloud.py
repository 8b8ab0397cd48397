"""Pulling issues from a Cloud: by ids, in bulk, with whole histories, resumable, and nothing lost silently."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.base import Page, RawRecord, Stream
from connectors.errors import ConnectorError, MisconfiguredSource, SliceUnreadable, SourceUnavailable
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from tests.support.fake_jira import FakeCloud, FakeJira, issue

NOW = datetime(2026, 2, 2, tzinfo=UTC)


def jira(fake: FakeJira, **options: Any) -> Jira:
    config = JiraConfig.model_validate(
        {
            "base_url": "https://example.atlassian.net",
            "auth": {"type": "basic", "username": "sync@example.com", "token": "secret-token"},
            "batch": 4,
            "projects": ["PMO"],
            **options,
        }
    )
    return Jira(config, source="tracker", transport=fake.transport, clock=lambda: NOW)


def issues_of(connector: Jira, **semantics: str) -> Stream:
    return next(one for one in connector.streams(semantics, ["assignee"]) if one.name == "issues")


def pulled(stream: Stream, cursor: dict[str, Any] | None = None) -> tuple[list[Page], list[RawRecord]]:
    (only,) = stream.slices()
    pages = list(stream.pull(only, cursor))
    return pages, [record for page in pages for record in stream.read(page.parts)]


def keys(records: Sequence[RawRecord]) -> list[str]:
    return [record.locator for record in records]


def test_a_full_run_brings_every_issue_although_every_page_is_short() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 12)))

    pages, records = pulled(issues_of(jira(fake)))

    assert keys(records) == [f"PMO-{n}" for n in range(1, 12)]
    assert [page.said for page in pages] == [4, 4, 3]
    assert [page.complete for page in pages] == [False, False, True]
    assert fake.seen["/rest/api/3/search/jql"] == 4


def test_only_mapped_fields_and_what_the_connector_needs_are_asked_for() -> None:
    fake = FakeCloud(issue(10001))

    pulled(issues_of(jira(fake)))

    asked = next(body for path, body in fake.bodies if path.endswith("issue/bulkfetch"))
    assert asked["expand"] == ["changelog"]
    assert set(asked["fields"]) == {
        "summary", "status", "issuetype", "project", "created", "updated", "resolutiondate", "assignee",
    }  # fmt: skip


def test_a_history_that_the_bulk_answer_cuts_off_is_fetched_whole() -> None:
    fake = FakeCloud(issue(10001, changes=95), issue(10002, changes=40), issue(10003, changes=41))

    _, records = pulled(issues_of(jira(fake)))

    assert [len(record.payload["changelog"]["histories"]) for record in records] == [95, 40, 41]
    ordered = [history["at"] for history in records[0].payload["changelog"]["histories"]]
    assert ordered == sorted(ordered)


def test_a_history_is_fetched_issue_by_issue_where_the_bulk_call_does_not_exist() -> None:
    fake = FakeCloud(issue(10001, changes=45))

    def old(request: httpx.Request, _body: Any) -> httpx.Response | None:
        if request.url.path.endswith("changelog/bulkfetch"):
            return httpx.Response(404, json={"errorMessages": ["null for uri"]})
        if request.url.path.endswith("/issue/10001/changelog"):
            start = int(request.url.params["startAt"])
            rows = list(reversed(fake.issues[10001]["changelog"]["histories"]))[start : start + 20]
            return httpx.Response(200, json={"values": rows, "isLast": start + 20 >= 45, "total": 45})
        return None

    fake.rules.append(old)
    _, records = pulled(issues_of(jira(fake)))

    assert len(records[0].payload["changelog"]["histories"]) == 45


def test_pages_can_be_read_again_later_with_the_same_result() -> None:
    fake = FakeCloud(issue(10001, changes=60), issue(10002))
    pages, first = pulled(issues_of(jira(fake)))

    later = issues_of(jira(FakeCloud()))
    again = [record for page in pages for record in later.read(page.parts)]

    assert again == first


def test_an_issue_that_is_listed_but_gone_when_asked_for_vanishes_after_a_second_look() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 6)))
    fake.gone = {10002}

    pages, records = pulled(issues_of(jira(fake)))

    assert "PMO-2" not in keys(records)
    assert [page.vanished for page in pages] == [("10002",), ()]
    assert [page.said for page in pages] == [3, 1]


def test_an_issue_we_may_no_longer_read_is_a_record_that_says_so() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 4)))
    fake.forbidden = {10002}

    pages, records = pulled(issues_of(jira(fake)))

    (refused,) = [record for record in records if record.unreadable]
    assert refused.external_id == "10002"
    assert "no longer read it" in str(refused.unreadable)
    assert pages[0].said == 3
    assert pages[0].vanished == ()


def test_when_nothing_at_all_is_given_any_more_nothing_is_taken_for_deleted() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 13)))
    fake.gone = set(fake.issues)

    with pytest.raises(SliceUnreadable, match="nothing is taken for deleted"):
        pulled(issues_of(jira(fake, batch=12)))


def test_a_run_that_is_killed_goes_on_after_the_last_stored_page() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 12)))
    stream = issues_of(jira(fake))
    (only,) = stream.slices()
    first = next(iter(stream.pull(only, None)))
    fake.bodies.clear()

    pages, records = pulled(issues_of(jira(fake)), first.cursor)

    assert keys(records) == [f"PMO-{n}" for n in range(5, 12)]
    fetched = [one for path, body in fake.bodies if "bulkfetch" in path for one in body["issueIdsOrKeys"]]
    assert "10001" not in fetched
    assert all(page.resumed for page in pages)  # an earlier pull has seen the first ones
    assert all("updated >=" not in body["jql"] for path, body in fake.bodies if path.endswith("search/jql"))


def test_the_next_run_asks_from_the_newest_change_less_the_overlap_in_epoch_milliseconds() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 4)))
    pages, _ = pulled(issues_of(jira(fake)))
    fake.bodies.clear()

    pulled(issues_of(jira(fake)), pages[-1].cursor)

    newest = datetime.fromisoformat("2026-02-01T10:00:43.000+11:00")  # 10003 % 60 == 43
    assert pages[-1].cursor
    assert pages[-1].cursor["since"] == "2026-01-31T23:00:43.000+00:00"
    (listing,) = [body["jql"] for path, body in fake.bodies if path.endswith("search/jql")]
    assert f"updated >= {int(newest.timestamp() * 1000) - 12 * 3600 * 1000} " in listing
    assert "<=" not in listing


def test_the_watermark_never_passes_the_beginning_of_the_walk() -> None:
    fake = FakeCloud(issue(10001, updated="2026-02-01T20:00:00.000+0000"))

    def clock(request: httpx.Request, body: Any) -> httpx.Response | None:
        if not request.url.path.endswith("search/jql"):
            return None
        answer = fake.answer(request, request.url.path, body)
        answer.headers["Date"] = "Sun, 01 Feb 2026 19:00:00 GMT"
        return answer

    fake.rules.append(clock)
    pages, _ = pulled(issues_of(jira(fake)))

    assert pages[-1].cursor
    assert pages[-1].cursor["since"] == "2026-02-01T19:00:00.000+00:00"


def test_a_run_without_news_keeps_the_watermark_and_says_zero() -> None:
    fake = FakeCloud()
    cursor = {"since": "2026-01-31T23:00:43.000+00:00"}

    (page,), records = pulled(issues_of(jira(fake)), cursor)

    assert records == []
    assert (page.said, page.complete) == (0, False)
    assert page.cursor
    assert page.cursor["since"] == cursor["since"]


def test_an_empty_answer_is_not_believed_while_the_tracker_counts_issues() -> None:
    fake = FakeCloud(issue(10001))
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, json={"issues": [], "isLast": True})
            if request.url.path.endswith("search/jql")
            else None
        )
    )

    with pytest.raises(SourceUnavailable, match="counts 1"):
        pulled(issues_of(jira(fake)))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"issues": [{"id": "1"}], "nextPageToken": "same"}, "circle"),
        ({"issues": [{"id": "1"}], "isLast": False}, "not where"),
        ({"issues": [{"id": "1"}], "total": 500, "startAt": 0}, "old form"),
    ],
)
def test_a_broken_chain_of_pages_is_an_error_and_not_an_end(answer: dict[str, Any], words: str) -> None:
    fake = FakeCloud(issue(10001))
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, json=answer) if request.url.path.endswith("search/jql") else None
        )
    )

    with pytest.raises(SourceUnavailable, match=words):
        pulled(issues_of(jira(fake)))


def test_batches_are_fetched_side_by_side_and_handed_over_in_order() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 25)))
    together = threading.Barrier(3, timeout=20)
    first = threading.Semaphore(3)

    class Meeting(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("issue/bulkfetch") and first.acquire(blocking=False):
                together.wait()  # passes only when three requests are under way at once
            return fake.transport.handle_request(request)

    config = JiraConfig.model_validate(
        {
            "base_url": "https://example.atlassian.net",
            "auth": {"type": "pat", "token": "secret-token"},
            "batch": 4,
            "projects": ["PMO"],
        }
    )
    connector = Jira(config, source="tracker", transport=Meeting(), connections=3)
    _, records = pulled(issues_of(connector))
    connector.close()

    assert keys(records) == [f"PMO-{n}" for n in range(1, 25)]


def test_the_one_issue_the_tracker_fails_on_is_isolated() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 9)))

    def poisoned(request: httpx.Request, body: Any) -> httpx.Response | None:
        if request.url.path.endswith("issue/bulkfetch") and "10006" in body["issueIdsOrKeys"]:
            return httpx.Response(
                200, content=b'{"issues": [{"id"', headers={"Content-Type": "application/json"}
            )
        return None

    fake.rules.append(poisoned)
    pages, records = pulled(issues_of(jira(fake, batch=8)))

    assert sorted(record.external_id for record in records) == [str(10000 + n) for n in range(1, 9)]
    (rejected,) = [record for record in records if record.unreadable]
    assert rejected.external_id == "10006"
    assert "fails whenever" in str(rejected.unreadable)
    assert pages[0].said == 8


def test_one_bad_project_does_not_stop_the_others() -> None:
    fake = FakeCloud(issue(10001), issue(10002, "OPS", 10001), projects=("PMO", "OPS"))
    stream = issues_of(jira(fake, projects=["PMO", "NOPE", "OPS"]))

    got: list[str] = []
    problems: list[str] = []
    for slice_ in stream.slices():
        try:
            got += keys([one for page in stream.pull(slice_, None) for one in stream.read(page.parts)])
        except SliceUnreadable as error:
            problems.append(str(error))

    assert got == ["PMO-1", "OPS-2"]
    (problem,) = problems
    assert "NOPE" in problem
    assert "no such project, or this account does not see it" in problem


def test_slices_are_named_by_the_projects_immutable_id() -> None:
    fake = FakeCloud(issue(10001), projects=("PMO", "OPS", "LAW"))

    slices = issues_of(jira(fake, projects=["*"])).slices()

    assert [(one.name, one.label) for one in slices] == [("10000", "PMO"), ("10001", "OPS"), ("10002", "LAW")]


def test_a_query_is_one_slice_and_a_changed_query_another() -> None:
    fake = FakeCloud(issue(10001), issue(10002, "OPS", 10001), projects=("PMO", "OPS"))
    query = 'project = "OPS" OR summary ~ "order by luck" ORDER BY rank'

    stream = issues_of(jira(fake, projects=["*"], query=query))
    pages, _ = pulled(stream, {"since": "2026-01-01T00:00:00+00:00", "repaired": f"{datetime.now(UTC)}"})

    (listing,) = [body["jql"] for path, body in fake.bodies if path.endswith("search/jql")]
    assert listing.startswith('(project = "OPS" OR summary ~ "order by luck") AND updated >= ')
    assert listing.endswith(" ORDER BY created ASC")
    other = issues_of(jira(fake, projects=["*"], query='project = "PMO"'))
    assert pages[0].slice != other.slices()[0].name


def test_a_refused_query_is_explained_in_the_trackers_words() -> None:
    fake = FakeCloud()
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(400, json={"errorMessages": ["Field 'colour' does not exist."]})
            if request.url.path.endswith("search/jql")
            else None
        )
    )

    with pytest.raises(MisconfiguredSource, match="Field 'colour' does not exist"):
        pulled(issues_of(jira(fake, projects=["*"], query="colour = red")))


def test_a_sign_in_that_ends_in_the_middle_of_a_run_ends_it_in_words() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 12)))
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(401, json={"errorMessages": ["Client must be authenticated."]})
            if fake.seen["/rest/api/3/issue/bulkfetch"] > 1 and request.url.path.endswith("bulkfetch")
            else None
        )
    )

    with pytest.raises(ConnectorError, match="e-mail address and the token"):
        pulled(issues_of(jira(fake)))


def test_an_issue_url_leads_to_the_site_also_behind_the_gateway() -> None:
    fake = FakeCloud(issue(10001))

    stream = issues_of(jira(fake), site_url="https://example.atlassian.net")

    _, records = pulled(stream)
    assert records[0].url == "https://example.atlassian.net/browse/PMO-1"
