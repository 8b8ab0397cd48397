"""Signing in to Entra by certificate, and in the national clouds."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr, ValidationError

from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.connector import AzureDevOps
from connectors.certificate import Proof
from connectors.entra import EntraAuth
from connectors.errors import AccessDenied, ConnectorError, MisconfiguredSource
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from connectors.microsoft import EntraToken
from tests.support.certificates import TODAY, pem
from tests.support.sandbox_sources import REGISTER
from tests.support.sandboxes import kept

OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHEET = [{"path": "/a.xlsx", "holds": "projects"}]


def credential(text: str, passphrase: str | None = None) -> Any:
    return Proof(None, SecretStr(text), SecretStr(passphrase) if passphrase else None).credential("files")


def test_a_pem_file_gives_the_key_and_the_certificate_apart() -> None:
    found = credential(pem())

    assert found["private_key"].startswith("-----BEGIN PRIVATE KEY")
    assert found["public_certificate"].startswith("-----BEGIN CERTIFICATE")


def test_an_encrypted_key_needs_its_passphrase() -> None:
    text = pem(passphrase="a long phrase")

    assert credential(text, "a long phrase")["passphrase"] == "a long phrase"
    with pytest.raises(MisconfiguredSource, match="no passphrase is set"):
        credential(text)
    with pytest.raises(MisconfiguredSource, match="passphrase is wrong") as caught:
        credential(text, "another phrase")
    assert "another phrase" not in str(caught.value)


def test_a_certificate_that_ended_says_when() -> None:
    with pytest.raises(AccessDenied, match=rf"ended on {TODAY - dt.timedelta(days=3):%Y-%m-%d}"):
        credential(pem(ends_in=-3))


@pytest.mark.parametrize("part", ["nothing of the kind", "key", "certificate", "garbled"])
def test_a_file_that_is_no_key_and_certificate_says_what_it_must_be_and_nothing_of_itself(part: str) -> None:
    whole = pem()
    middle = whole.index("-----BEGIN CERTIFICATE")
    text = {"key": whole[:middle], "certificate": whole[middle:], "garbled": whole.replace("M", "Q")}.get(
        part, part
    )

    with pytest.raises(MisconfiguredSource, match="openssl pkcs12") as caught:
        credential(text)
    assert whole[100:140] not in str(caught.value)


def test_a_key_of_another_certificate_is_told() -> None:
    with pytest.raises(MisconfiguredSource, match="not the certificate's"):
        credential(pem(key=OTHER_KEY))


class Directory:
    """An Entra that remembers what it was asked with."""

    def __init__(self) -> None:
        self.posted: dict[str, Any] = {}

    def get(self, url: str, **_: Any) -> "Answer":
        base = url.split("/v2.0/", maxsplit=1)[0]
        return Answer(
            f'{{"authorization_endpoint":"{base}/a","token_endpoint":"{base}/t","issuer":"{base}/v2.0"}}'
        )

    def post(self, _url: str, **asked: Any) -> "Answer":
        self.posted = asked["data"]
        return Answer('{"token_type":"Bearer","expires_in":3599,"access_token":"by-certificate"}')


class Answer:
    def __init__(self, text: str) -> None:
        self.status_code, self.text = 200, text
        self.headers: dict[str, str] = {}

    def raise_for_status(self) -> None:
        """Nothing is wrong."""


def test_the_certificate_signs_an_assertion_and_no_secret_is_sent() -> None:
    directory = Directory()
    mine = EntraToken(
        tenant="contoso.example", client_id="app-1", certificate=SecretStr(pem()), scope="https://g.example/.default",
        authority="https://login.example", source="files", http_client=directory,
    )  # fmt: skip

    assert mine.token() == "by-certificate"
    assert directory.posted["client_assertion"].count(b".") == 2
    assert "client_secret" not in directory.posted
    assert "PRIVATE KEY" not in repr(directory.posted)


def auth(**more: Any) -> dict[str, Any]:
    return {"type": "entra", "tenant": "t", "client_id": "c", "client_secret": "s", **more}


@pytest.mark.parametrize(
    ("signs_in", "graph"),
    [
        (auth(), "https://graph.microsoft.com/v1.0"),
        (auth(cloud="us_gov"), "https://graph.microsoft.us/v1.0"),
        (auth(cloud="us_dod"), "https://dod-graph.microsoft.us/v1.0"),
        (auth(cloud="china"), "https://microsoftgraph.chinacloudapi.cn/v1.0"),
        (auth(authority="https://login.microsoftonline.us"), "https://graph.microsoft.us/v1.0"),
        (auth(authority="https://login.chinacloudapi.cn"), "https://microsoftgraph.chinacloudapi.cn/v1.0"),
        ({"type": "managed_identity", "cloud": "us_gov"}, "https://graph.microsoft.us/v1.0"),
    ],
)
def test_graph_is_that_of_the_cloud_signed_in_to(signs_in: dict[str, Any], graph: str) -> None:
    found = ExcelConfig.model_validate({"auth": signs_in, "site": "x:/sites/y", "workbooks": SHEET})

    assert found.graph_url == graph


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"auth": auth(), "graph_url": "https://graph.microsoft.us/v1.0"}, "of another: set cloud in auth"),
        (
            {
                "auth": {"type": "managed_identity"},
                "graph_url": "https://microsoftgraph.chinacloudapi.cn/v1.0",
            },
            "set cloud in auth",
        ),
        ({"auth": auth(cloud="china", authority="https://login.microsoftonline.us")}, "give one of them"),
        ({"auth": auth(certificate="x")}, "only one of them"),
        ({"auth": {"type": "entra", "tenant": "t", "client_id": "c"}}, "either client_secret or certificate"),
        ({"auth": auth(passphrase="p")}, "belongs to a certificate"),
    ],
)
def test_what_cannot_belong_together_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ExcelConfig.model_validate({"site": "x:/sites/y", "workbooks": SHEET, **wrong})


def test_an_authority_of_ones_own_takes_any_graph() -> None:
    own = {"auth": auth(authority="https://localhost:8443"), "graph_url": "https://localhost:8443/v1.0"}

    found = ExcelConfig.model_validate({"site": "x:/sites/y", "workbooks": SHEET, **own})

    assert found.graph_url == "https://localhost:8443/v1.0"


@pytest.mark.parametrize("signs_in", [auth(), {"type": "managed_identity"}])
@pytest.mark.parametrize(
    "address",
    ["https://evil.example/x", "http://dev.azure.com/x", "https://dev.azure.com.evil.example/x",
     "https://dev.azure.com:8443/x", "https://evilvisualstudio.com/x", "https://10.0.0.9/x"],
)  # fmt: skip
def test_a_token_of_microsoft_goes_to_microsoft_alone(signs_in: dict[str, Any], address: str) -> None:
    """Else whoever types an address is sent the token of the machine itself."""
    with pytest.raises(ValidationError, match=r"base_url must be https and of dev\.azure\.com"):
        AzureDevOpsConfig.model_validate({"base_url": address, "auth": signs_in})
    files = {"site": "x:/sites/y", "workbooks": SHEET, "auth": signs_in}
    with pytest.raises(ValidationError, match=r"graph_url must be https and of .*graph\.microsoft\.com"):
        ExcelConfig.model_validate({**files, "graph_url": address})


def test_a_proxy_with_certificates_of_its_own_does_not_read_the_token_of_the_machine() -> None:
    between = {"proxy": "http://evil.example:8080", "ca_bundle": "/etc/evil.pem"}
    for known in ("proxy", "ca_bundle"):  # either alone cannot look inside
        given = {
            "base_url": "https://dev.azure.com/x",
            "auth": {"type": "managed_identity"},
            known: between[known],
        }
        assert AzureDevOpsConfig.model_validate(given)
    with pytest.raises(ValidationError, match=r"proxy evil\.example with certificates of its own"):
        AzureDevOpsConfig.model_validate(given | between)
    with pytest.raises(ValidationError, match=r"proxy evil\.example with certificates of its own"):
        ExcelConfig.model_validate({"site": "x:/s", "workbooks": SHEET, "auth": given["auth"], **between})
    assert AzureDevOpsConfig.model_validate(given | between | {"proxy": "http://localhost:8080"})


def test_a_server_that_the_installation_names_may_have_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is allowed is not enough: anybody in it could take the token."""
    given = {"base_url": "https://ado.example.internal/x", "auth": auth()}
    monkeypatch.setenv("MUSTER_ALLOW_ADDRESSES", "private, 10.0.0.0/8, loopback")
    for address in ("https://ado.example.internal/x", "https://10.0.0.9/x"):
        with pytest.raises(ValidationError, match="names it in MUSTER_ALLOW_ADDRESSES"):
            AzureDevOpsConfig.model_validate({**given, "base_url": address})
    monkeypatch.setenv("MUSTER_ALLOW_ADDRESSES", ".example.internal")
    assert AzureDevOpsConfig.model_validate(given)
    assert AzureDevOpsConfig.model_validate({"base_url": "https://example.visualstudio.com/", "auth": auth()})


def test_nothing_of_a_sign_in_is_shown_when_it_is_printed() -> None:
    shown = repr(EntraAuth.model_validate(auth(client_secret="marker-1")))

    assert "marker" not in shown
    assert "marker" not in repr(Proof(SecretStr("marker-2"), SecretStr("marker-3"), None))


def test_a_certificate_file_is_found_by_reference(tmp_path: Path) -> None:
    from config.document import SourceBlock
    from sync.registry import open_source

    file = tmp_path / "app.pem"
    file.write_text(pem())
    signs_in = {"type": "entra", "tenant": "t", "client_id": "c", "certificate": f"file:{file}"}
    block = SourceBlock.model_validate(
        {"name": "files", "kind": "excel", "auth": signs_in, "site": "x:/sites/y", "workbooks": SHEET}
    )

    opened = open_source(block, connections=1)
    opened.connector.close()
    file.unlink()
    with pytest.raises(ConnectorError, match="No such file"):
        open_source(block, connections=1)


def test_a_certificate_opens_graph_and_azure_devops_over_the_wire() -> None:
    sharepoint, ado = kept("sharepoint"), kept("ado")
    signs_in = {
        "type": "entra", "tenant": "contoso.example", "client_id": "muster-sandbox", "certificate": pem(),
        "authority": sharepoint.info["authority"],
    }  # fmt: skip
    bundle = sharepoint.info["ca_bundle"]
    files = ExcelConfig.model_validate(
        {
            "auth": signs_in, "graph_url": sharepoint.info["graph_url"], "site": sharepoint.info["site"],
            "ca_bundle": bundle, "workbooks": [REGISTER],
        }
    )  # fmt: skip
    items = AzureDevOpsConfig.model_validate(
        {"auth": signs_in, "base_url": ado.info["organisation_url"], "ca_bundle": bundle}
    )

    for source in (Excel(files, source="files"), AzureDevOps(items, source="items")):
        assert all(finding.ok for finding in source.check())
        source.close()

    stranger = signs_in | {"client_id": "another-app"}
    excluded = Excel(files.model_copy(update={"auth": EntraAuth.model_validate(stranger)}), source="files")
    with pytest.raises(AccessDenied, match="AADSTS700016"):
        excluded.check()
    excluded.close()
