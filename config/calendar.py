"""Calendars by name: an office's own in `MUSTER_HOME/calendars`, else those that come with Muster."""

import re
from functools import lru_cache
from pathlib import Path

from config import shipped
from config.settings import settings
from model.collection.calendar import Calendar, load

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


class NoSuchCalendar(LookupError):
    """There is no calendar of that name."""


def calendar(name: str, folder: Path | None = None) -> Calendar:
    """Return a calendar; `folder` is where the office keeps its own, by default in the home.

    Raises:
        NoSuchCalendar: With those there are.
        InvalidDeclaration: The office's file does not say what it must.
    """
    folder = folder or settings().home / "calendars"
    own = folder / f"{name}.yaml"
    if _NAME.fullmatch(name) and own.is_file():
        return _loaded(own.read_text(encoding="utf-8"), str(own.name))
    try:
        return _loaded(shipped.text("calendars", name), f"calendars/{name}.yaml")
    except shipped.NotShipped:
        have = ", ".join(calendars(folder))
        raise NoSuchCalendar(
            f"there is no calendar {name!r}; there are {have}. Put one of your own into {folder}"
        ) from None


def calendars(folder: Path | None = None) -> list[str]:
    """List the calendars there are."""
    folder = folder or settings().home / "calendars"
    return sorted({*shipped.names("calendars"), *(path.stem for path in folder.glob("*.yaml"))})


@lru_cache(maxsize=64)
def _loaded(text: str, name: str) -> Calendar:
    return load(text, name)
