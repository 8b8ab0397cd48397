"""Workbooks that go out by themselves: one for each project, where the configuration says, when a cycle opens."""

from datetime import datetime

from sqlalchemy import Engine, text

from connectors.errors import ConnectorError
from sync.workbook.exchange import place_at, send

BY = "Muster"


def send_due(engine: Engine, now: datetime) -> tuple[int, list[str]]:
    """Send the workbook of every submission of an open cycle that has none there yet.

    Returns:
        How many were sent, and what went wrong, in words; what could not be sent is tried again the next time.
    """
    with engine.connect() as connection:
        to = connection.scalar(text("SELECT workbooks FROM portfolio ORDER BY id LIMIT 1"))
    if to is None:
        return 0, []
    try:
        with place_at(engine, to) as place:
            with engine.connect() as connection:
                waiting = list(
                    connection.scalars(
                        text(
                            "SELECT s.id FROM submission s JOIN cycle c ON c.id = s.cycle_id WHERE c.state = 'open'"
                            " AND s.superseded_by IS NULL AND s.state IN ('not_started', 'draft')"
                            " AND NOT EXISTS (SELECT 1 FROM workbook_sent w WHERE w.submission_id = s.id"
                            " AND w.destination = :place) ORDER BY s.id"
                        ),
                        {"place": place.name},
                    )
                )
            sent = list(send(engine, waiting, place, by=BY, now=now))
    except (ConnectorError, LookupError, OSError) as error:
        return 0, [f"workbooks of open cycles cannot be sent to {to}: {error}"]
    failed = [f"{each.file}: {each.says}" for each in sent if each.says is not None]
    return len(sent) - len(failed), failed
