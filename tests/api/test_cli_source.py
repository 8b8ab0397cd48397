"""`muster source login` and `muster source token`: a person's consent, from the command line."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import Engine

from tests.support.command_line import CommandLine
from tests.support.processes import environment, muster, stop, until
from tests.support.sandbox_sources import block, configure
from tests.support.sandboxes import PLAIN, Sandbox, running
from tests.support.store import ask

SECRETS = {"OAUTH_SECRET": "sandbox-app-secret"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Sandbox]:
    with running("jira-cloud", issues=5) as sandbox:
        yield sandbox


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> CommandLine:
    return CommandLine(database_url, tmp_path, SECRETS)


def by_oauth(sandbox: Sandbox, name: str, callback: str = "http://127.0.0.1:8976/callback") -> dict[str, Any]:
    auth = {
        "type": "oauth", "client_id": "muster-sandbox-app", "client_secret": "env:OAUTH_SECRET",
        "authority": sandbox.url, "callback": callback,
    }  # fmt: skip
    return block(sandbox, name, base_url=sandbox.info["gateway_url"], auth=auth)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["consents", "refuses", "is somebody else"])
def test_a_person_lets_us_in_by_browser(
    engine: Engine, cloud: Sandbox, database_url: str, tmp_path: Path, answer: str
) -> None:
    callback = f"http://127.0.0.1:{free_port()}/callback"
    configure(engine, by_oauth(cloud, "delivery", callback))
    log = tmp_path / "login.log"
    log.touch()
    env = environment(tmp_path, database_url, SECRETS)
    process = muster("source", "login", "delivery", "--patience", "60", env=env, log=log)
    try:
        until(lambda: "authorize?" in log.read_text(), what="the address is said")
        found = re.search(r"http://\S+authorize\S+", log.read_text())
        assert found is not None
        with httpx.Client(verify=PLAIN, trust_env=False, follow_redirects=True) as browser:
            if answer == "consents":
                page = browser.get(found[0])
            elif answer == "refuses":
                page = browser.get(f"{callback}?{urlencode({'error': 'access_denied'})}")
            else:
                page = browser.get(f"{callback}?{urlencode({'code': 'stolen-code', 'state': 'guessed'})}")
        process.wait(30)
        said = log.read_text()
    finally:
        stop(process)

    assert page.status_code == 200
    assert "Traceback" not in said
    rows = ask(engine, "SELECT source_id FROM credential")
    if answer == "consents":
        assert process.returncode == 0
        assert "delivery: signed in; the token opens" in said
        assert len(rows) == 1
    else:
        words = {"refuses": "the consent was not given (access_denied)", "is somebody else": "begin again"}
        assert process.returncode == 1
        assert words[answer] in said
        assert "stolen-code" not in said
        assert rows == []


def test_a_token_handed_in_is_exchanged_and_a_bad_one_replaces_nothing(
    engine: Engine, cloud: Sandbox, cli: CommandLine
) -> None:
    configure(engine, by_oauth(cloud, "delivery"))
    token = cloud.control("oauth", {"grant": True})["refresh_token"]

    good = cli("source", "token", "delivery", typed=f"{token}\n")
    before = ask(engine, "SELECT version FROM credential")
    bad = cli("source", "token", "delivery", typed="no-such-token-marker\n")

    assert good.code == 0
    assert "signed in; the token opens" in good.out
    assert token not in good.out + good.err
    assert bad.code == 1
    assert "the sign-in is not good any more (invalid_grant" in bad.err
    assert "marker" not in bad.err
    assert ask(engine, "SELECT version FROM credential") == before == [{"version": 1}]
    assert cli("check", "delivery").code == 0
    assert "token of delivery: it is stored, and this machine's key opens it" in cli("doctor").out


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (("source", "login", "nobody"), "", "there is no source 'nobody'"),
        (("source", "login", "plain"), "", "needs no login; only auth type oauth does"),
        (("source", "token", "delivery"), "", "give the refresh token on standard input"),
        (("source", "token", "delivery"), "two words\n", "give the refresh token on standard input"),
        (("source", "login", "elsewhere"), "", "which is not this machine"),
    ],
)
def test_what_cannot_be_signed_in_to_is_told(
    engine: Engine, cloud: Sandbox, cli: CommandLine, arguments: tuple[str, ...], typed: str, words: str
) -> None:
    elsewhere = by_oauth(cloud, "elsewhere", "https://muster.example.com/callback")
    configure(engine, by_oauth(cloud, "delivery"), block(cloud, "plain"), elsewhere)

    said = cli(*arguments, typed=typed)

    assert said.code == 2
    assert words in said.err


def test_a_token_that_opens_another_site_is_told_with_the_sites_it_opens(
    engine: Engine, cloud: Sandbox, cli: CommandLine
) -> None:
    other = by_oauth(cloud, "delivery")
    configure(engine, {**other, "base_url": f"{cloud.url}/ex/jira/another-cloud-id"})
    token = cloud.control("oauth", {"grant": True})["refresh_token"]

    said = cli("source", "token", "delivery", typed=token)

    assert said.code == 1
    assert "does not open the site of base_url" in said.err
    assert cloud.info["gateway_url"].rpartition("/")[2] in said.err
