"""Rows of records as templates see them: what people answered laid over what other sources say."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from model.attributes import REGISTER
from sync.facts_sql import THERE
from sync.tables import columns_of

if TYPE_CHECKING:  # runs take nothing but a name from here
    from sqlalchemy.orm import Session

COLLECTION: Final = "collection"  # name and kind of the source that people's answers come from
_FIXED: Final = frozenset({"project_ref", "url"})  # registered, and yet not for anybody to answer
_LAID_OVER: Final = {"id": "coalesce(a.id, v.id)", "answered": "a.answered"}
_THEN: Final = (
    "{0}.known_from <= :known_at AND ({0}.known_to IS NULL OR {0}.known_to > :known_at)"
    f" AND {THERE}"  # `{0}` of it is filled in with the rest
)


def answerable(table: str) -> frozenset[str]:
    """Return the columns of a table of records that people can answer."""
    return frozenset(REGISTER[table]) & columns_of(table).keys() - _FIXED


@cache
def amended(table: str, only: frozenset[str] | None = None) -> str:
    """Return the head of a statement over a table's records `v`, each with the answers about it laid over.

    `only` names the columns that are wanted; None: all of them.

    `v.amends_source_id IS NULL` is for the caller to ask: answers about records are no records. A row with
    answers has the id of these, `answered` says which columns they are, `answered_at` where they were given.
    """
    answers = answerable(table)
    columns = ", ".join(
        f'CASE WHEN \'{name}\' = ANY(a.answered) THEN a."{name}" ELSE v."{name}" END AS "{name}"'
        if name in answers
        else f"{_LAID_OVER[name]} AS {name}"
        if name in _LAID_OVER
        else f'v."{name}"'
        for name in columns_of(table)
        if only is None or name in only
    )
    return (
        f"SELECT {columns}, a.locator AS answered_at{{more}} FROM {table} v"
        f" LEFT JOIN {table} a ON a.amends_source_id = v.source_id"
        f" AND a.amends_external_id = v.external_id AND {_THEN.format('a')}"
    )


def rows_of(
    session: "Session",
    table: str,
    *,
    projects: Sequence[UUID],
    known_at: Any,
    columns: frozenset[str] | None = None,
    kind: str | None = None,
) -> Mapping[UUID, list[RowMapping]]:
    """Return the records of a table by project, as known at an instant.

    `columns` are those that are wanted (`project_id` among them), None: all. With a `kind` also those that somebody
    answered to be of another one come.
    """
    of_kind = "" if kind is None else " AND (v.kind = :kind OR 'kind' = ANY(a.answered))"
    asked = {"known_at": known_at, "projects": list(projects)}
    rows = session.execute(
        text(
            f"{amended(table, columns).format(more='')} WHERE {_THEN.format('v')} AND v.amends_source_id IS NULL"
            f" AND v.project_id = ANY(CAST(:projects AS uuid[])){of_kind} ORDER BY v.id"
        ),
        asked if kind is None else asked | {"kind": kind},
    )
    return _by_project(rows.mappings().all())


def costs_of(
    session: "Session", *, projects: Sequence[UUID], known_at: Any
) -> Mapping[UUID, list[RowMapping]]:
    """Return the money of each project by source, category, kind and month, as known at an instant.

    What people answered stands line by line (`collected`), also where they took an amount away; what sources
    say is added up.
    """
    collected = f"s.kind = '{COLLECTION}'"
    rows = session.execute(
        text(
            f"SELECT v.project_id, v.source_id, {collected} AS collected, v.category, v.kind, v.period,"
            f" CASE WHEN {collected} THEN v.external_id END AS line, sum(v.amount) AS amount,"
            " array_agg(DISTINCT v.currency) FILTER (WHERE v.currency IS NOT NULL) AS currencies,"
            " (array_agg(v.locator ORDER BY v.id))[1] AS locator, count(*) AS cells, max(v.url) AS url"
            " FROM cost_line v JOIN source s ON s.id = v.source_id"
            f" WHERE {_THEN.format('v')} AND (v.amount IS NOT NULL OR {collected}) AND v.kind IS NOT NULL"
            " AND v.project_id = ANY(CAST(:projects AS uuid[]))"
            " GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY min(v.id)"
        ),
        {"known_at": known_at, "projects": list(projects)},
    )
    return _by_project(rows.mappings().all())


def _by_project(rows: Sequence[RowMapping]) -> Mapping[UUID, list[RowMapping]]:
    found: dict[UUID, list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[row["project_id"]].append(row)
    return found
