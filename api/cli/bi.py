"""`muster bi`: the views for SQL tools, and the roles that may read them."""

import csv
import sys
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import quote, urlencode

import typer
from sqlalchemy import Engine

from api.cli.common import USAGE, Failed, Format, open_store, utc_now, words
from api.cli.plain import print_json
from config.settings import settings
from model.bi.build import views
from model.bi.declare import SCHEMA
from sync.bi_revoke import revoke
from sync.bi_roles import CannotGrant, Granted, NoRightToGrant, grant, readers

_ROLE: Final = "muster_bi"
_NAMED: Final = 5

app = typer.Typer(
    name="bi", help="Views for SQL tools, and the roles that may read them.", no_args_is_help=True
)
NameArgument = Annotated[str, typer.Argument(help="The role of PostgreSQL")]


@app.command("grant")
def grant_(
    name: NameArgument = _ROLE,
    project: Annotated[
        list[str] | None,
        typer.Option(help="May see this project only; repeat for more. Without: as before, or all of them"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="It may sign in this long; else until revoked")
    ] = None,
) -> None:
    """Make a role that may read schema bi and no other table, and print how to connect, this once.

    Of a role that this command made it makes a new password; one that was there before keeps its own.
    """
    engine = open_store()
    until = utc_now() + timedelta(days=days) if days else None
    with words():
        try:
            granted = grant(
                engine,
                name,
                until=until,
                projects=project or None,
                own_server=settings().database_url is None,
            )
        except NoRightToGrant as error:
            raise Failed(f"{error}:\n" + "\n".join(f"  {line};" for line in error.statements)) from None
        except CannotGrant as error:
            raise Failed(str(error), USAGE) from None
    typer.echo(_address(engine, granted))
    if granted.password is None:
        typer.echo(f"{name} was there before: its password and its settings are as they were.", err=True)
    else:
        typer.echo("Keep it now: the password is stored nowhere.", err=True)
    if settings().database_url is None:
        typer.echo(
            "This PostgreSQL is Muster's own: while Muster runs, programs of the same user reach it on this machine."
            " For tools elsewhere give Muster a PostgreSQL by MUSTER_DATABASE_URL (docs/sql.md).",
            err=True,
        )


@app.command("revoke")
def revoke_(name: NameArgument = _ROLE) -> None:
    """Take the schema away from a role at once; one that `grant` made is dropped.

    It reads no more whatever it has made; what is left of it besides, and how to clear that away, is said.
    """
    with words():
        revoked = revoke(open_store(), name)
    if revoked is None:
        raise Failed(f"{name!r} may not read schema {SCHEMA}; `muster bi list` shows who may", USAGE)
    typer.echo(f"{name} reads no more.")
    if revoked.inherited:
        typer.echo(f"Of Muster's user now, as it made them: {_some(revoked.inherited)}.", err=True)
    if revoked.stays:
        typer.echo(f"But {revoked.stays}; somebody who may can run these lines:", err=True)
        typer.echo("\n".join(f"  {line};" for line in revoked.todo), err=True)


@app.command("list")
def list_() -> None:
    """List the roles that may read the schema, what else they may touch or make, and what they own."""
    with words():
        found = readers(open_store())
    for reader in found:
        whence = "made here" if reader.made_here else "was there before"
        ends = f"until {reader.until:%Y-%m-%d}" if reader.until else ""
        seen = "all projects" if reader.projects is None else ", ".join(reader.projects) or "no project"
        more = (
            f"MAY TOUCH MORE: {', '.join(reader.beyond)}"
            if reader.beyond
            else "reads the views and no other table"
        )
        if reader.besides:
            more += f"; may also make or use: {', '.join(reader.besides)}"
        if reader.owned:
            more += f"; owns: {_some(reader.owned)}"
        typer.echo(
            "\t".join([reader.name, seen, more, whence, f"{reader.connections} connected", ends]).rstrip()
        )
    if not found:
        typer.echo("Nobody may; `muster bi grant` makes a role that may.", err=True)


@app.command("views")
def views_(
    name: Annotated[str | None, typer.Argument(help="One view, with its columns; else all of them")] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print")] = Format.TABLE,
) -> None:
    """Say what views there are, or what the columns of one are."""
    chosen = [view for view in views() if name in (None, view.name)]
    if not chosen:
        raise Failed(f"there is no view {name!r}; `muster bi views` lists them", USAGE)
    if format_ is Format.JSON:
        print_json(
            [
                {
                    "view": f"{SCHEMA}.{view.name}",
                    "says": view.says,
                    "columns": [{"name": each.name, "says": each.says} for each in view.columns],
                }
                for view in chosen
            ]
        )
        return
    told = (
        [(view.name, view.says) for view in chosen]
        if name is None
        else [(each.name, each.says) for each in chosen[0].columns]
    )
    if format_ is Format.CSV:
        csv.writer(sys.stdout, lineterminator="\n").writerows([("name", "says"), *told])
        return
    width = max(len(first) for first, _ in told)
    for first, says in told:
        typer.echo(f"{first:<{width}}  {says}")


def _some(names: tuple[str, ...]) -> str:
    """Name a few: a role can own any number of things."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _address(engine: Engine, granted: Granted) -> str:
    """Return the address as psql and drivers take it."""
    url = engine.url
    sign_in = quote(granted.name) + (f":{quote(granted.password)}" if granted.password else "")
    folder = url.query.get("host")
    where = url.host or ""
    port = f":{url.port}" if url.port else ""
    query = f"?{urlencode({'host': folder})}" if folder and not where else ""
    return f"postgresql://{sign_in}@{where}{port}/{quote(str(url.database))}{query}"
