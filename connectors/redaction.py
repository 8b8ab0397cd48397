"""Keep secrets out of messages, logs and raw pages."""

import re
from collections.abc import Mapping
from typing import Any, Final

import httpx
import orjson

_SECRET_NAME: Final = re.compile(
    r"(token|secret|password|passwd|assertion|api_?key|^sig$|^code$|tempauth|authorization)", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~:-]{6,}", re.IGNORECASE)
_PAGING: Final = frozenset({"nextpagetoken", "continuationtoken", "$skiptoken"})  # positions, not secrets
_SHORTEST: Final = 4  # a shorter one would black out plain words


def secrets_of(auth: object, headers: Mapping[str, str] | None) -> tuple[str, ...]:
    """List the secrets that a client's credentials hold, to be starred wherever they turn up."""
    found = [str(auth[1])] if isinstance(auth, tuple) else []
    for name, value in (headers or {}).items():
        if _SECRET_NAME.search(name):
            found += [value, value.rpartition(" ")[2]]
    return tuple(secret for secret in found if len(secret) >= _SHORTEST)


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """Star the known secrets, and anything that looks like a credential, in a text."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _SECRET_TEXT.sub(r"\1 ***", text)


def request_line(request: httpx.Request, body: Any) -> str:
    """Write the request as it is kept and shown: no credentials, secret-looking values starred."""
    url = request.url
    named = url.params.multi_items()
    if any(_is_secret(name) for name, _ in named):
        url = url.copy_with(params=[(name, "***" if _is_secret(name) else value) for name, value in named])
    line = f"{request.method} {url}"
    return line if body is None else f"{line} {orjson.dumps(_starred(body)).decode()}"


def _is_secret(name: str) -> bool:
    return name.lower() not in _PAGING and bool(_SECRET_NAME.search(name))


def _starred(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "***" if _is_secret(name) else _starred(inner) for name, inner in value.items()}
    return [_starred(inner) for inner in value] if isinstance(value, list) else value
