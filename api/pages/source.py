"""One source: how it is and how old, its last runs, what has drifted, and each thing that can be changed."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.origin import same_origin
from api.access.visible import RecordsReader, authenticate
from api.pages.board import fresh
from api.pages.pulled import rejects_of
from api.pages.render import page
from api.pages.source_ways import sign_in_of, way_for
from api.pages.writing import schedule_text
from api.routes.runs import run_documents
from api.routes.sources import source_documents
from api.translation import _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import bad_request, not_found
from config.secrets import KEPT
from model.rights import Permission
from model.tables import RejectedRecord, Run, Scope, Source
from sync.draft_certificates import certificate_of, shown_of
from sync.draft_save import set_enabled, shown_block
from sync.draft_tokens import rests_on_consent
from sync.drift import accept, drifted
from sync.record_rows import COLLECTION
from sync.run import start_run
from sync.slots import next_slots
from sync.versions import versions_of

router = APIRouter()
Name = Annotated[str, Path(max_length=200)]
_RUNS: Final = 10
_VERSIONS: Final = 5


@router.get("/sources/{name}")
def source_page(reader: RecordsReader, name: Name) -> Response:
    """Show one source."""
    reader.needs_everything("Sources and runs")
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        row = session.execute(select(Source).where(Source.name == name, Source.kind != COLLECTION)).scalar()
        if row is None:
            raise not_found(_("There is no source %(name)s.", name=name))
        known = next(
            each for each in fresh(source_documents(session, visible, now=now), now) if each["name"] == name
        )
        runs = (
            select(Run, Source.name)
            .join(Source, Source.id == Run.source_id)
            .where(Run.source_id == row.id)
            .order_by(Run.id.desc())
            .limit(_RUNS)
        )
        condition = (RejectedRecord.source_id == row.id) & RejectedRecord.resolved_at.is_(None)
        return {
            "title": name,
            "source": known,
            **_configured(session, row, now),
            "scopes": _scopes(session, row.id),
            "runs": run_documents(session, runs, visible),
            "drift": drifted(session.connection(), name),
            "versions": versions_of(session.connection(), name)[:_VERSIONS],
            "rejected": rejects_of(session, condition, now),
            "may_change": reader.principal.can(Permission.CONFIGURE),
            "may_sync": reader.principal.can(Permission.SYNC),
        }

    return page(reader, "source.html", collect, also=f"{now:%Y%m%d%H%M%S}")


def _configured(session: Session, row: Source, now: datetime) -> dict[str, Any]:
    """Return what a source's configuration says, in words; no secret."""
    block = {"name": row.name, **row.config}
    way = way_for(block)
    zone = session.scalar(text("SELECT timezone FROM portfolio ORDER BY id LIMIT 1")) or "UTC"
    schedule = row.schedule or ""
    auth = row.config.get("auth") or {}
    secret = next(
        (str(auth[key]) for key in ("token", "client_secret", "certificate") if auth.get(key)), None
    )
    return {
        "way": way,
        "block": shown_block(block),
        "sign_in": sign_in_of(way, block) if auth else None,
        "secret": None if secret is None else _("kept, sealed") if secret.startswith(KEPT) else secret,
        "certificate": certificate_of(session.connection().engine, str(auth.get("certificate") or "")),
        "authorities": shown_of(str(row.config.get("ca_bundle") or "")),
        "by_consent": rests_on_consent(row.config),
        "let_in_at": _let_in_at(session, row) if rests_on_consent(row.config) else None,
        "zone": zone,
        "schedule_says": schedule_text(schedule),
        "next": next_slots(schedule, zone, now=now, count=1) if row.enabled else [],
        "draft": session.scalar(
            text("SELECT id FROM source_draft WHERE source_id = :id ORDER BY id DESC LIMIT 1"), {"id": row.id}
        ),
    }


def _let_in_at(session: Session, row: Source) -> datetime | None:
    """Return when the newest token of a consent came, None where nobody has let us in."""
    found: datetime | None = session.scalar(
        text("SELECT stored_at FROM credential WHERE source_id = :id"), {"id": row.id}
    )
    return found


def _scopes(session: Session, source_id: int) -> dict[str, int]:
    rows = session.execute(
        select(Scope.project_id.is_not(None)).where(
            Scope.source_id == source_id, Scope.deleted_at.is_(None), Scope.kind != "register_row"
        )
    )
    bound = [each for (each,) in rows]
    return {"all": len(bound), "bound": sum(bound)}


@router.post("/sources/{name}/run")
async def run_by_form(request: Request, name: Name) -> Response:
    """Let a source be read now, in full where that was asked for."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_ran, request, name, form)


def _ran(request: Request, name: str, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    authenticate(engine, request)
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT s.enabled, (SELECT max(r.id) FROM run r WHERE r.source_id = s.id AND r.state IN"
                " ('queued', 'running')) AS run FROM source s WHERE s.name = :name AND s.kind <> :collection"
            ),
            {"name": name, "collection": COLLECTION},
        ).one_or_none()
    if row is None:
        raise not_found(_("There is no source %(name)s.", name=name))
    if not row.enabled:
        raise bad_request(_("%(name)s is paused: let it go on before it is read.", name=name))
    # Asked for twice, it is read once.
    run = row.run or start_run(
        engine, name, full="full" in form, now=datetime.now(UTC), census="census" in form
    )
    return RedirectResponse(f"/runs/{run}", 303)


@router.post("/sources/{name}/drift")
async def drift_by_form(request: Request, name: Name) -> Response:
    """Take what has drifted for how it is from now on."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_accepted, request, name, form)


def _accepted(request: Request, name: str, form: dict[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, _version = authenticate(engine, request)
    given = form.get("number", "")
    numbers = [int(given)] if given.isascii() and given.isdigit() and len(given) < 19 else []  # noqa: PLR2004  (bigint)
    if given and not numbers:
        raise bad_request(_("There is no such line of drift."))
    try:
        accept(engine, name, numbers, by=principal.person or principal.shown, now=datetime.now(UTC))
    except LookupError:
        raise not_found(_("This no longer stands: it went by itself, or was accepted.")) from None
    return RedirectResponse(f"/sources/{name}#drift", 303)


@router.post("/sources/{name}/pause")
async def pause_by_form(request: Request, name: Name) -> Response:
    """Have a source read no more for now; what it brought is kept."""
    same_origin(request)
    return await run_in_threadpool(_set, request, name, enabled=False)


@router.post("/sources/{name}/resume")
async def resume_by_form(request: Request, name: Name) -> Response:
    """Have a source read again on its schedule."""
    same_origin(request)
    return await run_in_threadpool(_set, request, name, enabled=True)


def _set(request: Request, name: str, *, enabled: bool) -> Response:
    engine: Engine = request.app.state.engine
    authenticate(engine, request)
    try:
        set_enabled(engine, name, enabled=enabled, now=datetime.now(UTC))
    except LookupError as error:
        raise not_found(str(error)) from None
    return RedirectResponse(f"/sources/{name}", 303)
