"""Records that people answer for, in the version known at an instant: changes, decisions, gates, work plans."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import Reader, RecordsReader
from api.routes.common import PROBLEMS, AskedClocks, Clocks, Given, Text, V, about, version_document
from api.shapes.common import Paged
from api.shapes.record import ChangeRequestShape, DecisionShape, GateCriterionShape, WorkPlanShape
from api.wire.answer import Visible, day, json_answer, z
from api.wire.paging import Page, Paging
from model.tables import ChangeRequest, Decision, GateCriterion, Project, Source, WorkPlanLine
from sync.record_rows import answerable

router = APIRouter()


@router.get(
    "/change-requests", response_model=Paged[ChangeRequestShape], responses=PROBLEMS,
    summary="Change requests", operation_id="list_change_requests",
)  # fmt: skip
def list_change_requests(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    state: Annotated[
        Literal["raised", "assessed", "approved", "rejected", "withdrawn", "done"] | None, Query()
    ] = None,
) -> Response:
    """List change requests that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (ChangeRequest.state, state))
    return listed(reader, paging, ChangeRequest, given, clocks)


@router.get(
    "/decisions", response_model=Paged[DecisionShape], responses=PROBLEMS, summary="Decisions",
    operation_id="list_decisions",
)  # fmt: skip
def list_decisions(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    state: Annotated[Literal["needed", "made", "dropped"] | None, Query()] = None,
) -> Response:
    """List decisions, needed and made, that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (Decision.state, state))
    return listed(reader, paging, Decision, given, clocks)


@router.get(
    "/gate-criteria", response_model=Paged[GateCriterionShape], responses=PROBLEMS, summary="Gate criteria",
    operation_id="list_gate_criteria",
)  # fmt: skip
def list_gate_criteria(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    gate: Text = None,
    result: Annotated[Literal["met", "partly", "not_met", "not_applicable"] | None, Query()] = None,
) -> Response:
    """List criteria of stage gates, with how far they are met, that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (GateCriterion.gate, gate),
             (GateCriterion.result, result))  # fmt: skip
    return listed(reader, paging, GateCriterion, given, clocks)


@router.get(
    "/work-plan", response_model=Paged[WorkPlanShape], responses=PROBLEMS, summary="Work plans",
    operation_id="list_work_plan",
)  # fmt: skip
def list_work_plan(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    month: Annotated[str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = None,
) -> Response:
    """List what projects mean to do month by month, that stood at `known_at`."""
    given = ((Project.key, project), (Source.name, source), (WorkPlanLine.month, month))
    return listed(reader, paging, WorkPlanLine, given, clocks)


def listed(
    reader: Reader, paging: Paging, table: type[V], given: Sequence[Given], clocks: Clocks
) -> Response:
    """Answer with one page of a table's rows that stood at an instant."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return version_document(session, paging, (table, visible, clocks), given, record_document)

    return json_answer(reader, collect, link=paging.link)


def record_document(found: Any, source: str, project: str | None) -> dict[str, Any]:
    """Return a record as the API shows it: its own columns between whose it is and where it was read."""
    columns = [column.name for column in found.__table__.columns]
    own = answerable(found.__tablename__)
    values = {name: getattr(found, name) for name in columns if name in own}
    return {
        "source": source,
        "external_id": found.external_id,
        "project": project,
        "project_ref": found.project_ref,
        **{name: day(value) if isinstance(value, date) else value for name, value in values.items()},
        "known_from": z(found.known_from),
        "locator": found.locator,
        "url": found.url,
        **about(found),
    }
