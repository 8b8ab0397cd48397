"""`template`: the templates there are, one record held to one, and a file looked at before it is kept."""

import json
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from api.cli.common import FAILED, USAGE, Failed, Format, heard_or_not, open_store, parse_day, utc_now, words
from api.cli.plain import print_json
from api.cli.template_steps import is_file, parts, read_text, register_steps
from api.cli.template_terms import register_terms
from api.template_documents import head_document, template_documents, title_of, version_document
from api.wire.wording import parameter_errors
from config.settings import settings
from model.collection.numbers import GivenTwice, loads_exactly
from model.template.differences import Difference, differences, step
from model.template.template import Template, load
from sync.collection.template_check import RecordDocument, check_record, judge_of
from sync.collection.template_days import days_hold
from sync.collection.template_steps import base_of, fits
from sync.collection.templates import Kept, judging, kept, kept_version, unkept
from sync.today import today

commands = typer.Typer(name="template", help="Data-collection templates.", no_args_is_help=True)
As = Annotated[Format, typer.Option("--format", help="table or json")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    register_steps(commands)
    register_terms(commands)
    app.add_typer(commands, name="template")


@commands.command("list")
def list_templates(as_: As = Format.TABLE) -> None:
    """List the templates and their versions, and which of them judges today."""
    with words(), open_store().connect() as connection:
        day = today(connection, utc_now())
        found = kept(connection)
    with heard_or_not():
        documents = template_documents(found, day)
        if as_ is Format.JSON:
            print_json(documents)
            return
        for template in documents:
            typer.echo(f"{template['id']}: {template['title'] or 'cannot be read any more'}")
            for each in template["versions"]:
                typer.echo(f"  {'*' if each['judges'] else ' '} {_in_a_line(each)}")
        typer.echo("* judges today")


def _in_a_line(each: dict[str, Any]) -> str:
    since = f" from {each['effective_from']}" if each["effective_from"] else ""
    until = f" until {each['effective_to']}" if each["effective_to"] else ""
    by = each["retired_by"] or each["approved_by"] or each["submitted_by"] or each["created_by"]
    return f"{each['version']:<9} {each['state']}{since}{until}, by {by}"


@commands.command("show")
def show_template(
    which: Annotated[str, typer.Argument(help="A template, e.g. monthly-status, or a version of it, @3.1.0")],
    yaml: Annotated[bool, typer.Option("--yaml", help="Print it word for word as it was written")] = False,
    as_: As = Format.TABLE,
) -> None:
    """Show a version of a template: how it stands, what it asks and what it checks."""
    with words(USAGE), open_store().connect() as connection:
        each, judge = _one(kept(connection, which.partition("@")[0]), which, today(connection, utc_now()))
        loaded = each.loaded()
    with heard_or_not():
        if yaml:
            typer.echo(each.text, nl=False)
        elif as_ is Format.JSON:
            print_json(version_document(each, judge))
        else:
            typer.echo(f"{each.label}: {title_of(each)}")
            typer.echo(f"  {_in_a_line(head_document(each, judge))}; owner {each.owner or 'nobody'}")
            _print_rules(loaded)


def _one(found: list[Kept], which: str, day: Any) -> tuple[Kept, Kept | None]:
    template, _, version = which.partition("@")
    judge = judging(found, day)
    if not found:
        raise Failed(
            f"there is no template {template!r}; `muster template list` shows those there are", USAGE
        )
    if not version:
        return judge or found[-1], judge
    for each in found:
        if each.version == version:
            return each, judge
    have = ", ".join(each.version for each in found)
    raise Failed(f"there is no version {version} of {template}; there are {have}", USAGE)


def _print_rules(template: Template) -> None:
    typer.echo(f"Asks ({len(template.fields)}):")
    for each in template.fields:
        rule = each.rule
        need = "always" if each.always else "sometimes" if each.required is not None else "never"
        typer.echo(f"  {rule.id:<20} {rule.type:<9} {rule.fill:<8} required {need:<10} {rule.label}")
    typer.echo(f"Checks ({len(template.checks)}):")
    for check, _ in template.checks:
        typer.echo(f"  {check.id:<20} {check.severity:<6} {check.says}")


@commands.command("validate")
def validate(file: Annotated[str, typer.Argument(help="A template's YAML file")]) -> None:
    """Look at a template's file: every error with its line and column, and whether its number fits what changed."""
    text = read_text(file)
    with words(USAGE):
        loaded = load(text, file)
    with words(USAGE), open_store().connect() as connection:
        days_hold(loaded, text, where=file, day=today(connection, utc_now()))
        found = fits(connection, loaded, where=file)
        base = base_of(kept(connection, loaded.header.id), loaded.header.version)
    with heard_or_not():
        typer.echo(f"{loaded.label} holds: {len(loaded.fields)} fields, {len(loaded.checks)} checks.")
        if base is not None:
            _print_differences(f"Against {base.label}", found)


@commands.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="A version, e.g. monthly-status@3.1.0, or a YAML file")],
    new: Annotated[str, typer.Argument(help="Another")],
) -> None:
    """Say what differs between two versions, and the step of the number it asks for."""
    with words(USAGE):
        texts = [read_text(each) if is_file(each) else None for each in (old, new)]
        store = nullcontext(None) if all(texts) else open_store().connect()
        with store as connection:
            first, second = (
                unkept(text, named) if text is not None else kept_version(connection, *parts(named))  # type: ignore[arg-type]  # there is one where one is needed
                for text, named in zip(texts, (old, new), strict=True)
            )
        found = differences(first.loaded().document, second.loaded().document)
    with heard_or_not():
        _print_differences(f"{first.label} to {second.label}", found)


def _print_differences(title: str, found: tuple[Difference, ...]) -> None:
    if not found:
        typer.echo(f"{title}: nothing differs.")
        return
    typer.echo(f"{title}: a {step(found)} change.")
    for each in found:
        typer.echo(f"  {each.level:<5} {each.where}: {each.says}")


@commands.command("check")
def check_one(
    template: Annotated[
        str,
        typer.Argument(help="Template id, e.g. monthly-status, a version of it, or a template's YAML file"),
    ],
    record: Annotated[Path, typer.Argument(help="JSON file with record, ages_days and context")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day to judge on; today if not given")
    ] = None,
) -> None:
    """Print a record's findings and score as JSON; exits 1 when it cannot be submitted."""
    given = parse_day(as_of)
    with words(USAGE):
        read: RecordDocument | Failed
        try:
            read = _read(record)
        except Failed as failed:
            read = failed  # said only where there is a template to hold a record to
        document = RecordDocument(record={}) if isinstance(read, Failed) else read
        day = given or document.context.as_of or utc_now().date()
        loaded = _judge(template, document, day)
        if isinstance(read, Failed):
            raise read
        result = check_record(loaded, document, day)
    print_json(result)
    if not result["can_submit"]:
        raise typer.Exit(FAILED)


def _judge(template: str, document: RecordDocument, day: date) -> Template:
    if is_file(template):
        return load(read_text(template), template)
    id_, _, version = template.partition("@")
    # Whoever only tries a template out has no store yet; what is shipped needs none.
    store = open_store().connect() if _has_store() else nullcontext(None)
    with store as connection:
        return judge_of(connection, id_, version or None, day, document.where())


def _has_store() -> bool:
    given = settings()
    return given.database_url is not None or (given.home / "postgres").is_dir()


def _read(file: Path) -> RecordDocument:
    try:
        document = loads_exactly(file.read_bytes())
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}", USAGE) from None
    except GivenTwice as error:
        raise Failed(f"{file} {error}", USAGE) from None
    except json.JSONDecodeError as error:
        where = f", line {error.lineno}, column {error.colno}"
        raise Failed(f"{file}{where}: this is not JSON: {error.msg}", USAGE) from None
    except UnicodeDecodeError:
        raise Failed(f"{file}: this is not JSON: it is no UTF-8 text", USAGE) from None
    try:
        return RecordDocument.model_validate(document)
    except ValidationError as error:
        raise Failed("; ".join(f"{file}: {each}" for each in _wrong(error)), USAGE) from None


def _wrong(error: ValidationError) -> list[str]:
    """Say what is wrong with a document as the API says it of a body."""
    found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
    return [f"{each['name'] or 'The file'} {each['says']}" for each in parameter_errors(found)]
