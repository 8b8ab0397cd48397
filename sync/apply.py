"""Apply a configuration file: say what would change, then change it; and give it back."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import yaml
from sqlalchemy import Connection, Engine, RowMapping, text

from config.document import Document, SourceBlock
from config.secrets import masked
from connectors.address import origin_of
from connectors.errors import MisconfiguredSource
from model.currency import Rate
from sync.audit import record
from sync.json import dump_bytes, dumps
from sync.portfolio_versions import keep_version
from sync.record_rows import COLLECTION
from sync.registry import address_of, check_source
from sync.rollup.rates import as_block, differences, standing
from sync.rollup.rates import replace as replace_rates
from sync.store import unit_of_work


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan. `action` is add, change, disable or keep."""

    action: str
    what: str
    details: tuple[str, ...] = ()


def plan(
    connection: Connection, document: Document, *, check: Callable[[SourceBlock], None] = check_source
) -> list[Change]:
    """Compare a configuration with what is applied, after checking every source.

    Raises:
        MisconfiguredSource: A source's block does not hold; names the source and the option.
    """
    for block in document.sources:
        if block.name == COLLECTION:
            raise MisconfiguredSource(
                "name: people's answers are kept under this one; choose another", source=block.name
            )
        check(block)
    changes = [_portfolio_change(connection, document)]
    stored = {
        name: (config, enabled)
        for name, config, enabled in connection.execute(text("SELECT name, config, enabled FROM source"))
    }
    for block in document.sources:
        wanted = stored_config(block)
        if block.name not in stored:
            changes.append(Change("add", f"source {block.name} ({block.kind})"))
        elif stored[block.name][0] != wanted or stored[block.name][1] != block.enabled:
            config, enabled = stored[block.name]
            differences = differences_of({**config, "enabled": enabled}, {**wanted, "enabled": block.enabled})
            warning = another_place(connection, block, stored_block(block.name, config))
            changes.append(Change("change", f"source {block.name}", (*differences, *warning)))
        else:
            changes.append(Change("keep", f"source {block.name}"))
    named = {block.name for block in document.sources}
    changes += [
        Change("disable", f"source {name}", ("no longer in the file; its data is kept",))
        for name, (_, enabled) in stored.items()
        if name not in named and enabled
    ]
    return [*changes, *_rate_changes(connection, document)]


_FEW: Final = 5


def _wanted_rates(document: Document) -> list[Rate]:
    return [Rate(each.on, each.base, each.quote, each.rate, each.source) for each in document.rates]


def _rate_changes(connection: Connection, document: Document) -> list[Change]:
    """Return one line for all rates of exchange; none where there are none and were none."""
    new, gone = differences(connection, _wanted_rates(document))
    if not new and not gone:
        return [Change("keep", f"{len(document.rates)} rates of exchange")] if document.rates else []
    replaced = {(each.base, each.quote, each.day) for each in new}
    lines = [_rate_says(each) for each in new]
    lines += [
        f"{_rate_says(each)}: no longer in the file"
        for each in gone
        if (each.base, each.quote, each.day) not in replaced
    ]
    more = (f"and {len(lines) - _FEW} more",) if len(lines) > _FEW else ()
    return [Change("change" if gone else "add", "rates of exchange", (*lines[:_FEW], *more))]


def _rate_says(rate: Rate) -> str:
    return f"{rate.day}: 1 {rate.base} = {rate.rate:f} {rate.quote} ({rate.source})"


def another_place(connection: Connection, block: SourceBlock, before: SourceBlock) -> tuple[str, ...]:
    """Say what it means that a source is to be read at another address; refuse another kind of tracker.

    Raises:
        MisconfiguredSource: Records of the kind it was are stored under its name.
    """
    if block.kind == before.kind and _host(block) == _host(before):
        return ()
    read = connection.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM raw_page p JOIN source s ON s.id = p.source_id WHERE s.name = :name)"
        ),
        {"name": block.name},
    ).scalar_one()
    if not read:
        return ()
    if block.kind != before.kind:
        raise MisconfiguredSource(
            f"kind: {before.kind} records are stored under this name; give the {block.kind} source another name,"
            " and leave this one out to stop reading it",
            source=block.name,
        )
    says = (
        f"what was read at {_host(before)} is taken for the same site's at {_host(block)}: right where the site has"
        " a new address; where it is another site, give it another name"
    )
    return (says,)


def _portfolio_change(connection: Connection, document: Document) -> Change:
    wanted = document.portfolio.model_dump()
    row = _portfolio_of(connection, wanted["key"])
    if row is None:
        return Change("add", f"portfolio {wanted['key']}")
    if dict(row) != wanted:
        return Change("change", f"portfolio {wanted['key']}", differences_of(dict(row), wanted))
    return Change("keep", f"portfolio {wanted['key']}")


def _portfolio_of(connection: Connection, key: str) -> RowMapping | None:
    return connection.execute(
        text("SELECT key, name, timezone, currency, workbooks FROM portfolio WHERE key = :key"), {"key": key}
    ).mappings().one_or_none()  # fmt: skip


def differences_of(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """Say what differs between two blocks, a line an option; secrets are starred."""
    before, after = masked(old), masked(new)
    return tuple(
        f"{key}: {before.get(key)!r} → {after.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def stored_config(block: SourceBlock) -> dict[str, Any]:
    """Return a source's block as it is stored: JSON, secrets as references, without name and state."""
    return dict(block.model_dump(mode="json", exclude={"name", "enabled"}))


def stored_block(name: str, config: dict[str, Any], *, enabled: bool = True) -> SourceBlock:
    """Return the block that `stored_config` was made from."""
    return SourceBlock.model_validate({"name": name, "enabled": enabled, **config})


def apply(
    engine: Engine,
    document: Document,
    *,
    now: datetime,
    check: Callable[[SourceBlock], None] = check_source,
) -> list[Change]:
    """Make the applied configuration equal to the file, in one transaction; returns what changed.

    A source that left the file is disabled; nothing it brought is removed.

    Raises:
        MisconfiguredSource: As `plan`; nothing is then changed.
    """
    with unit_of_work(engine) as connection:
        connection.execute(text("LOCK TABLE source IN SHARE ROW EXCLUSIVE MODE"))
        changes = plan(connection, document, check=check)
        was = _portfolio_of(connection, document.portfolio.key)
        connection.execute(
            text(
                "INSERT INTO portfolio (key, name, timezone, currency, workbooks)"
                " VALUES (:key, :name, :timezone, :currency, :workbooks)"
                " ON CONFLICT (key) DO UPDATE SET name = excluded.name, timezone = excluded.timezone,"
                " currency = excluded.currency, workbooks = excluded.workbooks"
            ),
            document.portfolio.model_dump(),
        )
        keep_version(connection, was, document.portfolio.key, now=now)
        for position, block in enumerate(document.sources):
            store_source(connection, block, position, now)
        connection.execute(
            text(
                "UPDATE source SET enabled = false, updated_at = :now WHERE enabled AND name <> ALL(:names)"
            ),
            {"now": now, "names": [block.name for block in document.sources]},
        )
        replace_rates(connection, _wanted_rates(document), now=now)
        for change in changes:
            _record(connection, change)
    return changes


def _record(connection: Connection, change: Change) -> None:
    """Write a change of the configuration into the log; its details hold no secret."""
    noun = change.what.partition(" ")[0]
    verb = {"add": "added", "change": "changed", "disable": "taken_out"}.get(change.action)
    if verb is not None:
        action = f"source.{verb}" if noun == "source" else "portfolio.changed"
        record(connection, action, change.what.partition(" (")[0], {"changes": change.details or None})


def store_source(connection: Connection, block: SourceBlock, position: int, now: datetime) -> None:
    """Write a source's configuration, over the one it has where it is there."""
    config = stored_config(block)
    connection.execute(
        text(
            "INSERT INTO source AS t (name, kind, position, config, schedule, host, enabled, fingerprint,"
            " created_at, updated_at) VALUES (:name, :kind, :position, CAST(:config AS jsonb), :schedule, :host,"
            " :enabled, :fingerprint, :now, :now) ON CONFLICT (name) DO UPDATE SET kind = excluded.kind,"
            " position = excluded.position, config = excluded.config, schedule = excluded.schedule,"
            " host = excluded.host, enabled = excluded.enabled, fingerprint = excluded.fingerprint,"
            " updated_at = CASE WHEN t.config = excluded.config THEN t.updated_at ELSE excluded.updated_at END"
        ),
        {
            "name": block.name,
            "kind": block.kind,
            "position": position,
            "config": dumps(config),
            "schedule": block.schedule,
            "host": _host(block),
            "enabled": block.enabled,
            "fingerprint": hashlib.sha256(dump_bytes(config, canonical=True)).hexdigest(),
            "now": now,
        },
    )


def _host(block: SourceBlock) -> str:
    """Return what must not be pulled by two at once: the server, or the folder's own name."""
    address = address_of(block)
    if address is None:
        return f"local:{block.options().get('folder', block.name)}"
    scheme, host, port = origin_of(address)
    usual = origin_of(f"{scheme}://{host}")[2]
    return host if port == usual else f"{host}:{port}"


def export(connection: Connection) -> str:
    """Write the applied configuration as a file that `apply` takes; secrets are references in it.

    Raises:
        LookupError: Nothing has been applied yet.
    """
    portfolio = connection.execute(
        text("SELECT key, name, timezone, currency, workbooks FROM portfolio ORDER BY id LIMIT 1")
    ).mappings().one_or_none()  # fmt: skip
    if portfolio is None:
        raise LookupError("nothing has been applied yet; begin with `muster apply -f FILE`")
    rows: Sequence[Any] = connection.execute(
        text("SELECT name, config, enabled FROM source WHERE kind <> :collection ORDER BY position, name"),
        {"collection": COLLECTION},
    ).all()
    sources = []
    for name, config, enabled in rows:
        block = {"name": name, **{key: value for key, value in config.items() if value not in ({}, None)}}
        sources.append(block if enabled else {**block, "enabled": False})
    document: dict[str, Any] = {
        "apiVersion": "muster/v1",
        "portfolio": {key: value for key, value in portfolio.items() if value is not None},
        "sources": sources,
    }
    if rates := standing(connection):
        document["rates"] = [as_block(rate) for rate in rates]
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
