"""Passwords as argon2id hashes: made and checked, a few at a time, for each takes 64 MiB while it does.

The cost is the second recommended one of RFC 9106, section 4. A name that is not known takes as long as a wrong
password, so that the time tells nobody who has an account.
"""

import secrets
import threading
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from model.password import MOST, as_kept

_AT_ONCE: Final = 2


class Passwords:
    """Makes hashes of passwords and checks them. Safe among threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def made(self, password: str) -> str:
        """Return the hash of a password."""
        with self._turns:
            return self._hasher.hash(as_kept(password))

    def fits(self, hash_: str | None, password: str) -> bool:
        """Tell whether a password is the one of a hash; None, of nobody, fits none and takes as long."""
        typed = as_kept(password[: MOST + 1])
        with self._turns:
            try:
                fits = self._hasher.verify(hash_ or self._nobodys, typed)
            except (VerificationError, InvalidHashError):
                return False
        return fits and hash_ is not None

    def is_old(self, hash_: str) -> bool:
        """Tell whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(hash_)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(32))
