"""`submission`: one project's part of a cycle: shown, answered, taken step by step."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.acting import By, Role, actor
from api.cli.common import USAGE, Failed, Format, open_store, utc_now
from api.cli.cycle import refusals
from api.cli.plain import print_json
from api.routes.submission_documents import submission_document
from api.wire.answer import z
from model.collection.cases import OWN
from model.collection.numbers import loads_exactly
from model.collection.roles import Actor
from model.collection.typed import typed
from model.collection.workflow import SAID, VERBS, moves_from
from sync.collection.answers import Change, give_answers
from sync.collection.case import Case, NoSuchSubmission, open_case
from sync.collection.comments import comment, comments_of
from sync.collection.moves import moves_of
from sync.collection.submissions import move

commands = typer.Typer(name="submission", help="One project's part of a cycle.", no_args_is_help=True)
DOOR = "command"
Number = Annotated[
    int, typer.Argument(help="Its number; `muster cycle show` lists them", min=1, max=2**63 - 1)
]
Because = Annotated[str | None, typer.Option(help="Why")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="submission")


@commands.command("show")
def show(
    number: Number,
    format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """Show where a submission stands: what is found, what was said of it, and what can be done."""
    engine = open_store()
    with refusals(), engine.connect() as connection:
        case = _opened(connection, number)
        comments, moves = comments_of(connection, number), moves_of(connection, [number])
    if format_ is not Format.TABLE:
        print_json(submission_document(case, case.judge()))
        return
    head = case.submission
    typer.echo(
        f"{head.project_name} ({head.project_key}), {case.template.header.title} {head.period}: {head.state}"
    )
    typer.echo(f"due before {z(head.due_at)}{', late' if head.late else ''}; revision {head.revision}")
    _findings(case)
    for each in comments:
        mark = "settled" if each.settled_at else "open"
        typer.echo(f"comment {each.id} ({mark}) by {each.by} on {each.field or 'all of it'}: {each.says}")
    for step in moves:
        typer.echo(f"{z(step['at'])} {step['from_state']} -> {step['to_state']} by {step['by']} ({step['role']})"
                   f"{': ' + step['because'] if step['because'] else ''}")  # fmt: skip
    can = [SAID.get(each.to, each.to) for each in moves_from(case.template, head.state)]
    typer.echo(f"can be done now: {', '.join(can) or 'nothing'}")


@commands.command("answer")
def answer(
    number: Number,
    by: By,
    values: Annotated[
        list[str] | None,
        typer.Argument(help="FIELD=VALUE as one would type it; an empty value takes it away"),
    ] = None,
    role: Role = None,
    record: Annotated[str, typer.Option(help="Of this record; new-1 makes one")] = OWN,
    because: Because = None,
    file: Annotated[
        Path | None,
        typer.Option(
            help="JSON: {record: {field: value}}, instead of or beside values", exists=True, dir_okay=False
        ),
    ] = None,
) -> None:
    """Answer fields of a submission, all or none; prints what is found then."""
    engine = open_store()
    with refusals():
        with engine.connect() as connection:
            case = _opened(connection, number)
        changes = [*_typed(case, values or [], record, because), *_from_file(file, because)]
        if not changes:
            raise Failed("give FIELD=VALUE, or --file", USAGE)
        stored = give_answers(
            engine, number, changes, actor=actor(by, role), door=DOOR, revision=case.submission.revision,
            now=utc_now(),
        )  # fmt: skip
    for called, lasting in stored.made.items():
        typer.echo(f"{called} is {lasting} from now on")
    _findings(stored)


def _step(number: int, verb: str, who: Actor, because: str | None, attest: str | None) -> None:
    engine = open_store()
    with refusals():
        try:
            head = move(
                engine, number, verb, actor=who, because=because, attest=attest, door=DOOR, revision=None,
                now=utc_now(),
            )  # fmt: skip
        except NoSuchSubmission as error:
            raise Failed(str(error), USAGE) from None
    typer.echo(f"{head.project_key} {head.template} {head.period} is {head.state}.")
    if head.sha256 and verb == "publish":
        typer.echo(f"sha256 {head.sha256}")
    if head.superseded_by is not None:
        typer.echo(f"It is kept as it was published; submission {head.superseded_by} asks for it again.")


@commands.command("move")
def move_(
    number: Number,
    step: Annotated[str, typer.Argument(help=", ".join(VERBS))],
    by: By,
    role: Role = None,
    because: Because = None,
    attest: Annotated[
        str | None, typer.Option(help="The sentence the template asks for, word by word")
    ] = None,
) -> None:
    """Take a submission one step on: submit, review, return, approve, publish or withdraw it."""
    if step not in VERBS:
        raise Failed(f"{step!r} is no step; there are {', '.join(VERBS)}", USAGE)
    _step(number, step, actor(by, role), because, attest)


@commands.command("comment")
def comment_(
    number: Number,
    says: Annotated[str, typer.Argument(help="What is to be said")],
    by: By,
    role: Role = None,
    field: Annotated[str | None, typer.Option(help="Of this field")] = None,
    record: Annotated[str, typer.Option(help="Of this record")] = OWN,
) -> None:
    """Say something of a submission, or of one field of it."""
    engine = open_store()
    with refusals():
        try:
            made = comment(
                engine, number, says, actor=actor(by, role), now=utc_now(), record_ref=record, field=field
            )
        except NoSuchSubmission as error:
            raise Failed(str(error), USAGE) from None
    typer.echo(f"comment {made.id} is written.")


def _opened(connection: Any, number: int) -> Case:
    try:
        return open_case(connection, number, now=utc_now())
    except NoSuchSubmission as error:
        raise Failed(str(error), USAGE) from None


def _typed(case: Case, values: list[str], record: str, because: str | None) -> list[Change]:
    rules = {field.rule.id: field.rule for field in case.template.fields}
    changes = []
    for each in values:
        name, equals, value = each.partition("=")
        if not equals or name not in rules:
            raise Failed(f"{each!r}: expected FIELD=VALUE with one of {', '.join(rules)}", USAGE)
        changes.append(Change(record, name, typed(rules[name], value), because))
    return changes


def _from_file(file: Path | None, because: str | None) -> list[Change]:
    if file is None:
        return []
    try:
        document = loads_exactly(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Failed(f"{file}: {error}", USAGE) from None
    if not isinstance(document, dict) or not all(isinstance(values, dict) for values in document.values()):
        raise Failed(f'{file}: expected an object like {{"": {{"rag_overall": "GREEN"}}}}', USAGE)
    return [
        Change(ref, name, value, because)
        for ref, values in document.items()
        for name, value in values.items()
    ]


def _findings(case: Case) -> None:
    judgement = case.judge()
    for ref, one in judgement.findings():
        waived = " (waived)" if (ref, one.field) in judgement.waived else ""
        typer.echo(f"  {one.severity:5} {f'{ref} ' if ref else ''}{one.field}: {one.says}{waived}")
    score = "unknown" if judgement.score is None else f"{judgement.score:.1f} {judgement.grade}"
    typer.echo(f"score {score}; {'can' if judgement.can_submit else 'cannot'} be submitted")
