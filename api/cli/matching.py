"""`match`: what may be one project or person, and an officer's word on it."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.cli.common import FAILED, USAGE, Failed, Format, open_store, utc_now, words
from api.cli.plain import print_json
from api.matching_reads import KIND_WORDS, proposal_detail, proposal_document
from model.tables import MatchProposal
from sync.identity.decide import CannotDecide, NoSuchProposal, decide, link
from sync.identity.follow import follow
from sync.identity.named import named

match = typer.Typer(
    name="match",
    help="What may be one project or person; nothing is applied unconfirmed.",
    no_args_is_help=True,
)
_WIDE: Final = 10_000  # columns of a table that goes into a file or a pipe
_STATES: Final = ("open", "confirmed", "refused", "gone")
_REFUSED: Final = (NoSuchProposal, CannotDecide)

By = Annotated[str, typer.Option("--by", help="The name that answers for it")]
Because = Annotated[str, typer.Option("--because", help="Why this is right")]
Printed = Annotated[Format, typer.Option("--format", help="table or json")]
Numbers = Annotated[list[int], typer.Argument(help="The proposals' numbers", min=1)]
Number = Annotated[int, typer.Argument(min=1)]


@match.command("list")
def list_proposals(
    kind: Annotated[str | None, typer.Option(help=", ".join(KIND_WORDS))] = None,
    state: Annotated[str, typer.Option(help=", ".join(_STATES))] = "open",
    least: Annotated[float, typer.Option(min=0, max=1, help="Only those at least this sure, 0 to 1")] = 0,
    format_: Printed = Format.TABLE,
) -> None:
    """List what may be one, the surest first."""
    if state not in _STATES or (kind is not None and kind not in KIND_WORDS):
        raise Failed(f"kinds are {', '.join(KIND_WORDS)}; states are {', '.join(_STATES)}", USAGE)
    query = select(MatchProposal).where(MatchProposal.state == state, MatchProposal.confidence >= least)
    if kind is not None:
        query = query.where(MatchProposal.kind == kind)
    engine = open_store()
    with words(), Session(engine) as session:
        rows = session.scalars(query.order_by(MatchProposal.confidence.desc(), MatchProposal.id))
        found = [proposal_document(row) for row in rows]
    if format_ is Format.JSON:
        print_json({"proposals": found})
        return
    if not found:
        typer.echo(f"No proposal is {state}.")
        return
    table = Table("Number", "Kind", "This", "may be" if state == "open" else state, "Sure", "Because")
    for each in found:
        reasons = "; ".join(reason["says"] for reason in each["reasons"])
        told = (KIND_WORDS[each["kind"]], each["subject"], each["target"], _sure(each), reasons)
        table.add_row(str(each["id"]), *(escape(harmless(cell)) for cell in told))
    console().print(table)


@match.command()
def show(number: Number, format_: Printed = Format.TABLE) -> None:
    """Show one proposal: every reason with its weight, and every decision on it."""
    engine = open_store()
    with words(), Session(engine) as session:
        row = session.get(MatchProposal, number)
        if row is None:
            raise Failed(f"there is no proposal {number}; `muster match list` shows them", USAGE)
        found = proposal_detail(session, row)
    if format_ is Format.JSON:
        print_json(found)
        return
    typer.echo(f"{found['id']} ({KIND_WORDS[found['kind']]}, {found['state']}): {harmless(found['subject'])}")
    typer.echo(f"  may be {harmless(found['target'])}, {_sure(found)} sure")
    for reason in found["reasons"]:
        typer.echo(f"  {reason['weight'] * 100:+4.0f}  {harmless(reason['says'])}")
    for each in found["decisions"]:
        typer.echo(f"  {each['act']} by {each['by']} at {each['at']}: {each['because']}")


@match.command()
def confirm(numbers: Numbers, by: By, because: Because) -> None:
    """Confirm proposals: from now on they are one, until that is undone."""
    _decide(numbers, "confirm", by, because)


@match.command()
def refuse(numbers: Numbers, by: By, because: Because) -> None:
    """Refuse proposals: they are two, and are not proposed again."""
    _decide(numbers, "refuse", by, because)


@match.command()
def undo(numbers: Numbers, by: By, because: Because) -> None:
    """Undo what was decided on proposals: all is as if nothing had been."""
    _decide(numbers, "undo", by, because)


@match.command("link")
def link_by_hand(
    kind: Annotated[str, typer.Argument(help=", ".join(KIND_WORDS))],
    subject: Annotated[
        str, typer.Argument(help="SOURCE:KEY, SOURCE:WORDS, a project's key, a person, or a name")
    ],
    target: Annotated[str, typer.Argument(help="A project's key, or a person: id, SOURCE:ACCOUNT, or name")],
    by: By,
    because: Because,
    apart: Annotated[bool, typer.Option("--apart", help="They are not one, whatever speaks for it")] = False,
) -> None:
    """Say that two are one, or (--apart) are not, where nothing was proposed."""
    engine = open_store()
    with words():
        try:
            with engine.connect() as connection:
                meant = named(connection, kind, subject, target)
            act = "refuse" if apart else "confirm"
            done = link(engine, meant, by=by, because=because, now=utc_now(), act=act)
        except _REFUSED as error:
            raise Failed(str(error), USAGE) from None
        typer.echo(f"{done.number}: {harmless(done.then)}.")
        follow_now(engine)


def _decide(numbers: Sequence[int], act: str, by: str, because: str) -> None:
    """Decide on each, and go on after one that cannot be: the rest is not held up by it."""
    engine = open_store()
    failed = 0
    with words():
        for number in numbers:
            try:
                done = decide(engine, number, act, by=by, because=because, now=utc_now())
                typer.echo(f"{done.number}: {harmless(done.then)}.")
            except _REFUSED as error:
                failed += 1
                typer.echo(f"{number}: {harmless(error)}", err=True)
        if failed < len(numbers):
            follow_now(engine)
    if failed:
        raise Failed(f"{failed} of {len(numbers)} could not be decided so", FAILED)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(match)


def follow_now(engine: Engine) -> None:
    """Let a decision count at once, or say from when it does."""
    if not follow(engine, utc_now()):
        typer.echo("It counts from the next consolidation on; one is under way just now.")


def harmless(said: object) -> str:
    """Return what a tracker says without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in str(said))


def _sure(each: dict[str, Any]) -> str:
    return f"{each['confidence'] * 100:.0f} % {each['sure']}" if each["origin"] == "proposed" else "by hand"


def console() -> Console:
    """Return where tables are printed, as wide as they need to be in a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else _WIDE)
