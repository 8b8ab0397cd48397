"""Any table, wherever it stands and however it is written, is read back exactly or refused with its cell."""

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from tests.support.workbooks import records_of

TITLES = ["Register of the portfolio", "Prepared for the board", "All figures as approved"]
HEADERS = {
    "key": ["Project ID", "PROJECT_ID", "Project\nCode", " Ref. ", "Key"],
    "name": ["Project name", "Name", "Project  Title"],
    "forecast_finish": ["Forecast finish", "Forecast\nfinish date", "Expected Finish"],
    "budget": ["Budget", "Approved budget", "Total Budget"],
    "percent_complete": ["% complete", "Progress", "Percent Complete"],
    "sponsor": ["Sponsor", "SRO"],
    "tier": ["Tier", "Assurance tier"],
}
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=20).map(
    str.strip
)
UNKNOWN = st.sampled_from(["", "-", "TBC", "n/a", "None", "?"])


@dataclass(frozen=True)
class Written:
    """A cell as it is written, and the value that stands in it."""

    cell: Any
    value: Any
    form: str | None = None


def amounts(draw: st.DrawFn) -> Written:
    amount = draw(st.decimals(min_value=0, max_value=10**9, places=2))
    how = draw(st.sampled_from(["number", "number", "text", "signed", "unknown"]))
    if how == "unknown":
        return Written(draw(UNKNOWN), None)
    if how == "number":
        form = draw(st.sampled_from([None, "#,##0.00", "0"]))
        return Written(float(amount), amount, form)
    text = f"{amount:,.2f}"
    return Written(f"€ {text}" if how == "signed" else text.replace(",", " "), amount)


def days(draw: st.DrawFn) -> Written:
    day = draw(st.dates(date(1990, 1, 1), date(2090, 12, 31)))
    how = draw(st.sampled_from(["date", "date", "datetime", "iso", "words", "unknown"]))
    if how == "unknown":
        return Written(draw(UNKNOWN), None)
    if how == "date":
        return Written(
            day, day, draw(st.sampled_from(["dd/mm/yyyy", "m/d/yy", "yyyy-mm-dd", "[$-409]d-mmm-yy"]))
        )
    if how == "datetime":
        return Written(datetime(day.year, day.month, day.day, 14, 30), day, "dd/mm/yyyy hh:mm")  # noqa: DTZ001 -- cells have no zone
    return Written(day.isoformat() if how == "iso" else f"{day.day} {day:%B %Y}", day)


def percents(draw: st.DrawFn) -> Written:
    whole = draw(st.integers(0, 100))
    if draw(st.booleans()):
        return Written(whole / 100, whole, "0%")
    return Written(f"{whole} %", whole)


Made = tuple[bytes, list[dict[str, Any]], dict[str, str]]


@st.composite
def sheets(draw: st.DrawFn) -> Made:
    """Draw a workbook with one table somewhere on its sheet; return it, its records and the cells of its headers."""
    others = draw(
        st.lists(st.sampled_from([name for name in HEADERS if name not in ("key", "name")]), unique=True)
    )
    columns = draw(st.permutations(["key", "name", *others]))
    count = draw(st.integers(1, 12))
    keys = draw(st.lists(st.integers(1, 99_999), min_size=count, max_size=count, unique=True))
    top, left = draw(st.integers(0, 12)), draw(st.integers(0, 5))
    book = openpyxl.Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = draw(st.sampled_from(["Projects", "Tabelle 1", "R&D 'new' <x>"]))
    for number in range(min(top, draw(st.integers(0, 3)))):
        page.cell(number + 1, 1 + draw(st.integers(0, 3)), draw(st.sampled_from(TITLES)))
    for place, name in enumerate(columns):
        page.cell(top + 1, left + place + 1, draw(st.sampled_from(HEADERS[name])))
    records, row = [], top + 2
    for number in range(count):
        written = _record(draw, columns, keys[number])
        for place, name in enumerate(columns):
            cell = page.cell(row, left + place + 1)
            cell.value = written[name].cell if written[name].cell != "" else None
            cell.number_format = written[name].form or "General"
        records.append(
            {name: one.value for name, one in written.items() if one.value is not None} | {"_row": row}
        )
        row += 1 + draw(st.sampled_from([0, 0, 0, 1]))
    if draw(st.booleans()):
        page.cell(row + draw(st.integers(0, 2)), left + 1, "Total")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue(), records, {name: get_column_letter(left + n + 1) for n, name in enumerate(columns)}


def _record(draw: st.DrawFn, columns: Sequence[str], key: int) -> dict[str, Written]:
    made: dict[str, Written] = {}
    for name in columns:
        if name == "key":
            form = draw(st.sampled_from(["text", "number", "padded"]))
            shown = f"{key:06d}" if form == "padded" else str(key)
            number = Written(key, shown, "000000" if form == "padded" else None)
            made[name] = Written(f"P-{key}", f"P-{key}") if form == "text" else number
        elif name == "forecast_finish":
            made[name] = days(draw)
        elif name == "budget":
            made[name] = amounts(draw)
        elif name == "percent_complete":
            made[name] = percents(draw)
        elif name == "tier":
            made[name] = Written(tier := draw(st.integers(1, 4)), tier)
        else:
            text = "T " + draw(WORDS)
            made[name] = Written(text, " ".join(text.split()) if "\u00a0" in text else text.strip())
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(sheets())
def test_any_table_is_read_back_exactly_or_its_cell_is_named(
    made: tuple[bytes, list[dict[str, Any]], dict[str, str]],
) -> None:
    body, expected, letters = made

    records, told = records_of(body)

    kept = [record for record in records if not record.filtered_by]
    assert len(kept) == len(expected)
    for record, wanted in zip(kept, expected, strict=True):
        row = wanted.pop("_row")
        assert record.unreadable is None
        values, problems = record.payload["values"], record.payload.get("problems", {})
        for name, value in wanted.items():
            if name in problems:
                assert problems[name].startswith(f"{letters[name]}{row}:")
            elif isinstance(value, str):
                assert " ".join(str(values[name]).split()) == " ".join(value.split())
            else:
                assert values.get(name) == _plain(value), (name, told.warnings)
                assert record.payload["cells"][name] == f"{letters[name]}{row}"
        assert not values.keys() - wanted.keys()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(WORDS, WORDS, st.integers(1, 5)), min_size=1, max_size=12),
    st.integers(0, 2**32),
    st.integers(0, 12),
)
def test_rows_without_an_id_keep_their_identity_under_inserts_and_sorting(
    rows: list[tuple[str, str, int]], seed: int, inserted: int
) -> None:
    def ids(order: Sequence[tuple[str, str, int]]) -> dict[str, set[str]]:
        book = openpyxl.Workbook()
        page = book.active
        assert isinstance(page, Worksheet)
        page.append(["Risk", "Owner", "Probability"])
        for one in order:
            page.append([f"Risk {one[0]}", f"Owner {one[1]}", one[2]])
        out = io.BytesIO()
        book.save(out)
        found: dict[str, set[str]] = {}
        for record in records_of(out.getvalue(), "raid")[0]:
            if record.unreadable is None:
                values = record.payload["values"]
                said = f"{values['title']}|{values.get('owner')}|{values['probability']}"
                found.setdefault(said, set()).add(record.external_id)
        return found

    new = ("inserted by somebody", "Zoe", 5)
    mixed = [*rows[:inserted], new, *rows[inserted:]]
    random.Random(seed).shuffle(mixed)  # noqa: S311 -- no secret

    before, after = ids(rows), ids(mixed)

    assert {said: after[said] for said in before} == before
    everything = [one for ids_ in after.values() for one in ids_]
    assert len(everything) == len(set(everything))
