"""How the files are written, each row by row or in batches, so that memory stays flat however long they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import IO, Final

from sqlalchemy import Connection

from api.files.statement import Asked, copied, harmless, objects
from api.wire.problems import Problem

_BLOCK: Final = 1 << 20  # bytes that are written at once


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. `packs`: whether gzip makes it smaller."""

    media_type: str
    write: Callable[[Connection, Asked, IO[bytes]], None]
    packs: bool


def _csv(connection: Connection, asked: Asked, out: IO[bytes]) -> None:
    out.write(",".join(each.name for each in asked.properties).encode() + b"\n")
    _all(copied(connection, harmless(asked)), out)


def _ndjson(connection: Connection, asked: Asked, out: IO[bytes]) -> None:
    _all(copied(connection, objects(asked), bare=True), out)


def _all(rows: Iterator[bytes], out: IO[bytes]) -> None:
    block = bytearray()
    for row in rows:
        block += row
        if len(block) >= _BLOCK:
            out.write(block)
            block.clear()
    out.write(block)


def _parquet(connection: Connection, asked: Asked, out: IO[bytes]) -> None:
    by_column("write_parquet")(connection, asked, out)


def _arrow(connection: Connection, asked: Asked, out: IO[bytes]) -> None:
    by_column("write_arrow")(connection, asked, out)


def by_column(
    name: str, load: Callable[[str], ModuleType] = import_module
) -> Callable[[Connection, Asked, IO[bytes]], None]:
    """Return what writes Parquet or Arrow.

    Raises:
        Problem: 501, when pyarrow is not installed.
    """
    try:
        module = load("api.files.columns")
    except ModuleNotFoundError as error:
        raise Problem(
            501, "not-installed",
            "Parquet and Arrow need pyarrow, which is not installed here: `pip install 'muster[bi]'`, or ask for csv"
            " or ndjson.",
        ) from error  # fmt: skip
    found: Callable[[Connection, Asked, IO[bytes]], None] = getattr(module, name)
    return found


FORMATS: Final = {
    "parquet": Format("application/vnd.apache.parquet", _parquet, packs=False),
    "arrow": Format("application/vnd.apache.arrow.file", _arrow, packs=True),
    "csv": Format("text/csv; charset=utf-8; header=present", _csv, packs=True),
    "ndjson": Format("application/x-ndjson", _ndjson, packs=True),
}
