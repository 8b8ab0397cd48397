"""Raw pages as they are stored: packed into one value, opened word for word, read again."""

import threading
from typing import Any

import zstandard
from sqlalchemy import Connection, text

from connectors.base import Part, Stream

_compressors = threading.local()


def pack(body: bytes) -> bytes:
    """Compress the joined bodies of a page."""
    if not hasattr(_compressors, "zstd"):  # a compressor may not be used by two threads at once
        _compressors.zstd = zstandard.ZstdCompressor(level=3)
    return bytes(_compressors.zstd.compress(body))


def open_body(body: bytes, parts: list[dict[str, Any]]) -> tuple[Part, ...]:
    """Undo the join of a stored page: its parts, word for word."""
    joined = zstandard.ZstdDecompressor().decompress(body)
    found, start = [], 0
    for part in parts:
        found.append(Part(part["request"], joined[start : start + part["bytes"]]))
        start += part["bytes"]
    return tuple(found)


def ids_on_pages(
    connection: Connection, stream: Stream, source_id: int, slice_: str, *, since: int
) -> set[str]:
    """Return the external ids on a slice's pages since a run, without those left out by a rule."""
    pages = connection.execute(
        text(
            "SELECT body, parts FROM raw_page WHERE source_id = :source AND run_id >= :since"
            " AND stream = :stream AND slice = :slice"
        ),
        {"source": source_id, "since": since, "stream": stream.name, "slice": slice_},
    )
    return {
        record.external_id
        for body, parts in pages
        for record in stream.read(open_body(body, parts))
        if record.filtered_by is None and record.external_id
    }
