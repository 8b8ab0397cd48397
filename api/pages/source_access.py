"""What was typed about a source's address and sign-in, put into its block; secrets are handed to whoever seals them."""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from api.pages.source_addresses import wrong_address, wrong_link
from api.pages.source_asked import BESIDE, Asked, SignIn, Way, put_at, value_at
from api.pages.source_ways import sign_in_of
from api.translation import _
from config.document import NAME
from config.settings import settings
from sync.draft_certificates import MOST as MOST_CERTIFICATES
from sync.draft_certificates import CertificateRefused, make_identity, read_authorities, read_identity
from sync.drafts import place_of
from sync.folders import OutsideFolders, allowed, workbooks

_BOOKS: Final = 25  # looked into at once
_MOST: Final = 2_000  # characters of an answer
_ADDRESSES: Final = frozenset({"address", "graph", "proxy"})
Seal = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Given:
    """What came with a form, when; `links` are the share links that are kept so far."""

    form: Mapping[str, str]
    files: Mapping[str, bytes]
    links: Sequence[str]
    now: datetime


@dataclass(slots=True)
class Taken:
    """A block after a form, and what is wrong by the name of what was asked."""

    block: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)  # of workbooks that are to be looked into
    links: list[str] = field(default_factory=list)  # what share links are kept as
    typed_links: list[str] = field(default_factory=list, repr=False)  # not kept yet
    made: bool = False  # a certificate was made, which nobody knows yet


def chosen_sign_in(way: Way, block: Mapping[str, Any], form: Mapping[str, str]) -> SignIn | None:
    """Return the way of signing in that a form chose, else the block's own."""
    named = next((each for each in way.sign_ins if each.name == form.get("sign_in")), None)
    return named or sign_in_of(way, block)


def take_access(way: Way, before: Mapping[str, Any], given: Given, *, seal: Seal, fixed_name: bool) -> Taken:
    """Put what was typed into a block.

    Args:
        way: What kind of place it is.
        before: The block so far.
        given: What was sent.
        seal: Keeps a secret and returns its reference; called only when all else holds.
        fixed_name: Whether the source is there already, under its name.
    """
    block = deepcopy(dict(before))
    taken = Taken(block)
    if not fixed_name:
        _name(given.form, taken)
    for asked in way.place:
        _place(asked, given, taken)
    if way.key == "sharepoint":
        _some_workbook(taken)
    chosen = chosen_sign_in(way, before, given.form)
    if chosen is None:
        block.pop("auth", None)
    else:
        _sign_in(way, chosen, before, given, taken, seal)
    block["kind"] = way.kind
    return taken


def _name(form: Mapping[str, str], taken: Taken) -> None:
    name = form.get("name", "").strip()
    taken.block["name"] = name[:63]
    if not re.match(NAME, name):
        taken.errors["name"] = _(
            "Begin with a small letter; then small letters, digits and hyphens, 63 at most, such as delivery-jira."
        )


def _place(asked: Asked, given: Given, taken: Taken) -> None:
    if asked.shape == "authorities":
        _authorities(asked, given, taken)
        return
    typed = given.form.get(asked.name, "").strip()
    if asked.lines:
        _lines(asked, typed, given, taken)
        return
    typed = typed[:_MOST]
    if asked.required and not typed:
        taken.errors[asked.name] = _missing(asked)
    elif asked.choices and typed not in dict(asked.choices):
        taken.errors[asked.name] = _("Choose one of the list.")
    elif asked.name in _ADDRESSES and typed != value_at(taken.block, asked.path):
        if typed and (wrong := wrong_address(typed)):
            taken.errors[asked.name] = wrong
    elif asked.name == "folder":
        _folder(typed, taken)
        return
    put_at(taken.block, asked.path, typed or None)


def _lines(asked: Asked, typed: str, given: Given, taken: Taken) -> None:
    """Take paths or share links, one a line; links that are kept stay, unless they were ticked away."""
    lines = list(dict.fromkeys(line.strip()[:_MOST] for line in typed.splitlines() if line.strip()))
    if asked.shape == "links":
        taken.links = [each for each in given.links if f"drop:{each}" not in given.form]
        taken.typed_links = lines
        for number, line in enumerate(lines, 1):
            if (
                wrong := wrong_link(line)
            ) is not None:  # in words that do not quote the link, for it is a key
                taken.errors[asked.name] = _("Line %(number)s: %(why)s", number=number, why=wrong)
        count = len(taken.links) + len(lines)
    else:
        taken.paths = lines
        count = len(lines)
    if count > _BOOKS:
        taken.errors[asked.name] = _("Name %(most)s at most; add the others as another source.", most=_BOOKS)


def _some_workbook(taken: Taken) -> None:
    if not taken.paths and not taken.links and not taken.typed_links:
        taken.errors.setdefault(
            "links", _("Name at least one workbook: by a share link, or by its path in a site.")
        )
    if taken.paths and not taken.block.get("site"):
        taken.errors.setdefault("site", _("A path needs the site it is in."))


def _authorities(asked: Asked, given: Given, taken: Taken) -> None:
    """Take certificates from a file or as they were pasted; without any, those that are there stay."""
    handed = given.files.get(asked.name) or given.form.get(asked.name, "").strip().encode()
    if not handed:
        if f"drop:{asked.name}" in given.form:
            put_at(taken.block, asked.path, None)
        return
    try:
        put_at(taken.block, asked.path, read_authorities(_small(handed), now=given.now)[0])
    except CertificateRefused as error:
        taken.errors[asked.name] = str(error)


def _small(handed: bytes) -> bytes:
    if len(handed) > MOST_CERTIFICATES:
        raise CertificateRefused(_("This is too much for a certificate. Choose its file, and nothing else."))
    return handed


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


def _sign_in(
    way: Way, chosen: SignIn, before: Mapping[str, Any], given: Given, taken: Taken, seal: Seal
) -> None:
    """Fill in the sign-in; a secret that was not typed stays, unless it would go somewhere else."""
    known = before.get("auth") or {}
    same_kind = known.get("type") == dict(chosen.fixed).get(("auth", "type"))
    # What no page asks for, such as a callback, stays with the same way of signing in.
    asked_for = {key for each in way.sign_ins for key in _keys(each)}
    taken.block["auth"] = {key: value for key, value in known.items() if same_kind and key not in asked_for}
    for path, value in chosen.fixed:
        put_at(taken.block, path, value)
    for asked in chosen.asks:
        if not asked.secret:
            _said(asked, given.form.get(f"{chosen.name}.{asked.name}", "").strip()[:_MOST], chosen, taken)
    stays = same_kind and place_of(before) == place_of(taken.block)
    typed = _secrets(chosen, before, given, taken, stays=stays)
    if taken.links and not stays:
        taken.links = []
        if not taken.typed_links:
            taken.errors["links"] = _(
                "Paste the links again: the address or the account is another one, and they are not sent there unasked."
            )
    if taken.errors:
        return
    for asked, secret in typed:
        put_at(taken.block, asked.path, seal(secret))
    if not any(asked.shape == "certificate" for asked in chosen.asks) or typed:
        taken.block["auth"].pop(BESIDE, None)  # what is kept is sealed without one
    taken.links += [seal(link) for link in taken.typed_links]


def _keys(sign_in: SignIn) -> set[str]:
    """Return the keys of a block's sign-in that a way of signing in asks for, or always says."""
    return {path[-1] for path in (*(asked.path for asked in sign_in.asks), *dict(sign_in.fixed))}


def _said(asked: Asked, given: str, chosen: SignIn, taken: Taken) -> None:
    name = f"{chosen.name}.{asked.name}"
    if asked.required and not given:
        taken.errors[name] = _missing(asked)
    elif asked.choices and given not in dict(asked.choices):
        taken.errors[name] = _("Choose one of the list.")
    elif asked.name == "authority" and given and (wrong := wrong_address(given)):
        taken.errors[name] = wrong
    else:
        put_at(taken.block, asked.path, given or None)


def _secrets(
    chosen: SignIn, before: Mapping[str, Any], given: Given, taken: Taken, *, stays: bool
) -> list[tuple[Asked, str]]:
    """Return the secrets that were given; those that were not stay, where they go to nobody else."""
    found = []
    for asked in chosen.asks:
        if not asked.secret:
            continue
        name = f"{chosen.name}.{asked.name}"
        secret = _secret(asked, name, given, taken)
        reference = value_at(before, asked.path)
        if secret:
            found.append((asked, secret))
        elif name in taken.errors:
            continue
        elif reference is None:
            taken.errors[name] = _missing(asked)
        elif not stays:
            taken.errors[name] = _(
                "Type it again: the address or the account is another one, and it is not sent there unasked."
            )
        else:
            put_at(taken.block, asked.path, reference)
    return found


def _secret(asked: Asked, name: str, given: Given, taken: Taken) -> str:
    """Return a secret that was typed or handed in as a file, "" where none was."""
    if asked.shape != "certificate":
        return given.form.get(name, "").strip()[:_MOST]
    if f"make:{name}" in given.form:
        taken.made = True
        return make_identity(f"Muster {taken.block.get('name', '')}".strip(), now=given.now)
    if name not in given.files:
        return ""
    phrase = given.form.get(f"{name}-{BESIDE}", "")[:_MOST] or None
    try:
        return read_identity(_small(given.files[name]), phrase, now=given.now)[0]
    except CertificateRefused as error:
        taken.errors[name] = str(error)
        return ""


def _missing(asked: Asked) -> str:
    return _("%(what)s is missing.", what=_(asked.label))
