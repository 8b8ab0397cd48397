"""Records month by month: the cost forecast line by line, and the work plan, out of the money on record."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import RowMapping

from model.template.months import Repeat
from sync.record_items import item, referred
from sync.record_parts import Asked, Checked, Receipt

LATER: Final = "later"  # what is forecast after the last month asked for
_AHEAD: Final = Repeat(months=4, from_="period")  # the month reported, and three to plan
_Amounts = dict[tuple[str, date | None], Decimal]  # by kind of money and month


@dataclass(slots=True)
class Line:
    """The money of one line: what sources say, and what people answered about it."""

    category: str | None = None
    said: _Amounts = field(default_factory=lambda: defaultdict(Decimal))
    answered: dict[tuple[str, date | None], Decimal | None] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)  # by kind of money
    answers: Receipt | None = None

    def whole(self, kind: str, until: str | None = None) -> Decimal | None:
        """Return all the money of a kind; of the months up to `until`, where it is given."""
        if (kind, None) in self.answered:
            return self.answered[kind, None]
        months = {key: amount for key, amount in self.amounts(kind).items() if _within(key, until)}
        return sum(months.values(), Decimal(0)) if months else None

    def amounts(self, kind: str) -> dict[date | None, Decimal]:
        """Return the money of a kind by month, answers first."""
        both: dict[tuple[str, date | None], Decimal | None] = {**self.said, **self.answered}
        return {
            period: amount for (each, period), amount in both.items() if each == kind and amount is not None
        }


def cost_forecast(asked: Asked) -> list[Checked]:
    """Return a record for each line of cost: budget, spent so far, and what each month to come will cost."""
    field_ = next((each.rule for each in asked.template.fields if each.rule.repeat is not None), None)
    months = (field_.repeat.asked(asked.period) if field_ and field_.repeat else None) or ()
    found = []
    for ref, line in _lines(asked).items():
        ahead = {
            period: amount
            for period, amount in line.amounts("forecast").items()
            if period is not None and f"{period:%Y-%m}" > asked.period
        }
        by_month = {f"{period:%Y-%m}": amount for period, amount in sorted(ahead.items())}
        record: dict[str, Any] = {
            "line_id": ref,
            "category": line.category,
            "budget": line.whole("baseline"),
            "actual": line.whole("actual", asked.period),
            LATER: _later(line, by_month, months),
        }
        if field_ is not None:
            record[field_.id] = {month: by_month[month] for month in months if month in by_month} or None
        kinds = {"budget": "baseline", "actual": "actual", "category": "forecast", "line_id": "forecast"}
        found.append(_checked(asked, ref, record, line, kinds))
    return found


def _later(line: Line, by_month: Mapping[str, Decimal], months: Sequence[str]) -> Decimal | None:
    if ("forecast", None) in line.answered:
        return line.answered["forecast", None]
    after = [amount for month, amount in by_month.items() if months and month > months[-1]]
    return sum(after, Decimal(0)) if after else None


def _checked(asked: Asked, ref: str, record: dict[str, Any], line: Line, kinds: Mapping[str, str]) -> Checked:
    any_ = next(iter(line.receipts.values()), line.answers)
    receipts = {}
    for name, value in record.items():
        receipt = line.receipts.get(kinds.get(name, "forecast"), any_)
        if value is not None and receipt is not None:
            receipts[name] = receipt
    context = asked.context | {"period": asked.period, "taken": {}}
    locator = None if any_ is None else any_.locator
    return Checked(ref, record, {}, context, receipts, locator)


def _lines(asked: Asked) -> dict[str, Line]:
    return lines_of(asked.background.costs.get(asked.project.id, ()), asked.source)


def lines_of(rows: Iterable[RowMapping], source: Callable[[RowMapping], str | None]) -> dict[str, Line]:
    """Group a project's money by line: the sources' by category, people's by the line they answered."""
    lines: dict[str, Line] = {}
    for row in rows:
        ref = line_of(row["line"]) if row["collected"] else row["category"] or "Unnamed"
        line = lines.setdefault(ref, Line())
        key = (row["kind"], row["period"])
        receipt = Receipt(source(row), _where(row), row["url"])
        if row["collected"]:
            line.category = row["category"] or line.category
            line.answered[key] = row["amount"]
            line.answers = receipt
        else:
            line.category = line.category or row["category"]
            line.said[key] += row["amount"]
        line.receipts.setdefault(row["kind"], receipt)
    return lines


def line_of(external_id: str) -> str:
    """Return the line that an amount people answered belongs to (see `sync.collection.publish_costs.external_id`)."""
    return external_id.split("/", 1)[1].rsplit("/", 2)[0]


def _where(row: RowMapping) -> str | None:
    more = row["cells"] - 1
    return f"{row['locator']} and {more} more" if more and row["locator"] else row["locator"]


def work_plan(asked: Asked) -> list[Checked]:
    """Return a record for each month planned or to be planned, with the money and milestones on record.

    Months after the finish as forecast need no plan.
    """
    rows = referred(asked.rows("work_plan_line"), "month")
    finish = asked.project.value("forecast_finish")
    last = asked.period if finish is None else max(asked.period, f"{finish:%Y-%m}")
    months = [
        month
        for month in _AHEAD.asked(asked.period) or ()
        if month in rows or (asked.blank and (finish is None or month <= last))
    ]
    lines = list(_lines(asked).values())
    found = []
    for month in months:
        row = rows.get(month)
        pulled = {
            "month": month,
            "milestones": _due(asked.project.milestones, month),
            "planned_cost": _spent(lines, "forecast", month) if month > asked.period else None,
            "actual_cost": _spent(lines, "actual", month) if month <= asked.period else None,
        }
        found.append(_planned(asked, month, row, pulled, lines))
    return found


def _planned(
    asked: Asked, month: str, row: RowMapping | None, pulled: dict[str, Any], lines: Sequence[Line]
) -> Checked:
    """Lay what is planned already over what the money and the milestones say."""
    receipts = {
        "month": Receipt(None, asked.template.label),
        "milestones": Receipt(None, f"milestones of {month}"),
        **{
            name: each
            for name, kind in (("planned_cost", "forecast"), ("actual_cost", "actual"))
            for line in lines
            if (each := line.receipts.get(kind)) is not None
        },
    }
    record = {name: value for name, value in pulled.items() if value is not None}
    locator = None
    if row is not None:
        own = item(asked, month, row, {})
        record |= {name: value for name, value in own.record.items() if value is not None}
        receipts |= own.receipts
        locator = own.locator
    context = asked.context | {"period": asked.period, "taken": {}}
    return Checked(
        month, record, {}, context, {name: receipts[name] for name in record if name in receipts}, locator
    )


def _spent(lines: Iterable[Line], kind: str, month: str) -> Decimal | None:
    found = [
        amount
        for line in lines
        for period, amount in line.amounts(kind).items()
        if period is not None and f"{period:%Y-%m}" == month
    ]
    return sum(found, Decimal(0)) if found else None


def _due(rows: Iterable[RowMapping], month: str) -> list[str] | None:
    """Return the names of the milestones whose forecast, else whose baseline, is in a month."""
    found = [
        str(row["name"])
        for row in rows
        if row["state"] != "dropped"
        and (day := row["actual"] or row["forecast"] or row["baseline"]) is not None
        and f"{day:%Y-%m}" == month
    ]
    return found or None


def _within(period: date | None, until: str | None) -> bool:
    return until is None or period is None or f"{period:%Y-%m}" <= until
