"""Puts a workbook where its people look for it, and never over what they wrote since."""

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connectors.base import Json
from connectors.errors import SliceUnreadable


@dataclass(frozen=True, slots=True)
class Delivered:
    """A workbook in its place: `position` recognises this version of it, `url` opens it where there is one."""

    position: Json
    url: str | None = None


class ChangedThere(SliceUnreadable):
    """Another version stands in the place than the one that was put there; it was left alone."""


def put_in_folder(path: Path, body: bytes, known: Json | None, *, source: str) -> Delivered:
    """Write a file whole or not at all, and not over one that somebody changed.

    Raises:
        ChangedThere: It is there, and is not the one `known` stands for.
        SliceUnreadable: It cannot be written.
    """
    digest = hashlib.sha256(body).hexdigest()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            there = hashlib.sha256(path.read_bytes()).hexdigest()
            if there != digest and there != (known or {}).get("sha256"):
                raise changed(path.name, known, source)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            Path(name).chmod(0o664)
            Path(name).replace(path)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        words = f"cannot be written ({error.strerror}); is it open, or are rights missing?"
        raise SliceUnreadable(words, source=source, slice_=path.name) from error
    return Delivered({"sha256": digest, "size": len(body)})


def changed(label: str, known: Json | None, source: str) -> ChangedThere:
    """Return the refusal to write over what somebody else wrote."""
    words = (
        "was changed since it was sent; it was left as it is. Take it back first, then send again"
        if known
        else "is there already and was not sent from here; it was left as it is. Move it away, or send elsewhere"
    )
    return ChangedThere(words, source=source, slice_=label)
