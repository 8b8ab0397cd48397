"""Pull one stream: slices side by side, pages in order inside a slice, one transaction a page."""

import queue
import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

from connectors.base import Page, Slice, Stream
from connectors.errors import ConnectorError, SliceUnreadable
from connectors.stopping import check_stopping
from sync.land import Landing, Prepared
from sync.prepare import Contents, UnreadablePage
from sync.preparing import Preparing
from sync.progress import Progress
from sync.store import landing_session

_TICK = 0.2  # seconds between looks at whether to stop


class _Stopped(Exception):
    """Another slice failed for good; this one is not read on."""


def pull_stream(
    landing: Landing,
    stream: Stream,
    cursors: Mapping[str, dict[str, Any]],
    *,
    connections: int,
    progress: Progress,
    source: str,
) -> list[str]:
    """Fetch and land all slices of a stream.

    Pages are fetched in threads, prepared beside in processes, and stored by the calling thread, so that
    all three work at once; at most `connections` wait.

    Returns:
        What could not be read, a sentence a slice; the other slices have landed.

    Raises:
        ConnectorError: The source cannot be read on. What was landed stays.
        Interrupted: The process is asked to stop; the page in hand was landed.
    """
    try:
        slices = stream.slices()
    except SliceUnreadable as error:
        return [str(error)]
    progress.stream(source, stream.name, slices)
    preparing = Preparing(landing.source_id, stream.read, landing.mappings[stream.name])
    fetching = _Fetching(stream, preparing, cursors, source=source, room=connections)
    with (
        closing(preparing),
        landing_session(landing.engine) as session,
        closing(fetching.pages(slices, connections)) as pages,
    ):
        for prepared in pages:
            landing.store(session, prepared)
            progress.page(source, stream.name, prepared.page.slice, prepared.batch.records)
            check_stopping()
    return fetching.problems


class _Fetching:
    """The fetching threads of one stream and the queue their pages wait in."""

    def __init__(
        self,
        stream: Stream,
        preparing: Preparing,
        cursors: Mapping[str, dict[str, Any]],
        *,
        source: str,
        room: int,
    ) -> None:
        self.stream = stream
        self.preparing = preparing
        self.cursors = cursors
        self.source = source
        self.problems: list[str] = []
        self._ready: queue.Queue[Prepared | BaseException | None] = queue.Queue(maxsize=room)
        self._stop = threading.Event()

    def pages(self, slices: Sequence[Slice], connections: int) -> Generator[Prepared]:
        """Yield pages as they come, those of one slice in order; raise what a thread raised."""
        side = max(1, min(connections, len(slices)))
        # Pages of one slice that are prepared side by side: as many as keep the processes busy.
        self._ahead = -(-2 * self.preparing.processes // side)
        with (
            ThreadPoolExecutor(max_workers=side) as threads,
            ThreadPoolExecutor(max_workers=max(1, self.preparing.processes)) as preparers,
        ):
            try:
                for slice_ in slices:
                    threads.submit(self._read, slice_, preparers)
                left = len(slices)
                while left:
                    item = self._ready.get()
                    if item is None:
                        left -= 1
                    elif isinstance(item, BaseException):
                        raise item
                    else:
                        yield item
            finally:
                self._stop.set()
                threads.shutdown(wait=True, cancel_futures=True)
                preparers.shutdown(wait=True, cancel_futures=True)

    def _read(self, slice_: Slice, preparers: Executor) -> None:
        try:
            with closing(self._prepared(slice_, preparers)) as pages:
                for prepared in pages:
                    self._put(prepared)
                    check_stopping()
            self._put(None)
        except _Stopped:
            return
        except SliceUnreadable as error:
            self.problems.append(str(error))
            self._put(None)
        except BaseException as error:  # noqa: BLE001  (handed to the storing thread, which raises it)
            self._put(error)

    def _prepared(self, slice_: Slice, preparers: Executor) -> Generator[Prepared]:
        """Yield a slice's pages in order, those after the one in hand already being prepared."""
        under_way: deque[tuple[Page, Future[Contents]]] = deque()
        try:
            for page in self.stream.pull(slice_, self.cursors.get(slice_.name)):
                under_way.append((page, preparers.submit(self.preparing.prepare, page.parts)))
                if len(under_way) > self._ahead:
                    yield self._finished(slice_, *under_way.popleft())
            while under_way:
                yield self._finished(slice_, *under_way.popleft())
        except ConnectorError:
            # What came before the answer that cannot be read is good, and stays.
            while under_way:
                yield self._finished(slice_, *under_way.popleft())
            raise
        finally:
            for _, future in under_way:
                future.cancel()

    def _finished(self, slice_: Slice, page: Page, future: Future[Contents]) -> Prepared:
        try:
            return Prepared(self.stream, page, future.result())
        except UnreadablePage as error:
            raise SliceUnreadable(str(error), source=self.source, slice_=slice_.label) from error

    def _put(self, item: Prepared | BaseException | None) -> None:
        """Wait for room in the queue; give up when the stream was stopped meanwhile."""
        while not self._stop.is_set():
            try:
                self._ready.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return
        raise _Stopped
