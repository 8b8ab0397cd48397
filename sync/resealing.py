"""Encrypt what is stored sealed with the newest key, so that an older one can be thrown away."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, text

from config.vault import Vault, VaultUnusable
from sync.audit import record
from sync.store import unit_of_work

# Where sealed bytes are, and what names a row of them.
_SEALED: Final = (
    (
        "kept_secret",
        "id",
        "SELECT id, sealed, 'secret ' || id AS name FROM kept_secret ORDER BY id FOR UPDATE",
    ),
    (
        "credential",
        "source_id",
        (
            "SELECT c.source_id AS id, c.sealed, 'token of source ' || s.name AS name FROM credential c"
            " JOIN source s ON s.id = c.source_id ORDER BY 1 FOR UPDATE OF c"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """How what is stored is sealed: with the newest key, with an older one, and with none that is known, by name."""

    newest: int
    older: int
    lost: tuple[str, ...]


def sealed_how(engine: Engine, vault: Vault) -> Sealed:
    """Say with which keys things are sealed; nothing is changed."""
    newest, older, lost = 0, 0, list[str]()
    with engine.connect() as connection:
        for _, _, query in _SEALED:
            for row in connection.execute(text(query.partition(" FOR UPDATE")[0])):
                if vault.is_newest(bytes(row.sealed)):
                    newest += 1
                elif _opens(vault, bytes(row.sealed)):
                    older += 1
                else:
                    lost.append(row.name)
    return Sealed(newest, older, tuple(lost))


def reseal(engine: Engine, vault: Vault) -> Sealed:
    """Seal everything with the newest key, in one transaction; what no key opens stays as it is.

    Returns:
        How it stood before: `older` were sealed anew.
    """
    newest, older, lost = 0, 0, list[str]()
    with unit_of_work(engine) as connection:
        for table, key, query in _SEALED:
            for row in connection.execute(text(query)).all():
                sealed = bytes(row.sealed)
                if vault.is_newest(sealed):
                    newest += 1
                    continue
                try:
                    fresh = vault.reseal(sealed, what=row.name)
                except VaultUnusable:
                    lost.append(row.name)
                    continue
                connection.execute(
                    text(f"UPDATE {table} SET sealed = :sealed WHERE {key} = :id"),
                    {"sealed": fresh, "id": row.id},
                )
                older += 1
        record(connection, "secret.resealed", "stored secrets", {"resealed": older, "not_opened": lost})
    return Sealed(newest, older, tuple(lost))


def _opens(vault: Vault, sealed: bytes) -> bool:
    try:
        vault.open(sealed, what="")
    except VaultUnusable:
        return False
    return True
