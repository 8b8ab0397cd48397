"""Policies as pages: which is in force, each one's limits, and what it was found to change."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import PoliciesReader
from api.answer import Visible
from api.pages.render import page
from api.policy_documents import policy_document, policy_heads
from api.problems import not_found
from sync.collection.template_steps import today
from sync.policy.kept import NoSuchPolicy, kept, kept_version, policy_standing

router = APIRouter()


@router.get("/policies")
def policies_page(reader: PoliciesReader) -> Response:
    """Show the versions there are, the newest first, and which is in force."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        standing = _standing(connection)
        heads = policy_heads(kept(connection), standing)
        return {"title": "Policies", "policies": heads[::-1]}

    return page(reader, "policies.html", collect, also=_hour())


@router.get("/policies/{policy}")
def policy_page(reader: PoliciesReader, policy: Annotated[str, Path(max_length=140)]) -> Response:
    """Show one version whole."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        name, _, version = policy.partition("@")
        try:
            found = kept_version(connection, name, version)
        except NoSuchPolicy as error:
            raise not_found(f"{error}.") from None
        document = policy_document(found, _standing(connection), everything=visible is None)
        return {"title": found.label, "policy": document, "limits": _rows(document)}

    return page(reader, "policy.html", collect, also=_hour())


def _rows(document: dict[str, Any]) -> list[tuple[str, str, Any, dict[str, Any]]]:
    """Return block, setting, value, and the value of each tier that sets it otherwise."""
    rows = []
    for block, limits in document["limits"].items():
        for name, value in limits.items() if isinstance(limits, dict) else [("", limits)]:
            tiers = {
                tier: changes.get(block, {}).get(name) if name else changes.get(block)
                for tier, changes in document["tiers"].items()
            }
            rows.append((block, name, "none" if value is None else value, tiers))
    return rows


def _standing(connection: Connection) -> str:
    return policy_standing(connection, today(connection, datetime.now(UTC))).label


def _hour() -> str:
    return f"{datetime.now(UTC):%Y%m%d%H}"
