"""`conflict`: what sources say differently, with the receipts, and a person's or a rule's word on it."""

from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.cli.common import USAGE, Failed, Format, open_store, utc_now, words
from api.cli.matching import Because, By, Number, Printed, console, follow_now, harmless
from api.cli.plain import print_json
from api.matching_reads import conflict_documents, conflicts_query, rule_documents
from model.tables import ClaimConflict, Project
from sync.identity.rules import RuleAsked, end_rule, make_rule, rule_effect
from sync.identity.settle import CannotSettle, NoSuchConflict, settle, unsettle

conflict = typer.Typer(
    name="conflict", help="What sources say differently, and what settles it.", no_args_is_help=True
)
_REFUSED: Final = (NoSuchConflict, CannotSettle)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(conflict)


@conflict.command("list")
def list_conflicts(
    project: Annotated[str | None, typer.Option(help="Of this project")] = None,
    attribute: Annotated[str | None, typer.Option(help="Of this attribute")] = None,
    settled_by: Annotated[str | None, typer.Option(help="precedence, rule or person")] = None,
    over: Annotated[bool, typer.Option("--over", help="Those that are over")] = False,
    format_: Printed = Format.TABLE,
) -> None:
    """List what sources say differently; the first value counts."""
    closed = ClaimConflict.closed_at.is_not(None)
    query = conflicts_query().where(closed if over else ~closed)
    for column, value in ((Project.key, project), (ClaimConflict.attribute, attribute),
                          (ClaimConflict.settled_by, settled_by)):  # fmt: skip
        if value is not None:
            query = query.where(column == value)
    found = _conflicts(open_store(), query)
    if format_ is Format.JSON:
        print_json({"conflicts": found})
        return
    if not found:
        typer.echo("No such conflict.")
        return
    table = Table("Number", "Project", "Attribute", "Says", "Settled by", "Because")
    for each in found:
        said = "\n".join(
            f"{harmless(claim['value'])}  {claim['source']}  {_where(claim)}" for claim in each["claims"]
        )
        because = each["closed_because"] or each["because"]
        table.add_row(str(each["id"]), each["project"], each["attribute"], escape(said), each["settled_by"],
                      escape(harmless(because)))  # fmt: skip
    console().print(table)


@conflict.command("show")
def show_conflict(number: Number, format_: Printed = Format.TABLE) -> None:
    """Show one conflict: every value with its receipt."""
    found = _conflict(open_store(), number)
    if format_ is Format.JSON:
        print_json(found)
        return
    typer.echo(f"{found['id']}: {found['attribute']} of {found['project']}, since {found['opened_at']}")
    typer.echo(f"  {harmless(found['because'])}")
    for claim in found["claims"]:
        raw = claim["raw"]
        mark = "counts" if claim["counts"] else "      "
        typer.echo(
            f"  {mark}  {harmless(claim['value'])} {claim['unit'] or ''}  {claim['source']}  {_where(claim)}"
        )
        typer.echo(
            f"          true from {claim['valid_from']}, known from {claim['known_from']};"
            f" run {raw['run']}, page {raw['page']}, sha256 {raw['sha256']}"
        )


@conflict.command("settle")
def settle_conflict(
    number: Number,
    source: Annotated[str, typer.Argument(help="Whose value counts")],
    by: By,
    because: Because,
) -> None:
    """Let one source's value count, as long as every source says what it says now."""
    engine = open_store()
    found = _conflict(engine, number)
    claims = {claim["source"]: claim["id"] for claim in found["claims"]}
    if source not in claims:
        raise Failed(f"{source!r} says nothing of it; these do: {', '.join(claims)}", USAGE)
    with words():
        try:
            done = settle(engine, number, claims[source], by=by, because=because, now=utc_now())
        except _REFUSED as error:
            raise Failed(str(error), USAGE) from None
        typer.echo(f"{harmless(done.then)}.")
        follow_now(engine)


@conflict.command()
def reopen(number: Number, by: By, because: Because) -> None:
    """Take a person's word on a conflict back: rules and precedence decide again."""
    engine = open_store()
    with words():
        try:
            done = unsettle(engine, number, by=by, because=because, now=utc_now())
        except _REFUSED as error:
            raise Failed(str(error), USAGE) from None
        typer.echo(f"{harmless(done.then)}.")
        follow_now(engine)


@conflict.command()
def rules(
    ended: Annotated[bool, typer.Option("--ended", help="Those that ended")] = False,
    format_: Printed = Format.TABLE,
) -> None:
    """List the rules that settle conflicts."""
    engine = open_store()
    with words(), Session(engine) as session:
        found = rule_documents(session, ended=ended)
    if format_ is Format.JSON:
        print_json({"rules": found})
        return
    if not found:
        typer.echo("No rule " + ("ended." if ended else "stands."))
    for each in found:
        where = each["project"] or each["programme"] or "every project"
        typer.echo(f"{each['id']}: {each['attribute']} of {where}: {each['says']} ({each['prefer']})")
        typer.echo(f"  by {each['by']} at {each['at']}: {harmless(each['because'])}")


@conflict.command()
def rule(
    attribute: Annotated[str, typer.Argument(help="What it settles, e.g. forecast_finish")],
    prefer: Annotated[
        str,
        typer.Argument(help="source:NAME, kind:KIND, newest, latest, earliest, highest, lowest or worst"),
    ],
    by: By = "",
    because: Because = "",
    project: Annotated[str | None, typer.Option(help="For this project only")] = None,
    programme: Annotated[str | None, typer.Option(help="For this programme only")] = None,
    trial: Annotated[bool, typer.Option("--try", help="Say what it would change, and make none")] = False,
) -> None:
    """Make a rule that settles conflicts from now on, or try one."""
    engine = open_store()
    asked = RuleAsked(attribute, prefer, project, programme)
    with words():
        try:
            if trial:
                with Session(engine) as session:
                    effect = rule_effect(session, asked, as_of=utc_now().date(), now=utc_now())
                typer.echo(f"Of {effect.conflicts} open conflicts it would settle {effect.settles}.")
                for change in effect.changes:
                    typer.echo(f"  {harmless(change)}")
                return
            done = make_rule(engine, asked, by=by, because=because, now=utc_now())
        except _REFUSED as error:
            raise Failed(str(error), USAGE) from None
        typer.echo(f"Rule {done.number}: {done.then}.")
        follow_now(engine)


@conflict.command("end")
def end_a_rule(number: Number, by: By, because: Because) -> None:
    """End a rule: precedence decides again where it did."""
    engine = open_store()
    with words():
        try:
            done = end_rule(engine, number, by=by, because=because, now=utc_now())
        except _REFUSED as error:
            raise Failed(str(error), USAGE) from None
        typer.echo(f"{harmless(done.then)}.")
        follow_now(engine)


def _conflict(engine: Engine, number: int) -> dict[str, Any]:
    found = _conflicts(engine, conflicts_query().where(ClaimConflict.id == number))
    if not found:
        raise Failed(f"there is no conflict {number}; `muster conflict list` shows them", USAGE)
    return found[0]


def _conflicts(engine: Engine, query: Any) -> list[dict[str, Any]]:
    with words(), Session(engine) as session:
        rows = session.execute(query.order_by(ClaimConflict.id)).all()
        return conflict_documents(session, [(row[0], row[1]) for row in rows])


def _where(claim: dict[str, Any]) -> str:
    return harmless(claim["raw"]["locator"] or claim["raw"]["url"] or "")
