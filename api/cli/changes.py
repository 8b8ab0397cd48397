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

_KINDS = {"news": "", "rewritten": "  [rewritten history]", "both": "  [and rewritten history below it]"}


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
        for what, each, kind in _told(project, found["since"]):
            _line(console, what, each, kind)
    if found["unchanged"] is None:
        return
    console.print(f"{found['rewritten']} changes are rewritten history.")
    console.print(f"{len(found['projects'])} changed, {found['unchanged']} did not.")


def _told(project: dict[str, Any], since: str) -> list[tuple[str, dict[str, Any], str]]:
    """Return the changes of a project, each with what it is called and its kind; rewritten history comes first."""
    found = [(each["name"], each, each["kind"]) for each in project["status"]]
    found += [
        (f"{each['name']} of {since}, computed again", each, "rewritten") for each in project["recomputed"]
    ]
    found += [(f"{each['attribute']} of {each['source']}", each, each["kind"]) for each in project["values"]]
    for called, rows in (("milestone", project["milestones"]), ("RAID", project["raid"])):
        found += [(f"{called} {each['name']}, {each['what']}", each, each["kind"]) for each in rows]
    for each in project["records"]:
        called = each["entity"].replace("_", " ")
        found.append((f"{called} {each['name']}, {each['what']}", each, each["kind"]))
    return sorted(found, key=lambda each: each[2] != "rewritten")


def _line(console: Console, what: str, each: dict[str, Any], kind: str) -> None:
    was, now = plainly(each["was"], what), plainly(each["is"], what)
    if was == now:  # they differ in digits that are not shown
        was, now = str(each["was"]), str(each["is"])
    said = f"  {what}: {was} → {now}{_KINDS[kind]}"
    console.print(said, markup=False)
