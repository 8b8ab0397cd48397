"""Statuses and types that turn up in what a run read, and that the last look at their source did not list."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from connectors.base import Watched
from connectors.errors import ConnectorError
from sync.watch import Watching, hold


def look_again(watching: Watching, names: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Look at the source now where what was read shows that it is not what it was when it was last looked at.

    An incremental run may rest on a look of a while ago. Whatever came into being since is thus told in the
    very run that first reads an item of it.

    Returns:
        The semantics, and all that has drifted, as `look_first` does.
    """
    if not isinstance(watching.connector, Watched):
        return dict(names), []
    with watching.engine.connect() as connection:
        if not _turned_up(connection, watching):
            return dict(names), []
    try:
        found = watching.connector.look()
    except ConnectorError:  # the items are read and stored; the next run looks first
        return dict(names), []
    return hold(watching, names, found, discovered=False)


def _turned_up(connection: Connection, watching: Watching) -> bool:
    """Whether an item that this run changed is in a status, or of a type, that was not listed."""
    found = connection.scalar(
        text(
            "SELECT EXISTS (SELECT 1 FROM work_item AS item JOIN source_shape AS shape"
            " ON shape.source_id = item.source_id WHERE item.source_id = :source AND item.run_id = :run"
            " AND item.deleted_at IS NULL AND (item.status_id IS NOT NULL AND NOT EXISTS (SELECT 1"
            " FROM jsonb_array_elements(shape.seen -> 'states') AS known WHERE known ->> 'id' = item.status_id)"
            # A type is known by its name, which the list may have in another language: then others bear it, too.
            " OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements(shape.seen -> 'types') AS known"
            " WHERE known ->> 'name' = item.type) AND NOT EXISTS (SELECT 1 FROM work_item AS other"
            " WHERE other.source_id = item.source_id AND other.type = item.type AND other.run_id <> item.run_id)))"
        ),
        {"source": watching.source_id, "run": watching.run_id},
    )
    return bool(found)
