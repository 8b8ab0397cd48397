"""What was typed about a source's address and sign-in, put into its block; secrets are handed to whoever seals them."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from api.pages.source_asked import Asked, SignIn, Way, put_at, value_at
from api.pages.source_ways import sign_in_of
from api.translation import _
from config.document import NAME
from config.settings import settings
from sync.folders import OutsideFolders, allowed, workbooks

# Where a secret is sent to, or whose it is: with another one of these it has to be typed anew.
_BOUND_TO: Final = (
    ("base_url",), ("site",), ("graph_url",), ("proxy",), ("auth", "type"), ("auth", "authority"),
    ("auth", "tenant"), ("auth", "client_id"), ("auth", "username"), ("auth", "cloud"),
)  # fmt: skip
_BOOKS: Final = 25  # looked into at once
_MOST: Final = 2_000  # characters of an answer
Seal = Callable[[str], str]


@dataclass(slots=True)
class Taken:
    """A block after a form, and what is wrong by the name of what was asked."""

    block: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)  # of workbooks that are to be looked into


def chosen_sign_in(way: Way, block: Mapping[str, Any], form: Mapping[str, str]) -> SignIn | None:
    """Return the way of signing in that a form chose, else the block's own."""
    named = next((each for each in way.sign_ins if each.name == form.get("sign_in")), None)
    return named or sign_in_of(way, block)


def take_access(
    way: Way, before: Mapping[str, Any], form: Mapping[str, str], *, seal: Seal, fixed_name: bool
) -> Taken:
    """Put what was typed into a block.

    Args:
        way: What kind of place it is.
        before: The block so far.
        form: What was sent.
        seal: Keeps a secret and returns its reference; called only when all else holds.
        fixed_name: Whether the source is there already, under its name.
    """
    block = deepcopy(dict(before))
    taken = Taken(block)
    if not fixed_name:
        _name(form, taken)
    for asked in way.place:
        _place(asked, form, taken)
    chosen = chosen_sign_in(way, before, form)
    if chosen is None:
        block.pop("auth", None)
    else:
        _sign_in(chosen, before, form, taken, seal)
    block["kind"] = way.kind
    return taken


def _name(form: Mapping[str, str], taken: Taken) -> None:
    name = form.get("name", "").strip()
    taken.block["name"] = name[:63]
    if not re.match(NAME, name):
        taken.errors["name"] = _(
            "Begin with a small letter; then small letters, digits and hyphens, 63 at most, such as delivery-jira."
        )


def _place(asked: Asked, form: Mapping[str, str], taken: Taken) -> None:
    given = form.get(asked.name, "").strip()[:_MOST]
    if asked.lines:
        taken.paths = [line.strip() for line in given.splitlines() if line.strip()]
        if not taken.paths:
            taken.errors[asked.name] = _missing(asked)
        if len(taken.paths) > _BOOKS:
            taken.errors[asked.name] = _(
                "Name %(most)s at most; add the others as another source.", most=_BOOKS
            )
        return
    if asked.required and not given:
        taken.errors[asked.name] = _missing(asked)
    elif asked.choices and given not in dict(asked.choices):
        taken.errors[asked.name] = _("Choose one of the list.")
    elif asked.name == "address" and (wrong := _wrong_address(given)):
        taken.errors[asked.name] = wrong
    elif asked.name == "folder":
        _folder(given, taken)
        return
    put_at(taken.block, asked.path, given or None)


def _folder(given: str, taken: Taken) -> None:
    """Take a folder only where the administrator lets folders be read."""
    try:
        found = allowed(given, settings().readable_folders) if given else None
    except OutsideFolders as error:
        taken.errors["folder"] = str(error)[:1].upper() + str(error)[1:] + "."
        return
    if found is None:
        return
    taken.paths = workbooks(found)
    taken.block["folder"] = str(found)
    if len(taken.paths) > _BOOKS:
        taken.errors["folder"] = _(
            "There are %(count)s workbooks below %(folder)s; choose a folder further down, with %(most)s at most.",
            count=len(taken.paths),
            folder=found.name,
            most=_BOOKS,
        )
    if not taken.paths:
        taken.errors["folder"] = _(
            "There is no workbook in %(folder)s that could be read.", folder=found.name
        )


def _wrong_address(given: str) -> str | None:
    """Say what is wrong with an address, by the rule of whoever will call it."""
    try:
        parts = urlsplit(given)
        named = bool(parts.hostname and httpx.URL(given).host) and parts.port != 0
    except (httpx.InvalidURL, ValueError):  # a host that no name can be, or a port that there is not
        named = False
    if not named or parts.scheme not in ("http", "https") or not given.isprintable() or " " in given:
        return _("This is no web address; it begins with https:// and a name.")
    if parts.username or parts.password or parts.query or parts.fragment:
        return _("Only the bare address: no user name, no password, nothing after ? or #.")
    return None


def _sign_in(
    chosen: SignIn, before: Mapping[str, Any], form: Mapping[str, str], taken: Taken, seal: Seal
) -> None:
    """Fill in the sign-in; a secret that was not typed stays, unless it would go somewhere else."""
    known = before.get("auth") or {}
    same_kind = known.get("type") == dict(chosen.fixed).get(("auth", "type"))
    # What no page asks for, such as an authority or a callback, stays with the same way of signing in.
    taken.block["auth"] = {
        key: value for key, value in known.items() if same_kind and not _is_asked(chosen, key)
    }
    for path, value in chosen.fixed:
        put_at(taken.block, path, value)
    for asked in chosen.asks:
        if not asked.secret:
            _said(asked, form.get(f"{chosen.name}.{asked.name}", "").strip()[:_MOST], chosen, taken)
    stays = same_kind and all(value_at(before, path) == value_at(taken.block, path) for path in _BOUND_TO)
    typed = _secrets(chosen, before, form, taken, stays=stays)
    if not taken.errors:
        for asked, given in typed:
            put_at(taken.block, asked.path, seal(given))


def _said(asked: Asked, given: str, chosen: SignIn, taken: Taken) -> None:
    name = f"{chosen.name}.{asked.name}"
    if asked.required and not given:
        taken.errors[name] = _missing(asked)
    elif asked.choices and given not in dict(asked.choices):
        taken.errors[name] = _("Choose one of the list.")
    else:
        put_at(taken.block, asked.path, given or None)


def _secrets(
    chosen: SignIn, before: Mapping[str, Any], form: Mapping[str, str], taken: Taken, *, stays: bool
) -> list[tuple[Asked, str]]:
    """Return the secrets that were typed; those that were not stay, where they go to nobody else."""
    typed = []
    for asked in chosen.asks:
        if not asked.secret:
            continue
        name = f"{chosen.name}.{asked.name}"
        given = form.get(name, "").strip()[:_MOST]
        reference = value_at(before, asked.path)
        if given:
            typed.append((asked, given))
        elif reference is None:
            taken.errors[name] = _missing(asked)
        elif not stays:
            taken.errors[name] = _(
                "Type it again: the address or the account is another one, and it is not sent there unasked."
            )
        else:
            put_at(taken.block, asked.path, reference)
    return typed


def _is_asked(chosen: SignIn, key: str) -> bool:
    return any(asked.path == ("auth", key) for asked in chosen.asks)


def _missing(asked: Asked) -> str:
    return _("%(what)s is missing.", what=_(asked.label))
