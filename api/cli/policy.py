"""`policy`: the status policies: which holds, what another would change, and how it would have done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from api.cli.acting import By, Role, actor
from api.cli.common import USAGE, Failed, Format, heard_or_not, open_store, parse_day, utc_now, words
from api.cli.plain import print_json
from api.cli.policy_words import print_backtest, print_holding, print_plan
from api.cli.template_steps import is_file, read_text
from api.policy_documents import policy_document, policy_heads
from config.settings import settings
from model.backtest import Terms
from model.policy import Policy
from model.policy_faults import Names, read_policy
from model.status.colour import Colour
from sync.policy.backtest import backtest as replayed
from sync.policy.held import held_to
from sync.policy.kept import Kept, kept, kept_version, policy_standing
from sync.policy.past import plan_whole
from sync.policy.steps import approve, propose, read, withdraw
from sync.store import unit_of_work
from sync.today import today

commands = typer.Typer(
    no_args_is_help=True,
    help="Status policies: versions, tolerances, and what a change would do, before and in hindsight.",
)
_ALARMS: Final = ("AMBER", "RED")

FileOrVersion = Annotated[str, typer.Argument(help="A policy's YAML file, or a version, e.g. default@1.1.0")]
As = Annotated[Format, typer.Option("--format", help="table or json")]
Because = Annotated[str, typer.Option("--because", help="Why")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="policy")


@commands.command("list")
def list_policies(as_: As = Format.TABLE) -> None:
    """List the versions there are, and which is in force."""
    with words(), open_store().connect() as connection:
        standing = policy_standing(connection, today(connection, utc_now())).label
        found = policy_heads(kept(connection), standing)
    with heard_or_not():
        if as_ is Format.JSON:
            print_json({"policies": found})
            return
        for each in found:
            state = "in force" if each["in_force"] else each["state"]
            held = each["holds"] or [{"from": each["effective_from"], "to": each["effective_to"]}]
            times = ", again ".join(f"{time['from']} to {time['to'] or 'further notice'}" for time in held)
            approved = f", approved by {each['approved_by']}" if each["approved_by"] else ""
            because = f": {each['because']}" if each["because"] else ""
            typer.echo(f"{each['policy']:<20} {state:<10} {times};"
                       f" written by {each['written_by']}{approved}{because}")  # fmt: skip


@commands.command("show")
def show(
    which: Annotated[
        str | None, typer.Argument(help="A version, e.g. default@1.0.0; the one in force if not given")
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", help="Show what this project is held to, and because of what")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", help="The day, YYYY-MM-DD; today if not given")] = None,
    as_: As = Format.TABLE,
) -> None:
    """Show a version as it is written, or the limits that hold for a project."""
    now, asked = utc_now(), parse_day(on)
    with words(USAGE), Session(open_store()) as session:
        connection = session.connection()
        day = asked or today(connection, now)
        if project is not None:
            holds = held_to(session, project, on=day, now=now)
        else:
            standing = policy_standing(connection, day).label
            version = kept_version(connection, *_parts(which or standing))
    with heard_or_not():
        if project is not None:
            print_json(holds) if as_ is Format.JSON else print_holding(holds)
        elif as_ is Format.JSON:
            print_json(policy_document(version, standing))
        else:
            typer.echo(version.text, nl=False)


@commands.command("check")
def check(file: Annotated[str, typer.Argument(help="A policy's YAML file")]) -> None:
    """Look at a policy's file: every error with its line. Names and days only where there is a store already."""
    written = read_text(file)
    given = settings()
    with words(USAGE):
        if given.database_url is not None or (given.home / "postgres").is_dir():
            with open_store().connect() as connection:
                policy = read(connection, written, file)
        else:
            policy = read_policy(written, file, Names())
    until = f" to {policy.effective_to}" if policy.effective_to else ""
    typer.echo(
        f"{policy.label} holds: from {policy.effective_from}{until}, {len(policy.tiers)} tiers,"
        f" {len(policy.tolerances)} tolerances."
    )


@commands.command("plan")
def plan(which: FileOrVersion, as_: As = Format.TABLE) -> None:
    """Say which projects a policy would turn if it held today, and why. Nothing is changed."""
    with _asked(which) as (session, policy):
        found = plan_whole(session, policy, now=utc_now())
    with heard_or_not():
        print_json(found) if as_ is Format.JSON else print_plan(found)


@commands.command("propose")
def propose_policy(
    file: Annotated[str, typer.Argument(help="A policy's YAML file")],
    by: By,
    role: Role = None,
    because: Annotated[str | None, typer.Option("--because", help="Why")] = None,
) -> None:
    """Keep a policy for somebody else to approve."""
    who, written = actor(by, role), read_text(file)
    with words(USAGE), unit_of_work(open_store()) as connection:
        found = propose(connection, written, where=file, actor=who, because=because, now=utc_now())
    typer.echo(
        f"{found.label} is {found.state}. Next: `muster policy plan {found.label}`, and somebody else applies it."
    )


@commands.command("apply")
def apply(
    which: FileOrVersion,
    by: By,
    because: Because,
    role: Role = None,
    written_by: Annotated[
        str | None, typer.Option("--written-by", help="Who wrote the file, where it was not proposed before")
    ] = None,
    plan_: Annotated[
        str | None,
        typer.Option("--plan", help="The hash a plan printed: refused where it is another by now"),
    ] = None,
) -> None:
    """Approve a policy: it is in force from its first day on. Whoever wrote it cannot."""
    who, now = actor(by, role), utc_now()
    text = read_text(which) if is_file(which) else None
    with words(USAGE), unit_of_work(open_store()) as connection:
        name, version = _parts(which) if text is None else _proposed(connection, text, which, written_by)
        found = approve(connection, name, version, actor=who, because=because, now=now, planned=plan_)
    typer.echo(
        f"{found.label} is approved by {found.approved_by} and in force from {found.effective_from} on."
    )
    if found.plan is not None:
        print_plan(found.plan)
    typer.echo("The next sync colours by it from that day on; what was coloured before stays.")


def _proposed(connection: Connection, text: str, file: str, written_by: str | None) -> tuple[str, str]:
    """Return name and version of a file's policy, kept as proposed by whoever wrote it."""
    policy = read(connection, text, file)
    known = next((each for each in kept(connection) if each.label == policy.label), None)
    if known is None or known.text != text:
        if written_by is None:
            raise Failed(
                f"{file}: {policy.label} was not proposed; say who wrote it with --written-by NAME, or let them"
                f" `muster policy propose {file} --by NAME`",
                USAGE,
            )
        propose(connection, text, where=file, actor=actor(written_by, None), because=None, now=utc_now())
    return policy.name, policy.version


@commands.command("withdraw")
def withdraw_policy(
    which: Annotated[str, typer.Argument(help="A version, e.g. default@1.1.0")],
    by: By,
    because: Because,
    role: Role = None,
) -> None:
    """Take back a version that is not in force yet."""
    who = actor(by, role)
    with words(USAGE), unit_of_work(open_store()) as connection:
        found: Kept = withdraw(connection, *_parts(which), actor=who, because=because, now=utc_now())
    typer.echo(f"{found.label} is withdrawn: {found.because}")


@commands.command("backtest")
def backtest(
    which: FileOrVersion,
    since: Annotated[str | None, typer.Option("--since", help="The first day to replay, YYYY-MM-DD")] = None,
    until: Annotated[str | None, typer.Option("--until", help="The last day to replay, YYYY-MM-DD")] = None,
    alarm: Annotated[str, typer.Option("--alarm", help="What is an alarm: RED, or AMBER and worse")] = "RED",
    slip_days: Annotated[
        int,
        typer.Option(
            "--slip-days", min=0, max=3650, help="A finish that moved by more proves an alarm right"
        ),
    ] = Terms().slip_days,
    horizon_days: Annotated[
        int, typer.Option("--horizon-days", min=1, max=3650, help="Within how many days")
    ] = Terms().horizon_days,
    as_: As = Format.TABLE,
) -> None:
    """Replay the stored history by a policy: who turns, how many months earlier, how many false alarms."""
    if alarm.upper() not in _ALARMS:
        raise Failed(f"--alarm {alarm}: expected {' or '.join(_ALARMS)}", USAGE)
    terms = Terms(Colour(alarm.upper()), slip_days, horizon_days)
    days = {"since": parse_day(since), "until": parse_day(until)}
    with _asked(which) as (session, policy):
        found: dict[str, Any] = replayed(session, policy, now=utc_now(), terms=terms, **days)
    with heard_or_not():
        print_json(found) if as_ is Format.JSON else print_backtest(found)


@contextmanager
def _asked(which: str) -> Iterator[tuple[Session, Policy]]:
    """Give a session, and the policy of a file or a stored version."""
    written = read_text(which) if is_file(which) else None
    with words(USAGE), Session(open_store()) as session:
        connection = session.connection()
        if written is not None:
            yield session, read(connection, written, which)
        else:
            yield session, kept_version(connection, *_parts(which)).loaded()


def _parts(named: str) -> tuple[str, str]:
    name, _, version = named.partition("@")
    if not version:
        raise Failed(f"{named!r} names no version; write e.g. {name}@1.1.0", USAGE)
    return name, version
