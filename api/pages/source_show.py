"""What the pages of the guided path show: each step's questions, what was found, and what is wrong."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, text

from api.pages.source_access import chosen_sign_in
from api.pages.source_asked import Asked, Typed, Way, value_at
from api.pages.source_chosen import PRESETS
from api.pages.source_coverage import coverage
from api.pages.source_show_mapping import mapping_shown
from api.pages.source_ways import WAYS, sign_in_of, way_of
from api.pages.source_written import as_yaml
from api.pages.writing import schedule_text
from api.translation import N_, _
from config.secrets import KEPT
from config.settings import settings
from sync.draft_certificates import certificate_of, shown_of
from sync.draft_consent import SCOPES, consent_of
from sync.draft_look import sheet_kinds
from sync.draft_save import changes_of, shown_block
from sync.draft_tokens import granted, rests_on_consent
from sync.draft_workbooks import link_names, links_of
from sync.drafts import Draft, DraftRefused
from sync.folders import folders
from sync.slots import next_slots

STEPS: Final = {
    "access": N_("Address and sign-in"),
    "scopes": N_("What is read"),
    "mapping": N_("How it is read"),
    "template": N_("Templates"),
    "schedule": N_("Schedule"),
    "review": N_("Review and save"),
}
CONSENT: Final = "consent"  # a page of its own within the first step
_REQUEST: Final = re.compile(r"\b(GET|POST) (https?://\S+)")
_TICKS: Final = 400  # scopes shown as ticks; of more, the keys are typed


class FormRefused(ValueError):
    """What was typed does not hold, by the name of what was asked."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def reached(known: Draft) -> list[str]:
    """Return the steps that can be taken: those behind, and the one after them; of a source that is there, all."""
    if known.source is not None:
        return list(STEPS)
    behind = set(known.seen.get("steps", ()))
    found = []
    for step in STEPS:
        found.append(step)
        if step not in behind:
            break
    return found


def step_page(engine: Engine, known: Draft, step: str, typed: Typed) -> dict[str, Any]:
    """Return what the page of a step shows."""
    way = way_of(known.way) or WAYS[0]
    open_ = reached(known)
    behind = set(known.seen.get("steps", ()))
    steps = [
        {"key": key, "name": _(name), "open": key in open_, "done": key in behind}
        for key, name in STEPS.items()
    ]
    names = list(STEPS)
    within = "access" if step == CONSENT else step
    place = names.index(within)
    context = {
        "title": _("Let Muster in") if step == CONSENT else _(STEPS[step]),
        "draft": known,
        "way": way,
        "step": within,
        "steps": steps,
        "number": place + 1,
        "back": names[place - 1] if place else None,
        "errors": typed.errors,
        "seen": known.seen,
        **_told(known.seen.get("failure")),
        "mends": _mends(known, way),
    }
    with engine.connect() as connection:
        return context | _SHOWN[step](connection, known, typed)


def _told(failure: str | None) -> dict[str, str | None]:
    """Return what went wrong with the host in place of the request, and the request for whoever looks after it."""
    found = _REQUEST.search(failure) if failure else None
    if failure is None or found is None:
        return {"failure": failure, "asked": None}
    host = urlsplit(found[2]).netloc
    return {"failure": failure[: found.start()] + host + failure[found.end() :], "asked": found[0]}


def _mends(known: Draft, way: Way) -> str | None:
    """Return the name of the question whose answer most likely mends what went wrong."""
    about = known.seen.get("failure_about") if known.seen.get("failure") else None
    return next((asked.name for asked in way.place if about and asked.path == (about,)), None)


def _consent(connection: Connection, known: Draft, _typed: Typed) -> dict[str, Any]:
    try:
        return {"consent": consent_of(connection.engine, known, now=datetime.now(UTC)), "wrong": None}
    except DraftRefused as error:
        return {"consent": None, "wrong": str(error)}


def _access(connection: Connection, known: Draft, typed: Typed) -> dict[str, Any]:
    way = way_of(known.way) or WAYS[0]
    chosen = chosen_sign_in(way, known.block, typed.form)
    block = dict(known.block)
    paths = known.seen.get("paths") or [
        each["path"] for each in block.get("workbooks") or [] if each.get("path")
    ]
    block["paths"] = "\n".join(paths)
    names = link_names(known)
    block["links"] = [{"reference": each, "name": names.get(each)} for each in links_of(known)]
    places = [_question(asked, asked.name, block, typed, connection.engine) for asked in way.place]
    sign_ins = [
        {
            "sign_in": each,
            "chosen": chosen is not None and each.name == chosen.name,
            "asks": [
                _question(asked, f"{each.name}.{asked.name}", _of_kind(each, block), typed, connection.engine)
                for asked in each.asks
            ],
        }
        for each in way.sign_ins
    ]
    return {
        "name": typed.form.get("name", known.name or ""),
        "suggested": way.named,
        "let_in": rests_on_consent(known.block) and granted(connection, known),
        "scopes": SCOPES.get(way.key, ()),
        "places": [each for each in places if not each["asked"].aside],
        "aside": [each for each in places if each["asked"].aside],
        "sign_ins": sign_ins,
        "folders": folders(settings().readable_folders) if known.way == "folder" else [],
        "roots": [str(each) for each in settings().readable_folders],
    }


def _of_kind(sign_in: Any, block: dict[str, Any]) -> dict[str, Any]:
    """Return the block for a way of signing in: what another way said is not of this one."""
    kind = (block.get("auth") or {}).get("type")
    return block if dict(sign_in.fixed).get(("auth", "type")) == kind else {**block, "auth": {}}


def _question(
    asked: Asked, name: str, block: Mapping[str, Any], typed: Typed, engine: Engine
) -> dict[str, Any]:
    value = value_at(block, asked.path)
    shown = value if isinstance(value, str) and not asked.secret and asked.shape == "text" else ""
    found = {"name": name, "asked": asked, "value": typed.form.get(name, shown), "held": None, "known": ()}
    if asked.shape == "links":
        # What was typed is not sent back: a link is a key.
        return {**found, "value": "", "known": value or ()}
    if asked.shape == "authorities" and value is not None:
        return {**found, "held": str(value), "known": shown_of(str(value))}
    if asked.secret:
        found["value"] = ""
        if value is not None:
            found["held"] = _("kept, sealed") if str(value).startswith(KEPT) else str(value)
        if asked.shape == "certificate":
            found["known"] = certificate_of(engine, str(value or ""))
            found["make"] = f"make:{name}" in typed.form
    return found


def _scopes(_connection: Connection, known: Draft, _typed: Typed) -> dict[str, Any]:
    found = known.seen.get("found")
    block = known.block
    chosen = list(block.get("projects") or [])
    every = chosen in ([], ["*"]) and not block.get("query")
    scopes = (found or {}).get("scopes", [])
    names = {name for each in scopes for name in (each["key"], each["name"], each["external_id"])}
    held = {
        (each.get("path"), each.get("url"), each.get("sheet")): each for each in block.get("workbooks") or []
    }
    return {
        "found": found,
        "checked": known.seen.get("checked") or [],
        "scopes": scopes[:_TICKS],
        "more": max(0, len(scopes) - _TICKS),
        "which": "query" if block.get("query") else "every" if every else "some",
        "chosen": set(chosen),
        "typed_keys": "\n".join(each for each in chosen if each != "*" and each not in names),
        "kinds": list(sheet_kinds()),
        "held": held,
    }


def _template(connection: Connection, known: Draft, _typed: Typed) -> dict[str, Any]:
    return {"covered": coverage(connection, known.seen.get("tried") or [], datetime.now(UTC))}


def _schedule(connection: Connection, known: Draft, typed: Typed) -> dict[str, Any]:
    zone = connection.scalar(text("SELECT timezone FROM portfolio ORDER BY id LIMIT 1"))
    cron = str(known.block.get("schedule") or PRESETS[0])
    chosen = typed.form.get("preset", cron if cron in PRESETS else "own")
    now = datetime.now(UTC)
    presets = [
        {
            "cron": each,
            "says": schedule_text(each),
            "next": next_slots(each, zone or "UTC", now=now, count=3),
        }
        for each in PRESETS
    ]
    own = typed.form.get("cron", cron if cron not in PRESETS else "")
    return {
        "zone": zone or "UTC",
        "presets": presets,
        "chosen": chosen,
        "cron": own,
        "next": next_slots(cron, zone or "UTC", now=now, count=3) if cron not in PRESETS else [],
        "fresh": typed.form.get("fresh", known.block.get("fresh_within") or ""),
    }


def _review(connection: Connection, known: Draft, _typed: Typed) -> dict[str, Any]:
    block = {**known.block, "name": known.name}
    wrong = None
    differences: tuple[str, ...] = ()
    try:
        differences = changes_of(connection, known)
    except DraftRefused as error:
        wrong = str(error)
    auth = known.block.get("auth") or {}
    sign_in = sign_in_of(way_of(known.way) or WAYS[0], known.block) if auth else None
    cron = str(known.block.get("schedule") or PRESETS[0])
    return {
        "zone": connection.scalar(text("SELECT timezone FROM portfolio ORDER BY id LIMIT 1")),
        "portfolio": bool(connection.scalar(text("SELECT EXISTS (SELECT 1 FROM portfolio)"))),
        "block": as_yaml(shown_block(block)),
        "link_names": link_names(known),
        "authorities": shown_of(str(block.get("ca_bundle") or "")),
        "sign_in": sign_in,
        "schedule_says": schedule_text(cron),
        "differences": differences,
        "wrong": wrong,
        "unmapped": sum(len(each["unmapped"]) for each in known.seen.get("tried") or []),
    }


_SHOWN: Final = {
    "access": _access, CONSENT: _consent, "scopes": _scopes, "mapping": mapping_shown, "template": _template,
    "schedule": _schedule, "review": _review,
}  # fmt: skip
