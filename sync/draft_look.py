"""Look at a source that is not saved yet: who we are there, what it offers, and what of its records would be read."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import Engine

from config.document import SourceBlock
from config.secrets import SecretMissing
from connectors.base import Budget, Discovery, Finding, RawRecord, Slice, Stream
from connectors.errors import BudgetSpent, ConnectorError, SliceUnreadable, UntrustedCertificate
from sync.compiling import CompiledMapping, Get, MappingError, Unmappable
from sync.drafts import DraftRefused
from sync.json import dump_bytes
from sync.offline import asked, compiled, reconsidered
from sync.prepare import UnreadablePage, records_of
from sync.registry import Opened, Opener, opener_on, utc_now

SECONDS: Final = 60.0  # that somebody waits for a page
RECORDS: Final = 25  # of each stream that a mapping is tried on
_SLICES: Final = 4  # of a stream that are looked into for them
_SHOWN: Final = 5  # records and values that are shown of each
_LONG: Final = 80  # characters of a shown value


@contextmanager
def _opened(engine: Engine, block: SourceBlock, opener: Opener | None) -> Generator[Opened]:
    try:
        opened = (opener or opener_on(engine))(block, connections=4, clock=utc_now)
        opened.connector.traffic.budget = Budget(seconds=SECONDS)
        try:
            yield opened
        finally:
            opened.connector.close()
    except BudgetSpent:
        raise DraftRefused(
            f"it did not answer all that was asked within {SECONDS:.0f} seconds. Try again; if it stays so, look"
            " whether the address is right and the server is not overloaded"
        ) from None
    except UntrustedCertificate as error:
        raise DraftRefused(error.message, about="ca_bundle") from None
    except ConnectorError as error:
        raise DraftRefused(error.message) from None
    except (MappingError, SecretMissing) as error:
        raise DraftRefused(str(error)) from None


def check(engine: Engine, block: SourceBlock, *, opener: Opener | None = None) -> list[dict[str, Any]]:
    """Ask a source who we are there and what is missing; returns its findings.

    Raises:
        DraftRefused: It cannot be read, in words; nothing of it is secret.
    """
    with _opened(engine, block, opener) as opened:
        return [_finding(each) for each in opened.connector.check()]


def discover(engine: Engine, block: SourceBlock, *, opener: Opener | None = None) -> dict[str, Any]:
    """Look at everything a source offers; returns it as plain JSON values.

    Raises:
        DraftRefused: As `check`.
    """
    with _opened(engine, block, opener) as opened:
        found: dict[str, Any] = _plain(_discovery(opened.connector.discover()))
        return found


def try_mapping(
    engine: Engine,
    block: SourceBlock,
    found: Mapping[str, Any],
    *,
    opener: Opener | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[dict[str, Any]]:
    """Read some real records of each stream by a block's mapping, and say what comes of them; stores nothing.

    Args:
        engine: Where secrets are kept.
        block: The source.
        found: What `discover` returned.
        opener: How the source is opened; None as usual.
        clock: Seconds that only grow.

    Raises:
        DraftRefused: As `check`; or the mapping does not hold.
    """
    began = clock()
    with _opened(engine, block, opener) as opened:
        names = reconsidered(opened.connector, dict(found.get("semantics") or {}), found)
        mappings = compiled(opened.mapping, opened.connector, names)
        fields = asked(mappings, names)
        tried = []
        for stream in opened.connector.streams(names, fields):
            if stream.name in mappings:
                late = clock() - began > SECONDS
                tried.append(_tried(stream, mappings[stream.name], late=late))
        return tried


def _tried(stream: Stream, mapping: CompiledMapping, *, late: bool) -> dict[str, Any]:
    warnings: list[str] = ["not looked at: the time for a look was up"] if late else []
    records = [] if late else list(_records(stream, warnings))
    mapping.unmapped.clear()
    rejected = []
    for each in records:
        why = each.unreadable or _refusal(mapping, each.payload)
        if why is not None:
            rejected.append({"locator": each.locator, "reason": why})
    unmapped = [
        {"attribute": name, "value": value, "times": times}
        for (name, value), times in sorted(mapping.unmapped.items())
    ]
    found: dict[str, Any] = _plain({
        "stream": stream.name,
        "entity": mapping.entity,
        "records": len(records),
        "attributes": [_filled(name, get, records) for name, get, _ in mapping.scalars],
        "rejected": rejected,
        "unmapped": unmapped,
        "warnings": warnings,
    })  # fmt: skip
    return found


def _records(stream: Stream, warnings: list[str]) -> Iterator[RawRecord]:
    """Give the first records of slices from all over the stream; what cannot be read is said and passed over."""
    slices = stream.slices()
    chosen = slices[:: max(1, -(-len(slices) // _SLICES))]
    for slice_ in chosen:
        try:
            yield from islice(_of_slice(stream, slice_), -(-RECORDS // len(chosen)))
        except (SliceUnreadable, UnreadablePage) as error:
            warnings.append(str(error))


def _of_slice(stream: Stream, slice_: Slice) -> Iterator[RawRecord]:
    for page in stream.pull(slice_, None):
        for record in records_of(stream.read, page.parts):
            if record.filtered_by is None:
                yield record


def _refusal(mapping: CompiledMapping, payload: Any) -> str | None:
    try:
        mapping.read(payload)
    except Unmappable as error:
        return str(error)
    return None


def _filled(name: str, get: Get, records: Sequence[RawRecord]) -> dict[str, Any]:
    """Say in how many records an attribute says something, in how many it cannot be read, and show some values."""
    values: Counter[str] = Counter()
    failed = 0
    for each in records:
        if each.unreadable is not None:
            continue
        try:
            value = get(each.payload)
        except Unmappable:
            failed += 1
            continue
        if value not in (None, "", [], {}):
            values[_short(value)] += 1
    return {
        "name": name,
        "filled": sum(values.values()),
        "failed": failed,
        # Addresses are kept as hashes only, so they are not kept with a draft either.
        "examples": [] if name == "email" else [value for value, _ in values.most_common(_SHOWN)],
    }


def _short(value: Any) -> str:
    found = orjson.loads(dump_bytes(value))
    if isinstance(value, datetime):
        written = f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    elif isinstance(found, list) and all(isinstance(each, str) for each in found):
        written = ", ".join(found)
    else:
        written = found if isinstance(found, str) else dump_bytes(found).decode()
    return written if len(written) <= _LONG else written[: _LONG - 1] + "…"


def _finding(each: Finding) -> dict[str, Any]:
    return {"what": each.what, "ok": each.ok, "says": each.says, "todo": each.todo}


def _discovery(found: Discovery) -> dict[str, Any]:
    return {
        "scopes": found.scopes,
        "fields": found.fields,
        "types": found.types,
        "states": found.states,
        "semantics": found.semantics,
        "evidence": found.evidence,
        "confidence": {name: each.value for name, each in found.confidence.items()},
        "alternatives": found.alternatives,
        "warnings": found.warnings,
        "proposal": found.proposal,
    }


def _plain(document: Any) -> Any:
    return orjson.loads(dump_bytes(document))


def sheet_kinds() -> dict[str, list[str]]:
    """Return what the rows of a sheet may be, each with the attributes that its columns may give."""
    from connectors.excel.layout import ENTITY, HOLDS
    from connectors.excel.words import columns
    from model.attributes import REGISTER

    return {holds: sorted({*REGISTER[ENTITY[holds]], *columns()[holds]}) for holds in HOLDS}
