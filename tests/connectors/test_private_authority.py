"""The certificates of a private authority, as text: trusted alone, by each library, and no way past the guard."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.address import trust
from connectors.errors import ConnectorError, MisconfiguredSource, SourceUnavailable
from connectors.guard import AddressRefused, GuardedTransport
from connectors.http import Http, HttpDenied
from connectors.microsoft import EntraToken
from tests.support.certificates import authority
from tests.support.sandboxes import Sandbox, kept


@pytest.fixture(scope="module")
def site() -> Sandbox:
    """A SharePoint behind an authority of its own."""
    return kept("sharepoint")


def text_of(site: Sandbox) -> str:
    return Path(site.info["ca_bundle"]).read_text(encoding="utf-8")


def reach(site: Sandbox, certificates: str) -> None:
    """Ask Graph for something, signed in as nobody."""
    with closing(
        Http("books", base_url=site.info["graph_url"], ca_bundle=certificates, sleep=lambda _: None)
    ) as http:
        http.get("/sites/root")


def entra(site: Sandbox, certificates: str) -> EntraToken:
    given: dict[str, Any] = {"tenant": "contoso.example", "client_id": "muster-sandbox"}
    return EntraToken(
        **given, client_secret=SecretStr("sandbox-secret"), scope=f"{site.url}/.default", authority=site.url,
        ca_bundle=certificates, source="books",
    )  # fmt: skip


def test_both_libraries_trust_the_text_and_nothing_beside_it(site: Sandbox) -> None:
    with pytest.raises(HttpDenied):  # reached, and let in by nobody
        reach(site, text_of(site))
    assert entra(site, text_of(site)).token()
    another = authority().decode()
    with pytest.raises(SourceUnavailable, match="is not trusted"):
        reach(site, another)
    with pytest.raises(ConnectorError, match="is not trusted"):
        entra(site, another).token()


def test_a_text_without_a_certificate_is_refused_in_words_that_do_not_quote_it(site: Sandbox) -> None:
    with pytest.raises(MisconfiguredSource, match="give them anew") as caught:
        reach(site, "-----BEGIN CERTIFICATE-----\nnothing of the kind\n-----END CERTIFICATE-----")
    assert "nothing of the kind" not in str(caught.value)


def test_a_trusted_authority_opens_no_way_to_where_we_do_not_connect_to() -> None:
    transport = GuardedTransport(
        source="books",
        verify=trust("books", authority().decode()),
        look_up=lambda _host, _port: ["169.254.169.254"],
    )
    http = Http("books", base_url="https://jira.example.internal", transport=transport)
    with pytest.raises(AddressRefused, match="does not connect to"):
        http.get("/status")
    http.close()
