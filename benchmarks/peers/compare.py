"""Muster and its peers on one sandbox: everything, then what changed, counted and checked.

Within a round they take turns. Each gets a database and a folder of its own, reads all issues, then 1 %
of them are changed, and it reads again. What it left in PostgreSQL is counted against the sandbox's truth.
"""

import json
import ssl
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from benchmarks.common import Measured, child, median, spread, table
from benchmarks.fetching import AUTH
from benchmarks.peers.database import Listening, listening
from benchmarks.peers.environments import NotThere
from benchmarks.peers.jobs import JOBS, Job, Place, Shape
from benchmarks.processes import Failed, measure
from tests.support.sandboxes import Sandbox, running

LATENCIES_MS: Final = (0, 50)
CHANGED: Final = 0.01
WHAT: Final = {"first": "everything", "again": "after 1 % changed"}
HEAD: Final = (
    "program", "latency", "seconds", "of that start-up", "records/s", "Muster's rate ÷ its",
    "the same without start-ups", "requests",
    "× Muster's", "MB fetched", "× Muster's", "peak MB, all processes", "× Muster's", "processor s", "found",
)  # fmt: skip


class Comparison:
    """One sandbox, one PostgreSQL, and what was measured of each program."""

    def __init__(self, box: Sandbox, server: Listening, folder: Path, *, issues: int) -> None:
        self._box = box
        self._server = server
        self._folder = folder
        self._issues = issues
        self._edits = 0
        self._fields = ""
        self.results: dict[tuple[str, str, int], list[Measured]] = {}
        self.starts: dict[str, float] = {}
        self.left_out: dict[str, str] = {}

    @property
    def _authority(self) -> Path:
        return Path(self._box.info["ca_bundle"])

    def warm(self) -> None:
        """Let the sandbox render, before anything is timed, what each program will ask for."""
        with self._server.empty("warm") as database:
            place = self._place("warm", database)
            muster = JOBS[0]
            muster.ready(place)
            recorded = place.folder / "requests.json"
            url = self._server.url(database, "postgresql+psycopg")
            child(
                "benchmarks.pulling", url, "--url", self._box.url, "--authority", self._authority,
                "--record", recorded,
            )  # fmt: skip
            self._fields = _fields_asked(recorded)
        place = self._place("warm", "warm")
        for shape in {str(one): one for job in JOBS if (one := job.shape(place))}.values():
            _walk(self._box, self._authority, shape)

    def start_ups(self) -> None:
        """Measure what it takes to import what each program imports."""
        for job in JOBS:
            try:
                command = job.start_up()
            except NotThere as reason:
                self.left_out[job.name] = str(reason)
                continue
            place = self._place(f"start-{_slug(job)}", "none")
            label = "start"
            measure([command], folder=place.folder, variables=_for(job, place), label=label)  # into the cache
            found = measure([command], folder=place.folder, variables=_for(job, place), label=label)
            self.starts[job.name] = found["seconds"]

    def round(self, number: int) -> None:
        """Measure every program once at each latency."""
        for ms in LATENCIES_MS:
            for job in JOBS:
                if job.name in self.left_out:
                    continue
                try:
                    self._measured(job, ms, number)
                except (NotThere, Failed) as reason:
                    self.left_out[job.name] = str(reason)
                    print(f"  {job.name}: {reason}", file=sys.stderr, flush=True)
                finally:
                    self._box.control("latency", {"ms": 0})

    def _measured(self, job: Job, ms: int, number: int) -> None:
        name = f"{_slug(job)}_{number}_{ms}"
        with self._server.empty(name) as database:
            place = self._place(name, database)
            job.ready(place)
            self._keep(job, "first", ms, self._one(job, place, "first", ms))
            tag = self._edit()
            self._keep(job, "again", ms, self._one(job, place, "again", ms, tag))

    def _one(self, job: Job, place: Place, what: str, ms: int, tag: str | None = None) -> Measured:
        commands = job.first(place) if what == "first" else job.again(place)
        self._box.control("latency", {"ms": ms})
        self._box.control("stats", method="DELETE")
        found = measure(commands, folder=place.folder, variables=_for(job, place), label=what)
        stats = self._box.control("stats")
        self._box.control("latency", {"ms": 0})
        found |= {"requests": stats["total"], "bytes": stats["bytes"]}
        found["records"] = self._issues if tag is None else self._changed
        return found | self._checked(job, place, tag)

    def _checked(self, job: Job, place: Place, tag: str | None) -> Measured:
        """Count what is in PostgreSQL against what the sandbox holds."""
        truth = self._box.control("truth?changes=1")
        found = {"issues": self._server.ask(place.database, job.issues)}
        expected = {"issues": truth["total"]}
        if job.changes:
            found["changes"] = self._server.ask(place.database, job.changes)
            expected["changes"] = truth["changes"]
        if tag:
            found["changed"] = self._server.ask(place.database, job.changed.format(tag=tag))
            expected["changed"] = self._changed
        wrong = [
            f"{found[one]:,} of {expected[one]:,} {one}" for one in expected if found[one] != expected[one]
        ]
        return {"found": "all" if not wrong else ", ".join(wrong)}

    @property
    def _changed(self) -> int:
        return int(self._issues * CHANGED)

    def _edit(self) -> str:
        """Change the summary of every hundredth issue; return what the new ones begin with."""
        self._edits += 1
        tag = f"Changed {self._edits:03} "
        for place in range(self._changed):
            number = 100_001 + place * round(1 / CHANGED)  # the load's first id
            self._box.control("edit", {"id": str(number), "fields": {"summary": f"{tag}#{place}"}})
        return tag

    def _keep(self, job: Job, what: str, ms: int, found: Measured) -> None:
        self.results.setdefault((job.name, what, ms), []).append(found)
        print(
            f"  {job.name}, {WHAT[what]}, {ms} ms: {found['seconds']:.2f} s, {found['requests']} requests, "
            f"{found['peak_mb']:.0f} MB, found {found['found']}",
            file=sys.stderr, flush=True,
        )  # fmt: skip

    def _place(self, name: str, database: str) -> Place:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return Place(self._box.url, self._authority, self._server, database, folder, self._fields)

    def tables(self) -> str:
        """Return one table for each of the two jobs."""
        return "\n\n".join(
            part
            for what, label in WHAT.items()
            for part in (f"#### Peers: {label}", table(HEAD, self._rows(what)))
        )

    def _rows(self, what: str) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for ms in LATENCIES_MS:
            ours = self.results.get((JOBS[0].name, what, ms))
            for job in JOBS:
                found = self.results.get((job.name, what, ms))
                if found and ours:
                    rows.append(self._row(job, ms, found, ours))
        return rows

    def _row(
        self, job: Job, ms: int, found: Sequence[Measured], ours: Sequence[Measured]
    ) -> tuple[object, ...]:
        def times(name: str) -> str:
            return "" if job is JOBS[0] else f"{median(found, name) / max(median(ours, name), 1e-9):.1f}"

        return (
            job.name,
            f"{ms} ms",
            spread(found, "seconds"),
            f"{self.starts.get(job.name, 0):.2f}",
            f"{found[0]['records'] / median(found, 'seconds'):,.0f}",
            times("seconds"),
            "" if job is JOBS[0] else f"{self._net(job, found) / self._net(JOBS[0], ours):.1f}",
            f"{median(found, 'requests'):,.0f}",
            times("requests"),
            f"{median(found, 'bytes') / 1e6:,.1f}",
            times("bytes"),
            f"{max(one['peak_mb'] for one in found):,.0f}",
            times("peak_mb"),
            spread(found, "cpu_s", 1),
            " / ".join(dict.fromkeys(one["found"] for one in found)),
        )

    def _net(self, job: Job, found: Sequence[Measured]) -> float:
        """Return seconds without those of starting and importing; never less than a tenth of them all."""
        whole = median(found, "seconds")
        return max(whole - self.starts.get(job.name, 0), whole / 10)

    def settings(self) -> str:
        """Say how each program was set, and which could not be measured."""
        lines = [f"- {job.name}: {job.settings}." for job in JOBS if job.name not in self.left_out]
        lines += [f"- {name}: not measured. {reason}" for name, reason in self.left_out.items()]
        return "\n".join(lines)


def _slug(job: Job) -> str:
    return "".join(one if one.isalnum() else "_" for one in job.name.lower())


def _for(job: Job, place: Place) -> dict[str, str]:
    # Ours is run as a module of this repository, from the folder of its own like all others.
    return {**place.variables, **job.variables(), "PYTHONPATH": str(Path(__file__).parents[2])}


def _fields_asked(recorded: Path) -> str:
    asked = json.loads(recorded.read_text())
    bulk = next(json.loads(one["body"]) for one in asked if one["path"].endswith("/bulkfetch"))
    return ",".join(bulk["fields"])


def _walk(box: Sandbox, authority: Path, shape: Shape) -> None:
    """Page once through everything a program will be given."""
    path, asked = shape
    verify = ssl.create_default_context(cafile=str(authority))
    parameters = {"jql": "updated >= 0 ORDER BY updated ASC", "maxResults": "100", **asked}
    with httpx.Client(base_url=box.url, auth=AUTH, verify=verify, trust_env=False, timeout=60) as client:
        while True:
            page = client.get(path, params=parameters).raise_for_status().json()
            if page["isLast"]:
                return
            parameters["nextPageToken"] = page["nextPageToken"]


def run(*, quick: bool, rounds: int, issues: int | None = None) -> str:
    """Measure Muster and its peers and return the report."""
    issues = issues or (2_000 if quick else 20_000)
    with (
        tempfile.TemporaryDirectory(prefix="muster-bench-") as name,
        listening() as server,
    ):
        folder = Path(name)
        (folder / "tls").mkdir()
        with running("jira-cloud", issues=issues, tls=folder / "tls") as box:
            comparison = Comparison(box, server, folder, issues=issues)
            comparison.warm()
            comparison.start_ups()
            for number in range(rounds):
                comparison.round(number)
            said = (
                f"{issues:,} issues of a Jira Cloud over TLS into PostgreSQL {server.server.version} over TCP, both "
                "on loopback; every program is started anew for each reading, and its whole time counts, start-up "
                f"included; rounds: {rounds} (medians, least–most)."
            )
            return f"### Peers\n\n{said}\n\n{comparison.settings()}\n\n{comparison.tables()}"
