"""Sends workbooks to a folder or a SharePoint library, and fetches those that people changed there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from connectors.base import Json
from connectors.errors import ConnectorError, MisconfiguredSource
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from connectors.excel.delivery import Delivered
from connectors.excel.files import File, WorkbookGone
from model.collection.roles import Actor
from sync.apply import stored_block
from sync.collection.case import open_case
from sync.registry import opener_on, utc_now
from sync.store import unit_of_work
from sync.workbook.returned import Taken, take
from sync.workbook.sending import write_workbook

_FOLDER: Final = "folder"
_AT_ONCE: Final = 3  # each holds two connections


class Carrier(Protocol):
    """What puts workbooks somewhere and fetches them again."""

    def put(self, path: str, body: bytes, known: Json | None, *, library: str | None = None) -> Delivered:
        """Store a workbook, unless what stands there is not what `known` stands for."""

    def back(self, path: str, known: Json | None, *, library: str | None = None) -> File | None:
        """Fetch a workbook; None while it is the one `known` stands for."""

    def close(self) -> None:
        """Give connections back."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where workbooks go: `name` tells it apart from others, `folder` is the path below the carrier."""

    carrier: Carrier
    name: str
    folder: str

    def path(self, file: str) -> str:
        """Return where a file is in it."""
        return f"{self.folder.strip('/')}/{file}".strip("/")


@dataclass(frozen=True, slots=True)
class SentOut:
    """What became of one workbook that was to be sent; `says` is why it was not, None where it was."""

    submission: int
    file: str
    url: str | None
    says: str | None = None


@contextmanager
def place_at(engine: Engine, to: str) -> Iterator[Place]:
    """Open a place: `SOURCE:/Folder` of a configured Excel source, or a folder of this machine.

    Raises:
        LookupError: There is no such source.
        ConnectorError: It cannot carry workbooks.
    """
    source, colon, folder = to.partition(":")
    if not colon or "/" in source or len(source) == 1:  # a drive's letter on Windows
        workbooks = [{"path": "any.xlsx", "holds": "projects"}]
        Path(to).mkdir(parents=True, exist_ok=True)
        carrier: Carrier = Excel(
            ExcelConfig.model_validate({"folder": to, "workbooks": workbooks}), source=_FOLDER
        )
        name, folder = str(Path(to).resolve()), ""
    else:
        carrier, name = _source(engine, source), f"{source}:{folder.strip('/')}"
    try:
        yield Place(carrier, name, folder)
    finally:
        carrier.close()


def _source(engine: Engine, name: str) -> Carrier:
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT config FROM source WHERE name = :name"), {"name": name}
        ).one_or_none()
        names = connection.scalars(text("SELECT name FROM source WHERE kind = 'excel' ORDER BY name")).all()
    if row is None:
        have = f"there are: {', '.join(names)}" if names else "there is no Excel source; or give a folder"
        raise LookupError(f"there is no source {name!r} to send workbooks with; {have}")
    opened = opener_on(engine)(stored_block(name, row[0]), connections=4, clock=utc_now)
    if not isinstance(opened.connector, Excel):
        opened.connector.close()
        raise MisconfiguredSource("it is no Excel source, so it carries no workbooks", source=name)
    return opened.connector


def send(
    engine: Engine, submissions: Sequence[int], place: Place, *, by: str, now: datetime
) -> Iterator[SentOut]:
    """Write and put the workbook of each submission; one that cannot be put stops no other."""
    for submission in submissions:
        with unit_of_work(engine) as connection:
            case = open_case(connection, submission, now=now)
            written = write_workbook(connection, case, by=by, now=now, destination=place.name)
            known = _known(connection, submission, place.name, written.file)
        try:
            put = place.carrier.put(place.path(written.file), written.body, known)
        except ConnectorError as error:
            with unit_of_work(engine) as connection:
                connection.execute(text("DELETE FROM workbook_sent WHERE id = :id"), {"id": written.id})
            says = error.message.removeprefix(f"{place.path(written.file)}: ").removeprefix(
                f"{written.file}: "
            )
            yield SentOut(submission, written.file, None, says)
            continue
        _placed(engine, written.id, place.name, put)
        yield SentOut(submission, written.file, put.url)


def take_all(
    engine: Engine, files: Iterable[Path], *, actor: Actor, now: Callable[[], datetime] = utc_now
) -> Iterator[Taken]:
    """Take files in their order, a few at a time; one that cannot be read is told as refused."""

    def one(file: Path) -> Taken:
        try:
            body = file.read_bytes()
        except OSError as error:
            return Taken("refused", f"{file} cannot be read: {error.strerror}", str(file), why="gone")
        return take(engine, body, file.name, actor=actor, now=now())

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="workbook") as pool:
        yield from pool.map(one, files)


def collect(
    engine: Engine, place: Place, *, actor: Actor, now: datetime, cycle: int | None = None
) -> Iterator[Taken]:
    """Take every workbook that was sent to a place and changed there since; answers go beside them.

    What cannot be fetched is told as refused, and stops no other.
    """
    for row in _sent_to(engine, place.name, cycle):
        try:
            file = place.carrier.back(place.path(row["file"]), row["position"])
        except WorkbookGone as gone:
            yield Taken("refused", gone.message, row["file"], why="gone")
            continue
        except ConnectorError as error:
            yield Taken("refused", error.message, row["file"], why="unreadable")
            continue
        if file is None:
            continue
        taken = take(engine, file.body, row["file"], actor=actor, now=now, expect=row["submission_id"])
        if taken.state != "refused":
            # What was taken may be written over: all that stood in it is here by now.
            _placed(engine, row["id"], place.name, Delivered(file.position, file.url))
        yield _answer(engine, taken, place)


def _answer(engine: Engine, taken: Taken, place: Place) -> Taken:
    """Put the copy that answers a workbook beside it."""
    if taken.copy is None or taken.copy_file is None or taken.copy_id is None or taken.submission is None:
        return taken
    with engine.connect() as connection:
        known = _known(connection, taken.submission.id, place.name, taken.copy_file)
    try:
        put = place.carrier.put(place.path(taken.copy_file), taken.copy, known)
    except ConnectorError:  # it is kept all the same, and can be downloaded
        return taken
    _placed(engine, taken.copy_id, place.name, put)
    return taken


def _known(connection: Connection, submission: int, place: str, file: str) -> Json | None:
    """Return how the newest version of a file that was put in a place is recognised."""
    found: Json | None = connection.scalar(
        text(
            "SELECT position FROM workbook_sent WHERE submission_id = :id AND destination = :place AND file = :file"
            " AND position IS NOT NULL ORDER BY id DESC LIMIT 1"
        ),
        {"id": submission, "place": place, "file": file},
    )
    return found


def _placed(engine: Engine, sent: int, place: str, put: Delivered) -> None:
    with unit_of_work(engine) as connection:
        connection.execute(
            text(
                "UPDATE workbook_sent SET destination = :place, position = :position, url = :url WHERE id = :id"
            ),
            {"place": place, "position": Jsonb(put.position), "url": put.url, "id": sent},
        )


def _sent_to(engine: Engine, place: str, cycle: int | None) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT DISTINCT ON (w.submission_id, w.file) w.id, w.submission_id, w.file, w.position"
                " FROM workbook_sent w JOIN submission s ON s.id = w.submission_id"
                " WHERE w.destination = :place AND w.position IS NOT NULL"
                " AND (CAST(:cycle AS bigint) IS NULL OR s.cycle_id = :cycle)"
                " ORDER BY w.submission_id, w.file, w.id DESC"
            ),
            {"place": place, "cycle": cycle},
        )
        return [dict(row) for row in rows.mappings()]
