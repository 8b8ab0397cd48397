"""The receipt of one value: what it is, which rule, which inputs, who said so, and who said otherwise."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.pages.history import history, outside
from api.pages.render import page
from api.pages.writing import as_date
from api.routes.common import AsOf, KnownAt, visible_project
from api.translation import _
from api.wire.answer import Visible
from api.wire.problems import not_found
from api.wire.whole_keys import ProjectKey
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
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        project = visible_project(session, visible, key)
        known = history(session, frozenset({project.id}))
        told = outside(as_of, known)
        if as_of and known[0] and told and as_of < known[0]:
            raise not_found(told)
        try:
            found = explain(session, key, attribute, as_of=as_of, known_at=known_at, now=now)
        except LookupError as error:
            raise not_found(str(error.args[0]) if error.args else f"{key} has no {attribute}.") from error
        described = REGISTER["project"].get(attribute)
        return {
            "title": _("%(what)s of %(project)s", what=attribute.replace("_", " "), project=project.name),
            "project": project,
            "found": found,
            "rules": rules(found),
            "outside": told,
            "attribute": attribute,
            "help": described.help if described else None,
            "as_of": as_of,
        }

    return page(reader, "receipt.html", collect, also=f"{now:%Y%m%d%H%M}")


_NAMED: Final = frozenset({"id", "rule", "text", "policy", "inputs", "from", "records"})


def rules(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every rule behind a value: its sentences, its inputs, and what else it looked at, row by row.

    An older document lists the deciding rule alone, or none: the reasons then tell the others.
    """
    head = found.get("rule") or {}
    listed = found.get("rules") or ([head] if head else [])
    texts = {each["id"] for each in listed if each.get("text")}
    by_id: dict[str, dict[str, Any]] = {}
    for each in [*listed, *(found.get("reasons") or [])]:
        name = each.get("id") or each.get("rule")
        rule = by_id.setdefault(
            name, {"id": name, "policy": head.get("policy"), "says": [], "inputs": {}, "tables": {}}
        )
        told = each.get("text") if "id" in each or name not in texts else None
        rule["says"] += [told] if told else []
        inputs = each.get("inputs") or {}
        others = {label: value for label, value in each.items() if label not in _NAMED}
        tables = {label: _rows(value) for label, value in (others | inputs).items()}
        rule["tables"] |= {label: rows for label, rows in tables.items() if rows}
        plain = {label: value for label, value in inputs.items() if not tables[label]}
        rule["inputs"] = plain | rule["inputs"]
    return list(by_id.values())


def _rows(value: Any) -> list[dict[str, Any]]:
    """Return what is better read row by row: like records, or values by the day; nothing for a plain value."""
    if isinstance(value, list) and all(isinstance(row, dict) and row for row in value):
        return value
    if isinstance(value, dict) and value and all(as_date(key) for key in value):
        return [{"reported_on": day, "value": value[day]} for day in sorted(value)]
    return []
