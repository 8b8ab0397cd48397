"""The receipt of one value: what it is, which rule, which inputs, who said so, and who said otherwise."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import StatusReader
from api.answer import Visible
from api.pages.render import page
from api.problems import not_found
from api.routes.common import AsOf, KnownAt, ProjectKey, visible_project
from model.attributes import REGISTER
from sync.receipts import explain

router = APIRouter()


@router.get("/projects/{key}/receipt/{attribute}")
def receipt_page(
    reader: StatusReader,
    key: ProjectKey,
    attribute: Annotated[str, Path(max_length=100)],
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """Show the receipt of one attribute or colour."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        project = visible_project(session, visible, key)
        try:
            found = explain(session, key, attribute, as_of=as_of, known_at=known_at)
        except LookupError as error:
            raise not_found(str(error.args[0]) if error.args else f"{key} has no {attribute}.") from error
        known = REGISTER["project"].get(attribute)
        return {
            "title": f"{attribute.replace('_', ' ')} of {project.name}",
            "project": project,
            "found": found,
            "attribute": attribute,
            "help": known.help if known else None,
            "as_of": as_of,
        }

    return page(reader, "receipt.html", collect)
