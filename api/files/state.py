"""The state of all that files are made from, as one text: it is another as soon as a row of any set is."""

from typing import Final

from sqlalchemy import TextClause, text

from api.wire.etag import WRITING
from model.base import Base

# Tables without a stamp that sets are read from. Transitions and the like are stamped with their items.
_UNSTAMPED: Final = (
    (
        "(SELECT md5(string_agg(concat_ws('/', b.*::text), '|' ORDER BY project_id, programme_id))"
        " FROM programme_project b)"
    ),
    "(SELECT concat_ws('/', count(*), max(id), max(known_to)) FROM currency_rate)",
    "(SELECT string_agg(concat_ws('/', id, name), '|' ORDER BY id) FROM source)",
    # A row is stamped with its writer's beginning, which may lie behind what was seen: each statement counts.
    "(SELECT last_value FROM feed_writes)",
)
# While another transaction writes, what it has counted already is not to be seen: its number makes the state a
# passing one. A snapshot does not list the newest transactions, which hold a lock on their number.
_UNDER_WAY: Final = f"concat_ws('/', {WRITING})"


def state() -> TextClause:
    """Return the query for it; to be asked in the transaction that the file is read in."""
    stamped = [name for name, table in Base.metadata.tables.items() if "changed_at" in table.c]
    parts = [f"(SELECT max(changed_at) FROM {name})" for name in sorted(stamped)]
    return text(f"SELECT concat_ws(',', {', '.join([*parts, *_UNSTAMPED, _UNDER_WAY])})")
