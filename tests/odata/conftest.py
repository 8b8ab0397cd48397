from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from tests.support.databases import cloned
from tests.support.odata_shop import fill


@pytest.fixture(scope="package")
def shop(template_url: str) -> Iterator[Connection]:
    """A connection to the shop's tables, with rows in them; nothing may write there."""
    with cloned(template_url) as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE SCHEMA shop"))
            connection.execute(text("SET search_path = shop"))
            fill(connection)
            yield connection
        engine.dispose()
