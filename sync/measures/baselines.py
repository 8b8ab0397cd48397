"""F21 as numbers: how far the forecast is from the first baseline and the one in force, and what was absorbed."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping

from model.policy import Limits
from model.status.colour import counted, facts, percent
from model.status.rebaseline import RULE, Absorbed, absorbed
from sync.facts import ProjectFacts
from sync.facts_baselines import approved
from sync.measures.measure import Measure, unknown

_SLIPS: Final = {
    "baselines_approved": "baselines", "slip_current": "days", "slip_original": "days", "slip_absorbed": "days",
    "slip_absorbed_share": "share", "baseline_apart": "days",
}  # fmt: skip


def of_baselines(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:  # noqa: ARG001  (one shape)
    """Yield the number of baselines, both slips, and the lateness that later baselines have absorbed."""
    there = approved(project.baselines, as_of)
    if not there:
        waiting = len(project.baselines)
        why = "no baseline was approved" + (f", {waiting} are not yet" if waiting else "")
        yield from unknown(_SLIPS, RULE, why)
        return
    records = tuple(record_of(row) for row in there)
    inputs = _inputs(project, there)
    says = "; ".join(_said(row) for row in there)
    yield Measure("baselines_approved", len(there), "baselines", RULE, inputs, (), records, says)
    yield _apart(project, there[-1], inputs, records)
    finishes = [row["finish"] for row in there if row["finish"] is not None]
    ended = project.finished_on(as_of)
    found = absorbed(finishes, ended or project.value("forecast_finish"))
    rest = {
        name: unit for name, unit in _SLIPS.items() if name not in ("baselines_approved", "baseline_apart")
    }
    if found is None:
        why = "no baseline has a finish" if not finishes else "no forecast finish"
        yield from unknown(rest, RULE, why, **inputs)
        return
    names = ("actual_finish",) if ended else ("forecast_finish",)
    for name, (value, told) in _values(found, _differs(project, there[-1])).items():
        yield Measure(name, value, _SLIPS[name], RULE, inputs, names, records, told)


def _values(found: Absorbed, differs: str) -> dict[str, tuple[Any, str]]:
    taken = counted(found.absorbed_days, "day")
    share = (
        f"{percent(100 * found.share)} of the slip against the first baseline was taken off by later ones"
        if found.share is not None
        else "there is no slip against the first baseline"
    )
    return {
        "slip_current": (found.slip_current, f"days later than the baseline in force{differs}"),
        "slip_original": (found.slip_original, "days later than the first baseline"),
        "slip_absorbed": (
            found.absorbed_days,
            f"{taken} between the finishes of the first and the last of {counted(found.baselines, 'baseline')}",
        ),
        "slip_absorbed_share": (found.share, share),
    }


def _differs(project: ProjectFacts, last: RowMapping) -> str:
    """Say that the register goes by another finish than the last approval."""
    held = project.value("baseline_finish")
    if held is None or last["finish"] is None or held == last["finish"]:
        return ""
    return f", {last['finish']}; the project's own baseline finish is {held}, which nobody approved so"


def _apart(
    project: ProjectFacts, last: RowMapping, inputs: dict[str, Any], records: tuple[dict[str, Any], ...]
) -> Measure:
    """Say by how much what the project is held to is another finish than the one approved last."""
    held, names = project.value("baseline_finish"), ("baseline_finish",)
    if held is None or last["finish"] is None:
        why = "the last approval names no finish" if held is not None else "no baseline finish"
        return Measure("baseline_apart", None, "days", RULE, inputs, names, records, why)
    value = (held - last["finish"]).days
    says = (
        f"days between the finish the project is held to, {held}, and that approved last, {last['finish']}"
        if value
        else "the project is held to the finish that was approved last"
    )
    return Measure(
        "baseline_apart", value, "days", RULE, inputs | facts(baseline_finish=held), names, records, says
    )


def _inputs(project: ProjectFacts, there: Sequence[RowMapping]) -> dict[str, Any]:
    names = ("number", "approved_on", "approved_by", "change_request", "reason", "start", "finish", "budget",
             "currency", "points")  # fmt: skip
    rows = [{name: row[name] for name in names if row[name] is not None} for row in there]
    return facts(
        baselines=rows,
        forecast_finish=project.value("forecast_finish"),
        actual_finish=project.value("actual_finish"),
    )


def _said(row: RowMapping) -> str:
    number = "" if row["number"] is None else f" {row['number']}"
    who = f" by {row['approved_by']}" if row["approved_by"] else ""
    change = f" under {row['change_request']}" if row["change_request"] else ""
    why = f" ({row['reason']})" if row["reason"] else ""
    return f"baseline{number} of {row['approved_on']}{who}{change}{why}"


def record_of(row: RowMapping) -> dict[str, Any]:
    """Return a baseline as receipts list it."""
    name = row["name"] or f"baseline {row['number'] if row['number'] is not None else row['approved_on']}"
    return {"entity": "baseline", "id": row["id"], "name": name, "locator": row["locator"]}
