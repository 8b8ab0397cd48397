from alembic import command
from sqlalchemy import Engine, inspect

import model.tables  # noqa: F401
from model.base import Base
from model.migrations import alembic_config


def test_the_migrations_build_exactly_the_tables(engine: Engine) -> None:
    with engine.begin() as connection:
        command.check(alembic_config(connection))  # raises when autogenerate would still find something


def test_the_migrations_can_be_taken_back(engine: Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")

    left = {name for name in inspect(engine).get_table_names() if name in Base.metadata.tables}
    assert left == set()
