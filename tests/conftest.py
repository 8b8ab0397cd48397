"""What every test may use: a clean migrated database, and no network beyond loopback."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine

from config.database import embedded_url, open_engine
from model.migrations import migrate
from tests.support.databases import cloned

hypothesis_settings.register_profile(
    "muster", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
hypothesis_settings.load_profile("muster")

_RUN = "MUSTER_TESTS_RUN"
_ROOM = 4 << 30  # bytes: many times what the databases of two workers take up


def _server_folder() -> Path:
    """One folder a run, shared by its workers.

    Not under pytest's own: every session of the same user shuts that to others for a moment, and run
    as root the server is another user. In memory where there is room for it: a database is cloned for every
    test, and a disk that others write to takes thirty times as long over it.
    """
    return _roomy() / f"muster-tests-{os.environ[_RUN]}" / "pg"


def _roomy() -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        return memory
    return Path(tempfile.gettempdir())


def pytest_configure() -> None:
    """Leave nothing behind. Registered first, so it is done last, when the server has stopped."""
    os.environ.setdefault("MUSTER_ALLOW_ADDRESSES", "loopback")  # where every tracker of a test is
    if _RUN not in os.environ:  # workers inherit it
        os.environ[_RUN] = str(os.getpid())
        atexit.register(shutil.rmtree, _server_folder().parent, ignore_errors=True)


@pytest.fixture(scope="session")
def template_url() -> str:
    """A migrated database of this worker's own, to clone from; on a server that all workers share."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    # Nothing here outlives the run, so nothing need reach the disk.
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    url = embedded_url(_server_folder(), f"template_{worker}", quick)
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture
def database_url(template_url: str) -> Iterator[str]:
    """The URL of a clean database, dropped after the test."""
    with cloned(template_url) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a clean migrated database."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty MUSTER_HOME for the processes a test starts."""
    monkeypatch.setenv("MUSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
