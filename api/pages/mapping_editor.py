"""How an existing source is read: its settings as text, tried on all stored pages, unmapped values settled, saved.

The tracker is not called: what is tried is read from the pages that its runs have kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import yaml
from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, actor_of
from api.access.origin import same_origin
from api.access.visible import Principal, RecordsReader
from api.pages.editing import MOST_BYTES, Complaint, tidy
from api.pages.render import HTML, html, page
from api.translation import _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import not_found
from model.attributes import REGISTER
from model.declaration import InvalidDeclaration
from model.rewrite import CannotRewrite, assign
from sync.failures import in_words, is_expected
from sync.mapping import MappingSpec
from sync.offline import open_offline
from sync.preview import Preview, preview
from sync.rebuild import rejections
from sync.saving import save
from sync.versions import Proposal, Saving, parse_proposal, settings_of, versions_of

router = APIRouter()
Name = Annotated[str, Path(max_length=100)]
_WHERE: Final = "the text"
_QUICK: Final = 5  # pages of each stream that a quick look reads
_VERSIONS: Final = 12
_COLOURS: Final = ("GREEN", "AMBER", "RED", "GREY", "BLUE")


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the editor: the settings as text, and what came of the last step."""

    text: str
    wrong: str | None = None
    found: Preview | None = None
    whole: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A value without a place in its value map; `choices` empty: any text may be its meaning."""

    stream: str
    attribute: str
    value: str
    times: int
    choices: tuple[str, ...]


@router.get("/sources/{name}/mapping")
def mapping_page(
    reader: RecordsReader, name: Name, saved: Annotated[int | None, Query(ge=1, lt=2**31)] = None
) -> Response:
    """Show how a source is read, to be changed."""
    reader.needs_everything("Mappings")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        return _shown(connection, reader.principal, name, Draft(_present(connection, name)), saved)

    return page(reader, "mapping_editor.html", collect, also=f"{datetime.now(UTC):%Y%m%d%H%M}{saved}")


@router.post("/sources/{name}/mapping")
async def mapping_by_form(request: Request, name: Name) -> Response:
    """Try the settings on what is stored, settle values, or save them as the newest version."""
    same_origin(request)
    form = await read_form(request, most=MOST_BYTES, what=_("a mapping"))
    return await run_in_threadpool(_stepped, request, name, form)


def _present(connection: Connection, name: str) -> str:
    """Return the settings that count as a text to edit."""
    try:
        with open_offline(connection, name) as offline:
            settings = settings_of(offline.block)
    except LookupError:
        raise not_found(_("There is no source %(name)s.", name=name)) from None
    except Exception as error:  # noqa: BLE001  what is expected is told where it is tried; the rest goes on
        _said(error)
        return "mapping: {}\n"
    return yaml.safe_dump(settings or {"mapping": {}}, allow_unicode=True, sort_keys=False, width=100)


def _stepped(request: Request, name: str, form: dict[str, str]) -> Response:
    principal, actor = acting(request)
    engine = request.app.state.engine
    draft = _settled(
        engine, name, Draft(tidy(form.get("text", "")), note=form.get("note", "").strip()[:500]), form
    )
    act = form.get("act", "quick")
    status = 200
    if act == "save" and draft.wrong is None:
        saving = Saving(actor.name, datetime.now(UTC), draft.note or None)
        try:
            done = save(
                engine, name, _proposal(draft.text, name), where=_WHERE, saving=saving,
                anyway=form.get("anyway") == "1",
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001  what is expected is said on the page; the rest goes on
            draft, status = replace(draft, wrong=_said(error)), 409
        else:
            return RedirectResponse(f"/sources/{name}/mapping?saved={done.version.version}", 303)
    if draft.wrong is None:
        draft = _tried(engine, name, draft, whole=act == "whole")
    with engine.connect() as connection:
        context = _shown(connection, principal, name, draft, None)
    body = html("mapping_editor.html", principal=principal, here=request.url.path, **context)
    return Response(body, status, {"Cache-Control": "no-store"}, HTML)


def _proposal(text: str, name: str) -> Proposal:
    return parse_proposal(text, where=_WHERE, source=name)


def _tried(engine: Engine, name: str, draft: Draft, *, whole: bool) -> Draft:
    try:
        settings = _proposal(draft.text, name).settings()
        pages = None if whole else _QUICK
        found = preview(engine, name, settings, now=datetime.now(UTC), newest_pages=pages)
    except Exception as error:  # noqa: BLE001  what is expected is said on the page; the rest goes on
        return replace(draft, wrong=_said(error))
    return replace(draft, found=found, whole=whole)


def _said(error: Exception) -> str:
    """Say what is expected to go wrong: a setting, the store, a source that is not there; raise what is not."""
    if not (is_expected(error) or isinstance(error, ValueError | LookupError)):
        raise error
    return in_words(error)


def _settled(engine: Engine, name: str, draft: Draft, form: Mapping[str, str]) -> Draft:
    """Write the meanings that were given to unmapped values into the text."""
    given = [key for key, meaning in form.items() if key.startswith("u.") and meaning]
    if not given:
        return draft
    text = draft.text
    try:
        settings = _proposal(text, name).settings()
        with engine.connect() as connection, open_offline(connection, name, settings=settings) as offline:
            spec = offline.spec
        for key in given:
            stream, attribute, value = (form.get(f"{part}.{key[2:]}", "") for part in ("us", "ua", "uv"))
            text = _with_value(text, spec, (stream, attribute), value, form[key][:200])
    except (CannotRewrite, InvalidDeclaration) as error:
        return replace(draft, wrong=str(error))
    except Exception as error:  # noqa: BLE001  what is expected is said on the page; the rest goes on
        return replace(draft, wrong=_said(error))
    return replace(draft, text=text)


def _with_value(text: str, spec: MappingSpec, at: tuple[str, str], value: str, meaning: str) -> str:
    """Put one value into an attribute's value map; what else is said of the attribute stays as it is."""
    stream = spec.streams.get(at[0])
    if stream is None or at[1] not in stream.attributes:
        return text
    known = stream.attributes[at[1]].model_dump(exclude_defaults=True, mode="json")
    return assign(text, ("mapping", *at), known | {"values": {**(known.get("values") or {}), value: meaning}})


def _shown(
    connection: Connection, principal: Principal, name: str, draft: Draft, saved: int | None
) -> dict[str, Any]:
    found = draft.found
    return {
        "title": _("How %(name)s is read", name=name),
        "name": name,
        "draft": draft,
        "complaints": [] if draft.wrong is None else [Complaint(each) for each in draft.wrong.splitlines()],
        "found": found,
        "unmapped": [] if found is None else _unmapped(connection, name, found),
        "rejected": {} if found is None else rejections(found.rebuilt.rejected),
        "newly": {} if found is None else rejections(found.newly),
        "versions": versions_of(connection, name)[:_VERSIONS],
        "saved": saved,
        "person": actor_of(principal) is not None,
    }


def _unmapped(connection: Connection, name: str, found: Preview) -> list[Unmapped]:
    """Return what has no place in its value map, the most frequent first."""
    entities = {stream: mapping.entity for stream, mapping in _mappings(connection, name).items()}
    rows = [
        Unmapped(stream, attribute, value, times, _choices(entities.get(stream, ""), attribute))
        for (stream, attribute, value), times in found.rebuilt.unmapped.items()
    ]
    return sorted(rows, key=lambda each: -each.times)[:200]


def _mappings(connection: Connection, name: str) -> Mapping[str, Any]:
    with open_offline(connection, name) as offline:
        return offline.mappings


def _choices(entity: str, attribute: str) -> tuple[str, ...]:
    known = REGISTER.get(entity, {}).get(attribute)
    if known is None:
        return ()
    return _COLOURS if known.type == "rag" else known.values
