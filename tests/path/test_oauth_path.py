"""Through Jira's gateway by OAuth, from the configuration to the stored issues; and runs with a budget."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine

from connectors.grants import Grant
from sync.credentials import StoredTokens
from sync.login import begin_login
from sync.registry import utc_now
from tests.support.sandbox_sources import block, configure
from tests.support.sandboxes import Sandbox, running
from tests.support.store import Outcome, ask, count, pulled

SECRET: Final = "sandbox-app-secret"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _own_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OAUTH_SECRET", SECRET)
    monkeypatch.setenv("SCOPED_TOKEN", "sandbox-scoped-token")
    monkeypatch.setenv("MUSTER_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def cloud() -> Iterator[Sandbox]:
    with running("jira-cloud", issues=120) as sandbox:
        yield sandbox


def by_oauth(sandbox: Sandbox, name: str, **more: Any) -> Json:
    auth = {
        "type": "oauth",
        "client_id": "muster-sandbox-app",
        "client_secret": "env:OAUTH_SECRET",
        "authority": sandbox.url,
        **more.pop("auth", {}),
    }
    return block(sandbox, name, base_url=sandbox.info["gateway_url"], auth=auth, **more)


def hand_in(engine: Engine, sandbox: Sandbox, name: str) -> str:
    """Give a source a refresh token; returns it."""
    first = str(sandbox.control("oauth", {"grant": True})["refresh_token"])
    StoredTokens(engine, name).write(Grant(first), utc_now())
    return first


def clean(engine: Engine, found: Outcome, *secrets: str) -> None:
    """No secret anywhere in what the run left behind."""
    shown = found.words + repr(ask(engine, "SELECT parts, stream FROM raw_page"))
    shown += repr(ask(engine, "SELECT config, semantics FROM source"))
    for secret in (SECRET, *secrets):
        assert secret not in shown


def test_issues_arrive_through_the_gateway_while_tokens_end_and_follow_each_other(
    engine: Engine, cloud: Sandbox
) -> None:
    configure(engine, by_oauth(cloud, "delivery"))
    cloud.control("oauth", {"access_s": 60.4})  # good for 0.4 s, for it is exchanged a minute early
    first = hand_in(engine, cloud, "delivery")

    found = pulled(engine, "delivery")

    told = cloud.control("oauth", {"access_s": 3600})
    assert (found.state, count(engine, "work_item")) == ("succeeded", 120)
    assert told["exchanges"] >= 1
    assert told["twice"] == 0
    grant = StoredTokens(engine, "delivery").load()
    assert grant is not None
    assert grant.refresh != first
    clean(engine, found, first, str(grant.refresh), str(grant.access))


def test_a_run_before_any_sign_in_says_where_to_sign_in(engine: Engine, cloud: Sandbox) -> None:
    configure(engine, by_oauth(cloud, "nobody"))

    found = pulled(engine, "nobody")

    assert found.state == "failed"
    assert found.error.startswith("nobody: nobody has signed in yet. Sign in on the source's page")
    assert found.error.endswith("muster source login nobody")


def test_an_answer_lost_on_the_way_is_survived_and_one_whose_token_is_lost_is_told(
    engine: Engine, cloud: Sandbox
) -> None:
    configure(engine, by_oauth(cloud, "shaky"))
    hand_in(engine, cloud, "shaky")
    cloud.control("oauth", {"lose": 1})

    assert pulled(engine, "shaky").state == "succeeded"
    assert cloud.control("oauth")["twice"] == 1, "once more within ten minutes, as Atlassian lets us"

    late = hand_in(engine, cloud, "shaky")
    cloud.control("oauth", {"lose": 1, "reuse_s": -1})
    found = pulled(engine, "shaky")
    cloud.control("oauth", {"reuse_s": 600, "lose": 0})

    assert found.state == "failed"
    assert "muster source login shaky" in found.error
    clean(engine, found, late)


def test_a_consent_that_was_withdrawn_fails_the_run_in_words(engine: Engine, cloud: Sandbox) -> None:
    configure(engine, by_oauth(cloud, "withdrawn"))
    first = hand_in(engine, cloud, "withdrawn")
    assert pulled(engine, "withdrawn").state == "succeeded"
    cloud.control("oauth", {"revoke": True})

    found = pulled(engine, "withdrawn")

    assert "the sign-in is not good any more" in found.error
    clean(engine, found, first)


def test_a_scope_that_is_missing_is_named_and_spends_no_token(engine: Engine, cloud: Sandbox) -> None:
    configure(engine, by_oauth(cloud, "narrow"))
    cloud.control("oauth", {"scopes": ["read:jira-work", "read:jira-user", "offline_access"]})
    hand_in(engine, cloud, "narrow")
    before = cloud.control("oauth")["exchanges"]

    found = pulled(engine, "narrow")

    boards = ["read:board-scope:jira-software", "read:sprint:jira-software", "read:project:jira"]
    after = cloud.control(
        "oauth", {"scopes": ["read:jira-work", "read:jira-user", *boards, "offline_access"]}
    )
    assert count(engine, "work_item") == 120, "issues need no board"
    assert "scope does not match" in found.words
    assert after["exchanges"] - before == 1


def test_a_service_account_and_a_scoped_token_go_the_same_way(engine: Engine, cloud: Sandbox) -> None:
    scoped = {"type": "basic", "username": "sync@example.com", "token": "env:SCOPED_TOKEN"}
    configure(
        engine,
        by_oauth(cloud, "service", auth={"grant": "client_credentials"}),
        block(cloud, "scoped", base_url=cloud.info["gateway_url"], auth=scoped),
    )

    assert pulled(engine, "service").state == "succeeded"
    assert pulled(engine, "scoped").state == "succeeded"
    assert ask(engine, "SELECT * FROM credential") == []


def test_a_data_center_gives_tokens_of_its_own(engine: Engine) -> None:
    with running("jira-dc", issues=30) as center:
        auth = {"type": "oauth", "client_id": "muster-sandbox-app", "client_secret": "env:OAUTH_SECRET"}
        configure(engine, block(center, "center", auth=auth))
        login = begin_login(engine, "center")
        assert login.url.startswith(f"{center.info['base_url']}/rest/oauth2/latest/authorize?")
        code = center.control("oauth", {"code": True})["code"]
        assert login.finish(code=code, state=login.state).startswith("center: signed in at")
        login.close()

        found = pulled(engine, "center")

    assert (found.state, count(engine, "work_item")) == ("succeeded", 30)


def test_a_run_stops_at_its_budget_and_the_next_ones_go_on_until_all_is_there(
    engine: Engine, cloud: Sandbox
) -> None:
    configure(engine, block(cloud, "modest", batch=2, budget={"requests": 80}))
    states, counts = [], []
    for _ in range(12):
        found = pulled(engine, "modest")
        states.append(found.state)
        counts.append(count(engine, "work_item"))
        if found.state == "succeeded":
            break
        assert "the budget of 80 requests a run is spent" in found.error
        assert "the next run goes on from there" in found.error

    assert states[0] == "partial"
    assert states[-1] == "succeeded"
    assert counts == sorted(counts)
    assert counts[-1] == 120
    assert all(row["requests"] <= 80 for row in ask(engine, "SELECT requests FROM run"))


def test_another_key_is_told_and_nothing_is_asked_of_the_authority(
    engine: Engine, cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config.settings import settings

    configure(engine, by_oauth(cloud, "moved"))
    hand_in(engine, cloud, "moved")
    before = cloud.control("oauth")["exchanges"]
    monkeypatch.setenv("MUSTER_SECRET_KEY", Fernet.generate_key().decode())
    settings.cache_clear()
    try:
        found = pulled(engine, "moved")
    finally:
        monkeypatch.delenv("MUSTER_SECRET_KEY")
        settings.cache_clear()

    assert "sealed with another key" in found.error
    assert os.environ["OAUTH_SECRET"] not in found.words
    assert cloud.control("oauth")["exchanges"] == before


def test_a_budget_that_gets_a_source_nowhere_says_so(engine: Engine, cloud: Sandbox) -> None:
    configure(engine, block(cloud, "starved", budget={"requests": 4}))

    found = pulled(engine, "starved")

    assert found.state == "partial"
    assert found.error.endswith("with so little this source never gets any further; raise its budget")
