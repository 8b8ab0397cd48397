"""`workbook` and `template render`: workbooks that go out to be filled in, and what comes back."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlalchemy import Engine

from api.cli.acting import By, Role, actor
from api.cli.common import (
    FAILED,
    OK,
    PARTIAL,
    USAGE,
    Failed,
    Format,
    heard_or_not,
    open_store,
    utc_now,
    words,
)
from api.cli.plain import print_json
from api.cli.template import commands as template_commands
from api.workbook_documents import conflict_document, taken_document
from model.collection.numbers import alike
from model.collection.roles import Actor
from model.status.colour import counted
from sync.collection.case import open_case
from sync.collection.cycles import find_cycle
from sync.collection.heads import SubmissionHead, heads
from sync.collection.refused import Refused
from sync.collection.templates import current, version
from sync.store import unit_of_work
from sync.workbook.conflicts import NoSuchCell, cells, settle
from sync.workbook.exchange import collect, place_at, send, take_all
from sync.workbook.pattern import pattern
from sync.workbook.returned import Taken
from sync.workbook.sending import write_workbook

commands = typer.Typer(
    name="workbook", help="Workbooks sent to be filled in, and taken back.", no_args_is_help=True
)
Template = Annotated[str, typer.Argument(help="Template id, e.g. monthly-status")]
Period = Annotated[str, typer.Argument(help="The cycle's period, e.g. 2025-06")]
Projects = Annotated[
    list[str] | None, typer.Option("--project", help="Only this project's; may be given again")
]
As = Annotated[Format, typer.Option("--format", help="table or json")]
_Place = "A folder, or SOURCE:/Folder of an Excel source on SharePoint"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    template_commands.command("render")(render_template)
    app.add_typer(commands, name="workbook")


def render_template(
    which: Annotated[str, typer.Argument(help="Template id, or a version of it: raid-log@2.0.0")],
    out: Annotated[Path, typer.Option("--out", help="The .xlsx file to write")],
    project: Annotated[str | None, typer.Option("--project", help="Filled in for this project")] = None,
    period: Annotated[
        str | None, typer.Option("--period", help="Of this period; the present month if not given")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who asks for it")] = "operator",
) -> None:
    """Write a template's workbook: a project's own, filled in and taken back later, or an empty pattern."""
    engine, now = open_store(), utc_now()
    id_, _, wanted = which.partition("@")
    period = period or f"{now:%Y-%m}"
    with words(USAGE):
        if project is None:
            with engine.connect() as connection:
                template = (
                    version(connection, id_, wanted) if wanted else current(connection, id_, now.date())
                )
            body = pattern(template, period, now=now)
        else:
            [head] = _submissions(engine, id_, period, [project])
            with unit_of_work(engine) as connection:
                case = open_case(connection, head.id, now=now)
                body = write_workbook(connection, case, by=by, now=now).body
        _write(out, body)
    typer.echo(f"Wrote {out} ({len(body):,} bytes).")


@commands.command("send")
def send_workbooks(
    template: Template,
    period: Period,
    to: Annotated[str, typer.Option("--to", help=_Place)],
    by: By,
    projects: Projects = None,
) -> None:
    """Write the workbook of each project of a cycle and put it where its people work; none is written over."""
    engine, now = open_store(), utc_now()
    failed = 0
    with words(USAGE):
        wanted = _submissions(engine, template, period, projects or [])
    with words(), place_at(engine, to) as place:
        for each in send(engine, [head.id for head in wanted], place, by=by, now=now):
            failed += each.says is not None
            typer.echo(f"{'x' if each.says else ' '} {each.file}  {each.says or each.url or 'sent'}")
    typer.echo(f"{len(wanted) - failed} of {counted(len(wanted), 'workbook')} sent to {to}.")
    if failed:
        raise typer.Exit(FAILED)


@commands.command("take")
def take_workbooks(
    by: By,
    files: Annotated[list[Path] | None, typer.Argument(help="Files that came back")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help=f"{_Place}: takes what was changed there")
    ] = None,
    roles: Role = None,
    as_: As = Format.TABLE,
) -> None:
    """Take workbooks that came back; cells that were not simply taken are answered in a copy beside each."""
    if bool(files) == bool(from_):
        raise Failed("give the files that came back, or --from the place they were sent to", USAGE)
    who = actor(by, roles)
    engine = open_store()
    found: list[Taken] = []
    with words(), heard_or_not():
        for taken in _from_place(engine, from_, who) if from_ else _from_files(engine, files or [], who):
            found.append(taken)
            if as_ is not Format.JSON:
                _print_taken(taken)
        if as_ is Format.JSON:
            print_json([taken_document(each) for each in found])
        elif not found:
            typer.echo("Nothing was changed there since it was sent.")
    code = _code(found)
    if code != OK:
        raise typer.Exit(code)


@commands.command("conflicts")
def list_conflicts(as_: As = Format.TABLE) -> None:
    """List the cells that were changed in a workbook and elsewhere, until somebody says which value counts."""
    with words(), open_store().connect() as connection:
        found = cells(connection, open_only=True)
    with heard_or_not():
        if as_ is Format.JSON:
            print_json([conflict_document(each) for each in found])
            return
        for each in found:
            typer.echo(
                f"{each.id:>5}  {each.project} {each.period} {each.template} {each.record} {each.field}".rstrip()
            )
            sent, returned, now = alike(each.sent, each.returned, each.now)
            by = f" by {each.now_by} (answer {each.answer})" if each.answer else ""
            typer.echo(
                f"       sent {sent}, returned {returned} by {each.by} ({each.locator}), now {now}{by}"
            )
        if not found:
            typer.echo("No conflict is open.")


@commands.command("settle")
def settle_conflict(
    number: Annotated[int, typer.Argument(help="Its number")],
    keep: Annotated[Literal["returned", "current"], typer.Option("--keep", help="Which value counts")],
    by: By,
    because: Annotated[
        str | None, typer.Option("--because", help="Why, where a filled-in value is changed")
    ] = None,
    answer: Annotated[
        int | None,
        typer.Option("--answer", help="The answer that `conflicts` shows as now, where it was changed since"),
    ] = None,
    roles: Role = None,
) -> None:
    """Say which of two values counts."""
    engine = open_store()
    with words(USAGE):
        try:
            cell = settle(
                engine, number, keep, actor=actor(by, roles), because=because, seen=answer, now=utc_now()
            )
        except NoSuchCell as error:
            raise Failed(str(error), USAGE) from None
        except Refused as error:
            raise Failed(str(error)) from None
    [value] = alike(cell.returned if keep == "returned" else cell.now)
    typer.echo(f"{' '.join(filter(None, [cell.project, cell.record, cell.field]))}: {value} counts.")


def _submissions(engine: Engine, template: str, period: str, projects: list[str]) -> list[SubmissionHead]:
    with engine.connect() as connection:
        cycle = find_cycle(connection, template, period)
        found = heads(connection, cycles=[cycle.id])
    known = {head.project_key for head in found}
    if missing := [key for key in projects if key not in known]:
        raise LookupError(
            f"{', '.join(missing)} is not asked in {template} {period}; asked are: {', '.join(sorted(known))}"
        )
    return [head for head in found if not projects or head.project_key in projects]


def _from_files(engine: Engine, files: list[Path], who: Actor) -> Iterator[Taken]:
    for file, taken in zip(files, take_all(engine, files, actor=who), strict=True):
        if taken.copy is not None:
            _write(_beside(file), taken.copy)
        yield taken


def _beside(file: Path) -> Path:
    """Return a name for the answered copy that no file has: an earlier one may be worked on."""
    names = (f"{file.stem}_answered{f'-{number}' if number > 1 else ''}.xlsx" for number in count(1))
    return next(place for name in names if not (place := file.with_name(name)).exists())


def _from_place(engine: Engine, place: str, who: Actor) -> Iterator[Taken]:
    with place_at(engine, place) as opened:
        yield from collect(engine, opened, actor=who, now=utc_now())


def _code(found: list[Taken]) -> int:
    """Return what programs are told: all was taken, nothing was, or a part of it."""
    refused = sum(each.state == "refused" for each in found)
    if found and refused == len(found):
        return FAILED
    return PARTIAL if refused or any(each.rejected or each.conflicts for each in found) else OK


def _print_taken(taken: Taken) -> None:
    typer.echo(f"{'x' if taken.state == 'refused' else ' '} {taken.says}")
    for one in taken.outcomes:
        typer.echo(f"    {one.kind}: {one.locator} {one.ref} {one.part}".rstrip() + f": {one.says}")
    for note in taken.notes:
        typer.echo(f"    ! {note}")
    if taken.copy is not None:
        kinds = Counter(one.kind for one in taken.outcomes)
        typer.echo(
            f"    answered in {taken.copy_file} ({', '.join(f'{n} {kind}' for kind, n in kinds.items())})"
        )


def _write(file: Path, body: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}", USAGE) from None
