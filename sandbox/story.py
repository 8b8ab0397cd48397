"""The demo portfolio's story: twelve projects in three programmes over thirteen Mondays.

Everything the sandbox serves is derived from these facts, a seed, and an anchor date ("today").
Week 0 is twelve weeks before the anchor, week 12 the anchor's own week. Days are offsets from the
anchor, so that the demo is always fresh and always the same.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

WEEKS: Final = 13


@dataclass(frozen=True, slots=True)
class Tracked:
    """A tracker project that belongs to a demo project; `items` is how many work items it holds."""

    source: str  # jira-cloud, jira-dc, ado
    key: str  # Jira project key, or the ADO project's name
    items: int


@dataclass(frozen=True, slots=True)
class DemoProject:
    """One project's truth, by week where it moves. None is what nobody knows.

    `slip` is the forecast's lateness against the baseline in days, `cost_pct` the forecast's
    deviation from the budget in percent, `reported` the manager's colour (None: no report that week,
    the last one stays).
    """

    key: str
    name: str
    programme: str
    tier: int
    stage: str
    manager: str
    sponsor: str
    start: int
    finish: int
    budget: int | None
    slip: tuple[int, ...]
    cost_pct: tuple[float, ...]
    reported: tuple[str | None, ...]
    tracked: tuple[Tracked, ...] = ()
    jira_finish: int | None = None  # days from the anchor: what the tracker's epics say, where it differs
    unowned_critical_risk: bool = False
    overdue_milestone: str | None = None  # a critical one
    uncontrolled_points_pct: float = 0.0  # scope added without a change request, share of the baseline
    also: str | None = None  # another programme that it belongs to, with what that one carries
    currency: str = "GBP"  # of all its money
    story: str = ""
    notes: tuple[str, ...] = field(default=())


def _flat(value: float) -> tuple[float, ...]:
    return (value,) * WEEKS


def _days(value: int) -> tuple[int, ...]:
    return (value,) * WEEKS


G, A, R = "GREEN", "AMBER", "RED"
GREENS: Final = (G,) * WEEKS

PROJECTS: Final = (
    DemoProject(
        "PORTAL", "Citizen portal", "Digital services", 1, "deliver", "Maya Lindqvist", "Owen Hart",
        -330, 45, 2_400_000, (3, 3, 6, 9, 9, 14, 18, 22, 26, 31, 36, 40, 42), _flat(2.5), GREENS,
        (Tracked("jira-cloud", "POR", 900),), overdue_milestone="Security accreditation",
        story="The watermelon: reported green every week while the forecast slides past the red line, and over a"
        " critical milestone that is overdue.",
    ),
    DemoProject(
        "SIGNON", "Single sign-on", "Digital services", 2, "deliver", "Tomas Vega", "Owen Hart",
        -200, 90, 620_000, _days(0), _flat(-1.0), GREENS, (Tracked("jira-cloud", "SSO", 420),),
        also="Core systems (40 %)",
        story="Healthy, and reported so; the core systems sign on with it, too, and carry a part of it.",
    ),
    DemoProject(
        "CASEWORK", "Casework platform", "Digital services", 1, "deliver", "Ines Okafor", "Ruth Bell",
        -260, 150, 3_100_000, (0, 0, 4, 4, 7, 7, 9, 9, 12, 15, 15, 17, 17), _flat(4.0),
        (G, G, G, G, G, G, G, A, A, A, A, A, A),
        (Tracked("jira-cloud", "CASE", 520), Tracked("ado", "Casework Integration", 380)),
        story="One project in two trackers: the front in Jira, the integration in Azure DevOps.",
    ),
    DemoProject(
        "NOTIFY", "Notifications", "Digital services", 3, "deliver", "Sam Achterberg", "Ruth Bell",
        -120, 60, None, _days(2), _flat(0.0), GREENS, (Tracked("jira-cloud", "NTF", 260),),
        story="Nobody ever approved a budget: its cost is grey, not green.",
    ),
    DemoProject(
        "LEDGER", "Finance ledger replacement", "Core systems", 1, "deliver", "Hanna Weiss", "Paul Ndiaye",
        -400, 120, 5_800_000, _days(10), (3.0, 3.2, 4.1, 4.8, 5.5, 6.3, 7.1, 7.9, 8.6, 9.4, 10.3, 11.2, 12.4),
        (G, G, G, G, A, A, A, A, A, A, A, R, R), (Tracked("jira-dc", "LED", 760),),
        story="A cost overrun that walks through amber into red, and is reported.",
    ),
    DemoProject(
        "PAYROLL", "Payroll migration", "Core systems", 1, "deliver", "Viktor Sund", "Paul Ndiaye",
        -240, 75, 1_250_000, _days(5), _flat(1.5), (G, G, G, G, G, G, G, G, G, A, A, A, A),
        (Tracked("jira-dc", "PAY", 430),), jira_finish=105,
        story="The register and Jira disagree on the finish by 25 days.",
    ),
    DemoProject(
        "PEOPLE", "HR self-service", "Core systems", 2, "deliver", "Grace Mbeki", "Lena Fors",
        -180, 110, 740_000, _days(6), _flat(3.0),
        (G, G, G, G, G, None, None, None, None, None, None, None, None), (Tracked("ado", "People Hub", 410),),
        currency="EUR",
        story="Nobody has reported for eight weeks: the report is stale. Bought from abroad, and paid in euros.",
    ),
    DemoProject(
        "DATAHUB", "Data warehouse", "Core systems", 2, "deliver", "Arjun Rao", "Lena Fors",
        -150, 180, 1_600_000, _days(8), _flat(2.0), (G, G, G, G, G, G, G, G, A, G, A, G, A),
        (Tracked("ado", "Data Hub", 480),), uncontrolled_points_pct=11.5,
        story="Scope grows without change requests: 11.5 % of the baseline uncontrolled. What is reported of it flaps.",
    ),
    DemoProject(
        "NETWORK", "Network refresh", "Estates and network", 1, "deliver", "Freya Lund", "Colin Marsh",
        -300, 40, 4_200_000, (0, 0, 0, 5, 5, 9, 12, 12, 13, 13, 14, 14, 14), _flat(4.5),
        (G, G, G, G, G, G, G, G, G, G, A, A, A), (Tracked("ado", "Network Refresh", 350),),
        overdue_milestone="Core switch cut-over",
        story="The core switch cut-over, a critical milestone, is three weeks overdue.",
    ),
    DemoProject(
        "CAMPUS", "Campus consolidation", "Estates and network", 2, "define", "Bea Morris", "Colin Marsh",
        -60, 320, 2_050_000, _days(0), _flat(0.5), (*GREENS[1:], R), (), unowned_critical_risk=True,
        story="No tracker at all, only workbooks; a critical risk that nobody owns; and reports that go from green to"
        " red over night.",
    ),
    DemoProject(
        "CLOUD", "Cloud landing zone", "Estates and network", 2, "deliver", "Noor Haddad", "Colin Marsh",
        -220, 70, 980_000, (38, 38, 38, 34, 28, 22, 16, 12, 12, 8, 8, 5, 5), _flat(3.5),
        (R, R, R, R, R, A, A, A, A, A, G, G, G), (Tracked("jira-dc", "CLD", 390),),
        story="Recovering: red, amber, green again, each better colour only after two better weeks.",
    ),
    DemoProject(
        "ARCHIVE", "Records archive", "Estates and network", 3, "close", "Dan Petrov", "Ruth Bell",
        -380, -10, 310_000, _days(0), _flat(-12.0), GREENS, (Tracked("jira-cloud", "ARC", 240),),
        story="All but finished, and well under its budget: an underspend worth a question.",
    ),
)  # fmt: skip

# In scope of a tracker, but bound to no project: listed, not lost.
UNBOUND: Final = (Tracked("jira-cloud", "PIT", 120), Tracked("ado", "Innovation Garage", 90))


def week_date(anchor: date, week: int) -> date:
    """Return the date of a week's step: the anchor itself for week 12, seven days earlier for each before."""
    return anchor - timedelta(days=7 * (WEEKS - 1 - week))


def week_of(anchor: date, day: date) -> int:
    """Return the week a day falls in, clamped to 0..12: the last step not after it."""
    return max(0, min(WEEKS - 1, WEEKS - 1 - -((day - anchor).days // 7)))
