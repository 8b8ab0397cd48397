"""To compute: match and claim as far as anything was written, and say which projects are to be computed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.policy import Policy
from sync.areas import KIND as AREA
from sync.claim import claim_all, runs_to_claim
from sync.consolidation.colouring import Setting, led, setting_of
from sync.consolidation.grounds import Standing, standing_of
from sync.consolidation.log import Last, begin, last
from sync.consolidation.outcome import Consolidation
from sync.consolidation.touched import (
    Touched,
    being_fixed,
    is_matching_touched,
    name_writer,
    of_sources,
    take,
)
from sync.match import match
from sync.record_rows import COLLECTION
from sync.sight import being_read

NOT_COMPUTED: Final = "not_computed"  # of a log: projects that failed, which are tried again the next time


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be coloured, and how.

    `number` is of the log, None where the consolidation is of some projects only; `standing` what is put down
    there when it ends.
    """

    setting: Setting
    projects: list[UUID]
    there: int  # projects there are
    number: int | None = None
    standing: Standing | None = None
    said: dict[str, Any] = field(default_factory=dict)


def prepare_all(session: Session, done: Consolidation, policy: Policy | None) -> Prepared:
    """Match and claim what was touched since the last consolidation of the day; all, where there is none.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    own = f"{uuid4()}"
    name_writer(session, own)
    before = last(session)
    number: int | None = begin(session, done.as_of, done.known_at)
    runs = runs_to_claim(session, done.known_at)
    readable = _readable(session, done, runs)
    touched = take(session, done.known_at, readable)
    goes_on = before is not None and before.continues(done.as_of, done.known_at) and not touched.everything
    said = _matched(session, done, before.said if goes_on and before is not None else None, touched)
    touched = touched.joined(take(session, done.known_at, readable, own=own))
    setting = setting_of(session, done.as_of, done.known_at, policy)
    standing = standing_of(session, setting)
    if before is not None and done.known_at < before.known_at:
        number = None  # a look back is nothing to go on from
    some: set[UUID] | None = None
    if goes_on and before is not None and not standing.differs(before.stood_on) and not touched.everything:
        some = touched.projects
    _claim(session, done, runs, some)
    there = led(session, done.known_at)
    if some is None or before is None:
        take(session, done.known_at, readable, own=own)
        return Prepared(setting, there, len(there), number, standing, said)
    some = some | take(session, done.known_at, readable, own=own).projects
    some |= _by_reading(session, before, standing)
    some |= {UUID(each) for each in before.said.get(NOT_COMPUTED, ())}
    chosen = [each for each in there if each in some]
    return Prepared(setting, chosen, len(there), number, standing, said)


def prepare_some(
    session: Session, done: Consolidation, policy: Policy | None, projects: Collection[UUID] | None
) -> Prepared:
    """Match and claim, to colour some projects (None: all) apart from the order of consolidations.

    Claims are of these projects only. What was touched stays so. A snapshot of another day than the last one's is
    history to that day: then the next consolidation computes everything.

    Raises:
        NotConfigured: There is no portfolio yet.
    """
    before = last(session)
    begin(session, done.as_of, done.known_at, whole=before is not None and before.as_of != done.as_of)
    stands = projects is not None and before is not None and before.ended and not is_matching_touched(session)
    _matched(session, done, before.said if stands and before is not None else None, Touched())
    setting = setting_of(session, done.as_of, done.known_at, policy)
    wanted = None if projects is None else set(projects)
    _claim(session, done, runs_to_claim(session, done.known_at), wanted)
    there = led(session, done.known_at)
    chosen = there if wanted is None else [each for each in there if each in wanted]
    return Prepared(setting, chosen, len(there))


def _readable(session: Session, done: Consolidation, runs: Collection[int]) -> set[int]:
    """Return the sources whose rows this consolidation sees to the end."""
    collected = session.execute(text("SELECT id FROM source WHERE kind = :kind"), {"kind": COLLECTION})
    return ({*runs, *collected.scalars()}) - being_read(session, done.known_at).keys()


def _matched(
    session: Session, done: Consolidation, said: dict[str, Any] | None, touched: Touched
) -> dict[str, Any]:
    """Match, unless `said` stands: the words of a matching since which nothing changed that it looks at."""
    if said is None or touched.matching or _has_areas(session, touched.sources):
        matched = match(session, known_at=done.known_at)
        tiers = (said or {}).get("tiers", {})  # of what is not computed again
        said = {"unbound": matched.unbound, "warnings": matched.warnings, "tiers": tiers}
    done.unbound = list(said["unbound"])
    done.warnings += said["warnings"]
    return said


def _has_areas(session: Session, sources: Collection[int]) -> bool:
    """Say whether work items of these sources belong where their area does, which matching finds out."""
    found = session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM scope WHERE kind = :area AND deleted_at IS NULL"
            " AND source_id = ANY(CAST(:sources AS bigint[])))"
        ),
        {"area": AREA, "sources": list(sources)},
    )
    return bool(found.scalar_one())


def _claim(session: Session, done: Consolidation, runs: dict[int, int], some: set[UUID] | None) -> None:
    claimed = claim_all(session, done.known_at, runs=runs, projects=some)
    done.claims, done.withdrawn = claimed.written, claimed.withdrawn
    done.warnings += claimed.warnings


def _by_reading(session: Session, before: Last, standing: Standing) -> set[UUID]:
    """Return the projects that are touched by how far their sources were read, and not by what was."""
    found = of_sources(session, standing.moved(before.stood_on))
    if standing.synced != before.stood_on.get("synced"):
        found |= being_fixed(session)
    return found
