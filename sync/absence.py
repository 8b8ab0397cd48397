"""Records that are no longer to be seen: suspected first, then settled with what became of them.

A suspicion is written in the transaction of the page that raised it, so that no crash loses it. It is
settled at the end of its stream: the source is asked what became of the record, the brake looks at how
many there are, and only then a tombstone is set. A record that this account can merely no longer see
keeps counting as it last was.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from connectors.base import Absence, Fate
from sync.tombstone import alive, bury, lose_sight

TAKEN_OUT: Final = Absence(Fate.OUT_OF_SCOPE, "the source's configuration no longer takes it in")

_CURRENT: Final = "source_id = :source AND entity = :entity AND ended_at IS NULL"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is missing: the run that saw it, the stream and slice, and the table it stands in."""

    source_id: int
    run_id: int
    stream: str
    slice: str
    table: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A record that was not seen, not settled yet. `fate` None: the source is still to be asked.

    `lost` says that it was out of sight already, so that it may still be, or be deleted by now.
    """

    id: int
    slice: str
    external_id: str
    fate: Fate | None
    says: str | None
    question_id: int | None
    found_by: str
    lost: bool = False


def suspect(
    connection: Connection,
    place: Place,
    external_ids: Collection[str],
    *,
    by: str,
    fates: Mapping[str, Absence],
    now: datetime,
) -> int:
    """Write down that these records were not seen, where the store counts them as there; returns how many.

    Args:
        connection: In the transaction of the page, or of the census.
        place: Where.
        external_ids: The records' ids in the source.
        by: What noticed it: page, reading or census.
        fates: What is known already of why.
        now: The run's instant.
    """
    if not external_ids:
        return 0
    known = {one: fates[one] for one in external_ids if one in fates}
    _end_lost_sight(connection, place, known, now)
    found = connection.execute(
        text(
            "INSERT INTO absence AS t (source_id, run_id, stream, slice, entity, external_id, found_at, found_by,"
            " fate, says) SELECT :source, :run, :stream, :slice, :entity, w.id, :now, :by, w.fate, w.says"
            " FROM unnest(CAST(:ids AS text[]), CAST(:fates AS text[]), CAST(:says AS text[])) AS w(id, fate, says)"
            f" WHERE EXISTS (SELECT 1 FROM {place.table} AS r WHERE r.source_id = :source"
            f" AND r.external_id = w.id AND {alive(place.table, 'r')})"
            " ON CONFLICT (source_id, entity, external_id) WHERE ended_at IS NULL DO UPDATE SET"
            " fate = CASE WHEN t.settled_at IS NULL THEN coalesce(excluded.fate, t.fate) ELSE t.fate END,"
            " says = CASE WHEN t.settled_at IS NULL THEN coalesce(excluded.says, t.says) ELSE t.says END,"
            " run_id = excluded.run_id, stream = excluded.stream, slice = excluded.slice"
            " WHERE t.settled_at IS NULL OR t.fate = 'access_lost'"
        ),
        {
            "source": place.source_id, "run": place.run_id, "stream": place.stream, "slice": place.slice,
            "entity": place.table, "now": now, "by": by, "ids": list(external_ids),
            "fates": [known[one].fate.value if one in known else None for one in external_ids],
            "says": [known[one].says if one in known else None for one in external_ids],
        },
    )  # fmt: skip
    return found.rowcount


def _end_lost_sight(
    connection: Connection, place: Place, known: Mapping[str, Absence], now: datetime
) -> None:
    """Let another fate follow where sight was lost before: each is a time of its own."""
    other = [one for one, absence in known.items() if absence.fate is not Fate.ACCESS_LOST]
    if other:
        connection.execute(
            text(
                f"UPDATE absence SET ended_at = :now WHERE {_CURRENT} AND fate = 'access_lost'"
                " AND settled_at IS NOT NULL AND external_id = ANY(:ids)"
            ),
            {"now": now, "source": place.source_id, "entity": place.table, "ids": other},
        )


def suspects(connection: Connection, source_id: int, stream: str, run_id: int) -> list[Suspect]:
    """Return what is not settled yet of a stream, and what was out of sight and is still not seen by this run."""
    rows = connection.execute(
        text(
            "SELECT id, slice, external_id, fate, says, question_id, found_by, settled_at IS NOT NULL AS lost"
            " FROM absence WHERE source_id = :source AND stream = :stream AND ended_at IS NULL"
            " AND (settled_at IS NULL OR fate = 'access_lost' AND run_id = :run AND settled_at < (SELECT started_at"
            " FROM run WHERE id = :run)) ORDER BY id"
        ),
        {"source": source_id, "stream": stream, "run": run_id},
    )
    return [
        Suspect(row.id, row.slice, row.external_id, None if row.lost or row.fate is None else Fate(row.fate),
                row.says, row.question_id, row.found_by, row.lost)
        for row in rows
    ]  # fmt: skip


def settle(
    connection: Connection,
    place: Place,
    found: Sequence[tuple[Suspect, Absence]],
    *,
    now: datetime,
) -> dict[Fate, int]:
    """Set the tombstones, or note that sight was lost; returns how many records of each fate."""
    by_fate: dict[Fate, list[tuple[Suspect, Absence]]] = {}
    for each in found:
        by_fate.setdefault(each[1].fate, []).append(each)
    counts = {}
    for fate, group in sorted(by_fate.items()):
        ids = [one.external_id for one, _ in group]
        if fate is not Fate.ACCESS_LOST:
            _anew(connection, [one.id for one, _ in group if one.lost], now)
        if fate is Fate.ACCESS_LOST:
            lose_sight(connection, place.table, place.source_id, ids)
        else:
            bury(connection, place.table, place.source_id, ids, now, fate=fate)
        connection.execute(
            text(
                "UPDATE absence SET settled_at = :now, fate = :fate, says = w.says"
                " FROM unnest(CAST(:ids AS text[]), CAST(:says AS text[])) AS w(id, says)"
                f" WHERE {_CURRENT} AND absence.external_id = w.id AND absence.settled_at IS NULL"
            ),
            {"now": now, "fate": fate.value, "ids": ids, "says": [absence.says for _, absence in group],
             "source": place.source_id, "entity": place.table},
        )  # fmt: skip
        counts[fate] = len(group)
    return counts


def _anew(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """End the time out of sight of records that became something else, and begin another for what they became."""
    if not ids:
        return
    connection.execute(
        text("UPDATE absence SET ended_at = :now WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"now": now, "ids": list(ids)},
    )
    connection.execute(
        text(
            "INSERT INTO absence (source_id, run_id, stream, slice, entity, external_id, found_at, found_by)"
            " SELECT source_id, run_id, stream, slice, entity, external_id, :now, found_by FROM absence"
            " WHERE id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"now": now, "ids": list(ids)},
    )


def hold(connection: Connection, found: Iterable[Suspect], question_id: int) -> None:
    """Note which question suspects wait for."""
    connection.execute(
        text("UPDATE absence SET question_id = :question WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"question": question_id, "ids": [each.id for each in found]},
    )


def open_absences(connection: Connection, source_id: int) -> dict[tuple[str, str], bool]:
    """Return (table, external id) of all that is not to be seen: True where a tombstone stands."""
    rows = connection.execute(
        text(
            "SELECT entity, external_id, settled_at IS NOT NULL AND fate <> 'access_lost' FROM absence"
            " WHERE source_id = :source AND ended_at IS NULL"
        ),
        {"source": source_id},
    )
    return {(entity, external_id): buried for entity, external_id, buried in rows}


def end(
    connection: Connection, source_id: int, table: str, external_ids: Collection[str], now: datetime
) -> None:
    """Close the absences of records that were seen again; a suspicion that was none is forgotten."""
    values: dict[str, Any] = {"source": source_id, "entity": table, "ids": list(external_ids), "now": now}
    connection.execute(
        text(f"DELETE FROM absence WHERE {_CURRENT} AND settled_at IS NULL AND external_id = ANY(:ids)"),
        values,
    )
    connection.execute(
        text(f"UPDATE absence SET ended_at = :now WHERE {_CURRENT} AND external_id = ANY(:ids)"), values
    )
    connection.execute(
        text(
            f"UPDATE {table} AS r SET fate = NULL WHERE r.source_id = :source AND r.external_id = ANY(:ids)"
            f" AND r.fate IS NOT NULL AND {alive(table, 'r')}"
        ),
        {"source": source_id, "ids": list(external_ids)},
    )
