"""Schema migrations, named by date; `migrate` brings a database to the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from model.bi.build import build

_LOCK = 0x4D5553  # any number of ours: one migration at a time, whoever starts first


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for an open connection; no ini file is needed."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> None:
    """Bring the database to the newest version, the views of `bi` too; safe to call from many processes at once."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(alembic_config(connection), "head")
        build(connection)
