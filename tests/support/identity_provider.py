"""An OpenID Connect provider in this process, with every way of being wrong that a test may want."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from cryptography.fernet import Fernet
from joserfc import jwt
from joserfc.jwk import ECKey

from api.signin.oidc import Client, Provider
from api.signin.oidc_metadata import Metadata
from config.vault import Vault

ISSUER = "https://id.example"
CLIENT = "muster"
SECRET = "client-secret"


@cache
def key(kid: str = "one") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


@dataclass
class IdentityProvider:
    """Signs in whoever `claims` say; `spoil` may change an ID token's claims before it is signed."""

    issuer: str = ISSUER
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "248289761001", "preferred_username": "mira"}
    )
    spoil: Callable[[dict[str, Any]], None] = field(default=lambda _: None)
    key: ECKey = field(default_factory=key)
    published: list[ECKey] = field(default_factory=lambda: [key()])
    metadata: dict[str, Any] = field(default_factory=dict)
    away: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def authorize(self, url: str) -> dict[str, str]:
        """Return what a browser sent to `url` comes back with."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def provider(self, **given: Any) -> Provider:
        vault = Vault(Fernet.generate_key().decode())
        metadata = Metadata(given.pop("issuer", self.issuer), self.transport())
        return Provider(metadata, Client(CLIENT, SECRET), vault, "Example ID", **given)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.away:
            raise httpx.ConnectError("refused", request=request)
        path = request.url.path.rpartition("/")[2]
        if path == "openid-configuration":
            return httpx.Response(200, json=self._document())
        if path == "keys":
            return httpx.Response(
                200, json={"keys": [each.as_dict(private=False) for each in self.published]}
            )
        return self._token(request)

    def _document(self) -> dict[str, Any]:
        base = ISSUER
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys",
            "end_session_endpoint": f"{base}/out",
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            **self.metadata,
        }

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return httpx.Response(400, json={"error": "invalid_grant"})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims,
        }  # fmt: skip
        self.spoil(claims)
        made = jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)
        return httpx.Response(
            200, content=json.dumps({"access_token": "at", "token_type": "Bearer", "id_token": made})
        )
