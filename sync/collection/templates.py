"""Templates by version: which one judges on a day, and any one by its number."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, text

from config import shipped
from model.declaration import Declaration
from model.template.template import Template, load

APPROVED: Final = "approved"
RETIRED: Final = "retired"
MUSTER: Final = "muster"  # who brought the shipped versions

_COLUMNS: Final = (
    "template, version, state, text, sha256, owner, created_at, created_by, submitted_at, submitted_by,"
    " approved_at, approved_by, effective_from, effective_to, retired_at, retired_by, because, trial, authors"
)


class NoSuchTemplate(LookupError):
    """There is no such template, no such version of it, or none that judges on that day."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a template as it is kept; see `model.tables.template.TemplateVersion`."""

    template: str
    version: str
    state: str
    text: str
    sha256: str
    owner: str | None = None
    created_at: datetime | None = None
    created_by: str = MUSTER
    submitted_at: datetime | None = None
    submitted_by: str | None = None
    approved_at: datetime | None = None
    approved_by: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    retired_at: datetime | None = None
    retired_by: str | None = None
    because: str | None = None
    trial: dict[str, Any] | None = None
    authors: Sequence[str] = ()

    @property
    def writers(self) -> Sequence[str]:
        """Everybody who drafted a text of this version, the last one last."""
        return self.authors or (self.created_by,)

    @property
    def never(self) -> bool:
        """Whether it was retired before it took effect, so that it judges no day."""
        first, last = self.effective_from, self.effective_to
        return first is not None and last is not None and last < first

    @property
    def label(self) -> str:
        """Id and version: `raid-log@2.0.0`."""
        return f"{self.template}@{self.version}"

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers, which sort as they should."""
        return numbers(self.version)

    def loaded(self) -> Template:
        """Return it compiled.

        Raises:
            InvalidDeclaration: Its text is not of the language (any more).
        """
        return _loaded(self.text, self.label)


def unkept(written: str, where: str) -> Kept:
    """Return a version as it would be kept, from a text that is not.

    Raises:
        InvalidDeclaration: It is no template; with every complaint.
    """
    header = load(written, where).header
    return Kept(header.id, header.version, "draft", written, sha256(written))


def numbers(version: str) -> tuple[int, ...]:
    """Return a semantic version as numbers: `3.10.0` comes after `3.9.0`."""
    return tuple(int(part) for part in version.split("."))


def kept(connection: Connection, template: str | None = None) -> list[Kept]:
    """List the versions there are, by template and number; of one template or of all.

    A shipped template that nothing is stored of yet counts as approved, as it will be once it is installed.
    """
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM template_version WHERE CAST(:template AS text) IS NULL OR template = :template"
        ),
        {"template": template},
    )
    found = [Kept(*row) for row in rows]
    stored = {each.template for each in found}
    found += [
        each
        for each in shipped_versions()
        if each.template not in stored and template in (None, each.template)
    ]
    return sorted(found, key=lambda each: (each.template, each.number))


def judging(versions: Iterable[Kept], day: date) -> Kept | None:
    """Return which of a template's versions judges on a day, None where none does.

    The one that took effect last, until its own end: where that one is retired, no earlier one comes back.
    """
    taken = [
        each
        for each in versions
        if each.state in (APPROVED, RETIRED)
        and (each.effective_from is None or each.effective_from <= day)
        and not each.never
    ]
    newest = max(taken, key=lambda each: (each.effective_from or date.min, each.number), default=None)
    over = newest is not None and newest.effective_to is not None and newest.effective_to < day
    return None if over else newest


def current_version(connection: Connection, template: str, day: date) -> Kept:
    """Return the version of a template that judges on a day.

    Raises:
        NoSuchTemplate: There is no such template, or no version of it judges that day.
    """
    found = _some(connection, template)
    judges = judging(found, day)
    if judges is None:
        have = ", ".join(f"{each.version} ({each.state})" for each in found)
        raise NoSuchTemplate(f"no version of {template} judges on {day}; there are {have}")
    return judges


def current(connection: Connection, template: str, day: date) -> Template:
    """Return what judges on a day by a template, as its authors wrote it (see `tailored_for`).

    Raises:
        NoSuchTemplate: There is no such template, or no version of it judges that day.
        InvalidDeclaration: Its text is not of the language any more.
    """
    return current_version(connection, template, day).loaded()


def kept_version(connection: Connection, template: str, version: str) -> Kept:
    """Return one version of a template, in whatever state.

    Raises:
        NoSuchTemplate: With the versions there are.
    """
    found = _some(connection, template)
    for each in found:
        if each.version == version:
            return each
    have = ", ".join(each.version for each in found)
    raise NoSuchTemplate(f"there is no version {version} of {template}; there are {have}")


def version(connection: Connection, template: str, version: str) -> Template:
    """Return one version of a template, in whatever state, as its authors wrote it.

    Raises:
        NoSuchTemplate: With the versions there are.
        InvalidDeclaration: Its text is not of the language any more.
    """
    return kept_version(connection, template, version).loaded()


def _some(connection: Connection, template: str) -> list[Kept]:
    found = kept(connection, template)
    if not found:
        have = ", ".join(sorted({each.template for each in kept(connection)}))
        raise NoSuchTemplate(f"there is no template {template!r}; there are {have}")
    return found


@lru_cache(maxsize=256)
def _loaded(text_: str, label: str) -> Template:
    return load(text_, f"{label}.yaml")


@lru_cache
def shipped_versions() -> tuple[Kept, ...]:
    """Return the versions that come with Muster, as they stand where nothing is stored of them.

    A template's first shipped version holds for all days; each later one from the day it was approved on.
    """
    found = []
    for name in shipped.names("templates"):
        written = shipped.text("templates", name)
        head = Declaration(written, name).data["template"]
        approval = head.get("approved_by") or {}
        found.append(
            Kept(
                template=head["id"],
                version=str(head["version"]),
                state=APPROVED,
                text=written,
                sha256=sha256(written),
                owner=head.get("owner_role"),
                approved_by=approval.get("role", MUSTER),
                effective_from=approval.get("on"),
            )
        )
    found.sort(key=lambda each: (each.template, each.number))
    first = {each.template: each.version for each in reversed(found)}
    return tuple(
        replace(each, effective_from=None) if first[each.template] == each.version else each for each in found
    )


def sha256(text_: str) -> str:
    """Return the hash that a version's text is kept with."""
    return hashlib.sha256(text_.encode()).hexdigest()


def install(connection: Connection, *, day: date, now: datetime) -> list[Kept]:
    """Store the shipped versions that are not stored yet; returns those.

    Approved, where the office has written none of its own of that template: else a draft, for it to decide.
    One that comes with a later release takes effect that day at the earliest: the past stays as it was judged.
    """
    stored: dict[str, set[str]] = {}
    own = set()
    for template, number, by in connection.execute(
        text("SELECT template, version, created_by FROM template_version")
    ):
        stored.setdefault(template, set()).add(number)
        if by != MUSTER:
            own.add(template)
    new = []
    for each in shipped_versions():
        if each.version in stored.get(each.template, ()):
            continue
        if each.template in own:
            each = replace(each, state="draft", approved_by=None, effective_from=None)  # noqa: PLW2901
        elif each.template in stored:
            each = replace(each, effective_from=max(each.effective_from or day, day))  # noqa: PLW2901
        new.append(replace(each, created_at=now, approved_at=now if each.state == APPROVED else None))
    for each in new:
        _store(connection, each)
    return new


def _store(connection: Connection, each: Kept) -> None:
    connection.execute(
        text(
            "INSERT INTO template_version (template, version, state, text, sha256, owner, created_at, created_by,"
            " approved_at, approved_by, effective_from) VALUES (:template, :version, :state, :text, :sha256, :owner,"
            " :created_at, :created_by, :approved_at, :approved_by, :effective_from)"
            " ON CONFLICT (template, version) DO NOTHING"
        ),
        {
            name: getattr(each, name)
            for name in ("template", "version", "state", "text", "sha256", "owner", "created_at", "created_by",
                         "approved_at", "approved_by", "effective_from")
        },
    )  # fmt: skip
