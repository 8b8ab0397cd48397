"""`cycle`: what is asked of projects, period by period: opened, shown, closed."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from api.cli.acting import By, Role, actor
from api.cli.common import USAGE, Failed, Format, heard_or_not, open_store, utc_now, words
from api.cli.plain import print_json
from api.routes.cycles import cycle_document, line_document
from api.spreadsheet import harmless
from config.calendar import NoSuchCalendar, calendar, calendars
from model.collection.cycle import BadPeriod, last_day
from model.declaration import InvalidDeclaration
from sync.collection.cycles import (
    CycleRefused,
    CycleRow,
    NoSuchCycle,
    close_cycle,
    cycles,
    find_cycle,
    open_cycle,
)
from sync.collection.ladder import tick
from sync.collection.measures import Line, board
from sync.collection.outbox import events
from sync.collection.refused import Refused
from sync.collection.templates import NoSuchTemplate

commands = typer.Typer(
    name="cycle", help="What is asked of projects, period by period.", no_args_is_help=True
)
_WIDE: Final = 10_000  # columns of a table that goes into a file or a pipe
_USAGE: Final = (BadPeriod, NoSuchCalendar, NoSuchTemplate, NoSuchCycle, CycleRefused, InvalidDeclaration)
TemplateId = Annotated[str, typer.Argument(help="A template's id, e.g. monthly-status")]
Period = Annotated[str, typer.Argument(help="2026-10, 2026-Q4 or 2026-W43")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="cycle")
    app.command("outbox")(outbox)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what is refused into a sentence: a wrong name or period is usage, the rest is failure."""
    with words():
        try:
            yield
        except _USAGE as error:
            raise Failed(str(error), USAGE) from None
        except Refused as error:
            raise Failed(str(error)) from None


@commands.command("list")
def list_cycles(
    template: Annotated[str | None, typer.Option(help="Of this template only")] = None,
    format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """List the cycles there are, the newest period first."""
    with words(), open_store().connect() as connection:
        found = cycles(connection, template=template)
    if format_ is not Format.TABLE:
        print_json({"cycles": [cycle_document(each) for each in found]})
        return
    if not found:
        typer.echo("There are no cycles yet: `muster cycle open TEMPLATE PERIOD --by NAME` opens one.")
        return
    table = Table(box=None, pad_edge=False)
    for head in ("Template", "Period", "State", "Opens", "Due by the end of", "Time zone", "Calendar"):
        table.add_column(head)
    for each in found:
        table.add_row(
            each.template, each.period, each.state, _day(each, each.opens_at), due_day(each), each.timezone,
            each.calendar,
        )  # fmt: skip
    _console().print(table)


@commands.command("open")
def open_(
    template: TemplateId,
    period: Period,
    by: By,
    role: Role = None,
    project: Annotated[list[str] | None, typer.Option(help="Ask this project only; repeat for more")] = None,
) -> None:
    """Ask every project a template applies to for a period, filled in with what is known."""
    engine = open_store()
    with refusals():
        cycle = open_cycle(engine, template, period, actor=actor(by, role), now=utc_now(), projects=project)
        with engine.connect() as connection:
            lines, measures = board(connection, cycle, now=utc_now())
    share = "nothing" if measures.automatic is None else f"{measures.automatic:.0%} of what is there"
    typer.echo(
        f"{template} {period} is open: {len(lines)} submission{'s' if len(lines) != 1 else ''}, due by the end of"
        f" {due_day(cycle)} ({cycle.timezone}); {share} was filled in by itself,"
        f" {measures.minutes:.0f} minutes are asked of people."
    )


@commands.command("show")
def show(
    template: TemplateId,
    period: Period,
    late: Annotated[bool, typer.Option("--late", help="Only who is late")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to print")] = Format.TABLE,
) -> None:
    """Show who owes what in a cycle, who is to act next, and the cycle's measures."""
    with refusals(), open_store().connect() as connection:
        cycle = find_cycle(connection, template, period)
        lines, measures = board(connection, cycle, now=utc_now())
    lines = [line for line in lines if not late or line.overdue or line.head.late]
    documents = [line_document(line) for line in lines]
    if format_ is Format.JSON:
        print_json({**cycle_document(cycle), "measures": measures.to_json(), "submissions": documents})
    elif format_ is Format.CSV:
        _print_csv(documents)
    else:
        _print_board(cycle, lines, measures.to_json())


@commands.command("close")
def close(template: TemplateId, period: Period, by: By, role: Role = None) -> None:
    """Take nothing more for a period; what was handed in goes on to be reviewed and published."""
    engine = open_store()
    with refusals():
        with engine.connect() as connection:
            cycle = find_cycle(connection, template, period)
        close_cycle(engine, cycle.id, actor=actor(by, role), now=utc_now())
    typer.echo(f"{template} {period} is closed.")


@commands.command("keep")
def keep() -> None:
    """Do what the calendar asks for by now: open, fill in anew, remind, close. `muster up` does so by itself."""
    engine = open_store()
    with refusals():
        done = tick(engine, utc_now())
    for what, names in (("opened", done.opened), ("planned", done.planned), ("closed", done.closed)):
        for name in names:
            typer.echo(f"{what}: {name}")
    typer.echo(f"{done.refilled} filled in anew, {done.told} told.")
    for said in done.warnings:
        typer.echo(f"warning: {said}", err=True)


@commands.command("calendar")
def show_calendar(
    name: Annotated[str | None, typer.Argument(help="A calendar's id; all are listed without")] = None,
    year: Annotated[int | None, typer.Argument(min=1970, max=2200)] = None,
) -> None:
    """List the calendars, or the holidays of one in a year."""
    with refusals():
        if name is None:
            for each in calendars():
                typer.echo(f"{each}\t{calendar(each).title}")
            return
        found = calendar(name)
        typer.echo(f"{found.title}; free: {', '.join(found.free)}")
        for day, holiday in found.holidays_of(year or utc_now().year).items():
            typer.echo(f"{day:%Y-%m-%d %A}\t{holiday}")


def outbox(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what was not delivered yet")] = False,
    format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """List what people are to be told, the first first; push channels deliver it."""
    with words(), open_store().connect() as connection:
        found = _all_events(connection, waiting=waiting)
    if format_ is not Format.TABLE:
        print_json({"events": found})
        return
    with heard_or_not():
        for each in found:
            whom = each["person"] or each["role"] or "everybody"
            typer.echo(f"{each['at']:%Y-%m-%d %H:%M}Z\t{each['kind']}\t{whom}\t{each['says']}")
        if not found:
            typer.echo("Nobody is to be told anything.")


def _all_events(connection: Connection, *, waiting: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := events(connection, waiting=waiting, after=found[-1]["id"] if found else 0):
        found += page
    return found


def due_day(cycle: CycleRow) -> str:
    """Say the day by whose end a cycle is due."""
    return f"{last_day(cycle.due_at, cycle.timezone):%a %d %b %Y}"


def _day(cycle: CycleRow, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(cycle.timezone)):%a %d %b %Y}"


def _print_board(cycle: CycleRow, lines: list[Line], measures: dict[str, Any]) -> None:
    console = _console()
    console.print(
        f"{cycle.template} {cycle.period}: {cycle.state}, due by the end of {due_day(cycle)} ({cycle.timezone})"
    )
    table = Table(box=None, pad_edge=False)
    for head in ("#", "Project", "State", "Next", "", "Score", "Open", "Minutes"):
        table.add_column(head, justify="right" if head in ("#", "Score", "Open", "Minutes") else "left")
    for line in lines:
        late = line.mark or ("overdue" if line.overdue else "late" if line.head.late else "")
        who = "" if line.next_role is None else line.next_person or f"{line.next_role} (nobody on record)"
        if line.next_role not in (None, "project_manager", "sponsor"):
            who = str(line.next_role)
        score = "" if line.score is None else f"{line.score:.1f} {line.grade}"
        table.add_row(
            str(line.head.id), escape(line.head.project_key), line.head.state, escape(who), late, score,
            str(line.effort.open), f"{line.effort.minutes:.0f}",
        )  # fmt: skip
    console.print(table)
    console.print(
        "; ".join(f"{name.replace('_', ' ')} {_measure(value)}" for name, value in measures.items())
    )


def _measure(value: Any) -> str:
    return "unknown" if value is None else f"{value:g}"


def _print_csv(documents: list[dict[str, Any]]) -> None:
    columns = ("id", "project", "state", "next_role", "next_person", "late", "overdue", "mark", "score", "grade",
               "returns", "submitted_at", "submitted_by", "approved_by", "published_at", "open", "minutes")  # fmt: skip
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for each in documents:
        then = each["next"] or {"role": None, "person": None}
        flat = {**each, **each["effort"], "project": each["project"]["key"], "next_role": then["role"],
                "next_person": then["person"]}  # fmt: skip
        writer.writerow([harmless(flat[name]) for name in columns])


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE)
