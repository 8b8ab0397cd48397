"""The clock: which slots are due, and a tick that writes each one down exactly once.

A slot is the time the cron expression names, before jitter. A run is unique on (source, slot), so
however many nodes tick, each slot runs once; the newest slot missed while all was off runs at start.
"""

import logging
from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from sync.registry import utc_now
from sync.run import start_run
from sync.slots import newest_slot

log = logging.getLogger(__name__)

CYCLES_EVERY = "*/10"  # minutes: cycles open and people are reminded to the day, not to the second
JITTER_S = 20  # seconds; nodes that tick together would only meet at the same row


def write_due_slots(engine: Engine, now: datetime) -> list[int]:
    """Write a run down for each enabled source whose newest due slot has none yet; returns the runs."""
    with engine.connect() as connection:
        zone = connection.scalar(text("SELECT timezone FROM portfolio ORDER BY id LIMIT 1"))
        rows = connection.execute(
            text(
                "SELECT name, schedule, coalesce((SELECT max(slot) FROM run WHERE source_id = source.id),"
                " updated_at) FROM source WHERE enabled AND schedule IS NOT NULL ORDER BY position"
            )
        ).all()
    written = []
    for name, schedule, after in rows:
        slot = newest_slot(schedule, zone or "UTC", after=after, now=now)
        if slot is not None and (run := start_run(engine, name, full=False, now=now, slot=slot)) is not None:
            log.info("slot due", extra={"source": name, "slot": slot.isoformat(), "run": run})
            written.append(run)
    return written


def keep_cycles(engine: Engine, now: datetime) -> None:
    """Let collection do what its calendars ask for; what goes wrong there stops nothing else."""
    from sync.collection.ladder import tick  # brings CEL and protobuf, which writing slots has no use for

    try:
        done = tick(engine, now)
    except DBAPIError as error:  # the next tick does what this one could not
        log.warning("collection waits for the database: %s", type(error).__name__)
        return
    for said in done.warnings:
        log.warning("collection: %s", said)
    _send_workbooks(engine, now)
    if done.opened or done.closed or done.told:
        log.info("collection", extra={"opened": done.opened, "closed": done.closed, "told": done.told})


def _send_workbooks(engine: Engine, now: datetime) -> None:
    from sync.workbook.outgoing import send_due  # brings what reads and writes workbooks

    try:
        sent, failed = send_due(engine, now)
    except DBAPIError as error:
        log.warning("workbooks wait for the database: %s", type(error).__name__)
        return
    for said in failed:
        log.warning("workbooks: %s", said)
    if sent:
        log.info("workbooks sent", extra={"sent": sent})


def start_clock(engine: Engine) -> BackgroundScheduler:
    """Start this node's clock; workers find the runs it writes down. Stop it with `.shutdown()`."""
    clock = BackgroundScheduler(timezone="UTC")
    clock.add_job(
        lambda: write_due_slots(engine, utc_now()),
        CronTrigger(minute="*", jitter=JITTER_S, timezone="UTC"),
        name="write due slots",
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
        next_run_time=utc_now(),
    )
    clock.add_job(
        lambda: keep_cycles(engine, utc_now()),
        CronTrigger(minute=CYCLES_EVERY, jitter=JITTER_S, timezone="UTC"),
        name="keep cycles",
        coalesce=True,
        misfire_grace_time=None,
        max_instances=1,
        next_run_time=utc_now(),
    )
    clock.start()
    return clock
