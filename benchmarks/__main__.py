"""`python -m benchmarks [NAME…]`: measure, and print a report in Markdown.

Names: peers (install other programs beside Muster), ingest (floor, peers, where the time goes), compare
(the peers alone), million (one large load), workbook, workbooks (500 sent out and taken back), templates,
api, board (as a browser draws it, and for 50 readers), heads (each page for heads just after a change), feed (the
OData feed against SAP CAP), files (a million rows as Parquet and kin against COPY), consolidate (10,000 projects with
a million work items).
Without a name: ingest, workbook and api.
"""

import argparse
import importlib
import signal
import sys
from typing import Final

from benchmarks.common import machine

MODULES: Final = {
    "peers": "benchmarks.peers.environments",
    "ingest": "benchmarks.ingest",
    "compare": "benchmarks.peers.compare",
    "million": "benchmarks.million",
    "workbook": "benchmarks.workbook",
    "workbooks": "benchmarks.workbooks_out",
    "templates": "benchmarks.templates",
    "api": "benchmarks.api",
    "board": "benchmarks.board",
    "heads": "benchmarks.heads",
    "feed": "benchmarks.feed",
    "files": "benchmarks.files",
    "consolidate": "benchmarks.consolidate",
}
BY_DEFAULT: Final = ("ingest", "workbook", "api")


def main() -> None:
    """Run the benchmarks named, or those that a report has by default."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODULES)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it run at all")
    parser.add_argument("--rounds", type=int, help="how often each is measured; 3, or 1 with --quick")
    parser.add_argument("--issues", type=int, help="of ingest, compare and million: how many")
    parser.add_argument("--projects", help="of consolidate: the sizes, with commas: 1000,3000")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(MODULES)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(MODULES)}")
    # Told to end, it ends what it started: servers, sandboxes, programs under measurement.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rounds = given.rounds or (1 if given.quick else 3)
    print(machine())
    for name in given.names or BY_DEFAULT:
        size = {"issues": given.issues} if given.issues and name in {"ingest", "compare", "million"} else {}
        size |= {"projects": given.projects} if given.projects and name == "consolidate" else {}
        module = importlib.import_module(MODULES[name])
        print(f"\n{module.run(quick=given.quick, rounds=rounds, **size)}", flush=True)


if __name__ == "__main__":
    main()
