"""The memory of this process. Apart from the rest so that a lean process stays lean."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """Return the most memory this process ever held, in MB (10⁶ bytes).

    Linux hands a process's `ru_maxrss` on to what it starts, so its own high-water mark is read there.
    """
    lines = STATUS.read_text().splitlines() if STATUS.exists() else []
    mark = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    if mark:
        return int(mark[0]) * 1024 / 1e6
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 1e6 if sys.platform == "darwin" else held * 1024 / 1e6
