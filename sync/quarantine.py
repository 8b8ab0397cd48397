"""What could not be read: kept with its reason, asked for again by every run, resolved when it lands.

A record is fetched again by its id where its stream can do that; elsewhere its slice is read again from
the beginning. A page whose ids are unknown holds its slice's cursor back, so that the next run asks for
it again. A slice is asked for by every run anyhow.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from connectors.base import Censused, Fate, Page, Retrying, Slice, Stream
from connectors.errors import SliceUnreadable
from connectors.stopping import check_stopping
from sync.json import dumps
from sync.normalise import Batch
from sync.run_context import Ending
from sync.store import unit_of_work

MOST: Final = 500  # records asked for again in one run; those asked for longest ago come first
RECORD, PAGE, SLICE = "record", "page", "slice"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A page or a slice that could not be read."""

    kind: str
    stream: str
    slice: str
    locator: str
    reason: str
    raw_page_id: int | None = None
    external_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """An open reject of a stream."""

    id: int
    kind: str
    slice: str
    external_ids: tuple[str, ...]
    run_id: int


def keep(connection: Connection, source_id: int, run_id: int, found: Unreadable, now: datetime) -> None:
    """Keep a page or slice with its reason; one that stands already for the same place is brought up to date."""
    values = {
        "run": run_id, "source": source_id, "stream": found.stream, "slice": found.slice, "kind": found.kind,
        "locator": found.locator, "reason": found.reason, "page": found.raw_page_id, "now": now,
        "ids": dumps(list(found.external_ids)) if found.external_ids else None,
    }  # fmt: skip
    known = connection.execute(
        text(
            "UPDATE rejected_record SET reason = :reason, attempts = attempts + 1, retried_at = :now,"
            " raw_page_id = coalesce(:page, raw_page_id), external_ids = coalesce(CAST(:ids AS jsonb), external_ids)"
            " WHERE source_id = :source AND stream = :stream AND slice = :slice AND kind = :kind"
            " AND locator = :locator AND resolved_at IS NULL"
        ),
        values,
    )
    if not known.rowcount:
        connection.execute(
            text(
                "INSERT INTO rejected_record (run_id, source_id, stream, slice, kind, locator, reason, raw_page_id,"
                " external_ids, rejected_at) VALUES (:run, :source, :stream, :slice, :kind, :locator, :reason,"
                " :page, CAST(:ids AS jsonb), :now)"
            ),
            values,
        )


def settle_slices(ending: Ending, stream: str, found: Sequence[Unreadable], read: Iterable[str]) -> None:
    """Keep the slices and pages of a stream that failed in this run; resolve those that were read to their end."""
    failed = {(each.kind, each.slice) for each in found}
    with unit_of_work(ending.engine) as connection:
        for each in found:
            keep(connection, ending.source_id, ending.run_id, each, ending.now)
        for kind in (SLICE, PAGE):
            well = [slice_ for slice_ in read if (kind, slice_) not in failed]
            connection.execute(
                text(
                    "UPDATE rejected_record SET resolved_at = :now WHERE source_id = :source AND stream = :stream"
                    " AND kind = :kind AND resolved_at IS NULL AND slice = ANY(:slices) AND external_ids IS NULL"
                ),
                {
                    "now": ending.now,
                    "source": ending.source_id,
                    "stream": stream,
                    "kind": kind,
                    "slices": well,
                },
            )


_OPEN: Final = (
    " FROM rejected_record r LEFT JOIN raw_page p ON p.id = r.raw_page_id WHERE r.source_id = :source"
    " AND r.stream = :stream AND r.resolved_at IS NULL AND r.run_id <> :run AND "
)
_BY_ID: Final = "(r.external_id IS NOT NULL OR r.external_ids IS NOT NULL)"


def to_read_whole(connection: Connection, ending: Ending, stream: Stream) -> list[str]:
    """Return the slices to be read from their beginning: they hold open rejects that cannot be fetched by id."""
    by_id = _BY_ID if isinstance(stream, Retrying) else "false"
    found = connection.scalars(
        text(
            f"SELECT DISTINCT coalesce(r.slice, p.slice) {_OPEN} r.kind = 'record' AND NOT {by_id}"
            " AND coalesce(r.slice, p.slice) IS NOT NULL"
        ),
        {"source": ending.source_id, "stream": stream.name, "run": ending.run_id},
    )
    return list(found)


def _to_retry(ending: Ending, stream: Stream, slices: Sequence[Slice]) -> dict[str, list[Reject]]:
    """Return what earlier runs could not read and can be fetched by id from the slices there are, by slice."""
    with ending.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT r.id, r.kind, coalesce(r.slice, p.slice) AS slice, r.external_id, r.external_ids, r.run_id"
                f" {_OPEN} r.kind <> 'slice' AND {_BY_ID} AND coalesce(r.slice, p.slice) = ANY(:slices)"
                " ORDER BY coalesce(r.retried_at, r.rejected_at), r.id LIMIT :most"
            ),
            {
                "source": ending.source_id, "stream": stream.name, "run": ending.run_id, "most": MOST,
                "slices": [each.name for each in slices],
            },
        ).all()  # fmt: skip
    found: dict[str, list[Reject]] = {}
    for row in rows:
        ids = tuple(row.external_ids or [row.external_id])
        found.setdefault(row.slice, []).append(Reject(row.id, row.kind, row.slice, ids, row.run_id))
    return found


def retry(
    ending: Ending,
    stream: Stream,
    slices: Sequence[Slice],
    land: Callable[[Page], Batch],
) -> None:
    """Fetch the records of open rejects by their ids; what lands is resolved by landing."""
    if not isinstance(stream, Retrying):
        return
    by_name = {each.name: each for each in slices}
    for name, rejects in _to_retry(ending, stream, slices).items():
        check_stopping()
        wanted = list(dict.fromkeys(one for each in rejects for one in each.external_ids))
        came: set[str] = set()
        gone: set[str] = set()
        try:
            for page in stream.retry(by_name[name], wanted):
                batch = land(page)
                came.update(batch.ids, batch.left_out, (each.external_id or "" for each in batch.rejected))
            gone = _gone(stream, by_name[name], [one for one in wanted if one not in came])
        except SliceUnreadable as error:
            ending.problems.append(str(error))  # others have their turn first the next time
        _note(ending, rejects, came, gone)


def _gone(stream: Stream, slice_: Slice, absent: Sequence[str]) -> set[str]:
    """Return those that are known to be gone; one that is merely out of sight is asked for again."""
    if not absent or not isinstance(stream, Censused):
        return set()
    fates = stream.fates(slice_, absent)
    return {one for one, absence in fates.items() if absence.fate is not Fate.ACCESS_LOST}


def _note(ending: Ending, rejects: Sequence[Reject], came: set[str], gone: set[str]) -> None:
    """Count the attempt; resolve pages whose records all came, and records that are known to be gone."""
    over = [
        each.id
        for each in rejects
        if (each.kind == PAGE and came | gone >= set(each.external_ids)) or set(each.external_ids) <= gone
    ]
    with unit_of_work(ending.engine) as connection:
        connection.execute(
            text(
                "UPDATE rejected_record SET attempts = attempts + 1, retried_at = :now,"
                " resolved_at = CASE WHEN id = ANY(CAST(:over AS bigint[])) THEN :now ELSE resolved_at END"
                " WHERE id = ANY(CAST(:ids AS bigint[]))"
            ),
            {"now": ending.now, "ids": [each.id for each in rejects], "over": over},
        )
