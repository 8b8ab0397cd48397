"""`status`, `explain`, `runs`: what is known, printed."""

import csv
import io
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.common import (
    USAGE,
    Failed,
    Format,
    TableOrJson,
    open_store,
    parse_day,
    parse_instant,
    utc_now,
    words,
)
from api.cli.explain_rollup import explain_figure
from api.cli.plain import plainly, print_json
from api.cli.rollup_words import STYLES, head_cells, portfolio_lines
from api.routes.runs import run_documents
from api.spreadsheet import harmless
from model.tables import Run, Source
from sync.receipts import NotKnown, explain, status_document
from sync.rollup.rollup import rolled_up

_NARROW: Final = 150  # columns below which dimensions are letters
_WIDE: Final = 10_000  # columns of a table that goes into a file or a pipe: as many as it needs
_DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource")


AsOf = Annotated[str | None, typer.Option("--as-of", help="The day to look at, YYYY-MM-DD")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="Leave out what was known later: 2026-11-22T02:00:00Z")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("status")(status)
    app.command("explain")(explain_value)
    app.command("runs")(runs)


def status(
    format_: Annotated[Format, typer.Option("--format", help="How to print")] = Format.TABLE,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    """Print the consolidated status of every project."""
    day, instant = parse_day(as_of), parse_instant(known_at)
    engine = open_store()
    with words(), Session(engine) as session:
        document = status_document(session, as_of=day, known_at=instant)
        rollups = rolled_up(session, document, known_at=instant) if format_ is Format.TABLE else []
    if format_ is Format.JSON:
        print_json(document)
    elif format_ is Format.CSV:
        sys.stdout.write(status_csv(document))
    else:
        print_status(document, rollups)


def status_csv(document: dict[str, Any]) -> str:
    """Write the status as CSV; text that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["key", "name", "programme", "tier", "stage", "overall", "health", "reported", "watermelon",
                     *_DIMENSIONS, "data_quality", "grade", "next_milestone", "forecast", "baseline"])  # fmt: skip
    for project in document["projects"]:
        milestone = project.get("next_milestone") or {}
        quality = project.get("data_quality") or {}
        row = [project.get(name) for name in ("key", "name", "programme", "tier", "stage", "overall", "health",
                                              "reported", "watermelon")]  # fmt: skip
        row += [(project["dimensions"].get(name) or {}).get("colour") for name in _DIMENSIONS]
        row += [quality.get("score"), quality.get("grade")]
        row += [milestone.get("name"), milestone.get("forecast"), milestone.get("baseline")]
        writer.writerow([harmless(value) for value in row])
    return out.getvalue()


def print_status(document: dict[str, Any], rollups: Sequence[dict[str, Any]] = ()) -> None:
    """Print the portfolio as a table, a section a programme, each with its roll-up."""
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    projects = document["projects"]
    if document.get("note"):
        console.print(f"As of {document['as_of']}: {document['note']}.")
    if not projects and document.get("note"):
        return
    if not projects:
        console.print("No project has a status yet: `muster apply -f FILE`, then `muster sync`.")
        return
    narrow = console.width < _NARROW
    table = Table(
        box=SIMPLE_HEAD if narrow else ROUNDED,
        title=f"Status as of {document['as_of']}, policy {document['policy']}",
        title_justify="left",
    )
    table.add_column("Project", no_wrap=True, max_width=max(12, console.width - 69) if narrow else None)
    table.add_column("Overall", no_wrap=True, min_width=7)
    table.add_column("Health", justify="right", no_wrap=True, min_width=6)
    table.add_column("Reported", no_wrap=True, min_width=8 if narrow else 16)
    for name in _DIMENSIONS:
        table.add_column(name[:3].capitalize() if narrow else name.capitalize(), no_wrap=True,
                         min_width=3 if narrow else max(5, len(name)))  # fmt: skip
    if narrow:
        table.caption = (
            "G green, A amber, R red, B complete, ? not enough data; ! reported far better than computed"
        )
    table.add_column("Data", justify="right", no_wrap=True, min_width=5)  # "100 A"
    if not narrow:
        table.add_column("Next milestone", no_wrap=True)
    _sections(table, projects, rollups, narrow=narrow)
    console.print(table)
    for line in portfolio_lines(rollups):
        console.print(line, markup=False, highlight=False)


def _sections(
    table: Table, projects: Sequence[dict[str, Any]], rollups: Sequence[dict[str, Any]], *, narrow: bool
) -> None:
    """Add each programme with its roll-up, and below it the projects whose own it is."""
    heads = {each["name"] or "": each for each in rollups if each["kind"] == "programme"}
    for programme in sorted({project.get("programme") or "" for project in projects} | heads.keys()):
        rolled = head_cells(heads.get(programme), narrow=narrow)
        table.add_row(f"[bold]{escape(programme or 'No programme')}[/]", *rolled)
        for project in projects:
            if (project.get("programme") or "") == programme:
                table.add_row(*_cells(project, narrow=narrow))
        table.add_section()


def _cells(project: dict[str, Any], *, narrow: bool) -> list[str]:
    quality, milestone = project.get("data_quality") or {}, project.get("next_milestone") or {}
    health = project.get("health")
    reported = _colour(project.get("reported"))
    if (project.get("watermelon") or 0) >= 2:  # noqa: PLR2004  (F14: two steps apart is a watermelon)
        reported += " [bold red]![/]" if narrow else " [bold red]watermelon[/]"
    named = f"{milestone.get('forecast') or 'no forecast'} {milestone['name']}" if milestone else "–"
    return [
        f"  {project['key']:<9} {escape(project['name'])}",
        _colour(project.get("overall")),
        "–" if health is None else f"{health:.1f}",
        reported,
        *(
            _colour((project["dimensions"].get(name) or {}).get("colour"), short=narrow)
            for name in _DIMENSIONS
        ),
        "–" if quality.get("score") is None else f"{quality['score']:.0f} {quality['grade']}",
        *(() if narrow else (escape(named),)),
    ]


def _colour(value: str | None, *, short: bool = False) -> str:
    if value is None:
        return "?" if short else "–"
    # Green and grey begin with the same letter; a question mark cannot be taken for green.
    shown = ("?" if value == "GREY" else value[0]) if short else value
    return f"[{STYLES.get(value, '')}]{shown}[/]"


def explain_value(
    project: Annotated[str | None, typer.Argument(help="Project key")] = None,
    attribute: Annotated[str, typer.Argument(help="An attribute or a dimension")] = "overall",
    programme: Annotated[
        str | None,
        typer.Option(help="A programme, or '' for the projects in none; then the first word is the figure"),
    ] = None,
    format_: TableOrJson = Format.TABLE,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    *,
    portfolio: Annotated[
        bool, typer.Option("--portfolio", help="The portfolio; then the first word is the figure")
    ] = False,
) -> None:
    """Say where a value or colour comes from: rule, inputs, claims, and the record or cell.

    Of a roll-up: muster explain --portfolio health, muster explain --programme Space counts.RED.
    """
    day, instant = parse_day(as_of), parse_instant(known_at)
    if portfolio or programme is not None:
        if portfolio and programme is not None:
            raise Failed("give --portfolio or --programme, not both", USAGE)
        explain_figure(
            programme or None,
            project or "overall",
            portfolio=portfolio,
            format_=format_,
            as_of=day,
            known_at=instant,
        )
        return
    if project is None:
        raise Failed(
            "which project? muster explain KEY ATTRIBUTE; or --portfolio, or --programme NAME", USAGE
        )
    engine = open_store()
    with words(), Session(engine) as session:
        try:
            document = explain(session, project, attribute, as_of=day, known_at=instant, now=utc_now())
        except NotKnown as error:
            raise Failed(str(error), USAGE) from None
    if format_ is Format.JSON:
        print_json(document)
        return
    _print_receipt(document)


def _print_receipt(document: dict[str, Any]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"{document['project']} {document['attribute']} as of {document['as_of']}:"
                  f" {plainly(document['value'], document['attribute'])}", style="bold", markup=False)  # fmt: skip
    if document.get("note"):
        console.print(f"  {document['note']}", markup=False)
    for reason in document.get("reasons") or []:
        console.print(f"  {reason['rule']}: {reason['text']}", markup=False)
    for line in _held_to(document.get("held_to")):
        console.print(f"  {line}", markup=False)
    for rule in document.get("rules") or [document["rule"]]:
        console.print(f"  rule {rule['id']} of policy {rule['policy']}", markup=False)
        for name, value in (rule.get("inputs") or {}).items():
            console.print(f"    {name} = {plainly(value, name)}", markup=False)
        for record in rule.get("records") or []:
            console.print(f"    {record['entity'].replace('_', ' ')} {record['name']}"
                          f" ({record.get('locator') or 'no place'})", markup=False)  # fmt: skip
    if not any(rule.get("records") for rule in document.get("rules") or []):
        _print_rows(console, document.get("records") or [])
    _print_claims(console, document.get("claims") or [])


def _print_rows(console: Console, rows: list[dict[str, Any]]) -> None:
    """Name the rows that a measure rests on, each with its cell and its run."""
    for row in rows:
        raw = row.get("raw") or {}
        console.print(f"    {row['entity'].replace('_', ' ')} {row['name']}"
                      f" ({raw.get('locator') or 'no place'}, run {raw.get('run')})", markup=False)  # fmt: skip


def _held_to(held_to: dict[str, Any] | None) -> list[str]:
    """Say which policy a colour is of, and what was laid over its limits."""
    if held_to is None:
        return []
    approved = f", approved by {held_to['approved_by']}" if held_to.get("approved_by") else ""
    lines = [f"held to {held_to['label']}{approved}"]
    for layer in held_to["layers"]:
        days = "".join(f" {name} {layer[name]}" for name in ("from", "to") if name in layer)
        lines.append(
            f"  {layer['of']} {layer['name']}{days}{': ' + layer['because'] if 'because' in layer else ''}"
        )
    return lines


def _print_claims(console: Console, claims: list[dict[str, Any]]) -> None:
    for claim in claims:
        raw = claim.get("raw") or {}
        mark = "✓" if claim.get("wins") else " "
        console.print(f"  {mark} {claim['attribute']} = {claim['value']}  from {claim['source']}"
                      f" ({raw.get('locator') or 'no place'}, run {raw.get('run')})", markup=False)  # fmt: skip
        if claim.get("stale"):
            console.print(f"      stale: {claim['source']} is overdue", markup=False)
        if claim.get("because"):
            console.print(f"      {claim['because']}", markup=False)


def runs(
    format_: TableOrJson = Format.TABLE,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first")] = 20,
) -> None:
    """List the newest runs with their ledgers."""
    engine = open_store()
    with words(), Session(engine) as session:
        query = select(Run, Source.name).join(Source, Source.id == Run.source_id)
        found = run_documents(session, query.order_by(Run.id.desc()).limit(limit), None)
    if format_ is Format.JSON:
        print_json({"runs": found})
        return
    table = Table("Run", "Source", "State", "Mode", "Started", "Stream", "Said", "Stored", "Rejected", "Filtered",
                  "Gone", "Balanced")  # fmt: skip
    for run in found:
        for line in run["ledger"] or [{}]:
            counts = [
                "–" if line.get(name) is None else str(line[name])
                for name in ("said", "stored", "rejected", "filtered", "deleted")
            ]
            balanced = {None: "", True: "yes", False: "[bold red]NO[/]"}[line.get("balanced")]
            table.add_row(str(run["id"]), run["source"], run["state"], run["mode"], run["started_at"] or "–",
                          line.get("stream", "–"), *counts, balanced)  # fmt: skip
        for stream, at in run["kept"].items():
            table.add_row(str(run["id"]), run["source"], run["state"], run["mode"], run["started_at"] or "–",
                          stream, f"not read: as of {at}")  # fmt: skip
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
