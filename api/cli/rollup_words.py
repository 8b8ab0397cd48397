"""Roll-ups in words, for the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

STYLES: Final = {"RED": "bold red", "AMBER": "yellow", "GREEN": "green", "GREY": "dim", "BLUE": "blue"}
_FEW: Final = 10


def head_cells(rollup: dict[str, Any] | None, *, narrow: bool = False) -> list[str]:
    """Return the cells beside a programme's name: its worst colour, its health by cost, its colour by cost."""
    if rollup is None:
        return []
    if not rollup["projects"]:
        return ["", "", f"{len(rollup['closed'])} closed"]
    health, by_cost = rollup["health"]["cost_weighted"], rollup["cost_weighted"]["colour"]
    return [
        f"[{STYLES[rollup['worst']]}]{rollup['worst']}[/]",
        "–" if health is None else f"{health:.1f}",
        f"cost [{STYLES[by_cost]}]{'?' if by_cost == 'GREY' else by_cost[0]}[/]"
        if narrow
        else f"[{STYLES[by_cost]}]{by_cost}[/] by cost",
    ]


def portfolio_lines(rollups: Iterable[dict[str, Any]]) -> list[str]:
    """Say the portfolio's roll-up: its three views, what is closed, what has no weight, and the rates used."""
    whole = next((each for each in rollups if each["kind"] == "portfolio"), None)
    if whole is None:
        return []
    weighted = whole["cost_weighted"]
    counts = ", ".join(f"{count} {colour.lower()}" for colour, count in whole["counts"].items())
    lines = [
        f"{whole['name']}: worst {whole['worst']}, by cost {weighted['colour']} ({weighted['says']}); {counts}"
    ]
    if whole["closed"]:
        lines.append(f"  {len(whole['closed'])} closed: {_few([each['key'] for each in whole['closed']])}")
    if weighted["left_out_says"]:
        lines.append(f"  {weighted['left_out_says']}")
    for rate in whole["rates"]:
        told = f"1 {rate['base']} = {rate['rate']} {rate['quote']} on {rate['date']} ({rate['source']})"
        lines.append(f"  {told}: {_few(rate['projects'])}")
    return lines


def _few(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_FEW]) + (f" and {len(keys) - _FEW} more" if len(keys) > _FEW else "")
