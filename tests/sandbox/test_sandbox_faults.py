"""Every sandbox can be asked to misbehave, to be slow, and to tell what was asked of it."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.jira_clients import ANCHOR, cloud
from tests.support.sandboxes import Sandbox, kept, running

PATH = "/rest/api/3/myself"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = kept("jira-cloud", anchor=ANCHOR)
    yield sandbox
    sandbox.calm()


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with cloud(sandbox) as client:
        yield client


def test_a_status_with_headers_is_answered_as_often_as_asked_and_after_as_many(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    fault = {"match": "myself", "kind": "status", "status": 429, "headers": {"Retry-After": "1"}}
    sandbox.control("faults", fault | {"times": 2, "after": 1})
    answers = [client.get(PATH) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "1"


def test_a_fault_hits_the_requests_it_matches_alone(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("faults", {"match": r"search/jql\?.*POR", "kind": "status", "status": 503, "times": -1})
    search = "/rest/api/3/search/jql"
    assert client.get(search, params={"jql": "project = POR"}).status_code == 503
    assert client.get(search, params={"jql": "project = SSO"}).status_code == 200
    sandbox.control("faults", method="DELETE")
    assert client.get(search, params={"jql": "project = POR"}).status_code == 200


def test_a_body_and_its_type_can_be_chosen(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control(
        "faults", {"match": "myself", "kind": "status", "status": 502, "body": "<html>Bad gateway</html>"}
    )
    answer = client.get(PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


def test_a_reset_connection_is_a_reset_and_not_an_answer(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("faults", {"match": "myself", "kind": "reset"})
    with pytest.raises(httpx.ReadError):
        client.get(PATH)
    assert client.get(PATH).status_code == 200


def test_a_truncated_body_breaks_off(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("faults", {"match": "field", "kind": "truncate"})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.get("/rest/api/3/field")


def test_a_sign_in_page_comes_with_a_status_that_looks_like_success(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    sandbox.control("faults", {"match": "myself", "kind": "html203"})
    answer = client.get(PATH)
    assert (answer.status_code, answer.is_success) == (203, True)
    assert answer.headers["content-type"].startswith("text/html")


def test_an_expired_token_and_an_emptied_answer(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control(
        "faults", [{"match": "myself", "kind": "expired"}, {"match": "project/search", "kind": "empty200"}]
    )
    assert client.get(PATH).status_code == 401
    emptied = client.get("/rest/api/3/project/search").json()
    assert (emptied["values"], emptied["total"], emptied["isLast"]) == ([], 0, True)


def test_slowness_is_for_the_matching_requests_and_latency_for_all(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    sandbox.control("faults", {"match": "myself", "kind": "slow", "seconds": 0.3})
    sandbox.control("latency", {"ms": 60})
    began = time.monotonic()
    client.get("/rest/api/3/status")
    between = time.monotonic()
    client.get(PATH)
    ended = time.monotonic()
    assert between - began >= 0.06
    assert ended - between >= 0.36


def test_statistics_count_requests_by_path_and_how_many_ran_at_once(sandbox: Sandbox) -> None:
    sandbox.control("latency", {"ms": 300})

    def ask() -> None:
        with cloud(sandbox) as client:
            client.get(PATH)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = sandbox.control("stats")
    assert stats["requests"] == {f"GET {PATH}": 3}
    assert stats["max_concurrent"] == 3
    assert sandbox.control("stats", method="DELETE")["total"] == 3
    assert sandbox.control("stats")["total"] == 0


def test_an_unknown_kind_of_fault_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(AssertionError, match="kind is one of"):
        sandbox.control("faults", {"match": "", "kind": "gremlins"})


def test_a_sandbox_ends_when_its_stdin_is_closed() -> None:
    with running("jira-cloud", anchor=ANCHOR, issues=10) as sandbox:
        assert sandbox.process.stdin is not None
        sandbox.process.stdin.close()
        assert sandbox.process.wait(10) == 0
