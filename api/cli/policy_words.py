"""What the policy commands print: a plan, a backtest, and what a project is held to."""

from typing import Any, Final

import typer

_FEW: Final = 30  # projects or settings told in words; JSON has them all
_NONE: Final = "–"


def print_plan(found: dict[str, Any]) -> None:
    """Say what a policy would change."""
    later = found["turn_later"]
    typer.echo(
        f"{found['policy']} against {found['against']}, as of {found['as_of']}:"
        f" {found['turn']} of {found['projects']} projects would turn"
        f"{f', and {later} once a better colour was computed often enough' if later else ''}."
    )
    if not found["differences"]:
        typer.echo("  No limit differs.")
    for each in found["differences"][:_FEW]:
        typer.echo(f"  {each['setting']}: {_plain(each['from'])} -> {_plain(each['to'])}")
    _and_more(found["differences"], "settings")
    for each in found["turning"][:_FEW]:
        typer.echo(_turn(each))
        for one in each["dimensions"]:
            typer.echo(
                f"      {one['dimension']} {one['from']} -> {one['to']}: {one['why'][0] if one['why'] else ''}"
            )
        for layer in each["layers"]:
            if layer["of"] != "tier":
                typer.echo(f"      held to {layer['of']} {layer['name']}: {layer.get('because', '')}")
    _and_more(found["turning"], "projects")
    _print_past(found.get("history"))
    for says in (*found["clashes"], *found["warnings"]):
        typer.echo(f"  ! {says}")
    typer.echo(f"Plan {found['plan']}")


def _print_past(past: dict[str, Any] | None) -> None:
    """Say what a policy that begins in the past says of published days."""
    if past is None:
        return
    typer.echo(f"  History: {past['says']}.")
    for each in past["projects"][:_FEW]:
        turns = ", ".join(f"{name} on {_days(days)}" for name, days in each["turns"].items())
        typer.echo(f"      {each['project']:<12} {each['first']} to {each['last']}: {turns}")
    _and_more(past["projects"], "projects")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _turn(each: dict[str, Any]) -> str:
    overall, health = each["overall"], each["health"]
    why = f": {each['why'][0]}" if each["why"] and overall["from"] != overall["to"] else ""
    health_ = f"health {_number(health['from'])} -> {_number(health['to'])}"
    return f"  {each['project']:<12} {_turned(overall)} ({health_}){why}"


def _turned(each: dict[str, Any]) -> str:
    turned = f"stays {each['to']}" if each["from"] == each["to"] else f"{each['from']} -> {each['to']}"
    return turned if each["then"] == each["to"] else f"{turned}, later {each['then']}"


def print_backtest(found: dict[str, Any]) -> None:
    """Say how a policy would have done."""
    before, after = found["before"], found["after"]
    typer.echo(
        f"{found['policy']} over {found['days']} days of history ({found['first']} to {found['last']}),"
        f" against {', '.join(found['against'])}:"
    )
    typer.echo(
        f"  {found['turn']} of {found['projects']} projects turn on other days: {found['turn_earlier']} earlier,"
        f" {found['turn_later']} later, {found['only_after']} only now, {found['only_before']} not any more."
    )
    if found["months_earlier"]:
        typer.echo(f"  Their first alarm comes {_number(found['months_earlier'])} months earlier on average.")
    typer.echo(f"  {'':<34}{'was':>8}{'would be':>10}")
    for name, says in _SUMS.items():
        typer.echo(f"  {says:<34}{_number(before[name]):>8}{_number(after[name]):>10}")
    for each in found["turning"][:_FEW]:
        typer.echo(f"  {each['project']:<12} {_first(each)}")
    _and_more(found["turning"], "projects")
    if found["otherwise"]["count"]:
        typer.echo(
            f"  ! {found['otherwise']['count']} stored colours come out otherwise today by the policy of their day:"
            " something else than the policy has changed since, in the rules or in what is known"
        )
    typer.echo(f"Here {found['terms']['says']}.")


def _first(each: dict[str, Any]) -> str:
    before, after = each["first"]["before"], each["first"]["after"]
    if before == after:
        counts = " -> ".join(str(len(each["alarms"][name])) for name in ("before", "after"))
        return f"first alarm {after} as before; alarms {counts}, or of other days"
    by = each["months_earlier"]
    said = "" if by is None else f", {_number(abs(by))} months {'earlier' if by > 0 else 'later'}"
    return f"first alarm {before or 'never'} -> {after or 'never'}{said}"


_SUMS: Final = {
    "alarms": "alarms",
    "right": "  right",
    "false": "  false",
    "undecided": "  undecided",
    "false_share": "  false, of those decided",
    "events": "times it went wrong",
    "warned": "  with a warning before",
    "missed": "  missed",
    "lead_months": "  months of warning, on average",
}


def print_holding(found: dict[str, Any]) -> None:
    """Say what a project is held to, because of what."""
    typer.echo(f"{found['project']} on {found['on']} is held to {found['policy']}.")
    for layer in found["layers"]:
        days = " ".join(f"{name} {layer[name]}" for name in ("from", "to") if name in layer)
        because = layer.get("because")
        typer.echo(
            f"  {layer['of']} {layer['name']}{f' ({days})' if days else ''}{f': {because}' if because else ''}"
        )
    for block, limits in found["limits"].items():
        if not isinstance(limits, dict):
            typer.echo(f"  {block}: {_plain(limits)}")
            continue
        typer.echo(f"  {block}: {', '.join(f'{name} {_plain(value)}' for name, value in limits.items())}")


def _and_more(found: list[Any], what: str) -> None:
    if len(found) > _FEW:
        typer.echo(f"  and {len(found) - _FEW} more {what}; --format json has all of them")


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={_plain(part)}" for name, part in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:g}"
