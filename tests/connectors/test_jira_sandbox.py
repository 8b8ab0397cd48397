"""The connector against whole sandbox trackers, over a real socket, in good weather and bad."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config import shipped
from connectors.errors import AccessDenied
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from sync.mapping import compile_stream, parse_mapping
from tests.support.sandboxes import Sandbox, running
from tests.support.shared import SHARED, needs_shared

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=["jira-cloud", "jira-dc"])
def tracker(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running(request.param) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(tracker: Sandbox) -> Iterator[Sandbox]:
    tracker.calm()
    yield tracker
    tracker.calm()


@pytest.fixture
def jira(sandbox: Sandbox) -> Iterator[Callable[..., Jira]]:
    """Make connectors to the sandbox that are closed in the end."""
    made: list[Jira] = []

    def make(**options: Any) -> Jira:
        made.append(_jira(sandbox, **options))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


def _jira(sandbox: Sandbox, **options: Any) -> Jira:
    cloud = sandbox.info["name"] == "jira-cloud"
    auth = (
        {"type": "basic", "username": "sync@example.com", "token": "sandbox-token"}
        if cloud
        else {"type": "pat", "token": "sandbox-pat"}
    )
    config = {"base_url": sandbox.info.get("base_url", sandbox.url), "auth": auth, **options}
    return Jira(JiraConfig.model_validate(config), source=sandbox.info["name"])


def everything(
    connector: Jira, name: str = "issues", stop_after: int | None = None
) -> tuple[Found, dict[str, Any]]:
    """Pull a stream whole (or so many pages a slice); return mapped records and the cursors."""
    discovery = connector.discover()
    spec = parse_mapping(shipped.mapping("jira"), where="shipped")
    mapping = compile_stream(spec, name, connector.transforms(), discovery.semantics)
    stream = next(one for one in connector.streams(discovery.semantics, mapping.fields) if one.name == name)
    found: Found = {}
    cursors: dict[str, Any] = {}
    for slice_ in stream.slices():
        for number, page in enumerate(stream.pull(slice_, None), 1):
            for record in stream.read(page.parts):
                assert record.unreadable is None
                values, _ = mapping.read(record.payload)
                found[record.external_id] = dict(zip(mapping.columns, values, strict=True))
            cursors[slice_.name] = page.cursor
            if number == stop_after:
                break
    assert mapping.unmapped == {}
    return found, cursors


def truth(sandbox: Sandbox) -> dict[str, str]:
    return {str(one["id"]): one["key"] for one in sandbox.control("truth")["issues"]}


def test_every_issue_the_tracker_really_holds_arrives(sandbox: Sandbox, jira: Callable[..., Jira]) -> None:
    found, cursors = everything(jira())

    assert {one: values["key"] for one, values in found.items()} == truth(sandbox)
    assert all(cursor["since"] for cursor in cursors.values())


def test_a_check_finds_the_account_and_every_project(jira: Callable[..., Jira]) -> None:
    findings = {one.what: one for one in jira().check()}

    assert findings["account"].ok
    assert findings["projects"].ok
    assert findings["boards"].ok


def test_sprints_versions_users_and_projects_arrive_and_every_value_has_a_meaning(
    jira: Callable[..., Jira],
) -> None:
    connector = jira()

    for name in ("projects", "users", "sprints", "versions"):
        assert everything(connector, name)[0]


@pytest.mark.slow
def test_storms_change_nothing_but_the_time_it_takes(sandbox: Sandbox, jira: Callable[..., Jira]) -> None:
    projects = list(sandbox.control("truth")["projects"])[-2:]
    calm, _ = everything(jira(projects=projects))
    for fault in (
        {
            "match": "bulkfetch|search",
            "kind": "status",
            "status": 429,
            "headers": {"Retry-After": "0"},
            "times": 3,
        },
        {"match": "bulkfetch|search", "kind": "status", "status": 503, "times": 2, "after": 3},
        {"match": "bulkfetch|search", "kind": "reset", "times": 2, "after": 5},
        {"match": "bulkfetch|search", "kind": "truncate", "times": 2, "after": 8},
    ):
        sandbox.control("faults", fault)
    connector = jira(projects=projects)

    found, _ = everything(connector)

    assert found == calm
    assert connector.traffic.retries >= 4


def test_a_sign_in_page_in_the_middle_ends_the_run_in_words(
    sandbox: Sandbox, jira: Callable[..., Jira]
) -> None:
    sandbox.control("faults", {"match": "search", "kind": "html203", "times": 1})

    with pytest.raises(AccessDenied, match=r"sign-in page"):
        everything(jira())


def test_wrong_credentials_are_refused_before_anything_is_believed(jira: Callable[..., Jira]) -> None:
    connector = jira(auth={"type": "basic", "username": "sync@example.com", "token": "wrong-token"})

    with pytest.raises(AccessDenied) as caught:
        connector.streams({}, [])[0].slices()
    assert "wrong-token" not in str(caught.value)


def test_a_run_cut_off_after_any_page_goes_on_and_has_everything_in_the_end(
    sandbox: Sandbox, jira: Callable[..., Jira]
) -> None:
    first, cursors = everything(jira(), stop_after=2)
    connector = jira()
    stream = connector.streams(connector.discover().semantics, [])[-1]

    rest = {
        record.external_id: record.locator
        for slice_ in stream.slices()
        for page in stream.pull(slice_, cursors[slice_.name])
        for record in stream.read(page.parts)
    }

    assert first.keys() | rest.keys() == truth(sandbox).keys()
    assert len(rest) < len(first.keys() | rest.keys())


@needs_shared
def test_recorded_issues_of_a_real_site_come_through_the_whole_way() -> None:
    folder = SHARED / "data" / "jira-cloud" / "raw_tables"
    with running("jira-cloud", recorded=folder) as sandbox:
        connector = _jira(
            sandbox, fields={"story_points": "customfield_10024", "sprint": "customfield_10020"}
        )
        found, _ = everything(connector)
        connector.close()

    assert len(found) == 33
    assert {values["points"] for values in found.values()} == {None, -1.0, 2.0}
