"""One run: every stream of one source pulled, landed, and held against what the source said."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from config.document import SourceBlock
from connectors.base import Budget, Connector, Discovery, Stream
from connectors.errors import BudgetSpent
from sync import failures
from sync.apply import stored_block
from sync.json import dump_bytes, dumps
from sync.land import Landing
from sync.mapping import MappingSpec
from sync.offline import Offline, asked, compiled
from sync.progress import Progress, Silent
from sync.pull import pull_streams
from sync.registry import Opened, Opener, opener_on, utc_now
from sync.scrubbing import scrubbed
from sync.store import unit_of_work
from sync.watch import (
    HOW_REACHED,
    Watching,
    look_back,
    look_first,
    name_version,
    note_asked,
    replay_instead,
    scoped_as,
)

log = logging.getLogger(__name__)

_CUT_OFF = "the run was interrupted; run the sync again: it goes on where it stopped"


@dataclass(slots=True)
class Pulling:
    """A run under way."""

    engine: Engine
    run_id: int
    source_id: int
    source: str
    full: bool
    landing: Landing
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def start_run(
    engine: Engine, source: str, *, full: bool, now: datetime, slot: datetime | None = None
) -> int | None:
    """Write the run down as queued; None when this slot of the source already has its run.

    A source that has no cursor yet is read in full, whatever was asked for.

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
                "INSERT INTO run (source_id, slot, state, mode, queued_at) VALUES (:source, :slot, 'queued',"
                " CASE WHEN :full OR NOT EXISTS (SELECT 1 FROM cursor WHERE source_id = :source) THEN 'full'"
                " ELSE 'incremental' END, :now) ON CONFLICT (source_id, slot) DO NOTHING RETURNING id"
            ),
            {"source": source_id, "slot": slot, "full": full, "now": now},
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
                "UPDATE run SET state = 'running', started_at = coalesce(started_at, :now) FROM source"
                " WHERE run.id = :run AND run.state IN ('queued', 'running') AND source.id = run.source_id"
                " RETURNING source.id AS source_id, source.name, source.config, run.mode, run.started_at,"
                " run.queued_at"
            ),
            {"run": run_id, "now": clock()},
        ).mappings().one_or_none()  # fmt: skip
    if row is None:
        with engine.connect() as connection:
            return str(connection.scalar(text("SELECT state FROM run WHERE id = :run"), {"run": run_id}))
    # One instant for the whole run, also when it is carried on after a crash.
    full = row["mode"] == "full"
    landing = Landing(engine, row["source_id"], run_id, {}, row["started_at"], full=full)
    pulling = Pulling(engine, run_id, row["source_id"], row["name"], full, landing)
    connector: Connector | None = None
    state = "failed"
    try:
        block = stored_block(row["name"], row["config"])
        opened = (opener or opener_on(engine))(block, connections=connections, clock=clock)
        connector = opened.connector
        if block.budget is not None:
            connector.traffic.budget = Budget(**block.budget.model_dump())
        _read_anew_if_changed(pulling, block, opened)
        _pull_all(pulling, block, opened, connections, progress)
        pulling.problems += _unbalanced(pulling)
        state = "partial" if pulling.problems else "succeeded"
        _remember_reading(pulling, block, opened.mapping)
    except BudgetSpent as spent:
        pulling.problems.append(str(spent))
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
        except Exception:
            log.exception("a connector did not close", extra={"source": pulling.source})
    # Said once each: two streams may fail on one project, and what was a warning at first may have ended the run.
    problems = list(dict.fromkeys(map(scrubbed, pulling.problems)))
    warnings = [
        each
        for each in dict.fromkeys(map(scrubbed, [*pulling.warnings, *pulling.landing.warnings]))
        if not any(each in problem for problem in problems)
    ]
    try:
        with unit_of_work(pulling.engine) as connection:
            connection.execute(
                text(
                    "UPDATE run SET state = :state, finished_at = :now, error = :error,"
                    " warnings = warnings || CAST(:warnings AS jsonb), requests = requests + :requests,"
                    " retries = retries + :retries, bytes_fetched = bytes_fetched + :bytes,"
                    " waited_s = waited_s + :waited WHERE id = :run"
                ),
                {
                    "state": state,
                    "now": now,
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


def _unbalanced(pulling: Pulling) -> list[str]:
    """Say of each stream whose ledger does not add up by how much; what is missing was not stored."""
    with pulling.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT stream, said, stored, rejected, filtered FROM run_stream WHERE run_id = :run"
                " AND said <> stored + rejected + filtered ORDER BY stream"
            ),
            {"run": pulling.run_id},
        )
        return [
            f"{pulling.source}: the ledger of {stream} does not balance: the source said {said},"
            f" stored {stored} + rejected {rejected} + filtered {filtered} = {stored + rejected + filtered};"
            " run a full sync, and if it stays so, ask the source's owner what this account may not see"
            for stream, said, stored, rejected, filtered in rows
        ]


def _reading(block: SourceBlock, mapping: MappingSpec) -> str:
    """Return a hash of what decides how records are read: the mapping, and what is in scope."""
    options = {name: value for name, value in block.options().items() if name not in HOW_REACHED}
    document = [mapping.model_dump(mode="json"), options, block.kind]
    return hashlib.sha256(dump_bytes(document, canonical=True)).hexdigest()


def _read_anew_if_changed(pulling: Pulling, block: SourceBlock, opened: Opened) -> None:
    """Read the stored pages anew when only the mapping was changed; else make the run a full one."""
    with pulling.engine.connect() as connection:
        known = connection.scalar(
            text("SELECT semantics ->> 'read_as' FROM source WHERE id = :id"), {"id": pulling.source_id}
        )
    if pulling.full or known is None or known == _reading(block, opened.mapping):
        return
    if (done := replay_instead(_watching(pulling, opened), opened, block)) is not None:
        pulling.warnings.append(done)
        return
    with unit_of_work(pulling.engine) as connection:
        connection.execute(text("UPDATE run SET mode = 'full' WHERE id = :run"), {"run": pulling.run_id})
    pulling.full = pulling.landing.full = True
    pulling.warnings.append("its mapping or scope was changed since the last run; everything was read again")


def _watching(pulling: Pulling, opened: Opened) -> Watching:
    return Watching(
        pulling.engine, pulling.source_id, pulling.run_id, opened.connector, opened.mapping,
        pulling.landing.known_at,
    )  # fmt: skip


def _remember_reading(pulling: Pulling, block: SourceBlock, mapping: MappingSpec) -> None:
    with unit_of_work(pulling.engine) as connection:
        connection.execute(
            text(
                "UPDATE source SET semantics = semantics || jsonb_build_object('read_as', CAST(:hash AS text),"
                " 'scoped_as', CAST(:scope AS text)) WHERE id = :id"
            ),
            {"hash": _reading(block, mapping), "scope": scoped_as(block), "id": pulling.source_id},
        )


def _pull_all(
    pulling: Pulling, block: SourceBlock, opened: Opened, connections: int, progress: Progress
) -> None:
    connector, watching = opened.connector, _watching(pulling, opened)
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
    pulling.problems += pull_streams(
        landing,
        [(stream, _cursors(pulling, stream)) for stream in streams],
        connections=connections, progress=progress, source=pulling.source,
    )  # fmt: skip
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
    pulling.warnings += look_back(watching, read, version, landing.unmapped, full=pulling.full)


def _semantics(pulling: Pulling, connector: Connector) -> tuple[dict[str, str], Discovery | None]:
    """Return what was discovered of the source; look when nothing was yet, and on every full run."""
    with pulling.engine.connect() as connection:
        stored: dict[str, Any] = (
            connection.scalar(text("SELECT semantics FROM source WHERE id = :id"), {"id": pulling.source_id})
            or {}
        )
    if "names" in stored and not pulling.full:
        return dict(stored.get("names", {})), None
    found = connector.discover()
    pulling.warnings += found.warnings
    with unit_of_work(pulling.engine) as connection:
        connection.execute(
            text("UPDATE source SET semantics = semantics || CAST(:found AS jsonb) WHERE id = :id"),
            {
                "id": pulling.source_id,
                "found": dumps({"names": found.semantics, "evidence": found.evidence}),
            },
        )
    return found.semantics, found


def _cursors(pulling: Pulling, stream: Stream) -> dict[str, dict[str, Any]]:
    """Return the positions to go on from: on a full run only those this very run has stored."""
    with pulling.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT slice, position FROM cursor WHERE source_id = :source AND stream = :stream"
                " AND (NOT :full OR run_id = :run)"
            ),
            {"source": pulling.source_id, "stream": stream.name, "full": pulling.full, "run": pulling.run_id},
        )
        return {row[0]: row[1] for row in rows}
