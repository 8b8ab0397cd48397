"""Programmes with their roll-ups."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import Reader, StatusReader
from api.answer import Visible, json_answer
from api.problems import not_found
from api.rollup_shapes import ProgrammesShape, RollupShape
from api.routes.common import PROBLEMS, AsOf, KnownAt
from sync.receipts import status_document
from sync.rollup.rollup import rolled_up, summary

router = APIRouter()
ProgrammeName = Annotated[str, Path(max_length=200, examples=["Space"])]


@router.get(
    "/programmes", response_model=ProgrammesShape, responses=PROBLEMS, summary="Programmes",
    operation_id="list_programmes",
)  # fmt: skip
def list_programmes(reader: StatusReader, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return every programme's roll-up of the visible projects; the last may be of those in no programme."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        projects = reader.principal.projects
        status = status_document(session, as_of=as_of, known_at=known_at, visible=projects)
        found = rolled_up(session, status, known_at=known_at, visible=projects)
        return {
            "as_of": status["as_of"],
            "known_at": status["known_at"],
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


def _one(
    reader: Reader, as_of: date | None, known_at: datetime | None, *, kind: str, name: str | None
) -> Response:
    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        projects = reader.principal.projects
        status = status_document(session, as_of=as_of, known_at=known_at, visible=projects)
        found = rolled_up(session, status, known_at=known_at, visible=projects)
        for each in found:
            if each["kind"] == kind and name in (None, each["name"]):
                return each
        named = [each["name"] for each in found if each["kind"] == "programme" and each["name"] is not None]
        if kind == "portfolio":
            raise not_found("No portfolio is configured yet: `muster apply -f FILE`.")
        raise not_found(f"There is no programme {name!r}; there are: {', '.join(named[:20]) or 'none yet'}.")

    return json_answer(reader, collect)
