"""Records that are kept in versions: as they stand, or stood at the end of a day, with people's answers laid over."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    and_,
    any_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
)

from api.feed.declare import (
    Held,
    Moment,
    Rows,
    day,
    entity_set,
    flag,
    guid,
    instant,
    key,
    one,
    stamp,
    text,
    whole,
)
from api.odata.edm import EntitySet
from model.tables import Source
from sync.record_rows import answerable

Many = Sequence[Held | list[Held]]


class Said:
    """The columns of a table's versions, each as people answered it or else as its source says it."""

    def __init__(self, table: Any, moment: Moment | None) -> None:
        self._answerable = answerable(table.__tablename__)
        self._table = table.__table__
        self._own = self._table.alias("own")
        self._answers = self._table.alias("answers")
        self._moment = moment

    def __getitem__(self, name: str) -> Any:
        own = self._own.c[name]
        if name not in self._answerable:
            return own
        answered = literal(name) == any_(self._answers.c.answered)
        return case((answered, self._answers.c[name]), else_=own)

    def own(self, name: str) -> Any:
        """Return a column of the record itself."""
        return self._own.c[name]

    @property
    def gone(self) -> ColumnElement[bool]:
        """Whether the source no longer has it."""
        if self._moment is not None:
            return false()
        return or_(self._own.c.deleted, self._own.c.known_to.is_not(None))

    @property
    def gone_at(self) -> ColumnElement[Any]:
        """When that was found."""
        if self._moment is not None:
            return cast(null(), DateTime(timezone=True))
        return func.coalesce(self._own.c.known_to, case((self._own.c.deleted, self._own.c.known_from)))

    def rows(self) -> Rows:
        """Return where they are: each record once, in its newest version, gone or not; of a day, those there were."""
        own, answers = self._own, self._answers
        about = and_(
            answers.c.amends_source_id == own.c.source_id,
            answers.c.amends_external_id == own.c.external_id,
            self._stands(answers),
        )
        source = own.join(Source.__table__, Source.id == own.c.source_id).outerjoin(answers, about)
        return Rows(
            source, (own.c.amends_source_id.is_(None), self._newest()), own.c.project_id, moment=self._moment
        )

    def _stands(self, version: Any) -> ColumnElement[bool]:
        if self._moment is None:
            return and_(version.c.known_to.is_(None), ~version.c.deleted)
        until = self._moment.until
        # A record that is gone since was there until its last version's `known_to`.
        there = or_(~version.c.deleted, version.c.known_to.is_not(None))
        return and_(
            version.c.known_from <= until,
            or_(version.c.known_to.is_(None), version.c.known_to > until),
            there,
        )

    def _newest(self) -> ColumnElement[bool]:
        if self._moment is not None:
            return self._stands(self._own)
        own, later = self._own, self._table.alias("later")
        same = and_(later.c.source_id == own.c.source_id, later.c.external_id == own.c.external_id)
        return ~select(1).where(same, later.c.known_from > own.c.known_from).correlate(own).exists()


def records(
    name: str,
    type_name: str,
    table: Any,
    held: Callable[[Said], Many],
    *,
    says: str,
    moment: Moment | None,
    search: tuple[str, ...] = (),
) -> EntitySet:
    """Declare a set of records of a table of versions, each known by its source and the id it has there."""
    said = Said(table, moment)
    return entity_set(
        name,
        type_name,
        [
            key("SourceId", "Int64", said.own("source_id")),
            key("ExternalId", "String", said.own("external_id"), "Its id in its source, for ever"),
            guid("ProjectId", said.own("project_id")),
            *held(said),
            text("Source", Source.name),
            whole("VersionId", said.own("id"), "Of the version that is shown"),
            *instant("KnownFrom", said.own("known_from"), "When this version became known"),
            *stamp(_Stamped(said)),
            flag("IsDeleted", said.gone, "Its source no longer has it"),
            *instant("DeletedAt", said.gone_at),
            text("Fate", said.own("fate"), "Why it is not to be seen"),
            text("Url", said.own("url")),
            text("Receipt", said.own("locator"), "Where it was read: file!sheet!cell, or the tracker's item"),
        ],
        said.rows(),
        says=says,
        search=search,
        ways=[one("Project", "Projects", "ProjectId", "ProjectId", partner=name)],
    )


class _Stamped:
    def __init__(self, said: Said) -> None:
        self.changed_at = said.own("changed_at")


def days(said: Said, **named: str) -> list[Held]:
    """Declare several days by the columns they are in."""
    return [each for name, column in named.items() for each in day(name, said[column])]
