"""`template tailor`, `waive` and their kin: what is asked of some projects otherwise, and who said so."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.acting import By, Role, actor
from api.cli.common import USAGE, Failed, Format, heard_or_not, open_store, parse_day, utc_now, words
from api.cli.plain import print_json
from api.cli.template_steps import read_text
from api.template_documents import tailoring_document, waiver_document
from model.declaration import Declaration
from model.template.tailoring import tailored
from sync.collection import tailoring, waivers
from sync.collection.templates import current
from sync.store import unit_of_work
from sync.today import today

Number = Annotated[int, typer.Argument(help="Its number")]
AskedBy = Annotated[
    str | None,
    typer.Option("--asked-by", help="Who asked for it; then --by grants it at once, and must be another"),
]
As = Annotated[Format, typer.Option("--format", help="table or json")]


def register_terms(commands: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (
        ("tailor", tailor), ("tailorings", list_tailorings), ("approve-tailoring", approve_tailoring),
        ("untailor", untailor), ("waive", waive), ("waivers", list_waivers), ("grant", grant), ("unwaive", unwaive),
    ):  # fmt: skip
        commands.command(name)(command)


def tailor(
    file: Annotated[str, typer.Argument(help="YAML with template, applies, changes and because")],
    by: By,
    role: Role = None,
    asked_by: AskedBy = None,
) -> None:
    """Ask for rules to be changed for some projects; shows what would be loosened."""
    who = actor(by, role)
    where = Path(file).name
    text = read_text(file)
    with words(USAGE), unit_of_work(open_store()) as connection:
        now = utc_now()
        written = tailoring.parse(Declaration(text, where).data, where=where)
        template = current(connection, written.template, today(connection, now))
        changes = tailored(template, written.changes).changes
        asker = actor(asked_by, None) if asked_by is not None else who
        number = tailoring.ask(connection, written, actor=asker, now=now)
        if asked_by is not None:
            tailoring.approve(connection, number, actor=who, now=now)
    covers = tailoring.covers_in_words(written.applies.model_dump(mode="json"))
    typer.echo(f"Tailoring {number} of {template.label}, for {covers}:")
    for each in changes:
        typer.echo(f"  {each}")
    if asked_by is None:
        typer.echo(
            f"It waits: `muster template approve-tailoring {number} --by NAME`, and not by {who.name}."
        )
    else:
        typer.echo(f"Approved by {who.name}; it counts from today on.")


def list_tailorings(
    template: Annotated[str | None, typer.Argument(help="Of one template")] = None, as_: As = Format.TABLE
) -> None:
    """List what is tailored, the newest first."""
    with words(), open_store().connect() as connection:
        found = tailoring.tailorings(connection, template=template)
    with heard_or_not():
        if as_ is Format.JSON:
            print_json([tailoring_document(each) for each in found])
            return
        for each in found:
            covers = tailoring.covers_in_words(each["applies"])
            typer.echo(f"{each['id']:>4}  {each['template']}, for {covers}: {tailoring.state_of(each)}")
            typer.echo(f"      {each['because']} (asked by {each['asked_by']}{_granted(each)})")
        if not found:
            typer.echo("Nothing is tailored.")


def approve_tailoring(number: Number, by: By, role: Role = None) -> None:
    """Let a tailoring count from today on."""
    who = actor(by, role)
    with words(), unit_of_work(open_store()) as connection:
        found = tailoring.approve(connection, number, actor=who, now=utc_now())
    covers = tailoring.covers_in_words(found["applies"])
    typer.echo(f"Tailoring {number} of {found['template']} counts from today on, for {covers}.")


def untailor(number: Number, by: By, role: Role = None) -> None:
    """End a tailoring, or refuse one that waits."""
    who = actor(by, role)
    with words(), unit_of_work(open_store()) as connection:
        tailoring.end(connection, number, actor=who, now=utc_now())
    typer.echo(f"Tailoring {number} counts no more from today on.")


def waive(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    project: Annotated[str, typer.Argument(help="Project key")],
    template: Annotated[str, typer.Argument(help="Template id")],
    rule: Annotated[str, typer.Argument(help="A field's or a check's id")],
    by: By,
    because: Annotated[str, typer.Option("--because", help="Why the project is to be let off")],
    until: Annotated[str, typer.Option("--until", help="The last day it holds, YYYY-MM-DD")],
    record: Annotated[str | None, typer.Option("--record", help="Only this record; else every one")] = None,
    role: Role = None,
    asked_by: AskedBy = None,
) -> None:
    """Ask for a project to be let off a rule until a day; with --asked-by, grant it."""
    who = actor(by, role)
    day = parse_day(until)
    if day is None:
        raise Failed("--until: give the last day it holds, as YYYY-MM-DD", USAGE)
    wish = waivers.Wish(project, template, rule, because, day, record)
    with words(USAGE), unit_of_work(open_store()) as connection:
        now = utc_now()
        asker = actor(asked_by, None) if asked_by is not None else who
        number = waivers.ask(connection, wish, actor=asker, now=now)
        if asked_by is not None:
            waivers.grant(connection, number, actor=who, now=now)
    what = f"Waiver {number}: {project} is let off {rule} of {template} until {day}"
    if asked_by is None:
        typer.echo(
            f"{what}, once somebody other than {who.name} grants it: `muster template grant {number}`."
        )
    else:
        typer.echo(f"{what}. Granted by {who.name}, asked for by {asked_by}.")


def list_waivers(
    template: Annotated[str | None, typer.Argument(help="Of one template")] = None, as_: As = Format.TABLE
) -> None:
    """List waivers, the newest first."""
    with words(), open_store().connect() as connection:
        found = waivers.waivers(connection, template=template)
        day = today(connection, utc_now())
    with heard_or_not():
        if as_ is Format.JSON:
            print_json([waiver_document(each, day) for each in found])
            return
        for each in found:
            record = f" in {each['record_ref']}" if each["record_ref"] is not None else ""
            typer.echo(
                f"{each['id']:>4}  {each['project']}: {each['rule']} of {each['template']}{record} until"
                f" {each['until']}: {waivers.state_of(each, day)}"
            )
            typer.echo(f"      {each['because']} (asked by {each['asked_by']}{_granted(each)})")
        if not found:
            typer.echo("Nothing is waived.")


def grant(number: Number, by: By, role: Role = None) -> None:
    """Grant a waiver that was asked for; not by whoever asked."""
    who = actor(by, role)
    with words(), unit_of_work(open_store()) as connection:
        found = waivers.grant(connection, number, actor=who, now=utc_now())
    typer.echo(
        f"Waiver {number}: {found['project']} is let off {found['rule']} of {found['template']} until {found['until']}."
    )
    if found["findings"]:
        typer.echo(f"Waived at once, by finding: {', '.join(map(str, found['findings']))}.")


def unwaive(number: Number, by: By, role: Role = None) -> None:
    """End a waiver, or refuse one that waits; its finding is back with the next sync."""
    who = actor(by, role)
    with words(), unit_of_work(open_store()) as connection:
        waivers.end(connection, number, actor=who, now=utc_now())
    typer.echo(f"Waiver {number} holds no more.")


def _granted(each: dict[str, Any]) -> str:
    granted = f", granted by {each['approved_by']}" if each["approved_by"] else ""
    return granted + (f", ended by {each['ended_by']}" if each["ended_by"] else "")
