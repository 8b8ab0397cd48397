"""Waivers: a project let off one rule until a day, asked for by one person and granted by another."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from model.collection.roles import Actor
from model.findings.moves import OPEN, WAIVED
from model.template.template import Template
from sync.audit import record
from sync.collection.people import who_is_who
from sync.collection.template_steps import APPROVER, NotForYou, TemplateRefused, must_hold
from sync.collection.templates import current
from sync.portfolio_versions import zone_when
from sync.today import today

# Where the portfolio's day is compared with instants: in its time zone.
MOST: Final = timedelta(days=731)  # two years, a leap day in them or not
_LIST: Final = (
    "SELECT w.id, p.key AS project, w.template, w.record_ref, w.rule, w.because, w.asked_by, w.asked_at,"
    " w.approved_by, w.approved_at, w.until, w.ended_at, w.ended_by FROM waiver w JOIN project p ON p.id = w.project_id"
)


@dataclass(frozen=True, slots=True)
class Waived:
    """The rules that projects are let off on a day: by project and template, then by record (None: every one)."""

    rules: Mapping[tuple[UUID, str], Collection[tuple[str | None, str]]] = field(default_factory=dict)

    def pairs(self, project: UUID, template: str) -> Collection[tuple[str | None, str]]:
        """Return what a project is let off: record (None: every one) and rule."""
        return self.rules.get((project, template), frozenset())

    def of(self, project: UUID, template: str, ref: str) -> frozenset[str]:
        """Return the rules one record is let off."""
        return frozenset(rule for record, rule in self.pairs(project, template) if record in (None, ref))

    def covers(self, project: UUID, template: str, ref: str, rule: str) -> bool:
        """Say whether a record is let off a rule."""
        return rule in self.of(project, template, ref)


def standing(connection: Connection, day: date, *, projects: Collection[UUID] | None = None) -> Waived:
    """Return what is waived on a day: granted by then, not ended, and the last day not over."""
    rows = connection.execute(
        text(
            "SELECT project_id, template, record_ref, rule FROM waiver WHERE"
            f" CAST(approved_at AT TIME ZONE {zone_when('approved_at')} AS date) <= :day AND until >= :day"
            f" AND (ended_at IS NULL OR CAST(ended_at AT TIME ZONE {zone_when('ended_at')} AS date) > :day)"
            " AND (CAST(:projects AS uuid[]) IS NULL OR project_id = ANY(CAST(:projects AS uuid[])))"
        ),
        {"day": day, "projects": None if projects is None else list(projects)},
    )
    found: dict[tuple[UUID, str], set[tuple[str | None, str]]] = {}
    for project, template, ref, rule in rows:
        found.setdefault((project, template), set()).add((ref, rule))
    return Waived(found)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a project let off a rule of a template, in one record or (None) in all, until a day."""

    project: str  # its key
    template: str
    rule: str
    because: str
    until: date
    record_ref: str | None = None


def ask(connection: Connection, wish: Wish, *, actor: Actor, now: datetime) -> int:
    """Ask for a waiver; returns its number. It counts once somebody else grants it.

    Raises:
        NoSuchTemplate: There is no such template.
        TemplateRefused: No such project or rule, no reason, the day has passed or is more than two years ahead, or
            such a waiver stands or waits already.
    """
    day = today(connection, now)
    template = current(connection, wish.template, day)
    project = connection.execute(
        text("SELECT id FROM project WHERE key = :key"), {"key": wish.project}
    ).scalar_one_or_none()
    if project is None:
        raise TemplateRefused(f"there is no project {wish.project}")
    if wish.rule not in (known := rules_of(template)):
        raise TemplateRefused(f"{template.label} has no rule {wish.rule!r}; it has {', '.join(known)}")
    if not wish.because.strip():
        raise TemplateRefused("say why the project is to be let off: --because")
    if wish.until < day:
        raise TemplateRefused(f"{wish.until} has passed; give the last day the waiver is to hold")
    if wish.until > day + MOST:
        raise TemplateRefused(
            f"{wish.until} is too far ahead: a waiver holds for two years at most, until {day + MOST}"
        )
    _refuse_twice(connection, project, wish, day)
    number: int = connection.execute(
        text(
            "INSERT INTO waiver (project_id, template, record_ref, rule, because, asked_by, asked_at, until) VALUES"
            " (:project, :template, :ref, :rule, :because, :by, :now, :until) RETURNING id"
        ),
        {
            "project": project, "template": wish.template, "ref": wish.record_ref, "rule": wish.rule,
            "because": wish.because.strip(), "by": actor.name, "now": now, "until": wish.until,
        },
    ).scalar_one()  # fmt: skip
    detail = {
        "waiver": number,
        "template": wish.template,
        "rule": wish.rule,
        "until": wish.until,
        "because": wish.because,
    }
    record(connection, "waiver.asked", f"project {wish.project}", detail, by=actor.name)
    return number


def _refuse_twice(connection: Connection, project: UUID, wish: Wish, day: date) -> None:
    """Refuse what a waiver that stands or waits covers already."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('waiver ' || :of, 4))"), {"of": str(project)}
    )
    row = connection.execute(
        text(
            f"{_LIST} WHERE w.project_id = :project AND w.template = :template AND w.rule = :rule AND w.until >= :day"
            " AND w.ended_at IS NULL AND (w.record_ref IS NULL OR w.record_ref = :ref) ORDER BY w.id LIMIT 1"
        ),
        {
            "project": project, "template": wish.template, "rule": wish.rule, "day": day,
            "ref": wish.record_ref,
        },
    ).mappings().one_or_none()  # fmt: skip
    if row is not None:
        stands = "stands" if row["approved_at"] is not None else "waits to be granted"
        raise TemplateRefused(
            f"waiver {row['id']} of {wish.rule}, until {row['until']}, was asked for by {row['asked_by']} and {stands};"
            " end it before another is asked for"
        )


def rules_of(template: Template) -> list[str]:
    """List the rules of a template that can be waived: fields, checks, and minimum numbers of records."""
    minimum = {f"minimum_{kind}" for least in template.header.minimum.values() for kind in least}
    return [
        *(each.rule.id for each in template.fields),
        *(rule.id for rule, _ in template.checks),
        *sorted(minimum),
    ]


def grantor(template: Template) -> str:
    """Return the role that may let records of a template pass."""
    waiver = template.document.submit_gate.waiver
    return APPROVER if waiver is None else template.document.roles.get(waiver.by, waiver.by)


def grant(
    connection: Connection, number: int, *, actor: Actor, now: datetime, door: str = "command"
) -> dict[str, Any]:
    """Let a waiver that was asked for count from today on; returns it, and the numbers of its `findings`.

    They are waived at once, and their history says who granted it, through which door.

    Raises:
        TemplateRefused: It is not waiting, its day has passed, or the actor asked for it or may not grant it.
    """
    found = _waiting(connection, number)
    day = today(connection, now)
    template = current(connection, found["template"], day)
    must_hold(actor, dict.fromkeys([grantor(template), APPROVER]), f"grant waivers of {template.header.id}")
    if who_is_who(connection)(actor.name, found["asked_by"]):
        raise NotForYou(f"{actor.name} asked for this waiver: somebody else has to grant it")
    if found["until"] < day:
        raise TemplateRefused(f"waiver {number} was asked for until {found['until']}, which has passed")
    connection.execute(
        text("UPDATE waiver SET approved_by = :by, approved_at = :now WHERE id = :id"),
        {"by": actor.name, "now": now, "id": number},
    )
    found |= {"approved_by": actor.name, "approved_at": now}
    _decided(connection, found, "granted", actor)
    return found | {"findings": _waive(connection, found, door)}


def _waive(connection: Connection, waiver: Mapping[str, Any], door: str) -> list[int]:
    """Waive the open findings that a waiver covers; returns their numbers."""
    rows = connection.execute(
        text(
            "SELECT f.id, f.state FROM finding f JOIN project p ON p.id = f.project_id WHERE p.key = :project"
            " AND f.template = :template AND f.rule = :rule AND f.closed_at IS NULL AND f.state = ANY(:open)"
            " AND (CAST(:ref AS text) IS NULL OR f.record_ref = :ref) ORDER BY f.id FOR UPDATE OF f"
        ),
        {
            "project": waiver["project"], "template": waiver["template"], "rule": waiver["rule"],
            "ref": waiver["record_ref"], "open": list(OPEN),
        },
    ).all()  # fmt: skip
    said = {
        "now": waiver["approved_at"], "by": waiver["approved_by"], "door": door, "waived": WAIVED,
        "because": f"Until {waiver['until']}: {waiver['because']}", "waiver": waiver["id"],
    }  # fmt: skip
    for id_, state in rows:
        connection.execute(
            text("UPDATE finding SET state = :waived, moved_at = :now, waiver_id = :waiver WHERE id = :id"),
            {**said, "id": id_},
        )
        connection.execute(
            text(
                'INSERT INTO finding_move (finding_id, action, from_state, to_state, at, "by", role, because, door)'
                " VALUES (:id, 'waive', :state, :waived, :now, :by, 'grantor', :because, :door)"
            ),
            {**said, "id": id_, "state": state},
        )
    return [id_ for id_, _ in rows]


def end(connection: Connection, number: int, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """End a waiver, or refuse one that waits; its findings come back with the next look.

    Raises:
        TemplateRefused: There is no such waiver, it has ended, or the actor neither asked for it nor may end it.
    """
    found = _one(connection, number)
    if found["ended_at"] is not None:
        raise TemplateRefused(f"waiver {number} was ended by {found['ended_by']}")
    if not who_is_who(connection)(actor.name, found["asked_by"]):
        template = current(connection, found["template"], today(connection, now))
        must_hold(actor, dict.fromkeys([grantor(template), APPROVER]), f"end waivers of {template.header.id}")
    connection.execute(
        text("UPDATE waiver SET ended_by = :by, ended_at = :now WHERE id = :id"),
        {"by": actor.name, "now": now, "id": number},
    )
    _decided(connection, found, "ended" if found["approved_at"] is not None else "refused", actor)
    return found | {"ended_by": actor.name, "ended_at": now}


def _decided(connection: Connection, found: Mapping[str, Any], verdict: str, actor: Actor) -> None:
    detail = {"waiver": found["id"], "template": found["template"], "rule": found["rule"], "verdict": verdict}
    record(connection, "waiver.decided", f"project {found['project']}", detail, by=actor.name)


def waivers(connection: Connection, *, template: str | None = None) -> list[dict[str, Any]]:
    """List all waivers, the newest first; of one template or of all. See `state_of`."""
    rows = connection.execute(
        text(f"{_LIST} WHERE CAST(:template AS text) IS NULL OR w.template = :template ORDER BY w.id DESC"),
        {"template": template},
    )
    return [dict(row) for row in rows.mappings()]


def state_of(waiver: Mapping[str, Any], day: date) -> str:
    """Say how a waiver stands on a day."""
    if waiver["ended_at"] is not None:
        return "ended" if waiver["approved_at"] is not None else "refused"
    if waiver["until"] < day:
        return "expired"
    return "standing" if waiver["approved_at"] is not None else "waiting"


def _one(connection: Connection, number: int) -> dict[str, Any]:
    row = (
        connection.execute(text(f"{_LIST} WHERE w.id = :id FOR UPDATE OF w"), {"id": number})
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise TemplateRefused(f"there is no waiver {number}; `muster template waivers` lists them")
    return dict(row)


def _waiting(connection: Connection, number: int) -> dict[str, Any]:
    found = _one(connection, number)
    if found["ended_at"] is not None:
        raise TemplateRefused(f"waiver {number} was ended by {found['ended_by']}")
    if found["approved_at"] is not None:
        raise TemplateRefused(f"waiver {number} was granted by {found['approved_by']} already")
    return found
