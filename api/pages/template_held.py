"""A template's text held to everything that keeping it would, without keeping it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection

from api.pages.editing import NAME, Complaint, Parsed, complaints, parsed
from api.translation import _
from model.declaration import InvalidDeclaration
from model.rewrite import declared
from model.template.differences import Difference, differences, least, step
from model.template.template import Template, built
from sync.collection.template_days import days_hold
from sync.collection.template_steps import TemplateRefused, base_of, fits
from sync.collection.templates import Kept, kept, numbers
from sync.today import today


@dataclass(frozen=True, slots=True)
class Held:
    """A text held to the language and to the versions there are; `loaded` None: it is no template."""

    read: Parsed
    loaded: Template | None = None
    base: Kept | None = None
    found: tuple[Difference, ...] = ()
    level: str | None = None
    next_number: str | None = None  # the least one that fits, where the text's does not
    complaints: tuple[Complaint, ...] = field(default=())


def held(connection: Connection, text: str) -> Held:
    """Hold a text to everything that keeping it as a draft would."""
    read = parsed(text)
    if read.data is None:
        return Held(read, complaints=read.complaints)
    try:
        written = declared(text)
        loaded = built(written.data, written.complaint, written.place)
        days_hold(loaded, text, where=NAME, day=today(connection, datetime.now(UTC)))
    except InvalidDeclaration as error:
        return Held(read, complaints=complaints(error))
    versions = kept(connection, loaded.header.id)
    base = base_of(versions, loaded.header.version)
    found = () if base is None else differences(base.loaded().document, loaded.document)
    level = step(found)
    standing = next((each for each in versions if each.version == loaded.header.version), None)
    wrong, fitting = [], None
    if base is not None and level is not None:
        newest = max(
            [base.version, *(each.version for each in versions if each.state != "draft")], key=numbers
        )
        fitting = least(newest, level)
    if standing is not None and standing.state != "draft":
        says = _("%(label)s does not change any more: give this the next number.", label=standing.label)
        wrong.append(Complaint(says, place="template.version"))
    try:
        fits(connection, loaded, where=NAME)
    except TemplateRefused as error:
        wrong.append(Complaint(plain(error), place="template.version"))
    if base is not None and level is None:
        return Held(read, loaded, base)  # nothing differs: nothing is wrong with that until it is kept
    return Held(read, loaded, base, found, level, fitting if wrong else None, tuple(wrong))


def plain(error: TemplateRefused) -> str:
    """Say what is refused without the name that complaints give the text."""
    says = str(error).removeprefix(f"{NAME}: ")
    return says[:1].upper() + says[1:]
