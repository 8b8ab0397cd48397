"""Write events of the log as CSV and NDJSON, as they come out of the database."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from api.spreadsheet import harmless
from model.audit import Linked, canonical, instant
from sync.json import dumps

FileFormat = Literal["csv", "ndjson"]
MEDIA: Final[dict[FileFormat, str]] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
}
_COLUMNS: Final = (
    "seq",
    "at",
    "actor",
    "way",
    "address",
    "action",
    "subject",
    "detail",
    "digest",
    "prev",
    "hash",
)


def document(each: Linked) -> dict[str, Any]:
    """Return an event as one reads it, with its place in the chain."""
    event = each.event
    return {
        "seq": each.seq, "at": instant(event.at), "actor": event.actor, "way": event.way, "address": event.address,
        "action": event.action, "subject": event.subject, "detail": event.detail, "digest": each.digest,
        "prev": each.prev, "hash": each.hash,
    }  # fmt: skip


def lines(events: Iterable[Linked], format_: FileFormat) -> Iterator[str]:
    """Write the events, a line each; in CSV, text that a spreadsheet would run as a formula gets an apostrophe."""
    if format_ == "ndjson":
        for each in events:
            yield f"{dumps(document(each))}\n"
        return
    yield _row(_COLUMNS)
    for each in events:
        found = document(each) | {"detail": canonical(each.event.detail)}
        yield _row([harmless(found[name]) for name in _COLUMNS])


def _row(values: Iterable[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(["" if value is None else value for value in values])
    return out.getvalue()
