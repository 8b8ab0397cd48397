"""Keep secrets out of messages, logs and raw pages."""

import base64
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlsplit

import httpx
import orjson

_SECRET_NAME: Final = re.compile(
    r"(token|secret|password|passwd|assertion|api[-_]?key|^sig$|^code$|tempauth|authorization)", re.IGNORECASE
)
# A quick look at a whole query or body: without any of these there is nothing to star. Searching for plain
# texts costs a twentieth of what the pattern above would.
_MAYBE_SECRET: Final = (
    "token", "secret", "passw", "assertion", "apikey", "api_key", "api-key", "tempauth", "authorization",
    "sig=", '"sig"', "code=", '"code"',
)  # fmt: skip
_SECRET_TEXT: Final = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~:-]{6,}", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(r"(://)[^\s/@:]*:[^\s/@]+@")
_PAGING: Final = frozenset({"nextpagetoken", "continuationtoken", "$skiptoken"})  # positions, not secrets
_SHORTEST: Final = 4  # a shorter one would black out plain words
_A_WORD: Final = 8  # letters alone, and fewer than these
_MOST_KEPT: Final = 4000  # forms of secrets that this process remembers; the oldest go first

_known: dict[str, None] = {}
_in_order: tuple[str, ...] = ()  # of `_known`, the longest first: a secret may hold another
_known_lock = threading.Lock()


def remember(*secrets: str | None) -> None:
    """Have `scrubbed` star these from now on, in every form they may turn up in."""
    global _in_order  # noqa: PLW0603 - the register is the process's, as its log is
    forms = [form for secret in secrets if secret and not _is_word(secret) for form in forms_of(secret)]
    with _known_lock:
        for form in forms:
            _known.pop(form, None)
            _known[form] = None
        for oldest in list(_known)[: max(0, len(_known) - _MOST_KEPT)]:
            del _known[oldest]
        _in_order = tuple(sorted(_known, key=len, reverse=True))


def _is_word(secret: str) -> bool:
    """Whether a secret is so poor that starring it everywhere would black out plain words."""
    return len(secret) < _A_WORD and secret.isalpha()


def scrubbed(text: str) -> str:
    """Star every secret this process was ever told, for what people and logs get to see."""
    return redacted(text, _in_order)


def forms_of(secret: str) -> tuple[str, ...]:
    """List how a secret may look where it turns up: plain, in an address, in JSON, in base64."""
    if len(secret) < _SHORTEST:
        return ()
    found = {
        secret: None,
        quote(secret, safe=""): None,
        quote_plus(secret): None,
        orjson.dumps(secret).decode()[1:-1]: None,
        repr(secret)[1:-1]: None,
        base64.b64encode(secret.encode()).decode(): None,
    }
    found |= {line: None for line in secret.splitlines() if len(line) >= 16}  # noqa: PLR2004 - of a PEM file
    return tuple(sorted(found, key=len, reverse=True))


def secrets_of(auth: object, headers: Mapping[str, str] | None, proxy: str | None = None) -> tuple[str, ...]:
    """List the secrets that a client's credentials hold, to be starred wherever they turn up."""
    found: list[str] = []
    if isinstance(auth, tuple):
        pair = f"{auth[0]}:{auth[1]}".encode()
        found += [str(auth[1]), base64.b64encode(pair).decode()]
    for name, value in (headers or {}).items():
        if _SECRET_NAME.search(name):
            found += [value, value.rpartition(" ")[2]]
    if proxy and (password := urlsplit(proxy).password):
        found += [password]
    return tuple(dict.fromkeys(form for secret in found for form in forms_of(secret)))


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Star the known secrets, and anything that looks like a credential, in a text."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "***")
    if "://" in text:
        text = _IN_ADDRESS.sub(r"\1***@", text)
    low = text.lower()
    return _SECRET_TEXT.sub(r"\1 ***", text) if "bearer" in low or "basic" in low else text


def request_line(request: httpx.Request, body: Any) -> str:
    """Write the request as it is kept and shown: no credentials, secret-looking values starred."""
    url = request.url
    if url.query and _may_hold_secrets(url.query.decode("ascii", "replace")):
        named = url.params.multi_items()
        if any(is_secret(name) for name, _ in named):
            url = url.copy_with(params=[(name, "***" if is_secret(name) else value) for name, value in named])
    line = f"{request.method} {url}"
    if body is None:
        return line
    text = request.content.decode()
    return f"{line} {orjson.dumps(_starred(body)).decode() if _may_hold_secrets(text) else text}"


def _may_hold_secrets(text: str) -> bool:
    low = text.lower()
    return any(word in low for word in _MAYBE_SECRET)


def is_secret(name: str) -> bool:
    """Tell from its name that a value is a secret."""
    return name.lower() not in _PAGING and bool(_SECRET_NAME.search(name))


def _starred(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "***" if is_secret(name) else _starred(inner) for name, inner in value.items()}
    return [_starred(inner) for inner in value] if isinstance(value, list) else value
