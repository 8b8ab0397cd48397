"""`changes`: what is otherwise than on an earlier day."""

from typing import Annotated, Any

import typer
from rich.console import Console
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
from api.cli.plain import plainly, print_json
from api.cli.read import AsOf, KnownAt
from sync.changes import changes

_KINDS = {"news": "", "rewritten": "  [rewritten history]"}


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("changes")(show_changes)


def show_changes(
    since: Annotated[
        str, typer.Option("--since", help="The earlier day, YYYY-MM-DD: that of the last board")
    ],
    as_of: AsOf = None,
    known_at: KnownAt = None,
    format_: TableOrJson = Format.TABLE,
) -> None:
    """Say what changed since a day: news, and history that was rewritten since."""
    day, later = parse_day(since), parse_day(as_of)
    now = parse_instant(known_at) or utc_now()
    if day is None:
        raise Failed("--since needs a day, YYYY-MM-DD", USAGE)
    with words(), Session(open_store()) as session:
        found = changes(session, since=day, as_of=later, now=now)
    if format_ is Format.JSON:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"From {found['since']}, as known when it ended, to {found['as_of']}:", style="bold")
    if found["note"]:
        console.print(f"  {found['note']}", markup=False)
    for what in ("new", "closed"):
        for each in found[what]:
            console.print(f"  {what}: {each['key']} {each['name']}", markup=False)
    for project in found["projects"]:
        console.print(f"{project['key']} {project['name']}", style="bold", markup=False)
        for each in project["status"]:
            _line(console, each["name"], each, "news")
        for each in project["recomputed"]:
            _line(console, f"{each['name']} of {found['since']}, computed again", each, "rewritten")
        for each in project["values"]:
            _line(console, f"{each['attribute']} of {each['source']}", each, each["kind"])
        for each in project["milestones"]:
            _line(console, f"milestone {each['name']}, {each['what']}", each, each["kind"])
        for each in project["raid"]:
            _line(console, f"RAID {each['name']}, {each['what']}", each, each["kind"])
    console.print(f"{len(found['projects'])} changed, {found['unchanged']} did not.")


def _line(console: Console, what: str, each: dict[str, Any], kind: str) -> None:
    said = f"  {what}: {plainly(each['was'], what)} → {plainly(each['is'], what)}{_KINDS[kind]}"
    console.print(said, markup=False)
