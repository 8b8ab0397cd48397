"""SharePoint's own hash of a file's content, which it gives as `quickXorHash`.

Each byte is put 11 bits further than the one before into 160 bits that wrap around; the length is mixed
into the last 8 bytes. (learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash)
"""

import base64
from typing import Final

_BITS: Final = 160
_SHIFT: Final = 11
_CYCLE: Final = 160  # bytes after which the places repeat, for 160 * 11 is a multiple of 160


def quick_xor_hash(body: bytes) -> str:
    """Return the hash in base64."""
    # All bytes that come to the same place first, as whole cycles: one operation instead of 160.
    folded = 0
    for start in range(0, len(body), _CYCLE):
        folded ^= int.from_bytes(body[start : start + _CYCLE], "little")
    value = 0
    for place, byte in enumerate(folded.to_bytes(_CYCLE, "little")):
        shifted = byte << (place * _SHIFT % _BITS)
        value ^= (shifted & ((1 << _BITS) - 1)) | (shifted >> _BITS)
    raw = bytearray(value.to_bytes(_BITS // 8, "little"))
    for place, byte in enumerate(len(body).to_bytes(8, "little")):
        raw[_BITS // 8 - 8 + place] ^= byte
    return base64.b64encode(bytes(raw)).decode()
