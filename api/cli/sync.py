"""`sync` and `worker`."""

import logging
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.cli.common import FAILED, PARTIAL, USAGE, Failed, open_store, utc_now, words
from api.cli.progress import shown
from api.cli.stopping import end_if_stopped, stopping_between_pages
from api.routes.runs import run_documents
from config.settings import settings
from model.tables import RejectedRecord, Run, Scope, Source
from sync.consolidation.log import last_told
from sync.inspect import names_to_pull
from sync.jobs import Work, runs_under_way
from sync.match import row_says, unmatched_rows
from sync.run import start_run
from sync.stopping import give_up, is_stopping
from sync.worker import Worker

_SHOWN: Final = 20  # rejected or unmatched records listed


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("sync")(sync)
    app.command("worker")(worker)


def sync(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources to pull; all of them if none")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again, not only what changed")
    ] = False,
    census: Annotated[
        bool, typer.Option("--census", help="Count all ids against what is stored, too, due or not")
    ] = False,
) -> None:
    """Pull sources now, then consolidate; ends when these runs are over."""
    engine = open_store()
    with words(USAGE):
        names = names_to_pull(engine, sources or ())
    for told_below in (
        "sync.run",
        "sync.jobs",
    ):  # an expected failure and a warning are printed with the ledger
        logging.getLogger(told_below).setLevel(logging.ERROR)
    with words(), stopping_between_pages():
        lines = sync_now(engine, names, full=full, census=census)
    worst = print_runs(lines)
    end_if_stopped()
    print_unbound(engine)
    if worst:
        raise typer.Exit(worst)


def sync_now(
    engine: Engine, names: Sequence[str], *, full: bool, census: bool = False
) -> list[dict[str, Any]]:
    """Queue a run a source and work until they are over; returns the runs as documents."""
    started = [start_run(engine, name, full=full, now=utc_now(), census=census) for name in names]
    runs = [run for run in started if run is not None]
    with shown() as progress:
        work = Work(engine, connections=settings().connections, progress=progress)
        Worker(work).run(until=lambda: is_stopping() or not runs_under_way(engine, runs))
    if is_stopping():
        give_up(engine, runs)
    if work.problems:
        raise Failed("; ".join(dict.fromkeys(work.problems)))
    with Session(engine) as session:
        query = select(Run, Source.name).join(Source, Source.id == Run.source_id)
        found = run_documents(session, query.where(Run.id.in_(runs)).order_by(Source.position), None)
        for each in found:
            each["rejects"] = _rejects(session, each["id"])
        return found


def _rejects(session: Session, run: int) -> list[str]:
    """Return what of the run's source is rejected now, as sentences; also what an earlier run found first."""
    rows = session.execute(
        select(RejectedRecord.locator, RejectedRecord.reason)
        .join(Run, Run.source_id == RejectedRecord.source_id)
        .where(Run.id == run, RejectedRecord.resolved_at.is_(None))
        .order_by(RejectedRecord.id)
    )
    return [f"{locator}: {reason}" for locator, reason in rows]


def print_runs(runs: Sequence[dict[str, Any]]) -> int:
    """Print each run's ledger; returns the exit code they add up to."""
    worst = 0
    for run in runs:
        typer.echo(f"{run['source']}: {run['state']}, {run['mode']}, {run['requests']} requests")
        for line in run["ledger"]:
            parts = " + ".join(f"{name} {line[name]}" for name in ("stored", "rejected", "filtered"))
            changed = line["stored"] - line["unchanged"]
            tail = "  NOT BALANCED" if line["balanced"] is False else ""
            said = "no count" if line["said"] is None else f"said {line['said']}"
            typer.echo(
                f"  {line['stream']:<12} {said} = {parts}; {changed} changed, {line['deleted']} gone{tail}"
            )
        for stream, at in run["kept"].items():
            typer.echo(f"  {stream:<12} not read: as of {at}")
        for warning in run["warnings"]:
            typer.echo(f"  ! {warning}")
        told = [*run["warnings"], run["error"] or ""]
        rejects = [each for each in run["rejects"] if not any(each in line for line in told)]
        for each in rejects[:_SHOWN]:
            typer.echo(f"  x {each}")
        if len(rejects) > _SHOWN:
            typer.echo(f"  x and {len(rejects) - _SHOWN} more")
        if run["error"]:
            typer.echo(f"  {run['error']}", err=True)
        if run["state"] == "failed":
            worst = FAILED
        elif run["state"] == "partial" and not worst:
            worst = PARTIAL
    return worst


def print_unbound(engine: Engine) -> None:
    """Name what consolidation has to tell, and what was pulled but belongs to no project: listed, not lost."""
    query = (
        select(Source.name, Scope.key, Scope.name)
        .join(Source, Source.id == Scope.source_id)
        .where(Scope.project_id.is_(None), Scope.deleted_at.is_(None), Scope.kind != "register_row")
        .order_by(Source.position, Scope.key)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
        lost = unmatched_rows(connection)
        told = last_told(Session(connection))
    for each in told[:_SHOWN]:
        typer.echo(f"! {each}")
    if len(told) > _SHOWN:
        typer.echo(f"! and {len(told) - _SHOWN} more, listed by the page of sources")
    for row in lost[:_SHOWN]:
        typer.echo(f"! {row[0]}: {row_says(*row)}")
    if len(lost) > _SHOWN:
        typer.echo(f"! and {len(lost) - _SHOWN} more records that belong to no project")
    if rows:
        named = ", ".join(
            f"{source} {key}" if key == name else f"{source} {key} ({name})" for source, key, name in rows
        )
        typer.echo(
            f"Bound to no project: {named}. A register's column or `bind:` in the configuration binds it."
        )


def worker() -> None:
    """Take jobs from the queue until stopped; start as many as the trackers bear."""
    engine = open_store()
    given = settings()
    one = Worker(
        Work(engine, connections=given.connections, puts_back=True),
        heartbeat_s=given.worker_heartbeat_s,
        stalled_s=given.worker_stalled_s,
    )
    typer.echo("worker: waiting for jobs; Ctrl-C stops it after the pages in hand", err=True)
    with words(), stopping_between_pages(one.stop):
        one.run()
    end_if_stopped()
