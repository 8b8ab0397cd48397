"""What a run does for its mapping's sake: names its version, looks for drift before pages are read, runs examples."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from config.document import SourceBlock
from connectors.base import Connector, Discovery, Reconsidering, Resting, Watched
from connectors.errors import ConnectorError
from sync import drift
from sync.compiling import CompiledMapping
from sync.examples import failing
from sync.json import dump_bytes, dumps
from sync.mapping import MappingSpec, compile_stream, split_path
from sync.meanings import altered, carried_over
from sync.offline import READING, Offline, asked, compiled, custom_ids, not_in_pages, offline_of, reconsidered
from sync.registry import Opened
from sync.replay import NothingToReplay, replay_in
from sync.reread import Reading, reread
from sync.shape import UNKNOWN_TYPE, Difference, differences, shape_of
from sync.store import unit_of_work
from sync.versions import Version, keep_version, newest, settings_of

# How a source is reached says nothing of what is read there.
HOW_REACHED: Final = frozenset({"base_url", "auth", "ca_bundle", "proxy", "graph_url", "connections"})

_A_DAY: Final = timedelta(hours=20)  # a nightly run may come a little early


@dataclass(frozen=True, slots=True)
class Watching:
    """A run and what it reads a source by."""

    engine: Engine
    source_id: int
    run_id: int
    connector: Connector
    spec: MappingSpec
    now: datetime


def name_version(watching: Watching, block: SourceBlock) -> Version:
    """Write down by which version of the mapping a run reads; a changed one is saved first."""
    with unit_of_work(watching.engine) as connection:
        version = keep_version(connection, watching.source_id, block, watching.spec, now=watching.now)
        connection.execute(
            text("UPDATE run SET mapping_version_id = :version WHERE id = :run"),
            {"version": version.id, "run": watching.run_id},
        )
        return version


def replay_instead(watching: Watching, opened: Opened, block: SourceBlock) -> str | None:
    """Read the stored pages by a changed mapping, where they hold all it needs; returns what was done, in words.

    None: they do not, or more than the mapping was changed; then the source is to be read in full.
    """
    with unit_of_work(watching.engine) as connection:
        known = newest(connection, watching.source_id)
        scoped = connection.scalar(
            text("SELECT semantics ->> 'scoped_as' FROM source WHERE id = :id"), {"id": watching.source_id}
        )
        if known is None or scoped != scoped_as(block):
            return None
        settings = settings_of(block)
        changed = {
            name for name in {*settings, *known.settings} if settings.get(name) != known.settings.get(name)
        }
        if changed - {"mapping"} and not isinstance(opened.connector, Reconsidering):
            return None
        offline = offline_of(connection, watching.source_id, block, opened)
        if not_in_pages(connection, offline):
            return None
        try:
            done = replay_in(connection, offline, now=watching.now)
        except NothingToReplay:
            return None
        return (
            f"its mapping was changed: {done.rebuilt.pages} stored pages were read again by it, {done.changes} records"
            " are not what they were"
        )


def scoped_as(block: SourceBlock) -> str:
    """Return a hash of what decides which records are read, apart from how each is."""
    options = {
        name: value
        for name, value in block.options().items()
        if name not in HOW_REACHED and name not in READING
    }
    return hashlib.sha256(dump_bytes([block.kind, options], canonical=True)).hexdigest()


def look_first(
    watching: Watching, names: Mapping[str, str], found: Discovery | None
) -> tuple[dict[str, str], list[str]]:
    """Look at what the source is made of, and hold it against what the mapping was made for.

    Args:
        watching: The run.
        names: The semantics as stored, by which the stored records were read.
        found: What was just discovered, where the run did; else a connector that can be watched is asked.

    Returns:
        The semantics with what is new in them, such as a new status' category; and all that has drifted,
        a sentence each.
    """
    discovered = found is not None
    if found is None:
        found = _look(watching)
    return (dict(names), []) if found is None else hold(watching, names, found, discovered=discovered)


def hold(
    watching: Watching, names: Mapping[str, str], found: Discovery, *, discovered: bool
) -> tuple[dict[str, str], list[str]]:
    """Hold what was seen of a source against what its mapping was made for; see `look_first`."""
    connector = watching.connector
    seen = shape_of(found)
    known = carried_over(names, found.semantics) if discovered else names
    fresh = reconsidered(connector, known, seen)
    read, gives = _read(watching, fresh)
    with unit_of_work(watching.engine) as connection:
        was = _kept_shape(connection, watching, seen)
        differing = differences(was, seen, read, gives)
        drift.record(
            connection, watching.source_id, watching.run_id, differing, kinds=drift.OF_SHAPE, now=watching.now
        )
        told = []
        if discovered or dict(fresh) != dict(names):
            if names:
                told = _follow(connection, watching, names, fresh, seen, only_gone=discovered)
            connection.execute(
                text(
                    "UPDATE source SET semantics = semantics || jsonb_build_object('names', CAST(:names AS jsonb))"
                    " WHERE id = :id"
                ),
                {"names": dumps(dict(fresh)), "id": watching.source_id},
            )
    return dict(fresh), [*(f"drift: {each.says}; {each.todo}" for each in differing), *told]


def _follow(
    connection: Connection,
    watching: Watching,
    was: Mapping[str, str],
    now: Mapping[str, str],
    seen: Mapping[str, Any],
    *,
    only_gone: bool,
) -> list[str]:
    """Have the stored records follow what is known now; a discovery's run reads those that are there anyhow."""
    what = altered(was, now)
    mappings = compiled(watching.spec, watching.connector, now)
    streams = [
        each for each in watching.connector.streams(now, asked(mappings, now)) if each.name in mappings
    ]
    reading = Reading(watching.source_id, mappings, streams, watching.now)
    changed = reread(connection, reading, what, only_gone=only_gone) if what else 0
    if not changed or only_gone:
        return []
    names = [
        repr(str(each.get("name")))
        for kind, ids in (("states", what.statuses), ("fields", what.fields))
        for each in seen.get(kind, ())
        if str(each.get("id")) in ids
    ]
    of = f" what {', '.join(names)} mean" if names else " what was discovered of it"
    return [f"{changed} records were worked out anew from their stored pages, because{of} was changed there"]


def _look(watching: Watching) -> Discovery | None:
    """Look at the source for little, or where it can rest, leave it; else once a day for all that discovery costs."""
    connector = watching.connector
    with watching.engine.connect() as connection:
        seen_at: datetime | None = connection.scalar(
            text("SELECT seen_at FROM source_shape WHERE source_id = :id"), {"id": watching.source_id}
        )
    ago = None if seen_at is None else watching.now - seen_at
    if isinstance(connector, Resting) and ago is not None and timedelta(0) <= ago < connector.lasts:
        connector.rest()
        return None
    if isinstance(connector, Watched):
        return connector.look()
    if ago is None or ago < _A_DAY:
        return None
    try:
        return watching.connector.discover()
    except ConnectorError:  # what cannot be looked at is told by reading it
        return None


def _kept_shape(connection: Connection, watching: Watching, seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep what was seen, and return what was accepted; the first look is, but for what nobody documents."""
    first = {**seen, "shape": {**seen["shape"], UNKNOWN_TYPE: {}}}
    known = newest(connection, watching.source_id)
    pinned = set((known.settings.get("fields") or {}) if known is not None else ())
    accepted: Mapping[str, Any] = connection.execute(
        text(
            "INSERT INTO source_shape AS t (source_id, accepted, seen, seen_at)"
            " VALUES (:source, CAST(:first AS jsonb), CAST(:seen AS jsonb), :now)"
            " ON CONFLICT (source_id) DO UPDATE SET seen_at = excluded.seen_at, seen = excluded.seen"
            # A look for little says nothing of meanings: those found before stand.
            " || CASE WHEN excluded.seen -> 'meanings' = '{}' THEN"
            " jsonb_build_object('meanings', coalesce(t.seen -> 'meanings', '{}')) ELSE '{}' END"
            " RETURNING accepted"
        ),
        {"source": watching.source_id, "first": dumps(first), "seen": dumps(seen), "now": watching.now},
    ).scalar_one()
    meanings = {name: value for name, value in (accepted.get("meanings") or {}).items() if name not in pinned}
    return {**accepted, "meanings": meanings}


def _read(watching: Watching, names: Mapping[str, str]) -> tuple[set[str], dict[str, str]]:
    """Return the ids of the fields that the mapping reads, and the attributes that each one gives."""
    transforms = watching.connector.transforms()
    gives: dict[str, list[str]] = {}
    for name in watching.spec.streams:
        mapping = compile_stream(watching.spec, name, transforms, names)
        if mapping.entity == "work_item":
            _collect(mapping, names, gives)
    for field in custom_ids(names):
        gives.setdefault(field, []).append("custom")
    return set(gives), {field: ", ".join(dict.fromkeys(given)) for field, given in gives.items()}


def _collect(mapping: CompiledMapping, names: Mapping[str, str], gives: dict[str, list[str]]) -> None:
    for attribute, how in mapping.plan.attributes:
        for path in how.paths:
            try:
                segments = split_path(path.format_map(names) if "{" in path else path)
            except KeyError:
                continue  # not discovered here
            if len(segments) > 1:
                gives.setdefault(segments[1], []).append(attribute)


def note_asked(watching: Watching, fields: Sequence[str]) -> None:
    """Write down which of the tracker's fields a run asks for: what its pages can be replayed for."""
    with unit_of_work(watching.engine) as connection:
        connection.execute(
            text("UPDATE run SET asked = CAST(:fields AS jsonb) WHERE id = :run"),
            {"fields": dumps(sorted(set(fields))), "run": watching.run_id},
        )


def look_back(
    watching: Watching,
    offline: Offline,
    version: Version,
    unmapped: Mapping[str, Counter[tuple[str, str]]],
    *,
    full: bool,
) -> list[str]:
    """Look at what the run has read: examples, values without a place, values of another shape than their type.

    Returns:
        What is to be told besides what the run tells of itself.
    """
    with unit_of_work(watching.engine) as connection:
        failed = [
            Difference(drift.EXAMPLE, each.subject, None, None, each.says,
                       "correct the mapping, or save it anew with examples that hold")
            for each in failing(connection, offline, version.examples)
        ]  # fmt: skip
        drift.record(
            connection, watching.source_id, watching.run_id, failed, kinds=(drift.EXAMPLE,), now=watching.now
        )
        places = [
            Difference(
                drift.UNMAPPED, f"{offline.mappings[stream].entity} {attribute} {value!r}", None, value,
                f"{offline.mappings[stream].entity} {attribute}: no mapping for {value!r} ({times} times)",
                "add it to the mapping's values; until then it is unknown",
            )
            for stream, counted in unmapped.items()
            for (attribute, value), times in sorted(counted.items())
        ]  # fmt: skip
        drift.record(
            connection, watching.source_id, watching.run_id, places,
            kinds=(drift.UNMAPPED,) if full else (), now=watching.now,
        )  # fmt: skip
        misfits = _misfits(connection, watching)
        drift.record(
            connection, watching.source_id, watching.run_id, misfits,
            kinds=(drift.MISFIT,) if full else (), now=watching.now,
        )  # fmt: skip
    return [f"drift: {each.says}; {each.todo}" for each in (*failed, *misfits)]


def _misfits(connection: Connection, watching: Watching) -> list[Difference]:
    rows = connection.execute(
        text(
            "SELECT kept.key, kept.value ->> 'name' AS name, kept.value ->> 'why' AS why, count(*) AS times,"
            " min(item.key) AS example FROM work_item AS item, jsonb_each(item.custom) AS kept"
            " WHERE item.source_id = :source AND item.run_id = :run AND item.custom IS NOT NULL"
            " AND kept.value ? 'why' GROUP BY 1, 2, 3 ORDER BY 1"
        ),
        {"source": watching.source_id, "run": watching.run_id},
    )
    return [
        Difference(
            drift.MISFIT, f"field {row.key}", None, row.why,
            f"{row.times} values of {row.name!r} ({row.key}) are not of its type: {row.why}; e.g. {row.example}",
            "they are kept as they come; ask the tracker's administrator what was changed",
        )
        for row in rows
    ]  # fmt: skip
