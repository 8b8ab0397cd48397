"""The census: all ids a source lists against all that is stored, in both directions.

Stored and not listed is a suspicion. Listed and not stored is a hole: a record that the ordinary
readings missed; it is fetched by its id, and where that fails the run says so.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from connectors.base import Census, Censused, Page, Retrying, Slice, Stream
from connectors.errors import SliceUnreadable
from connectors.stopping import check_stopping
from sync.absence import TAKEN_OUT, Place, suspect
from sync.normalise import Batch
from sync.run_context import Ending, some
from sync.slots import newest_slot
from sync.store import unit_of_work
from sync.tombstone import alive, slice_ids

EVERY: Final = 7  # days between two, where the source does not say
CHUNK: Final = 500  # ids fetched at a time
_EARLY: Final = timedelta(hours=6)  # a weekly count may run with the nightly sync just before its time


@dataclass(frozen=True, slots=True)
class Counted:
    """A slice's census against what is stored of it."""

    slice: Slice
    census: Census
    stored: set[str]


def is_due(connection: Connection, source_id: int, wanted: int | str | None, now: datetime) -> bool:
    """Say whether a source's next census is due; the first one counts from when it was configured."""
    if wanted == 0:
        return False
    row = connection.execute(
        text(
            "SELECT coalesce((SELECT max(taken_at) FROM census WHERE source_id = s.id), s.created_at),"
            " (SELECT timezone FROM portfolio ORDER BY id LIMIT 1) FROM source s WHERE s.id = :source"
        ),
        {"source": source_id},
    ).one()
    if isinstance(wanted, str):
        return newest_slot(wanted, row[1] or "UTC", after=row[0], now=now) is not None
    return bool(now - row[0] >= timedelta(days=wanted or EVERY) - _EARLY)


def take_census(
    ending: Ending, stream: Stream, table: str, slices: Sequence[Slice], land: Callable[[Page], Batch]
) -> None:
    """Count a stream: raise suspicions, fill holes, write down what was counted.

    Args:
        ending: Gets what could not be counted or brought in.
        stream: One that is not `Censused` is left alone.
        table: Where its records stand.
        slices: Its slices.
        land: Lands one page.
    """
    if not isinstance(stream, Censused):
        return
    counted: list[Counted] = []
    for slice_ in slices:
        check_stopping()
        try:
            census = stream.census(slice_)
        except SliceUnreadable as error:
            ending.problems.append(str(error))
            continue
        with ending.engine.connect() as connection:
            stored = slice_ids(connection, table, ending.source_id, stream.name, slice_.name)
        counted.append(Counted(slice_, census, stored))
    listed: set[str] = set().union(*(each.census.ids for each in counted))
    missing = listed - _known(ending, table, stream.name)
    for each in counted:
        _compare(ending, stream, table, each, listed, missing, land)
    if len(counted) == len(slices) or not ending.reconfigured:  # a slice of before may be in one not counted
        suspect_orphans(ending, stream, table, slices, listed)


def _compare(
    ending: Ending,
    stream: Stream,
    table: str,
    counted: Counted,
    listed: set[str],
    missing: set[str],
    land: Callable[[Page], Batch],
) -> None:
    slice_, census = counted.slice, counted.census
    place = Place(ending.source_id, ending.run_id, stream.name, slice_.name, table)
    whole = census.said is None or len(census.ids) >= census.said
    if not whole:
        ending.problems.append(
            f"{ending.source}: {slice_.label}: the source counts {census.said} records of {stream.name} and lists"
            f" only {len(census.ids)} of them; nothing was taken for gone. Ask its owner to rebuild the search index"
        )
    absent = counted.stored - listed if whole else set()
    holes = sorted(census.ids & missing)
    with unit_of_work(ending.engine) as connection:
        found = suspect(connection, place, absent, by="census", fates={}, now=ending.now)
    missed = fetched = 0
    if holes:
        left = _fill(ending, stream, table, slice_, holes, land)
        fetched = len(holes) - len(left)
        missing.difference_update(one for one in holes if one not in left)
        missed = _missed(ending, table, stream, [one for one in holes if one not in left])
        _report(ending, stream, slice_, left, missed)
    with unit_of_work(ending.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO census (source_id, run_id, stream, slice, label, taken_at, listed, said, stored,"
                " absent, holes, fetched, missed) VALUES (:source, :run, :stream, :slice, :label, :now, :listed,"
                " :said, :stored, :absent, :holes, :fetched, :missed)"
            ),
            {
                "source": ending.source_id, "run": ending.run_id, "stream": stream.name, "slice": slice_.name,
                "label": slice_.label, "now": ending.now, "listed": len(census.ids), "said": census.said,
                "stored": len(counted.stored), "absent": found, "holes": len(holes), "fetched": fetched,
                "missed": missed,
            },
        )  # fmt: skip


def _known(ending: Ending, table: str, stream: str, among: Sequence[str] | None = None) -> set[str]:
    """Return the ids that a record counting as there has, or an open reject of the stream; None: among all."""
    with ending.engine.connect() as connection:
        chosen = "" if among is None else "AND external_id = ANY(:among)"
        return set(
            connection.scalars(
                text(
                    f"SELECT external_id FROM {table} AS r WHERE source_id = :source AND {alive(table, 'r')} {chosen}"
                    " UNION ALL SELECT external_id FROM rejected_record WHERE source_id = :source"
                    f" AND stream = :stream AND resolved_at IS NULL AND external_id IS NOT NULL {chosen}"
                ),
                {
                    "source": ending.source_id,
                    "stream": stream,
                    **({} if among is None else {"among": list(among)}),
                },
            )
        )


def _fill(
    ending: Ending,
    stream: Stream,
    table: str,
    slice_: Slice,
    holes: list[str],
    land: Callable[[Page], Batch],
) -> set[str]:
    """Fetch what is missing by its ids; returns what did not come."""
    if not isinstance(stream, Retrying):
        return set(holes)
    filtered: set[str] = set()
    try:
        for page in _pages(stream, slice_, holes):
            filtered |= set(land(page).left_out)
    except SliceUnreadable as error:
        ending.problems.append(str(error))
    return set(holes) - _known(ending, table, stream.name, holes) - filtered


def _pages(stream: Retrying, slice_: Slice, ids: Sequence[str]) -> Iterator[Page]:
    for start in range(0, len(ids), CHUNK):
        check_stopping()
        yield from stream.retry(slice_, ids[start : start + CHUNK])


def _missed(ending: Ending, table: str, stream: Stream, fetched: list[str]) -> int:
    """Count those that had not changed since the run began: an ordinary reading should have brought them."""
    if stream.entity != "work_item" or not fetched:
        return 0
    with ending.engine.connect() as connection:
        return int(
            connection.scalar(
                text(
                    f"SELECT count(*) FROM {table} WHERE source_id = :source AND external_id = ANY(:ids)"
                    " AND updated_at < (SELECT coalesce(started_at, queued_at) FROM run WHERE id = :run)"
                ),
                {"source": ending.source_id, "ids": fetched, "run": ending.run_id},
            )
            or 0
        )


def _report(ending: Ending, stream: Stream, slice_: Slice, left: set[str], missed: int) -> None:
    if missed:
        ending.warnings.append(
            f"{slice_.label}: {missed} {stream.name} had been missed by the ordinary readings; the count of all ids"
            " found them, and they were fetched"
        )
    if not left:
        return
    if isinstance(stream, Retrying):
        ending.problems.append(
            f"{ending.source}: {slice_.label}: {len(left)} {stream.name} are listed by the source but not given when"
            f" asked for: {some(sorted(left))}; the next run asks for them again"
        )
        return
    with unit_of_work(ending.engine) as connection:
        connection.execute(
            text("DELETE FROM cursor WHERE source_id = :source AND stream = :stream AND slice = :slice"),
            {"source": ending.source_id, "stream": stream.name, "slice": slice_.name},
        )
    ending.problems.append(
        f"{ending.source}: {slice_.label}: {len(left)} {stream.name} are listed by the source and not stored:"
        f" {some(sorted(left))}; the next run reads it from its beginning"
    )


def suspect_orphans(
    ending: Ending, stream: Stream, table: str, slices: Sequence[Slice], listed: Collection[str]
) -> None:
    """Suspect what was read in slices that are no longer there, unless another slice lists it now."""
    with unit_of_work(ending.engine) as connection:
        for name in orphaned(connection, ending, stream.name, slices):
            gone = slice_ids(connection, table, ending.source_id, stream.name, name).difference(listed)
            place = Place(ending.source_id, ending.run_id, stream.name, name, table)
            # Known now, and no more once the question about it is answered: the next run finds nothing changed.
            fates = dict.fromkeys(gone, TAKEN_OUT) if ending.reconfigured else {}
            suspect(connection, place, gone, by="census", fates=fates, now=ending.now)
            # Should the slice come back, it is read from its beginning.
            connection.execute(
                text("DELETE FROM cursor WHERE source_id = :source AND stream = :stream AND slice = :slice"),
                {"source": ending.source_id, "stream": stream.name, "slice": name},
            )


def orphaned(connection: Connection, ending: Ending, stream: str, slices: Sequence[Slice]) -> list[str]:
    """Return the slices that a stream was once read in and no longer has.

    After a change of the configuration also those that are out of sight already: they may have been taken
    out of it since.
    """
    return list(
        connection.scalars(
            text(
                "SELECT slice FROM cursor WHERE source_id = :source AND stream = :stream AND slice <> ALL(:now)"
                " UNION SELECT slice FROM absence WHERE :again AND source_id = :source AND stream = :stream"
                " AND ended_at IS NULL AND fate = 'access_lost' AND slice <> ALL(:now) ORDER BY slice"
            ),
            {
                "source": ending.source_id, "stream": stream, "now": [each.name for each in slices],
                "again": ending.reconfigured,
            },
        )
    )  # fmt: skip
