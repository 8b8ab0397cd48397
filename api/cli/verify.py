"""`verify`: published status, worked out again from its receipts and compared."""

from typing import Annotated, Final

import typer
from rich.console import Console

from api.cli.common import (
    FAILED,
    USAGE,
    Failed,
    Format,
    TableOrJson,
    open_store,
    parse_day,
    parse_instant,
    words,
)
from api.cli.plain import print_json
from api.cli.read import AsOf, KnownAt
from sync.json import instant_text
from sync.verification.verify import Fault, NoSuchProject, Verified, verify

_SAID: Final = 50  # faults that are printed; JSON has all


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("verify")(verify_status)


def verify_status(
    projects: Annotated[list[str] | None, typer.Argument(help="Project keys; none: all projects")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every snapshot, not only each project's newest")
    ] = False,
    format_: TableOrJson = Format.TABLE,
) -> None:
    """Work published status out again from its receipts, follow them to the raw pages, and compare.

    Ends with 1 where anything does not agree, or where there was nothing to look at.
    """
    day, instant = parse_day(as_of), parse_instant(known_at)
    with words():
        try:
            found = verify(open_store(), as_of=day, known_at=instant, projects=projects or None, every=every)
        except NoSuchProject as error:
            raise Failed(str(error), USAGE) from None
    if format_ is Format.JSON:
        print_json(_document(found))
    else:
        _print(found)
    if found.faults or found.without or not found.snapshots:
        raise typer.Exit(FAILED)


def _document(found: Verified) -> dict[str, object]:
    return {
        "snapshots": found.snapshots,
        "claims": found.claims,
        "records": found.records,
        "raw_pages": found.pages,
        "read_again": found.cells,
        "rollups": found.rollups,
        "rollup_figures": found.figures,
        "differences": found.differences,
        "faults": [_told(each) for each in found.faults],
        "without_snapshot": found.without,
        "not_read_again": found.unread,
        "taken_from_receipts": [_told(each) for each in found.taken],
    }


def _told(each: Fault) -> dict[str, object]:
    return {
        "project": each.project,
        "as_of": each.as_of.isoformat(),
        "known_at": instant_text(each.known_at),
        "says": each.says,
    }


def _print(found: Verified) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for each in found.faults[:_SAID]:
        console.print(f"{each.project} as of {each.as_of}: {each.says}", markup=False)
    if len(found.faults) > _SAID:
        console.print(f"and {len(found.faults) - _SAID} more lines; --format json has them all")
    looked = (
        f"{found.snapshots} snapshots, {found.claims} claims and {found.records} rows of their receipts,"
        f" {found.pages} raw pages, {found.cells} places on them read again"
        + (f", {found.figures} figures of {found.rollups} roll-ups" if found.rollups else "")
    )
    if found.taken:
        console.print(
            f"Of {len(found.taken)} snapshots the counts of work items are taken from their receipts: items are kept"
            " as last read, and some changed since. All else was read as it was known then."
        )
    for source, why in sorted(found.unread.items()):
        console.print(f"The pages of {source} were hashed and not read again: {why}", markup=False)
    if found.without:
        console.print(
            f"No snapshot at these clocks: {', '.join(found.without)}.", style="bold red", markup=False
        )
    if not found.snapshots:
        console.print("There is no snapshot to verify: nothing was checked.", style="bold red")
    elif found.faults:
        console.print(f"{looked}: {found.differences} do not agree.", style="bold red")
    else:
        console.print(f"{looked}: everything comes out as it was published.", style="green")
