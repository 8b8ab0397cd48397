"""Settle a stream's absences: ask what became of the records, mind the brake, set the tombstones."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from connectors.base import Absence, Censused, Fate, Slice, Stream
from connectors.errors import ConnectorError, SliceUnreadable
from sync import questions
from sync.absence import TAKEN_OUT, Place, Suspect, end, hold, settle, suspects
from sync.brake import SAMPLE, Held, held
from sync.questions import MASS_LOSS, Asked, Standing
from sync.run_context import Ending
from sync.store import unit_of_work
from sync.tombstone import count_by_slice

_NOTICED: Final = {
    "page": "the source no longer gives it",
    "reading": "a whole reading no longer lists it",
    "census": "the count of all ids no longer lists it",
}
IN_WORDS: Final = {
    Fate.DELETED: "deleted",
    Fate.ARCHIVED: "archived",
    Fate.MOVED: "moved out of what this source reads",
    Fate.OUT_OF_SCOPE: "no longer in scope",
    Fate.ACCESS_LOST: "out of sight",
}


@dataclass(frozen=True, slots=True)
class _Settling:
    ending: Ending
    stream: Stream
    table: str
    slices: Mapping[str, Slice]
    standing: dict[str, Standing]

    def place(self, slice_: str) -> Place:
        return Place(self.ending.source_id, self.ending.run_id, self.stream.name, slice_, self.table)

    def label(self, slice_: str | None) -> str:
        if slice_ is None:
            return self.stream.name
        label = self.slices[slice_].label if slice_ in self.slices else self._former(slice_)
        return f"{self.stream.name} of {label}" if label and label != self.stream.name else self.stream.name

    def _former(self, slice_: str) -> str:
        """Name a slice that is no longer read by its project's key, where it was a project's."""
        with self.ending.engine.connect() as connection:
            key = connection.scalar(
                text("SELECT key FROM scope WHERE source_id = :source AND external_id = :id"),
                {"source": self.ending.source_id, "id": slice_},
            )
        return str(key or slice_)


def settle_stream(ending: Ending, stream: Stream, table: str, slices: Sequence[Slice]) -> None:
    """Settle what this stream no longer shows, this run's suspicions and those left by earlier runs."""
    with ending.engine.connect() as connection:
        found = suspects(connection, ending.source_id, stream.name, ending.run_id)
        standing = {
            subject: each
            for subject, each in questions.standing(connection, ending.source_id, MASS_LOSS).items()
            if subject.split("/", 1)[0] == stream.name
        }
        if not found and not standing:
            return
        there = count_by_slice(connection, table, ending.source_id, stream.name) if found else {}
    at = _Settling(ending, stream, table, {each.name: each for each in slices}, standing)
    accepted = {each.id for each in standing.values() if each.accepted_by is not None}
    rest = [each for each in found if each.question_id not in accepted]
    missing = Counter(each.slice for each in rest if not _ours(at, each))
    stopped = held(missing, there, ending.brake, taken_out=len(rest) - missing.total())
    single = {each.slice for each in stopped}
    asked: set[str | None] = set()
    waiting: set[int] = set()
    for stop in stopped:
        group = [one for one in rest if (one.slice if one.slice in single else None) == stop.slice]
        asked.add(_put(at, stop, group))
        waiting |= {one.id for one in group}
    by_slice: dict[str, list[Suspect]] = {}
    for each in found:
        if each.id not in waiting:
            by_slice.setdefault(each.slice, []).append(each)
    undone: set[int | None] = set()
    for slice_, group in by_slice.items():
        if not _settle_slice(at, slice_, group):
            undone |= {each.question_id for each in group}
    _close_questions(at, asked, undone)


def _ours(at: _Settling, one: Suspect) -> bool:
    """Say whether the officer took the record's whole slice out by a change of the configuration."""
    return at.ending.reconfigured and one.slice not in at.slices


def _settle_slice(at: _Settling, slice_: str, group: list[Suspect]) -> bool:
    """Settle the suspects of one slice; false where the source could not be asked, so that nothing was done."""
    fates = _fates(at, slice_, group)
    if fates is None:
        return False
    found = [(one, fates[one.external_id]) for one in group if one.external_id in fates]
    with unit_of_work(at.ending.engine) as connection:
        counts = settle(connection, at.place(slice_), found, now=at.ending.now)
        there = [one.external_id for one in group if one.external_id not in fates]
        end(connection, at.ending.source_id, at.table, there, at.ending.now)
        buried = sum(number for fate, number in counts.items() if fate is not Fate.ACCESS_LOST)
        _count(connection, at, buried)
    if lost := counts.get(Fate.ACCESS_LOST):
        says = next(absence.says for _, absence in found if absence.fate is Fate.ACCESS_LOST)
        _warn(at, slice_, lost, says)
    return True


def _warn(at: _Settling, slice_: str | None, lost: int, says: str) -> None:
    at.ending.warnings.append(
        f"{at.label(slice_)}: {lost} {'record is' if lost == 1 else 'records are'} out of sight of this account"
        f" ({says.rstrip('.')}); nothing was taken for deleted, they count as they last were. Give the account its"
        " sight back, or take them out of the source's scope"
    )


def _count(connection: Connection, at: _Settling, buried: int) -> None:
    if buried:
        connection.execute(
            text(
                "INSERT INTO run_stream AS t (run_id, stream, deleted) VALUES (:run, :stream, :n)"
                " ON CONFLICT (run_id, stream) DO UPDATE SET deleted = t.deleted + excluded.deleted"
            ),
            {"run": at.ending.run_id, "stream": at.stream.name, "n": buried},
        )


def _fates(at: _Settling, slice_: str, group: Sequence[Suspect]) -> dict[str, Absence] | None:
    """Return what became of the records; those that are there after all are left out. None: not to be asked."""
    known = {
        one.external_id: Absence(one.fate, one.says or _NOTICED[one.found_by]) for one in group if one.fate
    }
    unknown = [one for one in group if one.fate is None]
    if not unknown:
        return known
    if slice_ not in at.slices:
        return known | {one.external_id: _gone_with_its_slice(at, slice_) for one in unknown}
    if isinstance(at.stream, Censused):
        try:
            return known | dict(at.stream.fates(at.slices[slice_], [one.external_id for one in unknown]))
        except SliceUnreadable as error:
            at.ending.problems.append(str(error))
        except ConnectorError as error:
            if not error.message:
                raise
            at.ending.problems.append(str(error))
        return None
    living = _living_scopes(at, [one.external_id for one in unknown]) if at.table == "scope" else set()
    hidden = Absence(
        Fate.ACCESS_LOST, "no longer listed to this account; whether it was deleted cannot be told"
    )
    return known | {
        one.external_id: hidden
        if one.external_id in living
        else Absence(Fate.DELETED, _NOTICED[one.found_by])
        for one in unknown
    }


def _gone_with_its_slice(at: _Settling, slice_: str) -> Absence:
    if at.ending.reconfigured:
        return TAKEN_OUT
    with at.ending.engine.connect() as connection:
        scope = connection.execute(
            text(
                "SELECT key, fate FROM scope WHERE source_id = :source AND external_id = :slice"
                " AND deleted_at IS NOT NULL"
            ),
            {"source": at.ending.source_id, "slice": slice_},
        ).one_or_none()
    if scope is not None:  # the list of projects, settled before, knows what became of it
        return Absence(Fate(scope.fate or Fate.DELETED), f"so it is with its project {scope.key}")
    return Absence(
        Fate.ACCESS_LOST,
        f"{slice_} is no longer listed to this account; whether it was deleted cannot be told",
    )


def _living_scopes(at: _Settling, external_ids: list[str]) -> set[str]:
    """Return those scopes whose work items count as there: a scope with work in it is not taken for deleted."""
    with at.ending.engine.connect() as connection:
        return set(
            connection.scalars(
                text(
                    "SELECT DISTINCT scope_external_id FROM work_item WHERE source_id = :source"
                    " AND scope_external_id = ANY(:ids) AND deleted_at IS NULL"
                ),
                {"source": at.ending.source_id, "ids": external_ids},
            )
        )


def _put(at: _Settling, stop: Held, group: Sequence[Suspect]) -> str | None:
    """Hold what the brake stopped, and ask; returns the question's subject.

    None where all of a sample is merely out of sight: then nothing is at stake, and nothing is asked.
    """
    subject = at.stream.name if stop.slice is None else f"{at.stream.name}/{stop.slice}"
    sample = _sample(at, group)
    found = Counter(each.fate for each in sample.values())
    if found and set(found) == {Fate.ACCESS_LOST}:
        says = next(iter(sample.values())).says
        _lose_sight(
            at, stop.slice, group, f"{says.rstrip('.')} ({len(sample)} of {len(group)} were asked about)"
        )
        return None
    sampled = ", ".join(f"{number} {IN_WORDS[fate]}" for fate, number in sorted(found.items()))
    said = (
        f"{at.label(stop.slice)}: {stop.missing} of {stop.of} records would vanish at once"
        + (f"; of {len(sample)} that were asked about: {sampled}" if sample else "")
        + ". Nothing was taken for gone"
    )
    evidence = {
        "missing": stop.missing,
        "of": stop.of,
        "sample": {each.value: n for each, n in found.items()},
    }
    then = f"the next run takes these {stop.missing} records for gone"
    with unit_of_work(at.ending.engine) as connection:
        number = questions.ask(
            connection, at.ending.source_id, at.ending.run_id,
            Asked(MASS_LOSS, subject, said, then, evidence), now=at.ending.now,
        )  # fmt: skip
        hold(connection, group, number)
    at.ending.problems.append(
        f"{at.ending.source}: {said}. Look whether the account lost its sight or the scope was changed; if they are"
        f' rightly gone: muster accept {at.ending.source} {number} --by NAME --because "…"'
    )
    return subject


def _sample(at: _Settling, group: Sequence[Suspect]) -> dict[str, Absence]:
    """Ask what became of the first few records."""
    found: dict[str, Absence] = {}
    for slice_ in sorted({one.slice for one in group}):
        some = [one for one in group if one.slice == slice_][: SAMPLE - len(found)]
        found |= (_fates(at, slice_, some) or {}) if some else {}
    return found


def _lose_sight(at: _Settling, slice_: str | None, group: Sequence[Suspect], says: str) -> None:
    with unit_of_work(at.ending.engine) as connection:
        lost = Absence(Fate.ACCESS_LOST, says)
        settle(connection, at.place(slice_ or ""), [(one, lost) for one in group], now=at.ending.now)
    _warn(at, slice_, len(group), says)


def _close_questions(at: _Settling, asked: set[str | None], undone: Collection[int | None]) -> None:
    """Close what was done as accepted, and what is no longer so; `undone` wait for the next run, accepted or not."""
    done = [
        each.id for subject, each in at.standing.items() if subject not in asked and each.id not in undone
    ]
    with unit_of_work(at.ending.engine) as connection:
        questions.settle(connection, done, now=at.ending.now)
