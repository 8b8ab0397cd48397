"""A fetched page made ready to be stored: read, mapped, hashed, packed. No network and no database in it.

It is what a run spends most of its processor time on, so it is made to be done in other processes too
(`sync.prepare_pool`): a `Recipe` is plain data, and so is what comes out.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from connectors.base import Part, RawRecord
from connectors.records import SHAPE_ERRORS
from sync.compiling import CompiledMapping, Get, Plan, compile_plan
from sync.control import Control, control
from sync.copytext import copy_lines
from sync.normalise import Batch, Lines, normalise
from sync.rawpage import pack

Read = Callable[[Sequence[Part]], Iterator[RawRecord]]


class UnreadablePage(ValueError):
    """A page as a whole cannot be taken apart into records."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of our own met while preparing, with its traceback: for the log, and for no user."""

    words: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a page's parts gave: its rows, and its bodies joined and packed.

    `parts` are each one's request and length in bytes, by which the join can be undone.
    """

    batch: Batch
    body: bytes
    sha256: bytes  # of the joined bodies, before packing
    parts: tuple[tuple[str, int], ...]
    controls: dict[str, Control] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All it takes to prepare the pages of one stream of one source, in any process."""

    source_id: int
    read: Read
    plan: Plan
    transforms: Mapping[str, Get]
    semantics: Mapping[str, str]

    def compiled(self) -> CompiledMapping:
        """Compile the mapping where the pages are to be prepared."""
        return compile_plan(self.plan, self.transforms, self.semantics)

    def pickled(self) -> bytes:
        """Return it as another process can take it in."""
        return pickle.dumps(self)


def prepare(source_id: int, read: Read, mapping: CompiledMapping, parts: Sequence[Part]) -> Contents:
    """Prepare one page.

    Raises:
        UnreadablePage: Its records cannot be told apart.
    """
    records = records_of(read, parts)
    batch = normalise(mapping, records)
    controls = control(mapping, records, batch)
    if batch.entity == "work_item":
        _as_lines(source_id, batch)
    return _packed(batch, parts, controls)


def unprepared(entity: str, parts: Sequence[Part]) -> Contents:
    """Return a page that could not be taken apart: its bodies, and no rows."""
    return _packed(Batch(entity, ()), parts, {})


def _packed(batch: Batch, parts: Sequence[Part], controls: dict[str, Control]) -> Contents:
    joined = parts[0].body if len(parts) == 1 else b"".join(part.body for part in parts)
    lengths = tuple((part.request, len(part.body)) for part in parts)
    return Contents(batch, pack(joined), hashlib.sha256(joined).digest(), lengths, controls)


def _as_lines(source_id: int, batch: Batch) -> None:
    """Write the rows out as COPY reads them: the many that work items and their histories are."""
    json_columns = [place for place, name in enumerate(batch.columns) if name == "custom"]
    # What all lines of an item begin with, written once for each.
    heads = [line[:-1] + b"\t" for line in copy_lines([(str(source_id), each) for each in batch.ids])]
    children: dict[str, list[bytes]] = {}
    for name, of_items in batch.children.items():
        lines = iter(copy_lines(list(chain.from_iterable(of_items))))
        children[name] = [
            b"".join([head + line for line in islice(lines, len(rows))]) if rows else b""
            for head, rows in zip(heads, of_items, strict=True)
        ]
    batch.lines = Lines(b"".join(copy_lines(batch.rows, json_columns)), children)
    batch.rows, batch.children = [], {}


def records_of(read: Read, parts: Sequence[Part]) -> list[RawRecord]:
    """Take the records out of a page, without what PostgreSQL's text cannot hold.

    Raises:
        UnreadablePage: They cannot be told apart.
    """
    try:
        records = list(read(parts))
    except SHAPE_ERRORS as error:
        raise UnreadablePage(
            "an answer is not of the shape its documentation gives, so that its records cannot be told apart "
            f"({type(error).__name__}: {error}); nothing of it was stored. If it stays so, please report it"
        ) from error
    if any(b"\\u0000" in part.body for part in parts):  # PostgreSQL's text cannot hold a NUL
        records = [
            RawRecord(
                _without_nul(each.external_id), _without_nul(each.payload),
                _without_nul(each.locator) or _without_nul(each.external_id), _without_nul(each.url),
                each.filtered_by, _without_nul(each.unreadable),
            )
            for each in records
        ]  # fmt: skip
    return records


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    return value
