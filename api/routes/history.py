"""What stands behind status: every snapshot, every claim, the rates and the iterations."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.responses import Response

from api.access.visible import Reader, RecordsReader, StatusReader, only_visible
from api.routes.common import PROBLEMS, ChangedSince, Given, KnownAt, Text, changed
from api.shapes.common import Paged
from api.shapes.history import ClaimShape, IterationShape, RateShape, SnapshotShape
from api.wire.answer import Visible, day, json_answer
from api.wire.paging import Page, Paging
from api.wire.values import Day
from model.tables import Claim, CurrencyRate, Iteration, Project, Snapshot, Source
from sync.json import instant_text

router = APIRouter()
_Columns = dict[str, InstrumentedAttribute[Any]]

_SNAPSHOT: Final[_Columns] = {
    "id": Snapshot.id, "project": Project.key, "as_of": Snapshot.as_of, "known_at": Snapshot.known_at,
    "policy": Snapshot.policy, "overall": Snapshot.overall, "health": Snapshot.health,
    "reported": Snapshot.reported, "watermelon": Snapshot.watermelon, "sha256": Snapshot.sha256,
}  # fmt: skip
_CLAIM: Final[_Columns] = {
    "id": Claim.id, "project": Project.key, "attribute": Claim.attribute, "value": Claim.value, "unit": Claim.unit,
    "source": Source.name, "valid_from": Claim.valid_from, "known_from": Claim.known_from, "run": Claim.run_id,
    "page": Claim.raw_page_id, "position": Claim.raw_position, "locator": Claim.locator, "url": Claim.url,
}  # fmt: skip
_RATE: Final[_Columns] = {
    "id": CurrencyRate.id, "day": CurrencyRate.day, "base": CurrencyRate.base, "quote": CurrencyRate.quote,
    "rate": CurrencyRate.rate, "known_from": CurrencyRate.known_from, "known_to": CurrencyRate.known_to,
}  # fmt: skip
_ITERATION: Final[_Columns] = {
    "id": Iteration.id, "source": Source.name, "external_id": Iteration.external_id, "name": Iteration.name,
    "path": Iteration.path, "state": Iteration.state, "goal": Iteration.goal, "start_at": Iteration.start_at,
    "finish_at": Iteration.finish_at, "completed_at": Iteration.completed_at, "deleted_at": Iteration.deleted_at,
}  # fmt: skip
_DAYS: Final = frozenset({"as_of", "valid_from", "day"})
_INSTANTS: Final = frozenset({
    "known_at", "known_from", "known_to", "start_at", "finish_at", "completed_at", "deleted_at"
})  # fmt: skip


@router.get(
    "/snapshots", response_model=Paged[SnapshotShape], responses=PROBLEMS, summary="Snapshots of status",
    operation_id="list_snapshots",
)  # fmt: skip
def list_snapshots(
    reader: StatusReader,
    paging: Page,
    project: Text = None,
    since: Annotated[Day | None, Query(description="Of this day and later ones")] = None,
    until: Annotated[Day | None, Query(description="Of this day and earlier ones")] = None,
    known_at: KnownAt = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List every status that was ever computed, in the order it was; of a day the last known one counts."""
    query = select(*_SNAPSHOT.values()).join(Project, Project.id == Snapshot.project_id)
    query = query.where(changed(changed_since, Snapshot.known_at))
    if since is not None:
        query = query.where(Snapshot.as_of >= since)
    if until is not None:
        query = query.where(Snapshot.as_of <= until)
    if known_at is not None:
        query = query.where(Snapshot.known_at <= known_at)
    return _listed(reader, paging, query, _SNAPSHOT, ((Project.key, project),), Snapshot.project_id)


@router.get(
    "/claims",
    response_model=Paged[ClaimShape],
    responses=PROBLEMS,
    summary="Claims",
    operation_id="list_claims",
)
def list_claims(
    reader: StatusReader,
    paging: Page,
    project: Text = None,
    attribute: Text = None,
    source: Text = None,
    known_at: KnownAt = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List what sources said of projects' attributes, in the order it became known; `/explain` says which counts."""
    query = select(*_CLAIM.values()).join(Project, Project.id == Claim.project_id)
    query = query.join(Source, Source.id == Claim.source_id).where(changed(changed_since, Claim.known_from))
    if known_at is not None:
        query = query.where(Claim.known_from <= known_at)
    given = ((Project.key, project), (Claim.attribute, attribute), (Source.name, source))
    return _listed(reader, paging, query, _CLAIM, given, Claim.project_id)


@router.get(
    "/rates", response_model=Paged[RateShape], responses=PROBLEMS, summary="Currency rates",
    operation_id="list_rates",
)  # fmt: skip
def list_rates(
    reader: StatusReader,
    paging: Page,
    base: Text = None,
    quote: Text = None,
    known_at: KnownAt = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List the rates that money is converted at, those that count and those they took the place of."""
    query = select(*_RATE.values())
    query = query.where(changed(changed_since, CurrencyRate.known_from, CurrencyRate.known_to))
    if known_at is not None:
        query = query.where(CurrencyRate.known_from <= known_at)
    return _listed(
        reader, paging, query, _RATE, ((CurrencyRate.base, base), (CurrencyRate.quote, quote)), None
    )


@router.get(
    "/iterations", response_model=Paged[IterationShape], responses=PROBLEMS, summary="Iterations",
    operation_id="list_iterations",
)  # fmt: skip
def list_iterations(
    reader: RecordsReader,
    paging: Page,
    source: Text = None,
    state: Text = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List sprints and iterations of all trackers, in the order they were first read."""
    reader.needs_everything("Iterations")
    query = select(*_ITERATION.values()).join(Source, Source.id == Iteration.source_id)
    query = query.where(changed(changed_since, Iteration.changed_at))
    return _listed(reader, paging, query, _ITERATION, ((Source.name, source), (Iteration.state, state)), None)


def _listed(
    reader: Reader,
    paging: Paging,
    query: Select[*tuple[Any, ...]],
    columns: _Columns,
    given: tuple[Given, ...],
    project: InstrumentedAttribute[Any] | None,
) -> Response:
    """Answer with a page of these columns, of the visible projects where rows have one."""
    asked = query.where(*(column == value for column, value in given if value is not None))

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        mine = asked if project is None else asked.where(only_visible(project, visible))
        rows = session.execute(paging.page(mine, columns["id"].expression)).all()
        items = [_document(columns, row) for row in rows]
        return paging.document(items, [row[0] for row in rows])

    return json_answer(reader, collect, link=paging.link)


def _document(columns: _Columns, row: Any) -> dict[str, Any]:
    """Return a row by the names of its columns; instants exactly, so that they can be asked by."""
    found = dict(zip(columns, row, strict=True))
    for name in found.keys() & _DAYS:
        found[name] = day(found[name])
    for name in found.keys() & _INSTANTS:
        found[name] = instant_text(found[name])
    return found
