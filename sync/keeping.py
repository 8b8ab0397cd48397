"""Secrets that people typed into a page: sealed at once, one row each, and opened only to call a source."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from config.secrets import KEPT, SecretMissing
from config.vault import Vault, VaultUnusable, open_vault

# Those that no source and no draft names any more.
_UNUSED = (
    "DELETE FROM kept_secret k WHERE NOT EXISTS (SELECT 1 FROM source WHERE strpos(CAST(config AS text),"
    """ '"kept:' || k.id || '"') > 0) AND NOT EXISTS (SELECT 1 FROM source_draft WHERE strpos(CAST(block AS text),"""
    """ '"kept:' || k.id || '"') > 0 OR strpos(CAST(seen AS text), '"kept:' || k.id || '"') > 0)"""
)


def installed_vault() -> Vault:
    """Return this installation's vault.

    Raises:
        VaultUnusable: It has no usable key; says what to set.
    """
    from config.settings import settings

    return open_vault(settings())


class KeptSecrets:
    """Gives secrets by their number."""

    def __init__(self, engine: Engine, vault: Callable[[], Vault] = installed_vault) -> None:
        """Open nothing yet."""
        self._engine, self._vault = engine, vault

    def __call__(self, number: int) -> str | None:
        """Return a secret; None where there is none of that number.

        Raises:
            SecretMissing: It was sealed with another key.
        """
        with self._engine.connect() as connection:
            sealed = connection.scalar(
                text("SELECT sealed FROM kept_secret WHERE id = :id"), {"id": min(number, 2**63 - 1)}
            )
        if sealed is None:
            return None
        try:
            return self._vault().open(bytes(sealed), what="its stored secret").decode()
        except VaultUnusable as error:
            raise SecretMissing(str(error)) from None


def keep(
    connection: Connection,
    value: str,
    *,
    by: str,
    now: datetime,
    vault: Callable[[], Vault] = installed_vault,
) -> str:
    """Seal a secret, and return what a configuration calls it.

    Raises:
        VaultUnusable: There is no usable key.
    """
    number = connection.scalar(
        text("INSERT INTO kept_secret (sealed, made_at, made_by) VALUES (:sealed, :now, :by) RETURNING id"),
        {"sealed": vault().seal(value.encode()), "now": now, "by": by},
    )
    return f"{KEPT}{number}"


def keep_again(
    connection: Connection, reference: str, value: str, *, vault: Callable[[], Vault] = installed_vault
) -> bool:
    """Seal what takes the place of a kept secret; False where there is none any more.

    Raises:
        VaultUnusable: There is no usable key.
    """
    changed = connection.execute(
        text("UPDATE kept_secret SET sealed = :sealed WHERE id = :id"),
        {"sealed": vault().seal(value.encode()), "id": int(reference.removeprefix(KEPT))},
    )
    return changed.rowcount == 1


def forget_unused(connection: Connection) -> int:
    """Remove the secrets that nothing refers to any more; returns how many."""
    return connection.execute(text(_UNUSED)).rowcount
