"""The bearer tokens that the sandbox's Entra issues and its other programs accept."""

import base64
import hashlib
import hmac
import time
from typing import Any, Final

import orjson

ADO_AUDIENCE: Final = "499b84ac-1321-427f-aa17-267ca6975798"  # Azure DevOps' application id in every tenant
_KEY: Final = b"nothing real is behind this key"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _sign(text: str) -> str:
    return _encode(hmac.new(_KEY, text.encode(), hashlib.sha256).digest())


def issue(audience: str, tenant: str, client: str, roles: list[str], lifetime_s: float = 3599) -> str:
    """Return a token for one audience, in the form of a JWT."""
    now = time.time()  # with its fraction, so that a token can be older than another of its second
    claims = {
        "aud": audience,
        "tid": tenant,
        "appid": client,
        "roles": roles,
        "iat": now,
        "exp": now + lifetime_s,
    }
    text = f"{_encode(orjson.dumps({'typ': 'JWT', 'alg': 'HS256'}))}.{_encode(orjson.dumps(claims))}"
    return f"{text}.{_sign(text)}"


def claims(token: str) -> dict[str, Any] | None:
    """Return a token's claims, or None if it is not one of ours; expiry is the caller's to judge."""
    text, _, signature = token.rpartition(".")
    if not text or not hmac.compare_digest(signature, _sign(text)):
        return None
    payload = text.split(".")[1]
    found = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found if isinstance(found, dict) else None


def expired(found: dict[str, Any]) -> bool:
    """Say whether a token's time is over."""
    return float(found["exp"]) <= time.time()
