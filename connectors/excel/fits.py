"""What a table must have to be one of projects, milestones, RAID items, costs and the rest."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.excel.columns import Column, Header
from connectors.excel.dates import month_of_date
from connectors.excel.fill import is_blank
from connectors.excel.grid import Grid
from connectors.excel.layout import Layout, Refused
from connectors.excel.money_kinds import head_of
from connectors.excel.words import normal

_PLAN_DATES: Final = frozenset({"baseline_start", "baseline_finish", "forecast_finish", "actual_finish"})
_ONLY_OF_RAID: Final = frozenset(
    {
        "probability",
        "impact",
        "chance",
        "cost_impact",
        "days_impact",
        "severity",
        "likelihood",
        "response",
        "effect",
    }
)
_OF_RAID: Final = _ONLY_OF_RAID | {
    "kind",
    "cause",
    "raised_on",
    "due",
    "state",
    "owner",
    "action",
    "proximity",
}
_ENOUGH_OF_RAID: Final = 2
_NO_PROJECT: Final = "no column names the project, and `project` is not set"
DATES: Final = ("baseline", "forecast", "actual")


def lacking(header: Header, layout: Layout) -> str:
    """Say what a sheet of this kind lacks; "" when nothing."""
    has = header.by_attribute()
    keyed = bool(header.key) or "key" in has
    money = "amount" in has or any(is_amount(column, layout) for column in header.columns)
    needs: dict[str, list[tuple[bool, str]]] = {
        "projects": [
            (keyed, "no column holds the projects' keys"),
            (
                "name" in has or len(has.keys() - {"key"} - _PLAN_DATES) > 1,
                "besides the key hardly a column is known",
            ),
        ],
        "milestones": [
            ("name" in has, "no column holds the milestones' names"),
            (any(name in has for name in DATES), "no column holds a baseline, forecast or actual date"),
        ],
        "raid": [
            ("title" in has, "no column says what the risk or issue is"),
            (keyed or _is_raid_beyond_doubt(has), "no column holds a reference"),
        ],
        "costs": [
            (
                "project_ref" in has or bool(layout.project),
                _NO_PROJECT,
            ),
            (money, "no column holds amounts or months"),
        ],
    }
    needs |= _further(has, keyed=keyed, layout=layout)
    return next((words for met, words in needs[layout.holds] if not met), "")


def _further(has: Mapping[str, Column], *, keyed: bool, layout: Layout) -> dict[str, list[tuple[bool, str]]]:
    """Return what the sheets need that are beside the four main ones."""
    project = ("project_ref" in has or bool(layout.project), _NO_PROJECT)
    hours = {"booked_hours", "capacity_hours"} <= has.keys()
    return {
        "contracts": [
            (keyed or "title" in has, "no column holds the contracts' references or titles"),
            (bool(has.keys() & {"ends_on", "value"}), "no column holds an end date or a value"),
        ],
        "benefits": [
            ("title" in has, "no column says what the benefit is"),
            (bool(has.keys() & {"target", "forecast"}), "no column holds a target or a forecast"),
        ],
        "roles": [
            ("role" in has, "no column names the role"),
            ("holder" in has, "no column says who holds it"),
            project,
        ],
        "utilisation": [
            ("week" in has, "no column holds the week"),
            ("percent" in has or hours, "no column holds percents, or hours booked and hours there are"),
            project,
        ],
        "baselines": [
            (keyed or "number" in has, "no column numbers the baselines"),
            ("approved_on" in has, "no column says when a baseline was approved"),
            project,
        ],
        "reviews": [
            (keyed or "title" in has, "no column holds the reviews' references or titles"),
            (bool(has.keys() & {"due", "held_on"}), "no column holds the day a review is due or was held"),
        ],
    }


def _is_raid_beyond_doubt(has: Mapping[str, Column]) -> bool:
    """Tell whether a sheet without references is one of risks or issues all the same, and no list of names."""
    if "title" not in has:
        return False
    words = set(normal(has["title"].header).split())
    return len(has.keys() & _OF_RAID) >= _ENOUGH_OF_RAID and bool(
        has.keys() & _ONLY_OF_RAID or words & {"risk", "issue", "assumption", "dependency"}
    )


def is_amount(column: Column, layout: Layout) -> bool:
    """Tell whether a column's header is that of an amount: a month, or a kind of money."""
    if head_of(column.raw, column.header, column.group, layout.year) is not None:
        return True
    return isinstance(column.raw, str) and any(month_of_date(column.raw, order) for order in ("dmy", "mdy"))


def check_names(grid: Grid, column: Column | None, first: int, layout: Layout) -> None:
    """Refuse a sheet whose column of names holds only numbers: it names something else.

    Raises:
        Refused: With the column.
    """
    if column is None or any(normal(name) == normal(column.header) for name in layout.columns.values()):
        return
    filled = [row[column.index] for row in grid.rows[first:] if not is_blank(row[column.index])]
    if filled and all(map(_is_number, filled)):
        raise Refused(
            f"{grid.file}!{grid.sheet} does not look like a sheet of {layout.holds}: its column {column.header!r} "
            "holds only numbers, no names. Name the right one with `columns`, or correct `holds`"
        )


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().replace(".", "", 1).isdigit()
    return isinstance(value, int | float)
