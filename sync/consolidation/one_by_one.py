"""One by one: what fails for some projects is done for the others, and the failing ones are told."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from sync import failures

log = logging.getLogger(__name__)

T = TypeVar("T")
# What a value can bring about; a database that is away, or a portfolio that is missing, stops all projects.
_OF_A_VALUE: Final = (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, DataError)
_MOST: Final = (
    50  # projects failing at once: then the fault is in none of them, and more tries find nothing out
)


@dataclass(slots=True)
class Failing:
    """The projects that could not be computed, each with its reason in words."""

    why: dict[UUID, str] = field(default_factory=dict)

    def each(self, session: Session, projects: Sequence[UUID], do: Callable[[Sequence[UUID]], T]) -> list[T]:
        """Do something for projects, together or, where that fails, in ever smaller parts; returns what was done.

        What was written for a part that fails is undone.
        """
        left = [project for project in projects if project not in self.why]
        if not left:
            return []
        try:
            with session.begin_nested():
                return [do(left)]
        except _OF_A_VALUE as error:
            if len(self.why) >= _MOST:
                raise
            if len(left) == 1:
                self.why[left[0]] = failures.in_words(error)
                log.exception("a project could not be computed", extra={"project": str(left[0])})
                return []
        half = len(left) // 2
        return [*self.each(session, left[:half], do), *self.each(session, left[half:], do)]

    def told(self, session: Session) -> list[str]:
        """Say which projects were left as they were, and why."""
        keys = _keys(session, self.why)
        return [
            f"{keys.get(project, project)} was not computed, and stands as it did before: {why}"
            for project, why in self.why.items()
        ]


def _keys(session: Session, projects: Mapping[UUID, str]) -> dict[UUID, str]:
    rows = session.execute(
        text("SELECT id, key FROM project WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": list(projects)}
    )
    return {row.id: row.key for row in rows}
