"""Mappings by version: the settings that decide how a source is read, saved with who saved them and examples."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, text

from config.document import SourceBlock, in_words
from sync.audit import record
from sync.json import dump_bytes, dumps
from sync.mapping import MappingSpec
from sync.offline import READING

_CONFIGURED: Final = "configuration"  # who saved a version that came with `muster apply`


class ProposalError(ValueError):
    """A file of mapping settings cannot be used; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Saving:
    """Who saves a version, when, and what they say of it."""

    by: str
    at: datetime
    note: str | None = None


class Example(BaseModel):
    """A record and what its attributes must come out as.

    The record is written out, or named by its key and then taken from the stored pages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: str = Field(description="The stream it comes by, e.g. issues")
    record: dict[str, Any] | None = Field(default=None, description="The record in the tracker's own shape")
    key: str | None = Field(default=None, description="Or its key, id or cell, as stored")
    expect: dict[str, Any] = Field(min_length=1, description="Attribute -> value; null is unknown")


class Proposal(BaseModel):
    """What `muster discover --write` writes and `muster mapping` takes: options of the source's block."""

    model_config = ConfigDict(frozen=True, extra="allow")

    source: str | None = None
    note: str | None = None
    examples: tuple[Example, ...] = ()

    def settings(self) -> dict[str, Any]:
        """Return the options of the block."""
        return dict(self.__pydantic_extra__ or {})


@dataclass(frozen=True, slots=True)
class Version:
    """A saved version of a source's mapping."""

    id: int
    version: int
    settings: Mapping[str, Any]
    read_as: str
    examples: Sequence[Mapping[str, Any]]
    saved_by: str
    saved_at: datetime


def parse_proposal(written: str, *, where: str, source: str) -> Proposal:
    """Read a file of mapping settings for a source.

    Raises:
        ProposalError: It is none, is for another source, or says more than how records are read.
    """
    try:
        data = yaml.safe_load(written)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise ProposalError(f"{where}{place}: this is not YAML: {getattr(error, 'problem', error)}") from None
    except RecursionError:
        raise ProposalError(f"{where}: it is nested too deeply") from None
    if not isinstance(data, Mapping):
        raise ProposalError(
            f"{where}: expected settings such as `mapping:`; `muster discover --write` makes one"
        )
    try:
        found = Proposal.model_validate({str(key): value for key, value in data.items()})
    except ValidationError as error:
        raise ProposalError(f"{where}: {in_words(error)}") from None
    if found.source not in (None, source):
        raise ProposalError(f"{where}: it is for {found.source}, not for {source}")
    if more := sorted(found.settings().keys() - READING):
        raise ProposalError(
            f"{where}: {', '.join(more)}: not of how records are read; a mapping file may hold"
            f" {', '.join(sorted(READING))}, examples and a note; apply the rest by `muster apply`"
        )
    return found


def settings_of(block: SourceBlock) -> dict[str, Any]:
    """Return the options of a block that decide how its records are read, where they are set."""
    document = block.model_dump(mode="json")
    return {name: document[name] for name in sorted(READING) if document.get(name)}


def read_as(spec: MappingSpec, settings: Mapping[str, Any]) -> str:
    """Return a hash of all that decides how a record is read."""
    document = [spec.model_dump(mode="json"), dict(settings)]
    return hashlib.sha256(dump_bytes(document, canonical=True)).hexdigest()


def newest(connection: Connection, source_id: int) -> Version | None:
    """Return the version that counts, None before the first run."""
    row = connection.execute(
        text(
            "SELECT id, version, settings, read_as, examples, saved_by, saved_at FROM mapping_version"
            " WHERE source_id = :source ORDER BY version DESC LIMIT 1"
        ),
        {"source": source_id},
    ).one_or_none()
    return None if row is None else Version(*row)


def versions_of(connection: Connection, source: str) -> list[dict[str, Any]]:
    """List a source's versions, the newest first, with how many runs read by each."""
    rows = connection.execute(
        text(
            "SELECT v.version, v.saved_at, v.saved_by, v.settings, v.shipped, v.note,"
            " jsonb_array_length(v.examples) AS examples,"
            " (SELECT count(*) FROM run r WHERE r.mapping_version_id = v.id) AS runs"
            " FROM mapping_version v JOIN source s ON s.id = v.source_id WHERE s.name = :name ORDER BY v.version DESC"
        ),
        {"name": source},
    )
    return [dict(row) for row in rows.mappings()]


def keep_version(
    connection: Connection,
    source_id: int,
    block: SourceBlock,
    spec: MappingSpec,
    *,
    now: datetime,
    by: str = _CONFIGURED,
) -> Version:
    """Return the version a source is read by; one that came by `muster apply`, or by a page, is saved first.

    Its examples go over to it: they say what must hold, however it is mapped.
    """
    settings = settings_of(block)
    known = newest(connection, source_id)
    if known is not None and known.read_as == read_as(spec, settings):
        return known
    examples = known.examples if known is not None else ()
    return add_version(connection, source_id, spec, settings, examples=examples, saving=Saving(by, now))


def add_version(
    connection: Connection,
    source_id: int,
    spec: MappingSpec,
    settings: Mapping[str, Any],
    *,
    examples: Sequence[Mapping[str, Any]],
    saving: Saving,
) -> Version:
    """Append a version; it counts from now on."""
    name = connection.scalar(text("SELECT name FROM source WHERE id = :id FOR UPDATE"), {"id": source_id})
    row = connection.execute(
        text(
            "INSERT INTO mapping_version (source_id, version, settings, shipped, read_as, examples, saved_by, note,"
            " saved_at) SELECT :source, coalesce(max(version), 0) + 1, CAST(:settings AS jsonb), :shipped, :read_as,"
            " CAST(:examples AS jsonb), :by, :note, :now FROM mapping_version WHERE source_id = :source"
            " RETURNING id, version, settings, read_as, examples, saved_by, saved_at"
        ),
        {
            "source": source_id,
            "settings": dumps(dict(settings)),
            "shipped": f"{spec.kind}@{spec.version}",
            "read_as": read_as(spec, settings),
            "examples": dumps(list(examples)),
            "by": saving.by,
            "note": saving.note,
            "now": saving.at,
        },
    ).one()
    said = {"version": row.version, "note": saving.note, "examples": len(examples)}
    record(connection, "mapping.saved", f"source {name}", said, by=saving.by)
    return Version(*row)
