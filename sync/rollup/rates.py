"""Rates of exchange: applied with the configuration, withdrawn rather than overwritten, read as known at an instant."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, text

from model.currency import Rate, Rates

Key = tuple[str, str, date]
Told = tuple[Decimal, str]

# The hash of what a rate says; verification works it out again.
HASH: Final = (  # in SQL
    "encode(sha256(convert_to(concat_ws(chr(10), day, base, quote, CAST(rate AS text), source), 'UTF8')), 'hex')"
)


def rates_of(connection: Connection, *, on: date, known_at: datetime | None = None) -> Rates:
    """Return the rates that count on a day, as they were known; of each pair the newest not after it."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (base, quote) day, base, quote, rate, source FROM currency_rate WHERE day <= :on"
            " AND CASE WHEN CAST(:known_at AS timestamptz) IS NULL THEN known_to IS NULL"
            " ELSE known_from <= CAST(:known_at AS timestamptz)"
            " AND (known_to IS NULL OR known_to > CAST(:known_at AS timestamptz)) END"
            " ORDER BY base, quote, day DESC"
        ),
        {"on": on, "known_at": known_at},
    )
    return Rates(Rate(*row) for row in rows)


def rates_known_at(connection: Connection, *, known_at: datetime | None = None) -> datetime | None:
    """Return when the rates became what they were, the last one told or withdrawn; None: there are none."""
    found: datetime | None = connection.scalar(
        text(
            "SELECT greatest(max(known_from) FILTER (WHERE known_from <= k.at),"
            " max(known_to) FILTER (WHERE known_to <= k.at)) FROM currency_rate,"
            " (SELECT coalesce(CAST(:known_at AS timestamptz), 'infinity') AS at) AS k"
        ),
        {"known_at": known_at},
    )
    return found


def standing(connection: Connection) -> list[Rate]:
    """Return the rates that are applied, as a configuration lists them."""
    rows = connection.execute(
        text(
            "SELECT day, base, quote, rate, source FROM currency_rate WHERE known_to IS NULL"
            " ORDER BY day, base, quote"
        )
    )
    return [Rate(*row) for row in rows]


def differences(connection: Connection, wanted: Sequence[Rate]) -> tuple[list[Rate], list[Rate]]:
    """Return the rates that would be new or other, and those that would be withdrawn or replaced."""
    have, want = _by_key(standing(connection)), _by_key(wanted)
    new = [rate for key, rate in want.items() if key not in have or _told(have[key]) != _told(rate)]
    gone = [rate for key, rate in have.items() if key not in want or _told(want[key]) != _told(rate)]
    return new, gone


def replace(connection: Connection, wanted: Sequence[Rate], *, now: datetime) -> None:
    """Make the applied rates those of the configuration; what was said before stays known until now."""
    new, gone = differences(connection, wanted)
    if gone:
        connection.execute(
            text(
                "UPDATE currency_rate SET known_to = :now WHERE known_to IS NULL"
                " AND base = :base AND quote = :quote AND day = :day"
            ),
            [{"now": now, "base": each.base, "quote": each.quote, "day": each.day} for each in gone],
        )
    if new:
        connection.execute(
            text(
                "INSERT INTO currency_rate (day, base, quote, rate, source, known_from, sha256)"
                f" SELECT v.*, {HASH} FROM (SELECT CAST(:day AS date) AS day, CAST(:base AS text) AS base,"
                " CAST(:quote AS text) AS quote, CAST(:rate AS numeric) AS rate, CAST(:source AS text) AS source,"
                " CAST(:now AS timestamptz) AS known_from) AS v"
            ),
            [
                {"day": each.day, "base": each.base, "quote": each.quote, "rate": each.rate,
                 "source": each.source, "now": now}
                for each in new
            ],
        )  # fmt: skip


def _by_key(rates: Sequence[Rate]) -> Mapping[Key, Rate]:
    return {(each.base, each.quote, each.day): each for each in rates}


def _told(rate: Rate) -> Told:
    return rate.rate, rate.source


def as_block(rate: Rate) -> dict[str, Any]:
    """Return a rate as a configuration file has it."""
    return {**rate.to_json(), "date": rate.day}
