"""Tailoring: a template's rules changed for some projects, asked for by one person and approved by another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from sqlalchemy import Connection, text

from config.document import in_words
from model.collection.roles import Actor
from model.template.language import Stage
from model.template.tailoring import tailored
from model.template.template import Template, load
from sync.audit import record
from sync.collection.people import who_is_who
from sync.collection.template_steps import APPROVER, WRITERS, TemplateRefused, must_hold
from sync.collection.templates import Kept, current, kept_version
from sync.json import dumps
from sync.portfolio_versions import zone_when
from sync.today import today

_COLUMNS: Final = (
    "id, template, applies, changes, because, asked_by, asked_at, approved_by, approved_at, ended_at,"
    " ended_by"
)


class Applies(BaseModel):
    """Whose rules are changed: all that is given must hold; nothing given is the whole portfolio."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stages: tuple[Stage, ...] = ()
    tiers: tuple[int, ...] = ()
    programmes: tuple[str, ...] = ()


class Written(BaseModel):
    """A tailoring as it is written in a file: whose rules, which changes, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    template: str
    applies: Applies = Applies()
    changes: dict[str, Any]
    because: str

    @model_validator(mode="after")
    def _says_something(self) -> "Written":
        if not self.changes:
            raise ValueError("changes: nothing is changed")
        if not self.because.strip():
            raise ValueError("because: say why these projects differ")
        return self


@dataclass(frozen=True, slots=True)
class Where:
    """What of a project decides how a template is tailored for it; None is unknown, and so is no programme."""

    stage: str | None = None
    tier: int | None = None
    programmes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tailored:
    """A tailoring in force."""

    id: int
    template: str
    applies: Applies
    changes: Mapping[str, Any]

    def covers(self, where: Where) -> bool:
        """Say whether a project's rules are changed by it; one of unknown stage, tier or programme is not."""
        return (
            (not self.applies.stages or where.stage in self.applies.stages)
            and (not self.applies.tiers or where.tier in self.applies.tiers)
            and (not self.applies.programmes or not set(self.applies.programmes).isdisjoint(where.programmes))
        )


def in_force(connection: Connection, day: date, *, template: str | None = None) -> list[Tailored]:
    """Return what is tailored on a day, in the order it was approved; of one template or of all."""
    rows = connection.execute(
        text(
            f"SELECT id, template, applies, changes FROM tailoring WHERE"
            f" CAST(approved_at AT TIME ZONE {zone_when('approved_at')} AS date) <= :day"
            f" AND (ended_at IS NULL OR CAST(ended_at AT TIME ZONE {zone_when('ended_at')} AS date) > :day)"
            " AND (CAST(:template AS text) IS NULL OR template = :template) ORDER BY approved_at, id"
        ),
        {"day": day, "template": template},
    )
    return [Tailored(row[0], row[1], Applies.model_validate(row[2]), row[3]) for row in rows]


def fitted(kept: Kept, tailorings: Sequence[Tailored], where: Where) -> Template:
    """Return a version as it judges a project: every tailoring that covers it applied in turn.

    Raises:
        InvalidDeclaration: A tailoring no longer fits the version, or its text is not of the language any more.
    """
    changes = tuple(
        dumps(dict(each.changes))
        for each in tailorings
        if each.template == kept.template and each.covers(where)
    )
    return _fitted(kept.text, kept.label, changes) if changes else kept.loaded()


@lru_cache(maxsize=256)
def _fitted(written: str, label: str, changes: tuple[str, ...]) -> Template:
    template = load(written, f"{label}.yaml")
    for each in changes:
        template = tailored(template, orjson.loads(each))
    return template


def template_for(connection: Connection, template: str, version: str, where: Where, day: date) -> Template:
    """Return a version of a template as it judges a project on a day.

    Raises:
        NoSuchTemplate: With the versions there are.
        InvalidDeclaration: A tailoring no longer fits the version.
    """
    return fitted(
        kept_version(connection, template, version), in_force(connection, day, template=template), where
    )


def parse(data: Any, *, where: str) -> Written:
    """Read a tailoring as it is written.

    Raises:
        TemplateRefused: With what is wrong, and where.
    """
    if not isinstance(data, Mapping):
        raise TemplateRefused(f"{where}: expected a map with template, applies, changes and because")
    try:
        return Written.model_validate(dict(data))
    except ValidationError as error:
        raise TemplateRefused(f"{where}: {in_words(error)}") from None


def ask(connection: Connection, written: Written, *, actor: Actor, now: datetime) -> int:
    """Ask for a tailoring; returns its number. It counts once somebody else approves it.

    Raises:
        NoSuchTemplate: There is no such template.
        InvalidDeclaration: The changes do not fit the version that judges today; with every complaint.
        TemplateRefused: The actor may not, or a programme is not there.
    """
    must_hold(actor, WRITERS, "tailor templates")
    _programmes_there(connection, written.applies.programmes)
    tailored(current(connection, written.template, today(connection, now)), written.changes)
    number: int = connection.execute(
        text(
            "INSERT INTO tailoring (template, applies, changes, because, asked_by, asked_at) VALUES (:template,"
            " CAST(:applies AS jsonb), CAST(:changes AS jsonb), :because, :by, :now) RETURNING id"
        ),
        {
            "template": written.template,
            "applies": dumps(written.applies.model_dump(mode="json", exclude_defaults=True)),
            "changes": dumps(written.changes),
            "because": written.because.strip(), "by": actor.name, "now": now,
        },
    ).scalar_one()  # fmt: skip
    _record(
        connection,
        written.template,
        number,
        "asked for",
        actor,
        because=written.because,
        changes=written.changes,
    )
    return number


def _record(connection: Connection, template: str, number: int, step: str, actor: Actor, **more: Any) -> None:
    """Write a step of a tailoring into the log."""
    detail = {"tailoring": number, "step": step, **more}
    record(connection, "tailoring.changed", f"template {template}", detail, by=actor.name)


def _programmes_there(connection: Connection, wanted: Sequence[str]) -> None:
    have = list(connection.execute(text("SELECT name FROM programme ORDER BY name")).scalars())
    if unknown := [each for each in wanted if each not in have]:
        raise TemplateRefused(
            f"applies.programmes: there is no programme {', '.join(map(repr, unknown))}; there are"
            f" {', '.join(have) or 'none yet'}"
        )


def approve(connection: Connection, number: int, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Let a tailoring count from today on.

    Raises:
        InvalidDeclaration: It does not fit the version that judges today.
        TemplateRefused: It is not waiting, or the actor asked for it or may not approve it.
    """
    must_hold(actor, [APPROVER], "approve tailoring")
    found = _one(connection, number)
    if found["ended_at"] is not None or found["approved_at"] is not None:
        raise TemplateRefused(f"tailoring {number} is {state_of(found)} already")
    if who_is_who(connection)(actor.name, found["asked_by"]):
        raise TemplateRefused(f"{actor.name} asked for this tailoring: somebody else has to approve it")
    tailored(current(connection, found["template"], today(connection, now)), found["changes"])
    connection.execute(
        text("UPDATE tailoring SET approved_by = :by, approved_at = :now WHERE id = :id"),
        {"by": actor.name, "now": now, "id": number},
    )
    _record(connection, found["template"], number, "approved", actor)
    return found | {"approved_by": actor.name, "approved_at": now}


def end(connection: Connection, number: int, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """End a tailoring, or refuse one that waits.

    Raises:
        TemplateRefused: There is no such tailoring, it has ended, or the actor may not end it.
    """
    found = _one(connection, number)
    if found["ended_at"] is not None:
        raise TemplateRefused(f"tailoring {number} was ended by {found['ended_by']}")
    if not who_is_who(connection)(actor.name, found["asked_by"]) or found["approved_at"] is not None:
        must_hold(actor, [APPROVER], "end tailoring")
    connection.execute(
        text("UPDATE tailoring SET ended_by = :by, ended_at = :now WHERE id = :id"),
        {"by": actor.name, "now": now, "id": number},
    )
    _record(connection, found["template"], number, "ended", actor)
    return found | {"ended_by": actor.name, "ended_at": now}


def tailorings(connection: Connection, *, template: str | None = None) -> list[dict[str, Any]]:
    """List all tailorings, the newest first; of one template or of all. See `state_of`."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM tailoring WHERE CAST(:template AS text) IS NULL OR template = :template"
            " ORDER BY id DESC"
        ),
        {"template": template},
    )
    return [dict(row) for row in rows.mappings()]


def state_of(tailoring: Mapping[str, Any]) -> str:
    """Say how a tailoring stands: waiting, in force, ended or refused."""
    if tailoring["ended_at"] is not None:
        return "ended" if tailoring["approved_at"] is not None else "refused"
    return "in force" if tailoring["approved_at"] is not None else "waiting"


def covers_in_words(applies: Mapping[str, Sequence[Any]]) -> str:
    """Say whose rules a tailoring changes."""
    said = [f"{name} {', '.join(map(str, values))}" for name, values in applies.items() if values]
    return "; ".join(said) or "every project"


def _one(connection: Connection, number: int) -> dict[str, Any]:
    row = (
        connection.execute(
            text(f"SELECT {_COLUMNS} FROM tailoring WHERE id = :id FOR UPDATE"), {"id": number}
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise TemplateRefused(f"there is no tailoring {number}; `muster template tailorings` lists them")
    return dict(row)
