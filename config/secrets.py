"""Secrets are references: `env:NAME`, `file:PATH`, or `kept:NUMBER` where a page took it; here they become values."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

KEPT = "kept:"  # sealed in the database
REFERENCES = ("env:", "file:", KEPT)
Kept = Callable[[int], str | None]  # gives a secret that was typed into a page, None where there is none
# The keys of a source's block that hold a secret.
SECRET_KEYS = frozenset(
    {"token", "client_secret", "password", "secret", "private_key", "passphrase", "certificate"}
)

# Keys that may hold a secret: a proxy address with a password in it, a share link. A reference is followed.
MAYBE_SECRET_KEYS = frozenset({"proxy", "url"})
_WITH_PASSWORD = re.compile(r"^[a-z0-9+.-]+://[^/@]*:[^/@]*@", re.IGNORECASE)
_STAND_IN = (
    "https://stand-in.invalid:443/"  # where a check needs an address and the reference is not followed
)


class SecretMissing(ValueError):
    """A reference leads nowhere, or a secret stands in the file itself."""


def check_references(node: Any, *, where: str) -> None:
    """Refuse a secret that stands in the configuration itself.

    Raises:
        SecretMissing: Names the key, never the value.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in SECRET_KEYS and isinstance(value, str) and not value.startswith(REFERENCES):
                raise SecretMissing(
                    f"{where}: {key} holds a secret itself; write env:NAME or file:PATH and keep the value there"
                )
            if key in MAYBE_SECRET_KEYS and isinstance(value, str) and _WITH_PASSWORD.match(value):
                raise SecretMissing(
                    f"{where}: {key} holds a password; write env:NAME or file:PATH and keep the whole address there"
                )
            check_references(value, where=where)
    elif isinstance(node, list | tuple):
        for each in node:
            check_references(each, where=where)


def resolve(node: Any, *, where: str, kept: Kept | None = None) -> Any:
    """Return a copy of a configuration block with its secret references replaced by their values.

    Args:
        node: The block.
        where: What a message calls it.
        kept: Gives what `kept:NUMBER` stands for; without it there is none of these.

    Raises:
        SecretMissing: The variable is not set or the file cannot be read; names it.
    """
    if isinstance(node, Mapping):
        return {
            key: _value(value, f"{where}: {key}", kept)
            if isinstance(value, str) and _is_reference(key, value)
            else resolve(value, where=where, kept=kept)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [resolve(each, where=where, kept=kept) for each in node]
    return node


def stand_in(node: Any) -> Any:
    """Return a copy of a block in which addresses given by reference are addresses, for checking its shape."""
    if isinstance(node, Mapping):
        return {
            key: _STAND_IN
            if key in MAYBE_SECRET_KEYS and isinstance(value, str) and value.startswith(REFERENCES)
            else stand_in(value)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [stand_in(each) for each in node]
    return node


def masked(node: Any) -> Any:
    """Return a copy of a block for showing: what may be a secret and is no reference is starred."""
    if isinstance(node, Mapping):
        hidden = SECRET_KEYS | MAYBE_SECRET_KEYS
        return {
            key: "***"
            if key in hidden and isinstance(value, str) and not value.startswith(REFERENCES)
            else masked(value)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [masked(each) for each in node]
    return node


def secret_values(references: Any, values: Any) -> list[str]:
    """List the values that a block's references led to, given the block before and after `resolve`."""
    if isinstance(references, Mapping):
        return [
            found
            for key, inner in references.items()
            for found in (
                [str(values[key])]
                if isinstance(inner, str) and _is_reference(key, inner)
                else secret_values(inner, values[key])
            )
        ]
    if isinstance(references, list | tuple):
        return [each for pair in zip(references, values, strict=True) for each in secret_values(*pair)]
    return []


def _is_reference(key: str, value: str) -> bool:
    return key in SECRET_KEYS or (key in MAYBE_SECRET_KEYS and value.startswith(REFERENCES))


def _value(reference: str, where: str, kept: Kept | None) -> str:
    kind, _, name = reference.partition(":")
    if reference.startswith(KEPT):
        found = kept(int(name)) if kept is not None and name.isascii() and name.isdigit() else None
        if found is None:
            raise SecretMissing(
                f"{where} refers to {reference}, which is not kept in this database; type the secret anew on the"
                " source's page, or write env:NAME or file:PATH"
            )
        return found
    if kind == "env":
        value = os.environ.get(name)
        if not value:
            raise SecretMissing(f"{where} refers to {reference}, but that variable is not set here")
        return value
    if kind == "file":
        try:
            return Path(name).expanduser().read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SecretMissing(f"{where} refers to {reference}: {error.strerror}") from None
    raise SecretMissing(f"{where} holds a secret itself; write env:NAME or file:PATH")
