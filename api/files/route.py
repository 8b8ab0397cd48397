"""`/files/v1/{set}.{format}`: a whole set as one file, with its tag, in parts where asked, and only what changed."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any, Final, cast
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from api.access.visible import Principal, authenticate, visible_projects
from api.feed.changed import marked
from api.feed.declare import Moment
from api.feed.models import NoSuchDay, has_past, model_of, moment_of
from api.feed.named import tell
from api.files.formats import FORMATS, Format
from api.files.kept import Kept, Written
from api.files.ranges import Part, Unsatisfiable, part
from api.files.state import state
from api.files.statement import CHANGED, Asked
from api.odata.edm import EntitySet
from api.wire.answer import build, to_json
from api.wire.etag import digest, takes_gzip
from api.wire.problems import Problem, bad_request, not_found

router = APIRouter()
PREFIX: Final = "/files/v1"
_LONGEST_S: Final = 900  # seconds that one file may take to be read
_PARAMETERS: Final = ("as_of", "changed_since")
_BLOCK: Final = 1 << 20
_LEVEL: Final = 3  # of gzip: files are long, and the line is rarely slower than this
_VARY: Final = "Accept-Encoding, Authorization"


@router.get(f"{PREFIX}/", include_in_schema=False)
@router.get(PREFIX, include_in_schema=False)
def list_files(request: Request) -> Response:
    """List what can be had, as which files."""
    _reader(request)
    sets = [
        {"name": each.name, "says": each.says, "files": [f"{each.name}.{kind}" for kind in FORMATS],
         "as_of": has_past(each.name),
         "changed_since": _tells(each)}
        for each in model_of(None).sets
    ]  # fmt: skip
    return Response(to_json({"items": sets}), media_type="application/json")


@router.api_route(f"{PREFIX}/{{name}}.{{kind}}", methods=["GET", "HEAD"], include_in_schema=False)
def get_file(request: Request, name: str, kind: str) -> Response:
    """Give a set as a file."""
    principal = _reader(request)
    format_ = FORMATS.get(kind)
    if format_ is None:
        raise not_found(f"There is no format {kind}; there are: {', '.join(FORMATS)}.")
    packs = format_.packs and takes_gzip(request.headers.get("accept-encoding", ""))
    with _reading(request, name, principal, packs=packs) as (_, _, tag, _):
        pass  # the connection is given back: whoever writes takes one when it is their turn
    if _has(request, tag):
        return Response(status_code=304, headers=_common(tag))

    def write(out: IO[bytes]) -> tuple[str, dict[str, str]]:
        with _reading(request, name, principal, packs=packs) as (connection, asked, now, mark):
            _write(connection, asked, format_, out, packs=packs)
            return now, {"Muster-Changed-Since": mark.astimezone(UTC).isoformat().replace("+00:00", "Z")}

    kept: Kept = request.app.state.files
    written = kept.held(tag) or kept.get(tag, write)
    return _given(request, written, f"{name}.{kind}", format_)


@contextmanager
def _reading(
    request: Request, name: str, principal: Principal, *, packs: bool
) -> Iterator[tuple[Connection, Asked, str, datetime]]:
    """Give a transaction to read in, what is asked for, the tag of what is read in it, and from when on it is old.

    What is committed later than what is read changed at that instant or after it, so that from there on nothing is
    missed.
    """
    engine: Engine = request.app.state.engine
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, Session(connection) as session:
        mark = marked(connection)
        connection.execute(text(f"SET LOCAL statement_timeout = '{_LONGEST_S}s'"))
        visible = visible_projects(session, principal)
        tell(connection, visible)
        asked = _asked(request, name, visible, session)
        who = None if visible is None else sorted(map(str, visible))
        given = sorted(request.query_params.multi_items())
        tag = digest(build(), request.url.path, given, who, session.scalar(state()))
        yield connection, asked, tag + ("-gz" if packs else ""), mark


def _reader(request: Request) -> Principal:
    principal, _ = authenticate(request.app.state.engine, request, "records")
    return principal


def _asked(request: Request, name: str, visible: Any, session: Session) -> Asked:
    unknown = sorted(set(request.query_params) - set(_PARAMETERS))
    if unknown:
        raise bad_request(f"unknown parameter {', '.join(unknown)}; known: {', '.join(_PARAMETERS)}")
    repeated = [each for each in _PARAMETERS if len(request.query_params.getlist(each)) > 1]
    if repeated:
        raise bad_request(f"{', '.join(repeated)}: given more than once")
    since, day = (request.query_params.get(each) for each in ("changed_since", "as_of"))
    try:
        moment = None if day is None else moment_of(session, day)
    except NoSuchDay as error:
        raise bad_request(str(error)) from None
    found = _set(name, moment)
    if since is None:
        return Asked(found, visible)
    if day is not None:
        raise bad_request("as_of and changed_since: ask for one of them; what stood on a day changes no more")
    if not _tells(found):
        raise bad_request(
            f"changed_since: a file of {name} cannot say which of its rows went; ask for all of it"
        )
    return Asked(found, visible, _instant(since))


def _tells(each: EntitySet) -> bool:
    """Say whether the rows of a set that changed tell what went: each stays, or what it belongs to comes anew."""
    return CHANGED in each.type.all_properties() and (
        each.changes is None or each.changes.removed is None or each.changes.together
    )


def _set(name: str, moment: Moment | None) -> EntitySet:
    found = model_of(moment).by_name.get(name)
    if found is not None:
        return found
    if moment is not None and name in model_of(None).by_name:
        past = ", ".join(sorted(model_of(moment).by_name))
        raise bad_request(f"as_of: {name} is only there as it is now; with a past: {past}")
    raise not_found(f"There is no set {name}; {PREFIX}/ lists them.")


def _instant(given: str) -> datetime:
    try:
        # A plus in a query is a space, unless it is written as %2B.
        found = datetime.fromisoformat(given.replace(" ", "+"))
        instant = None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise bad_request("changed_since: expected an instant with its zone, as 2026-11-22T06:00:00Z")
    return instant


def _has(request: Request, tag: str) -> bool:
    return _names(request.headers.get("if-none-match", ""), tag, weak=True)


def _names(given: str, tag: str, *, weak: bool = False) -> bool:
    """Say whether a header's list has the tag; weakly, also as a weak one."""
    found = [each.strip() for each in given.split(",")]
    return any((each.removeprefix("W/") if weak else each) in (f'"{tag}"', "*") for each in found)


def _write(connection: Connection, asked: Asked, format_: Format, out: IO[bytes], *, packs: bool) -> None:
    if packs:
        with gzip.GzipFile("", "wb", _LEVEL, out, mtime=0) as packed:
            format_.write(connection, asked, cast("IO[bytes]", packed))
    else:
        format_.write(connection, asked, out)


def _common(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Vary": _VARY, "Cache-Control": "private, no-cache", "Accept-Ranges": "bytes"}


def _given(request: Request, written: Written, name: str, format_: Format) -> Response:
    tag = written.tag
    matching = request.headers.get("if-match")
    if matching is not None and not _names(matching, tag):
        written.file.close()
        raise Problem(
            412, "another-state", "The file is another by now than If-Match names: fetch the whole.",
            {"ETag": f'"{tag}"'},
        )  # fmt: skip
    headers = {**_common(tag), **written.headers,
               "Content-Disposition": f'attachment; filename="{quote(name)}"'}  # fmt: skip
    if tag.endswith("-gz"):
        headers["Content-Encoding"] = "gzip"
    try:
        wanted = part(
            request.headers.get("range"),
            request.headers.get("if-range") or (None if matching is None else f'"{tag}"'),
            tag=f'"{tag}"',
            length=written.length,
        )
    except Unsatisfiable:
        written.file.close()
        raise Problem(
            416, "no-such-part", f"The file has {written.length} bytes; Range asks for what is behind them.",
            {"Content-Range": f"bytes */{written.length}"},
        ) from None  # fmt: skip
    whole = wanted or Part(0, written.length - 1)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {wanted.first}-{wanted.last}/{written.length}"
    headers["Content-Length"] = str(whole.length)
    status = 200 if wanted is None else 206
    if request.method == "HEAD":
        written.file.close()
        return Response(status_code=status, headers=headers, media_type=format_.media_type)
    return StreamingResponse(
        _blocks(written, whole), status_code=status, headers=headers, media_type=format_.media_type
    )


def _blocks(written: Written, wanted: Part) -> Iterator[bytes]:
    with written.file:
        at, end = wanted.first, wanted.last + 1
        while at < end and (block := written.read(at, min(_BLOCK, end - at))):
            at += len(block)
            yield block
