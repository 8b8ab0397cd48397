"""What the commands share: the store, failures as sentences, quiet libraries."""

import getpass
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import structlog
import typer
from sqlalchemy import Engine

from config.database import database_url, open_engine, reach
from config.settings import Settings, settings
from sync.failures import in_words
from sync.scrubbing import Scrubbing, scrub_crashes

OK, FAILED, USAGE, PARTIAL = 0, 1, 2, 3
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)  # a week or a day of the year is no day here


class Failed(Exception):
    """A command cannot do what it was asked; the message is for whoever typed it."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


class Format(StrEnum):
    """How a reading command prints."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def _no_csv(value: Format) -> Format:
    if value is Format.CSV:
        raise typer.BadParameter("this command prints table or json")
    return value


TableOrJson = Annotated[Format, typer.Option("--format", help="table or json", callback=_no_csv)]


@contextmanager
def words(code: int = FAILED) -> Iterator[None]:
    """Turn whatever goes wrong inside into a sentence and an exit code."""
    try:
        yield
    except (Failed, typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except Exception as error:
        logging.getLogger("muster").debug("command failed", exc_info=True)
        raise Failed(in_words(error), code) from None


@contextmanager
def heard_or_not() -> Iterator[None]:
    """Print inside, and go on when nobody reads it any more, as with `| head`."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


def open_store(*, given: Settings | None = None, pool_size: int = 8) -> Engine:
    """Open the store, starting the embedded PostgreSQL where that is it, and bring it up to date."""
    from model.migrations import migrate

    with words():
        engine = open_engine(database_url(given or settings()), pool_size=pool_size)
        reach(engine)
        migrate(engine)
        return engine


def whoever_types() -> str:
    """Return the machine's name of whoever runs this; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def parse_day(value: str | None) -> date | None:
    """Read a day given on the command line.

    Raises:
        Failed: It is not YYYY-MM-DD.
    """
    if value is None:
        return None
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # said below
    raise Failed(f"{value!r} is no day; write it as YYYY-MM-DD", USAGE)


def parse_instant(value: str | None) -> datetime | None:
    """Read an instant given on the command line; one without an offset could be any of many.

    Raises:
        Failed: It is no instant, or has no offset.
    """
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Failed(f"{value!r} is no instant; write it with its offset, like 2026-11-22T02:00:00Z", USAGE)
    return found.astimezone(UTC)


def quiet_libraries() -> None:
    """Send our own log to standard error; keep libraries' chatter, and with it addresses, out of it."""
    plain = settings().log_format == "plain" or (settings().log_format == "auto" and sys.stderr.isatty())
    rendered: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=False)]
        if plain
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(Scrubbing(formatter))
    scrub_crashes()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("sync", "api", "connectors", "config", "muster"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in ("httpx", "httpcore", "urllib3", "msal", "psycopg", "apscheduler", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Whatever can go wrong in the queue the worker says itself, in words; these would add a traceback.
    for name in ("procrastinate", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
