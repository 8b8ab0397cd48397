"""What is stored encrypted, and with which key: `MUSTER_SECRET_KEY`, or a file that only we can read.

The cipher is loaded when something is sealed or opened: few sources hold tokens of ours.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from config.settings import Settings

KEY_FILE: Final = "secret.key"
_HOW: Final = "make one with: openssl rand -base64 32 | tr '+/' '-_'"


class VaultUnusable(ValueError):
    """There is no usable key, or something was sealed with another one; says what to set, never the key."""


class Vault:
    """Seals and opens with the first key; opens also what older keys sealed."""

    def __init__(self, *keys: str) -> None:
        """Take the newest key first.

        Raises:
            VaultUnusable: One is no key.
        """
        from cryptography.fernet import Fernet, MultiFernet

        try:
            self._keys = MultiFernet([Fernet(key) for key in keys])
            self._newest = Fernet(keys[0]) if keys else None
        except ValueError:
            raise VaultUnusable(
                "MUSTER_SECRET_KEY must be 32 random bytes in URL-safe base64 (several, newest first, with commas "
                f"between, while a key is changed); {_HOW}"
            ) from None

    def seal(self, content: bytes) -> bytes:
        """Encrypt."""
        return self._keys.encrypt(content)

    def is_newest(self, sealed: bytes) -> bool:
        """Tell whether something was sealed with the newest key."""
        from cryptography.fernet import InvalidToken

        try:
            return self._newest is not None and self._newest.decrypt(sealed) is not None
        except InvalidToken:
            return False

    def reseal(self, sealed: bytes, *, what: str) -> bytes:
        """Return what was sealed with any of the keys, sealed with the newest.

        Raises:
            VaultUnusable: It was sealed with another key.
        """
        return self.seal(self.open(sealed, what=what))

    def open(self, sealed: bytes, *, what: str) -> bytes:
        """Decrypt; `what` is how a message calls it.

        Raises:
            VaultUnusable: It was sealed with another key.
        """
        from cryptography.fernet import InvalidToken

        try:
            return self._keys.decrypt(sealed)
        except InvalidToken:
            raise VaultUnusable(
                f"{what} was sealed with another key. Give every machine the same MUSTER_SECRET_KEY (or the "
                f"same {KEY_FILE} in its home), or sign in again"
            ) from None


def open_vault(settings: "Settings") -> Vault:
    """Return the vault of this installation; without `MUSTER_SECRET_KEY` a key is made once, in the home.

    Raises:
        VaultUnusable: The key is none, the file cannot be made, or others may read it.
    """
    if settings.secret_key is not None:
        given = settings.secret_key.get_secret_value().split(",")
        return Vault(*(key.strip() for key in given if key.strip()))
    return Vault(*_keys_of(settings.home.expanduser() / KEY_FILE))


def renew(settings: "Settings") -> None:
    """Put a new key before those in the file; what they sealed can still be opened.

    Raises:
        VaultUnusable: The keys are given by `MUSTER_SECRET_KEY`, where only its owner can put one, or the file cannot
            be written.
    """
    from cryptography.fernet import Fernet

    if settings.secret_key is not None:
        raise VaultUnusable(
            f"the keys are in MUSTER_SECRET_KEY: put a new one before them, with a comma between; {_HOW}"
        )
    file = settings.home.expanduser() / KEY_FILE
    _write(file, [Fernet.generate_key().decode(), *_keys_of(file)])


def forget(settings: "Settings", *, keep: int) -> int:
    """Leave the newest keys in the file alone; returns how many went. Those in `MUSTER_SECRET_KEY` are its owner's."""
    if settings.secret_key is not None:
        return 0
    file = settings.home.expanduser() / KEY_FILE
    keys = _keys_of(file)
    if len(keys) > keep:
        _write(file, keys[:keep])
    return max(0, len(keys) - keep)


def _write(file: Path, keys: list[str]) -> None:
    """Put the keys into the file, newest first: whole or not at all."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write("\n".join(keys))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        raise VaultUnusable(f"the key in {file} cannot be written ({error.strerror})") from None
    finally:
        draft.unlink(missing_ok=True)


def _keys_of(file: Path) -> list[str]:
    """Return the keys in the file, newest first; one is made where there is none."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _make(file)
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise VaultUnusable(
                f"{file} may be read by others; it must be for our user alone: chmod 600 {file}"
            )
        return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it holds no key"
        raise VaultUnusable(
            f"the key in {file} cannot be used ({why}); set MUSTER_SECRET_KEY instead"
        ) from None


def _make(file: Path) -> None:
    """Write a new key, unless one is there: whole or not at all, also when two processes begin at once."""
    if file.exists():
        return
    from cryptography.fernet import Fernet

    draft = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(Fernet.generate_key())
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)  # fails when the other process was first
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not file.exists():
                draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
