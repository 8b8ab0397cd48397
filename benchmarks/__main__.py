"""`python -m benchmarks [NAME…] [--quick]`: measure, and print a report in Markdown."""

import argparse
import importlib

from benchmarks.common import machine

NAMES = ("ingest", "api")


def main() -> None:
    """Run the benchmarks named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all if none")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it run at all")
    parser.add_argument("--rounds", type=int, help="how often each is measured; 3, or 1 with --quick")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(NAMES)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    rounds = given.rounds or (1 if given.quick else 3)
    print(machine())
    for name in given.names or NAMES:
        print(
            f"\n{importlib.import_module(f'benchmarks.{name}').run(quick=given.quick, rounds=rounds)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
