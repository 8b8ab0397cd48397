"""How two policies would have done over the same history: who turns, how much earlier, how many false alarms."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from model.status.colour import Colour, order

_MONTH: Final = 30.4375  # days
Verdict = Literal["right", "false", "undecided"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What counts as an alarm, and as an outcome that proves it right.

    An alarm is the day from which a project shows `alarm` or worse. It was right where, within `horizon_days`, the
    finish moved by more than `slip_days` from what it was on that day, or the project was reported RED and was not
    on that day. It was false where the horizon has passed, or the project has finished, without either. Else it is
    undecided: the history is too short, or nobody said when the project finishes.
    """

    alarm: Colour = Colour.RED
    slip_days: int = 30
    horizon_days: int = 180

    def is_alarm(self, colour: Colour) -> bool:
        """Say whether a colour is an alarm."""
        mine, least = order(colour), order(self.alarm)
        return mine is not None and least is not None and mine >= least

    def says(self) -> str:
        """Say the definition in a sentence."""
        level = self.alarm.value if self.alarm is Colour.RED else f"{self.alarm.value} or worse"
        return (
            f"an alarm is the day from which a project is {level}; it was right where within"
            f" {self.horizon_days} days the finish moved by more than {self.slip_days} days or the project was reported"
            " RED, and false where neither came by then or by its finish"
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """One project on one day. `finish` is when it is to finish, or did; None: nobody says."""

    day: date
    colour: Colour
    finish: date | None = None
    reported_red: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """A stretch of days at alarm level, and what came of it; `ended` None: it stands on the last day."""

    began: date
    ended: date | None
    verdict: Verdict
    outcome: date | None


@dataclass(frozen=True, slots=True)
class Event:
    """A day on which it went wrong; `warned_on` is when the alarm that stood before it began, None: missed."""

    day: date
    warned_on: date | None


@dataclass(frozen=True, slots=True)
class Record:
    """How a policy did for one project."""

    alarms: tuple[Alarm, ...]
    events: tuple[Event, ...]

    @property
    def first(self) -> date | None:
        """The day it first raised an alarm."""
        return self.alarms[0].began if self.alarms else None


def record(history: Sequence[Seen], terms: Terms) -> Record:
    """Judge a policy by one project's days, the oldest first."""
    stretches = _stretches(history, terms)
    alarms = tuple(_judged(history, began, ended, terms) for began, ended in stretches)
    events = tuple(Event(day, _warned(stretches, day, terms)) for day in _events(history, terms))
    return Record(alarms, events)


def _stretches(history: Sequence[Seen], terms: Terms) -> list[tuple[date, date | None]]:
    """Return from when to when alarms stood; a grey day neither begins nor ends one."""
    found: list[tuple[date, date | None]] = []
    began: date | None = None
    for seen in history:
        if terms.is_alarm(seen.colour):
            began = began or seen.day
        elif began is not None and seen.colour is not Colour.GREY:
            found.append((began, seen.day))
            began = None
    return found if began is None else [*found, (began, None)]


def _judged(history: Sequence[Seen], began: date, ended: date | None, terms: Terms) -> Alarm:
    at = next(seen for seen in history if seen.day == began)
    until = began + timedelta(days=terms.horizon_days)
    later = [seen for seen in history if began < seen.day <= until]
    outcome = next((seen.day for seen in later if _bad(at, seen, terms)), None)
    if outcome is not None:
        return Alarm(began, ended, "right", outcome)
    last = history[-1]
    over = last.day >= until or last.colour is Colour.BLUE
    return Alarm(began, ended, "false" if over and at.finish is not None else "undecided", None)


def _bad(at: Seen, later: Seen, terms: Terms) -> bool:
    if later.reported_red and not at.reported_red:
        return True
    if at.finish is None or later.finish is None:
        return False
    return (later.finish - at.finish).days > terms.slip_days


def _events(history: Sequence[Seen], terms: Terms) -> list[date]:
    """Return the days on which it went wrong: a report turned RED, or the finish had moved too far in the horizon.

    The same trouble counts once: a day after one on which it was so already is no event of its own.
    """
    found = []
    before = False
    window: deque[tuple[date, date]] = deque()  # day and finish, the lowest finish of the horizon first
    for number, seen in enumerate(history):
        while window and window[0][0] < seen.day - timedelta(days=terms.horizon_days):
            window.popleft()
        slipped = (
            seen.finish is not None and bool(window) and (seen.finish - window[0][1]).days > terms.slip_days
        )
        wrong = seen.reported_red or slipped
        if wrong and not before and number:
            found.append(seen.day)
        before = wrong
        if seen.finish is not None:
            while window and window[-1][1] >= seen.finish:
                window.pop()
            window.append((seen.day, seen.finish))
    return found


def _warned(stretches: Iterable[tuple[date, date | None]], day: date, terms: Terms) -> date | None:
    """Return the day the alarm began that stood last before an event, and in its horizon."""
    since = day - timedelta(days=terms.horizon_days)
    standing = [began for began, ended in stretches if began < day and (ended is None or ended > since)]
    return max(standing, default=None)


def months(days: float) -> float:
    """Return days in months of 30.4375 days, to a hundredth."""
    return round(days / _MONTH, 2)


def earlier_by(before: date | None, after: date | None) -> float | None:
    """Return by how many months the second alarm came earlier; None where one of them never came."""
    return None if before is None or after is None else months((before - after).days)


def summed(records: Iterable[Record]) -> dict[str, Any]:
    """Add up how a policy did; shares and means are null where there is nothing to count."""
    found = list(records)
    verdicts = [alarm.verdict for each in found for alarm in each.alarms]
    events = [event for each in found for event in each.events]
    leads = [(event.day - event.warned_on).days for event in events if event.warned_on is not None]
    decided = verdicts.count("right") + verdicts.count("false")
    return {
        "projects_alarmed": sum(bool(each.alarms) for each in found),
        "alarms": len(verdicts),
        "right": verdicts.count("right"),
        "false": verdicts.count("false"),
        "undecided": verdicts.count("undecided"),
        "false_share": round(verdicts.count("false") / decided, 4) if decided else None,
        "events": len(events),
        "warned": len(leads),
        "missed": len(events) - len(leads),
        "lead_months": months(sum(leads) / len(leads)) if leads else None,
    }


def compared(before: Mapping[str, Record], after: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Say, project by project, whose alarms differ: when each policy first raised one, and by how much earlier."""
    found = []
    for key in sorted(before.keys() & after.keys()):
        old, new = before[key], after[key]
        if [(each.began, each.ended) for each in old.alarms] == [
            (each.began, each.ended) for each in new.alarms
        ]:
            continue
        found.append(
            {
                "project": key,
                "first": {"before": _iso(old.first), "after": _iso(new.first)},
                "months_earlier": earlier_by(old.first, new.first),
                "alarms": {"before": _alarms(old), "after": _alarms(new)},
            }
        )
    return found


def _alarms(found: Record) -> list[dict[str, Any]]:
    return [
        {
            "began": _iso(each.began),
            "ended": _iso(each.ended),
            "verdict": each.verdict,
            "outcome": _iso(each.outcome),
        }
        for each in found.alarms
    ]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
