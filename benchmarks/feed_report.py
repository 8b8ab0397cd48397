"""What the feed's measurement says: beside the faster of CAP's SQLites, then every one of them by itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.common import Measured, median, spread, table

Found = dict[str, list[Measured]]
OURS: Final = "Muster"
_WAYS: Final = ("new", "again")
# How many times as quick as CAP: pages and groups, whole extractions. Counting has no aim of its own.
_AIM: Final = 10.0
_AIM_EXTRACTED: Final = 3.0
_WITHOUT: Final = "`/$count` with a filter"


@dataclass(frozen=True, slots=True)
class Sides:
    """What was found: of ours, and of each peer by its name; answers first, extractions second."""

    ours: tuple[Found, Found]
    theirs: dict[str, tuple[Found, Found]]

    def fastest(self, asked: str, part: int, figure: str) -> tuple[str, list[Measured]]:
        """Return the SQLite that CAP is fastest with."""
        names = [name for name in self.theirs if "SQLite" in name]
        name = min(names, key=lambda each: median(self.theirs[each][part][asked], figure))
        return name, self.theirs[name][part][asked]


def report(sides: Sides, asked: Iterable[str], pages: Sequence[int]) -> str:
    """Return the tables in Markdown."""
    answers = [_against(sides, one, way) for one in asked for way in _WAYS]
    taken = [_taken(sides, page, way) for page in pages for way in (*_WAYS, "new, gzip", "again, gzip")]
    every = [
        (name, *_of(key), *_figures(rounds))
        for name, (found, _) in {OURS: sides.ours, **sides.theirs}.items()
        for key, rounds in found.items()
    ]
    whole = [
        (name, *_of(key), *_extracted(rounds))
        for name, (_, found) in {OURS: sides.ours, **sides.theirs}.items()
        for key, rounds in found.items()
    ]
    return "\n\n".join((
        table(("asked", "of ours", "our p50 ms", "our p99 ms", "CAP with", "its p50 ms", "its p99 ms",
               "its p50 ÷ ours", "aim", "its processor time ÷ ours", "our p99 below its p50"), answers),
        table(("all rows, a page", "of ours", "our seconds", "CAP with", "its seconds", "its seconds ÷ ours", "aim",
               "its processor time ÷ ours"), taken),
        "Each by itself:",
        table(("server", "asked", "way", "p50 ms", "p99 ms", "requests/s", "processor ms a request"), every),
        table(("server", "all rows, a page", "way", "seconds", "processor s", "pages", "MB"), whole),
    ))  # fmt: skip


def _of(key: str) -> tuple[str, str]:
    asked, _, way = key.partition("|")
    return asked, way


def _against(sides: Sides, asked: str, way: str) -> tuple[Any, ...]:
    mine = sides.ours[0][f"{asked}|{way}"]
    name, its = sides.fastest(f"{asked}|new", 0, "p50")
    aim = "" if asked == _WITHOUT else _reached(its, mine, "p50", _AIM)
    return (
        asked, way, spread(mine, "p50"), spread(mine, "p99"), name.removeprefix("CAP, "), spread(its, "p50"),
        spread(its, "p99"), _ratio(its, mine, "p50"), aim, _ratio(its, mine, "cpu_ms"),
        "met" if median(mine, "p99") < median(its, "p50") else "missed",
    )  # fmt: skip


def _taken(sides: Sides, page: int, way: str) -> tuple[Any, ...]:
    mine = sides.ours[1][f"{page}|{way}"]
    name, its = sides.fastest(f"{page}|new", 1, "seconds")
    return (
        f"{page:,}", way, spread(mine, "seconds"), name.removeprefix("CAP, "), spread(its, "seconds"),
        _ratio(its, mine, "seconds"), _reached(its, mine, "seconds", _AIM_EXTRACTED), _ratio(its, mine, "cpu_s"),
    )  # fmt: skip


def _reached(its: list[Measured], mine: list[Measured], figure: str, aim: float) -> str:
    """Say whether ours is so many times as quick."""
    met = median(its, figure) >= aim * median(mine, figure)
    return f"{aim:g} ×: {'met' if met else 'missed'}"


def _ratio(its: list[Measured], mine: list[Measured], figure: str) -> str:
    ours = median(mine, figure)  # the system counts hundredths of a second: of very little it has none
    return f"{median(its, figure) / ours:.1f}" if ours else ""


def _figures(rounds: list[Measured]) -> tuple[str, ...]:
    return (
        spread(rounds, "p50"), spread(rounds, "p99"), f"{median(rounds, 'rate'):,.0f}",
        f"{median(rounds, 'cpu_ms'):.2f}",
    )  # fmt: skip


def _extracted(rounds: list[Measured]) -> tuple[str, ...]:
    return (
        spread(rounds, "seconds"), f"{median(rounds, 'cpu_s'):.2f}", f"{rounds[0]['pages']:,}",
        f"{rounds[0]['bytes'] / 1e6:.1f}",
    )  # fmt: skip
