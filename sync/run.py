"""One run: every stream of one source pulled, landed, and held against what the source said."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from config.document import SourceBlock
from connectors.base import Budget, Connector, Discovery, Stream
from connectors.errors import BudgetSpent
from sync import failures
from sync.aging import kept
from sync.apply import stored_block
from sync.budget import spent_in_words
from sync.extent import Extent, cursors
from sync.json import dumps
from sync.land import Landing
from sync.offline import Offline, asked, compiled
from sync.progress import Progress, Silent
from sync.pull import pull_streams
from sync.refused import refused
from sync.registry import Opened, Opener, opener_on, utc_now
from sync.run_finish import Cursors, finish, set_back, table_of
from sync.run_start import Pulling, begin_run, end_run, not_too_often, watching_of
from sync.scrubbing import scrubbed
from sync.store import unit_of_work
from sync.unlisted import look_again
from sync.watch import (
    look_back,
    look_first,
    name_version,
    note_asked,
)

log = logging.getLogger(__name__)

_CUT_OFF = "the run was interrupted; run the sync again: it goes on where it stopped"


def start_run(
    engine: Engine,
    source: str,
    *,
    full: bool,
    now: datetime,
    slot: datetime | None = None,
    census: bool = False,
) -> int | None:
    """Write the run down as queued; None when this slot of the source already has its run.

    A source that has no cursor yet is read in full, whatever was asked for. With `census` all ids are
    counted against what is stored, due or not.

    Raises:
        LookupError: No such source, with the names there are.
    """
    with unit_of_work(engine) as connection:
        source_id = connection.scalar(text("SELECT id FROM source WHERE name = :name"), {"name": source})
        if source_id is None:
            names = connection.scalars(text("SELECT name FROM source ORDER BY position")).all()
            raise LookupError(f"there is no source {source!r}; there are: {', '.join(names) or 'none yet'}")
        run_id: int | None = connection.scalar(
            text(
                "INSERT INTO run (source_id, slot, state, mode, queued_at, census) VALUES (:source, :slot, 'queued',"
                " CASE WHEN :full OR NOT EXISTS (SELECT 1 FROM cursor WHERE source_id = :source) THEN 'full'"
                " ELSE 'incremental' END, :now, :census) ON CONFLICT (source_id, slot) DO NOTHING RETURNING id"
            ),
            {"source": source_id, "slot": slot, "full": full, "now": now, "census": census},
        )
        return run_id


def execute_run(
    engine: Engine,
    run_id: int,
    *,
    connections: int = 8,
    clock: Callable[[], datetime] = utc_now,
    progress: Progress | None = None,
    opener: Opener | None = None,
) -> str:
    """Carry a queued run out, or carry one on that was cut off; returns its final state.

    A run that is over already is left alone. Whatever goes wrong is written to the run in words;
    what was stored stays, and the next run goes on from there.
    """
    progress = progress or Silent()
    with unit_of_work(engine) as connection:
        row = connection.execute(
            text(
                "UPDATE run SET state = 'running', started_at = coalesce(started_at, :now), attempts = attempts + 1"
                " FROM source"
                " WHERE run.id = :run AND run.state IN ('queued', 'running') AND source.id = run.source_id"
                " RETURNING source.id AS source_id, source.name, source.config, run.mode, run.started_at,"
                " run.attempts, run.census"
            ),
            {"run": run_id, "now": clock()},
        ).mappings().one_or_none()  # fmt: skip
    if row is None:
        with engine.connect() as connection:
            return str(connection.scalar(text("SELECT state FROM run WHERE id = :run"), {"run": run_id}))
    # One instant for the whole run, also when it is carried on after a crash.
    landing = Landing(engine, row["source_id"], run_id, {}, row["started_at"])
    pulling = Pulling(
        engine, run_id, row["source_id"], row["name"], row["mode"] == "full", row["census"], landing
    )
    connector: Connector | None = None
    state = "failed"
    try:
        not_too_often(row["name"], row["attempts"])
        block = stored_block(row["name"], row["config"])
        opened = (opener or opener_on(engine))(block, connections=connections, clock=clock)
        connector = opened.connector
        if block.budget is not None:
            connector.traffic.budget = Budget(**block.budget.model_dump())
        extent = begin_run(pulling, block, opened)
        pulling.full = extent.full
        _pull_all(pulling, extent, block, opened, connections=connections, progress=progress)
        state = "partial" if pulling.problems else "succeeded"
        end_run(pulling, extent, block, opened)
    except BudgetSpent as spent:
        pulling.cut_short = True
        pulling.problems.append(spent_in_words(engine, run_id, spent))
        state = "partial"
    except Exception as error:
        pulling.problems.insert(0, failures.in_words(error))
        expected = failures.is_expected(error)
        told = {"source": row["name"], "run": run_id, "why": pulling.problems[0]}
        log.log(
            logging.WARNING if expected else logging.ERROR, "run failed", extra=told, exc_info=not expected
        )
    finally:
        _close(pulling, connector, state, clock())
        progress.finished(row["name"], state)
    return state


def _close(pulling: Pulling, connector: Connector | None, state: str, now: datetime) -> None:
    traffic = connector.traffic if connector else None
    if connector:
        try:
            connector.close()
        except Exception:  # what was read is stored: the run's end must still be written
            log.exception("a connector did not close", extra={"source": pulling.source})
    # Said once each: two streams may fail on one project, and what was a warning at first may have ended the run.
    problems = list(dict.fromkeys(map(scrubbed, pulling.problems)))
    warnings = [
        each
        for each in dict.fromkeys(map(scrubbed, [*pulling.warnings, *pulling.landing.warnings]))
        if not any(
            each in problem or problem.removeprefix(f"{pulling.source}: ") in each for problem in problems
        )
    ]
    try:
        with unit_of_work(pulling.engine) as connection:
            connection.execute(
                text(
                    "UPDATE run SET state = :state, finished_at = :now, error = :error, cut_short = :cut,"
                    " warnings = warnings || CAST(:warnings AS jsonb), requests = requests + :requests,"
                    " retries = retries + :retries, bytes_fetched = bytes_fetched + :bytes,"
                    " waited_s = waited_s + :waited WHERE id = :run"
                ),
                {
                    "state": state,
                    "now": now,
                    "cut": pulling.cut_short,
                    "error": "\n".join(problems) or (_CUT_OFF if state == "failed" else None),
                    "warnings": dumps(warnings),
                    "requests": traffic.requests if traffic else 0,
                    "retries": traffic.retries if traffic else 0,
                    "bytes": traffic.bytes_fetched if traffic else 0,
                    "waited": traffic.waited_s if traffic else 0.0,
                    "run": pulling.run_id,
                },
            )
    except Exception as error:  # noqa: BLE001  (the database may be what failed; the run stays `running` and is carried on)
        log.error("run not closed", extra={"run": pulling.run_id, "why": failures.in_words(error)})  # noqa: TRY400


def _pull_all(
    pulling: Pulling,
    extent: Extent,
    block: SourceBlock,
    opened: Opened,
    *,
    connections: int,
    progress: Progress,
) -> None:
    connector, watching = opened.connector, watching_of(pulling, opened)
    version = name_version(watching, block)
    semantics, drifted = look_first(watching, *_semantics(pulling, connector))
    pulling.warnings += drifted
    mappings = compiled(opened.mapping, connector, semantics)
    fields = asked(mappings, semantics)
    note_asked(watching, fields)
    landing = pulling.landing
    landing.mappings = mappings
    landing.load()
    streams = [each for each in connector.streams(semantics, fields) if each.name in mappings]
    ending = pulling.ending(reconfigured=extent.reconfigured)
    with pulling.engine.connect() as connection:
        places = [(each, cursors(connection, pulling.source_id, each.name, extent)) for each in streams]
    if not extent.full:
        set_back(ending, places)
        places = _without_kept(pulling, places)
    pulling.problems += pull_streams(
        landing, places, connections=connections, progress=progress, source=pulling.source,
        halt=connector.traffic.halted.set,
    )  # fmt: skip
    finish(ending, landing, streams, again=not extent.full, census=pulling.census)
    refused(ending, {each.name: table_of(mappings[each.name]) for each in streams}, full=pulling.full)
    pulling.warnings += landing.warnings
    for stream_name, unmapped in landing.unmapped.items():
        for (attribute, value), times in sorted(unmapped.items()):
            pulling.warnings.append(
                f"{mappings[stream_name].entity} {attribute}: no mapping for {value!r} ({times} times); it is"
                " unknown until the mapping has one"
            )
    read = Offline(
        pulling.source_id, pulling.source, block.kind, block, opened.mapping, semantics, mappings, streams,
        tuple(fields),
    )  # fmt: skip
    pulling.warnings += look_again(watching, semantics)[1]
    pulling.warnings += look_back(watching, read, version, landing.unmapped, full=pulling.full)


def _without_kept(pulling: Pulling, places: list[tuple[Stream, Cursors]]) -> list[tuple[Stream, Cursors]]:
    """Leave out the lists that are young enough; a run that counts all ids reads everything that it lists."""
    if pulling.census:
        return places
    with unit_of_work(pulling.engine) as connection:
        left = kept(connection, pulling.source_id, pulling.run_id, places, pulling.now)
    return [(stream, cursors) for stream, cursors in places if stream.name not in left]


def _semantics(pulling: Pulling, connector: Connector) -> tuple[dict[str, str], Discovery | None]:
    """Return what was known of the source's meanings; look when nothing was yet, and on every full run."""
    with pulling.engine.connect() as connection:
        stored: dict[str, Any] = (
            connection.scalar(text("SELECT semantics FROM source WHERE id = :id"), {"id": pulling.source_id})
            or {}
        )
    names = dict(stored.get("names", {}))
    if "names" in stored and not pulling.full:
        return names, None
    found = connector.discover()
    pulling.warnings += found.warnings
    with unit_of_work(pulling.engine) as connection:
        connection.execute(
            text("UPDATE source SET semantics = semantics || CAST(:found AS jsonb) WHERE id = :id"),
            {"id": pulling.source_id, "found": dumps({"evidence": found.evidence})},
        )
    return names, found
