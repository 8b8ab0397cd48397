"""Rows as the path would leave them, without running it: a small portfolio, or 1,000 projects in seconds.

`seed(engine)` tells the demo's story; `seed(engine, projects=1000, work_items=200_000)` is for measuring:
`python -m tests.support.portfolio_rows URL 1000 200000`.
"""

import hashlib
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection, Engine, text

from sandbox.story import PROJECTS, UNBOUND, WEEKS, DemoProject
from sync.store import copy_rows
from tests.support.portfolio_documents import (
    POLICY,
    SLIPS,
    Claimed,
    colours_of,
    document_of,
    overall_of,
    receipt_of,
    reported_by,
)
from tests.support.portfolio_matching import add_matching
from tests.support.portfolio_pulled import add_sources, add_work_items

AS_OF = date(2026, 11, 22)
NAMESPACE = UUID("6f2ad4cc-0a3c-4c6e-9a58-2f1f6b6b5b11")


@dataclass(slots=True)
class Seeded:
    """What was put in, to compare with."""

    as_of: date
    known_at: datetime
    keys: list[str] = field(default_factory=list)
    ids: dict[str, UUID] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Rows:
    """Rows by table, in the order of `COLUMNS`."""

    of: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def add(self, table: str, *row: Any) -> int:
        self.of.setdefault(table, []).append(row)
        return len(self.of[table])


COLUMNS = {
    "project": "id key name portfolio_id programme_id origin created_at",
    "scope": "source_id external_id kind key keys name lead url attributes project_id bound_by locator",
    "claim": "project_id attribute value unit source_id valid_from known_from run_id raw_page_id raw_position "
    "locator url sha256",
    "milestone": "source_id external_id project_ref project_id known_from deleted url raw_page_id raw_position "
    "locator content_hash run_id name state weight critical baseline forecast actual",
    "raid_item": "source_id external_id project_ref project_id known_from deleted url raw_page_id raw_position "
    "locator content_hash run_id item_id kind title owner state raised_on reviewed_on due probability impact "
    "cost_impact response",
    "cost_line": "source_id external_id project_ref project_id known_from deleted raw_page_id raw_position "
    "locator content_hash run_id category kind period amount currency",
    "finding": "project_id template version record_ref rule kind severity says locator opened_at",
    "snapshot": "project_id as_of known_at policy overall health reported watermelon document receipt sha256",
}


def seed(
    engine: Engine,
    *,
    projects: int | None = None,
    work_items: int = 600,
    weeks: int = WEEKS,
    as_of: date = AS_OF,
) -> Seeded:
    """Fill a migrated, empty database. Without `projects`, the demo's twelve."""
    known = datetime.combine(as_of, datetime.min.time(), UTC) + timedelta(hours=2, minutes=14, seconds=9)
    told = list(PROJECTS) if projects is None else [_generated(number) for number in range(projects)]
    done = Seeded(as_of, known)
    with engine.begin() as connection:
        portfolio = connection.execute(
            text(
                "INSERT INTO portfolio (key, name, timezone, currency) "
                "VALUES ('main', 'Change portfolio', 'Europe/London', 'GBP') RETURNING id"
            )
        ).scalar_one()
        pages = add_sources(connection, done)
        programmes = _programmes(connection, portfolio, told)
        rows = _Rows()
        for number, project in enumerate(told):
            _project(rows, done, pages, project, (portfolio, programmes[project.programme]), weeks, number)
        _unbound(rows, done)
        for table, columns in COLUMNS.items():
            copy_rows(connection, table, columns.split(), rows.of.get(table, []))
        add_work_items(connection, work_items, done)
        add_matching(connection, known)
        connection.execute(text("ANALYZE"))
    return done


def _programmes(connection: Connection, portfolio: int, told: list[DemoProject]) -> dict[str, int]:
    return {
        name: connection.execute(
            text("INSERT INTO programme (portfolio_id, name) VALUES (:portfolio, :name) RETURNING id"),
            {"portfolio": portfolio, "name": name},
        ).scalar_one()
        for name in dict.fromkeys(project.programme for project in told)
    }


def _generated(number: int) -> DemoProject:
    """A made-up project on the pattern of a told one."""
    like = PROJECTS[number % len(PROJECTS)]
    shifted = {
        "name": f"{like.name} {number:04d}",
        "key": f"P{number:04d}",
        "programme": f"Programme {number % 40:02d}",
    }
    values = {name: getattr(like, name) for name in DemoProject.__dataclass_fields__}
    return DemoProject(**(values | shifted))


def _project(
    rows: _Rows,
    done: Seeded,
    pages: dict[str, tuple[int, int, int]],
    project: DemoProject,
    belongs: tuple[int, int],
    weeks: int,
    number: int,
) -> None:
    identity = uuid5(NAMESPACE, project.key)
    done.keys.append(project.key)
    done.ids[project.key] = identity
    rows.add(
        "project",
        identity,
        project.key,
        project.name,
        *belongs,
        "register",
        done.known_at - timedelta(days=90),
    )
    file, run, page = pages["pmo-files"]
    row = 8 + number
    rows.add(
        "scope", file, f"row:{project.key}", "register_row", project.key, [project.key], project.name, None, None, {},
        identity, "own", f"register.xlsx!Projects!A{row}",
    )  # fmt: skip
    for tracked in project.tracked or ():
        rows.add(
            "scope", done.sources[tracked.source], f"{tracked.key}:{project.key}",
            "ado_project" if tracked.source == "ado" else "jira_project", tracked.key, [tracked.key], project.name,
            project.manager, f"https://{tracked.source}.example/{tracked.key}".replace(" ", "%20"), {}, identity,
            f"register register.xlsx!Projects!K{row}", None,
        )  # fmt: skip
    claims = _claims(rows, done, pages, project, row)
    finish = done.as_of + timedelta(days=project.finish)
    slip = project.slip[-1]
    common = (file, project.key, identity, done.known_at - timedelta(days=80), False, None, page)
    _milestones(rows, project, common, finish, slip, run)
    _raid(rows, project, common, done.as_of, run)
    _costs(rows, project, common, done.as_of, run)
    for rule, kind, severity, says in (
        (
            "override_reason",
            "missing",
            "block",
            "A reason for another colour than the computed one is required",
        ),
        ("variance_narrative", "invalid", "warn", "at least 40 characters, has 17"),
    ):
        if project.key == "PORTAL" or number % 5 == 2:
            rows.add(
                "finding", identity, "monthly-status", "3.1.0", "", rule, kind, severity, says,
                f"register.xlsx!Projects!R{row}", done.known_at,
            )  # fmt: skip
    for week in range(WEEKS - weeks, WEEKS):
        _snapshot(rows, done, project, claims, week, row)


def _claims(
    rows: _Rows, done: Seeded, pages: dict[str, tuple[int, int, int]], project: DemoProject, row: int
) -> dict[str, Claimed]:
    """Add what the register says, and what a tracker says against it; return attribute -> claim ids."""
    identity = done.ids[project.key]
    baseline = done.as_of + timedelta(days=project.finish)
    forecast = baseline + timedelta(days=project.slip[-1])
    eac = None if project.budget is None else round(project.budget * (1 + project.cost_pct[-1] / 100))
    said = {
        "baseline_start": (done.as_of + timedelta(days=project.start)).isoformat(),
        "baseline_finish": baseline.isoformat(),
        "forecast_finish": forecast.isoformat(),
        "budget": None if project.budget is None else str(project.budget),
        "forecast_cost": None if eac is None else str(eac),
        "manager": project.manager,
        "sponsor": project.sponsor,
        "stage": project.stage,
        "tier": project.tier,
        "rag_overall": reported_by(project, WEEKS - 1),
        "path_to_green": None
        if project.key != "PORTAL"
        else "Second supplier on the payment form from December.",
    }
    units = {"budget": "GBP", "forecast_cost": "GBP"}
    found: dict[str, Claimed] = {}
    file, run, page = pages["pmo-files"]
    for column, (attribute, value) in zip("CDEFGHIJKLM", said.items(), strict=True):
        if value is None:
            continue
        where = f"register.xlsx!Projects!{column}{row}"
        link = "https://contoso.sharepoint.example/sites/pmo/register.xlsx"
        number = rows.add(
            "claim", identity, attribute, value, units.get(attribute), file, done.as_of - timedelta(days=2),
            done.known_at - timedelta(days=1), run, page, row, where, link, "a" * 64,
        )  # fmt: skip
        found[attribute] = (value, units.get(attribute), [number])
    tracker = next((tracked for tracked in project.tracked if tracked.source != "ado"), None)
    if tracker and (project.jira_finish or project.key.startswith("P0")):
        source, run, page = pages[tracker.source]
        other = done.as_of + timedelta(days=project.jira_finish or project.finish + 9)
        found["forecast_finish"][2].append(
            rows.add(
                "claim", identity, "forecast_finish", other.isoformat(), None, source, done.as_of - timedelta(days=5),
                done.known_at - timedelta(days=4), run, page, 3, f"{tracker.key}-114 duedate",
                f"https://{tracker.source}.example/browse/{tracker.key}-114", "b" * 64,
            )
        )  # fmt: skip
    return found


def _milestones(
    rows: _Rows, project: DemoProject, common: tuple[Any, ...], finish: date, slip: int, run: int
) -> None:
    file, ref, identity, known, deleted, url, page = common
    start = finish - timedelta(days=project.finish - project.start)
    span = (finish - start).days
    today = finish - timedelta(days=project.finish)
    for index, (name, share) in enumerate(
        (
            ("Design approved", 0.3),
            ("Build complete", 0.55),
            ("Pilot", 0.78),
            ("Cut-over", 0.92),
            ("Go live", 1.0),
        )
    ):
        due = start + timedelta(days=round(span * share))
        expected = due + timedelta(days=round(slip * share))
        met = expected <= today and not (project.overdue_milestone and index == 3)
        rows.add(
            "milestone", file, f"{ref}:M{index}", ref, identity, known, deleted, url, page, index,
            f"plan.xlsx!Milestones!B{index + 2}", b"h", run, name, "met" if met else "planned", float(index + 1),
            index >= 3, due, None if met else expected, expected if met else None,
        )  # fmt: skip


def _raid(rows: _Rows, project: DemoProject, common: tuple[Any, ...], as_of: date, run: int) -> None:
    file, ref, identity, known, deleted, url, page = common
    owner = None if project.unowned_critical_risk else project.manager
    told = (
        ("risk", "Supplier misses the integration date", owner, "open", 5.0, 4.0, "120000"),
        ("risk", "Key engineer leaves before cut-over", project.manager, "responding", 2.0, 3.0, "40000"),
        ("issue", "Test environment unavailable two days a week", project.sponsor, "open", None, 3.0, None),
        ("dependency", "Identity service must be live first", None, "open", None, None, None),
    )
    for index, (kind, title, who, state, chance, impact, cost) in enumerate(told):
        rows.add(
            "raid_item", file, f"{ref}:R{index}", ref, identity, known, deleted, url, page, index,
            f"raid.xlsx!RAID!A{index + 2}", b"h", run, f"{kind[0].upper()}-{index + 1:03d}", kind, title, who, state,
            as_of - timedelta(days=60 + index), as_of - timedelta(days=12), as_of + timedelta(days=10 * (index - 1)),
            chance, impact, cost and Decimal(cost), "reduce" if kind == "risk" else None,
        )  # fmt: skip


def _costs(rows: _Rows, project: DemoProject, common: tuple[Any, ...], as_of: date, run: int) -> None:
    file, ref, identity, known, deleted, _url, page = common
    if project.budget is None:
        return
    first = as_of.replace(day=1)
    for index in range(9):
        month = (first.month - 7 + index) % 12 + 1
        year = first.year + (first.month - 7 + index) // 12
        period = date(year, month, 1)
        for kind, factor in (
            ("baseline", 1.0),
            ("forecast", 1 + project.cost_pct[-1] / 100),
            ("actual", 0.97),
        ):
            if kind == "actual" and period >= first:
                continue
            amount = Decimal(round(project.budget / 14 * factor * (1 + (index % 4) / 10)))
            rows.add(
                "cost_line", file, f"{ref}:{kind}:{period}", ref, identity, known, deleted, page, index,
                f"costs.xlsx!Forecast!{'CDEFGHIJKLMN'[index]}{4}", b"h", run, "Delivery", kind, period, amount, "GBP",
            )  # fmt: skip


def _snapshot(
    rows: _Rows, done: Seeded, project: DemoProject, claims: dict[str, Claimed], week: int, row: int
) -> None:
    back = timedelta(days=7 * (WEEKS - 1 - week))
    as_of = done.as_of - back
    colours = colours_of(project, week)
    overall, health = overall_of(colours)
    reported = reported_by(project, week)
    distance = None if reported is None else SLIPS.index(overall) - SLIPS.index(reported)
    document = document_of(done, project, week, colours) | {
        "overall": overall, "health": health, "reported": reported, "watermelon": distance,
    }  # fmt: skip
    receipt = receipt_of(document, claims, row)
    rows.add(
        "snapshot", done.ids[project.key], as_of, done.known_at - back, POLICY, overall, health, reported, distance,
        document, receipt, hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest(),
    )  # fmt: skip


def _unbound(rows: _Rows, done: Seeded) -> None:
    for tracked in UNBOUND:
        rows.add(
            "scope", done.sources[tracked.source], f"{tracked.key}:unbound",
            "ado_project" if tracked.source == "ado" else "jira_project", tracked.key, [tracked.key],
            f"{tracked.key} (nobody's)", None, f"https://{tracked.source}.example/x", {}, None, None, None,
        )  # fmt: skip


if __name__ == "__main__":
    from config.database import open_engine
    from model.migrations import migrate

    target = open_engine(sys.argv[1])
    migrate(target)
    seed(target, projects=int(sys.argv[2]) or None, work_items=int(sys.argv[3]))
