"""Search over projects, work items, milestones, RAID items and people."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS
from api.search import Asked, SearchKind, kinds_of, search
from api.shapes.search import FoundShape
from api.wire.answer import Visible, json_answer
from model.rights import Permission

router = APIRouter()


@router.get("/search", response_model=FoundShape, responses=PROBLEMS, summary="Search", operation_id="search")
def find(
    reader: RecordsReader,
    q: Annotated[
        str,
        Query(min_length=1, max_length=200, description="Beginnings of words, or a key", examples=["Apollo"]),
    ],
    kind: Annotated[SearchKind | None, Query(description="Only these; all kinds when left out")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Of each kind")] = 20,
) -> Response:
    """Find what goes by some words, of what the token may see; people only for who may see sources and people."""
    people = reader.principal.can(Permission.INSPECT)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        found = search(session, Asked(q, visible, limit, people, tuple(kinds_of(kind))))
        return {
            "q": q,
            "items": [asdict(hit) for group in found for hit in group.hits],
            "more": [group.kind for group in found if group.more],
        }

    return json_answer(reader, collect, also=people)
