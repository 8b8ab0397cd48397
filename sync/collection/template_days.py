"""The days a template names, held to calendars there are and to windows that open before they close."""

from datetime import date
from typing import Final

from config.calendar import NoSuchCalendar, calendar
from model.collection.cycle import days_of, next_period, period_of
from model.declaration import Declaration, InvalidDeclaration
from model.template.template import Template

_AHEAD: Final = 53  # periods looked at: every week of a year, and more than four years of months
_USUAL: Final = "weekdays"


def days_hold(loaded: Template, written: str, *, where: str, day: date) -> None:
    """Refuse a cadence that no cycle can be opened by: an unknown calendar, or a period due before it opens.

    Raises:
        InvalidDeclaration: With the place, the calendars there are, or the period and its days.
    """
    cadence = loaded.header.cadence
    if cadence is None:
        return
    declaration = Declaration(written, where)
    try:
        worked = calendar(cadence.calendar or _USUAL)
    except NoSuchCalendar as error:
        at = ("template", "cadence", "calendar")
        raise InvalidDeclaration([declaration.complaint(at, str(error))]) from None
    period = period_of(cadence.every, day)
    for _ in range(_AHEAD):
        try:
            days_of(cadence, period, worked, cadence.timezone or "UTC")
        except ValueError as error:
            at = ("template", "cadence", "due" if cadence.due else "open")
            raise InvalidDeclaration([declaration.complaint(at, str(error))]) from None
        period = next_period(period)
