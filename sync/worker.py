"""A worker: takes jobs from the queue until told to stop, and takes over those of workers that died."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

import procrastinate
from procrastinate import exceptions

from config.settings import settings
from sync.failures import in_words
from sync.jobs import DATABASE_AWAY, Work, consolidation_task, open_queue, pull_task, take_over, waiting_runs

log = logging.getLogger(__name__)

IN_STEP = 4  # sources pulled side by side by one worker
_LOOK_S: Final = 0.25
_BLIP_S: Final = 60.0  # two failures within this are more than a blip


class Worker:
    """One worker. `run` returns when `stop` was called, from any thread, or when `until` says so."""

    def __init__(
        self,
        work: Work,
        *,
        heartbeat_s: float | None = None,
        stalled_s: float | None = None,
        in_step: int = IN_STEP,
    ) -> None:
        """Set a worker up.

        Args:
            work: What its jobs need.
            heartbeat_s: Seconds between its signs of life; None takes the environment's.
            stalled_s: Seconds of silence after which it takes other workers' jobs over; None likewise.
            in_step: How many sources it pulls side by side.
        """
        self._stop = threading.Event()
        self.work = replace(work, stopped=self._stop)
        self.heartbeat_s = settings().worker_heartbeat_s if heartbeat_s is None else heartbeat_s
        self.stalled_s = settings().worker_stalled_s if stalled_s is None else stalled_s
        self.in_step = in_step

    def stop(self) -> None:
        """Finish the jobs in hand, then return from `run`."""
        self._stop.set()

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Work. `until` is asked about four times a second and ends the work when true.

        Without `until` a database that goes away is waited for; with it somebody waits for us, so it is
        tried once more only.

        Raises:
            DBAPIError, psycopg.Error, ConnectorException: The database is gone, and `until` was given.
        """
        asyncio.run(self._run(until))

    async def _run(self, until: Callable[[], bool] | None) -> None:
        failed_at = float("-inf")
        while not self._stop.is_set():
            try:
                if await self._work(until or (lambda: False)):
                    return
            except DATABASE_AWAY as error:
                if until is not None and time.monotonic() - failed_at < _BLIP_S:
                    raise
                failed_at = time.monotonic()
                log.warning("the queue is out of reach; trying again", extra={"why": in_words(error)})
            await asyncio.sleep(min(self.heartbeat_s, 1.0))

    async def _work(self, until: Callable[[], bool]) -> bool:
        """Work until told to stop; False when the queue's own connections were lost."""
        queue = open_queue(self.work)
        async with queue.open_async():
            await self._queue_waiting(queue)
            with suppress(exceptions.AlreadyEnqueued):  # what an earlier worker did not come to
                await consolidation_task(queue).defer_async()
            working = asyncio.create_task(
                queue.run_worker_async(
                    concurrency=self.in_step,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=self.heartbeat_s,
                    stalled_worker_timeout=self.stalled_s,
                    delete_jobs="successful",
                )
            )
            reaping = asyncio.create_task(self._reap(queue))
            over = False
            try:
                while not over and not working.done() and not reaping.done():
                    # A look now and then, not an event: `stop` may be called from another thread.
                    await asyncio.sleep(_LOOK_S)
                    over = self._stop.is_set() or await asyncio.to_thread(until)
            finally:
                reaping.cancel()
                working.cancel()
                ended, reaped = await asyncio.gather(working, reaping, return_exceptions=True)
            if not over and isinstance(ended, Exception):
                raise ended
            if not over and isinstance(reaped, Exception):
                # Without it nobody would take over what a dead worker left: begin again rather than work on.
                log.error("looking after the queue failed; starting over", extra={"why": in_words(reaped)})
            elif not over:
                log.warning("the queue's connections were lost; opening them again")
            return over

    async def _reap(self, queue: procrastinate.App) -> None:
        """Give the jobs of silent workers back to the queue, and lost runs a new job."""
        while True:
            try:
                for job in await asyncio.to_thread(take_over, self.work.engine, self.stalled_s):
                    log.warning("taking over a job of a worker that went silent", extra={"job": job})
                await self._queue_waiting(queue)
            except DATABASE_AWAY as error:  # perhaps for a moment only; the next round tries again
                log.warning("the queue is out of reach; trying again", extra={"why": in_words(error)})
            await asyncio.sleep(self.heartbeat_s)

    async def _queue_waiting(self, queue: procrastinate.App) -> None:
        for run_id, host in await asyncio.to_thread(waiting_runs, self.work.engine):
            await pull_task(queue, host).defer_async(run_id=run_id)
