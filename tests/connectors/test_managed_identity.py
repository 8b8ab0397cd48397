"""Signing in as the machine itself, on what Azure puts beside it."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.connector import AzureDevOps
from connectors.errors import AccessDenied, SourceUnavailable
from connectors.managed import ManagedToken
from tests.support.managed_identity import Machine, machine

_VARIABLES = (
    "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT",
    "MSI_SECRET", "AZURE_POD_IDENTITY_AUTHORITY_HOST",
)  # fmt: skip


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A virtual machine in Azure."""
    with machine() as served:
        for name in _VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in served.environment("virtual machine").items():
            monkeypatch.setenv(name, value)
        yield served


def token(client_id: str | None = None, **more: Any) -> ManagedToken:
    return ManagedToken(
        scope="https://graph.microsoft.com/.default", client_id=client_id, source="files", **more
    )


def test_a_virtual_machine_gets_a_token_for_the_service_and_keeps_it(here: Machine) -> None:
    mine = token()

    assert (mine.token(), mine.token()) == ("machine-token-1", "machine-token-1")
    assert [asked["resource"] for asked in here.asked] == ["https://graph.microsoft.com"]


def test_a_user_assigned_identity_is_asked_for_by_its_client_id(here: Machine) -> None:
    token("1111-2222").token()

    assert here.asked[0]["client_id"] == "1111-2222"


def test_app_service_wants_to_see_its_header(here: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in here.environment("app service").items():
        monkeypatch.setenv(name, value)
    assert token().token() == "machine-token-1"

    monkeypatch.setenv("IDENTITY_HEADER", "another-marker")
    with pytest.raises(AccessDenied) as caught:
        token().token()
    assert "marker" not in str(caught.value)


def test_a_refused_token_is_replaced(here: Machine) -> None:
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(401 if len(seen) == 1 else 200)

    with httpx.Client(auth=token(), transport=httpx.MockTransport(service)) as client:
        client.get("https://graph.example/v1.0/sites")

    assert seen == ["Bearer machine-token-1", "Bearer machine-token-2"]
    assert here.issued == 2


def test_a_machine_without_the_identity_is_told_what_to_assign(here: Machine) -> None:
    here.refusal = (400, {"error": "invalid_request", "error_description": "Identity not found"})

    with pytest.raises(AccessDenied, match=r"Identity not found.*Assign the identity"):
        token("1111").token()


def test_an_endpoint_that_is_ill_is_tried_again_later(here: Machine) -> None:
    here.refusal = (503, {"error": "temporarily_unavailable", "error_description": "later"})

    with pytest.raises(SourceUnavailable, match="try again later"):
        token().token()


@pytest.mark.usefixtures("here")
def test_a_machine_outside_azure_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{port}")

    with pytest.raises(SourceUnavailable, match=r"must run in Azure.*auth type entra"):
        token().token()


def test_azure_devops_is_called_as_the_machine(here: Machine) -> None:
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200, content=orjson.dumps({"value": [], "count": 0}))

    config = AzureDevOpsConfig.model_validate(
        {"base_url": "https://dev.azure.com/example", "auth": {"type": "managed_identity"}}
    )
    source = AzureDevOps(config, source="ado", transport=httpx.MockTransport(service))
    assert source.api.fields() == []
    source.close()

    assert seen == ["Bearer machine-token-1"]
    assert here.asked[0]["resource"] == "499b84ac-1321-427f-aa17-267ca6975798"
