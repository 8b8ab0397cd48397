"""Save a mapping: held to its examples first, then it counts from the next run on."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from sync.apply import stored_config
from sync.examples import failing, resolve, take
from sync.json import dump_bytes, dumps
from sync.newly import in_words, newly_rejected
from sync.offline import Offline, not_in_pages, open_offline
from sync.rebuild import tally
from sync.registry import Opener, check_source, open_for_reading
from sync.store import unit_of_work
from sync.versions import Proposal, ProposalError, Saving, Version, add_version, newest, read_as, settings_of


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved version. `missing` are fields that the stored pages do not hold: the next run reads in full.

    `without` are the streams of which it has no example.
    """

    version: Version
    missing: tuple[str, ...]
    taken: int  # examples that were taken from the store
    without: tuple[str, ...] = ()


def save(
    engine: Engine,
    source: str,
    proposal: Proposal,
    *,
    where: str,
    saving: Saving,
    opener: Opener | None = None,
    anyway: bool = False,
) -> Saved:
    """Store settings as the source's newest version and put them into its block.

    Where the file gives no examples, those of the version before stay, or a few stored records are taken.
    Settings that reject records taken now are saved `anyway` only.

    Raises:
        LookupError: No such source.
        MisconfiguredSource: The settings do not hold.
        ProposalError: An example does not come out, records would be rejected, or nothing would change.
    """
    with (
        unit_of_work(engine) as connection,
        open_offline(
            connection, source, settings=proposal.settings(), opener=opener or open_for_reading
        ) as offline,
    ):
        if opener is None:
            check_source(offline.block)
        before = newest(connection, offline.source_id)
        settings = settings_of(offline.block)
        examples = _examples(connection, offline, proposal, before, where)
        if (
            before is not None
            and before.read_as == read_as(offline.spec, settings)
            and list(before.examples) == examples
        ):
            raise ProposalError(f"{where}: this is how {source} is read already (version {before.version})")
        if not anyway:
            _no_more_rejects(connection, offline, where)
        version = add_version(
            connection, offline.source_id, offline.spec, settings, examples=examples, saving=saving
        )
        _put_into_block(connection, offline, saving.at)
        _accept_all(connection, offline.source_id, saving)
        missing = tuple(not_in_pages(connection, offline))
        named = {each["stream"] for each in examples}
        without = tuple(sorted(offline.mappings.keys() - named))
        return Saved(version, missing, sum(1 for each in examples if each.get("taken")), without)


def _no_more_rejects(connection: Connection, offline: Offline, where: str) -> None:
    found = tally(connection, offline.source_id, offline.mappings, offline.streams)
    if new := newly_rejected(connection, offline, found):
        raise ProposalError(
            f"{where}: {len(new)} records that are taken now would be rejected: {in_words(new)}. See all of it by"
            f" `muster mapping preview {offline.name} --file FILE`; to have it so, `muster mapping save` --anyway"
        )


def _examples(
    connection: Connection, offline: Offline, proposal: Proposal, before: Version | None, where: str
) -> list[dict[str, Any]]:
    if proposal.examples:
        given = resolve(connection, offline, proposal.examples, where=where)
        if wrong := failing(connection, offline, given):
            raise ProposalError("\n".join(f"{where}: {each.says}" for each in wrong))
        return given
    kept = [dict(each) for each in before.examples if not each.get("taken")] if before is not None else []
    if wrong := failing(connection, offline, kept):
        says = "\n".join(f"{where}: {each.says}" for each in wrong)
        raise ProposalError(
            f"{says}\nThese are the examples of the version before; give them anew if they are to change"
        )
    return kept or take(connection, offline)


def _put_into_block(connection: Connection, offline: Offline, now: datetime) -> None:
    config = stored_config(offline.block)
    connection.execute(
        text(
            "UPDATE source SET config = CAST(:config AS jsonb), fingerprint = :fingerprint, updated_at = :now"
            " WHERE id = :id"
        ),
        {
            "config": dumps(config),
            "fingerprint": hashlib.sha256(dump_bytes(config, canonical=True)).hexdigest(),
            "now": now,
            "id": offline.source_id,
        },
    )


def _accept_all(connection: Connection, source_id: int, saving: Saving) -> None:
    """Whoever saves a mapping has made it for the source as it was last seen."""
    connection.execute(
        text("UPDATE source_shape SET accepted = seen WHERE source_id = :id"), {"id": source_id}
    )
    connection.execute(
        text(
            "UPDATE drift SET resolved_at = :now, resolved_by = :by WHERE source_id = :id AND resolved_at IS NULL"
        ),
        {"now": saving.at, "by": saving.by, "id": source_id},
    )
