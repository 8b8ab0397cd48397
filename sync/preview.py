"""Preview: a mapping tried on the stored pages, and what it would change, before it is saved. Nothing stays.

No tracker is called. The pages are rebuilt beside the live model, merged into it, coloured, and all of it
is rolled back.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from sync.consolidate import consolidate_in
from sync.examples import Failing, failing
from sync.fills import Fill, fills_of
from sync.json import dump_bytes
from sync.match import NotConfigured, portfolio_of
from sync.newly import alive, known_rejects, newly_rejected
from sync.offline import Offline, not_in_pages, open_offline
from sync.rebuild import Rebuilt, Rejected, beside, entities_of, live_schema, rebuild, tables_of
from sync.registry import Opener, check_source, open_for_reading
from sync.replay import OURS, At, Merged, NothingToReplay, locked, merge
from sync.tables import columns_of
from sync.versions import newest

_SHOWN: Final = 10  # changed values shown of each attribute
_PLACES: Final = frozenset(
    {"source_id", "external_id", "raw_page_id", "raw_position", "content_hash", "run_id"}
)


@dataclass(frozen=True, slots=True)
class Changed:
    """One value that would be another."""

    table: str
    record: str
    attribute: str
    now: Any
    then: Any


@dataclass(frozen=True, slots=True)
class Recoloured:
    """One project whose colour would be another. `what` is overall or a dimension."""

    project: str
    what: str
    now: str | None
    then: str | None


@dataclass(slots=True)
class Preview:
    """What a mapping would do.

    `missing` are fields the mapping reads that stored pages were not asked for: unknown until a full
    read. `newly` are records that are taken now and would be rejected. `changes` counts changed values by
    (table, attribute), `changed` shows some of each.
    """

    source: str
    rebuilt: Rebuilt
    missing: list[str] = field(default_factory=list)
    newly: dict[tuple[str, str], Rejected] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    tables: dict[str, Merged] = field(default_factory=dict)
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: list[Changed] = field(default_factory=list)
    colours: list[Recoloured] = field(default_factory=list)
    coloured: bool = False
    failing: list[Failing] = field(default_factory=list)


def preview(
    engine: Engine,
    source: str,
    settings: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    newest_pages: int | None = None,
    opener: Opener | None = None,
) -> Preview:
    """Try settings on a source's stored pages; None tries the present ones.

    Args:
        engine: The store.
        source: The source's name.
        settings: Options of its block that say how records are read.
        now: The instant to colour as of.
        newest_pages: Only so many of each stream: quick, and then without differences and colours.
        opener: How the source is opened; None as usual, without secrets.

    Raises:
        LookupError: No such source, nothing stored of it, or a run under way.
        MisconfiguredSource: The settings do not hold.
    """
    with (
        engine.connect() as connection,
        connection.begin() as whole,
        open_offline(connection, source, settings=settings, opener=opener or open_for_reading) as offline,
    ):
        if opener is None:
            check_source(offline.block)
        locked(connection, offline.source_id)
        before = _colours(connection, now) if newest_pages is None else None
        found = _tried(connection, offline, newest_pages)
        if newest_pages is None:
            at = At(offline.source_id, live_schema(connection), found.rebuilt, now)
            for table in entities_of(offline.mappings):
                _differences(connection, table, at, found)
                found.tables[table] = merge(connection, table, at)
            after = _colours(connection, now)
            found.coloured = before is not None
            found.colours = _recoloured(before or {}, after or {})
        whole.rollback()
    return found


def _tried(connection: Connection, offline: Offline, newest_pages: int | None) -> Preview:
    schema = live_schema(connection)
    with beside(connection, tables_of(offline.mappings), schema):
        rebuilt = rebuild(
            connection, offline.source_id, offline.mappings, offline.streams, newest=newest_pages
        )
    if not rebuilt.pages and not rebuilt.unreadable:
        raise NothingToReplay(
            f"{offline.name} has no stored pages yet: run `muster sync {offline.name}` first"
        )
    found = Preview(offline.name, rebuilt)
    found.missing = not_in_pages(connection, offline)
    found.newly = newly_rejected(connection, offline, rebuilt)
    standing = known_rejects(connection, offline, rebuilt) | found.newly.keys()
    rejected = {key: each for key, each in rebuilt.rejected.items() if key in standing}
    found.fills = fills_of(connection, offline, schema, rejected)
    version = newest(connection, offline.source_id)
    found.failing = failing(connection, offline, version.examples) if version else []
    return found


def _differences(connection: Connection, table: str, at: At, found: Preview) -> None:
    """Count the values that would be others, by attribute, and show some."""
    columns = columns_of(table)
    names = [one for one in columns if one not in OURS and one not in _PLACES]
    joined = (
        f'FROM "{at.schema}"."{table}" AS live JOIN pg_temp."{table}" AS copy ON copy.external_id = live.external_id'
        f" WHERE live.source_id = :source AND {alive(table, 'live.')} AND {alive(table, 'copy.')}"
        " AND live.content_hash IS DISTINCT FROM copy.content_hash"
    )
    counts = ", ".join(
        f'count(*) FILTER (WHERE live."{name}" IS DISTINCT FROM copy."{name}")' for name in names
    )
    row = connection.execute(text(f"SELECT {counts} {joined}"), at.values).one()
    for name, count in zip(names, row, strict=True):
        if not count:
            continue
        found.changes[table, name] = count
        label = "coalesce(live.locator, live.external_id)" if "locator" in columns else "live.external_id"
        shown = connection.execute(
            text(f'SELECT {label}, live."{name}", copy."{name}" {joined} AND live."{name}" IS DISTINCT FROM'
                 f' copy."{name}" ORDER BY live.external_id LIMIT {_SHOWN}'),
            at.values,
        )  # fmt: skip
        found.changed += [Changed(table, record, name, was, then) for record, was, then in shown]


def _colours(connection: Connection, now: datetime) -> dict[str, dict[str, str]] | None:
    """Colour all projects as things stand in this transaction, and take it back; None without a portfolio."""
    point = connection.begin_nested()
    try:
        with Session(bind=connection, join_transaction_mode="rollback_only") as session:
            try:
                day = now.astimezone(ZoneInfo(portfolio_of(session).timezone)).date()
            except NotConfigured:
                return None
            consolidate_in(session, as_of=day, known_at=now)
            return _shown(session, day)
    finally:
        point.rollback()


def _shown(session: Session, day: date) -> dict[str, dict[str, str]]:
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (s.project_id) p.key, s.overall, s.document -> 'dimensions' FROM snapshot s"
            " JOIN project p ON p.id = s.project_id WHERE s.as_of = :day AND p.closed_at IS NULL"
            " ORDER BY s.project_id, s.known_at DESC"
        ),
        {"day": day},
    )
    return {
        key: {"overall": overall, **{name: each["colour"] for name, each in (dimensions or {}).items()}}
        for key, overall, dimensions in rows
    }


def _recoloured(
    now: Mapping[str, Mapping[str, str]], then: Mapping[str, Mapping[str, str]]
) -> list[Recoloured]:
    return [
        Recoloured(project, what, now.get(project, {}).get(what), then.get(project, {}).get(what))
        for project in sorted({*now, *then})
        for what in {**now.get(project, {}), **then.get(project, {})}
        if now.get(project, {}).get(what) != then.get(project, {}).get(what)
    ]


def plain(found: Preview) -> dict[str, Any]:
    """Return a preview as plain JSON values, for a program."""
    document = {
        "source": found.source,
        "pages": found.rebuilt.pages,
        "records": dict(found.rebuilt.records),
        "missing": found.missing,
        "fills": [asdict(each) for each in found.fills],
        "unmapped": [[*key, times] for key, times in sorted(found.rebuilt.unmapped.items())],
        "rejected": [
            [stream, each.rejection.locator, each.rejection.reason]
            for (stream, _), each in found.rebuilt.rejected.items()
        ],
        "newly_rejected": [
            [stream, each.rejection.locator, each.rejection.reason]
            for (stream, _), each in found.newly.items()
        ],
        "tables": {name: asdict(each) for name, each in found.tables.items()},
        "changes": [[*key, times] for key, times in sorted(found.changes.items())],
        "changed": [asdict(each) for each in found.changed],
        "colours": [asdict(each) for each in found.colours] if found.coloured else None,
        "failing": [each.says for each in found.failing],
    }
    parsed: dict[str, Any] = orjson.loads(dump_bytes(document))
    return parsed
