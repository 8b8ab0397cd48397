"""What follows the pull of all streams: rejects asked for again, ids counted, absences settled, sums held."""

from collections.abc import Callable, Sequence

from connectors.base import Censused, Page, Stream
from connectors.errors import SliceUnreadable
from sync.census import orphaned, suspect_orphans, take_census
from sync.fates import settle_stream
from sync.land import TABLES, Landing, Prepared
from sync.mapping import CompiledMapping
from sync.normalise import Batch
from sync.prepare import UnreadablePage, unprepared
from sync.quarantine import retry, settle_slices, to_read_whole
from sync.reconcile import reconcile
from sync.run_context import Ending
from sync.store import landing_session
from sync.tombstone import slice_ids

Cursors = dict[str, dict[str, object]]


def set_back(ending: Ending, streams: Sequence[tuple[Stream, Cursors]]) -> None:
    """Take their cursor for this run from slices in which earlier runs left what can only be read with all of it."""
    with ending.engine.connect() as connection:
        for stream, cursors in streams:
            for slice_ in to_read_whole(connection, ending, stream):
                cursors.pop(slice_, None)


def finish(
    ending: Ending,
    landing: Landing,
    streams: Sequence[Stream],
    *,
    again: bool,
    census: bool,
) -> None:
    """Finish a run's streams, in their order: a project's fate is known before that of what is in it.

    Args:
        ending: Gets what went wrong.
        landing: Where the run's pages landed.
        streams: Those that were pulled.
        again: Whether what earlier runs could not read is asked for by its ids; a full reading meets it anyhow.
        census: Whether all ids are to be counted.
    """
    for stream in streams:
        failed = [each for each in landing.unreadable if each.stream == stream.name]
        slices = landing.slices.get(stream.name)
        read = [each.name for each in slices or ()]
        settle_slices(ending, stream.name, failed, [*read, *([""] if slices is not None else [])])
        if slices is None:
            continue
        land = _lander(ending, landing, stream)
        if again:
            retry(ending, stream, slices, land)
        table = table_of(landing.mappings[stream.name])
        with ending.engine.connect() as connection:
            lost = orphaned(connection, ending, stream.name, slices)
        if failed and ending.reconfigured:
            lost = []  # what came by a slice of before may now be in the one that could not be read
        if isinstance(stream, Censused):
            if census or lost:
                take_census(ending, stream, table, slices, land)
        elif lost:
            suspect_orphans(ending, stream, table, slices, _there(ending, landing, stream, table))
        settle_stream(ending, stream, table, slices)
    reconcile(ending, {name: each.entity for name, each in landing.mappings.items()}, _whole(landing))


def table_of(mapping: CompiledMapping) -> str:
    """Return the table that a stream's records stand in."""
    return TABLES.get(mapping.entity, mapping.entity)


def _lander(ending: Ending, landing: Landing, stream: Stream) -> Callable[[Page], Batch]:
    """Return what lands a page fetched by ids; one that cannot be taken apart is kept as it came, and said."""
    labels = {each.name: each.label for each in landing.slices[stream.name]}

    def land(page: Page) -> Batch:
        try:
            prepared = landing.prepare(stream, page)
        except UnreadablePage as error:
            label = labels.get(page.slice) or stream.name
            ending.problems.append(str(SliceUnreadable(str(error), source=ending.source, slice_=label)))
            prepared = Prepared(stream, page, unprepared(stream.entity, page.parts), str(error))
        with landing_session(landing.engine) as session:
            landing.store(session, prepared, listed=False)
        return prepared.batch

    return land


def _there(ending: Ending, landing: Landing, stream: Stream, table: str) -> set[str]:
    """Return the ids that a stream's present slices hold, by this run's reading or, not read whole, by the store."""
    found: set[str] = set()
    with ending.engine.connect() as connection:
        for each in landing.slices[stream.name]:
            where = (stream.name, each.name)
            if (read := landing.absentees.whole.get(where)) is not None:
                found.update(read)
                continue
            # A record that did not change still stands on the page of the slice that it came by before.
            found.update(landing.absentees.seen.get(where, ()))
            found |= slice_ids(connection, table, ending.source_id, stream.name, each.name)
    return found


def _whole(landing: Landing) -> set[str]:
    """Return the streams of which this run read every slice from its beginning to its end."""
    return {
        name
        for name, slices in landing.slices.items()
        if slices and all((name, each.name) in landing.absentees.whole for each in slices)
    }
