"""What a run decides before it reads: how much, by what was asked, what was changed here, and what there."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from config.document import BrakeBlock, SourceBlock
from connectors.errors import ConnectorError
from sync import questions, scope_versions
from sync.census import is_due
from sync.extent import Extent, Reading, begin, changed_since, end, read_again, reading_of
from sync.land import Landing
from sync.registry import Opened
from sync.run_context import Ending
from sync.store import unit_of_work
from sync.watch import Watching, replay_instead

MOST_ATTEMPTS = 5  # times a process takes a run up and dies, before it counts as failed
_GAVE_UP = (
    f"its process died {MOST_ATTEMPTS} times before the run was over, most likely for want of memory; what was stored"
    " stays. Look into the system's log, then run the sync again: it goes on where it stopped"
)


@dataclass(slots=True)
class Pulling:
    """A run under way. `questions` are those that reading everything settles."""

    engine: Engine
    run_id: int
    source_id: int
    source: str
    full: bool
    census: bool
    landing: Landing
    brake: BrakeBlock = field(default_factory=BrakeBlock)
    questions: list[int] = field(default_factory=list)
    cut_short: bool = False  # its budget was spent before everything was read
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """Return the instant all of the run's rows are known from."""
        return self.landing.known_at

    def ending(self, *, reconfigured: bool) -> Ending:
        """Return what the steps of this run share; they add to its problems and warnings."""
        return Ending(
            self.engine, self.source_id, self.run_id, self.source, self.now, self.brake, reconfigured,
            self.problems, self.warnings,
        )  # fmt: skip


def not_too_often(source: str, attempts: int) -> None:
    """Refuse a run that every process which took it up has died of.

    Raises:
        ConnectorError: In words.
    """
    if attempts > MOST_ATTEMPTS:
        raise ConnectorError(_GAVE_UP, source=source)


def begin_run(pulling: Pulling, block: SourceBlock, opened: Opened) -> Extent:
    """Decide how much a run reads.

    Raises:
        ConnectorError: The source cannot be asked.
    """
    pulling.brake = block.brake or BrakeBlock()
    anew = pulling.full  # as it was asked for
    reading = reading_of(block, opened.mapping)
    with pulling.engine.connect() as connection:
        changed, rescoped = changed_since(connection, pulling.source_id, reading)
    ending = pulling.ending(reconfigured=rescoped)
    definition = scope_versions.fingerprint(opened.connector, ending)
    with unit_of_work(pulling.engine) as connection:
        found = scope_versions.look(connection, definition, ending, option=block.on_scope_change)
    reason = found.reason
    if changed and not rescoped and not (pulling.full or found.reread):
        reason = _mapped_anew(pulling, block, opened)
    if reason and not pulling.full:
        pulling.full = True
        pulling.warnings.append(reason)
    if pulling.full:
        pulling.questions = found.questions
    else:
        pulling.warnings += found.asks
    with unit_of_work(pulling.engine) as connection:
        pulling.census = pulling.census or is_due(connection, pulling.source_id, block.census, pulling.now)
        return begin(
            connection,
            pulling.source_id,
            pulling.run_id,
            full=pulling.full,
            reading=reading,
            reconfigured=rescoped,
            anew=anew,
        )


def _mapped_anew(pulling: Pulling, block: SourceBlock, opened: Opened) -> str:
    """Read the stored pages by a changed mapping; returns why the source must be read again where they will not do."""
    if (done := replay_instead(watching_of(pulling, opened), opened, block)) is not None:
        pulling.warnings.append(done)
        return ""
    return scope_versions.RECONFIGURED


def watching_of(pulling: Pulling, opened: Opened) -> Watching:
    """Return what looks after a run's mapping."""
    return Watching(
        pulling.engine, pulling.source_id, pulling.run_id, opened.connector, opened.mapping, pulling.now
    )


def end_run(pulling: Pulling, extent: Extent, block: SourceBlock, opened: Opened) -> None:
    """Note that all was read that was asked for; a changed scope counts as read only when everything was.

    What a full reading met and could not read is read from its beginning by the next run.
    """
    reading: Reading = reading_of(block, opened.mapping)
    with unit_of_work(pulling.engine) as connection:
        if extent.full:
            read_again(connection, pulling.source_id, extent, pulling.landing.unreadable)
        if extent.full or not extent.reconfigured:
            end(connection, pulling.source_id, reading)
        questions.settle(connection, pulling.questions, now=pulling.now)
