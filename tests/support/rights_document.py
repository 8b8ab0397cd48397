"""The tables of `docs/rights.md`, as the code has them: `python -m tests.support.rights_document` writes them."""

from itertools import groupby
from pathlib import Path
from typing import Final

from api.access.rights import DOING
from api.access.route_rights import ROUTES
from model.rights import OFFICE_WIDE, ROLES, SHOWN, Permission

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "rights.md"
BEGIN: Final = "<!-- written by tests/support/rights_document.py -->"
END: Final = "<!-- to here -->"


def tables() -> str:
    """Return both tables: what each role may, and what each route needs."""
    return "\n".join([*_by_role(), "", *_by_route()])


def _by_role() -> list[str]:
    roles = [SHOWN[role] for role in ROLES]
    lines = [f"| permission | is to | {' | '.join(roles)} |", f"|---|---|{'---|' * len(roles)}"]
    for permission, doing in DOING.items():
        marks = ["●" if permission in held else "" for held in ROLES.values()]
        whole = "; of the whole office" if permission in OFFICE_WIDE else ""
        lines.append(f"| `{permission}` | {doing}{whole} | {' | '.join(marks)} |")
    return lines


def _by_route() -> list[str]:
    order = list(Permission)
    routes = sorted(ROUTES, key=lambda route: (order.index(ROUTES[route]), route.partition(" ")[2], route))
    lines = ["| permission | routes |", "|---|---|"]
    for permission, group in groupby(routes, ROUTES.__getitem__):
        lines.append(f"| `{permission}` | {', '.join(f'`{route}`' for route in group)} |")
    return lines


def inside(document: str) -> str:
    """Return what stands between the marks."""
    return document.partition(BEGIN)[2].partition(END)[0].strip()


if __name__ == "__main__":
    told = DOCUMENT.read_text(encoding="utf-8")
    head, _, rest = told.partition(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n\n{tables()}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
