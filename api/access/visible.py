"""Who asks, and what they may see: one Principal, one rule, under every read.

A token is held as its SHA-256. A browser holds the secret of a session instead (`api.signin.sessions`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Engine, select, text, true
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.requests import Request

from api.access.causes import asks
from api.access.doors import key_of
from api.access.doors import let_in as let_in_by_key
from api.access.grants import OWNER, WHOSE, principal_of, stands
from api.access.principal import OPERATOR, SCOPES, Principal
from api.access.rights import let_in
from api.signin.sessions import look_up, session_cookie
from api.wire import fields
from api.wire.etag import VERSION, Cache, Kind
from api.wire.problems import bad_request, forbidden, unauthenticated
from api.wire.unchanged import NOTED
from api.wire.version import SEEN
from model.tables import Project

__all__ = ["OPERATOR", "SCOPES", "Principal"]
_UNKNOWN: Final = "This token is unknown, expired or revoked; `muster token list` shows which stand."
_ENDED: Final = "Your session has ended. Sign in again."
_NUL: Final = "a parameter holds a NUL character"
bearer = HTTPBearer(auto_error=False, description="A token of `muster token create`")


def visible_projects(session: Session, principal: Principal) -> frozenset[UUID] | None:
    """Say which projects a principal may see, by id; None means all. The one rule under every read."""
    if principal.projects is None:
        return None
    return frozenset(session.scalars(select(Project.id).where(Project.key.in_(principal.projects))))


def only_visible(
    column: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], visible: frozenset[UUID] | None
) -> ColumnElement[bool]:
    """Return the condition that holds a query to the visible projects."""
    return true() if visible is None else column.in_(visible)


def hash_token(token: str) -> str:
    """Return the form a token is stored in."""
    return hashlib.sha256(token.encode()).hexdigest()


def key_stands(engine: Engine, hash_: str) -> bool:
    """Say whether a hash is that of a token that stands."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return stands(connection.execute(_WHO, {"hash": hash_, "now": datetime.now(UTC)}).one())


_WHO: Final = text(
    f"""SELECT {SEEN} AS seen, {WHOSE}
        FROM (VALUES (1)) AS one
        LEFT JOIN api_token t ON t.hash = :hash
         AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > :now)
        {OWNER}"""
)


def data_version(session: Session, kind: Kind) -> str:
    """Return the version of the data as this session's transaction sees it."""
    return str(session.scalar(text(f"SELECT {VERSION[kind]}")))


def authenticate(
    engine: Engine, request: Request, kind: Kind | None = "status", *, now: datetime | None = None
) -> tuple[Principal, str]:
    """Return who asks and the data's version; one statement where nothing was written since the version was known.

    Without a kind the version is that of all data there is, which every write changes.

    Raises:
        Problem: 401 when nobody valid asks, 403 for one without the permission that the route needs, 400 for an
            address that names what nothing is called.
    """
    now = now or datetime.now(UTC)
    hash_, secret = _bearer(request), None
    if hash_ is None and (secret := session_cookie(request)) is None:
        raise unauthenticated("Send `Authorization: Bearer TOKEN`; `muster token create NAME` makes one.")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if secret is None:
            row = connection.execute(_WHO, {"hash": hash_, "now": now}).one()
        else:
            row = look_up(connection, request, secret, now)
        if not stands(row):
            raise unauthenticated(_UNKNOWN if secret is None else _ENDED)
        if secret is None:
            let_in_by_key(request)
        found = principal_of(row) if secret is None else replace(principal_of(row), session=row.session)
        if (noted := request.scope.get(NOTED)) is not None:
            noted.who(row.seen, row.expires_at)
        asks(request, found.shown, holder=found.holder)
        principal = let_in(request, found)
        if any("\x00" in str(value) for value in request.path_params.values()):
            raise bad_request(_NUL)
        if kind is None:
            return principal, str(row.seen)
        return principal, request.app.state.versions.of(connection, kind, row.seen)


def _bearer(request: Request) -> str | None:
    """Return the hash of the token a program sends; None where it sends none."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    if (token := key_of(header)) is None:
        raise unauthenticated("Authorization: expected `Bearer TOKEN`.")
    return hash_token(token)


@dataclass(frozen=True, slots=True)
class Reader:
    """A request that may read: who asks, and the version of what they ask for."""

    request: Request
    principal: Principal
    version: str
    kind: Kind
    engine: Engine
    cache: Cache

    def needs_everything(self, what: str) -> None:
        """Refuse a principal who may see some projects only.

        Raises:
            Problem: 403.
        """
        if not self.principal.sees_everything:
            raise forbidden(f"{what} are shown only to tokens that may see every project.")


def reading(kind: Kind) -> Callable[..., Reader]:
    """Return the dependency of a route that reads data of one kind."""

    def reader(request: Request, _documented: Annotated[Any, Depends(bearer)] = None) -> Reader:
        engine: Engine = request.app.state.engine
        principal, version = authenticate(engine, request, kind)
        _known_parameters(request)
        return Reader(request, principal, version, kind, engine, request.app.state.cache)

    return reader


StatusReader = Annotated[Reader, Depends(reading("status"))]
RecordsReader = Annotated[Reader, Depends(reading("records"))]
FindingsReader = Annotated[Reader, Depends(reading("findings"))]
TemplatesReader = Annotated[Reader, Depends(reading("templates"))]
MatchingReader = Annotated[Reader, Depends(reading("matching"))]
PoliciesReader = Annotated[Reader, Depends(reading("policies"))]
AuditReader = Annotated[Reader, Depends(reading("audit"))]


def _known_parameters(request: Request) -> None:
    """Refuse a parameter nobody reads, or one given twice: a filter must not silently be left out.

    Raises:
        Problem: 400, with the names that are read or repeated.
    """
    route = request.scope["route"]
    known = set(_aliases(route.dependant)) | ({fields.NAME} if fields.selectable(route) else set())
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise bad_request(
            f"unknown parameter {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'none'}"
        )
    repeated = sorted(name for name in known - {fields.NAME} if len(request.query_params.getlist(name)) > 1)
    if repeated:
        raise bad_request(f"{', '.join(repeated)}: given more than once; ask once for each value")
    if any("\x00" in value for value in request.query_params.values()):
        raise bad_request(_NUL)


def _aliases(dependant: Dependant) -> list[str]:
    found = []
    for parameter in dependant.query_params:
        described = parameter.field_info.annotation
        if isinstance(described, type) and issubclass(described, BaseModel):
            found += list(described.model_fields)
        else:
            found.append(parameter.alias)
    for below in dependant.dependencies:
        found += _aliases(below)
    return found
