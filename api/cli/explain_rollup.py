"""`explain --programme` and `--portfolio`: what a roll-up's number or colour is made of, printed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from rich.console import Console
from sqlalchemy.orm import Session

from api.cli.common import USAGE, Failed, Format, open_store, words
from api.cli.plain import plainly, print_json
from sync.receipts import NotKnown
from sync.rollup.receipt import PORTFOLIO, PROGRAMME, explain_rollup

_SHOWN: Final = 50  # projects that are printed; JSON has all
_NOT_SHOWN: Final = frozenset({"key", "name", "explain", "snapshot", "rates"})


def explain_figure(
    programme: str | None,
    figure: str,
    *,
    portfolio: bool,
    format_: Format,
    as_of: date | None,
    known_at: datetime | None,
) -> None:
    """Print the receipt of a roll-up's figure: its rule, each project's part, the rates, and where to ask on."""
    kind = PORTFOLIO if portfolio else PROGRAMME
    with words(), Session(open_store()) as session:
        try:
            found = explain_rollup(session, kind, programme, figure, as_of=as_of, known_at=known_at)
        except NotKnown as error:
            raise Failed(str(error), USAGE) from None
    if format_ is Format.JSON:
        print_json(found)
        return
    console = Console(soft_wrap=True, highlight=False)
    unit = f" {found['unit']}" if found.get("unit") else ""
    console.print(f"{_called(found)} {found['path']} as of {found['as_of']}: {plainly(found['value'])}{unit}",
                  style="bold", markup=False)  # fmt: skip
    console.print(f"  {found['rule']['id']}: {found['says']}", markup=False)
    for name, value in found["rule"]["inputs"].items():
        console.print(f"    {name} = {plainly(value)}", markup=False)
    for part in found["parts"][:_SHOWN]:
        console.print(f"  {part['key']} {part['name']}: {_values(part)}{_snapshot(part)}", markup=False)
    if len(found["parts"]) > _SHOWN:
        console.print(f"  and {len(found['parts']) - _SHOWN} more; --format json has them all")
    for each in found["left_out"]:
        console.print(f"  without a weight: {each['key']} ({each['why']})", markup=False)
    for rate in found["rates"]:
        console.print(f"  1 {rate['base']} = {rate['rate']} {rate['quote']} on {rate['date']} ({rate['source']},"
                      f" known since {rate['known_from']})", markup=False)  # fmt: skip
    if found["parts"]:
        asked = found["parts"][0]["explain"][0]
        console.print(f"  goes on with: muster explain {asked['project']} {asked['attribute']}", markup=False)


def _called(found: Mapping[str, Any]) -> str:
    if found["kind"] == PORTFOLIO:
        return f"Portfolio {found['name']}"
    return "Projects in no programme" if found["name"] is None else f"Programme {found['name']}"


def _values(part: Mapping[str, Any]) -> str:
    told = []
    for name, value in part.items():
        if name in _NOT_SHOWN:
            continue
        shown = f"{value['amount']} {value['currency']}" if isinstance(value, dict) else plainly(value, name)
        told.append(f"{name.replace('_', ' ')} {shown}")
    return ", ".join(told)


def _snapshot(part: Mapping[str, Any]) -> str:
    snapshot = part.get("snapshot")
    return "" if snapshot is None else f" (snapshot of {snapshot['as_of']}, {snapshot['sha256'][:12]})"
