"""People: one person across trackers by exact identity, then by verified e-mail; nothing less is applied."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

_UNMATCHED: Final = text(
    "SELECT i.id, i.external_id, i.display_name, i.email_hash, s.host, s.kind FROM identity i"
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
    people: list[tuple[UUID, str, str | None]] = []
    matched: list[tuple[int, UUID, str]] = []
    for identity, account, name, mail, host, kind in loose:
        person, by = accounts.get((host, kind, account)), "identity"
        if person is None and mail is not None and mail in mails:
            person, by = mails[mail], "email"
        if person is None:
            person = uuid4()
            people.append((person, name, mail))
        accounts[host, kind, account] = person
        if mail is not None:
            mails.setdefault(mail, person)
        matched.append((identity, person, by))
    _write(session, people, matched, known_at)
    return len(matched)


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
