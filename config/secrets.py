"""Secrets are references, `env:NAME` or `file:PATH`; only here do they become values."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REFERENCES = ("env:", "file:")
# The keys of a source's block that hold a secret.
SECRET_KEYS = frozenset({"token", "client_secret", "password", "secret", "private_key", "passphrase"})


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
            check_references(value, where=where)
    elif isinstance(node, list | tuple):
        for each in node:
            check_references(each, where=where)


def resolve(node: Any, *, where: str) -> Any:
    """Return a copy of a configuration block with its secret references replaced by their values.

    Raises:
        SecretMissing: The variable is not set or the file cannot be read; names it.
    """
    if isinstance(node, Mapping):
        return {
            key: _value(value, f"{where}: {key}")
            if key in SECRET_KEYS and isinstance(value, str)
            else resolve(value, where=where)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [resolve(each, where=where) for each in node]
    return node


def _value(reference: str, where: str) -> str:
    kind, _, name = reference.partition(":")
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
