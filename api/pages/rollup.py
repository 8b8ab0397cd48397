"""A roll-up as a page, each of its figures with its receipt: the portfolio's, or a programme's."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.pages.render import link, page
from api.pages.writing import words
from api.routes.common import AsOf, KnownAt
from api.translation import N_, Translated, _
from api.wire.answer import Visible
from api.wire.problems import not_found
from sync.receipts import NotKnown
from sync.rollup.figures import figures
from sync.rollup.receipt import PORTFOLIO, PROGRAMME, chosen, explain_rollup
from sync.rollup.rollup import rollups

router = APIRouter()

Programme = Annotated[
    str | None, Query(max_length=200)
]  # none: the portfolio; empty: the projects in no programme

_NAMED: Final = Translated(
    {
        "worst": N_("Worst colour"),
        "cost_weighted.colour": N_("Colour by cost"),
        "health.cost_weighted": N_("Health by cost"),
        "health.plain": N_("Health, each project alike"),
        "cost_weighted.total": N_("Approved budgets"),
        "cost_weighted.left_out_share": N_("Share of the projects without a weight"),
        "grey.of_projects": N_("Grey share of the projects"),
        "grey.of_cost": N_("Grey share of the cost"),
        "projects": N_("Live projects"),
        "closed": N_("Closed projects"),
        "watermelons": N_("Watermelons"),
        "health.projects": N_("Projects with a health"),
        "health.weighed": N_("Projects with a health and a cost"),
    }
)
_SHARES: Final = ("cost_weighted.shares.", "grey.", "cost_weighted.left_out_share")


@router.get("/rollup")
def rollup_page(
    reader: StatusReader, programme: Programme = None, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Show a roll-up: its three views together, and what each project brings."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = rollups(session, as_of, known_at, reader.principal.projects)
        try:
            one = chosen(found, PORTFOLIO if programme is None else PROGRAMME, programme or None)
        except NotKnown as error:
            raise not_found(str(error.args[0])) from error
        return {
            "title": called(one),
            "one": one,
            "rows": list(_rows(one)),
            "others": [each for each in found if each["kind"] == PROGRAMME] if programme is None else [],
            "go": partial(_go, programme, as_of, known_at),
            "to": partial(_go, as_of=as_of, known_at=known_at),
            "clocks": {"as_of": as_of, "known_at": known_at},
            "as_json": link(f"{_api(programme)}/status", as_of=as_of, known_at=known_at),
        }

    return page(reader, "rollup.html", collect)


@router.get("/rollup/receipt/{figure}")
def rollup_receipt_page(
    reader: StatusReader,
    figure: Annotated[str, Path(max_length=300)],
    programme: Programme = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """Show what one figure of a roll-up is made of."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        kind = PORTFOLIO if programme is None else PROGRAMME
        try:
            found = explain_rollup(
                session, kind, programme or None, figure, as_of=as_of, known_at=known_at,
                visible=reader.principal.projects,
            )  # fmt: skip
        except NotKnown as error:
            raise not_found(str(error.args[0])) from error
        return {
            "title": _("%(what)s of %(project)s", what=named(found["path"]), project=called(found)),
            "heading": named(found["path"]),
            "of": called(found),
            "found": found,
            "share": is_share(found["path"]),
            "columns": _columns(found["parts"]),
            "go": partial(_go, programme, as_of, known_at),
            "clocks": {"as_of": as_of, "known_at": known_at},
            "as_json": link(f"{_api(programme)}/explain/{{}}", found["path"], as_of=as_of, known_at=known_at),
        }

    return page(reader, "rollup_receipt.html", collect)


def called(found: dict[str, Any]) -> str:
    """Return a roll-up's name as a heading."""
    return str(found["name"] or _("Projects in no programme"))


def named(path: str) -> str:
    """Say in words which figure a path is."""
    if path in _NAMED:
        return _NAMED[path]
    head, _dot, last = path.rpartition(".")
    if head == "counts":
        return _("Projects that are %(colour)s", colour=last.lower())
    if head == "cost_weighted.shares":
        return _("Share of the cost that is %(colour)s", colour=last.lower())
    return _("%(what)s of %(project)s", what=words(last), project=head.removeprefix("inputs."))


def is_share(path: str) -> bool:
    """Say whether a figure is a part of a whole, to be read in percent."""
    return path.startswith(_SHARES) or path.endswith(".weight")


def _rows(one: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Return the figures that are worth a line: counts and shares of colours nobody has are left out."""
    for path, value in figures(one):
        spare = path.startswith(("counts.", "cost_weighted.shares.")) and not value
        if not spare and not path.startswith("inputs."):
            unit = one["cost_weighted"]["total"]["currency"] if path == "cost_weighted.total" else None
            yield {"path": path, "name": named(path), "value": value, "share": is_share(path), "unit": unit}


_BESIDE: Final = frozenset({"key", "name", "explain", "snapshot", "rates"})


def _columns(parts: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for part in parts for name in part if name not in _BESIDE))


def _go(programme: str | None, as_of: date | None, known_at: datetime | None, path: str = "") -> str:
    """Return the address of a roll-up, or of a figure's receipt; an empty programme stays in it."""
    below = link("/rollup/receipt/{}", path) if path else "/rollup"
    query = {"as_of": as_of, "known_at": known_at, "programme": programme}
    kept = [(name, str(value)) for name, value in query.items() if value is not None]
    return f"{below}?{urlencode(kept)}" if kept else below


def _api(programme: str | None) -> str:
    if programme is None:
        return "/api/v1/portfolio"
    return link("/api/v1/programmes/{}", programme) if programme else "/api/v1/unassigned"
