"""The page of search: one field, and what goes by the words in it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.pages.render import page
from api.search import KINDS, Asked, SearchKind, kinds_of, search
from api.translation import N_, _
from api.wire.answer import Visible
from model.rights import Permission

router = APIRouter()
SHOWN: Final[dict[SearchKind, str]] = {
    "project": N_("Projects"),
    "work_item": N_("Work items"),
    "milestone": N_("Milestones"),
    "raid_item": N_("Risks and issues"),
    "person": N_("People"),
}
_FEW: Final = 8  # of each kind, while all kinds are shown
_MANY: Final = 100


@router.get("/search")
def search_page(
    reader: RecordsReader,
    q: Annotated[str, Query(max_length=200)] = "",
    kind: Annotated[SearchKind | None, Query()] = None,
) -> Response:
    """Show what is found, a kind below another."""
    people = reader.principal.can(Permission.INSPECT)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        most = _FEW if kind is None else _MANY
        found = search(session, Asked(q, visible, most, people, tuple(kinds_of(kind))))
        names = {name: _(shown) for name, shown in SHOWN.items() if people or name != "person"}
        return {
            "title": _("Search"),
            "q": q.strip(),
            "kind": kind,
            "kinds": [name for name in KINDS if name in names],
            "names": names,
            "found": found,
        }

    return page(reader, "search.html", collect, also=people)
