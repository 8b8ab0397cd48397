"""Rotating tokens of a draft: a consent is given before there is a source, and is the source's once it is saved."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from config.document import SourceBlock
from config.vault import VaultUnusable
from connectors.errors import MisconfiguredSource
from connectors.grants import Grant, TokenStore
from connectors.stopping import rest
from sync.credentials import StoredTokens
from sync.drafts import Draft, DraftRefused, place_of
from sync.json import dump_bytes
from sync.keeping import KeptSecrets, keep, keep_again
from sync.registry import Opener, open_source
from sync.store import unit_of_work

_WAIT_S: Final = 0.1  # seconds between looks at a grant that somebody else holds


@dataclass(slots=True)
class HeldDraftGrant:
    """A draft's grant while this process alone may exchange it."""

    store: "DraftTokens"
    grant: Grant | None
    left_off_at: datetime | None

    def begin(self, now: datetime) -> None:
        """Write down, for good, that the refresh token is about to be spent."""
        self.store.write(self.grant, began_at=now)

    def unspent(self) -> None:
        """Take `begin` back: the authority answered, and gave nothing for the token."""
        self.store.write(self.grant, began_at=self.left_off_at)

    def replace(self, grant: Grant, now: datetime) -> None:
        """Store the next grant over the one it was got with, for good."""
        del now
        self.store.write(grant, began_at=None)
        self.grant, self.left_off_at = grant, None


class DraftTokens:
    """The `TokenStore` of one draft: its grant is one of the kept secrets."""

    def __init__(self, engine: Engine, reference: str, source: str = "draft") -> None:
        """Open nothing yet; `reference` is what the draft calls it."""
        self._engine, self._reference, self._source = engine, reference, source

    def load(self) -> Grant | None:
        """Return the newest grant."""
        return self._read().grant

    @contextmanager
    def held(self) -> Iterator[HeldDraftGrant]:
        """Hold the grant against everybody else, in a session of its own."""
        digest = hashlib.sha256(f"draft:{self._reference}".encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}):
                rest(_WAIT_S)
            try:
                yield self._read()
            finally:
                with suppress(DBAPIError):  # the session is gone, and the lock with it
                    if not connection.invalidated:
                        connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})

    def write(self, grant: Grant | None, *, began_at: datetime | None) -> None:
        """Store a grant over the one there is, durably.

        Raises:
            MisconfiguredSource: The draft was saved or thrown away meanwhile.
        """
        with unit_of_work(self._engine) as connection:
            if grant is None or not keep_again(connection, self._reference, _sealable(grant, began_at)):
                raise MisconfiguredSource("the draft was saved or thrown away meanwhile", source=self._source)

    def _read(self) -> HeldDraftGrant:
        try:
            found = KeptSecrets(self._engine)(int(self._reference.rpartition(":")[2]))
        except (VaultUnusable, ValueError) as error:
            raise MisconfiguredSource(str(error), source=self._source) from None
        if found is None:
            return HeldDraftGrant(self, None, None)
        document = orjson.loads(found)
        return HeldDraftGrant(self, _grant(document), _instant(document["began_at"]))


def keep_grant(connection: Connection, grant: Grant, *, by: str, now: datetime) -> str:
    """Seal the grant of a consent, and return what a draft calls it."""
    return keep(connection, _sealable(grant, None), by=by, now=now)


def granted(connection: Connection, known: Draft) -> bool:
    """Tell whether somebody has let us in to where a draft leads: in this draft, or in the source that it changes."""
    if known.seen.get("grant") and known.seen.get("grant_for") == place_of(known.block):
        return True
    row = connection.execute(
        text("SELECT s.config FROM source s JOIN credential c ON c.source_id = s.id WHERE s.name = :name"),
        {"name": known.source},
    ).scalar_one_or_none()
    return row is not None and place_of(row) == place_of(known.block)


def rests_on_consent(block: Mapping[str, Any]) -> bool:
    """Tell whether a block signs in by the consent of a person."""
    auth = block.get("auth") or {}
    return auth.get("type") == "oauth" and auth.get("grant") in (None, "consent")


def opener_for(engine: Engine, known: Draft) -> Opener:
    """Return what opens a draft's source: tokens are sent nowhere but to where they were given for.

    Raises:
        DraftRefused: Nobody has let us in there yet.
    """
    if not rests_on_consent(known.block):
        return partial(open_source, kept=KeptSecrets(engine))
    with engine.connect() as connection:
        if not granted(connection, known):
            raise DraftRefused(
                "Nobody has let Muster in there yet. Go back to Address and sign-in, and on from there."
            )
    own = known.seen.get("grant") if known.seen.get("grant_for") == place_of(known.block) else None

    def tokens(source: str) -> TokenStore:
        return StoredTokens(engine, source) if own is None else DraftTokens(engine, own, source)

    return partial(open_source, tokens=tokens, kept=KeptSecrets(engine))


def hand_over(engine: Engine, known: Draft, block: SourceBlock) -> Grant | None:
    """Return the grant that a draft holds for what it leads to, None where it holds none of its own.

    Raises:
        DraftRefused: It needs one, and nobody has given it.
    """
    if not rests_on_consent(known.block):
        return None
    with engine.connect() as connection:
        if not granted(connection, known):
            raise DraftRefused(
                f"Nobody has let Muster in to {block.name} yet. Go back to Address and sign-in, and on from there."
            )
    if not known.seen.get("grant") or known.seen.get("grant_for") != place_of(known.block):
        return None
    return DraftTokens(engine, str(known.seen["grant"])).load()


def _sealable(grant: Grant, began_at: datetime | None) -> str:
    return dump_bytes(
        {
            "refresh": grant.refresh,
            "access": grant.access,
            "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
            "began_at": began_at.isoformat() if began_at else None,
        }
    ).decode()


def _grant(document: Mapping[str, Any]) -> Grant:
    return Grant(document["refresh"], document["access"], _instant(document["expires_at"]))


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
