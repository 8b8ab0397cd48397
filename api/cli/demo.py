"""`demo`: everything at once, against the sandbox trackers, with twelve weeks of history."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
import yaml
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.cli.common import Failed, open_store, utc_now, words
from api.cli.demo_collect import HEAD, collect_last_month
from api.cli.demo_policy import rate_by_matrix
from api.cli.demo_sources import WEEKS, configuration
from api.cli.progress import shown
from api.cli.read import print_status
from api.cli.serve import background_work, run_server
from api.cli.stopping import end_if_stopped, stopping_between_pages
from api.cli.sync import print_runs, print_unbound, sync_now
from config.database import usable_home
from config.document import parse_document
from config.settings import settings
from sync.accounts import Grant, NewAccount, NoSuchAccount, add_account, give_role, number_of
from sync.apply import apply
from sync.consolidate import consolidate
from sync.progress import Progress, Silent
from sync.receipts import status_document
from sync.rollup.rollup import rolled_up
from sync.run import execute_run, start_run
from sync.store import unit_of_work

_SANDBOXES: Final = ("jira-cloud", "jira-dc", "ado", "sharepoint")
_READY_S: Final = 60.0
_STEP_HOUR: Final = time(21, tzinfo=UTC)  # still the same day in London, summer and winter
# What the sandboxes accept; they hold made-up data and listen on loopback only.
_SECRETS: Final = {
    "MUSTER_DEMO_JIRA_TOKEN": "sandbox-token",
    "MUSTER_DEMO_JIRA_PAT": "sandbox-pat",
    "MUSTER_DEMO_ADO_PAT": "sandbox-pat",
    "MUSTER_DEMO_GRAPH_SECRET": "sandbox-secret",
}
_VISITOR: Final = NewAccount("demo", "Hana Brandt", HEAD.name)  # who tries it: the head of the story's office


@dataclass(slots=True)
class DemoState:
    """What the demo remembers between runs, in the home: the story's today, ports, weeks done."""

    file: Path
    anchor: date
    ports: dict[str, int] = field(default_factory=dict)
    weeks_done: int = 0

    def save(self) -> None:
        """Write it down."""
        self.file.write_text(
            json.dumps(
                {"anchor": self.anchor.isoformat(), "ports": self.ports, "weeks_done": self.weeks_done}
            ),
            encoding="utf-8",
        )


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("demo")(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the table")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to serve on; 8000 if not given")
    ] = None,
) -> None:
    """Start sandbox trackers, pull them with twelve weeks of history, print the portfolio, serve it."""
    home = settings().home
    with words():
        usable_home(home)
    with _alone(home):
        _demo(home, once=once, port=port)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep other demos out of this home while ours runs: they would move its trackers.

    The lock is the open file's, so it goes with the process, however that ends.

    Raises:
        Failed: There is one already; names its process.
    """
    with (home / "demo.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Failed(f"a demo of this home is running already (process {file.read().strip()})") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _demo(home: Path, *, once: bool, port: int | None) -> None:
    state = _load(home / "demo.json", utc_now().date())
    os.environ.update(_SECRETS)
    os.environ.setdefault("MUSTER_ALLOW_ADDRESSES", "loopback")  # where the sandboxes are
    typer.echo("Starting the store and four sandbox trackers (made-up data, this machine only) …")
    engine = open_store(pool_size=16)
    with ExitStack() as stack:
        running = {name: stack.enter_context(_sandbox(name, state)) for name in _SANDBOXES}
        state.save()
        _configure(engine, home, running, state.anchor)
        with stopping_between_pages():
            if state.weeks_done < WEEKS:
                _replay(engine, home, state, running)
            else:
                typer.echo("The history is there already: this is an incremental sync.")
            end_if_stopped()
            _today(engine, home, state, running)
            end_if_stopped()
            with words():
                if said := collect_last_month(engine, utc_now()):
                    typer.echo(said)
            end_if_stopped()
        if not once:
            with background_work(engine):
                run_server(engine, port=port, account=_visitor(engine))


def _visitor(engine: Engine) -> int:
    """Return whoever tries the demo: an account in every role that sees or does something of its own."""
    now = utc_now()
    with unit_of_work(engine) as connection:
        try:
            return number_of(connection, _VISITOR.name)
        except NoSuchAccount:
            number = add_account(connection, _VISITOR, at=now)
            for role in ("administrator", "project_officer", "pmo_head"):
                give_role(connection, number, Grant(role), by="muster demo", at=now)
            return number


def _load(file: Path, today: date) -> DemoState:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return DemoState(
            file, date.fromisoformat(kept["anchor"]), dict(kept["ports"]), int(kept["weeks_done"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return DemoState(file, today)


@contextmanager
def _sandbox(name: str, state: DemoState) -> Iterator[dict[str, Any]]:
    """Run a sandbox tracker as a process of its own, on the port it had last time if that is free."""
    command = [sys.executable, "-m", "sandbox", name, "--anchor", state.anchor.isoformat(),
               "--clock", _day_of(state, 0).isoformat()]  # fmt: skip
    root = Path(__file__).parents[2]
    for port in (state.ports.get(name, 0), 0):
        process = subprocess.Popen(  # noqa: S603  (our own module, our own arguments)
            [*command, "--port", str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if port else None, cwd=root, text=True,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )  # fmt: skip
        line = process.stdout.readline() if process.stdout else ""
        if line:
            break
        process.wait()
    else:
        raise Failed(f"the sandbox {name} did not start")
    info: dict[str, Any] = json.loads(line)
    state.ports[name] = int(info["url"].rstrip("/").rpartition(":")[2].partition("/")[0])
    try:
        yield info
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _configure(engine: Engine, home: Path, running: Mapping[str, Mapping[str, Any]], anchor: date) -> None:
    file = home / "demo.yaml"
    file.write_text(yaml.safe_dump(configuration(home, running, anchor), sort_keys=False), encoding="utf-8")
    with words():
        apply(engine, parse_document(file.read_text(encoding="utf-8"), where=str(file)), now=utc_now())


def _day_of(state: DemoState, week: int) -> date:
    return state.anchor - timedelta(days=7 * (WEEKS - week))


def _files(home: Path, state: DemoState, week: int) -> None:
    subprocess.run(  # noqa: S603  (our own module, our own arguments)
        [sys.executable, "-m", "sandbox.workbooks", str(home / "demo-files"), "--anchor",
         state.anchor.isoformat(), "--clock", _day_of(state, week).isoformat()],
        check=True, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _turn_clocks(running: Mapping[str, Mapping[str, Any]], day: date) -> None:
    for info in running.values():
        origin = httpx.URL(info["url"]).copy_with(path="/_sandbox/clock")
        answer = httpx.post(
            origin, json={"date": day.isoformat()}, verify=_context(info), timeout=_READY_S, trust_env=False
        )
        answer.raise_for_status()


def _context(info: Mapping[str, Any]) -> Any:
    import ssl

    return ssl.create_default_context(cafile=info["ca_bundle"]) if info.get("ca_bundle") else True


def _replay(engine: Engine, home: Path, state: DemoState, running: Mapping[str, Mapping[str, Any]]) -> None:
    typer.echo(f"Replaying {WEEKS} past weeks, so that trends and forecasts have a history:")
    said = None
    for week in range(state.weeks_done, WEEKS):
        day = _day_of(state, week)
        moment = datetime.combine(day, _STEP_HOUR)
        end_if_stopped()
        _turn_clocks(running, day)
        _files(home, state, week)
        with shown() if week == state.weeks_done == 0 else nullcontext(Silent()) as progress:
            states = _pull_all(engine, moment, [block["name"] for block in _source_blocks(home)], progress)
        end_if_stopped()
        with words():
            if week:
                before = datetime.combine(_day_of(state, week - 1), _STEP_HOUR)
                said = collect_last_month(engine, moment, since=before, today=state.anchor)
            consolidate(engine, as_of=day, known_at=moment)
            if not week:
                rate_by_matrix(engine, begins=_day_of(state, 1), now=moment)
        state.weeks_done = week + 1
        state.save()
        typer.echo(f"  {day}  {states}")
        if said:
            typer.echo(said)


def _source_blocks(home: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load((home / "demo.yaml").read_text(encoding="utf-8"))["sources"])


def _pull_all(engine: Engine, moment: datetime, names: list[str], progress: Progress) -> str:
    """Pull every source as of a past moment; returns one line about it."""

    def one(name: str) -> str:
        run = start_run(engine, name, full=False, now=moment)
        return (
            execute_run(engine, run, clock=lambda: moment, progress=progress)
            if run is not None
            else "there already"
        )

    with ThreadPoolExecutor(max_workers=len(names)) as threads:
        states = dict(zip(names, threads.map(one, names), strict=True))
    bad = [f"{name} {ended}" for name, ended in states.items() if ended != "succeeded"]
    return f"{len(states)} sources" + (f"; {', '.join(bad)}" if bad else "")


def _today(engine: Engine, home: Path, state: DemoState, running: Mapping[str, Mapping[str, Any]]) -> None:
    _turn_clocks(running, utc_now().date())
    _files(home, state, WEEKS)
    with words():
        lines = sync_now(engine, [block["name"] for block in _source_blocks(home)], full=False)
        print_runs(lines)
        with Session(engine) as session:
            document = status_document(session)
            print_status(document, rolled_up(session, document))
        print_unbound(engine)
