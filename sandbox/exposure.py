"""The RAID log's rows as of a day, and the money kept against its risks."""

from datetime import date, timedelta
from random import Random
from typing import Any, Final

from sandbox import story
from sandbox.story import DemoProject

Row = dict[str, Any]
RISKS: Final = 5
_HIGH: Final = frozenset(["PORTAL", "LEDGER", "NETWORK"])  # have one risk of score 12
_CHANCE: Final = {1: 0.05, 2: 0.2, 3: 0.4, 4: 0.65, 5: 0.9}
LIKELIHOODS: Final = ("Rare", "Unlikely", "Possible", "Likely", "Almost certain")
SEVERITIES: Final = ("Minor", "Moderate", "Serious", "Major", "Catastrophic")
_RATINGS: Final = ("Low", "Moderate", "High", "Extreme")
_STEPS: Final = (4, 6, 8)  # the grades added up; more than that is the next rating
# title, because of, the effect is, probability, impact
_POOL: Final = (
    (
        "Key supplier cannot staff the second wave of",
        "a framework contract that ends early",
        "later delivery of interfaces",
        2,
        3,
    ),
    ("Test data stays incomplete in", "privacy rules that forbid copies", "defects are found late", 3, 2),
    (
        "Users do not take up the new way of working at",
        "training that clashes with peak season",
        "benefits come later",
        2,
        4,
    ),
    (
        "Interface changes arrive without notice for",
        "another team's release calendar",
        "rework in integration",
        2,
        2,
    ),
    ("Licences turn out dearer than quoted for", "a new price list", "higher running cost", 1, 4),
    ("Specialists leave before handover of", "a tight labour market", "knowledge is lost", 2, 3),
)
WAITING: Final = "LEDGER"  # has a grave issue that is long past due
_ISSUES: Final = (
    "Build agents run out of disk", "Two addresses are mapped twice", "A certificate was issued for the wrong name",
    "The test room is double booked", "Reports lose their page numbers",
)  # fmt: skip
_RESPONSES: Final = ("reduce", "transfer", "share", "avoid", "reduce")
_ACTIONS: Final = (
    "Agree a reserve list of people with the supplier", "Build a generator for realistic test cases",
    "Move the sessions to the quieter weeks", "Join the other team's weekly release call",
    "Ask for a price that is fixed for two years",
)  # fmt: skip


def _scale(project: DemoProject) -> int:
    return (project.budget or 200_000) // 100


def _scores(project: DemoProject) -> list[tuple[int, int]]:
    scores = [(probability, impact) for *_, probability, impact in _POOL[:RISKS]]
    if project.key in _HIGH:
        scores[0] = (3, 4)
    if project.unowned_critical_risk:
        scores[0] = (4, 4)
    return scores


def _cost(project: DemoProject, impact: int) -> int:
    return round(_scale(project) * impact, -2)


def contingency(project: DemoProject) -> int | None:
    """Return the contingency left: well over what the risks are expected to cost; none without a budget."""
    if project.budget is None:
        return None
    expected = sum(_CHANCE[probability] * _cost(project, impact) for probability, impact in _scores(project))
    return int(round(expected * 1.5, -3))


def _person(project: DemoProject, number: int) -> str:
    return Random(f"{project.key}:{number}:owner").choice(
        (project.manager, project.sponsor, "Ada Kowalski", "Hugo Adeyemi")
    )


def raid(anchor: date, day: date) -> list[Row]:
    """Return the log's rows as of a day: what has been raised by then, open and closed."""
    week = story.week_of(anchor, day)
    rows: list[Row] = []
    for index, project in enumerate(story.PROJECTS, 1):
        told = max(each for each in range(week + 1) if project.reported[each] is not None)
        # Who no longer reports no longer reviews either.
        reviewed = story.week_date(anchor, told) - timedelta(days=2)
        rows += _risks(project, index, anchor, (day, reviewed))
        rows += _issues(project, index, anchor, (day, reviewed))
        rows += _others(project, index, anchor, (day, reviewed))
    return rows


def _base(project: DemoProject, reference: str, kind: str, title: str, dates: tuple[date, date]) -> Row:
    raised, reviewed = dates
    return {
        "Ref": reference, "Project ID": project.key, "Kind": kind, "Title": title,
        "Owner": _person(project, int(reference[2:])), "State": "open", "Raised on": raised,
        "Last reviewed": max(raised, reviewed), "Currency": project.currency,
    }  # fmt: skip


def rating(probability: int, impact: int) -> str:
    """Return what the office's own matrix calls a pair: what would be catastrophic is at least high."""
    steps = sum(probability + impact > most for most in _STEPS)
    return _RATINGS[max(steps, 2) if impact == len(SEVERITIES) else steps]


def _risks(project: DemoProject, index: int, anchor: date, dates: tuple[date, date]) -> list[Row]:
    _, reviewed = dates
    rows = []
    for number, (probability, impact) in enumerate(_scores(project)):
        title, cause, effect, *_ = _POOL[number]
        raised = story.week_date(anchor, 0) - timedelta(days=3 + number % 3)
        row = _base(
            project, f"R-{index}{number + 1:02d}", "risk", f"{title} {project.name}", (raised, reviewed)
        )
        row |= {
            "Cause": cause, "Effect": effect, "State": "responding" if number % 2 else "open",
            "Probability": probability, "Impact": impact, "Probability %": _CHANCE[probability],
            "Cost impact": _cost(project, impact), "Days impact": impact * 3,
            "Proximity": anchor + timedelta(days=30 + 10 * number), "Response": _RESPONSES[number],
            "Action": _ACTIONS[number], "Action due": anchor + timedelta(days=14 + 6 * number),
            "Likelihood rating": LIKELIHOODS[probability - 1], "Impact rating": SEVERITIES[impact - 1],
            "Risk rating": rating(probability, impact),
        }  # fmt: skip
        if project.unowned_critical_risk and number == 0:
            row |= {
                "Owner": None, "Title": f"The lease of the old building ends before {project.name} can move",
                "Cause": "a landlord who does not extend", "Effect": "four hundred people without a desk",
                "Action": "Open talks about a bridging lease",
            }  # fmt: skip
        rows.append(row)
    return rows


def _issues(project: DemoProject, index: int, anchor: date, dates: tuple[date, date]) -> list[Row]:
    """Return the issues: one every three weeks, closed after sixteen days."""
    day, reviewed = dates
    rows = []
    for number, week in enumerate((0, 3, 6, 9, 12)):
        raised = story.week_date(anchor, week) - timedelta(days=3)
        if raised > day:
            break
        row = _base(
            project,
            f"I-{index}{number + 1:02d}",
            "issue",
            f"{_ISSUES[number]} in {project.name}",
            (raised, reviewed),
        )
        closed = raised + timedelta(days=16)
        row |= {
            "Effect": "work waits for a day or two",
            "Impact": 2,
            "Due": raised + timedelta(days=20),
            "Response": "reduce",
        }
        if closed <= day:
            row |= {"State": "closed", "Last reviewed": closed}
        else:
            row |= {"Action": "Repair it and write down how", "Action due": raised + timedelta(days=20)}
        rows.append(row)
    if project.key == WAITING and (raised := story.week_date(anchor, 5)) <= day:
        row = _base(
            project,
            f"I-{index}90",
            "issue",
            f"Two years of postings do not add up in {project.name}",
            (raised, reviewed),
        )
        rows.append(row | {
            "Effect": "the opening balances cannot be signed", "Impact": 4, "Due": anchor - timedelta(days=20),
            "Response": "reduce", "Action": "Recount both years with the auditors",
            "Action due": anchor + timedelta(days=9),
        })  # fmt: skip
    return rows


def _others(project: DemoProject, index: int, anchor: date, dates: tuple[date, date]) -> list[Row]:
    """Return a dependency, and in the definition stage the assumptions that a plan rests on."""
    _, reviewed = dates
    raised = story.week_date(anchor, 0) - timedelta(days=4)
    giver = story.PROJECTS[index % len(story.PROJECTS)]
    row = _base(
        project,
        f"D-{index}01",
        "dependency",
        f"{project.name} needs a test environment from {giver.name}",
        (raised, reviewed),
    )
    needed = anchor + timedelta(days=28)
    # One is offered later than it is needed: the campus waits for the network.
    offered = needed + timedelta(days=10 if project.unowned_critical_risk else -7)
    row |= {
        "Providing project": giver.key, "Needed by": needed, "Offered by": offered, "Response": "share",
        "Action": "Agree the handover day in the weekly call", "Action due": anchor + timedelta(days=14),
    }  # fmt: skip
    rows = [row]
    if project.stage == "define":
        for number, title in enumerate(
            (
                "Space norms stay as they are in",
                "Union agreement is reached before",
                "Furniture can be reused by",
            ),
            1,
        ):
            assumed = _base(
                project, f"A-{index}{number:02d}", "assumption", f"{title} {project.name}", (raised, reviewed)
            )
            assumed |= {
                "Response": "accept",
                "Action": "Ask facilities to confirm it",
                "Action due": anchor + timedelta(days=20),
            }
            rows.append(assumed)
    return rows


def cross_dependencies(anchor: date, day: date) -> list[Row]:
    """Return the estates team's own list of dependencies, kept in the local folder."""
    held = {project.key: project for project in story.PROJECTS}
    told = story.week_date(anchor, story.week_of(anchor, day)) - timedelta(days=1)
    raised = story.week_date(anchor, 0) - timedelta(days=6)
    rows = []
    for number, (taker, giver, what) in enumerate((
        ("CAMPUS", "NETWORK", "cabling of the new floors"), ("NETWORK", "CLOUD", "addresses of the landing zone"),
        ("CAMPUS", "SIGNON", "badges that open a session"),
    ), 1):  # fmt: skip
        row = _base(
            held[taker],
            f"D-9{number:02d}",
            "dependency",
            f"{held[taker].name} waits for the {what}",
            (raised, told),
        )
        row |= {
            "Providing project": giver, "Needed by": anchor + timedelta(days=60),
            "Offered by": anchor + timedelta(days=50),
            "Response": "share", "Action": "Walk through the plan together", "Action due": anchor + timedelta(days=21),
        }  # fmt: skip
        rows.append(row)
    return rows
