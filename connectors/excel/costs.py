"""Cost sheets: one amount a record, whether months stand in rows or in columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.excel.cells import Fault, Json, fault_words, plain, text_of
from connectors.excel.columns import Column
from connectors.excel.dates import certain_order, month_of, month_of_date
from connectors.excel.fill import is_blank
from connectors.excel.money_kinds import Head, head_of, kind_in
from connectors.excel.package import address
from connectors.excel.records import Record
from connectors.excel.rows import Sheet
from connectors.excel.sums import find_sums
from connectors.excel.totals import TOTAL, Summed, Totals
from connectors.excel.values import make_reads
from connectors.excel.words import normal


@dataclass(frozen=True, slots=True)
class Amount:
    """A column of amounts: of which kind and month, as far as its header says."""

    column: Column
    kind: str | None
    period: date | None


class Costs:
    """A cost table being read: a record for each amount, none for an empty cell."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._layout = sheet.layout
        self._kind = sheet.layout.kind or kind_in(sheet.grid.sheet)
        self._order = self._order_of_months()
        self._amounts = self._find_amounts()
        self.understood = {
            amount.column.header: "amount of "
            + " ".join(filter(None, [amount.kind, amount.period.strftime("%Y-%m") if amount.period else ""]))
            if amount.kind or amount.period
            else "amount"
            for amount in self._amounts
        }
        self._reading = make_reads(
            sheet.grid,
            sheet.header.row,
            {str(amount.column.index): amount.column for amount in self._amounts},
            sheet.layout,
            "money",
            sheet.known.get("currency"),
        )
        sheet.warn_notes(self._reading)
        summed = [
            Summed(
                "amount",
                amount.column.index,
                amount.column.header,
                self._reading.reads[str(amount.column.index)],
            )
            for amount in self._amounts
        ]
        has_totals = any(self._rule(number) == "total row" for number in range(sheet.first, sheet.end()))
        sheet.totals = Totals(summed if has_totals else [])
        amounts = [amount.column.index for amount in self._amounts]
        self._sums = (
            find_sums(sheet, amounts, self._value, self._rule) if sheet.hierarchy.heads else frozenset()
        )

    def records(self) -> Iterator[Record]:
        """Yield the amounts row by row; a row that is left out or unreadable is one record."""
        for number in range(self._sheet.first, self._sheet.end()):
            yield from self._row(number)
        for line in self._sheet.totals.differences(self._sheet.where):
            self._sheet.warnings.add(line)

    def _rule(self, number: int) -> str | None:
        return self._sheet.left_out(number) or self._total(self._sheet.grid.rows[number])

    def _row(self, number: int) -> Iterator[Record]:
        sheet = self._sheet
        name = f"row {number + 1}"
        rule = self._rule(number)
        if rule is None and number in self._sums:
            rule = "sum of the rows under it"
        if rule:
            if rule == "total row" and sheet.totals.columns:
                sheet.meet_total(number)
            yield sheet.make(number, name, {}, filtered_by=rule)
            return
        project, problem = self._project(number)
        if problem:
            yield sheet.make(number, name, sheet.shown(number), unreadable=problem)
            return
        problems: dict[str, str] = {}
        values, cells = self._shared_values(number, problems)
        values["project_ref"] = project
        sheet.warn_cells(problems)
        found = 0
        for amount in self._amounts:
            record = self._amount(number, amount, values, cells)
            if record is not None:
                found += 1
                yield record
        if not found:
            yield sheet.make(number, name, {}, filtered_by="no amount in the row")

    def _amount(
        self, number: int, amount: Amount, shared: dict[str, Json], shared_cells: dict[str, str]
    ) -> Record | None:
        """Read one amount; None where the cell is empty."""
        sheet, index = self._sheet, amount.column.index
        raw = sheet.grid.rows[number][index]
        if is_blank(raw):
            return None
        cell = address(number, index)
        locator = sheet.where(cell)
        values = dict(shared)
        values["kind"] = amount.kind or values.get("kind") or self._kind
        values["period"] = amount.period.isoformat() if amount.period else values.get("period")
        parts = (values["project_ref"], values.get("category"), values["kind"], (values["period"] or "")[:7])
        external_id = self._layout.prefix + "|".join(part or "" for part in parts)
        payload = sheet.envelope(
            number, values, self._own_columns(number, amount), shared_cells | {"amount": cell}
        )
        try:
            if isinstance(raw, Fault):
                return Record(external_id, locator, payload, unreadable=fault_words(raw))
            values["amount"] = self._reading.reads[str(index)](raw, number)
        except ValueError as error:
            return Record(f"{external_id} ({cell})", locator, payload, unreadable=str(error))
        if values["amount"] is None:
            return None
        currency = self._reading.currency_of(str(index), raw, number)
        if currency and (str(index) in self._reading.mixed or "currency" not in values):
            values["currency"] = currency
        if values["kind"] is None:
            sheet.warnings.add(
                f"{sheet.grid.file}!{sheet.grid.sheet}: nothing says whether its amounts are baseline, forecast, "
                "actual or committed. Set `kind` for this workbook"
            )
        record = self._once(number, external_id, locator, payload)
        if record.unreadable is None and sheet.totals.columns:
            sheet.totals.add(index, Decimal(values["amount"]))
        return record

    def _once(self, number: int, external_id: str, locator: str, payload: dict[str, Json]) -> Record:
        """Reject an amount that another row has already given, in upper or lower case."""
        seen, same = self._sheet.seen, external_id.casefold()
        if same not in seen:
            seen[same] = number
            return Record(external_id, locator, payload)
        told = external_id.removeprefix(self._layout.prefix)
        reason = (
            f"the amount for {told!r} is also in row {seen[same] + 1}, which is kept; row {number + 1} is not. "
            "Merge the two rows or give them different categories"
        )
        self._sheet.warnings.add(f"{locator}: {reason}")
        return Record(f"{external_id} (row {number + 1})", locator, payload, unreadable=reason)

    def _own_columns(self, number: int, amount: Amount) -> dict[str, Json]:
        """Return the row's columns without the other months."""
        others = {other.column.index for other in self._amounts} - {amount.column.index}
        row = self._sheet.grid.rows[number]
        return {
            name: plain(row[index])
            for index, name in self._sheet.shown_columns
            if index not in others and row[index] != ""
        }

    def _project(self, number: int) -> tuple[str, str | None]:
        """Return the row's project, or what is wrong."""
        column = self._sheet.known.get("project_ref")
        if column is None:
            return self._layout.project or "", None
        value = self._sheet.grid.rows[number][column.index]
        cell = address(number, column.index)
        if isinstance(value, Fault):
            return "", f"{cell} holds {fault_words(value)}; without it the row has no {column.header}"
        text = (
            text_of(value, self._sheet.grid.marks.zeros.get((number, column.index), 0))
            or self._layout.project
        )
        return (text, None) if text else ("", f"no {column.header} in {cell}; say whose cost it is")

    def _shared_values(self, number: int, problems: dict[str, str]) -> tuple[dict[str, Json], dict[str, str]]:
        """Read what all amounts of a row share: category, kind, currency, and the month of a long sheet."""
        row = self._sheet.grid.rows[number]
        values: dict[str, Json] = {}
        cells: dict[str, str] = {}
        for attribute, column in self._sheet.known.items():
            if attribute in ("amount", "key"):
                continue
            month = self._month(row[column.index]) if attribute == "period" else None
            value = (
                month.isoformat()
                if month
                else self._sheet.read_cell(attribute, number, column.index, problems, row)
            )
            if attribute == "period" and value:
                value = f"{value[:7]}-01"
            if attribute == "kind" and value:
                value = kind_in(value)
                if value is None:
                    problems["kind"] = (
                        f"{address(number, column.index)}: {text_of(row[column.index])!r} is no kind of money"
                    )
            if value is not None:
                values[attribute], cells[attribute] = value, address(number, column.index)
        for attribute, (value, cell) in self._sheet.for_all.items():
            if attribute not in values:
                values[attribute] = value
                if cell is not None:
                    cells[attribute] = cell
        return values, cells

    def _month(self, value: Any) -> date | None:
        return month_of(value, year=self._layout.year)

    def _order_of_months(self) -> str | None:
        """Decide how text dates over columns of months are written: the right order gives each column another month."""
        if self._layout.date_order is not None:
            return self._layout.date_order
        texts = [column.raw for column in self._sheet.header.columns if isinstance(column.raw, str)]
        fitting = []
        for order in ("dmy", "mdy"):
            months = [month for text in texts if (month := month_of_date(text, order)) is not None]
            if len(months) > 1 and len(set(months)) == len(months):
                fitting.append(order)
        if len(fitting) == 1:
            return fitting[0]
        certain = {proved for text in texts if (proved := certain_order(text)) is not None}
        return certain.pop() if len(certain) == 1 else None

    def _dated_month(self, column: Column) -> date | None:
        """Read a header that is a whole date in text, as 31/01/2026; one that could be of two months is reported."""
        if not isinstance(column.raw, str):
            return None
        months = {
            month_of_date(column.raw, order) for order in ([self._order] if self._order else ["dmy", "mdy"])
        }
        if len(months) == 1:
            return months.pop()
        self._sheet.warnings.add(
            f"{self._sheet.where(address(self._sheet.header.row, column.index))}: {column.raw!r} may be day first or "
            "month first, so its column was not read. Set date_order: dmy or mdy"
        )
        return None

    def _value(self, number: int, index: int) -> Decimal | None:
        """Return the amount in a cell; None where there is none that can be read."""
        raw = self._sheet.grid.rows[number][index]
        if is_blank(raw) or isinstance(raw, Fault):
            return None
        try:
            value = self._reading.reads[str(index)](raw, number)
        except ValueError:
            return None
        return Decimal(value) if value is not None else None

    def _total(self, row: list[Any]) -> str | None:
        column = self._sheet.known.get("category")
        value = row[column.index] if column else None
        return "total row" if isinstance(value, str) and TOTAL.fullmatch(normal(value)) else None

    def _find_amounts(self) -> list[Amount]:
        """Return the columns of amounts; a month without a year is reported and not read."""
        known = {column.index: name for name, column in self._sheet.known.items()}
        found: list[Amount] = []
        for column in self._sheet.header.columns:
            if known.get(column.index) == "amount":
                found.append(Amount(column, None, None))
            elif column.index not in known and (amount := self._judge(column)) is not None:
                found.append(amount)
        return found

    def _judge(self, column: Column) -> Amount | None:
        """Read a header; a month that no year goes with is reported and not read."""
        head = head_of(column.raw, column.header, column.group, self._layout.year)
        if head is None and (month := self._dated_month(column)) is not None:
            head = Head(kind_in(column.group), month)
        if head is not None and head.yearless:
            self._sheet.warnings.add(
                f"{self._sheet.grid.file}!{self._sheet.grid.sheet}: month {column.header!r} has no year, so its column "
                "was not read. Write the year into the header, or set `year`"
            )
        return Amount(column, head.kind, head.month) if head is not None and not head.yearless else None
