"""Find what an officer names by hand: a scope, what records call their project, a project, a person, a name."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from model.identity.proposal import KINDS
from sync.identity.decide import CannotDecide, Linked
from sync.identity.decided import reference_subject, scope_subject
from sync.identity.written import name_key

_FEW: Final = 20


def named(connection: Connection, kind: str, subject: str, target: str) -> Linked:
    """Return the link that is meant.

    Args:
        connection: Read only.
        kind: Of the proposals' kinds.
        subject: `SOURCE:KEY` of a scope, `SOURCE:WORDS` of a reference, `SOURCE:ACCOUNT` of an account, a
            project's key, a person, or a name.
        target: A project's key, or a person: the id, `SOURCE:ACCOUNT`, or a name that only one has.

    Raises:
        CannotDecide: There is no such thing, or it could be several; the message says what there is.
    """
    if kind not in KINDS:
        raise CannotDecide(f"nothing is matched as {kind!r}; there are: {', '.join(KINDS)}")
    if "\x00" in subject + target:
        raise CannotDecide("a name holds a character that cannot be written")
    people = kind in ("person", "account", "name")
    return (_of_people if people else _of_projects)(connection, kind, subject, target)


def _of_people(connection: Connection, kind: str, subject: str, target: str) -> Linked:
    whose, says = _person(connection, target)
    if kind == "account":
        account, called = _account(connection, subject)
        return Linked(kind, account, whose, called, says)
    if kind == "name":
        key = name_key(subject)
        if not key:
            raise CannotDecide("a name needs letters")
        return Linked(kind, key, whose, repr(subject.strip()), says)
    who, called = _person(connection, subject)
    if who == whose:
        raise CannotDecide(f"{called} is one person already")
    return Linked(kind, str(who), whose, called, says)


def _of_projects(connection: Connection, kind: str, subject: str, target: str) -> Linked:
    project, says = _project(connection, target)
    if kind == "project":
        twin, called = _project(connection, subject)
        if twin == project:
            raise CannotDecide(f"{called} is that project itself")
        return Linked(kind, str(twin), project, called, says)
    source_id, source, rest = _source(connection, subject)
    if kind == "reference":
        return Linked(
            kind, reference_subject(source_id, rest), project, f"{rest!r}, as {source} calls it", says
        )
    external, called = _scope(connection, source_id, rest)
    return Linked(kind, scope_subject(source_id, external), project, f"{source} {called}", says)


def _project(connection: Connection, key: str) -> tuple[UUID, str]:
    row = connection.execute(
        text("SELECT id, key, name FROM project WHERE key = :key"), {"key": key.strip()}
    ).one_or_none()
    if row is None:
        keys = connection.scalars(
            text("SELECT key FROM project WHERE closed_at IS NULL ORDER BY key LIMIT :few"), {"few": _FEW}
        ).all()
        raise CannotDecide(f"there is no project {key!r}; there are: {', '.join(keys) or 'none yet'}")
    return row.id, f"{row.key} ({row.name})"


def _source(connection: Connection, written: str) -> tuple[int, str, str]:
    name, colon, rest = written.partition(":")
    row = connection.execute(
        text("SELECT id, name FROM source WHERE name = :name"), {"name": name.strip()}
    ).one_or_none()
    if row is None or not colon or not rest.strip():
        names = connection.scalars(text("SELECT name FROM source ORDER BY position, name")).all()
        raise CannotDecide(
            f"write it as SOURCE:KEY, not {written!r}; sources are: {', '.join(names) or 'none'}"
        )
    return row.id, row.name, rest.strip()


def _scope(connection: Connection, source_id: int, key: str) -> tuple[str, str]:
    rows = connection.execute(
        text(
            "SELECT external_id, key, name FROM scope WHERE source_id = :source AND deleted_at IS NULL"
            " AND kind <> 'register_row' AND lower(:key) IN (lower(key), lower(external_id)) ORDER BY id"
        ),
        {"source": source_id, "key": key},
    ).all()
    if len(rows) != 1:
        keys = connection.scalars(
            text(
                "SELECT key FROM scope WHERE source_id = :source AND deleted_at IS NULL"
                " AND kind <> 'register_row' ORDER BY project_id IS NOT NULL, key LIMIT :few"
            ),
            {"source": source_id, "few": _FEW},
        ).all()
        raise CannotDecide(f"that source has no scope {key!r}; it has: {', '.join(keys) or 'none'}")
    return rows[0].external_id, f"{rows[0].key} ({rows[0].name})"


def _account(connection: Connection, written: str) -> tuple[str, str]:
    source_id, source, account = _source(connection, written)
    rows = connection.execute(
        text(
            "SELECT external_id, display_name FROM identity WHERE source_id = :source"
            " AND (external_id = :account OR lower(display_name) = lower(:account)) ORDER BY id"
        ),
        {"source": source_id, "account": account},
    ).all()
    if len(rows) != 1:
        ids = ", ".join(row.external_id for row in rows[:_FEW])
        raise CannotDecide(
            f"{source} has {len(rows)} accounts {account!r}; write which one: {ids}"
            if rows
            else f"{source} has no account {account!r}"
        )
    return scope_subject(source_id, rows[0].external_id), f"{rows[0].display_name} ({source})"


def _person(connection: Connection, written: str) -> tuple[UUID, str]:
    source, _, account = written.partition(":")
    rows = connection.execute(
        text(
            "SELECT DISTINCT r.id, r.display_name FROM person p JOIN person r ON r.id = coalesce(p.same_as, p.id)"
            " LEFT JOIN identity i ON i.person_id = p.id LEFT JOIN source s ON s.id = i.source_id"
            " WHERE CAST(p.id AS text) = lower(:written) OR lower(i.display_name) = lower(:written)"
            " OR s.name = :source AND i.external_id = :account ORDER BY r.display_name, r.id"
        ),
        {"written": written.strip(), "source": source.strip(), "account": account.strip()},
    ).all()
    if not rows:
        raise CannotDecide(
            f"nobody is known as {written!r}: write the id, SOURCE:ACCOUNT, or the name a tracker shows"
        )
    if len(rows) > 1:
        ids = ", ".join(str(row.id) for row in rows[:_FEW])
        raise CannotDecide(f"{len(rows)} people are called {written!r}; write which one: {ids}")
    return rows[0].id, rows[0].display_name
