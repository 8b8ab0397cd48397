"""The tokens of sources whose authority gives a new one at each use: sealed, one row a source."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from config.vault import Vault, VaultUnusable, open_vault
from connectors.errors import MisconfiguredSource
from connectors.grants import Grant
from connectors.stopping import rest
from sync.audit import record
from sync.json import dump_bytes
from sync.store import unit_of_work

_WAIT_S: Final = 0.1  # seconds between looks at a grant that somebody else holds


@dataclass(slots=True)
class HeldGrant:
    """One source's grant while this process alone may exchange it."""

    store: "StoredTokens"
    grant: Grant | None
    version: int
    left_off_at: datetime | None

    def begin(self, now: datetime) -> None:
        """Write down, for good, that the refresh token is about to be spent."""
        self._mark(now)

    def unspent(self) -> None:
        """Take `begin` back: the authority answered, and gave nothing for the token."""
        self._mark(self.left_off_at)

    def _mark(self, at: datetime | None) -> None:
        with unit_of_work(self.store.engine) as connection:
            connection.execute(
                text(
                    "UPDATE credential SET exchange_began_at = :at FROM source"
                    " WHERE source.id = credential.source_id AND source.name = :name AND version = :version"
                ),
                {"at": at, "name": self.store.source, "version": self.version},
            )

    def replace(self, grant: Grant, now: datetime) -> None:
        """Store the next grant over the one it was got with, for good.

        Raises:
            MisconfiguredSource: The source is not there any more, or its grant was replaced meanwhile.
        """
        self.version = self.store.write(grant, now, over=self.version)
        self.grant, self.left_off_at = grant, None


class StoredTokens:
    """The `TokenStore` of one source, in the database."""

    def __init__(self, engine: Engine, source: str, vault: Vault | None = None) -> None:
        """Open nothing yet; without a vault it is the installation's own."""
        self.engine, self.source = engine, source
        self._vault = vault

    def load(self) -> Grant | None:
        """Return the newest grant; None when nobody has signed in yet."""
        with self.engine.connect() as connection:
            return self._read(connection).grant

    @contextmanager
    def held(self) -> Iterator[HeldGrant]:
        """Hold the grant against everybody else, in a session of its own: the hold goes when this process goes."""
        digest = hashlib.sha256(f"credential:{self.source}".encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}):
                rest(_WAIT_S)
            try:
                yield self._read(connection)
            finally:
                with suppress(DBAPIError):  # the session is gone, and the lock with it
                    if not connection.invalidated:
                        connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})

    def write(self, grant: Grant, now: datetime, *, over: int | None = None) -> int:
        """Store a grant, durably; `over` is the version it replaces, None whatever is there.

        Raises:
            MisconfiguredSource: There is no such source, or its grant is another one by now.
        """
        with unit_of_work(self.engine) as connection:
            return self.write_in(connection, grant, now, over=over)

    def write_in(
        self, connection: Connection, grant: Grant, now: datetime, *, over: int | None = None
    ) -> int:
        """Store a grant inside a transaction; as `write`."""
        document = {
            "source": self.source,
            "refresh": grant.refresh,
            "access": grant.access,
            "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
        }
        version = connection.scalar(
            text(
                "INSERT INTO credential AS c (source_id, sealed, version, stored_at)"
                " SELECT id, :sealed, 1, :now FROM source WHERE name = :name"
                " ON CONFLICT (source_id) DO UPDATE SET sealed = excluded.sealed, version = c.version + 1,"
                " stored_at = excluded.stored_at, exchange_began_at = NULL"
                " WHERE CAST(:over AS bigint) IS NULL OR c.version = :over RETURNING version"
            ),
            {
                "sealed": self._key().seal(dump_bytes(document)),
                "now": now,
                "name": self.source,
                "over": over,
            },
        )
        if version is None:
            raise MisconfiguredSource(
                "its token was replaced by somebody else meanwhile, or the source is gone; run it again",
                source=self.source,
            )
        if over is None:  # a run that renews its own is no event
            record(connection, "source.signed_in", f"source {self.source}")
        return int(version)

    def _read(self, connection: Connection) -> HeldGrant:
        row = connection.execute(
            text(
                "SELECT sealed, version, exchange_began_at FROM credential"
                " JOIN source ON source.id = source_id WHERE name = :name"
            ),
            {"name": self.source},
        ).one_or_none()
        if row is None:
            return HeldGrant(self, None, 0, None)
        try:
            document = orjson.loads(self._key().open(bytes(row[0]), what="its stored token"))
        except VaultUnusable as error:
            raise MisconfiguredSource(str(error), source=self.source) from None
        if document["source"] != self.source:
            raise MisconfiguredSource(
                "its stored token is another source's; sign in again", source=self.source
            )
        until = datetime.fromisoformat(document["expires_at"]) if document["expires_at"] else None
        return HeldGrant(self, Grant(document["refresh"], document["access"], until), row[1], row[2])

    def _key(self) -> Vault:
        if self._vault is None:
            from config.settings import settings

            try:
                self._vault = open_vault(settings())
            except VaultUnusable as error:
                raise MisconfiguredSource(str(error), source=self.source) from None
        return self._vault
