"""Strong ETags from the data version, 304, and rendered bodies kept per version and visibility.

A version is read from the database in the request's only statement: what was added or closed since
shows in it. Bodies are kept as bytes, gzipped once.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from starlette.datastructures import Headers
from starlette.responses import Response

from api.wire.personal import NOTHING, Packed, Personal

Kind = Literal["status", "records", "findings", "matching", "templates", "policies", "audit"]

# Who writes to another database of the server, whose transactions a snapshot lists as well.
_ELSEWHERE: Final = """
    SELECT transactionid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND datname <> current_database()
"""
# Who is writing: those that a snapshot lists, and those too new for it, which hold a lock on their own number.
WRITING: Final = f"""
    (SELECT string_agg(x::text, '-') FROM pg_snapshot_xip(pg_current_snapshot()) AS x
     WHERE x::xid NOT IN ({_ELSEWHERE})),
    (SELECT string_agg(transactionid::text, '-' ORDER BY transactionid::text)
     FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND datname = current_database()
     AND pid <> pg_backend_pid())
"""
_STATUS: Final = """
    (SELECT max(id) FROM snapshot),
    (SELECT count(*) FROM snapshot WHERE as_of = (SELECT max(as_of) FROM snapshot)),
    (SELECT max(id) FROM claim),
    (SELECT max(id) FROM finding),
    (SELECT max(id) FROM assessment),
    (SELECT max(id) FROM rejected_record),
    (SELECT concat_ws('/', max(id), (SELECT max(known_to) FROM currency_rate)) FROM currency_rate),
    (SELECT string_agg(concat_ws('/', name, currency, timezone), '|' ORDER BY id) FROM portfolio),
    (SELECT concat_ws('/', max(id), max(known_to)) FROM portfolio_version),
    (SELECT max(updated_at) FROM source),
    (SELECT count(*) FROM source),
    (SELECT concat_ws('/', count(*), count(closed_at), md5(string_agg(name, '|' ORDER BY id))) FROM project),
    (SELECT concat_ws('/', count(*), count(project_id), count(deleted_at), max(id)) FROM scope),
    (SELECT concat_ws('/', max(id), count(accepted_at), count(settled_at), max(asked_at)) FROM question),
    (SELECT concat_ws('/', max(id), max(started_at), max(finished_at), md5(string_agg(state, '' ORDER BY id)))
     FROM run WHERE id > (SELECT max(id) - 500 FROM run))
"""
# A page lands with its cursor moved, in one transaction: the cursors' versions say that it did. While
# another transaction is under way, ids it took may yet appear below the highest one; its snapshot
# then makes the version a passing one.
_RECORDS: Final = f"""
    (SELECT max(id) FROM raw_page),
    (SELECT concat_ws('/', count(*), sum(version)) FROM cursor),
    (SELECT concat_ws('/', max(id), count(*), count(settled_at), count(ended_at)) FROM absence),
    (SELECT concat_ws('/', count(resolved_at), max(retried_at)) FROM rejected_record),
    (SELECT concat_ws('/', max(id), count(resolved_at), max(last_seen)) FROM drift),
    (SELECT max(semantics ->> 'replayed_at') FROM source),
    (SELECT sum(requests) FROM run WHERE id > (SELECT max(id) - 500 FROM run)),
    {WRITING}
"""
_FINDINGS: Final = """
    (SELECT concat_ws('/', count(closed_at), max(closed_at), max(moved_at)) FROM finding),
    (SELECT max(id) FROM finding_move),
    (SELECT max(assessed_at) FROM assessment),
    (SELECT concat_ws('/', max(id), count(answered_at), count(ended_at)) FROM dispute),
    (SELECT concat_ws('/', max(id), count(approved_at), count(ended_at)) FROM waiver),
    (SELECT concat_ws('/', max(id), sum(revision), count(superseded_by)) FROM submission),
    (SELECT count(closed_at) FROM cycle)
"""
_MATCHING: Final = """
    (SELECT concat_ws('/', max(id), max(changed_at)) FROM match_proposal),
    (SELECT max(id) FROM match_decision),
    (SELECT concat_ws('/', count(*), count(same_as)) FROM person),
    (SELECT concat_ws('/', count(*), count(person_id)) FROM identity),
    (SELECT concat_ws('/', max(id), max(changed_at), count(closed_at)) FROM claim_conflict),
    (SELECT concat_ws('/', max(id), count(ended_at)) FROM settlement),
    (SELECT concat_ws('/', max(id), count(ended_at)) FROM hand_claim),
    (SELECT concat_ws('/', max(id), count(ended_at)) FROM settling_rule)
"""
_TEMPLATES: Final = """
    (SELECT concat_ws('/', count(*), max(created_at), max(submitted_at), max(approved_at), max(retired_at),
     max(trial ->> 'tried_at'), md5(string_agg(sha256 || state, '' ORDER BY id))) FROM template_version),
    (SELECT concat_ws('/', max(id), count(approved_at), count(ended_at)) FROM tailoring),
    (SELECT concat_ws('/', max(id), count(approved_at), count(ended_at)) FROM waiver),
    (SELECT concat_ws('/', max(id), count(*)) FROM portfolio)
"""
_POLICIES: Final = """
    (SELECT concat_ws('/', count(*), max(id), md5(string_agg(sha256 || state, '' ORDER BY id))) FROM policy_version),
    (SELECT concat_ws('/', max(id), count(*)) FROM portfolio)
"""

VERSION: Final[dict[Kind, str]] = {
    "status": f"concat_ws(',', {_STATUS})",
    "records": f"concat_ws(',', {_STATUS}, {_RECORDS})",
    "findings": f"concat_ws(',', {_STATUS}, {_FINDINGS})",
    "matching": f"concat_ws(',', {_STATUS}, {_MATCHING})",
    "templates": f"concat_ws(',', {_TEMPLATES})",
    "policies": f"concat_ws(',', {_STATUS}, {_POLICIES})",
    "audit": "(SELECT max(seq)::text FROM audit_event)",
}


@dataclass(slots=True)
class Body:
    """A rendered answer; `packed` is filled when somebody first asks for gzip."""

    content: bytes
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    tag: str = ""  # of the version it was rendered from
    packed: bytes | Packed | None = None
    held: bool = False

    def size(self) -> int:
        """Return the bytes it takes to keep."""
        return len(self.content) + len(self.packed or b"")


class Cache:
    """Rendered bodies, the least recently used given up first. Safe among threads.

    Of several threads that miss the same body, one renders and the others wait for it.
    """

    def __init__(self, limit_bytes: int = 64 * 1024 * 1024, *, level: int = 5) -> None:
        self._limit = limit_bytes
        self._level = level  # of gzip
        self._held = 0
        self._bodies: OrderedDict[str, Body] = OrderedDict()
        self._lock = threading.Lock()
        self._rendering: dict[str, threading.Lock] = {}

    def get(self, key: str, render: Callable[[], Body]) -> Body:
        """Return the kept body, or render and keep it."""
        with self._lock:
            if (found := self._bodies.get(key)) is not None:
                self._bodies.move_to_end(key)
                return found
            mine = self._rendering.setdefault(key, threading.Lock())
        with mine:
            with self._lock:
                if (found := self._bodies.get(key)) is not None:
                    return found
            try:
                body = render()
            finally:
                with self._lock:
                    self._rendering.pop(key, None)
            self._keep(key, body)
        return body

    def pack(self, body: Body, personal: Personal = NOTHING) -> bytes | Packed:
        """Return the gzipped content, made once."""
        if body.packed is None:
            packed = personal.pack(body.content, self._level)
            with self._lock:
                if body.held and body.packed is None:
                    self._held += len(packed)
                body.packed = packed
        return body.packed

    def _keep(self, key: str, body: Body) -> None:
        if body.status != 200:  # noqa: PLR2004 - HTTP's own number
            return
        with self._lock:
            if (before := self._bodies.pop(key, None)) is not None:
                before.held = False
                self._held -= before.size()
            self._bodies[key] = body
            body.held = True
            self._held += body.size()
            while self._held > self._limit and self._bodies:
                _, gone = self._bodies.popitem(last=False)
                gone.held = False
                self._held -= gone.size()


T = TypeVar("T")


class Recent(Generic[T]):
    """A few values by key, the oldest given up first. Safe among threads."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._values: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], T]) -> T:
        """Return the kept value, or make and keep it; of two threads that miss, both make it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


def digest(*parts: object) -> str:
    """Return a short stable digest of what decides an answer."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def takes_gzip(accepted: str) -> bool:
    """Read Accept-Encoding: a weight of nought is a refusal."""
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "").rstrip("0").rstrip(".") not in ("q=", "q=0")
    return False


PACK_FROM = 1024  # bytes; below, a gzipped answer is no smaller on the wire


def respond(
    headers: Headers, tag: str, cache: Cache, render: Callable[[], Body], personal: Personal = NOTHING
) -> Response:
    """Return 304 when the caller has this version, else the body, gzipped if that is welcome.

    `personal` is what is put into it for this reader alone.
    """
    packs = takes_gzip(headers.get("accept-encoding", ""))
    common = {"Vary": "Accept-Encoding, Authorization, Cookie, Accept", "Cache-Control": "private, no-cache"}
    given = {part.strip().removeprefix("W/") for part in headers.get("if-none-match", "").split(",")}
    own_tag = f".{personal.tag}" if personal.values else ""
    plain, packed = f'"{tag}{own_tag}"', f'"{tag}{own_tag}-gz"'
    if given & {plain, packed, "*"}:
        return Response(status_code=304, headers={**common, "ETag": packed if packed in given else plain})
    body = cache.get(tag, render)
    plain, packed = f'"{body.tag}{own_tag}"', f'"{body.tag}{own_tag}-gz"'
    content, own = personal.fill(body.content), {"ETag": plain}
    if packs and len(body.content) >= PACK_FROM:
        content = personal.fill_packed(cache.pack(body, personal), content)
        own = {"ETag": packed, "Content-Encoding": "gzip"}
    return Response(content, body.status, {**common, **own, **body.headers}, body.media_type)
