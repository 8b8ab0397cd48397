"""`finding`: the queue of findings, listed, counted and shown."""

import csv
import io
import sys
from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.cli.common import USAGE, Failed, Format, heard_or_not, open_store, utc_now, words
from api.cli.finding_steps import register_steps
from api.cli.plain import plainly, print_json
from api.finding_queue import (
    NOBODY,
    by_id,
    counts,
    detail,
    dispute_document,
    documents,
    filters_now,
    found,
    severity_key,
)
from api.routes.rejects import age_in_words
from api.spreadsheet import harmless
from model.tables import Dispute, Finding, Project

commands = typer.Typer(name="finding", help="What the templates found, and its queue.", no_args_is_help=True)
_WIDE: Final = 10_000  # columns of a table that goes into a file or a pipe
_CSV: Final = (
    "id", "project", "template", "version", "record_ref", "rule", "kind", "severity", "state", "says", "owner",
    "owner_role", "due", "locator", "url", "opened_at", "closed_at", "closed_because",
)  # fmt: skip


class Standing(StrEnum):
    """Which findings to list by what is being done about them."""

    OPEN = "open"
    ALL = "all"
    NEW = "new"
    ACCEPTED = "accepted"
    FIXING = "fixing"
    DISPUTED = "disputed"
    UPHELD = "upheld"
    WAIVED = "waived"
    CLOSED = "closed"


class Severity(StrEnum):
    """What a finding does to a submission."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


class Group(StrEnum):
    """What to count by."""

    OWNER = "owner"
    SEVERITY = "severity"
    AGE = "age"
    PROJECT = "project"
    RULE = "rule"
    TEMPLATE = "template"
    STATE = "state"


Owner = Annotated[str | None, typer.Option(help=f"Whose: a name, or {NOBODY!r} where nobody is on record")]
OfProject = Annotated[str | None, typer.Option("--project", help="A project's key")]
OfTemplate = Annotated[str | None, typer.Option("--template", help="A template's id")]
OfRule = Annotated[str | None, typer.Option("--rule", help="A field's or a check's id")]
OfSeverity = Annotated[Severity | None, typer.Option("--severity")]
Older = Annotated[int | None, typer.Option("--older-than", min=1, max=36_500, help="Days since it was found")]
InState = Annotated[Standing, typer.Option("--state", help="open: somebody has something to do")]
As = Annotated[Format, typer.Option("--format", help="How to print")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    register_steps(commands)
    app.add_typer(commands, name="finding")


@commands.command("list")
def list_findings(  # noqa: PLR0913, PLR0917 - an option a filter
    owner: Owner = None,
    severity: OfSeverity = None,
    project: OfProject = None,
    template: OfTemplate = None,
    rule: OfRule = None,
    older_than: Older = None,
    state: InState = Standing.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, the worst and oldest first")] = 50,
    as_: As = Format.TABLE,
) -> None:
    """List findings, the worst and oldest first."""
    now = utc_now()
    with words(), Session(open_store()) as session:
        filters = filters_now(
            session, now, project=project, owner=owner, severity=severity and severity.value, template=template,
            rule=rule, older_than=older_than, state=state.value,
        )  # fmt: skip
        query = found(filters, None).order_by(severity_key()).limit(limit)
        rows = [(row[0], row[1]) for row in session.execute(query)]
        shown = documents(session, rows)
        total = sum(each["count"] for each in counts(session, "severity", filters, None))
    with heard_or_not():
        if as_ is Format.JSON:
            print_json({"total": total, "findings": shown})
        elif as_ is Format.CSV:
            sys.stdout.write(findings_csv(shown))
        else:
            _print_list(shown, rows, total, now)


def findings_csv(shown: list[dict[str, Any]]) -> str:
    """Write findings as CSV; text that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_CSV)
    for each in shown:
        writer.writerow([harmless(each[name]) for name in _CSV])
    return out.getvalue()


def _print_list(shown: list[dict[str, Any]], rows: list[tuple[Finding, str]], total: int, now: Any) -> None:
    if not shown:
        typer.echo("No finding matches.")
        return
    table = Table("No.", "Severity", "Project", "Says", "Rule", "Owner", "State", "Age", "Where")
    for each, (row, _) in zip(shown, rows, strict=True):
        table.add_row(
            str(each["id"]), each["severity"], escape(each["project"]), escape(each["says"]),
            escape(" ".join(filter(None, (each["template"], each["rule"], each["record_ref"])))),
            escape(each["owner"] or "nobody"), each["state"], age_in_words(row.opened_at, now),
            escape(each["locator"] or "–"),
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
    if total > len(shown):
        typer.echo(f"{len(shown)} of {total}; --limit shows more.")


@commands.command("count")
def count_findings(
    by: Annotated[Group, typer.Argument(help="What to count by")] = Group.OWNER,
    project: OfProject = None,
    state: InState = Standing.OPEN,
    as_: As = Format.TABLE,
) -> None:
    """Count findings by owner, severity, age, project, rule, template or state."""
    with words(), Session(open_store()) as session:
        filters = filters_now(session, utc_now(), project=project, state=state.value)
        rows = counts(session, by.value, filters, None)
    with heard_or_not():
        if as_ is Format.JSON:
            print_json({"by": by.value, "items": rows})
            return
        for row in rows:
            name = "nobody" if row["value"] is None else str(row["value"])
            typer.echo(f"{row['count']:>7}  {name}{' of ' + row['template'] if 'template' in row else ''}")


@commands.command("show")
def show_finding(
    number: Annotated[int, typer.Argument(help="The finding's number", min=1)], as_: As = Format.TABLE
) -> None:
    """Show one finding: what it was found on, where it is fixed, and what was done about it."""
    with words(), Session(open_store()) as session:
        row = by_id(session, number, None)
        if row is None:
            raise Failed(f"there is no finding {number}; `muster finding list` shows which there are", USAGE)
        shown = detail(session, *row, None)
    with heard_or_not():
        if as_ is Format.JSON:
            print_json(shown)
        else:
            _print_one(shown)


def _print_one(shown: dict[str, Any]) -> None:
    say = typer.echo
    say(f"{shown['id']}: {shown['says']}")
    say(f"  {shown['severity']}, {shown['state']}; {shown['project']} {shown['record_ref']}".rstrip())
    say(f"  rule {shown['rule']} ({shown['kind']}) of {shown['template']} {shown['version']}")
    say(f"  owner {shown['owner'] or 'nobody on record'}; found {shown['opened_at']}")
    for name, value in shown["evidence"].items():
        say(f"  {name} = {'not given' if value is None else plainly(value)}")
    say(f"  at {shown['locator'] or 'no place'} {shown['url'] or ''}".rstrip())
    if shown["due"]:
        say(f"  to be put right by {shown['due']}")
    if shown["unchecked_since"]:
        say(f"  could not be checked since {shown['unchecked_since']}")
    for step in shown["steps"]:
        said = f": {step['because']}" if step["because"] else ""
        say(f"  {step['at']} {step['by']} ({step['role']}) {step['action']}, then {step['to']}{said}")
    for each in shown["waivers"]:
        stands = each["approved_by"] and f"granted by {each['approved_by']}"
        say(f"  waiver {each['id']} until {each['until']} for {each['asked_by']}, {stands or 'waiting'}")
    for each in shown["disputes"]:
        _print_dispute(each, indent="  ")
    if shown["closed_because"]:
        say(f"  closed {shown['closed_at']}: {shown['closed_because']}")


@commands.command("disputes")
def list_disputes(
    all_: Annotated[bool, typer.Option("--all", help="Also those that were answered or have ended")] = False,
    as_: As = Format.TABLE,
) -> None:
    """List the disputes that wait for an officer's answer."""
    with words(), Session(open_store()) as session:
        query = select(Dispute, Project.key).join(Project, Project.id == Dispute.project_id)
        if not all_:
            query = query.where(Dispute.ended_at.is_(None), Dispute.answer.is_(None))
        rows = [dispute_document(row, key) for row, key in session.execute(query.order_by(Dispute.id))]
    with heard_or_not():
        if as_ is Format.JSON:
            print_json({"disputes": rows})
            return
        if not rows:
            typer.echo("No dispute waits for an answer.")
        for each in rows:
            _print_dispute(each)


def _print_dispute(each: dict[str, Any], indent: str = "") -> None:
    ought = "" if each["proposed"] is None else f", ought to be {plainly(each['proposed'])}"
    typer.echo(
        f"{indent}dispute {each['id']} of {each['project']} {each['template']} {each['record_ref']}".rstrip()
        + f" {each['field']} by {each['by']}: {each['because']}"
    )
    typer.echo(f"{indent}  it said {plainly(each['value'])}{ought}")
    if each["answer"]:
        typer.echo(f"{indent}  {each['answer']} by {each['answered_by']}: {each['answer_because']}")
    if each["ended_because"]:
        typer.echo(f"{indent}  ended {each['ended_at']}: {each['ended_because']}")
