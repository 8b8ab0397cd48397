r"""People as Azure DevOps writes them: objects, `Name <address>`, or `DOMAIN\user`."""

import re
from typing import Any, Final

_NAMED: Final = re.compile(r"^\s*(.*?)\s*<([^<>]*)>\s*$")


def person_name(value: Any) -> str | None:
    r"""Return the name people know, None for nobody.

    >>> person_name("Jamal Hartnett <jamal@example.com>")
    'Jamal Hartnett'
    >>> person_name({"uniqueName": "CORP\\jamal", "displayName": "Jamal Hartnett"})
    'Jamal Hartnett'
    """
    if isinstance(value, dict):
        value = value.get("displayName") or value.get("uniqueName")
    if not isinstance(value, str) or not value.strip():
        return None
    named = _NAMED.match(value)
    return (named[1] or named[2]) if named else value.strip()


def person_id(value: Any) -> str | None:
    r"""Return what identifies the person for ever where the server gives that, else the account name.

    >>> person_id("Jamal Hartnett <CORP\\Jamal>")
    'corp\\jamal'
    """
    if isinstance(value, dict):
        for name in ("id", "descriptor"):
            if value.get(name):
                return str(value[name])
        value = value.get("uniqueName")
    if not isinstance(value, str) or not value.strip():
        return None
    named = _NAMED.match(value)
    return (named[2] if named else value).strip().lower() or None


def is_person(value: Any) -> bool:
    """Say whether a field's value is a person as an object."""
    return isinstance(value, dict) and ("uniqueName" in value or "displayName" in value)
