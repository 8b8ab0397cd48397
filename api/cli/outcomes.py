"""`outcomes`: what colours and forecasts were worth, once it is known what became of the projects."""

from typing import Annotated, Any, Final

import typer
from sqlalchemy.orm import Session

from api.cli.common import USAGE, Failed, Format, heard_or_not, open_store, parse_day, parse_instant, words
from api.cli.plain import print_json
from api.cli.read import AsOf, KnownAt
from api.cli.template_steps import read_text
from config import shipped
from model.declaration import Declaration
from model.outcome import OutcomeTerms
from model.status.colour import counted
from sync.outcomes.document import outcomes

_FEW: Final = 30  # lines of a kind; JSON has all
_MONTHS: Final = 6  # told in words; JSON has all
_ENDS: Final = {None: "", True: "ended badly, ", False: "ended well, "}
_PART: Final = 2  # digits of a share


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("outcomes")(print_outcomes)


def print_outcomes(
    project: Annotated[
        str | None, typer.Option("--project", help="Of this one only, with each colour and forecast")
    ] = None,
    terms: Annotated[
        str | None, typer.Option("--terms", help="A YAML file that says what counts as a bad end")
    ] = None,
    slip_days: Annotated[
        int | None, typer.Option("--slip-days", min=0, max=3650, help="Days that a finish may move by")
    ] = None,
    horizon_days: Annotated[
        int | None, typer.Option("--horizon-days", min=1, max=3650, help="Within how many days")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    """Hold reports, colours and forecasts to what came of them: watermelons, calibration, forecasters."""
    day, instant = parse_day(as_of), parse_instant(known_at)
    given = {"slip_days": slip_days, "horizon_days": horizon_days}
    if format_ is Format.CSV:
        raise Failed("--format csv: expected table or json", USAGE)
    with words(USAGE):
        held = shipped.outcomes() if terms is None else _read(terms)
        held = held.model_copy(update={name: days for name, days in given.items() if days is not None})
    with words(), Session(open_store()) as session:
        fitting = terms is None and slip_days is None and horizon_days is None
        found = outcomes(session, held, as_of=day, known_at=instant, project=project, fitting=fitting)
    with heard_or_not():
        if format_ is Format.JSON:
            print_json(found)
        else:
            _print(found)


def _read(path: str) -> OutcomeTerms:
    return Declaration(read_text(path), path).as_(OutcomeTerms)


def _print(found: dict[str, Any]) -> None:
    history = found["history"]
    typer.echo(f"{counted(found['projects'], 'project')}, {history['first']} to {history['last']}.")
    _print_watermelons(found["watermelon"])
    _print_raters(found["colours"], found["terms"])
    _print_forecasters(found["forecasters"])
    for case in found.get("cases", []):
        typer.echo(
            f"  {case['as_of']} reported {case['reported'] or '–'}, computed {case['computed'] or '–'}:"
            f" {_ENDS[case['adverse']]}{case['because']}"
        )


def _print_watermelons(found: dict[str, Any]) -> None:
    typer.echo("\nReported two colours rosier than computed (watermelons)")
    months = list(dict.fromkeys(each["period"] for each in found["periods"]))[-_MONTHS:]
    typer.echo(f"  {'':<10}" + "".join(f"{month:>14}" for month in months) + f"{'kappa':>8}")
    for name in dict.fromkeys(each["dimension"] for each in found["periods"]):
        by = {each["period"]: each for each in found["periods"] if each["dimension"] == name}
        cells = "".join(f"{_share(by[month]):>14}" for month in months)
        typer.echo(f"  {name:<10}{cells}{_number(by[months[-1]]['kappa']):>8}")
    for each in found["spells"][:_FEW]:
        still = "standing" if each["standing"] else f"until {each['last']}"
        lasted = counted(each["periods"], "month")
        typer.echo(f"  {each['project']:<12} {each['dimension']:<10} {lasted}, from {each['first']}, {still}")
    _and_more(found["spells"], "stretches")
    typer.echo("By who reports")
    for each in found["reporters"][:_FEW]:
        typer.echo(f"  {each['reporter']:<24} {each['says']}")
    _and_more(found["reporters"], "people")


def _share(each: dict[str, Any]) -> str:
    return "–" if each["share"] is None else f"{each['watermelons']}/{each['scored']} = {each['share']:.0%}"


def _print_raters(found: dict[str, Any], terms: dict[str, Any]) -> None:
    typer.echo(
        f"\nColours and what came of them: {found['decided']} of {found['published']} are decided,"
        f" {found['adverse']} ended badly"
    )
    if found["in_hindsight"]:
        typer.echo(
            f"  {found['in_hindsight']} of these were computed only later, from history that was brought in."
        )
    if found["raters"]:
        heads = ("colours", "hits", "false", "Brier", "base", "skill", "AUC")
        typer.echo(f"  {'':<34}" + "".join(f"{head:>9}" for head in heads))
    for each in found["raters"][:_FEW]:
        name = f"{each['by']} {each['rater']}" if each["rater"] else each["by"]
        if each["adverse"] is None:
            typer.echo(f"  {name:<34} {each['says']}")
            continue
        figures = ("hit_rate", "false_alarm_rate", "brier", "brier_base", "skill", "auc")
        typer.echo(f"  {name:<34}{each['count']:>9}" + "".join(f"{_number(each[one]):>9}" for one in figures))
    _and_more(found["raters"], "raters")
    typer.echo(f"  Here {terms['says']}.")


def _print_forecasters(found: dict[str, Any]) -> None:
    typer.echo(
        f"\nForecasts of the finish: {found['kept']} kept, {found['scored']} scored on"
        f" {counted(found['finished_projects'], 'finished project')}"
    )
    if found["scores"]:
        typer.echo(
            f"  {'':<18}{'said before':<16}{'forecasts':>10}{'error':>8}{'absolute':>10}{'pinball':>9}  days"
        )
    for each in found["scores"]:
        figures = (each["mean_error_days"], each["mean_absolute_error_days"], each["pinball_days"])
        error, absolute, loss = (_number(figure) for figure in figures)
        name = f"{each['forecaster']:<18}{each['said_before']:<16}{each['forecasts']:>10}"
        typer.echo(f"  {name}{error:>8}{absolute:>10}{loss:>9}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.{_PART}f}"


def _and_more(found: list[Any], what: str) -> None:
    if len(found) > _FEW:
        typer.echo(f"  and {len(found) - _FEW} {what} more: --format json has all")
