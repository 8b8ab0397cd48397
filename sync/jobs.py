"""The job queue: Procrastinate on the database we already have.

A job is one source's pull, or a consolidation. Both are safe to repeat: a pull's truth is in its
cursors, a consolidation writes nothing twice. Pulls of one tracker host share a lock, so one host is
pulled by one worker at a time.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import procrastinate
import procrastinate.jobs
import psycopg
from procrastinate import exceptions
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from connectors.stopping import Interrupted, check_stopping, stopping
from sync import failures
from sync.consolidate import consolidate
from sync.progress import Progress, Silent
from sync.registry import Opener, utc_now
from sync.run import execute_run
from sync.stopping import put_back
from sync.store import unit_of_work

log = logging.getLogger(__name__)

DATABASE_AWAY: Final = (exceptions.ConnectorException, psycopg.Error, DBAPIError)
PULL = "pull"
CONSOLIDATE = "consolidate"
_PATIENCE_S = 6.0  # seconds to get a session of the queue's, before the database counts as gone
_WAIT_S = 0.5  # seconds between looks at a host that another process is pulling


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs to do jobs."""

    engine: Engine
    connections: int = 8
    clock: Callable[[], datetime] = utc_now
    progress: Progress = field(default_factory=Silent)
    opener: Opener | None = None  # None: sources as configured, their tokens in this database
    puts_back: bool = False  # whether a run cut off by a stop waits for another worker, instead of failing
    problems: list[str] = field(default_factory=list)  # what went wrong outside any run, in words
    stopped: threading.Event = field(
        default_factory=threading.Event
    )  # the worker is to take nothing further up


def open_queue(work: Work) -> procrastinate.App:
    """Return the queue with its two tasks; open it with `with queue.open():` before use."""
    url = make_url(work.engine.url).set(drivername="postgresql")
    connector = procrastinate.PsycopgConnector(
        conninfo=url.render_as_string(hide_password=False), min_size=1, max_size=6, timeout=_PATIENCE_S
    )
    queue = procrastinate.App(connector=connector)

    @queue.task(name=PULL, queue="sync")
    def pull(run_id: int) -> None:
        try:
            with _host_to_ourselves(work, run_id):
                execute_run(
                    work.engine,
                    run_id,
                    connections=work.connections,
                    clock=work.clock,
                    progress=work.progress,
                    opener=work.opener,
                )
            if stopping.is_set() and work.puts_back:
                put_back(work.engine, run_id)
            with suppress(exceptions.AlreadyEnqueued):
                consolidation_task(queue).defer()
        except Interrupted:  # while another process has the host; the run waits on, for another worker
            return
        except DATABASE_AWAY as error:  # a run that is not over gets a new job
            log.warning("a job was interrupted", extra={"run": run_id, "why": failures.in_words(error)})
        except Exception as error:
            told = {"run": run_id, "why": failures.in_words(error)}
            log.error("a job failed", extra=told, exc_info=not failures.is_expected(error))  # noqa: TRY400  (as below)
            raise

    @queue.task(name=CONSOLIDATE, queue="sync")
    def consolidate_now() -> None:
        try:
            work.problems.extend(consolidate_today(work.engine, work.clock()))
        except Exception as error:
            said = f"the status could not be computed: {failures.in_words(error)}"
            work.problems.append(said)
            log.error(said, exc_info=not failures.is_expected(error))  # noqa: TRY400  (a traceback only for a fault)

    return queue


def consolidate_today(engine: Engine, now: datetime) -> list[str]:
    """Consolidate as of today in the portfolio's time zone; without a portfolio there is nothing to do.

    Returns which projects could not be computed, in words.
    """
    with engine.connect() as connection:
        zone = connection.scalar(text("SELECT timezone FROM portfolio ORDER BY id LIMIT 1"))
    if zone is None:
        return []
    done = consolidate(engine, as_of=now.astimezone(ZoneInfo(zone)).date(), known_at=now)
    for each in dict.fromkeys(done.warnings):
        log.warning("consolidation: %s", each)
    return done.failed


@contextmanager
def _host_to_ourselves(work: Work, run_id: int) -> Iterator[None]:
    """Hold the host's lock in a database session of its own: it goes when this process goes.

    The queue's lock already keeps two workers off one host; this one also holds when a worker is
    taken for dead that was only slow.

    Raises:
        Interrupted: The worker is told to stop while somebody else has the host.
    """
    with work.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        host = connection.scalar(
            text("SELECT source.host FROM run JOIN source ON source.id = run.source_id WHERE run.id = :run"),
            {"run": run_id},
        )
        number = int.from_bytes(hashlib.sha256(str(host).encode()).digest()[:8], "big", signed=True)
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}):
            check_stopping()
            if work.stopped.wait(_WAIT_S):
                raise Interrupted
        try:
            yield
        finally:
            with suppress(DBAPIError):  # the session is gone, and the lock with it
                if not connection.invalidated:
                    connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})


def pull_task(queue: procrastinate.App, host: str) -> procrastinate.jobs.JobDeferrer:
    """Return what puts a run of a source on this host into the queue, behind the host's other runs."""
    return queue.configure_task(PULL, lock=f"host:{host}")


def consolidation_task(queue: procrastinate.App) -> procrastinate.jobs.JobDeferrer:
    """Return what puts a consolidation into the queue; raises AlreadyEnqueued when one waits there."""
    return queue.configure_task(CONSOLIDATE, lock=CONSOLIDATE, queueing_lock=CONSOLIDATE)


def waiting_runs(engine: Engine) -> list[tuple[int, str]]:
    """Return (run, host) of the runs that are not over and have no job.

    Those just written down, and those whose process or database went away.
    """
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT run.id, source.host FROM run JOIN source ON source.id = run.source_id"
                " WHERE state IN ('queued', 'running') AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs job"
                " WHERE job.task_name = 'pull' AND job.status IN ('todo', 'doing')"
                " AND (job.args ->> 'run_id')::bigint = run.id) ORDER BY run.id"
            )
        )
        return [(int(run_id), str(host)) for run_id, host in rows]


def take_over(engine: Engine, stalled_s: float) -> list[int]:
    """Give the jobs of workers silent for so long back to the queue; returns the jobs.

    One statement, so that of several nodes that notice only one does it, and never for a job that
    somebody else has taken up meanwhile. A job that waits in the queue again already is not put there
    twice (the queueing lock would refuse it, and with it all others).
    """
    with unit_of_work(engine) as connection:
        return list(
            connection.scalars(
                text(
                    "WITH silent AS (SELECT job.id, EXISTS (SELECT 1 FROM procrastinate_jobs AS twin"
                    " WHERE twin.queueing_lock = job.queueing_lock AND twin.status = 'todo') AS again"
                    " FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker"
                    " ON worker.id = job.worker_id WHERE job.status = 'doing' AND (worker.id IS NULL"
                    " OR worker.last_heartbeat < now() - make_interval(secs => :silent))"
                    " FOR UPDATE OF job SKIP LOCKED)"
                    " UPDATE procrastinate_jobs AS job SET attempts = attempts + 1, scheduled_at = NULL,"
                    " status = CASE WHEN again THEN 'failed' ELSE 'todo' END::procrastinate_job_status"
                    " FROM silent WHERE silent.id = job.id RETURNING job.id"
                ),
                {"silent": stalled_s},
            )
        )


def runs_under_way(engine: Engine, run_ids: Sequence[int] | None = None) -> bool:
    """Whether any run (of these) is queued or running, or a consolidation is to come."""
    with engine.connect() as connection:
        return bool(
            connection.scalar(
                text(
                    "SELECT EXISTS (SELECT 1 FROM run WHERE state IN ('queued', 'running')"
                    " AND (CAST(:runs AS bigint[]) IS NULL OR id = ANY(:runs)))"
                    # A pull's job outlives its run by the moment in which it queues the consolidation.
                    " OR EXISTS (SELECT 1 FROM procrastinate_jobs AS job WHERE job.status IN ('todo', 'doing')"
                    " AND (job.task_name = 'consolidate' OR job.task_name = 'pull' AND"
                    " (CAST(:runs AS bigint[]) IS NULL OR (job.args ->> 'run_id')::bigint = ANY(:runs))))"
                ),
                {"runs": None if run_ids is None else list(run_ids)},
            )
        )
