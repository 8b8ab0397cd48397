"""The sheets a project office keeps beside its register: contracts, benefits, people and quality reviews."""

from typing import Final

from sandbox import story
from sandbox.figures import SHORTFALL, Moment, Row
from sandbox.story import WEEKS

CONTRACTS: Final = (
    "Contract ref", "Project ID", "Contract", "Supplier", "Contract status", "Start", "Expiry date",
    "Contract value", "Invoiced to date",
)  # fmt: skip
BENEFITS: Final = ("Benefit ref", "Project ID", "Benefit", "Owner", "Target", "Forecast", "Unit")
ROLES: Final = ("Project ID", "Role", "Held by", "Key role", "Since", "Vacant since")
UTILISATION: Final = ("Project ID", "Team", "Week commencing", "Booked hours", "Capacity hours")
REVIEWS: Final = (
    "Review ID", "Project ID", "Quality review", "Reviewer", "Planned date", "Date held", "Outcome",
    "Criteria failed", "Closed on",
)  # fmt: skip
FILE: Final = "office.xlsx"
_HOURS: Final = 200  # a team's, in a week
_OVERBOOKED: Final = {"DATAHUB": 236}
_WEEKS_BOOKED: Final = 7


def contracts(now: Moment) -> list[Row]:
    """Return the contracts; the network's ends five weeks before the project does."""
    rows = []
    for reference, key, title, supplier, (first, last), value, status in (
        ("C-01", "PORTAL", "Build and support", "Brightline Digital", (-330, 120), 900_000, "In force"),
        ("C-02", "LEDGER", "Software and set-up", "Norvik Systems", (-400, 180), 2_600_000, "In force"),
        ("C-03", "LEDGER", "Selection advice", "Hale & Partners", (-520, -380), 90_000, "Expired"),
        ("C-04", "NETWORK", "Cabling and cut-over", "Fjord Networks", (-290, 19), 1_800_000, "In force"),
    ):
        start, end = now.on(first), now.on(last)
        gone = max(0.0, min(1.0, (now.day - start) / (end - start)))
        rows.append({
            "Contract ref": reference, "Project ID": key, "Contract": title, "Supplier": supplier,
            "Contract status": status, "Start": start, "Expiry date": end, "Contract value": value,
            "Invoiced to date": int(round(value * gone * 0.95, -3)),
        })  # fmt: skip
    return rows


def benefits(now: Moment) -> list[Row]:
    """Return the benefits: the ledger's, of which the forecast falls short, and one that is no money."""
    rows: list[Row] = []
    for key, share_left in SHORTFALL.items():  # whose benefits stand here and not in the register
        project = next(each for each in story.PROJECTS if each.key == key)
        target = round((project.budget or 200_000) * 1.4, -3)
        for number, (title, share) in enumerate(
            (("Cheaper running", 0.6), ("Old licences given up", 0.4)), 1
        ):
            promised = int(round(target * share, -3))
            rows.append({
                "Benefit ref": f"B-{key}-{number}", "Project ID": key, "Benefit": title, "Owner": project.sponsor,
                "Target": promised, "Forecast": int(round(promised * share_left, -3)), "Unit": "GBP",
            })  # fmt: skip
    rows.append({
        "Benefit ref": "B-PORTAL-1", "Project ID": "PORTAL", "Benefit": "Fewer calls to the service desk",
        "Owner": "Owen Hart", "Target": 12_000, "Forecast": 11_800 - 100 * now.week, "Unit": "calls a month",
    })  # fmt: skip
    return rows


def roles(now: Moment) -> list[Row]:
    """Return who holds the key roles; the campus has no architect."""
    return [
        {"Project ID": "CAMPUS", "Role": "Architect", "Key role": "Yes", "Vacant since": now.on(-40)},
        {"Project ID": "CAMPUS", "Role": "Buyer", "Held by": "Ada Kowalski", "Key role": "Yes", "Since": now.on(-60)},
        {"Project ID": "PORTAL", "Role": "Test lead", "Held by": "Hugo Adeyemi", "Key role": "Yes",
         "Since": now.on(-300)},
    ]  # fmt: skip


def utilisation(now: Moment) -> list[Row]:
    """Return the hours booked in the last weeks; the data hub's analysts have more than there are."""
    rows: list[Row] = []
    for key, team in (("DATAHUB", "Analysts"), ("CASEWORK", "Integration"), ("SIGNON", "Identity")):
        for week in range(max(0, now.week - _WEEKS_BOOKED + 1), now.week + 1):
            usual = 150 + 10 * (week % 4)
            hours = _OVERBOOKED.get(key, usual) if week >= WEEKS // 2 else usual
            rows.append({
                "Project ID": key, "Team": team, "Week commencing": now.monday(week), "Booked hours": hours,
                "Capacity hours": _HOURS,
            })  # fmt: skip
    return rows


def reviews(now: Moment) -> list[Row]:
    """Return the quality reviews: one failed and not put right, one overdue, the others as they should be."""
    rows: list[Row] = []
    for number, (key, title, due, days_late, failed) in enumerate((
        ("PORTAL", "Security review", -50, 0, 3), ("PORTAL", "Accessibility review", -30, 0, 0),
        ("SIGNON", "Design review", -60, 0, 0), ("NETWORK", "Cut-over rehearsal", -14, None, 0),
        ("CASEWORK", "Handover review", 60, None, 0),
    ), 1):  # fmt: skip
        held = None if days_late is None else now.on(due + days_late)
        done = held is not None and held <= now.day
        rows.append({
            "Review ID": f"Q-{number:02d}", "Project ID": key, "Quality review": title, "Reviewer": "Ada Kowalski",
            "Planned date": now.on(due), "Date held": held if done else None,
            "Outcome": ("Failed" if failed else "Passed") if done else None,
            "Criteria failed": failed if done else None,
        })  # fmt: skip
    return rows


def sheets(now: Moment) -> dict[str, tuple[tuple[str, ...], list[Row]]]:
    """Return each sheet's columns and rows by its name."""
    return {
        "Contracts": (CONTRACTS, contracts(now)),
        "Benefits": (BENEFITS, benefits(now)),
        "Roles": (ROLES, roles(now)),
        "Utilisation": (UTILISATION, utilisation(now)),
        "Reviews": (REVIEWS, reviews(now)),
    }
