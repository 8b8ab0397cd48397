"""What is one reader's own in a page that is kept for all who may see the same: put in as it is sent."""

import gzip
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # gzip, no name, no time
_MOST_STORED: Final = 0xFFFF  # bytes that a block of deflate holds as they are


@dataclass(frozen=True, slots=True)
class Packed:
    """A compressed page in pieces, between which a reader's own is put without compressing it again."""

    pieces: Sequence[bytes]
    marks: Sequence[bytes]  # what stands between them

    def __len__(self) -> int:
        return sum(map(len, self.pieces))


@dataclass(frozen=True, slots=True)
class Personal:
    """By mark, what is put in its place."""

    values: Mapping[bytes, bytes]

    @property
    def tag(self) -> str:
        """Return a digest of it: with another session the same page is another answer."""
        return blake2b(b"\x1f".join(self.values.values()), digest_size=6).hexdigest()

    def fill(self, content: bytes) -> bytes:
        """Return a page with its marks replaced."""
        for mark, value in self.values.items():
            content = content.replace(mark, value)
        return content

    def pack(self, content: bytes, level: int) -> bytes | Packed:
        """Compress a page once, so that it can be filled for each reader."""
        marks = b"|".join(map(re.escape, self.values))
        found = re.split(b"(" + marks + b")", content) if marks else [content]
        if len(found) == 1:
            return gzip.compress(content, level, mtime=0)
        packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        # A full flush ends at a byte and lets nothing after it refer to what is before it.
        pieces = [packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH) for piece in found[:-1:2]]
        pieces.append(packer.compress(found[-1]) + packer.flush(zlib.Z_FINISH))
        return Packed(pieces, found[1::2])

    def fill_packed(self, packed: bytes | Packed, filled: bytes) -> bytes:
        """Return a compressed page with its marks replaced; `filled` is what it says."""
        if isinstance(packed, bytes):
            return packed
        out = [_HEADER]
        for piece, mark in zip(packed.pieces, packed.marks, strict=False):
            out += [piece, _stored(self.values[mark])]
        out += [packed.pieces[-1], struct.pack("<II", zlib.crc32(filled), len(filled) & 0xFFFFFFFF)]
        return b"".join(out)


NOTHING: Final = Personal({})


def _stored(value: bytes) -> bytes:
    if len(value) > _MOST_STORED:
        raise ValueError("a reader's own is longer than one block")
    return struct.pack("<BHH", 0, len(value), len(value) ^ 0xFFFF) + value
