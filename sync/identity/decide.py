"""Decide: an officer confirms, refuses or links by name and with a reason, and may take each of it back.

Nothing is rewritten by a decision: what is confirmed is read by every matching anew, and what is taken back is
no longer read. Only who stands for a person is kept (`person.same_as`), and computed from all that is confirmed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from model.identity.groups import between, contradicted, groups
from sync.audit import record
from sync.identity.ties import PAIRED, merged, ties_of
from sync.identity.turns import take_turn
from sync.json import dumps
from sync.store import unit_of_work

_ALONE: Final = frozenset(["scope", "reference", "account", "name"])  # kinds whose subject is one thing only
_STATES: Final = {"confirm": "confirmed", "refuse": "refused", "undo": "open"}
_ACTS: Final = {"confirm": "confirmed", "refuse": "refused", "undo": "undone"}
_FOLLOWS: Final = {
    "scope": "what {subject} holds belongs to {target}",
    "reference": "records that name {subject} belong to {target}",
    "project": "{subject} is led under {target}",
    "person": "{subject} and {target} are one person",
    "account": "the account {subject} is {target}'s",
    "name": "{subject} is {target}: the two names no longer contradict each other",
}


class NoSuchProposal(LookupError):
    """There is no proposal of this number; the message says which are open."""


class CannotDecide(ValueError):
    """The decision cannot stand as things are; the message says why and what to do."""


class NotSaid(CannotDecide):
    """Who decides or why was left out: nothing that was decided stands against it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and what follows, in words."""

    number: int
    state: str
    then: str


def decide(
    engine: Engine, number: int, act: str, *, by: str, because: str, now: datetime, only_open: bool = False
) -> Decision:
    """Confirm or refuse a proposal, or undo what was decided on it.

    Args:
        engine: The store.
        number: The proposal's.
        act: confirm, refuse or undo.
        by: Who answers for it.
        because: Why.
        now: The clock.
        only_open: Leave alone what somebody decided already, for deciding many at once.

    Raises:
        NoSuchProposal: There is none of that number.
        NotSaid: A name or reason is missing.
        CannotDecide: Nothing speaks for it any more, nothing would change, or it contradicts what was decided.
    """
    said = _said(by, because)
    with unit_of_work(engine) as connection:
        take_turn(connection)
        row = _proposal(connection, number)
        _check(connection, row, act, only_open=only_open)
        _write(connection, row, act, said, now)
    return Decision(number, _state(row, act), _then(row, act))


@dataclass(frozen=True, slots=True)
class Linked:
    """What an officer says is one: as proposals name it, and as people know it."""

    kind: str
    subject: str
    target: UUID
    subject_says: str
    target_says: str


def link(
    engine: Engine, linked: Linked, *, by: str, because: str, now: datetime, act: str = "confirm"
) -> Decision:
    """Say oneself that two are one, or (`refuse`) are not, where nothing was proposed.

    A scope that is said not to be a project's is not bound to it by the same key any more either.

    Raises:
        CannotDecide: As `decide`.
    """
    said = _said(by, because)
    with unit_of_work(engine) as connection:
        take_turn(connection)
        number = connection.execute(
            text(
                "INSERT INTO match_proposal AS m (kind, subject, target, subject_says, target_says, origin,"
                " confidence, reasons, state, proposed_at, changed_at) VALUES (:kind, :subject, :target,"
                " :subject_says, :target_says, 'officer', :sure, CAST(:reasons AS jsonb), 'open', :now, :now)"
                " ON CONFLICT (kind, subject, target) DO UPDATE SET"
                " state = CASE m.state WHEN 'gone' THEN 'open' ELSE m.state END RETURNING id"
            ),
            {
                "kind": linked.kind, "subject": linked.subject, "target": linked.target, "now": now,
                "subject_says": linked.subject_says, "target_says": linked.target_says,
                "sure": 1 if act == "confirm" else 0,
                "reasons": dumps([{"rule": "officer", "says": f"{said[0]} says so", "weight": 1}])
                if act == "confirm" else "[]",
            },
        ).scalar_one()  # fmt: skip
        row = _proposal(connection, int(number))
        _check(connection, row, act, only_open=False)
        _write(connection, row, act, said, now)
    return Decision(row.id, _STATES[act], _then(row, act))


def _said(by: str, because: str) -> tuple[str, str]:
    by, because = by.strip(), because.strip()
    if not by or not because or "\x00" in by + because:
        raise NotSaid("say who decides it and why, in words: both stand beside it from then on")
    return by, because


def _proposal(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(
        text("SELECT * FROM match_proposal WHERE id = :id"), {"id": number}
    ).one_or_none()
    if row is None:
        there = connection.scalars(
            text("SELECT id FROM match_proposal WHERE state = 'open' ORDER BY confidence DESC, id LIMIT 20")
        ).all()
        open_ = ", ".join(map(str, there)) or "none"
        raise NoSuchProposal(f"there is no proposal {number}; open are: {open_}")
    return row


def _check(connection: Connection, row: Row[Any], act: str, *, only_open: bool) -> None:
    if act not in _STATES:
        raise CannotDecide(f"a proposal is confirmed, refused or undone, not {act!r}")
    decided = row.state in ("confirmed", "refused")
    told = (
        f"proposal {row.id} was {row.state} by {row.decided_by} on {row.decided_at:%Y-%m-%d}"
        if decided
        else ""
    )
    if act == "undo":
        if not decided:
            raise CannotDecide(f"proposal {row.id} was not decided, so there is nothing to undo")
        return
    if decided and (only_open or row.state == _STATES[act]):
        raise CannotDecide(f"{told}: {row.because}")
    if decided:
        raise CannotDecide(f"{told}; undo that first")
    if row.state == "gone":
        raise CannotDecide(
            f"nothing speaks for proposal {row.id} any more, so there is nothing to decide;"
            " if you know it all the same, link or part the two by hand"
        )
    if act == "confirm":
        _check_confirm(connection, row)
    else:
        _check_refuse(connection, row)


def _check_confirm(connection: Connection, row: Row[Any]) -> None:
    if row.kind in _ALONE:
        other = connection.execute(
            text(
                "SELECT id, target_says, decided_by FROM match_proposal WHERE kind = :kind AND subject = :subject"
                " AND state = 'confirmed'"
            ),
            {"kind": row.kind, "subject": row.subject},
        ).first()
        if other is not None:
            said = f"proposal {other.id}: {row.subject_says} is {other.target_says}, by {other.decided_by}"
            raise CannotDecide(f"it is confirmed to be another already ({said}); undo that first")
    ties = ties_of(connection, row.kind)
    pair = ties.pair(row)
    if row.kind in PAIRED and between(ties.confirmed, *pair):
        raise CannotDecide(f"{row.subject_says} and {row.target_says} are one already, by what was confirmed")
    apart = contradicted([*ties.confirmed, *ties.held], ties.refused, pair)
    if apart is not None:
        raise CannotDecide(
            f"then two would be one of whom it was refused: {ties.refused[apart]}; undo that first"
        )


def _check_refuse(connection: Connection, row: Row[Any]) -> None:
    ties = ties_of(connection, row.kind)
    by = between(ties.confirmed, *ties.pair(row))
    if by:
        told = "; ".join(ties.confirmed[each] for each in by)
        raise CannotDecide(f"they are one by what was confirmed ({told}); undo that first")


def _write(connection: Connection, row: Row[Any], act: str, said: tuple[str, str], now: datetime) -> None:
    by, because = said
    undone = act == "undo"
    connection.execute(
        text(
            "UPDATE match_proposal SET state = :state, changed_at = :now, decided_at = :at, decided_by = :by,"
            " because = :because WHERE id = :id"
        ),
        {
            "id": row.id, "state": _state(row, act), "now": now, "at": None if undone else now,
            "by": None if undone else by, "because": None if undone else because,
        },
    )  # fmt: skip
    connection.execute(
        text(
            "INSERT INTO match_decision (proposal_id, act, at, by, because, confidence, reasons)"
            " VALUES (:id, :act, :now, :by, :because, :confidence, CAST(:reasons AS jsonb))"
        ),
        {
            "id": row.id, "act": _ACTS[act], "now": now, "by": by, "because": because,
            "confidence": row.confidence, "reasons": dumps(row.reasons),
        },
    )  # fmt: skip
    said_so = {"act": _ACTS[act], "what": _then(row, act), "because": because}
    record(connection, "matching.decided", f"{row.kind} proposal {row.id}", said_so, by=by)
    # The next consolidation compares anew, whatever it compared last.
    connection.execute(text("UPDATE match_scan SET sha256 = ''"))
    if row.kind == "person":
        _stand_for_each_other(connection)
    elif row.kind == "account":  # the next matching gives it a person anew, by what is decided now
        connection.execute(
            text(
                "UPDATE identity SET person_id = NULL, matched_by = NULL"
                " WHERE source_id || '/' || external_id = :subject"
            ),
            {"subject": row.subject},
        )


def _stand_for_each_other(connection: Connection) -> None:
    """Write down who stands for whom, by all that is confirmed."""
    whole = groups(merged(connection))
    whole = {each: own for each, own in whole.items() if each != own}
    connection.execute(
        text(
            "UPDATE person p SET same_as = w.own FROM person o LEFT JOIN unnest(CAST(:ids AS uuid[]),"
            " CAST(:own AS uuid[])) AS w(id, own) ON w.id = o.id"
            " WHERE p.id = o.id AND p.same_as IS DISTINCT FROM w.own"
        ),
        {"ids": list(whole), "own": list(whole.values())},
    )


def _state(row: Row[Any], act: str) -> str:
    """Return the state after an act: what only an officer said is gone when taken back."""
    return "gone" if act == "undo" and row.origin == "officer" else _STATES[act]


def _then(row: Row[Any], act: str) -> str:
    if act == "confirm":
        return _FOLLOWS[row.kind].format(subject=row.subject_says, target=row.target_says)
    if act == "refuse":
        return f"{row.subject_says} is not {row.target_says}, and is not proposed as it again"
    return f"{row.subject_says} and {row.target_says} are as if nothing had been decided"
