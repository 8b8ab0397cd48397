"""The application: routes, pages, errors and headers on one engine."""

from functools import cache
from typing import Any, Final

from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from api import (
    account_shapes,
    audit_shapes,
    change_shapes,
    collection_shapes,
    finding_shapes,
    history_shapes,
    matching_shapes,
    metrics,
    outcome_shapes,
    plan_shapes,
    policy_shapes,
    problems,
    raw_page_shapes,
    record_shapes,
    register_shapes,
    rollup_shapes,
    search_shapes,
    shapes,
    status_shapes,
    template_shapes,
    work_shapes,
    workbook_shapes,
)
from api.answer import to_json
from api.attempts import Attempts
from api.causes import Causes
from api.csrf import Csrf
from api.description import describe
from api.doors import Door, Limits
from api.entering import entering
from api.etag import Cache, Recent
from api.exports import Exports
from api.feed import route as feed
from api.feed.kept import Kept as FeedAnswers
from api.files import route as files
from api.files.kept import Kept
from api.headers import StrictHeaders
from api.idempotency import Idempotent
from api.methods import Methods
from api.pages import accounts as account_pages
from api.pages import audit as audit_pages
from api.pages import board, collect_board, form, heads, project, pulled, receipt, signin
from api.pages import changes as change_pages
from api.pages import collect_open as collect_open_pages
from api.pages import conflicts as conflict_pages
from api.pages import findings as finding_pages
from api.pages import glossary as glossary_pages
from api.pages import mapping_editor as mapping_pages
from api.pages import matching as matching_pages
from api.pages import outcomes as outcome_pages
from api.pages import own_account as own_account_pages
from api.pages import policies as policy_pages
from api.pages import policy_editor as policy_editor_pages
from api.pages import preferences as preference_pages
from api.pages import raw_page as raw_page_pages
from api.pages import rollup as rollup_pages
from api.pages import search as search_pages
from api.pages import signin_provider as provider_pages
from api.pages import source as source_pages
from api.pages import source_draft as source_draft_pages
from api.pages import template_editor as template_editor_pages
from api.pages import template_tailoring as tailoring_pages
from api.pages import templates as template_pages
from api.pages import tokens as token_pages
from api.pages import workbook as workbook_pages
from api.pages.static import static_files
from api.preferred import Preferred
from api.retiring import SayRetiring
from api.routes import (
    accounts,
    answered,
    audit_events,
    changes,
    conflicts,
    costs,
    cycles,
    drift,
    explain,
    finding_steps,
    findings,
    history,
    mapping_versions,
    matching,
    milestones,
    outbox,
    outcomes,
    policies,
    portfolio,
    programmes,
    projects,
    questions,
    raid_items,
    raw_pages,
    register,
    rejects,
    runs,
    scopes,
    search,
    sources,
    status,
    submissions,
    submissions_moves,
    templates,
    work_items,
    work_parts,
    workbooks,
)
from api.unchanged import Unchanged
from api.version import Versions
from api.ways_in import WaysIn

PREFIX: Final = "/api/v1"
_NOUNS: Final = (
    status, changes, portfolio, programmes, projects, explain, work_items, work_parts, milestones, raid_items,
    costs, answered, register, mapping_versions, findings, sources, scopes, runs, questions, rejects, drift,
    workbooks, submissions, finding_steps, matching, conflicts, cycles, outbox, submissions_moves, templates,
    policies, outcomes, history, raw_pages, search, audit_events, accounts,
)  # fmt: skip
_SHAPES: Final = (
    audit_shapes,
    shapes,
    plan_shapes,
    status_shapes,
    finding_shapes,
    record_shapes,
    matching_shapes,
    collection_shapes,
    workbook_shapes,
    template_shapes,
    policy_shapes,
    outcome_shapes,
    rollup_shapes,
    raw_page_shapes,
    register_shapes,
    change_shapes,
    history_shapes,
    search_shapes,
    work_shapes,
    account_shapes,
)
_PAGES: Final = (
    audit_pages,
    board,
    heads,
    change_pages,
    project,
    receipt,
    raw_page_pages,
    rollup_pages,
    pulled,
    source_draft_pages,
    mapping_pages,
    source_pages,
    signin,
    provider_pages,
    own_account_pages,
    token_pages,
    form,
    collect_open_pages,
    collect_board,
    finding_pages,
    matching_pages,
    conflict_pages,
    template_editor_pages,
    tailoring_pages,
    template_pages,
    policy_editor_pages,
    policy_pages,
    outcome_pages,
    workbook_pages,
    search_pages,
    preference_pages,
    glossary_pages,
    account_pages,
)
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
    for noun in _NOUNS:
        app.include_router(noun.router, prefix=PREFIX, tags=[noun.__name__.rpartition(".")[2]])
    app.include_router(metrics.router)
    app.include_router(files.router)
    for page in _PAGES:
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
    app.add_middleware(StrictHeaders)
    app.add_middleware(Door, limits=limits)
    app.add_middleware(Causes)
    return app


def _let_in(app: FastAPI, ways: WaysIn) -> None:
    app.state.lives = ways.lives
    app.state.public_url = ways.public_url
    app.state.passwords = ways.passwords
    app.state.provider = ways.provider
    app.state.attempts = Attempts()


def described(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, every answer with an example."""
    return describe(app, _api_routes(), _SHAPES)


def _api_routes() -> list[BaseRoute]:
    return [route for noun in _NOUNS for route in noun.router.routes]
