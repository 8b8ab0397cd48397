"""Policies by version: what is stored, and which of them was in force on a day as known at an instant."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, text

from config import shipped
from model.declaration import Declaration, InvalidDeclaration
from model.policies import in_force
from model.policy import Policy
from model.policy_faults import Names

PROPOSED: Final = "proposed"
APPROVED: Final = "approved"
WITHDRAWN: Final = "withdrawn"
MUSTER: Final = "muster"  # who brought the shipped one
LOCK: Final = 0x706F6C69  # one person at a time changes policies

_COLUMNS: Final = (
    "name, version, state, text, sha256, effective_from, effective_to, written_at, written_by, approved_at,"
    " approved_by, withdrawn_at, withdrawn_by, because, plan"
)


class NoSuchPolicy(LookupError):
    """There is no such policy, or no such version of it; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a policy as it is kept; see `model.tables.policy.PolicyVersion`."""

    name: str
    version: str
    state: str
    text: str
    sha256: str
    effective_from: date
    effective_to: date | None = None
    written_at: datetime | None = None
    written_by: str = MUSTER
    approved_at: datetime | None = None
    approved_by: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    because: str | None = None
    plan: dict[str, Any] | None = None

    @property
    def label(self) -> str:
        """Name and version: `default@1.0.0`."""
        return f"{self.name}@{self.version}"

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers, which sort as they should."""
        return tuple(int(part) for part in self.version.split("."))

    def loaded(self) -> Policy:
        """Return it read.

        Raises:
            InvalidDeclaration: Its text is not of the language (any more).
        """
        return _loaded(self.text, self.label)


@lru_cache(maxsize=64)
def _loaded(text_: str, label: str) -> Policy:
    written = Declaration(text_, f"{label}.yaml")
    try:
        return written.as_(Policy)
    except InvalidDeclaration:
        # It may be older than a setting: what it cannot have said is as the shipped policy has it, and what is no
        # setting any more never did anything.
        data = _without_retired(written.data)
        try:
            return Policy.model_validate(data | {"limits": _completed(data.get("limits"))})
        except ValidationError:
            pass
        raise


_RETIRED: Final = frozenset({("data_quality", "weights")})  # a template's weights always were what counted


def _without_retired(data: Any, path: tuple[str, ...] = ()) -> Any:
    """Return a policy without settings that there were once, wherever they stand."""
    if isinstance(data, list):
        return [_without_retired(each) for each in data]
    if not isinstance(data, Mapping):
        return data
    return {
        key: _without_retired(value, (*path, str(key)))
        for key, value in data.items()
        if (*path, str(key))[-2:] not in _RETIRED
    }


def _completed(limits: Any) -> dict[str, Any]:
    """Return limits with the blocks and settings they lack; nothing is added inside a setting, such as a weight."""
    given: Mapping[str, Any] = limits if isinstance(limits, Mapping) else {}
    shipped_ = shipped.policy().limits.model_dump()
    return dict(given) | {
        name: ({**block, **given[name]} if isinstance(given.get(name), Mapping) else block)
        for name, block in shipped_.items()
        if isinstance(block, Mapping) or name not in given
    }


@lru_cache
def shipped_version() -> Kept:
    """Return the policy that comes with Muster, as it stands where the office has approved none: known at all times."""
    policy, written = shipped.policy(), shipped.text("policies", "default")
    always = datetime.combine(policy.effective_from, time(), UTC)
    return Kept(
        policy.name, policy.version, APPROVED, written, sha256(written), policy.effective_from,
        policy.effective_to, always, MUSTER, always, MUSTER,
    )  # fmt: skip


def sha256(text_: str) -> str:
    """Return the hash that a version's text is kept with."""
    return hashlib.sha256(text_.encode()).hexdigest()


def kept(connection: Connection) -> list[Kept]:
    """List the versions there are, the first in force first.

    The shipped policy counts as approved where nothing is stored yet, as it will be once it is installed.
    """
    rows = connection.execute(text(f"SELECT {_COLUMNS} FROM policy_version")).all()
    found = [Kept(*row) for row in rows] or [shipped_version()]
    return sorted(found, key=lambda each: (each.effective_from, each.name, each.number))


def kept_version(connection: Connection, name: str, version: str) -> Kept:
    """Return one version, in whatever state.

    Raises:
        NoSuchPolicy: With the versions there are.
    """
    found = kept(connection)
    for each in found:
        if (each.name, each.version) == (name, version):
            return each
    have = ", ".join(each.label for each in found)
    raise NoSuchPolicy(f"there is no policy {name}@{version}; there are {have}")


def approved(connection: Connection, known_at: datetime | None = None) -> list[Policy]:
    """Return the policies that were approved, and not withdrawn, as known at an instant; None: by now."""

    def counts(each: Kept) -> bool:
        if each.approved_at is None or (known_at is not None and each.approved_at > known_at):
            return False
        return each.withdrawn_at is None or (known_at is not None and each.withdrawn_at > known_at)

    return [each.loaded() for each in kept(connection) if counts(each)]


def policy_standing(connection: Connection, on: date, known_at: datetime | None = None) -> Policy:
    """Return the policy in force on a day, as known at an instant; the shipped one where there is no other."""
    return in_force(approved(connection, known_at), on, otherwise=shipped_version().loaded())


def labelled(connection: Connection, label: str) -> Policy:
    """Return a policy by its label, `default@1.0.0`, as snapshots and receipts carry it.

    Raises:
        NoSuchPolicy: With the versions there are.
    """
    name, _, version = label.partition("@")
    return kept_version(connection, name, version).loaded()


def stored_version(connection: Connection, label: str) -> dict[str, Any]:
    """Return what a receipt says of a policy besides its label: from when, by whom, and its text's hash."""
    name, _, version = label.partition("@")
    row = connection.execute(
        text(
            "SELECT effective_from, approved_by, sha256 FROM policy_version WHERE name = :name AND version = :version"
        ),
        {"name": name, "version": version},
    ).one_or_none()
    if row is None:
        return {}
    return {"effective_from": row[0].isoformat(), "approved_by": row[1], "sha256": row[2]}


def install(connection: Connection) -> Kept | None:
    """Store the shipped policy where this version of it is not stored; returns it then.

    It is approved where there is no other. Where there is, a new release's limits are only proposed: no colour
    changes because Muster was updated.
    """
    each = shipped_version()
    labels = {
        (name, version)
        for name, version in connection.execute(text("SELECT name, version FROM policy_version"))
    }
    if (each.name, each.version) in labels:
        return None
    first = not labels
    connection.execute(
        text(
            "INSERT INTO policy_version (name, version, state, text, sha256, effective_from, effective_to,"
            " written_at, written_by, approved_at, approved_by) VALUES (:name, :version, :state, :text, :sha256,"
            " :effective_from, :effective_to, :written_at, :written_by, :approved_at, :approved_by)"
            " ON CONFLICT (name, version) DO NOTHING"
        ),
        {
            "name": each.name, "version": each.version, "state": APPROVED if first else PROPOSED,
            "text": each.text, "sha256": each.sha256, "effective_from": each.effective_from,
            "effective_to": each.effective_to, "written_at": each.written_at, "written_by": each.written_by,
            "approved_at": each.approved_at if first else None,
            "approved_by": each.approved_by if first else None,
        },
    )  # fmt: skip
    return each


def names_of(connection: Connection) -> Names:
    """Return what tolerances can be of: the portfolios, programmes and projects that are not closed."""

    def column(statement: str) -> frozenset[str]:
        return frozenset(connection.execute(text(statement)).scalars())

    return Names(
        column("SELECT key FROM portfolio"),
        column("SELECT name FROM programme"),
        column("SELECT key FROM project WHERE closed_at IS NULL"),
    )
