import base64
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import requests
import trustme
from pydantic import SecretStr

from connectors.errors import AccessDenied, ConnectorError, MisconfiguredSource, SourceUnavailable
from connectors.microsoft import EntraToken

SCOPE = "https://graph.example/.default"
SECRET = "s3cret~value"


@dataclass
class Answer:
    status_code: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise requests.exceptions.HTTPError(str(self.status_code))


class Directory:
    """What msal calls: an Entra that hands out numbered tokens, or one error for ever."""

    def __init__(self, refusal: dict[str, Any] | None = None, *, tenant_exists: bool = True) -> None:
        self.refusal = refusal
        self.tenant_exists = tenant_exists
        self.fails_with: Exception | None = None
        self.asked: list[str] = []
        self.issued = 0

    def get(self, url: str, **_: Any) -> Answer:
        self.asked.append(url)
        if self.fails_with:
            raise self.fails_with
        if not self.tenant_exists:
            return Answer(400, '{"error":"invalid_tenant","error_codes":[90002]}')
        base = url.split("/v2.0/", maxsplit=1)[0]
        return Answer(
            200,
            orjson.dumps(
                {
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "issuer": f"{base}/v2.0",
                }
            ).decode(),
        )

    def post(self, url: str, **_: Any) -> Answer:
        self.asked.append(url)
        if self.refusal is not None:
            return Answer(401, orjson.dumps(self.refusal).decode())
        self.issued += 1
        token = {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{self.issued}"}
        return Answer(200, orjson.dumps(token).decode())


def entra(directory: Directory, **changes: Any) -> EntraToken:
    options: dict[str, Any] = {
        "tenant": "contoso.example",
        "client_id": "app-1",
        "client_secret": SecretStr(SECRET),
        "scope": SCOPE,
        "authority": "https://login.example:8443",
        "source": "pmo-files",
        "http_client": directory,
    }
    return EntraToken(**(options | changes))


def test_a_request_carries_the_token_and_the_next_one_takes_it_from_the_cache() -> None:
    directory = Directory()
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200)

    with httpx.Client(auth=entra(directory), transport=httpx.MockTransport(service)) as client:
        client.get("https://graph.example/v1.0/sites")
        client.get("https://graph.example/v1.0/sites")

    assert seen == ["Bearer token-1", "Bearer token-1"]
    assert directory.issued == 1


def test_a_refused_token_is_replaced_once_and_not_for_ever() -> None:
    directory = Directory()
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(401)

    with httpx.Client(auth=entra(directory), transport=httpx.MockTransport(service)) as client:
        assert client.get("https://graph.example/v1.0/sites").status_code == 401

    assert seen == ["Bearer token-1", "Bearer token-2"]


def test_an_authority_of_ones_own_is_not_looked_up_at_microsoft() -> None:
    directory = Directory()

    entra(directory).token()

    assert directory.asked
    assert all(url.startswith("https://login.example:8443/contoso.example/") for url in directory.asked)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (7000215, "the client secret is wrong"),
        (7000222, "the client secret has expired"),
        (700016, "no application with this client id"),
        (90002, "no such tenant"),
        (65001, "grant admin consent"),
    ],
)
def test_a_refusal_names_the_code_and_what_to_do_and_never_the_secret(code: int, words: str) -> None:
    directory = Directory(
        {"error": "invalid_client", "error_codes": [code], "error_description": f"AADSTS{code}: {SECRET}"}
    )

    with pytest.raises(AccessDenied) as caught:
        entra(directory).token()

    assert f"AADSTS{code}" in str(caught.value)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_an_unknown_refusal_is_quoted_without_the_secret() -> None:
    directory = Directory(
        {"error": "invalid_client", "error_codes": [999], "error_description": f"odd {SECRET}\nTrace: x"}
    )

    with pytest.raises(AccessDenied, match=r"AADSTS999.*Entra says: odd \*\*\*;"):
        entra(directory).token()


def test_a_tenant_the_authority_does_not_know_is_access_denied() -> None:
    with pytest.raises(AccessDenied, match=r"no such tenant as 'contoso\.example'"):
        entra(Directory(tenant_exists=False)).token()


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (requests.exceptions.SSLError("bad"), "set ca_bundle"),
        (requests.exceptions.ConnectTimeout("late"), "no connection"),
        (requests.exceptions.ProxyError("no"), "check proxy"),
    ],
)
def test_a_directory_out_of_reach_is_unavailable(failure: Exception, words: str) -> None:
    directory = Directory()
    directory.fails_with = failure

    with pytest.raises(SourceUnavailable, match=words):
        entra(directory).token()


def test_a_busy_directory_is_unavailable_not_denied() -> None:
    with pytest.raises(SourceUnavailable, match="busy"):
        entra(Directory({"error": "temporarily_unavailable", "error_codes": [90033]})).token()


def test_a_plain_http_authority_is_a_configuration_error() -> None:
    with pytest.raises(MisconfiguredSource, match="must be an https address"):
        entra(Directory(), authority="http://login.example").token()


def test_the_roles_in_a_token_are_readable_and_an_opaque_token_has_none() -> None:
    directory = Directory()
    assert entra(directory).roles() is None

    payload = base64.urlsafe_b64encode(orjson.dumps({"roles": ["Sites.Selected"]})).rstrip(b"=").decode()
    signed = Directory()
    signed.post = lambda *_, **__: Answer(  # type: ignore[method-assign]
        200, orjson.dumps({"access_token": f"e30.{payload}.x", "expires_in": 3600}).decode()
    )

    assert entra(signed).roles() == ("Sites.Selected",)


@pytest.fixture
def private_directory(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """An Entra on loopback under a private certificate authority: its address and that authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    directory = Directory()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(directory.get(f"https://{self.headers['Host']}{self.path}"))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say(directory.post(self.path))

        def _say(self, answer: Answer) -> None:
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.text)))
            self.end_headers()
            self.wfile.write(answer.text.encode())

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}", str(bundle)
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_configured_certificates_win_over_the_environment(
    private_directory: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, bundle = private_directory
    foreign = tmp_path / "foreign.pem"
    trustme.CA().cert_pem.write_to_path(str(foreign))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(foreign))

    token = entra(Directory(), authority=address, ca_bundle=bundle, http_client=None).token()

    assert token == "token-1"


def test_one_identity_shares_one_token_in_the_process_and_another_secret_does_not(
    private_directory: tuple[str, str],
) -> None:
    address, bundle = private_directory
    options: dict[str, Any] = {"authority": address, "ca_bundle": bundle, "http_client": None}

    first = entra(Directory(), **options).token()
    again = entra(Directory(), **options).token()
    other = entra(Directory(), client_secret=SecretStr("another"), **options).token()

    assert first == again
    assert other != first


def test_an_untrusted_certificate_says_what_to_configure(private_directory: tuple[str, str]) -> None:
    with pytest.raises(ConnectorError, match="set ca_bundle"):
        entra(Directory(), authority=private_directory[0], http_client=None).token()
