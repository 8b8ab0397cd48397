"""What to read in one workbook, as data: it travels to the child and is kept with the raw page."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import orjson

Holds = Literal[
    "projects",
    "milestones",
    "raid",
    "costs",
    "contracts",
    "benefits",
    "roles",
    "utilisation",
    "reviews",
    "baselines",
]
HOLDS: Final[tuple[Holds, ...]] = (
    "projects", "milestones", "raid", "costs", "contracts", "benefits", "roles", "utilisation", "reviews",
    "baselines",
)  # fmt: skip
# The kinds that a table nobody asked for is taken for: their columns are like no others.
MAIN: Final[tuple[Holds, ...]] = HOLDS[:4]
ENTITY: Final[dict[Holds, str]] = {
    "projects": "project",
    "milestones": "milestone",
    "raid": "raid_item",
    "costs": "cost_line",
    "contracts": "contract",
    "benefits": "benefit",
    "roles": "project_role",
    "utilisation": "utilisation",
    "reviews": "quality_review",
    "baselines": "baseline",
}
# What identifies a row that has no reference, the column that says most last.
NATURAL: Final[dict[Holds, tuple[str, ...]]] = {
    "milestones": ("project_ref", "name"),
    "benefits": ("project_ref", "title"),
    "roles": ("project_ref", "role"),
    "utilisation": ("project_ref", "team", "week"),
    "reviews": ("project_ref", "title"),
    "baselines": ("project_ref", "number"),
}
# The amounts of kinds whose rows each have a currency of their own.
AMOUNTS: Final[dict[Holds, tuple[str, ...]]] = {
    "raid": ("cost_impact",),
    "costs": ("amount",),
    "contracts": ("value", "invoiced"),
    "benefits": ("target", "forecast", "actual"),
    "baselines": ("budget",),
}
READER: Final = 4  # raised when the same bytes would be read differently, so that they are read again


@dataclass(frozen=True, slots=True)
class Layout:
    """One sheet of one workbook and how its office writes things.

    `file` is its name as locators show it. `sheet` None: the one that fits best. `prefix` keeps the
    ids of two sheets of one source apart. `year` is that of month columns which have none.
    """

    holds: Holds
    file: str
    sheet: str | None = None
    key: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)  # attribute -> header
    date_order: str | None = None  # dmy, mdy or ymd; None: decided on the evidence
    decimal: str | None = None  # "." or ","; None: decided on the evidence
    header_row: int | None = None  # counted from 1
    kind: str | None = None
    project: str | None = None
    currency: str | None = (
        None  # of amounts that do not say: an ISO code, or an ambiguous sign above the table
    )
    year: int | None = None
    fill_down: tuple[str, ...] = ()
    table: str | None = None  # one of several on the sheet: an area, a name, or the title over it
    swapped: bool | None = (
        None  # whether Excel swapped day and month of real dates; None: decided on the evidence
    )
    sheet_id: str | None = None  # of the sheet read last time, by which a renamed one is recognised
    span: tuple[int, int] | None = None  # the records of this page, of a sheet that takes several
    prefix: str = ""
    url: str | None = None
    reader: int = READER

    def to_json(self) -> bytes:
        """Write it as the first part of a page."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, text: bytes) -> "Layout":
        """Read it back from a page."""
        given: dict[str, Any] = orjson.loads(text)
        span = given.get("span")
        lists = {"key": tuple(given["key"]), "fill_down": tuple(given["fill_down"])}
        return cls(**given | lists | {"span": (span[0], span[1]) if span else None})


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one workbook may cost."""

    memory_mb: int = 2048
    seconds: int = 120
    unpacked_mb: int = 768
    cells: int = 24_000_000  # of one sheet, empty ones inside its block included


class Refused(Exception):
    """The workbook or the sheet cannot be read; the message says where, why, and what to do."""
