"""The editor of a template: its form and its text side by side, tried on every project before anything is kept."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, actor_of, deciding
from api.access.origin import same_origin
from api.access.visible import Principal, TemplatesReader
from api.pages import template_changes as changes_of
from api.pages import template_sections as form_of
from api.pages.editing import MOST_BYTES, NAME, Complaint, by_place, complaints, parsed, tidy
from api.pages.render import HTML, html, page
from api.pages.template_held import held, plain
from api.translation import _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import not_found
from config.calendar import calendars
from model.collection.roles import Actor
from model.declaration import InvalidDeclaration
from model.declaration import Path as YamlPath
from model.rewrite import CannotRewrite, assign, declared, remove
from model.template.differences import least
from sync.collection.template_steps import WRITERS, TemplateRefused, base_of, write
from sync.collection.template_trial import try_on_all
from sync.collection.templates import Kept, NoSuchTemplate, kept, kept_version, numbers, unkept
from sync.match import NotConfigured
from sync.store import unit_of_work

router = APIRouter()
TemplateId = Annotated[str, Path(max_length=100)]
Version = Annotated[str, Path(max_length=40)]
Part = Annotated[str, Query(max_length=40, pattern=r"^[a-z]+(\.\d+)?$")]
Like = Annotated[str, Query(max_length=140)]
_EMPTY: Final = """\
# yaml-language-server: $schema=schema.json
template:
  id: our-report
  version: 1.0.0
  title: Our report
  record: status_report
  owner_role: project_officer
  applies_to: {tiers: [1, 2, 3], stages: [define, deliver, close]}
  cadence: {every: month, period_end: last_day, open: period_end - P2D, due: period_end + 5WD}

fields:
  - {id: period, label: Month reported, type: period, fill: auto, expr: report.period, required: always}
  - id: forecast_finish
    label: Finish as expected today
    type: date
    fill: prefill
    bind: project.forecast_finish
    required: always

checks:
  - id: C01
    dim: consistency
    severity: warn
    expr: "forecast_finish == null || forecast_finish >= as_of"
    says: The expected finish has passed

submit_gate: {missing_required: block, invalid: block}
scoring:
  weights: {completeness: 0.30, validity: 0.20, timeliness: 0.20, consistency: 0.15, uniqueness: 0.05, accuracy: 0.10}
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the editor: the text, which section is open, and what came of the last step."""

    text: str
    part: str = form_of.ABOUT
    refused: tuple[Complaint, ...] = ()
    trial: dict[str, Any] | None = None
    done: str | None = None


@router.get("/templates/new")
def new_page(reader: TemplatesReader, like: Like = "", part: Part = form_of.ABOUT) -> Response:
    """Begin a template: from nothing, or like a version there is (`?like=raid-log@2.0.0`)."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        text = _like(connection, like) if like else _EMPTY
        return _shown(connection, reader.principal, Draft(text, part), "/templates/new")

    return page(reader, "template_editor.html", collect, also=deciding(reader.principal))


@router.get("/templates/{template}/{version}/edit")
def edit_page(
    reader: TemplatesReader, template: TemplateId, version: Version, part: Part = form_of.ABOUT,
    saved: Annotated[bool, Query()] = False,  # noqa: FBT002  a query's value
) -> Response:  # fmt: skip
    """Edit a draft, or begin the next version of one that is past being a draft."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        known = _known(connection, template, version)
        text = known.text if known.state == "draft" else _next(connection, known)
        done = _("Kept as a draft.") if saved and known.state == "draft" else None
        here = f"/templates/{template}/{version}/edit"
        return _shown(connection, reader.principal, Draft(text, part, done=done), here)

    return page(reader, "template_editor.html", collect, also=deciding(reader.principal))


@router.post("/templates/new")
async def new_by_form(request: Request) -> Response:
    """Take a step in the editor of a new template."""
    return await _posted(request)


@router.post("/templates/{template}/{version}/edit")
async def edit_by_form(request: Request, template: TemplateId, version: Version) -> Response:  # noqa: ARG001  the address is where the page came from; what counts is the text
    """Take a step in the editor: bring both sides together, try on all projects, keep the draft."""
    return await _posted(request)


def _known(connection: Connection, template: str, version: str) -> Kept:
    try:
        return kept_version(connection, template, version)
    except NoSuchTemplate as error:
        raise not_found(f"{error}.") from None


def _like(connection: Connection, label: str) -> str:
    """Return another template's text under a name of its own."""
    template, _at, version = label.partition("@")
    text = _known(connection, template, version).text
    for path, value in ((("template", "id"), f"our-{template}"), (("template", "version"), "1.0.0")):
        text = assign(text, path, value)
    return _unapproved(text)


def _next(connection: Connection, known: Kept) -> str:
    """Return a version's text as that of the next one, which nobody has approved."""
    versions = kept(connection, known.template)
    base = base_of(versions, "") or known
    newest = max([each.version for each in versions], key=numbers)
    text = assign(known.text, ("template", "version"), least(newest, "minor"))
    return assign(_unapproved(text), ("template", "supersedes"), base.version)


def _unapproved(text: str) -> str:
    for key in ("approved_by", "supersedes"):
        text = remove(text, ("template", key))
    return text


async def _posted(request: Request) -> Response:
    same_origin(request)
    form = await read_form(request, most=MOST_BYTES, what=_("a template"))
    return await run_in_threadpool(_stepped, request, form)


def _stepped(request: Request, form: dict[str, str]) -> Response:
    """Bring form and text together, then do what was asked; nothing typed is ever lost."""
    principal, actor = acting(request)
    engine = request.app.state.engine
    draft = _merged(form)
    act, _colon, what = form.get("act", "look").partition(":")
    status = 200
    if act == "save" and not draft.refused:
        saved = _saved(engine, draft, actor)
        if isinstance(saved, Kept):
            there = f"/templates/{saved.template}/{saved.version}/edit"
            return RedirectResponse(f"{there}?part={draft.part}&saved=true", 303)
        draft, status = saved, 409
    elif act == "try":
        draft = _tried(engine, principal, draft)
    elif act != "look":
        draft = _rewritten(draft, act, what)
    with engine.connect() as connection:
        context = _shown(connection, principal, draft, request.url.path)
    body = html("template_editor.html", principal=principal, here=request.url.path, **context)
    return Response(body, status, {"Cache-Control": "no-store"}, HTML)


def _merged(form: dict[str, str]) -> Draft:
    """Return the text that was sent with what was changed in the form written into it."""
    text, part = tidy(form.get("text", "")), form.get("part", form_of.ABOUT)
    read = parsed(text)
    if read.data is None:
        return Draft(text, part)
    section = form_of.section_of(read.data, part)
    if section.sub != form.get("of", section.sub):  # the text was changed so that it is another's turn
        same = [each for each in form_of.sections(read.data) if each.sub == form["of"]]
        if not same:
            return Draft(text, form_of.ABOUT)
        return Draft(text, same[0].name)
    text, refused = changes_of.changed(text, form_of.asks(read.data, section), form)
    return Draft(text, section.name, tuple(refused))


def _rewritten(draft: Draft, act: str, what: str) -> Draft:
    """Do one of the form's own steps: show another section, add, move, take out, give the next number."""
    read = parsed(draft.text)
    if read.data is None:
        return draft
    section = form_of.section_of(read.data, draft.part)
    text, part = draft.text, draft.part
    try:
        if act == "show":
            part = what
        elif act == "add" and what in form_of.LISTS:
            text, part = changes_of.with_new(text, read.data, what)
        elif act in ("up", "down") and section.kind in form_of.LISTS:
            text, part = changes_of.moved(text, section, -1 if act == "up" else 1)
        elif act == "drop" and section.kind in form_of.LISTS:
            text, part = changes_of.without(text, section)
        elif act == "number":
            text = assign(text, ("template", "version"), what[:40])
    except CannotRewrite as error:
        return replace(draft, refused=(Complaint(str(error)),))
    return replace(draft, text=text, part=part)


def _saved(engine: Engine, draft: Draft, actor: Actor) -> Kept | Draft:
    try:
        with unit_of_work(engine) as connection:
            return write(connection, draft.text, where=NAME, actor=actor, now=datetime.now(UTC))
    except InvalidDeclaration as error:
        return replace(draft, refused=complaints(error))
    except TemplateRefused as error:
        return replace(draft, refused=(Complaint(plain(error)),))


def _tried(engine: Engine, principal: Principal, draft: Draft) -> Draft:
    """Hold every project to the text as it stands; nothing is kept."""
    if not principal.sees_everything:
        says = _("A template is tried on every project, so by whoever may see every one.")
        return replace(draft, refused=(Complaint(says),))
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        version = unkept(draft.text, NAME)
        with engine.connect().execution_options(**options) as connection:
            return replace(draft, trial=try_on_all(connection, version, now=datetime.now(UTC)).to_json())
    except InvalidDeclaration:
        return draft  # what is wrong with the text is told anyway
    except NotConfigured as error:
        return replace(draft, refused=(Complaint(str(error)),))


def _shown(connection: Connection, principal: Principal, draft: Draft, action: str) -> dict[str, Any]:
    found_in = held(connection, draft.text)
    data = found_in.read.data
    section = None if data is None else form_of.section_of(data, draft.part)
    found = [*draft.refused, *(each for each in found_in.complaints if each not in draft.refused)]
    header = None if found_in.loaded is None else found_in.loaded.header
    return {
        "title": _("Edit %(label)s", label=found_in.loaded.label)
        if found_in.loaded
        else _("Edit a template"),
        "draft": draft,
        "action": action,
        "held": found_in,
        "header": header,
        "section": section,
        "sections": [] if data is None else form_of.sections(data),
        "line": _line(draft.text, section),
        "asks": [] if data is None or section is None else form_of.asks(data, section),
        "complaints": found,
        "at_place": by_place(found),
        "wrong_places": [each.place for each in found if each.place],
        "trial": draft.trial,
        "offers": {"attributes": form_of.attributes(), "calendars": calendars()},
        "writer": _may_write(principal),
    }


def _may_write(principal: Principal) -> bool:
    actor = actor_of(principal)
    return actor is not None and (actor.is_operator or bool(actor.roles & set(WRITERS)))


def _line(text: str, section: form_of.Section | None) -> int:
    """Return the line of the text that a section's form is of."""
    if section is None:
        return 1
    path: YamlPath = {form_of.ABOUT: ("template",), form_of.RULES: ("submit_gate",)}.get(
        section.name, (form_of.LISTS.get(section.kind, ""), section.number)
    )
    return declared(text).place(path)[0]
