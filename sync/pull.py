"""Pull the streams of a source side by side: pages in order inside a slice, one transaction a page."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

from connectors.base import Page, Slice, Stream, Surveying
from connectors.errors import BudgetSpent, ConnectorError, SliceUnreadable
from connectors.stopping import check_stopping
from sync.land import Landing, Prepared
from sync.prepare import Contents, UnreadablePage, unprepared
from sync.prepare_pool import FEW_BYTES, Preparing
from sync.progress import Progress
from sync.quarantine import SLICE, Unreadable
from sync.store import landing_session

_TICK = 0.2  # seconds between looks at whether to stop

Cursors = Mapping[str, dict[str, Any]]  # slice -> position to go on from


class _Stopped(Exception):
    """Another slice failed for good; this one is not read on."""


def pull_streams(
    landing: Landing,
    streams: Sequence[tuple[Stream, Cursors]],
    *,
    connections: int,
    progress: Progress,
    source: str,
    halt: Callable[[], None],
) -> list[str]:
    """Fetch and land all slices of all streams, those of the first streams first.

    Pages are fetched in threads, prepared beside in processes, and stored by the calling thread, so that
    all three work at once. What waits is bounded: `connections` pages ready to be stored, and for each thread
    those in its hands. Once one fails for good, `halt` lets the others ask for nothing more, nor wait.

    Returns:
        What could not be read, a sentence a slice; the other slices have landed.

    Raises:
        ConnectorError: The source cannot be read on. What was landed stays.
        Interrupted: The process is asked to stop; the page in hand was landed.
    """
    with ExitStack() as stack:
        reading = [
            _Reading(
                stream,
                cursors,
                stack.enter_context(closing(_preparing(landing, stream))),
            )
            for stream, cursors in streams
        ]
        fetching = _Fetching(source, progress, landing, halt, room=connections)
        session = stack.enter_context(landing_session(landing.engine))
        pages = stack.enter_context(closing(fetching.pages(reading, connections)))
        for prepared in pages:
            landing.store(session, prepared)
            page = prepared.page
            progress.page(source, page.stream, page.slice, prepared.batch.records)
            check_stopping()
    if fetching.spent is not None:
        raise fetching.spent
    return fetching.problems


def _preparing(landing: Landing, stream: Stream) -> Preparing:
    return Preparing(landing.source_id, stream.read, landing.mappings[stream.name], alone=FEW_BYTES)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One stream, where to go on in it, and where its pages are prepared."""

    stream: Stream
    cursors: Cursors
    preparing: Preparing


class _Fetching:
    """The fetching threads of a run and the queue their pages wait in."""

    def __init__(
        self, source: str, progress: Progress, landing: Landing, halt: Callable[[], None], *, room: int
    ) -> None:
        self.source = source
        self.progress = progress
        self.landing = landing
        self._halt = halt
        self.problems: list[str] = []
        self.spent: BudgetSpent | None = None
        self._ready: queue.Queue[Prepared | BaseException | None] = queue.Queue(maxsize=room)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._left = 0  # streams to be listed and slices to be read that are not done yet

    def pages(self, streams: Sequence[_Reading], connections: int) -> Generator[Prepared]:
        """Yield pages as they come, those of one slice in order; raise what a thread raised."""
        processes = max((each.preparing.processes for each in streams), default=0)
        with (
            ThreadPoolExecutor(max_workers=connections) as threads,
            ThreadPoolExecutor(max_workers=max(1, processes)) as preparers,
        ):
            try:
                for each in streams:
                    self._submit(threads, self._list, each, threads, preparers)
                yield from self._handed_over()
            except BaseException:  # the others would wait out their pauses and repeat their failures first
                self._halt()
                for each in streams:
                    each.preparing.halt()
                raise
            finally:
                self._stop.set()
                threads.shutdown(wait=True, cancel_futures=True)
                preparers.shutdown(wait=True, cancel_futures=True)

    def _handed_over(self) -> Generator[Prepared]:
        while self._left:
            item = self._ready.get()
            if item is None:
                with self._lock:
                    self._left -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item

    def _submit(self, threads: Executor, work: Callable[..., None], *arguments: Any) -> None:
        with self._lock:
            self._left += 1
        threads.submit(self._guarded, work, *arguments)

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do one piece of work in a thread; whatever becomes of it is told to the storing one."""
        try:
            if not self._stop.is_set():
                work(*arguments)
            self._put(None)
        except _Stopped:
            return
        except SliceUnreadable as error:
            self.problems.append(str(error))
            self._put_last(None)
        except BudgetSpent as error:  # nothing more is asked; what the other threads have in hand still lands
            self.spent = error
            self._put_last(None)
        except BaseException as error:  # noqa: BLE001  (handed to the storing thread, which raises it)
            self._put_last(error)

    def _list(self, reading: _Reading, threads: Executor, preparers: Executor) -> None:
        stream = reading.stream
        try:
            slices = stream.slices()
            if isinstance(stream, Surveying):
                stream.survey(reading.cursors)
        except SliceUnreadable as error:
            self._keep(stream, "", stream.name, error)
            raise
        self.landing.slices[stream.name] = slices
        self.progress.stream(self.source, stream.name, slices)
        # Pages of one slice that are prepared side by side: as many as keep the processes busy.
        ahead = -(-2 * reading.preparing.processes // max(1, len(slices)))
        for slice_ in slices:
            if not self._stop.is_set():
                self._submit(threads, self._read, reading, slice_, preparers, ahead)

    def _read(self, reading: _Reading, slice_: Slice, preparers: Executor, ahead: int) -> None:
        try:
            with closing(self._prepared(reading, slice_, preparers, ahead)) as pages:
                for prepared in pages:
                    self._put(prepared)
                    check_stopping()
        except SliceUnreadable as error:
            self._keep(reading.stream, slice_.name, slice_.label, error)
            raise

    def _keep(self, stream: Stream, slice_: str, label: str, error: SliceUnreadable) -> None:
        """Note what could not be read: it is shown with its reason, and asked for again by the next run."""
        reason = error.message.removeprefix(f"{error.slice}: ")  # it is shown beside its label
        self.landing.unreadable.append(Unreadable(SLICE, stream.name, slice_, label, reason))

    def _prepared(
        self, reading: _Reading, slice_: Slice, preparers: Executor, ahead: int
    ) -> Generator[Prepared]:
        """Yield a slice's pages in order, those after the one in hand already being prepared."""
        under_way: deque[tuple[Page, Future[Contents]]] = deque()
        try:
            for page in reading.stream.pull(slice_, reading.cursors.get(slice_.name)):
                under_way.append((page, preparers.submit(reading.preparing.prepare, page.parts)))
                if len(under_way) > ahead:
                    yield self._finished(reading.stream, slice_, *under_way.popleft())
            while under_way:
                yield self._finished(reading.stream, slice_, *under_way.popleft())
        except ConnectorError:
            # What came before the answer that cannot be read is good, and stays.
            while under_way:
                yield self._finished(reading.stream, slice_, *under_way.popleft())
            raise
        finally:
            for _, future in under_way:
                future.cancel()

    def _finished(self, stream: Stream, slice_: Slice, page: Page, future: Future[Contents]) -> Prepared:
        kept = replace(page, parts=())  # what is packed need not wait unpacked, too
        try:
            return Prepared(stream, kept, future.result())
        except UnreadablePage as error:
            self.problems.append(str(SliceUnreadable(str(error), source=self.source, slice_=slice_.label)))
            return Prepared(stream, kept, unprepared(stream.entity, page.parts), str(error))

    def _put(self, item: Prepared | BaseException | None) -> None:
        """Wait for room in the queue; give up when the run was stopped meanwhile."""
        while not self._stop.is_set():
            try:
                self._ready.put(item, timeout=_TICK)
            except queue.Full:
                continue
            return
        raise _Stopped

    def _put_last(self, item: BaseException | None) -> None:
        try:
            self._put(item)
        except _Stopped:
            return
