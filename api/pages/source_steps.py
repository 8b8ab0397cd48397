"""What each step of the guided path does: take what was typed, keep it, and try it before the next one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from api.pages.source_access import Given, Taken, take_access
from api.pages.source_chosen import take_mapping, take_projects, take_schedule, take_sheets
from api.pages.source_named import as_asked
from api.pages.source_show import FormRefused
from api.pages.source_ways import WAYS, way_of
from api.translation import _
from sync import audit
from sync.draft_consent import ask
from sync.draft_look import check, discover, try_mapping
from sync.draft_save import block_of, check_name, save_draft
from sync.draft_tokens import granted, opener_for, rests_on_consent
from sync.draft_workbooks import links_of, named, workbooks_of
from sync.drafts import Draft, DraftRefused, draft, put
from sync.keeping import keep
from sync.portfolio import portfolio_if_any
from sync.run import start_run
from sync.store import unit_of_work


@dataclass(slots=True)
class At:
    """A step being taken: of which draft, as it was looked at, with what was typed, by whom and when.

    `callback` is where a consent comes back to, `bound_to` what tells this browser from every other one.
    """

    engine: Engine
    known: Draft
    form: Mapping[str, str]
    by: str
    now: datetime
    callback: str
    bound_to: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    def keep(self, *, block: Mapping[str, Any] | None = None, seen: Mapping[str, Any] | None = None) -> None:
        """Write the draft's next version; what was seen is laid over what was seen before."""
        with unit_of_work(self.engine) as connection:
            self.keep_in(connection, block=block, seen=seen)

    def keep_in(
        self,
        connection: Connection,
        *,
        block: Mapping[str, Any] | None = None,
        seen: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the draft's next version inside a transaction."""
        laid = {**self.known.seen, **(seen or {})}
        put(connection, self.known, by=self.by, now=self.now, block=block, seen=laid)
        self.known = draft(connection, self.known.id)

    def done(self, step: str) -> list[str]:
        """Return the steps that are behind once this one is."""
        return list(dict.fromkeys([*self.known.seen.get("steps", ()), step]))

    def said(self, error: Exception) -> str:
        """Return what went wrong, in the words of the fields."""
        return as_asked(way_of(self.known.way), self.known.block, str(error))

    def to(self, step: str) -> str:
        """Return the address of another step of this draft."""
        return f"/sources/drafts/{self.known.id}/{step}"


def access(at: At) -> str:
    """Keep the address and the sign-in, the secret sealed, then try them; only what answers goes on."""
    way = way_of(at.known.way) or WAYS[0]
    with unit_of_work(at.engine) as connection:
        taken = take_access(
            way,
            at.known.block,
            Given(at.form, at.files, links_of(at.known), at.now),
            seal=lambda value: keep(connection, value, by=at.by, now=at.now),
            fixed_name=at.known.source is not None,
        )
        if "name" not in taken.errors:
            try:
                check_name(connection, str(taken.block["name"]), known=at.known.source)
            except DraftRefused as error:
                taken.errors["name"] = str(error)
        if taken.errors:
            raise FormRefused(taken.errors)
        seen = {
            "paths": taken.paths, "links": taken.links, "made": taken.made, "checked": [], "failure": None,
            "tried": None, "steps": _kept_steps(at),
        }  # fmt: skip
        at.keep_in(connection, block=taken.block, seen=seen)
        asking = rests_on_consent(taken.block) and (
            at.form.get("act") == "consent" or not granted(connection, at.known)
        )
        if asking:
            ask_in(at, connection)
        told = {"host": taken.block.get("base_url") or taken.block.get("site") or taken.block.get("folder")}
        audit.record(connection, "draft.changed", f"draft {at.known.id}", told, at=at.now)
    if taken.made:  # it can be tried when its public part is where it is asked for
        return at.to("access")
    return at.to("consent") if asking else looked_at(at, taken)


def ask_in(at: At, connection: Connection) -> None:
    """Begin a consent, to come back to us."""
    block = {**at.known.block, "auth": {**at.known.block["auth"], "callback": at.callback}}
    asked = ask(at.known, bound_to=at.bound_to, now=at.now)
    at.keep_in(connection, block=block, seen={"consent": asked, "failure": None})


def consent(at: At) -> str:
    """Begin a consent anew."""
    if not rests_on_consent(at.known.block):
        return at.to("access")
    with unit_of_work(at.engine) as connection:
        ask_in(at, connection)
    return at.to("consent")


def looked_at(at: At, taken: Taken | None = None) -> str:
    """Try the address and the sign-in; return where that leads."""
    try:
        _look(at, taken)
    except DraftRefused as error:
        at.keep(seen={"failure": at.said(error), "failure_about": error.about, "found": None})
        return at.to("access")
    return at.to("scopes")


def _kept_steps(at: At) -> list[str]:
    """Return the steps that stay behind when the address is another: of a source that is there, all of them."""
    return list(at.known.seen.get("steps", ())) if at.known.source else []


def _look(at: At, taken: Taken | None = None) -> None:
    """Ask the source who we are there and what it offers, and keep the answer.

    Raises:
        DraftRefused: It does not answer as it should.
    """
    block = dict(at.known.block)
    excel = block["kind"] == "excel"
    if excel:
        paths = taken.paths if taken else at.known.seen.get("paths") or []
        block["workbooks"] = workbooks_of(at.engine, at.known, paths)
    source = block_of({**block, "name": at.known.name})
    opener = opener_for(at.engine, at.known)
    # What a sheet gives is only known once it was said what it holds: see `_scopes`.
    checked = [] if excel else check(at.engine, source, opener=opener)
    found = discover(at.engine, source, opener=opener)
    if excel:
        found = named(found, block["workbooks"])
    if excel and not found["scopes"]:
        raise DraftRefused("; ".join(found["warnings"]) or _("no workbook was found there"))
    at.keep(seen={"checked": checked, "found": found, "failure": None, "steps": at.done("access")})


def scopes(at: At) -> str:
    """Keep what was ticked, and try the mapping on the first real records of it; or look again."""
    if at.form.get("act") == "look":
        _look(at)
        return at.to("scopes")
    if at.known.block["kind"] == "excel":
        block, wrong = take_sheets(at.known.block, at.known.seen, at.form)
    else:
        block, wrong = take_projects(at.known.block, at.form)
    if wrong:
        raise FormRefused({"scopes": wrong})
    at.keep(block=block, seen={"failure": None})
    if block["kind"] == "excel":
        opener = opener_for(at.engine, at.known)
        at.keep(seen={"checked": check(at.engine, _source(at), opener=opener)})
    _try(at)
    at.keep(seen={"steps": at.done("scopes")})
    return at.to("mapping")


def _source(at: At) -> Any:
    return block_of({**at.known.block, "name": at.known.name})


def _try(at: At) -> None:
    """Read some records by the mapping; what goes wrong stands on the next page."""
    try:
        opener = opener_for(at.engine, at.known)
        tried = try_mapping(at.engine, _source(at), at.known.seen.get("found") or {}, opener=opener)
    except DraftRefused as error:
        at.keep(seen={"tried": None, "failure": at.said(error)})
        return
    at.keep(seen={"tried": tried, "tried_at": at.now.isoformat(), "failure": None})


def mapping(at: At) -> str:
    """Keep how records are read, try it on real ones, and go on or stay to look."""
    if at.form.get("act") == "look":
        _look(at)
        _try(at)
        return at.to("mapping")
    block, wrong = take_mapping(at.known.block, at.known.seen, at.form)
    if wrong:
        raise FormRefused({"mapping": wrong})
    changed = block != at.known.block
    if changed:
        at.keep(block=block)
    stay = at.form.get("act") == "try"
    if changed or stay or at.known.seen.get("tried") is None:
        _try(at)
    if stay or at.known.seen.get("failure"):
        return at.to("mapping") + "#preview"
    at.keep(seen={"steps": at.done("mapping")})
    return at.to("template")


def template(at: At) -> str:
    """Go on: which templates hold follows from the projects, and was looked at."""
    at.keep(seen={"steps": at.done("template")})
    return at.to("schedule")


def schedule(at: At) -> str:
    """Keep when it is read."""
    block, errors = take_schedule(at.known.block, at.form)
    if errors:
        raise FormRefused(errors)
    at.keep(block=block, seen={"steps": at.done("schedule")})
    return at.to("review")


def review(at: At) -> str:
    """Save the source, and let its first run begin where that was asked for."""
    given = _portfolio(at)
    try:
        saved = save_draft(
            at.engine, at.known.id, by=at.by, now=at.now, version=at.known.version, portfolio=given
        )
    except DraftRefused as error:
        raise FormRefused({"review": at.said(error)}) from None
    if at.form.get("act") != "sync":
        return f"/sources/{saved.name}"
    run = start_run(at.engine, saved.name, full=False, now=at.now)
    return f"/runs/{run}"


def _portfolio(at: At) -> dict[str, str] | None:
    """Return the portfolio that was typed, None where there is one; what is left empty is nowhere made up."""
    with at.engine.connect() as connection:
        if portfolio_if_any(Session(connection)) is not None:
            return None
    asked = {"portfolio": _("What people call it"), "timezone": _("Time zone"), "currency": _("Currency")}
    given = {name: at.form.get(name, "").strip()[:200] for name in asked}
    wrong = {name: _("%(what)s is missing.", what=label) for name, label in asked.items() if not given[name]}
    if not wrong and not re.fullmatch("[A-Za-z]{3}", given["currency"]):
        wrong["currency"] = _("Currency: expected three letters such as GBP.")
    if wrong:
        raise FormRefused(wrong)
    return {
        "key": "main", "name": given["portfolio"], "timezone": given["timezone"],
        "currency": given["currency"].upper(),
    }  # fmt: skip


DEEDS: Final[dict[str, Callable[[At], str]]] = {
    "access": access, "consent": consent, "scopes": scopes, "mapping": mapping, "template": template,
    "schedule": schedule, "review": review,
}  # fmt: skip
