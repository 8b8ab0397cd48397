"""Raw pages: what a receipt ends at, as it was fetched, so that anybody who may can hash it."""

from typing import Annotated, Any

import zstandard
from fastapi import APIRouter, Path
from sqlalchemy import Row, text
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS
from api.shapes.raw_page import RawPageShape
from api.wire.answer import Visible, answer, json_answer, z
from api.wire.etag import Body
from api.wire.problems import not_found
from api.wire.values import MOST_ID
from sync.receipts_rows import TABLES

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[40217])]
BINARY = "application/octet-stream"
_HIDDEN = "project_id IS NULL OR project_id <> ALL(CAST(:visible AS uuid[]))"


@router.get(
    "/raw-pages/{number}", response_model=RawPageShape, responses=PROBLEMS, summary="One raw page",
    operation_id="get_raw_page",
)  # fmt: skip
def get_raw_page(reader: RecordsReader, number: Number) -> Response:
    """Say where a raw page came from, with the hash that was taken when it was fetched."""
    return json_answer(reader, lambda session, visible: raw_page(session, visible, number))


@router.get(
    "/raw-pages/{number}/body", responses={**PROBLEMS, 200: {"content": {BINARY: {"schema": {
        "type": "string", "contentEncoding": "binary"}}}}}, response_class=Response,
    summary="The bytes of a raw page", operation_id="get_raw_page_body",
)  # fmt: skip
def get_raw_page_body(reader: RecordsReader, number: Number) -> Response:
    """Return a raw page word for word: the SHA-256 of these bytes is the one that receipts name."""

    def render(session: Session, visible: Visible) -> Body:
        try:
            body = zstandard.ZstdDecompressor().decompress(_found(session, visible, number).body)
        except zstandard.ZstdError:
            raise not_found(
                f"Raw page {number} cannot be opened any more: its stored bytes were damaged."
            ) from None
        headers = {"Content-Disposition": f'attachment; filename="raw-page-{number}.bin"'}
        return Body(body, BINARY, headers)

    return answer(reader, render)


def raw_page(session: Session, visible: Visible, number: int) -> dict[str, Any]:
    """Describe a raw page.

    Raises:
        Problem: There is none, or not for this caller.
    """
    found = _found(session, visible, number)
    lengths = [part["bytes"] for part in found.parts]
    return {
        "id": found.id,
        "source": found.source,
        "stream": found.stream,
        "slice": found.slice,
        "run": found.run_id,
        "fetched_at": z(found.fetched_at),
        "bytes": sum(lengths),
        "sha256": found.sha256.hex(),
        "parts": lengths,
        "body": f"/api/v1/raw-pages/{found.id}/body",
    }


def _found(session: Session, visible: Visible, number: int) -> Row[Any]:
    """Return a page, for those who see every project of its source: it holds the rows of all of them."""
    found = session.execute(
        text(
            "SELECT p.*, s.name AS source FROM raw_page p JOIN source s ON s.id = p.source_id WHERE p.id = :id"
        ),
        {"id": number},
    ).one_or_none()
    if found is None or (visible is not None and _holds_others(session, found.source_id, visible)):
        raise not_found(
            f"There is no raw page {number}, or this token may not see it: it takes every project of its source."
        )
    return found


def _holds_others(session: Session, source: int, visible: frozenset[Any]) -> bool:
    """Say whether a source has rows of a project that is not among those, or of none that is known."""
    tables = (
        "scope",
        *(table for table in TABLES if table != "work_item"),
    )  # an item's project is its scope's
    there = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE source_id = :source AND ({_HIDDEN}))" for table in tables
    )
    of_others: bool = session.execute(
        text(f"SELECT {there}"), {"source": source, "visible": list(visible)}
    ).scalar_one()
    return of_others
