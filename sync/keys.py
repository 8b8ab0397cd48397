"""Former keys of work items: kept when an item is moved or its project renamed, so that they still lead to it.

Two things tell of one: an item's history names the keys it had before we knew it, and a key that is another
than at the last reading is kept by the table's own trigger (`keep_former_key`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

_IN_A_LINE: Final = b"\tKey\t"  # the field of a change, between the tabs of its COPY line


def with_former_keys(ids: Sequence[str], transitions: Sequence[bytes]) -> list[str]:
    """Return those items of a page whose history may tell of another key; `transitions` are their COPY lines."""
    return [one for one, lines in zip(ids, transitions, strict=bool(transitions)) if _IN_A_LINE in lines]


def keep_from_history(
    connection: Connection, source_id: int, external_ids: Collection[str], now: datetime
) -> int:
    """Keep the keys that these items' stored history says they had; returns how many were new."""
    if not external_ids:
        return 0
    found = connection.execute(
        text(
            "INSERT INTO work_item_key (source_id, key, item_external_id, known_from, says)"
            " SELECT DISTINCT ON (t.from_value) t.source_id, t.from_value, t.item_external_id, :now,"
            " 'its history says so, on ' || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
            " FROM transition t WHERE t.source_id = :source AND t.item_external_id = ANY(:ids)"
            " AND t.field = 'Key' AND t.from_value IS NOT NULL ORDER BY t.from_value, t.at DESC"
            " ON CONFLICT DO NOTHING"
        ),
        {"source": source_id, "ids": list(external_ids), "now": now},
    )
    return found.rowcount


def resolve(
    connection: Connection, keys: Collection[str], source_id: int | None = None
) -> Mapping[str, list[int]]:
    """Find the items that keys lead to, by the keys they have now and by those they had before.

    A key that an item has now leads to no other item of its source.

    Returns:
        Each key with the ids (of `work_item`) it leads to, one a source; keys that lead nowhere are left out.
    """
    rows = connection.execute(
        text(
            "SELECT w.wanted, i.id FROM source s CROSS JOIN unnest(CAST(:keys AS text[])) AS w(wanted)"
            " JOIN work_item i ON i.source_id = s.id AND i.key = w.wanted"
            " WHERE CAST(:source AS bigint) IS NULL OR i.source_id = :source"
            " UNION"
            " SELECT w.wanted, i.id FROM source s CROSS JOIN unnest(CAST(:keys AS text[])) AS w(wanted)"
            " JOIN work_item_key k ON k.source_id = s.id AND k.key = w.wanted"
            " JOIN work_item i ON i.source_id = k.source_id AND i.external_id = k.item_external_id"
            " WHERE (CAST(:source AS bigint) IS NULL OR k.source_id = :source) AND NOT EXISTS"
            " (SELECT 1 FROM work_item n WHERE n.source_id = k.source_id AND n.key = k.key AND n.deleted_at IS NULL)"
            " ORDER BY 1, 2"
        ),
        {"keys": list(keys), "source": source_id},
    )
    found: dict[str, list[int]] = {}
    for key, id_ in rows:
        found.setdefault(key, []).append(id_)
    return found
