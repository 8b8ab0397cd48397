"""`template draft`, `submit`, `return`, `try`, `approve`, `retire`: a version's way."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli.acting import By, Role, actor
from api.cli.common import USAGE, Failed, Format, heard_or_not, open_store, parse_day, utc_now, words
from api.cli.plain import print_json
from sync.collection.template_migration import migrate_open
from sync.collection.template_steps import approve, keep_trial, retire, send_back, submit, write
from sync.collection.template_trial import try_on_all
from sync.collection.templates import Kept, kept_version, unkept
from sync.store import unit_of_work
from sync.today import today

_FEW: Final = 20  # projects named in words; JSON has them all

Which = Annotated[str, typer.Argument(help="A version, e.g. monthly-status@3.2.0")]
FileOrVersion = Annotated[
    str, typer.Argument(help="A template's YAML file, or a version, e.g. monthly-status@3.2.0")
]


def register_steps(commands: typer.Typer) -> None:
    """Add these commands."""
    commands.command("draft")(draft)
    commands.command("submit")(submit_version)
    commands.command("return")(return_version)
    commands.command("try")(try_version)
    commands.command("approve")(approve_version)
    commands.command("retire")(retire_version)


def is_file(named: str) -> bool:
    """Tell a file from the name of a template."""
    return Path(named).suffix in {".yaml", ".yml"}


def read_text(file: str) -> str:
    """Read a template's file.

    Raises:
        Failed: It cannot be read.
    """
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise Failed(f"{file} cannot be read: {why}", USAGE) from None


def parts(named: str) -> tuple[str, str]:
    """Split `monthly-status@3.2.0`.

    Raises:
        Failed: It names no version.
    """
    template, _, version = named.partition("@")
    if not version:
        raise Failed(f"{named!r} names no version; write e.g. {template}@1.2.0", USAGE)
    return template, version


def draft(
    file: Annotated[str, typer.Argument(help="A template's YAML file")],
    by: By,
    role: Role = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Who looks after it; else who wrote it")
    ] = None,
) -> None:
    """Keep a template's file as a draft, or put it in the place of the draft there is."""
    who = actor(by, role)
    text = read_text(file)
    with words(USAGE), unit_of_work(open_store()) as connection:
        kept = write(connection, text, where=file, actor=who, now=utc_now(), owner=owner)
    typer.echo(
        f"{kept.label} is a draft by {kept.created_by}. Next: `muster template submit {kept.label} --by NAME`."
    )


def submit_version(which: FileOrVersion, by: By, role: Role = None) -> None:
    """Hand a draft in for review; a file is kept as a draft first."""
    who = actor(by, role)
    text = read_text(which) if is_file(which) else None
    with words(USAGE), unit_of_work(open_store()) as connection:
        if text is not None:
            kept = write(connection, text, where=which, actor=who, now=utc_now())
            template, version = kept.template, kept.version
        else:
            template, version = parts(which)
        kept = submit(connection, template, version, actor=who, now=utc_now())
    typer.echo(
        f"{kept.label} is in review; its text does not change any more. Next: `muster template try {kept.label}`."
    )


def return_version(
    which: Which, by: By, because: Annotated[str, typer.Option("--because", help="Why")], role: Role = None
) -> None:
    """Make a version in review a draft again."""
    who = actor(by, role)
    with words(), unit_of_work(open_store()) as connection:
        kept = send_back(connection, *parts(which), because=because, actor=who, now=utc_now())
    typer.echo(f"{kept.label} is a draft again: {kept.because}")


def try_version(
    which: FileOrVersion,
    as_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """Hold all projects to a version, and say who would fail. Nothing is changed; a stored version keeps the result."""
    written = read_text(which) if is_file(which) else None
    engine = open_store()
    with words(USAGE), unit_of_work(engine) as connection:
        version: Kept = (
            unkept(written, which) if written is not None else kept_version(connection, *parts(which))
        )
        found = try_on_all(connection, version, now=utc_now()).to_json()
        keep_trial(connection, version, found)
    with heard_or_not():
        if as_ is Format.JSON:
            print_json(found)
        else:
            print_trial(found)


def print_trial(found: dict[str, Any]) -> None:
    """Say what a trial found."""
    label = f"{found['template']}@{found['version']}"
    if found["against"]:
        compared = (
            f" ({found['newly_fail']} of them pass today by {found['against']};"
            f" {found['no_longer_fail']} that fail today would pass)."
        )
    else:
        compared = "; no version of it judges today."
    typer.echo(f"{label}: {found['would_fail']} of {found['projects']} projects would fail{compared}")
    if found.get("to_ask"):
        asked = ", ".join(f"{name} in {count}" for name, count in found["to_ask"].items())
        typer.echo(f"People will be asked for, by field and projects: {asked}.")
    for each in found["failing"][:_FEW]:
        typer.echo(f"  {each['project']:<12} {each['name']} ({_compared(each)})")
        for one in each["findings"][:3]:
            where = f"{one['record']} " if one["record"] else ""
            typer.echo(f"      {where}{one['field']}: {one['says']}")
        more = len(each["findings"]) - 3 + each["more"]
        if more > 0:
            typer.echo(f"      and {more} more")
    if len(found["failing"]) > _FEW:
        typer.echo(f"  and {len(found['failing']) - _FEW} more projects; --format json has all of them")
    if found["new_findings"]:
        rules = ", ".join(f"{rule} in {count}" for rule, count in found["new_findings"].items())
        typer.echo(f"New findings, by rule and projects: {rules}.")
    for name, count in found["answers_no_longer_asked"].items():
        typer.echo(f"  ! {name} is no longer asked; {count} answers in open submissions are kept and shown")
    for says in found["warnings"]:
        typer.echo(f"  ! {says}")


def _compared(each: dict[str, Any]) -> str:
    if each["fails_today"] is None:
        return f"score {_score(each['score'])}"
    known = "fails today" if each["fails_today"] else "passes today"
    return f"{known}, score {_score(each['score_today'])} -> {_score(each['score'])}"


def _score(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def approve_version(
    which: Which,
    by: By,
    role: Role = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The first day it judges, YYYY-MM-DD; today if not given")
    ] = None,
    because: Annotated[str | None, typer.Option("--because", help="What speaks for it")] = None,
) -> None:
    """Let a version in review judge from a day on. Neither its author nor whoever handed it in may."""
    who, effective, now = actor(by, role), parse_day(from_), utc_now()
    with words(), unit_of_work(open_store()) as connection:
        kept = approve(connection, *parts(which), actor=who, now=now, effective=effective, because=because)
        moved = migrate_open(connection, day=today(connection, now), now=now, template=kept.template)
    typer.echo(f"{kept.label} is approved by {kept.approved_by} and judges from {kept.effective_from} on.")
    if kept.trial is not None:
        print_trial(kept.trial)
    if moved:
        typer.echo(f"{len(moved)} open submissions went over to it; their answers are kept.")


def retire_version(
    which: Which,
    by: By,
    because: Annotated[str, typer.Option("--because", help="Why")],
    role: Role = None,
    last: Annotated[
        str | None, typer.Option("--last", help="The last day it judges, YYYY-MM-DD; today if not given")
    ] = None,
) -> None:
    """Let an approved version judge no more; what it judged stays."""
    who, until = actor(by, role), parse_day(last)
    with words(), unit_of_work(open_store()) as connection:
        kept = retire(connection, *parts(which), because=because, actor=who, now=utc_now(), last=until)
    if kept.never:
        said = f"it was to judge from {kept.effective_from} on and never does"
    else:
        said = f"{kept.effective_to} is the last day it judges, and no earlier version comes back"
    typer.echo(f"{kept.label} is retired: {said}. {kept.because}")
