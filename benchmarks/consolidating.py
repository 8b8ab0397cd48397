"""One consolidation in a process of its own: `python -m benchmarks.consolidating URL DAY INSTANT`."""

import json
import resource
import sys
import time
from datetime import date, datetime

from config.database import open_engine
from sync.collection.templates import shipped_versions
from sync.consolidate import consolidate


def main() -> None:
    """Consolidate, and print seconds, counts and the most memory held."""
    url, day, instant = sys.argv[1:4]
    engine = open_engine(url)
    for each in shipped_versions():  # a worker has the templates read before its second consolidation
        each.loaded()
    begin = time.perf_counter()
    done = consolidate(engine, as_of=date.fromisoformat(day), known_at=datetime.fromisoformat(instant))
    seconds = time.perf_counter() - begin
    engine.dispose()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "projects": done.projects,
                "computed": done.computed,
                "snapshots": done.snapshots,
                "cpu_s": time.process_time(),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
            }
        )
    )


if __name__ == "__main__":
    main()
