"""The ways in which sources' records were read, version by version."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.common import Paged
from api.shapes.work import MappingVersionShape
from api.wire.answer import Visible, json_answer, z
from api.wire.paging import Page
from model.tables import MappingVersion, Source

router = APIRouter()


@router.get(
    "/mapping-versions", response_model=Paged[MappingVersionShape], responses=PROBLEMS, summary="Mappings",
    operation_id="list_mapping_versions",
)  # fmt: skip
def list_mapping_versions(
    reader: RecordsReader, paging: Page, source: Text = None, changed_since: ChangedSince = None
) -> Response:
    """List the versions of the sources' mappings, the newest first; of a source the newest counts."""
    reader.needs_everything("Mappings")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = select(MappingVersion, Source.name).join(Source, Source.id == MappingVersion.source_id)
        query = query.where(changed(changed_since, MappingVersion.saved_at))
        if source is not None:
            query = query.where(Source.name == source)
        rows = session.execute(paging.page(query, MappingVersion.__table__.c.id, newest_first=True)).all()
        return paging.document([_document(row, name) for row, name in rows], [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)


def _document(row: MappingVersion, source: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": source,
        "version": row.version,
        "shipped": row.shipped,
        "read_as": row.read_as,
        "settings": row.settings,
        "examples": row.examples,
        "saved_by": row.saved_by,
        "saved_at": z(row.saved_at),
        "note": row.note,
    }
