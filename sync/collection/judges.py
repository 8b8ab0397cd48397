"""What judges on a day: the versions in force, as they are tailored for each project, and what is waived."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from model.declaration import InvalidDeclaration
from model.template.template import Template
from sync.collection.tailoring import Tailored, Where, fitted, in_force
from sync.collection.templates import Kept, judging, kept
from sync.collection.waivers import Waived, standing


@dataclass(frozen=True, slots=True)
class Judges:
    """The versions that judge on a day. `warnings` say which of those in force cannot, and why."""

    versions: Sequence[Kept]
    waived: Waived
    tailorings: Sequence[Tailored] = ()
    warnings: list[str] = field(default_factory=list)

    def all(self) -> list[Template]:
        """Return every version, as its authors wrote it."""
        return [each.loaded() for each in self.versions]

    def of(self, where: Where) -> list[Template]:
        """Return what a project is asked, as it is tailored for it."""
        found = (self.fitted(each, where) for each in self.versions)
        return [each for each in found if each.applies(stage=where.stage, tier=where.tier)]

    def fitted(self, version: Kept, where: Where) -> Template:
        """Return a version as it judges a project; where its tailoring does not fit, as it was written, and said."""
        try:
            return fitted(version, self.tailorings, where)
        except InvalidDeclaration as error:
            said = f"{version.label} judges without its tailoring, which does not fit: {error.complaints[0]}"
            if said not in self.warnings:
                self.warnings.append(said)
            return version.loaded()


def templates_on(connection: Connection, day: date) -> Judges:
    """Return what judges on a day. A version whose text cannot be read is left out and named."""
    by_template: dict[str, list[Kept]] = {}
    for each in kept(connection):
        by_template.setdefault(each.template, []).append(each)
    found, warnings = [], []
    for versions in by_template.values():
        judge = judging(versions, day)
        if judge is None:
            continue
        try:
            judge.loaded()
        except InvalidDeclaration as error:
            warnings.append(f"{judge.label} judges nothing, since it cannot be read: {error.complaints[0]}")
        else:
            found.append(judge)
    return Judges(found, standing(connection, day), in_force(connection, day), warnings)
