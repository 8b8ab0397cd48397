"""`accept` and `rejects`: answer what a run asked, and see what could not be read."""

import sys
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.common import USAGE, Failed, Format, open_store, utc_now, words
from api.cli.plain import print_json
from api.routes.questions import question_document
from api.routes.rejects import age_in_words, reject_document
from model.tables import Question, RejectedRecord, Source
from sync.inspect import source_names
from sync.questions import NoSuchQuestion
from sync.questions import accept as write_answer

_WIDE: Final = 10_000  # columns of a table that goes into a file or a pipe


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("questions")(questions)
    app.command("accept")(accept)
    app.command("rejects")(rejects)


def questions(
    source: Annotated[str | None, typer.Argument(help="Of this source; of all if left out")] = None,
    format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """List what runs would not decide alone and nobody has answered yet."""
    engine = open_store()
    with words(USAGE):
        names = source_names(engine, [source] if source else ())
    with words(), Session(engine) as session:
        query = (
            select(Question, Source.name)
            .join(Source, Source.id == Question.source_id)
            .where(Source.name.in_(names), Question.settled_at.is_(None), Question.accepted_at.is_(None))
            .order_by(Source.position, Question.id)
        )
        found = [question_document(row, name) for row, name in session.execute(query)]
    if format_ is Format.JSON:
        print_json({"questions": found})
        return
    if not found:
        typer.echo("Nothing is asked.")
    for each in found:
        typer.echo(f"{each['source']} {each['id']}: {each['says']}.")
        typer.echo(f"  If accepted, {each['if_accepted']}.")
        typer.echo(f'  muster accept {each["source"]} {each["id"]} --by NAME --because "…"')


def accept(
    source: Annotated[str, typer.Argument(help="The source that asks")],
    question: Annotated[int, typer.Argument(help="The question's number", min=1)],
    by: Annotated[str, typer.Option("--by", help="The name that answers for it")],
    because: Annotated[str, typer.Option("--because", help="Why this is right")],
) -> None:
    """Answer a question with yes, by name and with a reason; the next run does what it says."""
    engine = open_store()
    with words():
        try:
            then = write_answer(engine, source, question, by=by, because=because, now=utc_now())
        except (NoSuchQuestion, ValueError) as error:
            raise Failed(str(error), USAGE) from None
    typer.echo(f"Accepted: {then}. `muster sync {source}` runs it now.")


def rejects(
    source: Annotated[str, typer.Argument(help="The source")],
    format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first")] = 200,
) -> None:
    """List what of a source could not be read, why, and for how long; each run asks for it again."""
    engine = open_store()
    with words(USAGE):
        source_names(engine, [source])
    now = utc_now()
    with words(), Session(engine) as session:
        query = (
            select(RejectedRecord, Source.name)
            .join(Source, Source.id == RejectedRecord.source_id)
            .where(Source.name == source, RejectedRecord.resolved_at.is_(None))
            .order_by(RejectedRecord.id.desc())
        )
        rows = session.execute(query.limit(limit)).all()
        found = [
            {**reject_document(row, name), "age": age_in_words(row.rejected_at, now)} for row, name in rows
        ]
    if format_ is Format.JSON:
        print_json({"rejects": found})
        return
    if not found:
        typer.echo(f"{source}: nothing is rejected.")
        return
    table = Table("Where", "Stream", "Kind", "Reason", "Stood for", "Attempts", "Run")
    for each in found:
        table.add_row(each["locator"], each["stream"], each["kind"], each["reason"], each["age"],
                      str(each["attempts"]), str(each["run"]))  # fmt: skip
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
