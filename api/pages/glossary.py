"""The glossary: what the office's words mean here, and every field there is."""

from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.glossary import TERMS, explained
from api.pages.render import page
from api.translation import N_, _
from api.wire.answer import Visible
from model.attributes import REGISTER

router = APIRouter()
ENTITIES: Final = {
    "project": N_("Projects"), "work_item": N_("Work items"), "milestone": N_("Milestones"),
    "raid_item": N_("Risks, assumptions, issues and dependencies"), "cost_line": N_("Cost lines"),
    "change_request": N_("Change requests"), "decision": N_("Decisions"), "gate_criterion": N_("Gate criteria"),
    "work_plan_line": N_("Lines of the work plan"), "contract": N_("Contracts"), "benefit": N_("Benefits"),
    "project_role": N_("Roles"), "utilisation": N_("Utilisation"), "quality_review": N_("Quality reviews"),
    "baseline": N_("Baselines"), "scope": N_("Projects of trackers"), "iteration": N_("Iterations"),
    "identity": N_("Accounts in trackers"),
}  # fmt: skip


@router.get("/glossary")
def glossary_page(reader: StatusReader) -> Response:
    """Show all terms in the order of the alphabet, then the fields by what they are of."""

    def collect(_session: Session, _visible: Visible) -> dict[str, Any]:
        terms = [(term, explained(term.key), [_(word) for word in term.also]) for term in TERMS]
        fields = [
            (
                name,
                _(ENTITIES.get(name, name)),
                [(each, explained(f"{name}.{each.name}")) for each in found.values()],
            )
            for name, found in REGISTER.items()
        ]
        terms.sort(key=lambda found: found[1].name.casefold())
        return {"title": _("Glossary"), "terms": terms, "entities": fields}

    return page(reader, "glossary.html", collect)
