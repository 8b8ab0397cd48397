"""One database for the tests of a file; each has projects of its own in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy import Engine

from config.database import open_engine
from tests.support.databases import cloned
from tests.support.returning import RISKS
from tests.support.submissions import open_submission

NOW = datetime(2025, 7, 2, 9, tzinfo=UTC)
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """A migrated database."""
    with cloned(template_url) as url:
        opened = open_engine(url)
        yield opened
        opened.dispose()


@pytest.fixture
def report(engine: Engine) -> int:
    """A monthly status report, filled in."""
    return open_submission(engine, key=f"PORTAL-{next(_NUMBERS)}", now=NOW).id


@pytest.fixture
def log(engine: Engine) -> int:
    """A RAID log with three risks."""
    key = f"LOG-{next(_NUMBERS)}"
    return open_submission(engine, key=key, template="raid-log", version="2.0.0", filled=RISKS, now=NOW).id
