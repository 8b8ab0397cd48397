"""What a project's office keeps, in the version known at an instant: contracts, benefits, people, reviews."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.answered import listed
from api.routes.common import PROBLEMS, AskedClocks, Text
from api.shapes.common import Paged
from api.shapes.register import (
    BaselineShape,
    BenefitShape,
    ContractShape,
    QualityReviewShape,
    RiskMatrixShape,
    RoleShape,
    UtilisationShape,
)
from api.wire.answer import Visible, json_answer
from api.wire.paging import Page
from model.tables import Baseline, Benefit, Contract, Project, ProjectRole, QualityReview, Source, Utilisation
from sync.dimension_risk import learned_matrix

router = APIRouter()


@router.get(
    "/risk-matrix", response_model=RiskMatrixShape, responses=PROBLEMS,
    summary="The matrix that a register goes by", operation_id="get_risk_matrix",
)  # fmt: skip
def get_risk_matrix(reader: RecordsReader, project: Text = None, source: Text = None) -> Response:
    """Read the matrix of risks off the ratings that registers give by themselves, where they give any."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        found = learned_matrix(session, visible=visible, source=source, project=project)
        return {
            "pairs": found.pairs,
            "cells": found.cells,
            "words": found.words,
            "contradictions": [
                {"likelihood": likelihood, "impact": impact, "ratings": ratings}
                for (likelihood, impact), ratings in found.contradictions.items()
            ],
        }

    return json_answer(reader, collect)


@router.get(
    "/contracts", response_model=Paged[ContractShape], responses=PROBLEMS, summary="Contracts",
    operation_id="list_contracts",
)  # fmt: skip
def list_contracts(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    state: Annotated[Literal["planned", "active", "ended", "cancelled"] | None, Query()] = None,
) -> Response:
    """List contracts that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (Contract.state, state))
    return listed(reader, paging, Contract, given, clocks)


@router.get(
    "/benefits", response_model=Paged[BenefitShape], responses=PROBLEMS, summary="Benefits",
    operation_id="list_benefits",
)  # fmt: skip
def list_benefits(
    reader: RecordsReader, paging: Page, clocks: AskedClocks, project: Text = None, source: Text = None
) -> Response:
    """List benefits that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source))
    return listed(reader, paging, Benefit, given, clocks)


@router.get(
    "/roles", response_model=Paged[RoleShape], responses=PROBLEMS, summary="Roles in projects",
    operation_id="list_roles",
)  # fmt: skip
def list_roles(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    role: Text = None,
) -> Response:
    """List roles, held and vacant, that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (ProjectRole.role, role))
    return listed(reader, paging, ProjectRole, given, clocks)


@router.get(
    "/utilisation", response_model=Paged[UtilisationShape], responses=PROBLEMS, summary="Utilisation by week",
    operation_id="list_utilisation",
)  # fmt: skip
def list_utilisation(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    team: Text = None,
) -> Response:
    """List the hours booked by team and week that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (Utilisation.team, team))
    return listed(reader, paging, Utilisation, given, clocks)


@router.get(
    "/quality-reviews", response_model=Paged[QualityReviewShape], responses=PROBLEMS,
    summary="Quality reviews", operation_id="list_quality_reviews",
)  # fmt: skip
def list_quality_reviews(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    result: Annotated[Literal["passed", "conditional", "failed"] | None, Query()] = None,
) -> Response:
    """List quality reviews, held and to come, that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (QualityReview.result, result))
    return listed(reader, paging, QualityReview, given, clocks)


@router.get(
    "/baselines", response_model=Paged[BaselineShape], responses=PROBLEMS, summary="Baselines",
    operation_id="list_baselines",
)  # fmt: skip
def list_baselines(
    reader: RecordsReader, paging: Page, clocks: AskedClocks, project: Text = None, source: Text = None
) -> Response:
    """List baselines, approved and proposed, that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source))
    return listed(reader, paging, Baseline, given, clocks)
