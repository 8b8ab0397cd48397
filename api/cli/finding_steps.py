"""`finding accept`, `fix`, `release`, `dispute`, `waive` and the answers: work the queue by name."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any

import orjson
import typer

from api.access.visible import OPERATOR
from api.cli.acting import By, Role, actor
from api.cli.common import FAILED, Failed, open_store, words
from api.finding_steps import Doer, Step, grant, judge, take
from api.wire.problems import Problem

Number = Annotated[int, typer.Argument(help="The finding's number", min=1)]
Dispute = Annotated[int, typer.Argument(help="The dispute's number", min=1)]
Because = Annotated[str, typer.Option("--because", help="Why: it stands beside it from then on")]
Remark = Annotated[str | None, typer.Option("--because", help="What there is to say about it")]


def register_steps(commands: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (
        ("accept", accept), ("fix", fix), ("release", release), ("dispute", dispute), ("waive", waive),
        ("grant", grant_waiver), ("uphold", uphold), ("refuse", refuse), ("withdraw", withdraw),
    ):  # fmt: skip
        commands.command(name)(command)


def accept(
    number: Number,
    by: By,
    role: Role = None,
    due: Annotated[str | None, typer.Option("--due", help="By when it is put right, YYYY-MM-DD")] = None,
    because: Remark = None,
) -> None:
    """Say that a finding is right and that you see to it; it closes when its source says something else."""
    _take(number, "accept", by, role, Step(because, due=due))


def fix(number: Number, by: By, role: Role = None, because: Remark = None) -> None:
    """Say that a finding is fixed at its source; the next reading shows whether it is."""
    _take(number, "fix", by, role, Step(because))


def release(number: Number, by: By, role: Role = None, because: Remark = None) -> None:
    """Give a finding back: nobody sees to it any more."""
    _take(number, "release", by, role, Step(because))


def dispute(
    number: Number,
    by: By,
    because: Because,
    role: Role = None,
    proposed: Annotated[
        str | None, typer.Option("--ought", help="What the value ought to be; JSON, or plain text")
    ] = None,
) -> None:
    """Say that the value a finding was found on is wrong; an officer answers."""
    _take(number, "dispute", by, role, Step(because, proposed=_value(proposed)))


def waive(
    number: Number,
    by: By,
    because: Because,
    until: Annotated[str, typer.Option("--until", help="The last day it is to hold, YYYY-MM-DD")],
    role: Role = None,
) -> None:
    """Ask that a finding's rule be waived for its record until a day; somebody else grants it."""
    _take(number, "waive", by, role, Step(because, until=until))


def grant_waiver(
    number: Number,
    waiver: Annotated[int, typer.Argument(help="The waiver's number", min=1)],
    by: By,
    role: Role = None,
) -> None:
    """Grant a waiver that somebody else asked for about a finding."""
    doer = _doer(by, role)
    with words(), _plainly():
        typer.echo(f"{grant(doer, number, waiver)}.")


def uphold(number: Dispute, by: By, because: Because, role: Role = None) -> None:
    """Answer a dispute: the value is wrong, and its source is to be put right."""
    _judge(number, "uphold", by, role, because)


def refuse(number: Dispute, by: By, because: Because, role: Role = None) -> None:
    """Answer a dispute: the value is right."""
    _judge(number, "refuse", by, role, because)


def withdraw(number: Dispute, by: By, role: Role = None, because: Remark = None) -> None:
    """Take a dispute of your own back."""
    _judge(number, "withdraw", by, role, because or "")


def _take(number: int, action: str, by: str, role: Any, step: Step) -> None:
    doer = _doer(by, role)
    with words(), _plainly():
        typer.echo(f"{take(doer, number, action, step)}.")


def _judge(number: int, verdict: str, by: str, role: Any, because: str) -> None:
    doer = _doer(by, role)
    with words(), _plainly():
        typer.echo(f"{judge(doer, number, verdict, because)}.")


def _doer(by: str, role: Any) -> Doer:
    return Doer(open_store(), OPERATOR, actor(by, role), "command")


@contextmanager
def _plainly() -> Generator[None]:
    """Say a refusal as the command line says everything."""
    try:
        yield
    except Problem as problem:
        raise Failed(problem.detail.rstrip("."), FAILED) from None


def _value(written: str | None) -> Any:
    """Read what was typed as JSON, else take it for text: 31 is a number, AMBER a word."""
    if written is None:
        return None
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        return written
