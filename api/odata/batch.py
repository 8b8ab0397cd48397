"""`$batch`: several requests in one, as multipart/mixed or as JSON (protocol 11.7, JSON format 19)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from api.odata.posted import WrongMedia
from api.odata.problems import Malformed, TooComplex, Unsupported

MOST: Final = 100  # requests
_REASONS: Final = {200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch, to be asked `after` others.

    `id` is None in multipart batches, whose answers come in their order.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    id: str | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """What is answered to one of them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


_FAILED: Final = PartAnswer(424, {}, b"")  # a request that this one depends on was refused
_ERRORS: Final = 400
Ask = Callable[[Part], PartAnswer]


def batch(content_type: str | None, body: bytes, ask: Ask, *, onward: bool = False) -> tuple[str, bytes]:
    """Answer a batch; returns the Content-Type and the body.

    Args:
        content_type: Of the batch.
        body: The batch.
        ask: Answers one of its requests.
        onward: Whether to go on behind a request that was refused (continue-on-error); else it is the last.

    Raises:
        Problem: It cannot be read; what is wrong with one of its requests is that one's own answer.
    """
    media = (content_type or "").partition(";")[0].strip().lower()
    if media == "application/json":
        return "application/json", _json(body, ask, onward=onward)
    if media == "multipart/mixed":
        return _multipart(content_type or "", body, ask, onward=onward)
    raise WrongMedia("$batch takes multipart/mixed or application/json", target="$batch")


def relative(url: str, root: str, *, target: str = "$batch") -> tuple[str, str]:
    """Return the path from the service's root, and the query, of a URL in a batch, or in another option.

    Raises:
        Malformed: It leads to another service.
    """
    parts = urlsplit(url)
    base, shown = urlsplit(root), url.partition("?")[0]  # a key may stand in the query
    if parts.netloc and parts.netloc != base.netloc:
        raise Malformed(f"{shown}: it leads to another service", target=target)
    path = parts.path
    if path.startswith("/") or parts.netloc:
        if not path.startswith(base.path):
            raise Malformed(f"{shown}: it leads out of this service", target=target)
        path = path[len(base.path) :]
    return path, parts.query


def _json(body: bytes, ask: Ask, *, onward: bool) -> bytes:
    try:
        document = orjson.loads(body)
        requests = document["requests"]
        parts = [_json_part(each) for each in requests]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise Malformed(
            'the body is no JSON batch: {"requests": [{"id", "method", "url"}]}', target="$batch"
        ) from None
    _bounded(len(parts))
    if len({part.id for part in parts}) != len(parts):
        raise Malformed("two requests of the batch have the same id", target="$batch")
    answers = []
    refused: set[str | None] = set()
    for part in parts:
        answer = _FAILED if refused.intersection(part.after) else ask(part)
        made: dict[str, Any] = {"id": part.id, "status": answer.status, "headers": dict(answer.headers)}
        if answer.body:
            is_json = answer.headers.get("Content-Type", "").startswith("application/json")
            made["body"] = orjson.Fragment(answer.body) if is_json else answer.body.decode("utf-8", "replace")
        answers.append(made)
        if answer.status >= _ERRORS:
            refused.add(part.id)
            if not onward:
                break
    return orjson.dumps({"responses": answers})


def _json_part(each: Any) -> Part:
    headers = {str(name).lower(): str(value) for name, value in (each.get("headers") or {}).items()}
    body = each.get("body", "")
    after = tuple(map(str, each.get("dependsOn") or ()))
    sent = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Part(str(each["method"]).upper(), str(each["url"]), headers, sent, str(each["id"]), after)


def _bounded(number: int) -> None:
    if number > MOST:
        raise TooComplex(f"$batch: more than {MOST} requests", target="$batch")


def _multipart(content_type: str, body: bytes, ask: Ask, *, onward: bool) -> tuple[str, bytes]:
    whole = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body
    )
    if not whole.is_multipart():
        raise Malformed("the body is no multipart batch: its boundary is not in it", target="$batch")
    parts = list(whole.iter_parts())
    _bounded(len(parts))
    boundary = f"batchresponse_{secrets.token_hex(8)}"
    made = []
    for part in parts:
        if part.get_content_maintype() == "multipart":
            raise Unsupported("$batch: change sets are not taken, this service is read only", target="$batch")
        payload = part.get_payload(decode=True)
        answer = ask(_http_part(payload if isinstance(payload, bytes) else b""))
        made.append(_http(answer))
        if answer.status >= _ERRORS and not onward:
            break
    lines = b"".join(
        b"--%b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n%b\r\n"
        % (boundary.encode(), each)
        for each in made
    )
    return f"multipart/mixed;boundary={boundary}", lines + b"--%b--\r\n" % boundary.encode()


def _http_part(raw: bytes) -> Part:
    head, _, body = raw.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *rest = head.decode("utf-8", "replace").split("\n")
    words = first.split(" ")
    if len(words) < 2:  # noqa: PLR2004 - a method and an address
        raise Malformed("a part of the batch has no request line", target="$batch")
    headers = {}
    for line in rest:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    address = " ".join(words[1:-1]) if words[-1].startswith("HTTP/") else " ".join(words[1:])
    return Part(words[0].upper(), address, headers, body)


def _http(answer: PartAnswer) -> bytes:
    reason = _REASONS.get(answer.status, "Answered")
    head = f"HTTP/1.1 {answer.status} {reason}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return (head + f"Content-Length: {len(answer.body)}\r\n\r\n").encode() + answer.body
