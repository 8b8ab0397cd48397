"""What a backtest found, as a page shows it: both policies side by side, and alarms drawn along the days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

from sqlalchemy.orm import Session

from api.translation import N_, _
from model.backtest import Terms
from model.policy import Policy
from model.status.colour import Colour
from sync.policy.backtest import backtest, replay_size
from sync.policy.past import TooMuchPast, plan_whole, within

_MOST: Final = 8_000  # days of projects: what somebody at a page waits for
WIDE: Final = 600  # of a lane's own units
_PARTS: Final = frozenset({"right", "false", "undecided", "warned", "missed"})  # of the figure above them
_LONGEST: Final = 3650  # days
_MEASURES: Final = (
    ("projects_alarmed", N_("Projects with an alarm"), None),
    ("alarms", N_("Alarms"), None),
    ("right", N_("of which right"), "more"),
    ("false", N_("of which false"), "less"),
    ("undecided", N_("of which undecided yet"), None),
    ("false_share", N_("False, of those decided"), "less"),
    ("events", N_("Times it went wrong"), None),
    ("warned", N_("with a warning before"), "more"),
    ("missed", N_("without one"), "less"),
    ("lead_months", N_("Months of warning, on average"), "more"),
)


class CannotAsk(ValueError):
    """What was typed asks for nothing there could be; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which days are replayed, and what counts as an alarm, as it was typed."""

    since: str = ""
    until: str = ""
    alarm: str = "RED"
    slip_days: str = str(Terms().slip_days)
    horizon_days: str = str(Terms().horizon_days)

    @classmethod
    def of_form(cls, form: Mapping[str, str]) -> Self:
        """Read it from a form or an address; what was left empty is as usual."""
        usual = cls()
        return cls(
            form.get("since", "").strip()[:10],
            form.get("until", "").strip()[:10],
            "AMBER" if form.get("alarm") == "AMBER" else "RED",
            form.get("slip_days", "").strip()[:6] or usual.slip_days,
            form.get("horizon_days", "").strip()[:6] or usual.horizon_days,
        )

    def terms(self) -> Terms:
        """Return what counts as an alarm.

        Raises:
            CannotAsk: A number of days is none, or cannot be.
        """
        slip = _days(self.slip_days, 0, _("A finish that moved by more proves an alarm right"))
        return Terms(Colour(self.alarm), slip, _days(self.horizon_days, 1, _("Within so many days")))


def _days(typed: str, least: int, label: str) -> int:
    if typed.isascii() and typed.isdigit() and least <= int(typed) <= _LONGEST:
        return int(typed)
    template = N_("%(label)s: expected a number of days from %(least)s to %(most)s, not %(typed)s")
    raise CannotAsk(_(template, label=label, least=least, most=_LONGEST, typed=repr(typed)))


def _day(typed: str, label: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        template = N_("%(label)s: expected a day such as 2026-11-22, not %(typed)s")
        raise CannotAsk(_(template, label=label, typed=repr(typed))) from None


def planned(session: Session, policy: Policy, *, now: datetime) -> dict[str, Any]:
    """Return the plan of a policy.

    Raises:
        TooMuchPast: It begins so long ago that nobody at a page would wait.
    """
    within(session, policy, now=now, most=_MOST)
    return plan_whole(session, policy, now=now)


def backtested(session: Session, policy: Policy, asked: Asked, *, now: datetime) -> dict[str, Any]:
    """Return how a policy would have done.

    Raises:
        CannotAsk: A day or number of days is none.
        TooMuchPast: There are more days than somebody at a page would wait for.
        NothingToReplay: There is no history in those days.
    """
    since, until = _day(asked.since, _("From")), _day(asked.until, _("To"))
    terms = asked.terms()
    size = replay_size(session, since, until)
    if size > _MOST:
        template = N_(
            "That is %(size)s days of projects to replay, and here %(most)s at most: give the first and last day."
        )
        raise TooMuchPast(_(template, size=size, most=_MOST))
    return backtest(session, policy, now=now, terms=terms, since=since, until=until)


def shown_backtest(found: dict[str, Any]) -> dict[str, Any]:
    """Return a backtest as its page shows it."""
    return {"found": found, "measures": measures(found), "lanes": lanes(found), "headline": headline(found)}


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of both policies; `better` None where neither way is better or they are the same."""

    label: str
    before: Any
    after: Any
    share: bool
    part: bool
    better: bool | None


@dataclass(frozen=True, slots=True)
class Bar:
    """An alarm on a lane: where it begins and how long it is, what came of it and where."""

    x: float
    width: float
    verdict: str
    outcome: float | None
    says: str


@dataclass(frozen=True, slots=True)
class Lanes:
    """A project whose alarms differ: its alarms by both policies."""

    project: str
    months_earlier: float | None
    first: Mapping[str, str | None]
    before: tuple[Bar, ...]
    after: tuple[Bar, ...]


def measures(found: Mapping[str, Any]) -> list[Measure]:
    """Return the figures of both, and which is the better one."""
    rows = []
    for key, label, good in _MEASURES:
        before, after = found["before"][key], found["after"][key]
        better = None
        if good is not None and None not in (before, after) and before != after:
            better = (after > before) == (good == "more")
        rows.append(Measure(_(label), before, after, key == "false_share", key in _PARTS, better))
    return rows


def lanes(found: Mapping[str, Any]) -> list[Lanes]:
    """Return the alarms of each project that turns, along the days that were replayed."""
    first, last = date.fromisoformat(found["first"]), date.fromisoformat(found["last"])
    return [
        Lanes(
            each["project"], each["months_earlier"], each["first"],
            _bars(each["alarms"]["before"], first, last), _bars(each["alarms"]["after"], first, last),
        )
        for each in found["turning"]
    ]  # fmt: skip


def _bars(alarms: Iterable[Mapping[str, Any]], first: date, last: date) -> tuple[Bar, ...]:
    days = max((last - first).days, 1)

    def at(day: str) -> float:
        return round((date.fromisoformat(day) - first).days / days * WIDE, 1)

    bars = []
    for each in alarms:
        begins, ends = at(each["began"]), WIDE if each["ended"] is None else at(each["ended"])
        outcome = None if each["outcome"] is None else min(at(each["outcome"]), WIDE)
        bars.append(Bar(begins, max(ends - begins, 4), each["verdict"], outcome, _says(each)))
    return tuple(bars)


def _says(each: Mapping[str, Any]) -> str:
    verdict = {"right": _("right"), "false": _("false"), "undecided": _("undecided yet")}[each["verdict"]]
    until = each["ended"] or _("still standing")
    return _("%(since)s to %(until)s, %(verdict)s", since=each["began"], until=until, verdict=verdict)


def headline(found: Mapping[str, Any]) -> str:
    """Say in a sentence what came of a backtest."""
    if not found["turn"]:
        return _("No project would have had its alarms on other days.")
    template = N_("%(turn)s of %(all)s projects would have had their alarms on other days.")
    says = _(template, turn=found["turn"], all=found["projects"])
    earlier = found["months_earlier"]
    if earlier:
        template = (
            N_("The first one comes %(months)s months earlier on average.")
            if earlier > 0
            else N_("The first one comes %(months)s months later on average.")
        )
        says = f"{says} {_(template, months=abs(earlier))}"
    return says
