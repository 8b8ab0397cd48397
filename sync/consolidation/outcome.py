"""What a consolidation did."""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(slots=True)
class Consolidation:
    """What a consolidation did. `unbound` and `warnings` are for an officer, in words.

    `failed`, of the warnings, says which projects were not computed, so that what was done is but a part.
    Of the `projects` there are `computed` were: all, or those that anything touched. `assessed`, `conflicts` and
    what is said of claims are of these.
    """

    as_of: date
    known_at: datetime
    projects: int = 0
    computed: int = 0
    claims: int = 0
    withdrawn: int = 0
    assessed: int = 0
    findings_opened: int = 0
    findings_closed: int = 0
    snapshots: int = 0
    unchanged: int = 0
    migrated: int = 0
    unbound: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
