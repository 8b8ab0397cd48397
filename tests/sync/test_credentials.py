"""Stored tokens: sealed, and exchanged by one process at a time however many there are."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from config.settings import Settings
from config.vault import Vault, VaultUnusable, open_vault
from connectors.errors import MisconfiguredSource
from connectors.grants import Grant
from sync.credentials import StoredTokens
from tests.support.fake_source import configure
from tests.support.processes import until
from tests.support.sandboxes import running
from tests.support.shared import ROOT

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VAULT = Vault(Fernet.generate_key().decode())
GRANT = Grant("refresh-marker", "access-marker", T0 + timedelta(hours=1))

# One process that wants a token and prints it; the key and the database come by environment.
_WANTS = """
import sys
from datetime import UTC, datetime
from config.database import open_engine
from pydantic import SecretStr
from connectors.errors import ConnectorError
from connectors.http import Http
from connectors.oauth import Authority, OAuthToken
from sync.credentials import StoredTokens
engine = open_engine(sys.argv[1])
http = Http("fake", base_url=sys.argv[2])
authority = Authority(http, "/oauth/token", "", "muster-sandbox-app", SecretStr("sandbox-app-secret"), "", ())
token = OAuthToken(authority, StoredTokens(engine, "fake"), lambda: datetime.now(UTC))
sys.stdin.readline()
try:
    print(token.token())
except ConnectorError as error:
    print(error)
"""


def wanting(url: str, authority: str, key: str) -> "subprocess.Popen[str]":
    """Start a process that asks for a token as soon as it is told to go on."""
    return subprocess.Popen(
        [sys.executable, "-c", _WANTS, url, authority],
        cwd=ROOT, env={**os.environ, "MUSTER_SECRET_KEY": key}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_a_grant_comes_back_as_it_was_stored_and_is_not_readable_in_the_table(engine: Engine) -> None:
    configure(engine)
    store = StoredTokens(engine, "fake", VAULT)
    assert store.load() is None

    assert store.write(GRANT, T0) == 1

    assert store.load() == GRANT
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM credential")).one()
    assert "marker" not in repr([bytes(each) if isinstance(each, memoryview) else each for each in row])


def test_a_new_token_is_written_only_over_the_one_it_was_got_with(engine: Engine) -> None:
    configure(engine)
    store = StoredTokens(engine, "fake", VAULT)
    store.write(GRANT, T0)

    with store.held() as held:
        store.write(Grant("of somebody else"), T0)
        with pytest.raises(MisconfiguredSource, match="replaced by somebody else"):
            held.replace(Grant("ours"), T0)

    found = store.load()
    assert found is not None
    assert found.refresh == "of somebody else"


def test_an_exchange_that_was_never_stored_is_seen_by_the_next_one(engine: Engine) -> None:
    configure(engine)
    store = StoredTokens(engine, "fake", VAULT)
    store.write(GRANT, T0)

    with store.held() as held:
        held.begin(T0)
    with store.held() as held:
        assert held.left_off_at == T0
        held.replace(Grant("next"), T0)
    with store.held() as held:
        assert held.left_off_at is None


def test_a_token_of_another_installation_is_refused_in_words(engine: Engine) -> None:
    configure(engine)
    StoredTokens(engine, "fake", VAULT).write(GRANT, T0)

    with pytest.raises(MisconfiguredSource, match="sealed with another key") as caught:
        StoredTokens(engine, "fake", Vault(Fernet.generate_key().decode())).load()
    assert "marker" not in str(caught.value)


def test_a_row_moved_to_another_source_opens_nothing(engine: Engine) -> None:
    configure(engine)
    StoredTokens(engine, "fake", VAULT).write(GRANT, T0)
    with engine.begin() as connection:
        connection.execute(text("UPDATE source SET name = 'other'"))

    with pytest.raises(MisconfiguredSource, match="another source's"):
        StoredTokens(engine, "other", VAULT).load()


def test_a_key_is_made_once_for_our_user_alone(tmp_path: Path) -> None:
    given = Settings(home=tmp_path / "home", secret_key=None)

    sealed = open_vault(given).seal(b"content")

    assert open_vault(given).open(sealed, what="it") == b"content"
    assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in (tmp_path / "home").iterdir()] == ["secret.key"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    given = Settings(home=tmp_path, secret_key=None)
    open_vault(given)
    (tmp_path / "secret.key").chmod(0o640)

    with pytest.raises(VaultUnusable, match="chmod 600"):
        open_vault(given)


def test_a_key_can_be_changed_with_the_old_one_beside_it_and_a_bad_one_is_not_shown() -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    sealed = Vault(old).seal(b"content")

    assert (
        open_vault(Settings.model_validate({"secret_key": f"{new}, {old}"})).open(sealed, what="it")
        == b"content"
    )
    with pytest.raises(VaultUnusable, match="openssl rand") as caught:
        open_vault(Settings.model_validate({"secret_key": "not-a-key-at-all"}))
    assert "not-a-key" not in str(caught.value)


@pytest.mark.slow
def test_two_processes_never_spend_one_refresh_token_both(engine: Engine, database_url: str) -> None:
    configure(engine)
    key = Fernet.generate_key().decode()
    with running("jira-cloud", issues=10) as sandbox:
        first = sandbox.control("oauth", {"grant": True})["refresh_token"]
        StoredTokens(engine, "fake", Vault(key)).write(Grant(first), T0)
        sandbox.control("latency", {"ms": 150})  # so that they meet
        both = [wanting(database_url, sandbox.url, key) for _ in range(2)]
        for process in both:
            go(process)
        found = [process.communicate(timeout=60)[0] for process in both]
        told = sandbox.control("oauth")

    assert found[0] == found[1]
    assert "\n" in found[0]
    assert (told["exchanges"], told["twice"]) == (1, 0)


@pytest.mark.parametrize("remembers", ["remembers", pytest.param("", marks=pytest.mark.slow)])
def test_a_process_killed_between_exchange_and_store_costs_a_login_only_when_the_authority_forgot(
    engine: Engine, database_url: str, remembers: str
) -> None:
    configure(engine)
    key = Fernet.generate_key().decode()
    with running("jira-cloud", issues=10) as sandbox:
        wanted = {"grant": True, "hold_s": 20, "reuse_s": 600 if remembers else -1}
        first = sandbox.control("oauth", wanted)["refresh_token"]
        StoredTokens(engine, "fake", Vault(key)).write(Grant(first), T0)
        killed = wanting(database_url, sandbox.url, key)
        go(killed)
        until(
            lambda: sandbox.control("oauth")["exchanges"] == 1, what="the authority has exchanged the token"
        )
        killed.kill()
        killed.communicate()
        sandbox.control("oauth", {"hold_s": 0})

        following = wanting(database_url, sandbox.url, key)
        go(following)
        said, _ = following.communicate(timeout=60)

    if remembers:
        grant = StoredTokens(engine, "fake", Vault(key)).load()
        assert grant is not None
        assert said.strip() == grant.access
    else:
        assert "was never stored: Muster, its machine or the network stopped in between" in said
        assert "muster source login fake" in said
        assert first not in said
