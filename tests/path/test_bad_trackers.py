"""Trackers that refuse us or are none: what the run says, and what has landed all the same."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from connectors.errors import MisconfiguredSource
from tests.support.command_line import CommandLine
from tests.support.no_tracker import closed_port, web_page
from tests.support.sandbox_sources import REGISTER, block, configure, write_document
from tests.support.sandboxes import Sandbox, kept, running
from tests.support.store import ask, count, pulled

WRONG: Final = "wr0ng-s3cret-never-shown"
NOWHERE: Final = "nonexistent.invalid"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _wrong_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG_SECRET", WRONG)


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    with web_page() as url:
        yield url


def sandbox(name: str) -> Sandbox:
    return kept(name)


def refused(engine: Engine, configured: Json, *phrases: str) -> None:
    """Pull a source that nothing can be read of: the run fails in these words, said once, without the secret."""
    name = configured["name"]
    configure(engine, configured)

    found = pulled(engine, name)

    assert found.state == "failed"
    assert found.error.startswith(f"{name}: ")
    for phrase in phrases:
        assert phrase in found.error
    assert WRONG not in found.words
    assert "Traceback" not in found.words
    assert len(found.error.splitlines()) == 1
    assert not any(each in found.error for each in found.warnings)
    assert count(engine, "work_item") == count(engine, "raid_item") == 0


WRONG_PAT: Final[Json] = {"type": "pat", "token": "env:WRONG_SECRET"}
WRONG_BASIC: Final[Json] = {"type": "basic", "username": "sync@example.com", "token": "env:WRONG_SECRET"}


@pytest.mark.parametrize(
    ("tracker", "auth", "phrases"),
    [
        # Cloud answers most questions of nobody with an empty 200; who we are it does not.
        ("jira-cloud", WRONG_BASIC, ("/myself answered HTTP 401", "e-mail address", "id.atlassian.com")),
        ("jira-cloud", WRONG_PAT, ("HTTP 401", "use auth type basic")),
        ("jira-dc", WRONG_PAT, ("HTTP 401", "On Jira Data Center use a personal access token")),
        ("ado", WRONG_PAT, ("answered 203", "sign-in page", "Create a new personal access token")),
    ],
    ids=["cloud token", "cloud token as bearer", "data center", "azure devops"],
)
def test_wrong_credentials_fail_the_run_with_what_to_do(
    engine: Engine, tracker: str, auth: Json, phrases: tuple[str, ...]
) -> None:
    refused(engine, block(sandbox(tracker), auth=auth), *phrases)


def test_nothing_a_tracker_tells_to_nobody_makes_records_vanish(engine: Engine) -> None:
    tracker = sandbox("jira-cloud")
    configure(engine, block(tracker, projects=["PIT"]))
    assert pulled(engine, "jira-cloud").state == "succeeded"
    before = count(engine, "work_item")
    configure(engine, block(tracker, projects=["PIT"], auth=WRONG_BASIC))

    found = pulled(engine, "jira-cloud", full=True)

    assert found.state == "failed"
    assert found.ledger == {}
    assert before == 120
    assert ask(engine, "SELECT count(*) AS n FROM work_item WHERE deleted_at IS NULL") == [{"n": before}]


def test_an_empty_200_where_the_account_should_be_is_no_sign_in(engine: Engine) -> None:
    with running("jira-cloud") as tracker:
        tracker.control("faults", {"match": "/myself", "kind": "empty200", "body": {}, "times": -1})
        refused(engine, block(tracker), "takes us for nobody", "e-mail address")


@pytest.mark.parametrize(
    ("auth", "phrases"),
    [
        (
            {"client_secret": "env:WRONG_SECRET"},
            ("AADSTS7000215", "the client secret is wrong", "value, not its id"),
        ),
        ({"tenant": "nobody.example"}, ("no such tenant as 'nobody.example'", "check tenant")),
        ({"client_id": "somebody-else"}, ("AADSTS700016", "check client_id")),
    ],
    ids=["secret", "tenant", "client"],
)
def test_what_entra_refuses_is_named_by_its_code(
    engine: Engine, auth: Json, phrases: tuple[str, ...]
) -> None:
    usual = block(sandbox("sharepoint"))

    refused(engine, {**usual, "auth": {**usual["auth"], **auth}}, *phrases)


def test_an_application_not_granted_the_site_is_told_to_have_it_granted(engine: Engine) -> None:
    with running("sharepoint") as site:
        site.control("edit", {"grant": False})
        refused(
            engine,
            block(site),
            "may not see the site contoso.sharepoint.example:/sites/pmo",
            "Sites.Selected",
        )


def test_azure_devops_by_entra_says_whose_secret_is_wrong(engine: Engine) -> None:
    graph = sandbox("sharepoint")
    auth = {**block(graph)["auth"], "client_secret": "env:WRONG_SECRET"}

    refused(engine, block(sandbox("ado"), auth=auth, ca_bundle=graph.info["ca_bundle"]), "AADSTS7000215")


def test_a_way_to_sign_in_that_does_not_exist_is_refused_at_apply(engine: Engine) -> None:
    with pytest.raises(MisconfiguredSource) as caught:
        configure(engine, block(sandbox("ado"), auth={"type": "bearer", "token": "env:WRONG_SECRET"}))

    assert "'pat', 'entra'" in str(caught.value)
    assert count(engine, "source") == 0


@pytest.mark.parametrize(
    ("tracker", "option", "path", "words"),
    [
        ("jira-cloud", "base_url", "", "no tracker at all. Check the address (base_url)"),
        ("jira-dc", "base_url", "/jira", "no tracker at all. Check the address (base_url)"),
        ("ado", "base_url", "/contoso", "no tracker at all. Check the address (base_url)"),
        ("sharepoint", "graph_url", "/v1.0", "not as Microsoft Graph does. Correct graph_url"),
    ],
)
def test_a_host_with_a_page_for_people_is_no_tracker(
    engine: Engine, page: str, tracker: str, option: str, path: str, words: str
) -> None:
    refused(engine, block(sandbox(tracker), **{option: page + path}), words)


@pytest.mark.parametrize(
    ("tracker", "option", "path"),
    [("jira-cloud", "base_url", ""), ("ado", "base_url", "/contoso")],
)
def test_a_name_that_does_not_resolve_is_a_typing_mistake(
    engine: Engine, tracker: str, option: str, path: str
) -> None:
    address = f"https://{NOWHERE}{path}"

    refused(
        engine,
        block(sandbox(tracker), **{option: address}),
        f"{NOWHERE} is not known in",
        f"Check {option} for",
    )


@pytest.mark.slow
def test_a_port_where_nobody_listens_is_tried_again_and_again_and_then_named(engine: Engine) -> None:
    words = ("refuses connections", "the port in base_url is wrong", "The next run tries again")

    refused(engine, block(sandbox("ado"), base_url=f"{closed_port()}/contoso"), *words)


def test_one_jira_project_that_may_not_be_seen_does_not_stop_the_others(engine: Engine) -> None:
    configure(engine, block(sandbox("jira-cloud"), projects=["NOPE", "PIT"]))

    found = pulled(engine, "jira-cloud")

    assert found.state == "partial"
    assert "NOPE: there is no such project, or this account does not see it. Check the key" in found.error
    assert "PIT:" not in found.error
    assert len(found.error.splitlines()) == len(set(found.error.splitlines()))
    assert found.counts("issues") == (120, 0, 0)
    assert found.counts("sprints")[0] > 0


def test_one_devops_project_that_may_not_be_seen_does_not_stop_the_others(engine: Engine) -> None:
    configure(engine, block(sandbox("ado"), projects=["Nope", "Innovation Garage"]))

    found = pulled(engine, "ado")

    assert found.state == "partial"
    assert (
        "Nope: no such project, or this account may not see it. Check the name under 'projects'"
        in found.error
    )
    assert count(engine, "work_item") > 60


def test_one_workbook_that_is_not_there_does_not_stop_the_others(engine: Engine) -> None:
    missing = {"path": "/Programme/raid-2031.xlsx", "holds": "raid"}
    configure(engine, block(sandbox("sharepoint"), workbooks=[missing, REGISTER]))

    found = pulled(engine, "sharepoint")

    assert found.state == "partial"
    assert "Programme/raid-2031.xlsx: is not there; the folder /Programme holds " in found.error
    assert "register.xlsx" in found.error
    assert found.ledger["projects"]["stored"] == 12


def test_the_command_line_says_it_in_a_sentence_and_exits_1_or_3(
    database_url: str, tmp_path: Path, page: str
) -> None:
    secrets = {
        "SANDBOX_JIRA_TOKEN": os.environ.get("SANDBOX_JIRA_TOKEN", "sandbox-token"),
        "WRONG_SECRET": WRONG,
    }
    muster = CommandLine(database_url, tmp_path, secrets)
    tracker = sandbox("jira-cloud")
    file = write_document(
        tmp_path / "sources.yaml",
        block(tracker, "refused", auth=WRONG_BASIC),
        block(tracker, "partly", projects=["NOPE", "PIT"]),
        block(tracker, "no-tracker", base_url=page),
    )
    assert muster("apply", "-f", str(file), "--yes").code == 0

    checked, partly, failed = (
        muster("check"),
        muster("sync", "partly"),
        muster("sync", "refused", "no-tracker"),
    )

    assert checked.code == 1
    assert "HTTP 401" in checked.out
    assert "There is no project NOPE" in checked.out
    assert partly.code == 3
    assert "NOPE: there is no such project" in partly.err
    assert "issues       said 120 = stored 120" in partly.out
    assert failed.code == 1
    assert "refused: failed" in failed.out
    assert "HTTP 401" in failed.err
    assert "no tracker at all" in failed.err
