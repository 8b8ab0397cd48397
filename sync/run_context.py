"""What the steps after a stream's pull share: where they are, and what they have to say."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from config.document import BrakeBlock


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run's streams.

    `now` is the instant all of the run's rows are known from. `reconfigured` says that the source's
    configuration was changed since the last run. `problems` make the run partial, `warnings` do not.
    """

    engine: Engine
    source_id: int
    run_id: int
    source: str
    now: datetime
    brake: BrakeBlock = field(default_factory=BrakeBlock)
    reconfigured: bool = False
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def some(names: list[str], most: int = 5) -> str:
    """List the first few names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
