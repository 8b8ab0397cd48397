"""How a process that pulls is tuned. Measured by `benchmarks/ingest.py`; see docs/benchmarks.md."""

import gc
import sys
from typing import Final

# A page of a tracker is a hundred thousand small dicts that all die together. With Python's own figures the
# cycle collector walks them again and again: a quarter of a pull's processor time.
GC_THRESHOLD: Final = (200_000, 20, 100)
# Seconds a thread may keep the interpreter while another waits. The storing thread asks for it a dozen times a
# page; with the usual 5 ms a run takes about a tenth longer.
SWITCH_INTERVAL_S: Final = 0.0005


def tune() -> None:
    """Tune this process; call it once, when everything is imported."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
