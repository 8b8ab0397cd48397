"""The life of a template's version: draft, review, approved, retired; who may do which step, and when it counts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from model.collection.roles import Actor, same_person
from model.template.differences import Difference, differences, least, step
from model.template.template import Template, load
from sync.audit import record
from sync.collection.template_days import days_hold
from sync.collection.templates import APPROVED, RETIRED, Kept, install, kept, kept_version, numbers, sha256
from sync.json import dumps
from sync.today import today

WRITERS: Final = ("specialist", "project_officer", "pmo_head")
APPROVER: Final = "pmo_head"
DRAFT: Final = "draft"
REVIEW: Final = "review"
_STANDS: Final = {DRAFT: "a draft", REVIEW: "in review", APPROVED: "approved", RETIRED: "retired"}


class TemplateRefused(ValueError):
    """A step is not possible; the message says why, and what to do."""


class NotForYou(TemplateRefused):
    """A step is possible, but not for whoever asked for it; the message says for whom."""


def must_hold(actor: Actor, roles: Iterable[str], what: str) -> None:
    """Refuse whoever holds none of some roles.

    Raises:
        NotForYou: With the roles that may.
    """
    wanted = tuple(roles)
    if not actor.is_operator and not actor.roles & set(wanted):
        held = ", ".join(sorted(actor.roles)) or "none"
        raise NotForYou(f"{actor.name} may not {what}: that takes {' or '.join(wanted)}, and holds {held}")


def write(
    connection: Connection, written: str, *, where: str, actor: Actor, now: datetime, owner: str | None = None
) -> Kept:
    """Keep a draft, or put another text in its place.

    Raises:
        InvalidDeclaration: The text is no template; with every complaint.
        TemplateRefused: That version is past being a draft, or its number does not fit.
    """
    must_hold(actor, WRITERS, "write templates")
    loaded = load(written, where)
    id_, number = loaded.header.id, loaded.header.version
    _prepared(connection, id_, now)
    known = next((each for each in kept(connection, id_) if each.version == number), None)
    if known is not None and known.state != DRAFT:
        raise TemplateRefused(
            f"{where}: {loaded.label} is {_STANDS[known.state]} and its text does not change any more;"
            " give the template the next version"
        )
    if known is not None and known.text == written:
        return known
    days_hold(loaded, written, where=where, day=today(connection, now))
    fits(connection, loaded, where=where)
    wrote = () if known is None else known.writers
    connection.execute(
        text(
            "INSERT INTO template_version (template, version, state, text, sha256, owner, created_at, created_by,"
            " authors) VALUES (:template, :version, 'draft', :text, :sha256, :owner, :now, :by,"
            " CAST(:authors AS jsonb))"
            " ON CONFLICT (template, version) DO UPDATE SET text = excluded.text, sha256 = excluded.sha256,"
            " owner = coalesce(CAST(:given AS text), template_version.owner), created_at = excluded.created_at,"
            " created_by = excluded.created_by, authors = excluded.authors, trial = NULL, because = NULL"
        ),
        {
            "template": id_, "version": number, "text": written, "sha256": sha256(written), "now": now,
            "owner": owner or actor.name, "given": owner, "by": actor.name,
            "authors": dumps([*(each for each in wrote if not same_person(each, actor.name)), actor.name]),
        },
    )  # fmt: skip
    detail = {"sha256": sha256(written), "was": None if known is None else known.sha256}
    record(connection, "template.saved", f"template {loaded.label}", detail, by=actor.name)
    return kept_version(connection, id_, number)


def base_of(versions: Sequence[Kept], number: str) -> Kept | None:
    """Return what a version is measured by: the newest that was ever approved; None for a first one."""
    return max(
        (each for each in versions if each.state in (APPROVED, RETIRED) and each.version != number),
        key=lambda each: each.number,
        default=None,
    )


def authors_of(versions: Sequence[Kept], known: Kept) -> list[str]:
    """Return everybody who drafted a text of a version, or of another number since the last one was approved.

    None of them approves it: a text is not made somebody else's by changing a word or its number.
    """
    approved = [each.approved_at for each in versions if each.approved_at is not None]
    others = [
        each
        for each in versions
        if each.state in (DRAFT, REVIEW)
        and each.version != known.version
        and (each.created_at is None or all(each.created_at >= at for at in approved))
    ]
    names: list[str] = []
    for name in (name for each in (known, *others) for name in each.writers):
        if not any(same_person(name, other) for other in names):
            names.append(name)
    return names


def fits(connection: Connection, loaded: Template, *, where: str) -> tuple[Difference, ...]:
    """Hold a version's number to what differs from the newest approved one; returns what does.

    Raises:
        TemplateRefused: Nothing differs, it supersedes another, or the number is lower or its step too small; with
            what asks for a larger one.
    """
    id_, number = loaded.header.id, loaded.header.version
    base = base_of(kept(connection, id_), number)
    if base is None:
        return ()
    if numbers(number) < base.number:
        raise TemplateRefused(
            f"{where}: version {number} is lower than {base.version}, the newest that was approved"
        )
    found = differences(base.loaded().document, loaded.document)
    level = step(found)
    if level is None:
        raise TemplateRefused(
            f"{where}: nothing differs from {base.label}, so there is nothing to judge anew"
        )
    wanted = least(base.version, level)
    if numbers(number) < numbers(wanted):
        why = "; ".join(f"{each.where} {each.says}" for each in found if each.level == level)
        raise TemplateRefused(
            f"{where}: version {number} is too small a step from {base.version}: a {level} change asks for {wanted}"
            f" at least. {why}"
        )
    supersedes = loaded.header.supersedes
    if supersedes not in (None, base.version):
        raise TemplateRefused(f"{where}: supersedes {supersedes}, but the newest version is {base.version}")
    return found


def submit(connection: Connection, template: str, version: str, *, actor: Actor, now: datetime) -> Kept:
    """Hand a draft in for review; its text does not change any more.

    Raises:
        NoSuchTemplate: There is no such version.
        TemplateRefused: It is no draft, or its number does not fit (any more).
    """
    must_hold(actor, WRITERS, "hand in templates")
    known = _standing(connection, template, version, now, DRAFT)
    days_hold(known.loaded(), known.text, where=known.label, day=today(connection, now))
    fits(connection, known.loaded(), where=known.label)
    return _moved(connection, known, actor, REVIEW, submitted_at=now, submitted_by=actor.name, because=None)


def send_back(
    connection: Connection, template: str, version: str, *, because: str, actor: Actor, now: datetime
) -> Kept:
    """Make what is in review a draft again, with a reason.

    Raises:
        NoSuchTemplate: There is no such version.
        TemplateRefused: It is not in review.
    """
    must_hold(actor, WRITERS, "send templates back")
    known = _standing(connection, template, version, now, REVIEW)
    return _moved(connection, known, actor, DRAFT, because=_reason(because))


def approve(
    connection: Connection,
    template: str,
    version: str,
    *,
    actor: Actor,
    now: datetime,
    effective: date | None = None,
    because: str | None = None,
) -> Kept:
    """Let a version judge from a day on; today where none is given.

    Raises:
        NoSuchTemplate: There is no such version.
        TemplateRefused: It is not in review, was not tried, the actor wrote a text of it or handed it in, or the day
            has passed or is before that of the version it follows.
    """
    must_hold(actor, [APPROVER], "approve templates")
    known = _standing(connection, template, version, now, REVIEW)
    wrote = authors_of(kept(connection, template), known)
    for did, names in (("wrote", wrote), ("handed in", [known.submitted_by])):
        if any(same_person(actor.name, name) for name in names):
            raise NotForYou(f"{actor.name} {did} {known.label}: somebody else has to approve it")
    fits(connection, known.loaded(), where=known.label)
    if known.trial is None or known.trial.get("sha256") != known.sha256:
        raise TemplateRefused(
            f"{known.label} was not tried on the projects yet: `muster template try {known.label}` first"
        )
    day = today(connection, now)
    effective = effective or day
    if effective < day:
        raise TemplateRefused(
            f"{known.label} cannot take effect on {effective}, which has passed: what was judged stays so"
        )
    ahead = [each for each in kept(connection, template) if each.state == APPROVED]
    newest = max(ahead, key=lambda each: each.effective_from or date.min, default=None)
    if newest is not None and (newest.effective_from or date.min) > effective:
        raise TemplateRefused(
            f"{known.label} cannot take effect before {newest.effective_from}, when {newest.label} does"
        )
    return _moved(
        connection, known, actor, APPROVED, approved_at=now, approved_by=actor.name, effective_from=effective,
        because=because,
    )  # fmt: skip


def retire(
    connection: Connection,
    template: str,
    version: str,
    *,
    because: str,
    actor: Actor,
    now: datetime,
    last: date | None = None,
) -> Kept:
    """Let a version judge no more after a day; after today where none is given. No earlier one comes back.

    One that has yet to take effect never does; what judges meanwhile goes on.

    Raises:
        NoSuchTemplate: There is no such version.
        TemplateRefused: It is not approved, or the day lies in the past or before the first day it judges.
    """
    must_hold(actor, [APPROVER], "retire templates")
    known = _standing(connection, template, version, now, APPROVED)
    day, first = today(connection, now), known.effective_from
    if last is not None and last < day:
        raise TemplateRefused(f"{known.label} cannot end on {last}: what was judged since stays so")
    if last is not None and first is not None and last < first:
        raise TemplateRefused(
            f"{known.label} judges from {first} on and cannot end on {last}; give no last day, and it never judges"
        )
    last = last or day
    return _moved(
        connection, known, actor, RETIRED, retired_at=now, retired_by=actor.name, effective_to=last,
        because=_reason(because),
    )  # fmt: skip


def keep_trial(connection: Connection, known: Kept, trial: dict[str, Any]) -> None:
    """Keep what trying a stored version on all projects found, if its text is still the one that was tried."""
    connection.execute(
        text(
            "UPDATE template_version SET trial = CAST(:trial AS jsonb) WHERE template = :template"
            " AND version = :version AND sha256 = :sha256 AND state IN ('draft', 'review')"
        ),
        {"trial": dumps(trial), "template": known.template, "version": known.version, "sha256": known.sha256},
    )


def _reason(because: str) -> str:
    if not because.strip():
        raise TemplateRefused("say why: --because")
    return because.strip()


def _prepared(connection: Connection, template: str, now: datetime) -> None:
    """Let one person at a time step, and have the shipped versions stored."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:of, 4))"), {"of": template})
    install(connection, day=today(connection, now), now=now)


def _standing(connection: Connection, template: str, version: str, now: datetime, state: str) -> Kept:
    _prepared(connection, template, now)
    known = kept_version(connection, template, version)
    if known.state != state:
        stands, wanted = _STANDS[known.state], _STANDS[state]
        raise TemplateRefused(f"{known.label} is {stands}; only what is {wanted} can be moved so")
    return known


_ACTION: Final = {APPROVED: "template.published", RETIRED: "template.retired"}


def _moved(connection: Connection, known: Kept, actor: Actor, state: str, **sets: Any) -> Kept:
    columns = ", ".join(f"{name} = :{name}" for name in ("state", *sets))
    connection.execute(
        text(f"UPDATE template_version SET {columns} WHERE template = :template AND version = :number"),
        {"state": state, "template": known.template, "number": known.version, **sets},
    )
    detail = {"was": known.state, "now": state, "sha256": known.sha256, **sets}
    record(connection, _ACTION.get(state, "template.moved"), f"template {known.label}", detail, by=actor.name)
    return replace(known, state=state, **sets)
