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

AS_OF = date(2026, 11, 22)
POLICY = "default@1.0.0"
NAMESPACE = UUID("6f2ad4cc-0a3c-4c6e-9a58-2f1f6b6b5b11")
SOURCES = (
    ("pmo-files", "excel", "contoso.sharepoint.example"),
    ("jira-cloud", "jira", "example.atlassian.example"),
    ("jira-dc", "jira", "jira.example"),
    ("ado", "azure_devops", "dev.azure.example"),
    ("local-files", "excel", "files"),
)
SLIPS = ("GREEN", "AMBER", "RED")


_Claimed = tuple[Any, str | None, list[int]]  # value, unit, claim ids


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
        pages = _sources(connection, done)
        programmes = _programmes(connection, portfolio, told)
        rows = _Rows()
        for number, project in enumerate(told):
            _project(rows, done, pages, project, (portfolio, programmes[project.programme]), weeks, number)
        _unbound(rows, done)
        for table, columns in COLUMNS.items():
            copy_rows(connection, table, columns.split(), rows.of.get(table, []))
        _work_items(connection, work_items, done)
        connection.execute(text("ANALYZE"))
    return done


def _sources(connection: Connection, done: Seeded) -> dict[str, tuple[int, int, int]]:
    """Insert the sources with three runs each; return name -> (source, newest run, raw page)."""
    pages = {}
    for position, (name, kind, host) in enumerate(SOURCES):
        source = connection.execute(
            text(
                "INSERT INTO source (name, kind, position, config, host, fingerprint, schedule, created_at, updated_at)"
                " VALUES (:name, :kind, :position, cast('{}' as jsonb), :host, 'f', '0 2 * * *', :at, :at) RETURNING id"
            ),
            {
                "name": name,
                "kind": kind,
                "position": position,
                "host": host,
                "at": done.known_at - timedelta(days=90),
            },
        ).scalar_one()
        done.sources[name] = source
        run = 0
        for back in (2, 1, 0):
            failed = name == "jira-dc" and back == 0
            start = done.known_at - timedelta(days=back, minutes=14, seconds=6)
            run = connection.execute(
                text(
                    "INSERT INTO run (source_id, slot, state, mode, queued_at, started_at, finished_at, requests,"
                    " waited_s, error) VALUES (:source, :slot, :state, :mode, :slot, :start, :finish, 412, 12.4,"
                    " :error) RETURNING id"
                ),
                {
                    "source": source,
                    "slot": start.replace(second=0),
                    "state": "failed" if failed else "succeeded",
                    "mode": "full" if back == 2 else "incremental",
                    "start": start,
                    "finish": start + timedelta(minutes=11),
                    "error": "jira-dc: the server refuses the token (401). Create a new personal access token "
                    "and set it with `muster apply`."
                    if failed
                    else None,
                },
            ).scalar_one()
            for stream, said, stored, rejected, filtered in (
                ("projects", 6, 6, 0, 0), ("issues", 2000, 1998, 2, 0), ("versions", 40, 38, 0, 1)
            ):  # fmt: skip
                connection.execute(
                    text(
                        "INSERT INTO run_stream (run_id, stream, said, stored, rejected, filtered, filters) VALUES"
                        " (:run, :stream, :said, :stored, :rejected, :filtered, cast(:filters as jsonb))"
                    ),
                    {
                        "run": run,
                        "stream": stream,
                        "said": said,
                        "stored": stored,
                        "rejected": rejected,
                        "filtered": filtered,
                        "filters": '{"archived version": 1}' if filtered else "{}",
                    },
                )
        page = connection.execute(
            text(
                "INSERT INTO raw_page (run_id, source_id, stream, slice, fetched_at, parts, body, sha256)"
                " VALUES (:run, :source, 'issues', '', :at, '[]', '', decode('00', 'hex')) RETURNING id"
            ),
            {"run": run, "source": source, "at": done.known_at},
        ).scalar_one()
        connection.execute(
            text(
                "INSERT INTO rejected_record (run_id, source_id, stream, external_id, locator, reason, rejected_at)"
                " VALUES (:run, :source, 'issues', '10', :locator, :reason, :at)"
            ),
            {
                "run": run,
                "source": source,
                "locator": "register.xlsx!Projects!A9" if kind == "excel" else f"{name.upper()}-10",
                "reason": "no key: a register row needs a project key in column Project ID",
                "at": done.known_at,
            },
        )
        pages[name] = (source, run, page)
    return pages


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


def _colours(project: DemoProject, week: int) -> dict[str, str]:
    slip, cost = project.slip[week], project.cost_pct[week]
    planned = project.finish - project.start
    late = 100 * slip / planned
    critical = project.slipped_critical_milestone
    return {
        "schedule": "RED"
        if critical or late > 10 or slip > 30
        else "AMBER"
        if late > 5 or slip > 14
        else "GREEN",
        "cost": "GREY"
        if project.budget is None
        else "RED"
        if cost > 10
        else "AMBER"
        if cost > 5
        else "GREEN",
        "scope": "RED" if project.uncontrolled_points_pct > 10 else "GREEN",
        "risk": "RED" if project.unowned_critical_risk else "AMBER" if project.tier == 1 else "GREEN",
    }


def _overall(colours: dict[str, str]) -> tuple[str, float | None]:
    weights = {"schedule": 30, "cost": 25, "scope": 15, "risk": 15}
    penalty = {"GREEN": 0, "AMBER": 50, "RED": 100}
    scored = {name: colour for name, colour in colours.items() if colour != "GREY"}
    total = sum(weights[name] for name in scored)
    health = 100 - sum(weights[name] * penalty[colour] for name, colour in scored.items()) / total
    reds = sum(colour == "RED" for colour in scored.values())
    if "RED" in (colours["schedule"], colours["cost"]) or reds > 1 or health < 50:
        return "RED", health
    return ("AMBER" if reds or health < 80 else "GREEN"), health


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
        ("override_reason", "missing", "block", "Say why the reported colour differs from the computed one"),
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
) -> dict[str, _Claimed]:
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
        "rag_overall": _reported(project, WEEKS - 1),
        "path_to_green": None
        if project.key != "PORTAL"
        else "Second supplier on the payment form from December.",
    }
    units = {"budget": "GBP", "forecast_cost": "GBP"}
    found: dict[str, _Claimed] = {}
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


def _reported(project: DemoProject, week: int) -> str | None:
    said = [colour for colour in project.reported[: week + 1] if colour]
    return said[-1] if said else None


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
        met = expected <= today and not (project.slipped_critical_milestone and index == 3)
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
    rows: _Rows, done: Seeded, project: DemoProject, claims: dict[str, _Claimed], week: int, row: int
) -> None:
    back = timedelta(days=7 * (WEEKS - 1 - week))
    as_of = done.as_of - back
    colours = _colours(project, week)
    overall, health = _overall(colours)
    reported = _reported(project, week)
    distance = None if reported is None else SLIPS.index(overall) - SLIPS.index(reported)
    document = _document(done, project, week, colours) | {
        "overall": overall, "health": health, "reported": reported, "watermelon": distance,
    }  # fmt: skip
    receipt = _receipt(document, claims, row)
    rows.add(
        "snapshot", done.ids[project.key], as_of, done.known_at - back, POLICY, overall, health, reported, distance,
        document, receipt, hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest(),
    )  # fmt: skip


def _document(done: Seeded, project: DemoProject, week: int, colours: dict[str, str]) -> dict[str, Any]:
    baseline = done.as_of + timedelta(days=project.finish)
    slip = project.slip[week]
    cost = project.cost_pct[week]
    share = round(100 * slip / (project.finish - project.start), 4)
    texts: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
        "schedule": [("F1", f"{slip} days late, {share:.1f} % of the plan", {"slip_days": slip, "slip_pct": share})],
        "cost": [
            ("F4", "no approved budget", {"budget": None})
            if project.budget is None
            else ("F4", f"{cost:+.1f} % against the budget", {"budget": str(project.budget), "variance_pct": cost})
        ],
        "scope": [
            ("F9", f"{project.uncontrolled_points_pct} % of the baseline added without approval",
             {"uncontrolled_pct": project.uncontrolled_points_pct})
        ],
        "risk": [("F7", "a critical risk has no owner" if project.unowned_critical_risk else "cover 0.94",
                  {"critical_unowned": int(project.unowned_critical_risk), "cover": 0.94})],
    }  # fmt: skip
    if project.slipped_critical_milestone:
        texts["schedule"].append(("F5", "Cut-over, critical, is 21 days overdue", {"overdue_days": 21}))
    stale = project.reported[week] is None
    score = 66.2 if stale else 96.4 - 3.1 * (len(project.key) % 4)
    grade = "D" if score < 70 else "C" if score < 85 else "B" if score < 95 else "A"
    upcoming = baseline - timedelta(days=round((project.finish - project.start) * 0.08))
    missing = {
        name: {"colour": "GREY", "computed": "GREY", "reasons": [{"rule": rule, "text": words, "inputs": {}}]}
        for name, rule, words in (
            ("benefit", "F8", "no benefit target"),
            ("resource", "F10", "no roles known"),
        )
    }
    past = [_overall(_colours(project, each)) for each in range(week + 1)]
    trend = [
        {
            "as_of": (done.as_of - timedelta(days=7 * (WEEKS - 1 - each))).isoformat(),
            "overall": found,
            "health": health,
        }
        for each, (found, health) in enumerate(past)
    ]
    names = ["pmo-files", *dict.fromkeys(tracked.source for tracked in project.tracked)]
    return {
        "key": project.key, "name": project.name, "programme": project.programme, "tier": project.tier,
        "stage": project.stage,
        "dimensions": {
            name: {"colour": colour, "computed": colour, "reasons": [
                {"rule": rule, "text": words, "inputs": inputs} for rule, words, inputs in texts[name]]}
            for name, colour in colours.items()
        } | missing,
        "overall_reasons": [{"rule": "F13", "text": "joined from its dimensions", "inputs": {}}],
        "trend": trend,
        "report": {"reported_on": None, "age_days": 56 if stale else 6, "stale": stale},
        "figures": {"budget": project.budget, "currency": "GBP"}, "conflicts": [], "flags": [],
        "watermelon_since": None,
        "data_quality": {"score": score, "grade": grade},
        "next_milestone": None if project.finish < 0 else {
            "name": "Cut-over", "forecast": (upcoming + timedelta(days=slip)).isoformat(),
            "baseline": upcoming.isoformat(),
        },
        "sources": [
            {"name": name, "synced_at": (done.known_at - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")}
            for name in names
        ],
    }  # fmt: skip


def _receipt(document: dict[str, Any], claims: dict[str, _Claimed], row: int) -> dict[str, Any]:
    because = "precedence: pmo-files before jira-cloud"
    from_ = {
        "schedule": ["baseline_start", "baseline_finish", "forecast_finish"],
        "cost": ["budget", "forecast_cost"],
    }
    records = {
        "schedule": [
            {"entity": "milestone", "id": row, "name": "Cut-over", "locator": "plan.xlsx!Milestones!B5"}
        ],
        "risk": [{"entity": "raid_item", "id": row, "name": "R-001", "locator": "raid.xlsx!RAID!A2"}],
    }
    colours = {
        name: {
            "value": found["colour"],
            "rule": {
                "id": found["reasons"][0]["rule"],
                "policy": POLICY,
                "inputs": found["reasons"][0]["inputs"],
            },
            "from": [attribute for attribute in from_.get(name, []) if attribute in claims],
            "records": records.get(name, []),
        }
        for name, found in document["dimensions"].items()
    }
    colours["overall"] = {
        "value": document["overall"],
        "rule": {"id": "F13", "policy": POLICY, "inputs": {"health": document["health"]}},
        "from": [], "records": [],
    }  # fmt: skip
    return {
        "attributes": {
            name: {"value": value, "unit": unit, "claims": ids, "because": because}
            for name, (value, unit, ids) in claims.items()
        },
        "colours": colours,
    }


def _unbound(rows: _Rows, done: Seeded) -> None:
    for tracked in UNBOUND:
        rows.add(
            "scope", done.sources[tracked.source], f"{tracked.key}:unbound",
            "ado_project" if tracked.source == "ado" else "jira_project", tracked.key, [tracked.key],
            f"{tracked.key} (nobody's)", None, f"https://{tracked.source}.example/x", {}, None, None, None,
        )  # fmt: skip


def _work_items(connection: Connection, count: int, done: Seeded) -> None:
    """Spread items evenly over the tracker scopes, in one statement."""
    connection.execute(
        text(
            """
            WITH place AS (
                SELECT s.source_id, s.external_id, s.key, s.url, row_number() OVER (ORDER BY s.id) - 1 AS n,
                       count(*) OVER () AS places, p.id AS page, p.run_id
                FROM scope s JOIN raw_page p ON p.source_id = s.source_id
                WHERE s.kind IN ('jira_project', 'ado_project'))
            INSERT INTO work_item (source_id, external_id, key, scope_external_id, type, hub_type, title, status,
                status_category, points, assignee, created_at, updated_at, url, raw_page_id, raw_position,
                content_hash, run_id, deleted_at, parent_key)
            SELECT place.source_id, place.source_id || '-' || i, place.key || '-' || i, place.external_id, 'Story',
                'story', 'Item ' || i || ' of ' || place.key, (array['To Do', 'In Progress', 'Done'])[1 + i % 3],
                (array['todo', 'doing', 'done'])[1 + i % 3], CASE WHEN i % 4 = 0 THEN NULL ELSE i % 8 END,
                'Person ' || i % 50, cast(:at as timestamptz) - make_interval(hours => i % 2000),
                cast(:at as timestamptz) - make_interval(mins => i % 5000), place.url || '/' || i, place.page,
                i % 200, decode('00', 'hex'), place.run_id,
                CASE WHEN i % 211 = 0 THEN cast(:at as timestamptz) END, CASE WHEN i % 5 = 0 THEN place.key || '-1' END
            FROM generate_series(1, :count) AS i JOIN place ON place.n = i % place.places
            """
        ),
        {"count": count, "at": done.known_at},
    )


if __name__ == "__main__":
    from config.database import open_engine
    from model.migrations import migrate

    target = open_engine(sys.argv[1])
    migrate(target)
    seed(target, projects=int(sys.argv[2]) or None, work_items=int(sys.argv[3]))
