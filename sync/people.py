"""People: one person across trackers by exact identity, then by verified e-mail, or as an officer said."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

_UNMATCHED: Final = text(
    "SELECT i.id, i.source_id, i.external_id, i.display_name, i.email_hash, s.host, s.kind FROM identity i"
    " JOIN source s ON s.id = i.source_id WHERE i.person_id IS NULL ORDER BY s.position, i.id"
)
# Two sources of one host and kind see the same accounts.
_KNOWN: Final = text(
    "SELECT s.host, s.kind, i.external_id, i.person_id FROM identity i"
    " JOIN source s ON s.id = i.source_id WHERE i.person_id IS NOT NULL"
)


def match_people(session: Session, known_at: datetime) -> int:
    """Give every identity that has no person one; returns how many there were."""
    loose = session.execute(_UNMATCHED).all()
    if not loose:
        return 0
    accounts = {(host, kind, account): person for host, kind, account, person in session.execute(_KNOWN)}
    mails: dict[str, UUID] = dict(
        session.execute(text("SELECT email_hash, id FROM person WHERE email_hash IS NOT NULL")).all()
    )
    given, apart = _decided(session)
    people: list[tuple[UUID, str, str | None]] = []
    matched: list[tuple[int, UUID, str]] = []
    for identity, source, account, name, mail, host, kind in loose:
        subject = f"{source}/{account}"
        likely = (
            (given.get(subject), "officer"),
            (accounts.get((host, kind, account)), "identity"),
            (mails.get(mail) if mail is not None else None, "email"),
        )
        person, by = next(
            ((who, how) for who, how in likely if who is not None and (subject, who) not in apart),
            (None, "identity"),
        )
        if person is None:
            person = uuid4()
            # An address is one person's: whoever was parted from its owner goes without.
            people.append((person, name, None if mail in mails else mail))
        accounts[host, kind, account] = person
        if mail is not None:
            mails.setdefault(mail, person)
        matched.append((identity, person, by))
    _write(session, people, matched, known_at)
    return len(matched)


def _decided(session: Session) -> tuple[dict[str, UUID], frozenset[tuple[str, UUID]]]:
    """Return whose an officer said accounts are, and whose they are not."""
    rows = session.execute(
        text(
            "SELECT subject, target, state FROM match_proposal"
            " WHERE kind = 'account' AND state IN ('confirmed', 'refused')"
        )
    ).all()
    given = {subject: person for subject, person, state in rows if state == "confirmed"}
    return given, frozenset((subject, person) for subject, person, state in rows if state == "refused")


def _write(
    session: Session,
    people: list[tuple[UUID, str, str | None]],
    matched: list[tuple[int, UUID, str]],
    known_at: datetime,
) -> None:
    session.execute(
        text(
            "INSERT INTO person (id, display_name, email_hash, created_at) SELECT w.id, w.name, w.mail, :at"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:mails AS text[]))"
            " AS w(id, name, mail)"
        ),
        {
            "at": known_at,
            "ids": [row[0] for row in people],
            "names": [row[1] for row in people],
            "mails": [row[2] for row in people],
        },
    )
    session.execute(
        text(
            "UPDATE identity SET person_id = w.person_id, matched_by = w.matched_by"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:people AS uuid[]), CAST(:by AS text[]))"
            " AS w(id, person_id, matched_by) WHERE identity.id = w.id"
        ),
        {
            "ids": [row[0] for row in matched],
            "people": [row[1] for row in matched],
            "by": [row[2] for row in matched],
        },
    )
