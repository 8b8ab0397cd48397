"""A stream of which a run took nothing, or too little, because its records were rejected."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

from sync.rejects import without_value
from sync.run_context import Ending

MOST: Final = 0.2  # share of a stream's records that a run may reject and still count as well
FEW: Final = 10  # rejected records that are told of one by one, unless nothing else came


def refused(ending: Ending, tables: Mapping[str, str], *, full: bool) -> None:
    """Make it a problem of a run that a stream's records were rejected, all of them or more than the share.

    A few of before that were asked for again in vain are none: the run that met them has told of them.

    Args:
        ending: Gets a sentence a stream.
        tables: Stream -> table of the streams that were read.
        full: Whether the run read everything.
    """
    with ending.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT stream, stored, rejected FROM run_stream WHERE run_id = :run AND rejected > 0"
                " AND stream = ANY(:streams) ORDER BY stream"
            ),
            {"run": ending.run_id, "streams": list(tables)},
        ).all()
        for stream, stored, rejected in rows:
            many = rejected >= FEW and rejected > MOST * (stored + rejected)
            if not many and (stored or not (full or _tells(connection, ending, stream, tables[stream]))):
                continue
            ending.problems.append(
                f"{ending.source}: {rejected} of {stored + rejected} {stream} were rejected"
                + ("" if stored else " and none was stored")
                + f"{_commonest(connection, ending, stream)}; see `muster rejects {ending.source}`,"
                " then mend the mapping or the source"
            )


def _tells(connection: Connection, ending: Ending, stream: str, table: str) -> bool:
    """Return whether this run met a reject for the first time, or the store has nothing of the stream's kind."""
    return bool(
        connection.scalar(
            text(
                "SELECT EXISTS (SELECT 1 FROM rejected_record WHERE run_id = :run AND stream = :stream)"
                f" OR NOT EXISTS (SELECT 1 FROM {table} WHERE source_id = :source)"
            ),
            {"run": ending.run_id, "stream": stream, "source": ending.source_id},
        )
    )


def _commonest(connection: Connection, ending: Ending, stream: str) -> str:
    rows = connection.execute(
        text(
            "SELECT reason, count(*) FROM rejected_record WHERE source_id = :source AND stream = :stream"
            " AND resolved_at IS NULL GROUP BY reason"
        ),
        {"source": ending.source_id, "stream": stream},
    )
    reasons: Counter[str] = Counter()
    for reason, number in rows:
        reasons[without_value(reason)[0]] += number
    return f", most for: {reasons.most_common(1)[0][0]}" if reasons else ""
