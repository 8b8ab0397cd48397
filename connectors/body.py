"""Read an answer's body within its limits: of time, and of size before and after unpacking."""

import time
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import httpx

from connectors.errors import MisconfiguredSource
from connectors.stopping import check_stopping

ENCODINGS: Final = "gzip, deflate"  # what we unpack piece by piece, and so all that we ask for
_PIECE: Final = 1 << 20  # bytes unpacked at a time: 64 kB on the wire may stand for 64 MB


def read_whole(response: httpx.Response, *, source: str, most: int, seconds: float) -> bytes:
    """Return the body of an answer that is still on its way, unpacked.

    Raises:
        MisconfiguredSource: It is larger than `most` bytes.
        httpx.ReadTimeout: It takes longer than `seconds`.
        httpx.DecodingError: It is packed wrongly, or in a way that was not asked for.
        Interrupted: The process is asked to stop.
    """
    began, size = time.monotonic(), 0
    chunks: list[bytes] = []
    for chunk in _unpacked(response):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise MisconfiguredSource(f"an answer is larger than {most >> 20} MB; not read", source=source)
        if time.monotonic() - began > seconds:
            raise httpx.ReadTimeout("the answer takes too long", request=response.request)
        check_stopping()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    if response.is_stream_consumed:  # an answer made in memory, by a test's transport
        return iter((response.content,))
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return response.iter_raw()
    if encoding in ("gzip", "x-gzip"):
        return _inflated(response, lambda _: zlib.decompressobj(wbits=31))
    if encoding == "deflate":
        return _inflated(response, _deflater)
    raise httpx.DecodingError(
        f"packed as {encoding[:20]!r}, which was not asked for", request=response.request
    )


def _deflater(first: bytes) -> "zlib._Decompress":
    """Choose between zlib's wrapper, which the standard means, and none, which some servers send."""
    wrapped = len(first) > 1 and first[0] & 0x0F == 8 and (first[0] << 8 | first[1]) % 31 == 0  # noqa: PLR2004 - RFC 1950
    return zlib.decompressobj(wbits=15 if wrapped else -15)


def _inflated(response: httpx.Response, make: Callable[[bytes], "zlib._Decompress"]) -> Iterator[bytes]:
    unpacker: zlib._Decompress | None = None
    try:
        for packed in response.iter_raw():
            left = packed
            while left:
                if unpacker is None or unpacker.eof:  # several gzip members may follow each other
                    unpacker = make(left)
                piece = unpacker.decompress(left, _PIECE)
                left = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                if piece:
                    yield piece
    except zlib.error as error:
        raise httpx.DecodingError(str(error), request=response.request) from None
    if unpacker is not None and not unpacker.eof:
        raise httpx.DecodingError("it ends early", request=response.request)
