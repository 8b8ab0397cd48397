"""Look at sources without pulling them: check and discover, by source name."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from connectors.base import Discovery, Finding
from connectors.errors import ConnectorError
from sync.apply import stored_block
from sync.record_rows import COLLECTION
from sync.registry import opener_on, utc_now


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` says of one source."""

    source: str
    kind: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing needs doing."""
        return all(finding.ok for finding in self.findings)


def source_names(engine: Engine, wanted: Sequence[str] = ()) -> list[str]:
    """Return the names of enabled sources, or those asked for.

    Raises:
        LookupError: One asked for does not exist, or there are none at all; says what to do.
    """
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT name, enabled FROM source WHERE kind <> :collection ORDER BY position, name"),
            {"collection": COLLECTION},
        ).all()
    known = {row[0]: row[1] for row in rows}
    if not known:
        raise LookupError("there are no sources yet; begin with `muster apply -f FILE`")
    if missing := [name for name in wanted if name not in known]:
        raise LookupError(f"there is no source {', '.join(missing)}; there are: {', '.join(known)}")
    return list(wanted) if wanted else [name for name, enabled in known.items() if enabled]


def names_to_pull(engine: Engine, wanted: Sequence[str] = ()) -> list[str]:
    """Return the names of the sources to pull: those asked for, or all enabled ones.

    Raises:
        LookupError: As `source_names`; and one asked for is disabled.
    """
    names = source_names(engine, wanted)
    enabled = source_names(engine)
    if off := [name for name in names if name not in enabled]:
        raise LookupError(
            f"source {', '.join(off)} is disabled: it keeps its data and pulls nothing;"
            " set `enabled: true` in the configuration and apply it"
        )
    return names


def check_source_now(engine: Engine, name: str, *, connections: int) -> Checked:
    """Ask a source who we are there, what we may see, and what is missing."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT kind, config FROM source WHERE name = :name"), {"name": name}
        ).one()
    try:
        opened = opener_on(engine)(stored_block(name, row[1]), connections=connections, clock=utc_now)
        try:
            findings = tuple(opened.connector.check())
        finally:
            opened.connector.close()
    except ConnectorError as error:
        findings = (Finding("connection", ok=False, says=error.message),)
    return Checked(name, row[0], findings)


def discover_source(engine: Engine, name: str, *, connections: int) -> Discovery:
    """Look at everything a source offers.

    Raises:
        ConnectorError: It cannot be read; in words.
    """
    with engine.connect() as connection:
        config = connection.scalar(text("SELECT config FROM source WHERE name = :name"), {"name": name})
    opened = opener_on(engine)(stored_block(name, config or {}), connections=connections, clock=utc_now)
    try:
        return opened.connector.discover()
    finally:
        opened.connector.close()
