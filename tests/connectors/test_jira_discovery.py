"""What a site has, who we are there, and every way of not being let in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.base import Finding
from connectors.errors import AccessDenied, ConnectorError, MisconfiguredSource, SourceUnavailable
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from tests.support.fake_jira import STATUSES, FakeCloud, FakeJira, FakeServer


def jira(fake: FakeJira, **options: Any) -> Jira:
    config = JiraConfig.model_validate(
        {
            "base_url": "https://example.atlassian.net",
            "auth": {"type": "basic", "username": "sync@example.com", "token": "secret-token"},
            **options,
        }
    )
    return Jira(
        config, source="tracker", transport=fake.transport, clock=lambda: datetime(2026, 2, 2, tzinfo=UTC)
    )


def finding(findings: Any, what: str) -> Finding:
    return next(one for one in findings if one.what == what)


def test_the_field_that_boards_estimate_by_holds_the_points() -> None:
    fake = FakeCloud()
    fake.boards = [{"id": 1, "type": "scrum"}, {"id": 2, "type": "scrum"}]
    for board in (1, 2):
        fake.estimation[board] = {
            "type": "field",
            "field": {"fieldId": "customfield_10026", "displayName": "Story Points"},
        }

    found = jira(fake).discover()

    assert found.semantics["story_points"] == "customfield_10026"
    assert found.semantics["story_points_other"] == "customfield_10016"
    assert "2 board(s) estimate by it ('Story Points')" in found.evidence["story_points"]


def test_without_boards_the_fields_own_type_decides() -> None:
    found = jira(FakeCloud()).discover()

    assert found.semantics["story_points"] == "customfield_10016"
    assert "jsw-story-points" in found.evidence["story_points"]


def test_an_estimate_in_hours_or_a_count_of_issues_is_no_points() -> None:
    fake = FakeCloud()
    fake.boards = [{"id": 1, "type": "scrum"}, {"id": 2, "type": "scrum"}]
    fake.estimation[1] = {
        "type": "field",
        "field": {"fieldId": "timeoriginalestimate", "displayName": "Hours"},
    }
    fake.estimation[2] = {"type": "issueCount"}

    assert jira(fake).discover().semantics["story_points"] == "customfield_10016"


def test_the_configuration_has_the_last_word_on_fields() -> None:
    found = jira(FakeCloud(), fields={"story_points": "customfield_10024"}).discover()

    assert found.semantics["story_points"] == "customfield_10024"
    assert found.evidence["story_points"] == "the configuration of this source says so"
    assert any("customfield_10024" in warning for warning in found.warnings)


def test_sprint_epic_link_and_flag_are_found_by_their_types_and_states_by_id() -> None:
    found = jira(FakeCloud()).discover()

    assert found.semantics["sprint"] == "customfield_10020"
    assert found.semantics["epic_link"] == "customfield_10014"
    assert found.semantics["flagged"] == "customfield_10021"
    assert found.semantics["status_categories"] == "1:todo 3:doing 5:done"
    assert [scope["key"] for scope in found.scopes] == ["PMO"]


def test_a_status_whose_category_contradicts_itself_is_warned_of() -> None:
    fake = FakeCloud()
    odd = [*STATUSES, {"id": "9", "name": "Odd", "statusCategory": {"id": 3, "key": "new"}}]
    fake.rules.append(
        lambda request, _body: httpx.Response(200, json=odd) if request.url.path.endswith("/status") else None
    )

    found = jira(fake).discover()

    assert "9:todo" in found.semantics["status_categories"]
    assert any("'Odd'" in warning and "the key is used" in warning for warning in found.warnings)


@pytest.mark.parametrize("kind", [FakeCloud, FakeServer])
def test_a_good_source_is_good_in_every_line(kind: type[FakeJira]) -> None:
    fake = kind()
    fake.boards = [{"id": 1, "type": "scrum"}]

    findings = jira(fake, projects=["PMO"]).check()

    assert all(one.ok for one in findings), findings
    assert finding(findings, "account").says == "Signed in as Sync."


def test_a_missing_project_is_one_bad_line_among_good_ones() -> None:
    findings = jira(FakeCloud(), projects=["PMO", "NOPE"]).check()

    assert finding(findings, "project PMO").ok
    bad = finding(findings, "project NOPE")
    assert not bad.ok
    assert bad.todo is not None
    assert "Browse Projects" in bad.todo


def test_a_clock_that_is_off_is_told() -> None:
    fake = FakeCloud()
    theirs = (datetime(2026, 2, 2, tzinfo=UTC) - timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    info = {**fake.server_info(), "serverTime": theirs}
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, json=info) if request.url.path.endswith("serverInfo") else None
        )
    )

    assert "20 minutes apart" in finding(jira(fake).check(), "clock").says


def test_wrong_credentials_are_refused_although_the_site_answers_anybody_with_nothing() -> None:
    fake = FakeCloud(projects=())  # a wrong token on Cloud: 200 with nothing in it, but nobody is signed in
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(
                401,
                json={"errorMessages": ["Client must be authenticated to access this resource."]},
                headers={"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"},
            )
            if request.url.path.endswith("/myself")
            else None
        )
    )

    with pytest.raises(AccessDenied) as caught:
        jira(fake).check()
    with pytest.raises(AccessDenied):  # nor does a run take the nothing for an answer
        jira(fake).streams({}, [])[0].slices()

    assert "id.atlassian.com" in str(caught.value)
    assert "secret-token" not in str(caught.value)


def test_an_account_that_sees_no_project_is_told_and_nothing_is_taken_for_deleted() -> None:
    stream = jira(FakeCloud(projects=())).streams({}, [])[0]
    (only,) = stream.slices()

    with pytest.raises(AccessDenied, match="nothing is taken for deleted"):
        list(stream.pull(only, None))


def test_a_captcha_is_told_and_not_tried_again() -> None:
    fake = FakeCloud()
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(
                403,
                text="<html>CAPTCHA</html>",
                headers={
                    "X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x/login.jsp"
                },
            )
            if request.url.path.endswith("/myself")
            else None
        )
    )

    with pytest.raises(AccessDenied, match="Sign in once by browser"):
        jira(fake).check()
    assert fake.seen["/rest/api/3/myself"] == 1


def test_a_token_with_too_narrow_scopes_is_told_which_it_needs() -> None:
    fake = FakeCloud()
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(401, json={"code": 401, "message": "Unauthorized; scope does not match"})
            if request.url.path.endswith("/myself")
            else None
        )
    )

    with pytest.raises(AccessDenied, match="read:jira-work"):
        jira(fake).check()


def test_a_host_that_is_no_tracker_is_told_by_its_web_page() -> None:
    fake = FakeCloud()
    page = httpx.Response(200, html="<!DOCTYPE html><title>Welcome to nginx</title>")
    fake.rules.append(lambda _request, _body: page)

    with pytest.raises(AccessDenied, match=r"web page instead of data.*base_url"):
        jira(fake).check()


def test_a_host_that_speaks_json_but_is_no_jira_is_told() -> None:
    fake = FakeCloud()
    fake.rules.append(lambda _request, _body: httpx.Response(200, json={"hello": "world"}))

    with pytest.raises(MisconfiguredSource, match="not as a Jira does"):
        jira(fake).check()


def test_a_host_name_with_a_typing_mistake_is_told() -> None:
    config = JiraConfig.model_validate(
        {"base_url": "https://no-such-host.invalid", "auth": {"type": "pat", "token": "secret-token"}}
    )

    with pytest.raises(SourceUnavailable, match=r"no-such-host\.invalid is not known in the network"):
        Jira(config, source="tracker").check()


def test_no_failure_shows_the_token() -> None:
    fake = FakeCloud()
    fake.rules.append(
        lambda request, _body: httpx.Response(
            400, json={"errorMessages": [str(request.headers), "secret-token"]}
        )
    )

    with pytest.raises(ConnectorError) as caught:
        jira(fake).check()
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "example.atlassian.net"}, "https://"),
        ({"base_url": "https://example.atlassian.net/browse/PMO-1"}, "not that of one of its pages"),
        ({"base_url": "https://user:secret-token@example.atlassian.net"}, "hold no user name"),
        ({"projects": ["*", "PMO"]}, "every project"),
        ({"projects": ["PMO"], "query": "project = PMO"}, "not both"),
        ({"query": "  "}, "is empty"),
        ({"fields": {"story_points": "Story Points"}}, "customfield_10016"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused_without_showing_values(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        JiraConfig.model_validate(
            {
                "base_url": "https://example.atlassian.net",
                "auth": {"type": "pat", "token": "secret-token"},
                **options,
            }
        )
    assert words in str(caught.value)
    assert "secret-token" not in str(caught.value)
