from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings
from sqlalchemy import Engine, text

from sync.copytext import copy_lines
from sync.store import copy_lines as send
from sync.store import raw

COLUMNS = ("t", "n", "f", "m", "b", "at", "d", "labels", "raw", "doc")
TABLE = (
    "CREATE TEMP TABLE copied (place int GENERATED ALWAYS AS IDENTITY, t text, n bigint, f float8, m numeric,"
    " b boolean, at timestamptz, d date, labels text[], raw bytea, doc jsonb)"
)
# The strategy wants its bounds without a zone, and adds one.
EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | st.sampled_from(
    ["\\N", "a\tb", "a\nb", "\r", "\\", "\x1f", "\x1e", "\x1d", "{}", '"', ""]
)
rows = st.tuples(
    texts | st.none(),
    st.integers(-(2**62), 2**62) | st.none(),
    st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
    | st.none(),
    st.booleans() | st.none(),
    st.datetimes(EARLIEST, LATEST, timezones=st.just(timezone(timedelta(hours=5.5)))) | st.none(),
    st.dates(date(1, 1, 1)) | st.none(),
    st.lists(texts, max_size=3) | st.none(),
    st.binary(max_size=16),
    st.dictionaries(texts, texts | st.none(), max_size=2) | st.none(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(rows, min_size=1, max_size=6))
def test_whatever_a_row_holds_comes_back_from_the_database(
    engine: Engine, given: list[tuple[Any, ...]]
) -> None:
    with engine.connect() as connection:
        connection.execute(text(TABLE))
        lines = copy_lines(given, json_columns=[9])
        assert len(lines) == len(given)
        send(connection, "copied", COLUMNS, b"".join(lines))
        found = raw(connection).execute(
            "SELECT t, n, f, m, b, at, d, labels, raw, doc FROM copied ORDER BY place"
        )
        assert [tuple(row) for row in found] == given


def test_a_page_with_one_odd_value_is_written_like_any_other() -> None:
    plain = ("a", 1, None, datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.50"), b"\x01")
    odd = ("back\\slash\tand tab", *plain[1:])
    first, second = copy_lines([plain, odd])
    assert copy_lines([plain]) == [first]
    assert first == b"a\t1\t\\N\t2026-01-01 00:00:00+00:00\t1.50\t\\\\x01\n"
    assert second == b"back\\\\slash\\tand tab\t" + first.partition(b"\t")[2]


def test_no_rows_are_no_lines() -> None:
    assert copy_lines([]) == []
