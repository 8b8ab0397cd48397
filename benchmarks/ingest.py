"""Ingest: 20,000 Jira issues with changelog, from the sandbox into a fresh embedded PostgreSQL.

Each measurement is a process of its own. Within a round the floor and the product take turns, so that a
ratio compares what ran side by side in time. Consolidation is not in the timing.
"""

import statistics
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.common import Measured, Server, child, cpu_s, embedded, median, spread, table
from benchmarks.peers import compare as peers
from tests.support.sandboxes import Sandbox, running

CONNECTIONS = 8
LATENCIES_MS = (0, 50)
LABELS = {
    "floor": "floor: the same pages, fetched and parsed",
    "product": "product: first run, everything stored",
    "incremental": "second run, incremental, nothing changed",
    "again": "second run, full, nothing changed",
}


class Ingest:
    """One sandbox, one server, and what was measured."""

    def __init__(self, box: Sandbox, server: Server) -> None:
        self.box = box
        self.server = server
        self.recorded = server.home / "requests.json"
        self.results: dict[tuple[str, int], list[Measured]] = {}
        self._databases = 0

    def record(self) -> Measured:
        """Let the product run once: what it asks is written down, and the sandbox has rendered its pages."""
        with self.server.database("recording") as database:
            return child("benchmarks.pulling", database, "--url", self.box.url, "--record", self.recorded)

    def floor(self) -> Measured:
        """Measure the floor."""
        return self._fetch("floor")

    def _fetch(self, strategy: str, projects: int = 0) -> Measured:
        before = self._sandbox_cpu()
        arguments = (strategy, self.box.url, self.recorded, CONNECTIONS, projects)
        found = child("benchmarks.fetching", *arguments)
        return found | {"sandbox_cpu_s": self._sandbox_cpu() - before, "postgres_cpu_s": 0.0}

    def _sandbox_cpu(self) -> float:
        return cpu_s(self.box.process.pid)

    def pull(self, database: str, *options: object) -> Measured:
        """Measure one run of the product."""
        others = ("--others", self.server.pid, self.box.process.pid)
        found = child("benchmarks.pulling", database, "--connections", CONNECTIONS, *options, *others)
        found["postgres_cpu_s"], found["sandbox_cpu_s"] = found.pop("others_cpu_s")
        return found

    def round(self, number: int) -> None:
        """Measure floor, product and second runs once at each latency."""
        for ms in LATENCIES_MS:
            self.box.control("latency", {"ms": ms})
            floor = self.floor()
            self._keep("floor", ms, floor)
            with self.server.database(f"round_{number}_{ms}") as database:
                found = self.pull(database, "--url", self.box.url)
                found["ratio"] = found["seconds"] / floor["seconds"]
                if ms:
                    found["bound"] = found["requests"] * ms / 1000 / CONNECTIONS
                    found["times_bound"] = found["seconds"] / found["bound"]
                self._keep("product", ms, found)
                self._keep("incremental", ms, self.pull(database, "--incremental"))
                self._keep("again", ms, self.pull(database))
        self.box.control("latency", {"ms": 0})

    def _keep(self, what: str, ms: int, found: Measured) -> None:
        self.results.setdefault((what, ms), []).append(found)
        print(f"  {what} at {ms} ms: {found['seconds']:.2f} s", file=sys.stderr, flush=True)

    def strategies(self, rounds: int) -> str:
        """Compare two ways to fetch: ids then bulk, and a chain of tokens a project."""
        rows = []
        for ms in LATENCIES_MS:
            self.box.control("latency", {"ms": ms})
            for projects, label in ((0, "8 projects"), (1, "1 project")):
                found: dict[str, list[Measured]] = {"ids": [], "chains": []}
                self._fetch("chains", projects)  # the sandbox renders what this way asks for
                for _ in range(rounds):
                    for strategy, measured in found.items():
                        measured.append(self._fetch(strategy, projects))
                ratios = [
                    {"ratio": chain["seconds"] / bulk["seconds"]}
                    for bulk, chain in zip(found["ids"], found["chains"], strict=True)
                ]
                requests = f"{found['ids'][0]['requests']} / {found['chains'][0]['requests']}"
                rows.append(
                    (
                        f"{label}, {ms} ms",
                        found["ids"][0]["records"],
                        requests,
                        spread(found["ids"], "seconds"),
                        spread(found["chains"], "seconds"),
                        spread(ratios, "ratio"),
                    )
                )
        self.box.control("latency", {"ms": 0})
        head = (
            "read",
            "issues",
            "requests (ids+bulk / chains)",
            "ids + bulk, s",
            "token chains, s",
            "chains ÷ bulk",
        )
        return table(head, rows)

    def tuning(self, rounds: int) -> str:
        """Compare the product with and without what config/process.py sets."""
        found: dict[str, list[Measured]] = {"all": [], "collector": [], "interval": [], "none": []}
        for _ in range(rounds):
            for which, measured in found.items():
                self._databases += 1
                with self.server.database(f"tuning_{self._databases}") as database:
                    measured.append(self.pull(database, "--url", self.box.url, "--tuning", which))
        labels = {
            "all": "both, as shipped",
            "collector": "the collector's thresholds only",
            "interval": "the switch interval only",
            "none": "neither",
        }
        rows = [
            (
                labels[which],
                spread(measured, "seconds"),
                spread(measured, "cpu_s"),
                f"{median(measured, 'peak_mb'):.0f}",
            )
            for which, measured in found.items()
        ]
        return table(("set", "seconds", "processor s", "peak MB"), rows)

    def profile(self) -> str:
        """Say where the time goes."""
        with self.server.database("stages") as database:
            found = child("benchmarks.stages", database, self.box.url)
        whole = sum(row[2] for row in found["stages"])
        said = (
            f"Stages of one run of {found['run']['seconds']:.2f} s, measuring included and everything in one process: "
            "the product prepares pages in processes of their own, which cannot be looked into from here. Processor "
            f"time in its threads {found['run']['cpu_s']:.2f} s, of which {whole:.2f} s in these stages. Clock time "
            "beyond processor time is waiting: network, PostgreSQL, the interpreter's lock."
        )
        text = [
            said,
            table(
                ("stage", "calls", "processor s", "share", "clock s"),
                [
                    (name, calls, f"{cpu:.2f}", f"{cpu / whole:.0%}", f"{wall:.2f}")
                    for name, calls, cpu, wall in found["stages"]
                    if cpu >= 0.005 or wall >= 0.05
                ],
            ),
        ]
        if found["missing"]:
            text.append(f"Not found, so counted with the stage around: {', '.join(found['missing'])}.")
        for work, functions in found["hot"].items():
            rows = [(f"`{where}`", calls, f"{share:.1%}") for where, calls, share in functions]
            text += [
                f"Functions of `{work}`, own time by cProfile:",
                table(("function", "calls", "share"), rows),
            ]
        return "\n\n".join(text)

    def summary(self) -> str:
        """Return the table of floor, product and second runs."""
        rows = []
        for ms in LATENCIES_MS:
            for what, label in LABELS.items():
                rounds = self.results[what, ms]
                rows.append(_row(label, ms, rounds))
        head = (
            "what", "latency", "seconds", "records/s", "ratio to floor", "requests", "MB", "peak MB",
            "processor s: ours / PostgreSQL / sandbox",
        )  # fmt: skip
        return "\n\n".join([table(head, rows), self._bound()])

    def _bound(self) -> str:
        rounds = self.results["product", LATENCIES_MS[-1]]
        first = self.results["product", LATENCIES_MS[0]]
        ms = LATENCIES_MS[-1]
        return (
            f"At {ms} ms: {int(median(rounds, 'requests'))} requests × {ms} ms ÷ {CONNECTIONS} connections = "
            f"{median(rounds, 'bound'):.2f} s; the run took {spread(rounds, 'times_bound')} times that. Its stream "
            f"of issues ({int(median(rounds, 'pages'))} pages) took {spread(rounds, 'issues_s')} s, at 0 ms "
            f"{spread(first, 'issues_s')} s; what comes before it (discovery and the lists of projects, users, "
            f"sprints and versions) {spread(rounds, 'before_s')} s, at 0 ms {spread(first, 'before_s')} s. Our "
            "processes, PostgreSQL and the sandbox share two processors: at 0 ms the three together cannot take less "
            f"than {statistics.median(map(_cpu, first)) / 2:.2f} s of clock."
        )


def _cpu(found: Measured) -> float:
    return float(found["cpu_s"] + found["postgres_cpu_s"] + found["sandbox_cpu_s"])


def _row(label: str, ms: int, rounds: Sequence[Measured]) -> tuple[Any, ...]:
    rates = [{"rate": one["records"] / one["seconds"]} for one in rounds]
    return (
        label,
        f"{ms} ms",
        spread(rounds, "seconds"),
        f"{median(rates, 'rate'):,.0f}",
        spread(rounds, "ratio") if "ratio" in rounds[0] else "",
        int(median(rounds, "requests")),
        f"{median(rounds, 'bytes') / 1e6:.0f}",
        f"{max(one['peak_mb'] for one in rounds):.0f}",
        " / ".join(f"{median(rounds, name):.1f}" for name in ("cpu_s", "postgres_cpu_s", "sandbox_cpu_s")),
    )


def run(*, quick: bool, rounds: int, issues: int | None = None) -> str:
    """Measure all of it and return the report."""
    issues = issues or (2_000 if quick else 20_000)
    with embedded() as server, running("jira-cloud", issues=issues) as box:
        ingest = Ingest(box, server)
        first = ingest.record()
        for number in range(rounds):
            ingest.round(number)
        said = (
            f"{first['records']:,} Jira issues with {first['transitions']:,} changes; PostgreSQL "
            f"{server.version}, {CONNECTIONS} connections; rounds: {rounds} (medians, least–most)."
        )
        parts = [
            "## Ingest",
            said,
            ingest.summary(),
            "### Two ways to read a site (fetch and parse only)",
            ingest.strategies(rounds),
            "### What the tuning of the process is worth",
            ingest.tuning(rounds),
            "### Where the time goes",
            ingest.profile(),
        ]
    return "\n\n".join([*parts, peers.run(quick=quick, rounds=rounds, issues=issues)])
