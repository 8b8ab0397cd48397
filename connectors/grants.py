"""Tokens of which each use gives the next: what is kept of them, and where connectors find it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Grant:
    """What an authority has given us. `refresh` is good for one exchange; None where there is none to exchange.

    `access` and `expires_at` are None where only a refresh token was handed in.
    """

    refresh: str | None = field(repr=False)
    access: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


class Held(Protocol):
    """A grant that nobody else may exchange as long as it is held."""

    grant: Grant | None
    left_off_at: datetime | None  # when an exchange began that was never stored: its process died

    def begin(self, now: datetime) -> None:
        """Write down, for good, that the refresh token is about to be spent."""

    def unspent(self) -> None:
        """Take `begin` back: the authority answered, and gave nothing for the token."""

    def replace(self, grant: Grant, now: datetime) -> None:
        """Store the next grant for good, before anybody uses it."""


class TokenStore(Protocol):
    """Where one source's grant is kept."""

    def load(self) -> Grant | None:
        """Return the newest grant; None when nobody has signed in yet."""

    def held(self) -> AbstractContextManager[Held]:
        """Hold the grant against everybody else, on this machine and others, and read it anew.

        Raises:
            Interrupted: The process is asked to stop while another holds it.
        """
