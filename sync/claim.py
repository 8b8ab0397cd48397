"""Claim: write down what each source says of each project, append-only, only where it changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.derive import derive
from sync.facts_sql import CHOSEN
from sync.json import dumps
from sync.match import portfolio_of
from sync.record_rows import COLLECTION
from sync.said import Derivation, Said

Key = tuple[UUID, str, int]  # project, attribute, source
_PART: Final = 1000  # projects whose claims are in memory at a time


@dataclass(slots=True)
class Claimed:
    """How many claims were written and withdrawn, and what could not be claimed, in words."""

    written: int = 0
    withdrawn: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The last claim of a source: what it says and since when."""

    value: Any
    unit: str | None
    valid_from: date


def claim(session: Session, run_id: int, known_at: datetime) -> Claimed:
    """Bring the claims of one run's source up to date with what it has stored."""
    source = session.execute(text("SELECT source_id FROM run WHERE id = :run"), {"run": run_id}).scalar_one()
    return _claim(session, {source: run_id}, known_at, None)


def claim_all(
    session: Session,
    known_at: datetime,
    *,
    runs: Mapping[int, int] | None = None,
    projects: Collection[UUID] | None = None,
) -> Claimed:
    """Bring the claims of sources up to date, of some projects or all; a claim carries its source's last run.

    `runs` None are those of all sources that can be (`runs_to_claim`).
    """
    runs = runs_to_claim(session, known_at) if runs is None else runs
    if projects is None:  # all, and yet not all that is said of all in memory at once
        projects = session.execute(text("SELECT id FROM project ORDER BY key")).scalars().all()
    every, done = list(projects), Claimed()
    for start in range(0, len(every), _PART):
        part = _claim(session, runs, known_at, frozenset(every[start : start + _PART]))
        done.written += part.written
        done.withdrawn += part.withdrawn
        done.warnings += part.warnings
    return done


def runs_to_claim(session: Session, known_at: datetime) -> dict[int, int]:
    """Return every source whose claims can be brought up to date, with its last run.

    A source that was read after `known_at` is left as it is: its rows say more than was known then. So is
    one that is being read: half of it says something that was never true. What people answered was claimed
    when it was published, and follows from no rows.
    """
    runs = session.execute(
        text(
            "SELECT source_id, max(id) FROM run WHERE started_at IS NOT NULL GROUP BY source_id"
            " HAVING max(started_at) <= :known_at AND NOT bool_or(state = 'running')"
            " AND NOT EXISTS (SELECT 1 FROM source s WHERE s.id = run.source_id AND s.kind = :collection)"
            " AND NOT EXISTS (SELECT 1 FROM claim c"
            " WHERE c.source_id = run.source_id AND c.known_from > :known_at)"
        ),
        {"known_at": known_at, "collection": COLLECTION},
    ).all()
    return dict(runs)


def _claim(
    session: Session, runs: Mapping[int, int], known_at: datetime, projects: Collection[UUID] | None
) -> Claimed:
    portfolio = portfolio_of(session)
    today = known_at.astimezone(ZoneInfo(portfolio.timezone)).date()
    said = derive(session, Derivation(tuple(runs), portfolio.currency, today, known_at, projects))
    stored = _stored(session, runs, projects)
    fresh = {
        key: each
        for key, each in said.by_key.items()
        if (projects is None or key[0] in projects) and _changed(each, stored.get(key))
    }
    gone = [key for key, was in stored.items() if was.value is not None and key not in said.by_key]
    rows = [
        (*key, dumps(each.value), each.unit, _valid_from(each, stored.get(key), today), each)
        for key, each in fresh.items()
    ]
    rows += [(*key, "null", None, today, _NOTHING) for key in gone]
    _append(session, rows, runs, known_at)
    empty = sum(each.value is None for each in fresh.values())
    return Claimed(written=len(fresh) - empty, withdrawn=len(gone) + empty, warnings=said.warnings)


_NOTHING: Final = Said(value=None)


def _changed(said: Said, was: _Stored | None) -> bool:
    return was is None or (said.value, said.unit) != (was.value, was.unit)


def _valid_from(said: Said, was: _Stored | None, today: date) -> date:
    """Return the day the source itself gives, unless it is no news: then the day we saw the change."""
    given = said.valid_from
    if given is None or given > today or (was is not None and given <= was.valid_from):
        return today
    return given


def _stored(
    session: Session, sources: Collection[int], projects: Collection[UUID] | None
) -> dict[Key, _Stored]:
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (project_id, attribute, source_id) project_id, attribute, source_id, value, unit,"
            " valid_from FROM claim WHERE source_id = ANY(CAST(:sources AS bigint[]))"
            f" AND {CHOSEN.format('project_id')}"
            " ORDER BY project_id, attribute, source_id, known_from DESC, id DESC"
        ),
        {"sources": list(sources), "projects": None if projects is None else list(projects)},
    )
    return {(row[0], row[1], row[2]): _Stored(*row[3:]) for row in rows}


def _append(
    session: Session, rows: list[tuple[Any, ...]], runs: Mapping[int, int], known_at: datetime
) -> None:
    if not rows:
        return
    session.execute(
        text(
            "INSERT INTO claim (project_id, attribute, source_id, value, unit, valid_from, known_from, run_id,"
            " raw_page_id, raw_position, locator, url, sha256)"
            " SELECT w.project, w.attribute, w.source, CAST(w.value AS jsonb), w.unit, w.valid_from, :known_at,"
            " w.run, w.page, w.position, w.locator, w.url, encode(p.sha256, 'hex')"
            " FROM unnest(CAST(:projects AS uuid[]), CAST(:attributes AS text[]), CAST(:sources AS bigint[]),"
            " CAST(:values AS text[]), CAST(:units AS text[]), CAST(:valid AS date[]), CAST(:runs AS bigint[]),"
            " CAST(:pages AS bigint[]), CAST(:positions AS bigint[]), CAST(:locators AS text[]),"
            " CAST(:urls AS text[])) AS w(project, attribute, source, value, unit, valid_from, run, page,"
            " position, locator, url) LEFT JOIN raw_page p ON p.id = w.page"
        ),
        {
            "known_at": known_at,
            "projects": [row[0] for row in rows],
            "attributes": [row[1] for row in rows],
            "sources": [row[2] for row in rows],
            "values": [row[3] for row in rows],
            "units": [row[4] for row in rows],
            "valid": [row[5] for row in rows],
            "runs": [runs[row[2]] for row in rows],
            "pages": [row[6].raw_page_id for row in rows],
            "positions": [row[6].raw_position for row in rows],
            "locators": [row[6].locator for row in rows],
            "urls": [row[6].url for row in rows],
        },
    )
