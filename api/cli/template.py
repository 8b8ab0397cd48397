"""`template check`: one record held to a template, from the command line."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.cli.common import FAILED, USAGE, Failed, parse_day, utc_now, words
from api.cli.read import print_json
from config import shipped
from model.template.check import check
from model.template.template import Template, load

commands = typer.Typer(name="template", help="Data-collection templates.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="template")


@commands.command("list")
def list_templates() -> None:
    """List the templates there are."""
    for name in shipped.names("templates"):
        typer.echo(name)


@commands.command("check")
def check_record(
    template: Annotated[
        str, typer.Argument(help="Template id, e.g. monthly-status, or a template's YAML file")
    ],
    record: Annotated[Path, typer.Argument(help="JSON file with record, ages_days and context")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day to judge on; today if not given")
    ] = None,
) -> None:
    """Print a record's findings and score as JSON; exits 1 when it cannot be submitted."""
    day = parse_day(as_of) or utc_now().date()
    with words(USAGE):
        loaded = _template(template)
        document = _read(record)
        result = check(
            loaded,
            document["record"],
            document.get("ages_days") or {},
            {**(document.get("context") or {}), "as_of": day},
        )
    print_json(result.to_json())
    if not result.can_submit:
        raise typer.Exit(FAILED)


def _template(named: str) -> Template:
    file = Path(named)
    if file.suffix not in {".yaml", ".yml"}:
        return shipped.template(named)
    try:
        return load(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise Failed(f"{file} cannot be read: {why}", USAGE) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        document = orjson.loads(file.read_bytes())
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}", USAGE) from None
    except orjson.JSONDecodeError as error:
        raise Failed(
            f"{file}, line {error.lineno}, column {error.colno}: this is not JSON: {error.msg}", USAGE
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("record"), dict):
        raise Failed(
            f'{file}: expected an object with "record", and perhaps "ages_days" and "context"', USAGE
        )
    return document
