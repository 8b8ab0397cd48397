"""What processes hold in memory together, watched from outside."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

SAMPLE_S: Final = 0.05


class Memory(threading.Thread):
    """Watches what processes and all they start hold together, every 50 ms.

    Memory shared between processes (forked workers, libraries) is counted once: Linux's proportional
    set size. Where there is none, resident sets are added.
    """

    def __init__(self, roots: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._roots = [psutil.Process(pid) for pid in roots]
        self._over = threading.Event()
        self.held: list[int] = []  # bytes at each look, in order of time
        self.processes = 0

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(SAMPLE_S):
            alive = self._alive()
            self.held.append(sum(_held(one) for one in alive))
            self.processes = max(self.processes, len(alive))

    @property
    def peak_mb(self) -> float:
        """The most seen, in MB (10⁶ bytes)."""
        return max(self.held, default=0) / 1e6

    def by_quarter(self) -> list[float]:
        """Return the most seen in each quarter of the time, in MB."""
        size = max(1, -(-len(self.held) // 4))
        return [max(self.held[start : start + size]) / 1e6 for start in range(0, len(self.held), size)]

    def stop(self) -> None:
        """End the watch."""
        self._over.set()
        self.join()

    def _alive(self) -> list[psutil.Process]:
        found: dict[int, psutil.Process] = {}
        for root in self._roots:
            with suppress(psutil.NoSuchProcess):
                found |= {one.pid: one for one in (root, *root.children(recursive=True))}
        return list(found.values())


def _held(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except FileNotFoundError:
        with suppress(psutil.NoSuchProcess):
            return int(process.memory_info().rss)
    except (ProcessLookupError, PermissionError):  # ended between the two looks
        pass
    return 0
