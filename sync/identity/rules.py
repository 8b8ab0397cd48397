"""Settling rules: what chooses among claims that differ, until it ends; tried on what is open before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from model.attributes import UnknownAttribute, lookup
from model.identity.settling import Rule, check_preference
from sync.audit import record
from sync.identity.settle import CannotSettle, NoSuchConflict, Settled, spoken
from sync.identity.settlements import programmes_by_project, standing
from sync.precedence import plain, read_values
from sync.store import unit_of_work


@dataclass(frozen=True, slots=True)
class RuleAsked:
    """A rule somebody wants: for one project, one programme, or (neither) everywhere."""

    attribute: str
    prefer: str
    project: str | None = None
    programme: str | None = None


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What a rule would do: of so many conflicts, it would settle these with that value."""

    conflicts: int
    settles: int
    changes: tuple[str, ...]


def make_rule(engine: Engine, asked: RuleAsked, *, by: str, because: str, now: datetime) -> Settled:
    """Make a rule; one for the same attribute and the same place ends.

    Raises:
        CannotSettle: It cannot be one: the message says why.
    """
    by, because = spoken(by, because)
    with unit_of_work(engine) as connection:
        rule = checked_rule(connection, asked)
        connection.execute(
            text(
                "UPDATE settling_rule SET ended_at = :now, ended_by = :by, ended_because = 'another one was made'"
                " WHERE attribute = :attribute AND ended_at IS NULL AND project_id IS NOT DISTINCT FROM"
                " CAST(:project AS uuid) AND programme IS NOT DISTINCT FROM CAST(:programme AS text)"
            ),
            {
                "now": now,
                "by": by,
                "attribute": rule.attribute,
                "project": rule.project_id,
                "programme": rule.programme,
            },
        )
        number = connection.execute(
            text(
                "INSERT INTO settling_rule (attribute, project_id, programme, prefer, at, by, because)"
                " VALUES (:attribute, :project, :programme, :prefer, :now, :by, :because) RETURNING id"
            ),
            {
                "attribute": rule.attribute, "project": rule.project_id, "programme": rule.programme,
                "prefer": rule.prefer, "now": now, "by": by, "because": because,
            },
        ).scalar_one()  # fmt: skip
        where = asked.project or asked.programme or "every project"
        detail = {"attribute": rule.attribute, "of": where, "prefer": rule.prefer, "because": because}
        record(connection, "rule.made", f"rule {number}", detail, by=by)
    return Settled(
        int(number), rule.project_id, f"conflicts on {rule.attribute} of {where} are settled by it"
    )


def end_rule(engine: Engine, number: int, *, by: str, because: str, now: datetime) -> Settled:
    """End a rule: precedence decides again where it did.

    Raises:
        NoSuchConflict: There is no such rule, or it ended already.
        CannotSettle: A name or reason is missing.
    """
    by, because = spoken(by, because)
    with unit_of_work(engine) as connection:
        row = connection.execute(
            text(
                "UPDATE settling_rule SET ended_at = :now, ended_by = :by, ended_because = :because"
                " WHERE id = :id AND ended_at IS NULL RETURNING attribute, project_id"
            ),
            {"now": now, "by": by, "because": because, "id": number},
        ).one_or_none()
        if row is None:
            there = connection.scalars(
                text("SELECT id FROM settling_rule WHERE ended_at IS NULL ORDER BY id")
            ).all()
            raise NoSuchConflict(
                f"no rule {number} stands; there are: {', '.join(map(str, there)) or 'none'}"
            )
        record(
            connection,
            "rule.ended",
            f"rule {number}",
            {"attribute": row.attribute, "because": because},
            by=by,
        )
    return Settled(number, row.project_id, f"precedence decides on {row.attribute} again where this rule did")


def rule_effect(session: Session, asked: RuleAsked, *, as_of: date, now: datetime) -> RuleEffect:
    """Say what a rule would change in the conflicts that are open; nothing is written.

    Raises:
        CannotSettle: It cannot be a rule.
    """
    rule = checked_rule(session.connection(), asked)
    keys: dict[UUID, str] = dict(
        session.execute(
            text(
                "SELECT p.id, p.key FROM claim_conflict c JOIN project p ON p.id = c.project_id"
                " WHERE c.closed_at IS NULL AND c.attribute = :attribute"
            ),
            {"attribute": rule.attribute},
        ).all()
    )
    stands = standing(session, now)
    # It would take the place of the one it ends.
    others = [each for each in stands.rules.get(rule.attribute, ()) if _place(each) != _place(rule)]
    rules = {**stands.rules, rule.attribute: [*others, rule]}
    then = replace(stands, rules=rules, programmes=programmes_by_project(session))
    before = read_values(session, as_of=as_of, known_at=now, projects=list(keys), settling=stands)
    after = read_values(session, as_of=as_of, known_at=now, projects=list(keys), settling=then)
    pairs = [
        (key, before[project][rule.attribute], after[project][rule.attribute])
        for project, key in sorted(keys.items(), key=lambda each: each[1])
        if rule.attribute in before.get(project, {})
    ]
    return RuleEffect(
        len(pairs),
        sum(was.because != now_.because for _, was, now_ in pairs),
        tuple(
            f"{key}: {plain(now_.value)} of {now_.winner.source} instead of {plain(was.value)} of {was.winner.source}"
            for key, was, now_ in pairs
            if was.winner.id != now_.winner.id
        ),
    )


def checked_rule(connection: Connection, asked: RuleAsked) -> Rule:
    """Return the rule that is asked for, unnumbered.

    Raises:
        CannotSettle: An attribute, project, programme or source nobody knows, or a preference that does not fit.
    """
    try:
        attribute = lookup("project", asked.attribute)
    except UnknownAttribute as error:
        raise CannotSettle(str(error)) from None
    wrong = check_preference(asked.prefer, attribute.type)
    if wrong is not None:
        raise CannotSettle(f"{attribute.name}: {wrong}")
    if asked.project is not None and asked.programme is not None:
        raise CannotSettle("a rule is for one project or for one programme, not for both")
    what, colon, name = asked.prefer.partition(":")
    if colon:
        column = "name" if what == "source" else "kind"
        known = connection.scalars(text(f"SELECT DISTINCT {column} FROM source ORDER BY 1")).all()
        _known(name.strip(), known, f"{what} of sources" if what == "kind" else "source")
    project = None
    if asked.project is not None:
        keys: dict[str, UUID] = dict(
            connection.execute(text("SELECT key, id FROM project ORDER BY key")).all()
        )
        _known(asked.project, list(keys), "project")
        project = keys[asked.project]
    if asked.programme is not None:
        _known(
            asked.programme,
            connection.scalars(text("SELECT name FROM programme ORDER BY 1")).all(),
            "programme",
        )
    return Rule(2**62, attribute.name, project, asked.programme, asked.prefer, "", "")


def _place(rule: Rule) -> tuple[UUID | None, str | None]:
    return rule.project_id, rule.programme


def _known(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        raise CannotSettle(f"there is no {what} {name!r}; there are: {', '.join(known[:20]) or 'none'}")
