"""A worker: takes jobs from the queue until told to stop, and takes over those of workers that died."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

import procrastinate
from procrastinate import exceptions

from sync.jobs import Work, consolidation_task, open_queue, pull_task, waiting_runs

log = logging.getLogger(__name__)

IN_STEP = 4  # sources pulled side by side by one worker


class Worker:
    """One worker. `run` returns when `stop` was called, from any thread, or when `until` says so."""

    def __init__(
        self, work: Work, *, heartbeat_s: float = 10.0, stalled_s: float = 30.0, in_step: int = IN_STEP
    ) -> None:
        self.work = work
        self.heartbeat_s = heartbeat_s
        self.stalled_s = stalled_s
        self.in_step = in_step
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish the jobs in hand, then return from `run`."""
        self._stop.set()

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Work. `until` is asked about four times a second and ends the work when true."""
        asyncio.run(self._run(until or (lambda: False)))

    async def _run(self, until: Callable[[], bool]) -> None:
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
            try:
                # A look now and then, not an event: `stop` may be called from another thread.
                while not working.done() and not self._stop.is_set() and not await asyncio.to_thread(until):  # noqa: ASYNC110
                    await asyncio.sleep(0.25)
            finally:
                reaping.cancel()
                working.cancel()
                await asyncio.gather(working, reaping, return_exceptions=True)

    async def _reap(self, queue: procrastinate.App) -> None:
        """Give the jobs of silent workers back to the queue, and lost runs a new job."""
        while True:
            try:
                for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=self.stalled_s):
                    log.warning("taking over a job of a worker that went silent", extra={"job": job.id})
                    await queue.job_manager.retry_job(job)
                await self._queue_waiting(queue)
            except Exception:  # the database may be away for a moment; the next round tries again
                log.exception("reaping failed")
            await asyncio.sleep(self.heartbeat_s)

    async def _queue_waiting(self, queue: procrastinate.App) -> None:
        for run_id, host in await asyncio.to_thread(waiting_runs, self.work.engine):
            await pull_task(queue, host).defer_async(run_id=run_id)
