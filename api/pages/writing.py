"""How figures, dates, instants and names are written for a reader: in their language and their time zone."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton

from api.pages.names import NAMES
from api.translation import LANGUAGES, N_, SOURCE, Translated, _, pgettext, preferences
from model.days import in_zone

NONE: Final = "–"
_AMOUNT: Final = re.compile(r"-?\d{4,15}(\.\d+)?")  # a decimal as JSON holds it
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
# Whoever reads these knows them by their letters.
_LETTERS: Final = frozenset(
    {"spi", "cpi", "eac", "vac", "tcpi", "tspi", "emv", "p50", "p85", "p95", "raid", "url"}
)
_CODES: Final = {"GBP": "£", "EUR": "€", "USD": "$"}


WORDS: Final = Translated({
    "GREEN": N_("Green"), "AMBER": N_("Amber"), "RED": N_("Red"), "GREY": N_("Not enough data"),
    "BLUE": N_("Complete"),
})  # fmt: skip


def as_date(value: object) -> date | None:
    """Read an ISO date; None where there is none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def as_instant(value: object) -> datetime | None:
    """Read an ISO instant; None where there is none."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


@lru_cache
def _locale(language: str) -> Locale | None:
    """Return whose dates and figures these are; None for English, which is written here."""
    return None if language == SOURCE or language not in LANGUAGES else Locale.parse(language)


def locale() -> Locale | None:
    """Return the reader's locale; None where that is English."""
    return _locale(preferences().language)


def zone() -> tzinfo:
    """Return the reader's time zone."""
    name = preferences().zone
    return UTC if name == "UTC" else ZoneInfo(name)


def here(value: datetime) -> datetime:
    """Return an instant in the reader's time zone; one without a zone is taken to be UTC."""
    return in_zone(value if value.tzinfo else value.replace(tzinfo=UTC), zone())


def zone_text(value: datetime) -> str:
    """Write the time zone of an instant that is in the reader's: `UTC`, `CET`, or `UTC+03` where it has no name."""
    name = value.tzname() or "UTC"
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def date_text(value: object) -> str:
    """Write a date as `6 Nov 2026`."""
    found = as_date(value)
    if found is None:
        return NONE
    its = locale()
    return f"{found.day} {found:%b %Y}" if its is None else format_date(found, "d. MMM y", its)


def short_date(value: object) -> str:
    """Write a date as `6 Nov`, for where the year is plain; of an instant, in the reader's time zone."""
    found = here(value).date() if isinstance(value, datetime) else as_date(value)
    if found is None:
        return NONE
    its = locale()
    return f"{found.day} {found:%b}" if its is None else format_date(found, "d. MMM", its)


def month_text(value: object) -> str:
    """Write a month as `Nov 2026`."""
    found = as_date(value)
    if found is None:
        return NONE
    its = locale()
    return f"{found:%b %Y}" if its is None else format_skeleton("yMMM", found, locale=its)


def weekday_text(value: object) -> str:
    """Write a date as `Fri 6 Nov 2026`."""
    found = as_date(value)
    if found is None:
        return NONE
    its = locale()
    return f"{found:%a} {date_text(found)}" if its is None else format_date(found, "EE, d. MMM y", its)


def clock_text(value: object) -> str:
    """Write the time of day of an instant as `07:09`."""
    found = as_instant(value)
    return NONE if found is None else f"{here(found):%H:%M}"


def instant_text(value: object) -> str:
    """Write an instant as `22 Nov 2026, 02:11 UTC`."""
    found = as_instant(value)
    if found is None:
        return NONE
    local = here(found)
    return f"{date_text(local.date())}, {local:%H:%M} {zone_text(local)}"


def time_text(value: object, now: datetime) -> str:
    """Write an instant as `07:09 UTC`, with its day where that is not today."""
    found = as_instant(value)
    if found is None:
        return NONE
    local = here(found)
    return f"{local:%H:%M} {zone_text(local)}" if local.date() == here(now).date() else instant_text(found)


@lru_cache
def _marks(language: str) -> dict[int, str] | None:
    its = _locale(language)
    if its is None:
        return None
    symbols = its.number_symbols["latn"]
    return str.maketrans({",": symbols["group"], ".": symbols["decimal"]})


def number_text(value: object, digits: int = 1) -> str:
    """Write a number with thin groups and no needless zeros; None as a dash."""
    if value is None or isinstance(value, bool):
        return NONE if value is None else str(value).lower()
    try:
        found = float(str(value))
    except ValueError:
        return str(value)
    text = f"{found:,.{digits}f}"
    return figure_text(text.rstrip("0").rstrip(".") if "." in text else text)


def figure_text(text: str) -> str:
    """Write a figure that is written in English already, digit for digit, with the marks of the reader's language."""
    marks = _marks(preferences().language)
    return text if marks is None else text.translate(marks)


def money_text(value: object, currency: str | None = None) -> str:
    """Write an amount in thousands or millions, as a board reads it: `£2.46 m`."""
    if value is None:
        return NONE
    try:
        found = float(str(value))
    except ValueError:
        return str(value)
    parts = {
        "sign": "−" if found < 0 else "",
        "mark": _CODES.get(currency or "", f"{currency} " if currency else ""),
    }
    size = abs(found)
    if size >= 1e6:  # noqa: PLR2004 - a million
        parts["figure"] = number_text(size / 1e6, 2)
        return pgettext("millions of money", "%(sign)s%(mark)s%(figure)s m", **parts)
    if size >= 1e3:  # noqa: PLR2004 - a thousand
        parts["figure"] = number_text(size / 1e3, 0)
        return pgettext("thousands of money", "%(sign)s%(mark)s%(figure)s k", **parts)
    return pgettext("money", "%(sign)s%(mark)s%(figure)s", **parts, figure=number_text(size, 2))


def value_text(value: object) -> str:
    """Write whatever an input or claim holds."""
    if value is None:
        return pgettext("a value", "unknown")
    if isinstance(value, bool):
        return pgettext("a value", "yes") if value else pgettext("a value", "no")
    if isinstance(value, int | float):
        return number_text(value, 4)
    none = pgettext("a value", "none")
    if isinstance(value, list):
        return ", ".join(map(value_text, value)) or none
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {value_text(below)}" for key, below in value.items()) or none
    return _scalar_text(str(value))


def _scalar_text(text: str) -> str:
    """Write a date or a decimal that JSON holds as text; leave any other text alone."""
    if _DAY.fullmatch(text) and as_date(text):
        return date_text(text)
    return number_text(text, 2) if _AMOUNT.fullmatch(text) else text


def signed_days(value: int | None) -> str:
    """Write a slip: `+42 d`, `on time`, `−7 d`."""
    if value is None:
        return NONE
    if value == 0:
        return _("on time")
    sign = "+" if value > 0 else "−"
    return pgettext("days of a slip", "%(sign)s%(days)s d", sign=sign, days=abs(value))


def words(value: object) -> str:
    """Write a name of the model as a person reads it: `data_quality` as `Data quality`."""
    parts = str(value).replace("rag_", "reported_").replace("_", " ").split(" ")
    text = " ".join(part.upper() if part in _LETTERS else part for part in parts)
    text = text[:1].upper() + text[1:]
    return _(text) if text in NAMES else text


# What schedules that are offered mean; any other is shown by its five fields.
SCHEDULES: Final = {
    "0 2 * * *": N_("Every night at two"),
    "0 6,12,18 * * *": N_("Three times a day: at six, noon and six"),
    "0 * * * *": N_("Every hour"),
    "*/15 6-20 * * mon-fri": N_("Every quarter of an hour on working days, from six to nine in the evening"),
}


def schedule_text(cron: str) -> str:
    """Write a schedule in words; one that nobody offers stays as its five fields."""
    return _(SCHEDULES[cron]) if cron in SCHEDULES else cron
