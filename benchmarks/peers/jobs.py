# ruff: noqa: D102 - what the methods return is said once, in Job
"""How each program is told to read all issues of the sandbox into PostgreSQL, and what it left there."""

import json
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.fetching import AUTH
from benchmarks.peers.database import PASSWORD, USER, Listening
from benchmarks.peers.environments import NotThere, program

HERE: Final = Path(__file__).parent
CONNECTIONS: Final = 8
Commands = Sequence[Sequence[str]]
# (path, parameters) of the search a program asks for: what the sandbox is made to render beforehand.
Shape = tuple[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one program is measured."""

    url: str
    authority: Path
    server: Listening
    database: str
    folder: Path  # its own: state and logs
    fields: str  # what Muster asks for, comma-separated

    @property
    def variables(self) -> dict[str, str]:
        """The sandbox's certificate, in the ways that programs look for one; no word home to anybody."""
        return {
            "MUSTER_BENCH_CA": str(self.authority),
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "SSL_CERT_FILE": str(self.authority),
            "DO_NOT_TRACK": "1",
            "AIRBYTE_OFFLINE_MODE": "1",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }


class Job(ABC):
    """A program and the one job all of them do."""

    name: str
    settings: str  # a sentence for the report
    changelog: bool  # does it bring the changes of each issue
    issues: str  # SQL: how many issues are there
    changes: str | None  # SQL: how many changes
    changed: str  # SQL: how many issues have a summary that begins with {tag}

    def variables(self) -> dict[str, str]:
        """Return settings given by the environment; none if not said."""
        return {}

    @abstractmethod
    def shape(self, place: Place) -> Shape | None:
        """Return the search it makes; None: the sandbox is warmed by a run of it."""

    @abstractmethod
    def start_up(self) -> Sequence[str]:
        """Return a command that imports what the program imports, and ends."""

    @abstractmethod
    def ready(self, place: Place) -> None:
        """Do what is done once before a first run; not timed.

        Raises:
            NotThere: It cannot be run here.
        """

    @abstractmethod
    def first(self, place: Place) -> Commands:
        """Return what loads everything."""

    @abstractmethod
    def again(self, place: Place) -> Commands:
        """Return what loads the changes since."""


class Muster(Job):
    """Ourselves, as a worker runs."""

    name = "Muster"
    settings = f"as shipped: {CONNECTIONS} connections; the database is migrated beforehand"
    changelog = True
    issues = "SELECT count(*) FROM work_item"
    changes = "SELECT count(DISTINCT (item_external_id, split_part(external_id, ':', 1))) FROM transition"
    changed = "SELECT count(*) FROM work_item WHERE title LIKE '{tag}%%'"

    def shape(self, place: Place) -> Shape | None:
        del place
        return None

    def start_up(self) -> Sequence[str]:
        return (sys.executable, "-c", "import benchmarks.pulling")

    def ready(self, place: Place) -> None:
        from config.database import open_engine
        from model.migrations import migrate

        engine = open_engine(place.server.url(place.database, "postgresql+psycopg"))
        migrate(engine)
        engine.dispose()

    def first(self, place: Place) -> Commands:
        return [
            [*self._pulling(place), "--url", place.url, "--authority", str(place.authority)],
        ]

    def again(self, place: Place) -> Commands:
        return [[*self._pulling(place), "--incremental"]]

    def _pulling(self, place: Place) -> list[str]:
        database = place.server.url(place.database, "postgresql+psycopg")
        return [sys.executable, "-m", "benchmarks.pulling", database, "--connections", str(CONNECTIONS)]


WAYS: Final = {"chain": "one chain of pages", "projects": "projects side by side"}


class Dlt(Job):
    """dlt's REST API source, without the changelog or with it."""

    issues = "SELECT count(*) FROM jira.issues"
    changed = "SELECT count(*) FROM jira.issues WHERE fields__summary LIKE '{tag}%%'"

    def __init__(self, *, changelog: bool, way: str) -> None:
        self.changelog = changelog
        self.way = way
        what = "with changelog" if changelog else "without changelog"
        self.name = f"dlt, {what}, {WAYS[way]}"
        self.settings = (
            "100 issues a page (the most Jira gives), the fields that Muster asks for, files of 5,000 rows, two "
            "processes normalise, CSV loaded by COPY with 20 threads, merged by id"
        ) + (f"; {CONNECTIONS} threads fetch" if way == "projects" else "")
        self.changes = "SELECT count(*) FROM jira.issues__changelog__histories" if changelog else None

    def variables(self) -> dict[str, str]:
        return {
            "EXTRACT__WORKERS": str(CONNECTIONS),
            "NORMALIZE__WORKERS": "2",
            "LOAD__WORKERS": "20",
            "EXTRACT__DATA_WRITER__BUFFER_MAX_ITEMS": "5000",
            "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "5000",
            "NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS": "5000",
        }

    def shape(self, place: Place) -> Shape | None:
        asked = {"fields": place.fields} | ({"expand": "changelog"} if self.changelog else {})
        return "/rest/api/3/search/jql", asked

    def start_up(self) -> Sequence[str]:
        return (program("dlt", "python"), "-c", "import dlt.sources.rest_api, psycopg2")

    def ready(self, place: Place) -> None:
        del place
        program("dlt", "python")

    def first(self, place: Place) -> Commands:
        how = "changelog" if self.changelog else "plain"
        script = str(HERE / "drive_dlt.py")
        database = place.server.url(place.database)
        where = (place.url, database, place.fields, how, self.way, str(place.folder))
        return [[program("dlt", "python"), script, *where]]

    def again(self, place: Place) -> Commands:
        return self.first(place)


class TapJira(Job):
    """Singer's tap piped into pipelinewise's target."""

    name = "tap-jira → target-postgres"
    settings = (
        "issues and changelogs; 50 issues a page and all fields (the tap knows no other way), batches of 100,000 "
        "rows, streams loaded side by side"
    )
    changelog = True
    issues = "SELECT count(*) FROM jira.issues"
    changes = "SELECT count(*) FROM jira.changelogs"
    changed = "SELECT count(*) FROM jira.issues WHERE fields->>'summary' LIKE '{tag}%%'"
    chosen = frozenset({"issues", "changelogs"})

    def shape(self, place: Place) -> Shape | None:
        del place
        return "/rest/api/2/search/jql", {"fields": "*all", "expand": "changelog,transitions"}

    def start_up(self) -> Sequence[str]:
        return (program("tap-jira", "python"), "-c", "import tap_jira")

    def ready(self, place: Place) -> None:
        tap, _ = program("tap-jira", "tap-jira"), program("target-postgres", "target-postgres")
        config = {
            "start_date": "2000-01-01T00:00:00Z",
            "user_agent": "benchmark",
            "username": AUTH[0],
            "password": AUTH[1],
            "base_url": place.url,
        }
        (place.folder / "tap.json").write_text(json.dumps(config))
        target = {
            "host": "127.0.0.1",
            "port": place.server.port,
            "user": USER,
            "password": PASSWORD,
            "dbname": place.database,
            "default_target_schema": "jira",
            "batch_size_rows": 100_000,
            "parallelism": 0,
        }
        (place.folder / "target.json").write_text(json.dumps(target))
        found = subprocess.run(
            [tap, "--config", "tap.json", "--discover"],
            cwd=place.folder, env=place.variables, capture_output=True, check=False,
        )  # fmt: skip
        if found.returncode:
            raise NotThere(f"tap-jira cannot discover: {found.stderr.decode()[-300:]}")
        catalog = json.loads(found.stdout)
        for stream in catalog["streams"]:
            for one in stream["metadata"]:
                one["metadata"]["selected"] = stream["tap_stream_id"] in self.chosen
        (place.folder / "catalog.json").write_text(json.dumps(catalog))

    def first(self, place: Place) -> Commands:
        del place
        return [
            [program("tap-jira", "tap-jira"), "--config", "tap.json", "--properties", "catalog.json"],
            [program("target-postgres", "target-postgres"), "--config", "target.json"],
        ]

    def again(self, place: Place) -> Commands:
        states = (place.folder / "output.txt").read_text().splitlines()
        (place.folder / "state.json").write_text(states[-1])
        tap, target = self.first(place)
        return [[*tap, "--state", "state.json"], target]


class Airbyte(Job):
    """Airbyte's source-jira by PyAirbyte."""

    name = "Airbyte source-jira → PyAirbyte"
    settings = (
        "the stream of issues, which holds the changelog; 50 issues a page and all fields (its manifest says so), "
        f"{CONNECTIONS} workers; its dead search address replaced by the one of its later releases"
    )
    changelog = True
    issues = "SELECT count(*) FROM airbyte.issues"
    changes = "SELECT sum(jsonb_array_length((changelog::jsonb)->'histories'))::bigint FROM airbyte.issues"
    changed = "SELECT count(*) FROM airbyte.issues WHERE (fields::jsonb)->>'summary' LIKE '{tag}%%'"

    def shape(self, place: Place) -> Shape | None:
        del place
        return "/rest/api/3/search/jql", {"fields": "*all", "expand": "changelog,transitions"}

    def start_up(self) -> Sequence[str]:
        return (program("pyairbyte", "python"), "-c", "import airbyte, airbyte.caches")

    def ready(self, place: Place) -> None:
        del place
        program("source-jira", "source-jira"), program("pyairbyte", "python")

    def first(self, place: Place) -> Commands:
        host = urlsplit(place.url).netloc
        source, python = program("source-jira", "source-jira"), program("pyairbyte", "python")
        script = str(HERE / "drive_airbyte.py")
        return [[python, script, source, host, str(place.server.port), place.database, str(CONNECTIONS)]]

    def again(self, place: Place) -> Commands:
        return self.first(place)


JOBS: Final[tuple[Job, ...]] = (
    Muster(),
    Dlt(changelog=False, way="chain"),
    Dlt(changelog=False, way="projects"),
    Dlt(changelog=True, way="projects"),
    TapJira(),
    Airbyte(),
)
