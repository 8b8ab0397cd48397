"""The configuration file of `muster apply`: what a portfolio is and where its sources are."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

NAME = r"^[a-z][a-z0-9-]{0,62}$"


class DocumentError(ValueError):
    """The configuration file cannot be used; the message says where and what was expected."""


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError):
        raise ValueError(f"no time zone {value!r}; expected an IANA name such as Europe/London") from None
    return value


def _census(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a number of days, or five cron fields")  # noqa: TRY004  (pydantic takes ValueError for a finding)
    return _cron(value) if isinstance(value, str) else value


_SPAN: Final = re.compile(r"(\d{1,5})\s*([mhd])\Z")
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400}


def span(value: str) -> timedelta:
    """Read a span such as `90m`, `26h` or `3d`.

    Raises:
        ValueError: It is none, or it is nought.
    """
    found = _SPAN.match(value.strip().lower())
    if found is None or int(found[1]) == 0:
        raise ValueError(f"no span {value!r}; expected minutes, hours or days such as 90m, 26h or 3d")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def _span(value: Any) -> Any:
    if isinstance(value, str):
        span(value)
    return value


_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def named_days(schedule: str) -> str:
    """Write the weekdays of a cron expression by name: in cron 0 and 7 are Sunday, elsewhere 0 may be Monday.

    Raises:
        ValueError: The last field holds something else than weekdays.
    """
    fields = schedule.split()
    if len(fields) != 5 or fields[4] in {"*", "?"}:  # noqa: PLR2004  (five cron fields)
        return schedule
    days = [day for part in fields[4].lower().split(",") for day in _days_of(part)]
    return " ".join([*fields[:4], ",".join(dict.fromkeys(days))])


def _days_of(part: str) -> list[str]:
    span_, _, step = part.partition("/")
    first, _, last = ("0-6" if span_ == "*" else span_).partition("-")
    start, end = _day(first), _day(last or first)
    if step and not last:
        end = 6
    if end < start:  # fri-mon, or 5-0
        end += 7
    return [_DAYS[number % 7] for number in range(start, end + 1, int(step) if step else 1)]


def _day(text: str) -> int:
    if text.isdigit() and int(text) <= 7:  # noqa: PLR2004  (Sunday again)
        return int(text)
    if text[:3] in _DAYS:
        return _DAYS.index(text[:3])
    raise ValueError(f"{text!r} is no weekday; expected 0 to 7, where 0 and 7 are Sunday, or sun to sat")


def _cron(value: str) -> str:
    from apscheduler.triggers.cron import CronTrigger

    try:
        CronTrigger.from_crontab(named_days(value))
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f'no schedule {value!r} ({error}); expected five fields such as "0 2 * * *"'
        ) from None
    return value


def _number(value: Any) -> Any:
    """Take a number as it is written: 0.1 is a tenth, and no float near it."""
    return Decimal(str(value)) if isinstance(value, float) else value


class PortfolioBlock(BaseModel):
    """The whole an office answers for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=NAME, description="Short name")
    name: str = Field(description="What people call it")
    timezone: Annotated[str, BeforeValidator(_known_zone)] = Field(
        default="UTC", description="IANA name; dates and schedules are in it"
    )
    currency: str = Field(default="GBP", pattern=r"^[A-Z]{3}$", description="ISO 4217")
    workbooks: str | None = Field(
        default=None,
        min_length=1,
        description="Where each project's workbook goes when a cycle opens: SOURCE:/Folder of an Excel source on"
        " SharePoint, or a folder; left out: nowhere by itself",
    )


class BrakeBlock(BaseModel):
    """How many records may vanish in one run before somebody is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(
        default=0.2, gt=0, le=1, description="Of a slice's or stream's records; 0.2 is a fifth"
    )
    least: int = Field(default=10, ge=1, description="Fewer records than this never ask")


class BudgetBlock(BaseModel):
    """What one run of a source may use up; it then stops cleanly, and the next run goes on from there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int | None = Field(default=None, ge=1, description="Requests to the tracker")
    seconds: float | None = Field(default=None, gt=0, description="Seconds from its beginning")
    bytes: int | None = Field(default=None, ge=1, description="Bytes fetched")

    @model_validator(mode="after")
    def _says_something(self) -> "BudgetBlock":
        if self.requests is None and self.seconds is None and self.bytes is None:
            raise ValueError("give requests, seconds or bytes, or leave the budget out")
        return self


class SourceBlock(BaseModel):
    """What every source has; the rest of its block belongs to its kind."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(pattern=NAME, description="Short name, used in every receipt")
    kind: str = Field(description="jira, azure_devops or excel")
    schedule: Annotated[str, BeforeValidator(_cron)] = Field(
        default="0 2 * * *", description="Five cron fields, in the portfolio's time zone"
    )
    enabled: bool = Field(default=True, description="False: kept, but not pulled")
    budget: BudgetBlock | None = Field(default=None, description="What one run may use up")
    bind: dict[str, str] = Field(
        default_factory=dict, description="Scope key or name -> project key, where no register says so"
    )
    mapping: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Stream -> attribute -> path, over the shipped mapping"
    )
    census: Annotated[Annotated[int, Field(ge=0, le=366)] | str | None, BeforeValidator(_census)] = Field(
        default=None,
        description="When all ids are counted against what is stored: every so many days, or five cron fields"
        " in the portfolio's time zone; 0 never, left out every 7 days",
    )
    brake: BrakeBlock | None = Field(
        default=None,
        description="Records that may vanish in one run; beyond, nothing is buried and you are asked",
    )
    fresh_within: Annotated[str | None, BeforeValidator(_span)] = Field(
        default=None,
        description="How old what was read may be before the source counts as overdue, e.g. 26h; left out: the"
        " longest gap in its schedule and two hours",
    )
    on_scope_change: Literal["ask", "reread"] | None = Field(
        default=None,
        description="What a changed scope does: ask first, or read again in full; left out: ask when it was"
        " changed in the tracker, read again when it was changed here",
    )

    def options(self) -> dict[str, Any]:
        """Return the part that belongs to the source's kind."""
        return dict(self.__pydantic_extra__ or {})


class RateBlock(BaseModel):
    """What one unit of a currency was worth in another on a day, and who says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: date = Field(alias="date", description="The day of the rate; it counts until there is a newer one")
    base: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217; one unit of this")
    quote: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217; is worth so many of this")
    rate: Annotated[Decimal, BeforeValidator(_number)] = Field(
        gt=0, allow_inf_nan=False, description="How many; text keeps all digits"
    )
    source: str = Field(min_length=1, description="Who says so, e.g. European Central Bank")

    @model_validator(mode="after")
    def _of_two(self) -> "RateBlock":
        if self.base == self.quote:
            raise ValueError(f"base and quote are both {self.base}; expected two currencies")
        return self


class Document(BaseModel):
    """One configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    api_version: Literal["muster/v1"] = Field(alias="apiVersion")
    portfolio: PortfolioBlock
    sources: tuple[SourceBlock, ...] = ()
    rates: tuple[RateBlock, ...] = Field(
        default=(), description="Rates of exchange, for budgets in another currency than the portfolio's"
    )


def parse_document(text: str, *, where: str) -> Document:
    """Read a configuration file.

    Raises:
        DocumentError: With the file, the place in it, and what was expected.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DocumentError(f"{where}{place}: this is not YAML: {getattr(error, 'problem', error)}") from None
    except (
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # a date such as 2026-13-45, or !!int around a list
        raise DocumentError(f"{where}: a value cannot be what it is written as: {error}") from None
    except RecursionError:
        raise DocumentError(f"{where}: it is nested too deeply to be a configuration") from None
    if not isinstance(data, Mapping):
        raise DocumentError(f"{where}: expected a document that begins with `apiVersion: muster/v1`")
    try:
        document = Document.model_validate(data)
    except ValidationError as error:
        raise DocumentError(f"{where}: {in_words(error)}") from None
    names = [source.name for source in document.sources]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DocumentError(f"{where}: two sources are called {', '.join(twice)}; give each its own name")
    told = [(rate.on, rate.base, rate.quote) for rate in document.rates]
    if again := next((each for each in told if told.count(each) > 1), None):
        day, base, quote = again
        raise DocumentError(f"{where}: rates: {base} in {quote} is given twice for {day}; leave one")
    if clash := _contradicting(document.rates):
        raise DocumentError(f"{where}: rates: {clash}")
    return document


def _contradicting(rates: Sequence[RateBlock]) -> str | None:
    """Say which rate of a day contradicts that of the way back; None where none does.

    Both ways may be told: within a hundredth they are one rate, rounded.
    """
    by_pair = {(rate.on, rate.base, rate.quote): rate.rate for rate in rates}
    for (day, base, quote), rate in by_pair.items():
        back = by_pair.get((day, quote, base))
        if back is not None and abs(rate * back - 1) > _ROUNDED:
            return (
                f"for {day}, {base} in {quote} is {rate:f} and {quote} in {base} is {back:f}, which is another rate"
                f" ({1 / back:.6g} {quote} for one {base}); leave one"
            )
    return None


_ROUNDED: Final = Decimal("0.01")
_IN_WORDS: Final = {
    "extra_forbidden": "is not known here",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "dict_type": "expected names with values",
    "string_type": "expected text",
}
_PATTERNS: Final = {
    r"^[A-Z]{3}$": "expected three capital letters, as ISO 4217 has them, such as GBP",
    NAME: "expected small letters, digits and hyphens, the first a letter, 63 at most",
}


def in_words(error: ValidationError) -> str:
    """Say a pydantic error as one line, without the offending input (it may be a secret)."""
    found = []
    for each in error.errors(include_input=False, include_url=False):
        place = ".".join(map(str, each["loc"]))
        pattern = each.get("ctx", {}).get("pattern", "")
        says = (
            _IN_WORDS.get(each["type"]) or _PATTERNS.get(pattern) or each["msg"].removeprefix("Value error, ")
        )
        found.append(f"{place}: {says}" if place else says)
    return "; ".join(found)
