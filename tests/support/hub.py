"""A served hub on seeded rows, with a token: what clients that are programs of their own are held against."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, text

from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed
from tests.support.served import served


@dataclass
class Hub:
    """A served hub with rows of three pages and a token that may read them."""

    root: str
    token: str
    engine: Engine

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    @property
    def red(self) -> list[str]:
        return [key for (key,) in self.rows(
            "SELECT project_key FROM bi.fact_status JOIN bi.dim_project USING (project_id)"
            " WHERE is_latest AND overall = 'RED' ORDER BY 1"
        )]  # fmt: skip


@contextmanager
def served_hub(template_url: str, *, work_items: int) -> Iterator[Hub]:
    """Serve a seeded hub for the length of a block."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine, work_items=work_items)
        with served(create_app(engine)) as base:
            yield Hub(f"{base}/odata/v1/", create_token(engine, "clients"), engine)
        engine.dispose()
