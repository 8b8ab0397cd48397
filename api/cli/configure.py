"""`apply`, `export`, `check`, `doctor`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli.common import FAILED, USAGE, Failed, heard_or_not, open_store, utc_now, words
from config.document import parse_document
from config.settings import settings
from sync.apply import Change, export, plan
from sync.apply import apply as apply_document
from sync.inspect import check_source_now, source_names

_SIGNS = {"add": "+", "change": "~", "disable": "-", "keep": " "}


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("apply")(apply_file)
    app.command("export")(export_file)
    app.command("check")(check)
    app.command("doctor")(doctor)


def apply_file(
    file: Annotated[
        Path, typer.Option("-f", "--file", help="Configuration file (YAML), or - for standard input")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking")] = False,
) -> None:
    """Show what a configuration file would change, then change it."""
    with words(USAGE):
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Failed(
                f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}", USAGE
            ) from None
        document = parse_document(text, where=str(file))
    engine = open_store()
    with words(USAGE), engine.connect() as connection:
        changes = plan(connection, document)
    with heard_or_not():
        _print_plan(changes)
    if all(change.action == "keep" for change in changes):
        typer.echo("Nothing to change.")
        return
    if not yes:
        if not sys.stdin.isatty():
            typer.echo("This is the plan; nothing was changed. Run it again with --yes to apply it.")
            return
        typer.confirm("Apply this?", abort=True)
    with words():
        apply_document(engine, document, now=utc_now())
    with heard_or_not():
        typer.echo("Applied. Next: `muster check`, then `muster sync`.")


def _print_plan(changes: list[Change]) -> None:
    for change in changes:
        typer.echo(f"{_SIGNS[change.action]} {change.action:<8}{change.what}")
        for detail in change.details:
            typer.echo(f"             {detail}")


def export_file() -> None:
    """Print the applied configuration as a file that `apply` takes; secrets stay references."""
    engine = open_store()
    with words(), engine.connect() as connection:
        typer.echo(export(connection), nl=False)


def check(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Sources to look at; all of them if none")
    ] = None,
) -> None:
    """Ask each source who we are there, what we may see, and what is missing."""
    engine = open_store()
    well = True
    with words(USAGE):
        names = source_names(engine, sources or ())
    with words():
        for name in names:
            checked = check_source_now(engine, name, connections=settings().connections)
            typer.echo(f"{name} ({checked.kind})")
            for finding in checked.findings:
                typer.echo(f"  {'ok  ' if finding.ok else 'FAIL'} {finding.what}: {finding.says}")
                if finding.todo:
                    typer.echo(f"       what to do: {finding.todo}")
            well = well and checked.ok
    if not well:
        raise typer.Exit(FAILED)


def doctor() -> None:
    """Look at this installation: store, schema, secrets, disk, clock."""
    from api.cli.doctoring import examine

    well = True
    for line in examine(settings()):
        typer.echo(f"{'ok  ' if line.ok else 'FAIL'} {line.what}: {line.says}")
        if line.todo:
            typer.echo(f"     what to do: {line.todo}")
        well = well and line.ok
    if not well:
        raise typer.Exit(FAILED)
