"""Raw pages as they are stored: packed into one value, opened word for word, read again."""

import threading
from typing import Any

import zstandard

from connectors.base import Part

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
