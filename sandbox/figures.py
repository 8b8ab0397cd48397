"""The register's, the milestones' and the costs' rows as of a day, out of the demo's story."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from sandbox import story
from sandbox.exposure import contingency
from sandbox.story import WEEKS, DemoProject

Row = dict[Any, Any]  # by column; a month's column is its first day
SHORTFALL: Final = {"LEDGER": 0.93}  # of the benefit promised; elsewhere nearly all of it
SLUMP: Final = {"LEDGER": 0.8}  # of what the last quarter should have earned
REBASELINED: Final = {"CLOUD": 60}  # days that the second baseline moved the finish
BY_PERCENT: Final = ("DATAHUB", "PEOPLE")  # whose finance does not book what was earned
IN_PLAN: Final = ("CAMPUS", "NETWORK")  # whose milestones are kept in the local folder's plan
CUT_OVER: Final = -21  # the day the core switch was to be cut over, from the anchor
_PHASES: Final = (
    ("Business case approved", 0.08, 1, False),
    ("Design signed off", 0.25, 2, False),
    ("Supplier in contract", 0.36, 2, False),
    ("Build complete", 0.62, 3, True),
    ("Acceptance test passed", 0.84, 3, True),
    ("In service", 1.0, 5, True),
)
_DONE: Final = (
    "The interface to the address service went through its second test round",
    "Two suppliers delivered their parts of the migration script on time",
    "The training material was reviewed with the first group of users",
    "Security findings from the penetration test were closed or accepted",
    "The fall-back procedure was rehearsed with operations over a weekend",
    "Data owners signed the mapping for the last three record types",
    "Accessibility problems on the main form were repaired and retested",
    "The pilot team moved over and reported no blocking defects",
    "Performance of the nightly batch was brought under two hours",
    "Procurement of the remaining licences was completed with legal",
    "The service desk took over first-line questions for the pilot",
    "Open decisions on retention periods were settled with the archive",
)
# What a manager writes again and again, but for a number.
_REPEATED: Final = {
    "ARCHIVE": "The scanning went on as planned, the boxes were checked against the list, labelled and moved to the "
    "new store, and nothing was lost on the way; the number of boxes that are done now stands at",
}
_NEXT: Final = (
    "Run the third rehearsal and settle the order of the cut-over steps",
    "Bring the remaining user groups through the training sessions",
    "Finish the regression tests and freeze the configuration for release",
    "Agree the handover conditions with operations and the supplier",
    "Load the corrected reference data and compare it with the source",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day of the story, and the week it falls in."""

    anchor: date
    day: date

    @property
    def week(self) -> int:
        """Return the story's week, 0 to 12."""
        return story.week_of(self.anchor, self.day)

    def on(self, offset: int) -> date:
        """Return the date so many days after the anchor."""
        return self.anchor + timedelta(days=offset)

    def monday(self, week: int) -> date:
        """Return a week's date."""
        return story.week_date(self.anchor, week)


def told(project: DemoProject, week: int) -> tuple[int, str]:
    """Return the last week not after this one in which the manager reported, and the colour."""
    for each in range(week, -1, -1):
        colour = project.reported[each]
        if colour is not None:
            return each, colour
    return 0, story.G


def forecast_cost(project: DemoProject, week: int) -> int | None:
    """Return the forecast at completion; of a project without a budget the sum its team works with."""
    base = project.budget if project.budget is not None else 185_000
    return int(round(base * (1 + project.cost_pct[week] / 100), -2))


def progress(project: DemoProject, now: Moment) -> float:
    """Return the share of the work done, 0 to 1, as of the last report."""
    week, _ = told(project, now.week)
    passed = (now.monday(week) - now.on(project.start)).days
    length = project.finish + project.slip[week] - project.start
    return round(max(0.0, min(1.0, passed / length)), 2)


def _driver(project: DemoProject, week: int) -> str:
    """Return the dimension a manager names as the reason for a colour that is not green."""
    if project.slip[week] > 14:  # noqa: PLR2004  the policy's limit in days
        return "Schedule RAG"
    if project.uncontrolled_points_pct:
        return "Scope RAG"
    return "Cost RAG" if project.cost_pct[week] > 5 else "Schedule RAG"  # noqa: PLR2004  and in percent


def _report(project: DemoProject, now: Moment) -> Row:
    """Return what the manager says: colours, words, and the day they were written."""
    week, colour = told(project, now.week)
    rng = Random(f"{project.key}:words")
    done, following = rng.sample(_DONE, len(_DONE)), rng.sample(_NEXT, len(_NEXT))
    row: Row = {"Overall status": colour}
    row |= {f"{name} RAG": story.G for name in ("Schedule", "Cost", "Scope", "Risk", "Benefit")}
    row["Achievements"] = (
        f"{_REPEATED.get(project.key)} {1200 + 40 * week}."
        if project.key in _REPEATED
        else f"{done[week % len(done)]}. {done[(week + 5) % len(done)]}."
    )
    row["Next period"] = f"{following[week % len(following)]}."
    row["Reported on"] = now.monday(week) - timedelta(days=1)
    if colour != story.G:
        row[_driver(project, week)] = colour
        row["Path to green"] = (
            "Two more testers join from the pool, and the steering group drops the optional reports."
        )
        row["Green by"] = now.monday(week) + timedelta(days=45)
        row["Override reason"] = (
            "The team sees the coming weeks as harder than the figures alone would show them."
        )
    if abs(project.cost_pct[week]) > 5:  # noqa: PLR2004  from here on the template asks
        more = "Integration took more supplier days than the contract foresaw, at the agreed rates."
        less = "Scanning was done by the archive's own staff instead of the supplier, at no charge."
        row["Variance reason"] = more if project.cost_pct[week] > 0 else less
    if colour == story.R:
        row["Decisions needed"] = "Release the second part of the reserve"
    return row


def _scope(project: DemoProject, week: int) -> Row:
    """Return the size and its changes in points; a project without a tracker has none."""
    if not project.tracked:
        return {}
    baseline = round(sum(tracked.items for tracked in project.tracked) * 2.2, -1)
    grown = project.uncontrolled_points_pct / 100 * max(0.0, min(1.0, (week - 3) / (WEEKS - 4)))
    return {
        "Baseline points": baseline,
        "Added points approved": round(baseline * 0.02),
        "Added points unapproved": round(baseline * (grown or 0.005), 1),
        "Removed points": round(baseline * 0.01),
    }


def programmes(project: DemoProject) -> str:
    """Return the register's cell: a project's own programme, and another that carries a part of its budget."""
    return project.programme if project.also is None else f"{project.programme}; {project.also}"


def register(now: Moment) -> list[Row]:
    """Return the register's rows."""
    rows = []
    for project in story.PROJECTS:
        week, _ = told(project, now.week)
        cost = forecast_cost(project, week)
        target = round((project.budget or 200_000) * 1.4, -3)
        row: Row = {
            "Project ID": project.key, "Project name": project.name, "Programme": programmes(project),
            "Tier": project.tier, "Stage": project.stage, "Manager": project.manager, "Sponsor": project.sponsor,
            "Baseline start": now.on(project.start), "Baseline finish": now.on(project.finish),
            "Forecast finish": now.on(project.finish + project.slip[week]),
            "Actual finish": now.on(project.finish) if now.on(project.finish) <= now.day else None,
            "Budget": project.budget, "Actual cost": spent(project, now), "Forecast cost": cost,
            "Currency": project.currency, "Contingency": contingency(project), "% complete": progress(project, now),
            "Benefit target": target, "Benefit forecast": round(target * 0.99, -3),
            "Jira projects": ", ".join(t.key for t in project.tracked if t.source != "ado") or None,
            "ADO projects": ", ".join(t.key for t in project.tracked if t.source == "ado") or None,
        }  # fmt: skip
        if project.key in SHORTFALL:  # its benefits are kept one by one, in the office's workbook
            row |= {"Benefit target": None, "Benefit forecast": None}
        rows.append(row | _scope(project, week) | _report(project, now))
    return rows


# --- milestones


def milestones(now: Moment, keys: frozenset[str] | None = None) -> list[Row]:
    """Return the milestones of some projects, by default those kept on SharePoint."""
    chosen = [p for p in story.PROJECTS if (p.key in keys if keys is not None else p.key not in IN_PLAN)]
    return [row for project in chosen for row in _milestones(project, now)]


def _milestones(project: DemoProject, now: Moment) -> list[Row]:
    week, _ = told(project, now.week)
    rows = []
    for number, (name, share, weight, critical) in enumerate(_PHASES, 1):
        baseline = now.on(project.start + round((project.finish - project.start) * share))
        # What was due has been met, a day early; what is to come is as late as the whole.
        met = baseline - timedelta(days=1) if baseline <= now.day else None
        late = timedelta(days=round(project.slip[week] * share))
        forecast = met or (baseline + late if number >= len(_PHASES) - 1 else baseline)
        rows.append(
            _milestone(
                project, f"M-{number}", name, (baseline, forecast, met), weight=weight, critical=critical
            )
        )
    if project.overdue_milestone is not None:
        baseline = now.on(CUT_OVER)
        weeks_late = max(0, now.week - (WEEKS - 4))
        forecast = baseline + timedelta(
            days=max(11 * weeks_late, (now.day - baseline).days + 10 if weeks_late else 0)
        )
        rows.append(
            _milestone(
                project, "M-7", project.overdue_milestone, (baseline, forecast, None), weight=4, critical=True
            )
        )
    return rows


def _milestone(
    project: DemoProject,
    number: str,
    name: str,
    dates: tuple[date, date, date | None],
    *,
    weight: int,
    critical: bool,
) -> Row:
    baseline, forecast, actual = dates
    return {
        "Milestone ID": f"{project.key}-{number}", "Project ID": project.key, "Milestone": f"{project.name}: {name}",
        "Status": "met" if actual else "planned", "Weight": weight, "Critical": "Yes" if critical else "No",
        "Baseline": baseline, "Forecast": forecast, "Actual": actual,
        "Acceptance criteria": "Signed by the sponsor and the service owner",
    }  # fmt: skip


# --- baselines


def baselines(now: Moment) -> list[Row]:
    """Return the approvals of plans by a day: of one project two, the later of which took on most of its slip."""
    rows = []
    for project in story.PROJECTS:
        if project.stage == "define":
            continue  # not approved yet
        last = now.on(project.finish)
        first = last - timedelta(days=REBASELINED.get(project.key, 0))
        acts: list[tuple[int, date, date, str | None, str | None]] = [
            (1, now.on(project.start - 14), first, None, None)
        ]
        if first != last:
            acts.append((2, now.on(-100), last, "CR-003", "A second region was added to the scope"))
        rows += [
            {
                "Project ID": project.key, "Baseline": number, "Approved on": approved,
                "Approved by": f"{project.programme} board", "Change request": change, "Reason": reason,
                "Start": now.on(project.start), "Finish": finish, "Budget": project.budget,
                "Currency": project.currency,
            }
            for number, approved, finish, change, reason in acts
        ]  # fmt: skip
    return rows


# --- costs by month


def months(now: Moment) -> list[date]:
    """Return the first day of every month that any project's costs fall in."""
    first = now.on(min(p.start for p in story.PROJECTS)).replace(day=1)
    last = now.on(max(p.finish + max(p.slip) for p in story.PROJECTS)).replace(day=1)
    found = [first]
    while found[-1] < last:
        found.append((found[-1] + timedelta(days=32)).replace(day=1))
    return found


def _spread(total: float, start: date, finish: date, all_months: list[date]) -> dict[date, int]:
    """Spread a sum over the months of a span by the days that each has of it, in whole pounds."""
    length = (finish - start).days + 1
    spread, before = {}, 0
    for month in all_months:
        if not start.replace(day=1) <= month <= finish:
            continue
        end = min((month + timedelta(days=32)).replace(day=1) - timedelta(days=1), finish)
        due = round(total * ((end - start).days + 1) / length)
        spread[month], before = due - before, due
    return spread


def _life(project: DemoProject, now: Moment) -> dict[date, int]:
    """Return the forecast of the whole life, by month."""
    week, _ = told(project, now.week)
    finish = now.on(project.finish + project.slip[week])
    return _spread(float(forecast_cost(project, week) or 0), now.on(project.start), finish, months(now))


def _earned(project: DemoProject, now: Moment) -> dict[date, int]:
    """Return what was booked as earned in each month that is over, of the approved budget."""
    week, _ = told(project, now.week)
    span = now.on(project.start), now.on(project.finish + project.slip[week])
    this_month = now.monday(week).replace(day=1)
    booked = {
        month: amount
        for month, amount in _spread(float(project.budget or 0), *span, months(now)).items()
        if month < this_month
    }
    for month in sorted(booked)[-3:]:  # the quarter that shows a slump which the whole life still hides
        booked[month] = int(booked[month] * SLUMP.get(project.key, 1))
    return booked


def spent(project: DemoProject, now: Moment) -> int:
    """Return the money spent: the months that are over."""
    week, _ = told(project, now.week)
    return sum(
        amount for month, amount in _life(project, now).items() if month < now.monday(week).replace(day=1)
    )


def costs(now: Moment) -> list[Row]:
    """Return the cost rows: a column a month, a row a project, category and kind of money.

    The forecast holds every month, with what was spent in those that are over: it sums to the forecast
    at completion. Earned is what finance counts as done of the budget, where it does.
    """
    rows: list[Row] = []
    for project in story.PROJECTS:
        week, _ = told(project, now.week)
        life = _life(project, now)
        this_month = now.monday(week).replace(day=1)
        kinds = {
            "Forecast": life,
            "Actual": {month: amount for month, amount in life.items() if month < this_month},
        }
        if project.budget is not None:
            span = now.on(project.start), now.on(project.finish)
            kinds = {"Baseline": _spread(project.budget, *span, months(now)), **kinds}
            if project.key not in BY_PERCENT:
                kinds["Earned"] = _earned(project, now)
        for kind, spread in kinds.items():
            staff = {month: amount * 6 // 10 for month, amount in spread.items()}
            suppliers = {month: amount - staff[month] for month, amount in spread.items()}
            rows += [
                {
                    "Project ID": project.key,
                    "Category": category,
                    "Type": kind,
                    "Currency": project.currency,
                    **amounts,
                }
                for category, amounts in (("Staff", staff), ("Suppliers", suppliers))
            ]
    return rows
