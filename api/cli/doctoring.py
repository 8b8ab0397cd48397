"""What `muster doctor` looks at."""

import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from config.database import database_url, open_engine, reach
from config.secrets import SecretMissing, resolve
from config.settings import Settings
from model.migrations import migrate
from sync.credentials import StoredTokens
from sync.failures import in_words

_ENOUGH = 1 << 30  # bytes of free disk below which a night's pull may not fit


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at."""

    what: str
    ok: bool
    says: str
    todo: str | None = None


def examine(settings: Settings) -> Iterator[Line]:
    """Yield a line for each thing looked at; goes on after what is not well."""
    yield Line("muster", ok=True, says=f"{_version()} on Python {sys.version.split()[0]}")
    yield _disk(settings.home)
    where = "MUSTER_DATABASE_URL" if settings.database_url else f"embedded under {settings.home}"
    try:
        engine = open_engine(database_url(settings))
        reach(engine)
        with engine.connect() as connection:
            server = connection.scalar(text("SHOW server_version"))
        migrate(engine)
    except Exception as error:  # noqa: BLE001  (doctor reports whatever is wrong)
        yield Line("store", ok=False, says=f"{where}: {in_words(error)}", todo="see docs/install.md")
        return
    yield Line("store", ok=True, says=f"PostgreSQL {server}, {where}; schema up to date")
    yield from _sources(engine)
    yield _clock(engine)


def _version() -> str:
    try:
        return importlib.metadata.version("muster")
    except importlib.metadata.PackageNotFoundError:
        return "from a checkout"


def _disk(home: Path) -> Line:
    there = next((each for each in (home, *home.parents) if each.exists()), Path.cwd())
    free = shutil.disk_usage(there).free
    return Line("disk", ok=free > _ENOUGH, says=f"{free / (1 << 30):.1f} GiB free for {home}",
                todo=None if free > _ENOUGH else "free some space: a full disk stops every sync")  # fmt: skip


def _sources(engine: Engine) -> Iterator[Line]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT name, config FROM source WHERE enabled ORDER BY position")
        ).all()
    if not rows:
        yield Line("sources", ok=True, says="none yet; begin with `muster apply -f FILE`")
    for name, config in rows:
        try:
            resolve(config, where=name)
        except SecretMissing as error:
            yield Line(f"secrets of {name}", ok=False, says=str(error), todo="set it where the workers run")
        else:
            yield Line(f"secrets of {name}", ok=True, says="all references lead somewhere")
    yield from _stored_tokens(engine)


def _stored_tokens(engine: Engine) -> Iterator[Line]:
    """Look whether the tokens that rotate can be opened with the key of this machine."""
    with engine.connect() as connection:
        names = connection.scalars(
            text("SELECT name FROM credential JOIN source ON source.id = source_id ORDER BY position")
        ).all()
    for name in names:
        try:
            StoredTokens(engine, name).load()
        except Exception as error:  # noqa: BLE001  (doctor reports whatever is wrong)
            yield Line(
                f"token of {name}",
                ok=False,
                says=in_words(error),
                todo="see docs/install.md, MUSTER_SECRET_KEY",
            )
        else:
            yield Line(f"token of {name}", ok=True, says="it is stored, and this machine's key opens it")


def _clock(engine: Engine) -> Line:
    with engine.connect() as connection:
        apart = abs(
            float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0) - _now_s()
        )
    return Line("clock", ok=apart < 5, says=f"{apart:.1f} s from the database's",  # noqa: PLR2004  (seconds)
                todo=None if apart < 5 else "run a time service on both: slots and cursors rely on it")  # noqa: PLR2004  # fmt: skip


def _now_s() -> float:
    import time

    return time.time()
