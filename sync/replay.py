"""Replay: the live model made again what all stored pages give by the present mapping, without calling a source.

Safe to repeat: rows whose content is the same are not touched, and a second replay changes nothing. Former
versions of milestones, RAID items and cost lines stay as they were known; what a mapping now says differently
is known from the replay on. Only an empty model gets its versions back with the instants they were known from.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from connectors.base import Fate
from sync.land import VERSIONED
from sync.normalise import CHILDREN
from sync.offline import Offline, open_offline
from sync.rebuild import BY_REPLAY, KEYS, Rebuilt, beside, entities_of, live_schema, rebuild, tables_of
from sync.registry import Opener, open_for_reading
from sync.store import unit_of_work
from sync.tables import columns_of, has
from sync.tombstone import bury

# What no page says: our own ids, what became of a record, and what it was bound to.
OURS: Final = frozenset(
    {"id", "deleted_at", "fate", "deleted", "known_from", "known_to", "changed_at", "project_id", "bound_by",
     "person_id", "matched_by", "keys"}
)  # fmt: skip
_NO_LONGER: Final = "its mapping no longer gives this record"


class NothingToReplay(LookupError):
    """A source has no stored pages."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of one table's rows."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    back: int = 0


@dataclass(slots=True)
class Replayed:
    """What a replay did; `tables` by name, those with nothing to say included."""

    source: str
    rebuilt: Rebuilt
    tables: dict[str, Merged] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        """How many rows are not what they were."""
        return sum(each.added + each.changed + each.removed + each.back for each in self.tables.values())


def replay(engine: Engine, source: str, *, now: datetime, opener: Opener = open_for_reading) -> Replayed:
    """Rebuild what a source brought, all or nothing.

    Raises:
        LookupError: There is no such source, or it has no stored pages.
        MisconfiguredSource: Its block or mapping does not hold.
    """
    with unit_of_work(engine) as connection, open_offline(connection, source, opener=opener) as offline:
        locked(connection, offline.source_id)
        return replay_in(connection, offline, now=now)


@dataclass(frozen=True, slots=True)
class At:
    """Which source is merged into which schema, from what, when."""

    source_id: int
    schema: str
    rebuilt: Rebuilt
    now: datetime

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of the statements."""
        return {"source": self.source_id, "now": self.now, "replay": BY_REPLAY}


def locked(connection: Connection, source_id: int) -> None:
    """Keep runs and other replays of this source waiting until the transaction is over.

    Raises:
        LookupError: A run is under way.
    """
    running = connection.execute(
        text("SELECT id FROM run WHERE source_id = :id AND state = 'running' LIMIT 1"), {"id": source_id}
    ).scalar()
    if running is not None:
        raise LookupError(f"run {running} is reading this source now; try again when it is over")
    connection.execute(text("SELECT 1 FROM source WHERE id = :id FOR UPDATE"), {"id": source_id})


def replay_in(connection: Connection, offline: Offline, *, now: datetime) -> Replayed:
    """Rebuild and merge inside an open transaction.

    Raises:
        NothingToReplay: There are no stored pages.
    """
    schema = live_schema(connection)
    with beside(connection, tables_of(offline.mappings), schema):
        rebuilt = rebuild(connection, offline.source_id, offline.mappings, offline.streams)
    if not rebuilt.pages and not rebuilt.unreadable:
        raise NothingToReplay(
            f"{offline.name} has no stored pages yet: run `muster sync {offline.name}` first"
        )
    done = Replayed(offline.name, rebuilt)
    for table in entities_of(offline.mappings):
        done.tables[table] = merge(connection, table, At(offline.source_id, schema, rebuilt, now))
    _settle_rejects(connection, offline.source_id, rebuilt, now)
    connection.execute(  # whoever keeps answers by what has changed sees that something has
        text(
            "UPDATE source SET semantics = semantics || jsonb_build_object('replayed_at', CAST(:at AS text))"
            " WHERE id = :id"
        ),
        {"at": now.isoformat(), "id": offline.source_id},
    )
    return done


def merge(connection: Connection, table: str, at: At) -> Merged:
    """Make a live table's rows those that were rebuilt beside it."""
    return (_merge_versions if table in VERSIONED else _merge_rows)(connection, table, at)


def take_over(connection: Connection, table: str, at: At) -> int:
    """Overwrite the live rows whose copy differs; which those are is kept in a table of this transaction."""
    schema, values = at.schema, at.values
    names = [one for one in columns_of(table) if one not in OURS]
    sets = ", ".join(f'"{name}" = copy."{name}"' for name in names)
    keys = (
        ", keys = live.keys || (SELECT coalesce(jsonb_agg(k), '[]') FROM jsonb_array_elements(copy.keys) AS k"
    )
    keys = f"{keys} WHERE NOT live.keys @> k)" if table == "scope" else ""
    connection.exec_driver_sql(f"CREATE TEMP TABLE replayed_{table} (external_id text) ON COMMIT DROP")
    return connection.execute(
        text(
            f'WITH done AS (UPDATE "{schema}"."{table}" AS live SET {sets}{keys} FROM pg_temp."{table}" AS copy'
            " WHERE live.source_id = :source AND copy.external_id = live.external_id"
            " AND live.content_hash IS DISTINCT FROM copy.content_hash RETURNING live.external_id)"
            f" INSERT INTO pg_temp.replayed_{table} SELECT external_id FROM done"
        ),
        values,
    ).rowcount


def _merge_rows(connection: Connection, table: str, at: At) -> Merged:
    schema, values = at.schema, at.values
    changed = take_over(connection, table, at)
    names = [one for one in columns_of(table) if one not in OURS]
    columns = ", ".join(f'"{name}"' for name in names)
    more = [name for name in ("deleted_at", "fate", "keys") if has(table, name)]
    extra = "".join(f', "{name}"' for name in more)
    added = connection.execute(
        text(
            f'WITH done AS (INSERT INTO "{schema}"."{table}" ({columns}{extra}) SELECT {columns}{extra}'
            f' FROM pg_temp."{table}" AS copy WHERE NOT EXISTS (SELECT 1 FROM "{schema}"."{table}" AS live'
            " WHERE live.source_id = :source AND live.external_id = copy.external_id) ORDER BY copy.id"
            f" RETURNING external_id) INSERT INTO pg_temp.replayed_{table} SELECT external_id FROM done"
        ),
        values,
    ).rowcount
    if table == "work_item":
        merge_children(connection, at)
    back = _resurrect(connection, table, schema, values) if "deleted_at" in more else 0
    removed = _remove(connection, table, at) if "deleted_at" in more else 0
    return Merged(added, changed, removed, back)


def merge_children(connection: Connection, at: At) -> None:
    """Give the work items taken over the transitions, links and so on of their copies."""
    schema = at.schema
    for child, _ in CHILDREN.values():
        names = ", ".join(f'"{one}"' for one in columns_of(child))
        connection.execute(
            text(
                f'DELETE FROM "{schema}"."{child}" WHERE source_id = :source AND item_external_id IN'
                " (SELECT external_id FROM pg_temp.replayed_work_item)"
            ),
            at.values,
        )
        connection.exec_driver_sql(
            f'INSERT INTO "{schema}"."{child}" ({names}) SELECT {names} FROM pg_temp."{child}"'
            " WHERE item_external_id IN (SELECT external_id FROM pg_temp.replayed_work_item)"
        )
    names = ", ".join(f'"{one}"' for one in columns_of(KEYS))
    connection.exec_driver_sql(
        f'INSERT INTO "{schema}".{KEYS} ({names}) SELECT {names} FROM pg_temp.{KEYS} ON CONFLICT DO NOTHING'
    )


def _resurrect(connection: Connection, table: str, schema: str, values: dict[str, Any]) -> int:
    """Bring back what an earlier mapping had not given."""
    found = connection.execute(
        text(
            f'UPDATE "{schema}"."{table}" AS live SET deleted_at = NULL, fate = NULL FROM pg_temp."{table}" AS copy,'
            " absence WHERE live.source_id = :source AND copy.external_id = live.external_id"
            f" AND copy.deleted_at IS NULL AND live.deleted_at IS NOT NULL AND {_left_out(table)} RETURNING 1"
        ),
        values,
    ).rowcount
    _end(connection, table, values)
    return found


def _left_out(table: str) -> str:
    return (
        f"absence.source_id = :source AND absence.entity = '{table}' AND absence.external_id = live.external_id"
        " AND absence.found_by = :replay AND absence.ended_at IS NULL"
    )


def _end(connection: Connection, table: str, values: dict[str, Any]) -> None:
    alive = "copy.known_to IS NULL" if table in VERSIONED else "copy.deleted_at IS NULL"
    connection.execute(
        text(
            f'UPDATE absence SET ended_at = :now FROM pg_temp."{table}" AS copy'
            f" WHERE absence.source_id = :source AND absence.entity = '{table}'"
            " AND absence.external_id = copy.external_id AND absence.found_by = :replay"
            f" AND absence.ended_at IS NULL AND {alive}"
        ),
        values,
    )


def _remove(connection: Connection, table: str, at: At) -> int:
    """Mark as gone what the mapping no longer gives, though the page it was read from was read again.

    A record that it rejects keeps what it had, as in a run.
    """
    if at.rebuilt.unreadable:
        return 0
    kept = [name for _, name in at.rebuilt.rejected]
    there = "known_to IS NULL" if table in VERSIONED else "deleted_at IS NULL"
    rows = connection.execute(
        text(
            f'SELECT live.external_id, page.stream, page.slice, page.run_id FROM "{at.schema}"."{table}" AS live'
            " JOIN raw_page AS page ON page.id = live.raw_page_id"
            f" WHERE live.source_id = :source AND live.{there} AND live.external_id <> ALL(:kept)"
            f' AND NOT EXISTS (SELECT 1 FROM pg_temp."{table}" AS copy WHERE copy.external_id = live.external_id)'
        ),
        {"source": at.source_id, "kept": kept},
    ).all()
    if not rows:
        return 0
    bury(connection, table, at.source_id, [row.external_id for row in rows], at.now, fate=Fate.OUT_OF_SCOPE)
    connection.execute(
        text(
            "INSERT INTO absence (source_id, run_id, stream, slice, entity, external_id, found_at, found_by, fate,"
            " says, settled_at) SELECT :source, w.run, w.stream, w.slice, :entity, w.id, :now, :replay, :fate, :says,"
            " :now FROM unnest(CAST(:runs AS bigint[]), CAST(:streams AS text[]), CAST(:slices AS text[]),"
            " CAST(:ids AS text[])) AS w(run, stream, slice, id)"
            " ON CONFLICT (source_id, entity, external_id) WHERE ended_at IS NULL DO NOTHING"
        ),
        {
            **at.values, "entity": table,
            "fate": Fate.OUT_OF_SCOPE.value, "says": _NO_LONGER,
            "runs": [row.run_id for row in rows], "streams": [row.stream for row in rows],
            "slices": [row.slice for row in rows], "ids": [row.external_id for row in rows],
        },
    )  # fmt: skip
    return len(rows)


def _merge_versions(connection: Connection, table: str, at: At) -> Merged:
    described = columns_of(table)
    values = at.values
    live, copy = f'"{at.schema}"."{table}"', f'pg_temp."{table}"'
    if not connection.scalar(text(f"SELECT 1 FROM {live} WHERE source_id = :source LIMIT 1"), values):
        names = ", ".join(f'"{one}"' for one in described if one not in {"id", "project_id"})
        added = connection.exec_driver_sql(
            f"INSERT INTO {live} ({names}) SELECT {names} FROM {copy} ORDER BY id"
        ).rowcount
        return Merged(added)
    names = ", ".join(f'"{one}"' for one in described if one not in OURS)
    changed = connection.execute(
        text(
            f"UPDATE {live} AS live SET known_to = :now FROM {copy} AS copy WHERE live.source_id = :source"
            " AND copy.external_id = live.external_id AND live.known_to IS NULL AND copy.known_to IS NULL"
            " AND live.content_hash <> copy.content_hash"
        ),
        values,
    ).rowcount
    written = connection.execute(
        text(
            f"INSERT INTO {live} ({names}, known_from, fate) SELECT {names}, :now, fate FROM {copy} AS copy"
            f" WHERE copy.known_to IS NULL AND NOT EXISTS (SELECT 1 FROM {live} AS live WHERE"
            " live.source_id = :source AND live.external_id = copy.external_id AND live.known_to IS NULL)"
            " ORDER BY copy.id"
        ),
        values,
    ).rowcount
    _end(connection, table, values)
    removed = _remove(connection, table, at)
    return Merged(written - changed, changed, removed)


def _settle_rejects(connection: Connection, source_id: int, rebuilt: Rebuilt, now: datetime) -> None:
    """Make the open rejects those that the pages give now."""
    rejected = [(stream, each) for (stream, _), each in rebuilt.rejected.items()]
    marks = [f"{stream}\n{each.rejection.locator}\n{each.rejection.reason}" for stream, each in rejected]
    mark = "stream || E'\\n' || locator || E'\\n' || reason"
    connection.execute(
        text(
            "UPDATE rejected_record SET resolved_at = :now WHERE source_id = :source AND resolved_at IS NULL"
            f" AND kind = 'record' AND raw_page_id IS NOT NULL AND {mark} <> ALL(:marks)"
        ),
        {"now": now, "source": source_id, "marks": marks},
    )
    known = set(
        connection.scalars(
            text(f"SELECT {mark} FROM rejected_record WHERE source_id = :source AND resolved_at IS NULL"),
            {"source": source_id},
        )
    )
    fresh = [
        {"run": each.run_id, "source": source_id, "stream": stream, "id": each.rejection.external_id,
         "locator": each.rejection.locator, "reason": each.rejection.reason, "page": each.page_id,
         "position": each.rejection.position, "now": now}
        for (stream, each), sign in zip(rejected, marks, strict=True)
        if sign not in known
    ]  # fmt: skip
    if fresh:
        connection.execute(
            text(
                "INSERT INTO rejected_record (run_id, source_id, stream, external_id, locator, reason, raw_page_id,"
                " raw_position, rejected_at) VALUES (:run, :source, :stream, :id, :locator, :reason, :page,"
                " :position, :now)"
            ),
            fresh,
        )
