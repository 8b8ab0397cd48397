"""The life of a policy's version: proposed, approved, withdrawn; who may do which step, and from when it counts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.collection.roles import Actor, same_person
from model.declaration import Declaration, InvalidDeclaration
from model.policies import overlap
from model.policy import Policy
from model.policy_faults import read_policy
from sync.audit import record
from sync.json import dumps
from sync.policy.kept import (
    APPROVED,
    LOCK,
    PROPOSED,
    WITHDRAWN,
    Kept,
    approved,
    install,
    kept,
    kept_version,
    names_of,
    sha256,
)
from sync.policy.past import plan_whole
from sync.today import today

WRITERS: Final = ("specialist", "project_officer", "pmo_head")
APPROVER: Final = "pmo_head"


class PolicyRefused(ValueError):
    """A step is not possible; the message says why, and what to do."""


def read(connection: Connection, written: str, where: str) -> Policy:
    """Read a policy's text and hold it to the names and the other policies there are.

    Raises:
        InvalidDeclaration: With every complaint and its line.
    """
    policy = read_policy(written, where, names_of(connection))
    if (found := overlap(policy, approved(connection))) is not None:
        field, says = found
        raise InvalidDeclaration([Declaration(written, where).complaint((field,), says)])
    return policy


def propose(
    connection: Connection, written: str, *, where: str, actor: Actor, because: str | None, now: datetime
) -> Kept:
    """Keep a policy for somebody else to approve; its author may put another text in its place until then.

    Raises:
        InvalidDeclaration: It is no policy, or clashes with another.
        PolicyRefused: The version is taken, or lower than an approved one.
    """
    _must_hold(actor, WRITERS, "propose policies")
    _prepared(connection)
    policy = read(connection, written, where)
    known = next((each for each in kept(connection) if each.label == policy.label), None)
    if known is not None and known.text == written:
        return known
    if known is not None and known.state != PROPOSED:
        raise PolicyRefused(
            f"{where}: {known.label} is {known.state} already; give the policy the next version"
        )
    if known is not None and not same_person(known.written_by, actor.name):
        raise PolicyRefused(
            f"{where}: {known.label} was proposed by {known.written_by}; give yours another version"
        )
    _follows(connection, policy, where)
    fresh = Kept(
        policy.name, policy.version, PROPOSED, written, sha256(written), policy.effective_from,
        policy.effective_to, now, actor.name, because=because,
    )  # fmt: skip
    _store(connection, fresh)
    detail = {
        "sha256": fresh.sha256,
        "from": policy.effective_from,
        "until": policy.effective_to,
        "because": because,
    }
    record(connection, "policy.proposed", f"policy {fresh.label}", detail, by=actor.name)
    return fresh


def approve(
    connection: Connection,
    name: str,
    version: str,
    *,
    actor: Actor,
    because: str,
    now: datetime,
    planned: str | None = None,
) -> Kept:
    """Let a proposed version be in force from its day on; what it changes today is kept beside the approval.

    One that begins in the past needs the hash of its plan: whoever approves it has seen what it says of history.

    Args:
        connection: In a transaction.
        name: The policy's.
        version: Its version.
        actor: Nobody who wrote it.
        because: Why.
        now: The clock.
        planned: The hash of the plan that was looked at; refused where the plan is another by now. None: whatever.

    Raises:
        NoSuchPolicy: There is no such version.
        InvalidDeclaration: It clashes with what was approved since.
        PolicyRefused: It is not proposed, it is over already, or the actor wrote it.
    """
    _must_hold(actor, [APPROVER], "approve policies")
    _prepared(connection)
    known = kept_version(connection, name, version)
    if known.state != PROPOSED:
        raise PolicyRefused(f"{known.label} is {known.state} already")
    for each in _the_same(connection, known):
        if same_person(actor.name, each.written_by):
            same = "" if each is known else f", which says the same as {known.label}"
            raise PolicyRefused(f"{actor.name} wrote {each.label}{same}: somebody else has to approve it")
    policy = read(connection, known.text, known.label)
    _follows(connection, policy, known.label)
    day = today(connection, now)
    if policy.effective_to is not None and policy.effective_to < day:
        raise PolicyRefused(
            f"{known.label} is over since {policy.effective_to}: it would colour nothing, for what was published stays."
            " Propose it with a last day that is yet to come, or none"
        )
    if policy.effective_from < day and planned is None:
        raise PolicyRefused(
            f"{known.label} begins {policy.effective_from}, in the past: look at what it says of history with `muster"
            " policy plan` (of the file, or of the version once it is proposed), and give the hash of that plan"
        )
    with Session(connection) as session:
        found = plan_whole(session, policy, now=now)
    _held(known, found, planned)
    return _moved(
        connection,
        known,
        actor,
        APPROVED,
        approved_at=now,
        approved_by=actor.name,
        because=_reason(because),
        plan=found,
    )


def withdraw(
    connection: Connection, name: str, version: str, *, actor: Actor, because: str, now: datetime
) -> Kept:
    """Take back what is only proposed, or approved and not yet in force.

    Raises:
        NoSuchPolicy: There is no such version.
        PolicyRefused: It has been in force already.
    """
    _prepared(connection)
    known = kept_version(connection, name, version)
    _must_hold(actor, WRITERS if known.state == PROPOSED else [APPROVER], "withdraw policies")
    if known.state == WITHDRAWN:
        return known
    if known.state == APPROVED and known.effective_from <= today(connection, now):
        raise PolicyRefused(
            f"{known.label} has been in force since {known.effective_from} and stays on record; approve another that"
            " begins when it is to end"
        )
    sets = {"withdrawn_at": now, "withdrawn_by": actor.name, "because": _reason(because)}
    return _moved(connection, known, actor, WITHDRAWN, **sets)


def _held(known: Kept, found: dict[str, Any], planned: str | None) -> None:
    if found["clashes"]:
        raise PolicyRefused(f"{known.label}: {'; '.join(found['clashes'])}")
    if planned is not None and planned != found["plan"]:
        raise PolicyRefused(
            f"{known.label} would change something else by now than what was planned; plan it again, and look"
        )


def _the_same(connection: Connection, known: Kept) -> list[Kept]:
    """Return a version and those of its name with the same rules: a new number or day is no new author."""
    rules = _rules(known)
    return [known] + [
        each
        for each in kept(connection)
        if each.name == known.name and each.version != known.version and _rules(each) == rules
    ]


def _rules(known: Kept) -> dict[str, Any]:
    return known.loaded().model_dump(exclude={"version", "effective_from", "effective_to"})


def _follows(connection: Connection, policy: Policy, where: str) -> None:
    """Refuse a version that is not higher than the approved ones of its name."""
    ahead = [each for each in kept(connection) if each.name == policy.name and each.approved_at is not None]
    newest = max(ahead, key=lambda each: each.number, default=None)
    if newest is not None and tuple(map(int, policy.version.split("."))) <= newest.number:
        raise PolicyRefused(
            f"{where}: version {policy.version} is not after {newest.version}, the newest that was approved of"
            f" {policy.name}"
        )


def _must_hold(actor: Actor, roles: Iterable[str], what: str) -> None:
    wanted = tuple(roles)
    if not actor.is_operator and not actor.roles & set(wanted):
        held = ", ".join(sorted(actor.roles)) or "none"
        raise PolicyRefused(
            f"{actor.name} may not {what}: that takes {' or '.join(wanted)}, and holds {held}"
        )


def _reason(because: str) -> str:
    if not because.strip():
        raise PolicyRefused("say why: --because")
    return because.strip()


def _prepared(connection: Connection) -> None:
    """Let one person at a time step, and have the shipped policy stored."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:of)"), {"of": LOCK})
    install(connection)


def _store(connection: Connection, each: Kept) -> None:
    connection.execute(
        text(
            "INSERT INTO policy_version (name, version, state, text, sha256, effective_from, effective_to,"
            " written_at, written_by, because) VALUES (:name, :version, :state, :text, :sha256, :effective_from,"
            " :effective_to, :written_at, :written_by, :because)"
            " ON CONFLICT (name, version) DO UPDATE SET text = excluded.text, sha256 = excluded.sha256,"
            " effective_from = excluded.effective_from, effective_to = excluded.effective_to,"
            " written_at = excluded.written_at, because = excluded.because"
        ),
        {
            name: getattr(each, name)
            for name in ("name", "version", "state", "text", "sha256", "effective_from", "effective_to",
                         "written_at", "written_by", "because")
        },
    )  # fmt: skip


def _moved(connection: Connection, known: Kept, actor: Actor, state: str, **sets: Any) -> Kept:
    stored = {name: dumps(value) if name == "plan" else value for name, value in sets.items()}
    columns = ", ".join(
        f"{name} = CAST(:{name} AS jsonb)" if name == "plan" else f"{name} = :{name}"
        for name in ("state", *sets)
    )
    connection.execute(
        text(f"UPDATE policy_version SET {columns} WHERE name = :of AND version = :number"),
        {"state": state, "of": known.name, "number": known.version, **stored},
    )
    action = "policy.published" if state == APPROVED else "policy.withdrawn"
    detail = {"sha256": known.sha256, "from": known.effective_from, "until": known.effective_to,
              "because": sets.get("because"), "plan": (sets.get("plan") or {}).get("plan")}  # fmt: skip
    record(connection, action, f"policy {known.label}", detail, by=actor.name)
    return replace(known, state=state, **sets)
