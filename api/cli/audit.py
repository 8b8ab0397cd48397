"""`muster audit`: the log of who changed what: listed, exported, and held against its own chain."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy import Engine

from api.audit_files import document, lines
from api.audit_query import AuditQuery
from api.cli.common import FAILED, USAGE, Failed, Format, heard_or_not, open_store, words
from api.cli.matching import harmless
from api.cli.plain import print_json
from model.audit import ACTIONS, Anchor, Linked
from sync.audit import record_alone
from sync.audit_log import Wanted, head, stream, verify
from sync.audit_log import page as newest

app = typer.Typer(name="audit", help="Who changed what: list it, export it, verify it.", no_args_is_help=True)

Who = Annotated[str, typer.Option("--actor", help="Of this account, token or person")]
What = Annotated[str, typer.Option("--action", help="source.changed, or all of them: source")]
About = Annotated[str, typer.Option("--subject", help="What it is about begins so: project PORTAL")]
How = Annotated[str, typer.Option("--way", help="page, api, command or clock")]
Since = Annotated[str, typer.Option("--since", help="From this day on, YYYY-MM-DD, in UTC")]
Until = Annotated[str, typer.Option("--until", help="Up to and with this day")]


@app.command("list")
def list_(  # noqa: PLR0913, PLR0917  (each is a filter)
    actor: Who = "",
    action: What = "",
    subject: About = "",
    way: How = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    format_: Annotated[Format, typer.Option("--format", help="table, json or csv")] = Format.TABLE,
) -> None:
    """List events, the newest first."""
    wanted = _wanted(actor, action, subject, way, since, until)
    with words(), open_store().connect() as connection:
        found = newest(connection, wanted, limit=limit)
    if format_ is Format.JSON:
        print_json({"events": [document(each) for each in found]})
    elif format_ is Format.CSV:
        sys.stdout.writelines(lines(found, "csv"))
    else:
        _print(found)


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="The file to write: .csv or .ndjson; - is standard output")],
    actor: Who = "",
    action: What = "",
    subject: About = "",
    way: How = "",
    since: Since = "",
    until: Until = "",
) -> None:
    """Write events into a file, the first first; that it was done is the last of them."""
    kind = to.suffix.removeprefix(".").lower() or "ndjson"
    if kind not in ("csv", "ndjson"):
        raise Failed(f"{to}: the file is to end in .csv or .ndjson", USAGE)
    wanted = _wanted(actor, action, subject, way, since, until)
    with words():
        engine = open_store()
        record_alone(engine, "export.audit", f"log as {kind}", {"to": to.name})
        count = _write(engine, wanted, to, "csv" if kind == "csv" else "ndjson")
    if str(to) != "-":
        typer.echo(f"{count} events are in {to}.")


def _write(engine: Engine, wanted: Wanted, to: Path, kind: str) -> int:
    count = 0
    with engine.connect() as connection, closing(stream(connection, wanted)) as events:  # type: ignore[type-var]
        written = lines(events, "csv" if kind == "csv" else "ndjson")
        if str(to) == "-":
            with heard_or_not():
                for line in written:
                    sys.stdout.write(line)
            return count
        with to.open("w", encoding="utf-8", newline="") as out:
            for line in written:
                out.write(line)
                count += 1
    return count - (kind == "csv")


@app.command("head")
def head_() -> None:
    """Print a note of the last event, to be kept where the database's owner cannot write."""
    with words():
        found = head(open_store())
    if found is None:
        raise Failed("the log is empty: nothing has happened yet", FAILED)
    typer.echo(str(found))


@app.command("verify")
def verify_(
    anchor: Annotated[
        str | None, typer.Option(help="What `muster audit head` printed: shows a cut end as well")
    ] = None,
) -> None:
    """Look through the whole log: whether each event says what it said, and follows from the one before."""
    try:
        noted = None if anchor is None else Anchor.read(anchor)
    except ValueError as error:
        raise Failed(str(error), USAGE) from None
    with words():
        checked = verify(open_store(), noted)
    for fault in checked.faults:
        typer.echo(f"muster: {fault}", err=True)
    if checked.faults:
        raise Failed(f"the log of {checked.events} events is not what was written")
    if checked.head is None:
        typer.echo("The log is empty.")
        return
    beside = "" if noted else " Without --anchor, a cut end does not show."
    typer.echo(f"{checked.events} events, each as it was written.{beside}\nLast: {checked.head}")


@app.command()
def actions() -> None:
    """List what is recorded."""
    for name, says in ACTIONS.items():
        typer.echo(f"{name:<28}{says}")


def _wanted(actor: str, action: str, subject: str, way: str, since: str, until: str) -> Wanted:
    from datetime import UTC

    given = {"actor": actor, "action": action, "subject": subject, "way": way, "since": since, "until": until}
    try:
        return AuditQuery.model_validate(given).wanted(UTC)
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"--{part}: " for part in said["loc"])
        raise Failed(f"{where}{said['msg'].removeprefix('Value error, ')}", USAGE) from None


def _print(found: list[Linked]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    if not found:
        console.print("No event matches.")
    for each in found:
        event = each.event
        detail: object = event.detail  # an object, unless somebody changed the log behind it
        by = detail.get("by") if isinstance(detail, dict) else None
        who = f"{by} ({event.actor})" if by else event.actor
        where = f" from {event.address}" if event.address else ""
        when = f"{each.seq:>6}  {event.at:%Y-%m-%d %H:%M:%S}Z"
        line = f"{when}  {event.action:<24} {event.subject}  {who}, {event.way}{where}"
        console.print(harmless(line), markup=False)
