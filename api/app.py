"""The application: routes, pages, errors and headers on one engine."""

from functools import cache, partial
from typing import Any, Final

from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from api import metrics
from api.access.causes import Causes
from api.access.csrf import Csrf
from api.access.doors import Door, Limits
from api.access.entering import entering
from api.access.visible import key_stands
from api.exports import Exports
from api.feed import route as feed
from api.feed.kept import Kept as FeedAnswers
from api.files import route as files
from api.files.kept import Kept
from api.pages.every import PAGES
from api.pages.static import static_files
from api.preferred import Preferred
from api.routes.every import NOUNS
from api.shapes.every import SHAPES
from api.signin.attempts import Attempts
from api.signin.ways_in import WaysIn
from api.wire import problems
from api.wire.answer import to_json
from api.wire.bounded import Bounded
from api.wire.description import describe
from api.wire.etag import Cache, Recent
from api.wire.headers import StrictHeaders
from api.wire.idempotency import Idempotent
from api.wire.methods import Methods
from api.wire.retiring import SayRetiring
from api.wire.unchanged import Unchanged
from api.wire.version import Versions
from api.wire.whole_keys import WholeKeys

PREFIX: Final = "/api/v1"
_ABOUT: Final = (
    "One project model out of every tracker a project office has, with a receipt for every number. "
    "Instants are UTC with Z, dates are ISO dates, unknown is null. Lists are paged by an opaque cursor; "
    "answers carry a strong ETag; errors are RFC 9457 problems."
)


def create_app(
    engine: Engine,
    *,
    cache_bytes: int = 64 * 1024 * 1024,
    limits: Limits | None = None,
    ways_in: WaysIn | None = None,
) -> FastAPI:
    """Return the application on a migrated database.

    Args:
        engine: Whose sessions are in UTC.
        cache_bytes: How much of rendered answers is kept.
        limits: How often one may ask; None: as often as one likes.
        ways_in: How people sign in; None: with passwords and tokens.
    """
    app = FastAPI(
        title="Muster", version="1", description=_ABOUT, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False, dependencies=[Depends(entering)],
    )  # fmt: skip
    app.state.engine = engine
    _let_in(app, ways_in or WaysIn())
    app.state.cache = Cache(cache_bytes)
    app.state.boards = Recent()
    app.state.files = Kept()
    app.state.versions = Versions()
    app.state.feed_answers = FeedAnswers()
    problems.install(app)
    app.include_router(feed.router)  # first: its answers may take less time than looking for it
    for noun in NOUNS:
        app.include_router(noun.router, prefix=PREFIX, tags=[noun.__name__.rpartition(".")[2]])
    app.include_router(metrics.router)
    app.include_router(files.router)
    for page in PAGES:
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", static_files(), name="static")

    description = cache(lambda: to_json(described(app)))  # seconds of work, and never another

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    def openapi(_request: Request) -> Response:
        return Response(description(), media_type="application/json")

    app.add_middleware(SayRetiring)
    app.add_middleware(Idempotent, prefix=PREFIX, engine=engine)
    app.add_middleware(Methods, prefix=PREFIX, routes=_api_routes())
    app.add_middleware(Exports, engine=engine)
    app.add_middleware(Unchanged, engine=engine)
    app.add_middleware(Preferred)
    app.add_middleware(Csrf)
    app.add_middleware(Bounded)
    app.add_middleware(StrictHeaders)
    app.add_middleware(Door, limits=limits, stands=partial(key_stands, engine))
    app.add_middleware(Causes)
    app.add_middleware(WholeKeys)
    return app


def _let_in(app: FastAPI, ways: WaysIn) -> None:
    app.state.lives = ways.lives
    app.state.public_url = ways.public_url
    app.state.passwords = ways.passwords
    app.state.provider = ways.provider
    app.state.attempts = Attempts()


def described(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, every answer with an example."""
    return describe(app, _api_routes(), SHAPES)


def _api_routes() -> list[BaseRoute]:
    return [route for noun in NOUNS for route in noun.router.routes]
