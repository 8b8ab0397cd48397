"""Pulling issues from a Data Center: offsets that shift, pages cut down, lists refused for one bad id."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.base import Page, RawRecord, Stream
from connectors.errors import SliceUnreadable, SourceUnavailable
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from tests.support.fake_jira import FakeServer, issue

NOW = datetime(2026, 2, 2, tzinfo=UTC)


def issues_of(fake: FakeServer, **options: Any) -> Stream:
    config = JiraConfig.model_validate(
        {
            "base_url": "https://jira.example.com",
            "auth": {"type": "pat", "token": "secret-token"},
            "batch": 6,
            "projects": ["PMO"],
            **options,
        }
    )
    connector = Jira(config, source="tracker", transport=fake.transport, clock=lambda: NOW)
    return next(one for one in connector.streams({}, []) if one.name == "issues")


def pulled(stream: Stream, cursor: dict[str, Any] | None = None) -> tuple[list[Page], list[RawRecord]]:
    (only,) = stream.slices()
    pages = list(stream.pull(only, cursor))
    return pages, [record for page in pages for record in stream.read(page.parts)]


def test_every_issue_arrives_although_the_server_cuts_pages_down_without_a_word() -> None:
    fake = FakeServer(*(issue(10000 + n, changes=3) for n in range(1, 16)))

    pages, records = pulled(issues_of(fake))

    assert [record.locator for record in records] == [f"PMO-{n}" for n in range(1, 16)]
    assert [page.said for page in pages] == [6, 6, 3]
    assert pages[-1].complete
    assert all(len(record.payload["changelog"]["histories"]) == 3 for record in records)


def test_an_issue_deleted_while_the_ids_are_listed_makes_the_list_be_made_anew() -> None:
    fake = FakeServer(*(issue(10000 + n) for n in range(1, 13)))

    def shifting(request: httpx.Request, body: Any) -> httpx.Response | None:
        # The first issue goes right after the first page: all later rows move up by one.
        if request.url.path.endswith("/search") and body.get("startAt") == 3 and 10001 in fake.issues:
            del fake.issues[10001]
        return None

    fake.rules.append(shifting)
    _, records = pulled(issues_of(fake))

    assert [record.locator for record in records] == [f"PMO-{n}" for n in range(2, 13)]


def test_a_list_that_never_agrees_with_its_count_is_an_error() -> None:
    fake = FakeServer(*(issue(10000 + n) for n in range(1, 9)))

    def lying(request: httpx.Request, body: Any) -> httpx.Response | None:
        if not request.url.path.endswith("/search"):
            return None
        answer = fake.answer(request, request.url.path, body).json()
        return httpx.Response(200, json={**answer, "total": 11})

    fake.rules.append(lying)
    with pytest.raises(SourceUnavailable, match="gives 8 of the 11"):
        pulled(issues_of(fake))


def test_one_id_that_is_gone_does_not_take_its_list_along() -> None:
    fake = FakeServer(*(issue(10000 + n) for n in range(1, 7)))
    fake.gone = {10004}

    pages, records = pulled(issues_of(fake))

    assert [record.locator for record in records] == ["PMO-1", "PMO-2", "PMO-3", "PMO-5", "PMO-6"]
    assert pages[0].vanished == ("10004",)
    assert pages[0].said == 5


def test_changes_are_asked_for_in_epoch_milliseconds_where_the_server_takes_them() -> None:
    fake = FakeServer(issue(10001))

    pulled(issues_of(fake), {"since": "2026-02-01T12:00:00.000+00:00"})

    listing = [
        body["jql"] for path, body in fake.bodies if path.endswith("/search") and "project" in body["jql"]
    ]
    assert listing[0] == '(project = "PMO") AND updated >= 1769904000000 ORDER BY id ASC'


def test_else_they_are_asked_for_by_the_minute_in_the_accounts_own_time_zone() -> None:
    fake = FakeServer(issue(10001))
    fake.takes_epoch = False

    pulled(issues_of(fake, overlap_hours=1), {"since": "2026-02-01T12:00:59.000+00:00"})

    listing = [
        body["jql"] for path, body in fake.bodies if path.endswith("/search") and "project" in body["jql"]
    ]
    assert (
        listing[0] == '(project = "PMO") AND updated >= "2026/02/01 22:00" ORDER BY id ASC'
    )  # Sydney, UTC+11


def test_a_project_the_account_does_not_see_is_named() -> None:
    fake = FakeServer(issue(10001))
    stream = issues_of(fake, projects=["HIDDEN"])
    (only,) = stream.slices()

    with pytest.raises(SliceUnreadable, match="HIDDEN: there is no such project"):
        list(stream.pull(only, None))


def test_retry_after_zero_on_success_is_no_reason_to_wait() -> None:
    fake = FakeServer(issue(10001))
    config = JiraConfig.model_validate(
        {"base_url": "https://jira.example.com", "auth": {"type": "pat", "token": "secret-token"}}
    )
    connector = Jira(config, source="tracker", transport=fake.transport)
    stream = connector.streams({}, [])[-1]

    for slice_ in stream.slices():
        assert list(stream.pull(slice_, None))
    assert connector.traffic.waited_s == 0
    assert connector.traffic.retries == 0
