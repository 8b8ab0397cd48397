"""Fixed: the version of the data that a listing was first asked at, kept in its cursor.

A listing that is ordered by a value which may change stays in the order of its first page: what was written since
moves nothing.
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, String, literal_column

from api.wire.problems import Problem

# What the database says of its snapshot, and when that was, in whole seconds.
NOW: Final[ColumnElement[str]] = literal_column(
    "concat(pg_current_snapshot(), '@', CAST(extract(epoch FROM now()) AS bigint))", String
)
_WRITTEN: Final = re.compile(
    r"([0-9]{1,18}):([0-9]{1,18}):((?:[0-9]{1,18}(?:,[0-9]{1,18}){0,199})?)@([0-9]{1,11})"
)
_KEY: Final = re.compile(r"[0-9]{1,60}")
KEPT: Final = "7 days"  # for so long what a value was is kept beside it


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot of the database: transactions before `oldest` are in it; from `next` on none is, nor are `running`."""

    oldest: int
    next: int
    running: tuple[int, ...]
    at: int  # seconds since 1970

    @classmethod
    def read(cls, written: str) -> Self | None:
        """Read what `NOW` or a cursor says; None where it is nothing of the kind."""
        found = _WRITTEN.fullmatch(written)
        if found is None:
            return None
        running = tuple(int(each) for each in found[3].split(",") if each)
        return cls(int(found[1]), int(found[2]), running, int(found[4]))

    def __str__(self) -> str:
        """Return it as `read` takes it."""
        return f"{self.oldest}:{self.next}:{','.join(map(str, self.running))}@{self.at}"

    def value(self, column: str, before: str) -> ColumnElement[str]:
        """Return SQL for what a column of text was at this version of the data.

        Args:
            column: The column, with its table.
            before: The column that keeps what it was: the oldest first, each with `was`, and `at` and `xid` of the
                transaction that changed it.
        """
        number, running = "CAST(e ->> 'xid' AS bigint)", ",".join(map(str, self.running))
        # A transaction's number says nothing in another cluster, where a dump was brought back: there time does.
        seen = (
            f"({number} < {self.oldest:d} OR ({number} < {self.next:d}"
            f" AND {number} <> ALL(CAST('{{{running}}}' AS bigint[])))"
            f" OR CAST(e ->> 'at' AS timestamptz) < to_timestamp({self.at:d}) - interval '{KEPT}')"
        )
        return literal_column(
            f"coalesce((SELECT e ->> 'was' FROM jsonb_array_elements({before}) WITH ORDINALITY AS t(e, n)"
            f" WHERE NOT {seen} ORDER BY n LIMIT 1), {column})",
            String,
        )


def versioned(after: Any) -> tuple[Version, str]:
    """Take the version and the key out of what a cursor holds.

    Raises:
        Problem: 404 when the cursor belongs to another listing.
    """
    version, _, key = after.partition("|") if type(after) is str else ("", "", "")
    found = Version.read(version)
    if found is None or _KEY.fullmatch(key) is None:
        raise Problem(404, "no-such-page", "cursor: not one that this API gave; start again without it")
    return found, key
