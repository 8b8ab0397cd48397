"""Programmes and the portfolio: their roll-ups, and the receipt of each figure of these."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import Reader, StatusReader
from api.routes.common import PROBLEMS, AsOf, KnownAt
from api.shapes.rollup import ProgrammesShape, RollupReceiptShape, RollupShape
from api.wire.answer import Visible, day, json_answer, z
from api.wire.problems import not_found
from sync.receipts import NotKnown
from sync.rollup.receipt import PORTFOLIO, PROGRAMME, chosen, explain_rollup
from sync.rollup.rollup import rollups, summary

router = APIRouter()
ProgrammeName = Annotated[str, Path(max_length=200, examples=["Space"])]
Figure = Annotated[
    str,
    Path(
        max_length=300,
        examples=["health.cost_weighted"],
        description="A path in the roll-up (`counts.RED`, `cost_weighted.total`, `inputs.APOLLO.weight`) or a short"
        " word: health, overall, cost, grey",
    ),
]


@router.get(
    "/programmes", response_model=ProgrammesShape, responses=PROBLEMS, summary="Programmes",
    operation_id="list_programmes",
)  # fmt: skip
def list_programmes(reader: StatusReader, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return every programme's roll-up of the visible projects; the last may be of those in no programme."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = rollups(session, as_of, known_at, reader.principal.projects)
        head = found[0] if found else {"as_of": day(as_of), "known_at": z(known_at)}
        return {
            "as_of": head["as_of"],
            "known_at": head["known_at"],
            "programmes": [summary(each) for each in found if each["kind"] == "programme"],
        }

    return json_answer(reader, collect)


@router.get(
    "/programmes/{name:path}/status", response_model=RollupShape, responses=PROBLEMS,
    summary="One programme's status", operation_id="get_programme_status",
)  # fmt: skip
def get_programme_status(
    reader: StatusReader, name: ProgrammeName, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Return a programme's roll-up with its inputs: each project's colour, budget, rate and weight."""
    return _one(reader, as_of, known_at, kind="programme", name=name)


@router.get(
    "/portfolio/status", response_model=RollupShape, responses=PROBLEMS, summary="The portfolio's status",
    operation_id="get_portfolio_status",
)  # fmt: skip
def get_portfolio_status(reader: StatusReader, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return the portfolio's roll-up with its inputs; a project of several programmes is in it once."""
    return _one(reader, as_of, known_at, kind="portfolio", name=None)


@router.get(
    "/unassigned/status", response_model=RollupShape, responses=PROBLEMS,
    summary="Status of the projects in no programme", operation_id="get_unassigned_status",
)  # fmt: skip
def get_unassigned_status(reader: StatusReader, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return the roll-up of the projects that no source says a programme of; 404 where there are none."""
    return _one(reader, as_of, known_at, kind=PROGRAMME, name=None)


@router.get(
    "/programmes/{name:path}/explain/{figure}", response_model=RollupReceiptShape, responses=PROBLEMS,
    summary="Explain a programme's figure", operation_id="explain_programme",
)  # fmt: skip
def explain_programme(
    reader: StatusReader, name: ProgrammeName, figure: Figure, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Say what a programme's number or colour is made of: rule, each project's part, rates, and where to ask on."""
    return _explained(reader, as_of, known_at, kind=PROGRAMME, name=name, figure=figure)


@router.get(
    "/portfolio/explain/{figure}", response_model=RollupReceiptShape, responses=PROBLEMS,
    summary="Explain the portfolio's figure", operation_id="explain_portfolio",
)  # fmt: skip
def explain_portfolio(
    reader: StatusReader, figure: Figure, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Say what the portfolio's number or colour is made of."""
    return _explained(reader, as_of, known_at, kind=PORTFOLIO, name=None, figure=figure)


@router.get(
    "/unassigned/explain/{figure}", response_model=RollupReceiptShape, responses=PROBLEMS,
    summary="Explain a figure of the projects in no programme", operation_id="explain_unassigned",
)  # fmt: skip
def explain_unassigned(
    reader: StatusReader, figure: Figure, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Say what a number or colour of the projects in no programme is made of."""
    return _explained(reader, as_of, known_at, kind=PROGRAMME, name=None, figure=figure)


def _one(
    reader: Reader, as_of: date | None, known_at: datetime | None, *, kind: str, name: str | None
) -> Response:
    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        try:
            return chosen(rollups(session, as_of, known_at, reader.principal.projects), kind, name)
        except NotKnown as error:
            raise not_found(str(error.args[0])) from error

    return json_answer(reader, collect)


def _explained(
    reader: Reader, as_of: date | None, known_at: datetime | None, *, kind: str, name: str | None, figure: str
) -> Response:
    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        try:
            return explain_rollup(
                session, kind, name, figure, as_of=as_of, known_at=known_at, visible=reader.principal.projects
            )
        except NotKnown as error:
            raise not_found(str(error.args[0])) from error

    return json_answer(reader, collect)
