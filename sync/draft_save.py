"""Save a draft: what it says becomes the source's configuration, in one transaction, and the draft is gone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, text

from config.document import PortfolioBlock, SourceBlock, in_words
from config.secrets import masked
from connectors.errors import MisconfiguredSource
from sync import audit
from sync.apply import another_place, differences_of, store_source, stored_block, stored_config
from sync.credentials import StoredTokens
from sync.draft_certificates import shown_of
from sync.draft_tokens import hand_over
from sync.drafts import Draft, DraftRefused, discard, draft
from sync.record_rows import COLLECTION
from sync.registry import check_source, source_mapping
from sync.store import unit_of_work
from sync.versions import keep_version

RESERVED = frozenset({COLLECTION, "new", "drafts", "consent"})  # addresses of pages, or of our own


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved. `differences` are a sentence each; none for a new source."""

    name: str
    is_new: bool
    differences: tuple[str, ...]


def block_of(block: Mapping[str, Any]) -> SourceBlock:
    """Read a draft's block as a source's.

    Raises:
        DraftRefused: It is none; names the option and what was expected.
    """
    try:
        return SourceBlock.model_validate(dict(block))
    except ValidationError as error:
        raise DraftRefused(in_words(error)) from None


def check_name(connection: Connection, name: str, *, known: str | None) -> None:
    """Refuse a name that another source has.

    Raises:
        DraftRefused: In words.
    """
    if name == known:
        return
    if name in RESERVED:
        raise DraftRefused("This word is taken by Muster itself; choose another.")
    if connection.scalar(text("SELECT EXISTS (SELECT 1 FROM source WHERE name = :name)"), {"name": name}):
        raise DraftRefused("There is a source of this name; choose another.")


def _as_enabled(connection: Connection, known: Draft) -> dict[str, Any]:
    """Return a draft's block; whether its source is paused is as it is now, not as it was when the draft began."""
    if known.source is None:
        return dict(known.block)
    enabled = connection.scalar(text("SELECT enabled FROM source WHERE name = :name"), {"name": known.source})
    return {**known.block, "enabled": bool(enabled)}


def changes_of(connection: Connection, known: Draft) -> tuple[str, ...]:
    """Say what saving a draft would change of its source, a line each; none for a new one.

    Raises:
        DraftRefused: Records of another kind of tracker are stored under its name.
    """
    block = block_of(_as_enabled(connection, known))
    row = connection.execute(
        text("SELECT config, enabled FROM source WHERE name = :name"), {"name": known.source}
    ).one_or_none()
    if row is None:
        return ()
    before = {**row.config, "enabled": row.enabled}
    after = {**stored_config(block), "enabled": block.enabled}
    try:
        warning = another_place(connection, block, stored_block(block.name, row.config))
    except MisconfiguredSource as error:
        raise DraftRefused(error.message) from None
    return (*differences_of(_named(before), _named(after)), *warning)


def _named(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block with its authorities by name: nobody reads a certificate."""
    known = shown_of(str(block.get("ca_bundle") or ""))
    names = [f"{each.subject}, until {each.ends_at:%Y-%m-%d}" for each in known]
    return {**block, "ca_bundle": "; ".join(names)} if names else dict(block)


def save_draft(
    engine: Engine,
    number: int,
    *,
    by: str,
    now: datetime,
    version: int | None = None,
    portfolio: Mapping[str, str] | None = None,
    check: Callable[[SourceBlock], None] = check_source,
) -> Saved:
    """Make a draft's source what the draft says.

    Args:
        engine: The store.
        number: The draft.
        by: Who saves it.
        now: The present instant.
        version: The draft as it was looked at; None: whatever it is now.
        portfolio: Key, name, time zone and currency, where there is no portfolio yet.
        check: What holds a source's block to its kind.

    Raises:
        NoDraft: It was saved or thrown away.
        DraftRefused: It does not hold, or the draft is not what was looked at.
    """
    with unit_of_work(engine) as connection:
        connection.execute(text("LOCK TABLE source IN SHARE ROW EXCLUSIVE MODE"))
        known = draft(connection, number)
        if version is not None and version != known.version:
            raise DraftRefused("The draft was changed since you looked at it; look at it again, then save.")
        block = block_of(_as_enabled(connection, known))
        check_name(connection, block.name, known=known.source)
        try:
            check(block)
        except MisconfiguredSource as error:
            raise DraftRefused(error.message) from None
        changes = changes_of(connection, known)
        _portfolio(connection, portfolio)
        position = connection.scalar(
            text(
                "SELECT coalesce((SELECT position FROM source WHERE name = :name),"
                " (SELECT coalesce(max(position), -1) + 1 FROM source WHERE kind <> :collection))"
            ),
            {"name": block.name, "collection": COLLECTION},
        )
        store_source(connection, block, int(position or 0), now)
        if (grant := hand_over(engine, known, block)) is not None:
            StoredTokens(engine, block.name).write_in(connection, grant, now)
        _keep_mapping(connection, block, by=by, now=now)
        subject = f"source {block.name}"
        if known.source is None:
            audit.record(connection, "source.added", subject, {"configuration": shown_block(known.block)})
        elif changes:
            audit.record(connection, "source.changed", subject, {"changes": list(changes)})
        discard(connection, number)
        return Saved(block.name, known.source is None, changes)


def _keep_mapping(connection: Connection, block: SourceBlock, *, by: str, now: datetime) -> None:
    """Save how it is read as a version of whoever saves the draft; one that is the same already stays."""
    source_id = connection.scalar(text("SELECT id FROM source WHERE name = :name"), {"name": block.name})
    keep_version(connection, int(source_id or 0), block, source_mapping(block), now=now, by=by)


def _portfolio(connection: Connection, given: Mapping[str, str] | None) -> None:
    """Make the portfolio where there is none: without one nothing is consolidated.

    Raises:
        DraftRefused: It does not hold.
    """
    if given is None or connection.scalar(text("SELECT EXISTS (SELECT 1 FROM portfolio)")):
        return
    try:
        block = PortfolioBlock.model_validate(dict(given))
    except ValidationError as error:
        raise DraftRefused(f"The portfolio's {in_words(error)}") from None
    connection.execute(
        text(
            "INSERT INTO portfolio (key, name, timezone, currency, workbooks)"
            " VALUES (:key, :name, :timezone, :currency, :workbooks)"
        ),
        block.model_dump(),
    )


def set_enabled(engine: Engine, name: str, *, enabled: bool, now: datetime) -> None:
    """Pause a source, or let it run again; what it brought is kept.

    Raises:
        LookupError: There is no such source.
    """
    with unit_of_work(engine) as connection:
        done = connection.execute(
            text(
                "UPDATE source SET enabled = :enabled, updated_at = :now WHERE name = :name AND kind <> :collection"
            ),
            {"enabled": enabled, "now": now, "name": name, "collection": COLLECTION},
        )
        if done.rowcount != 1:
            raise LookupError(f"There is no source {name}.")
        audit.record(connection, "source.resumed" if enabled else "source.paused", f"source {name}")


def shown_block(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block for showing, as a configuration file has it: no secret, nothing that is not set."""
    found: dict[str, Any] = masked({key: value for key, value in block.items() if value not in ({}, None)})
    return found
