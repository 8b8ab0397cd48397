"""The library's client of one exchange with a provider, over our own HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.client import OAuth2Client

from api.signin.oidc_metadata import Metadata

if TYPE_CHECKING:
    from api.signin.oidc import Client


class _Session:
    """What the library posts with."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def post(
        self, url: str, data: Mapping[str, str], headers: Mapping[str, str] | None, auth: Any, **_: Any
    ) -> httpx.Response:
        url, signed, body = auth.prepare("POST", url, dict(headers or {}), urlencode(data))
        return self._http.post(url, content=body, headers=signed)


@contextmanager
def exchanging(metadata: Metadata, client: "Client", redirect_uri: str) -> Iterator[OAuth2Client]:
    """Give the library's client for the length of a block."""
    with metadata.http() as http:
        yield OAuth2Client(
            _Session(http), client.id, client.secret, _method(metadata, client), scope=client.scopes,
            redirect_uri=redirect_uri, code_challenge_method="S256",
        )  # fmt: skip


def _method(metadata: Metadata, client: "Client") -> str:
    """Return how the client proves who it is: in the body where that is taken, for it needs no escaping there."""
    if client.secret is None:
        return "none"
    taken = metadata.known.get("token_endpoint_auth_methods_supported")
    return "client_secret_post" if taken and "client_secret_post" in taken else "client_secret_basic"
