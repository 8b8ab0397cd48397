"""Templates: their versions, the JSON Schema of their records, and records held to them."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.access.visible import Reader, TemplatesReader
from api.routes.common import PROBLEMS, ChangedSince, Text
from api.shapes.common import Paged
from api.shapes.template import (
    CheckedShape,
    GivenRecord,
    SchemaShape,
    TailoringShape,
    TemplateShape,
    VersionShape,
    WaiverShape,
)
from api.template_documents import (
    tailoring_document,
    template_documents,
    told_tailorings,
    version_document,
    waiver_document,
)
from api.wire import problems
from api.wire.answer import JSON, Visible, json_answer, to_json
from api.wire.bodies import ExactRoute
from api.wire.paging import Page
from api.wire.problems import not_found
from api.wire.values import Day
from model.declaration import InvalidDeclaration
from model.template.schema import record_schema
from sync.collection.template_check import check_record, judge_of
from sync.collection.templates import Kept, NoSuchTemplate, judging, kept, kept_version
from sync.collection.waivers import waivers
from sync.today import today

router = APIRouter(route_class=ExactRoute)
TemplateId = Annotated[str, Path(max_length=100, pattern=r"^[a-z][a-z0-9-]*$", examples=["monthly-status"])]
Version = Annotated[str, Path(max_length=40, pattern=r"^\d+\.\d+\.\d+$", examples=["3.2.0"])]
AsOf = Annotated[Day | None, Query(description="The day to judge on; else the context's as_of, else today")]
_CHECKS: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    422: {**PROBLEMS[404], "description": "It cannot be submitted; `errors` holds every finding"},
}


def _day(connection: Connection) -> date:
    return today(connection, datetime.now(UTC))


def _also() -> str:
    """Return what else decides an answer: which version judges changes with the day."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H}"


@router.get(
    "/templates", response_model=Paged[TemplateShape], responses=PROBLEMS, summary="Templates",
    operation_id="list_templates",
)  # fmt: skip
def list_templates(reader: TemplatesReader, paging: Page, changed_since: ChangedSince = None) -> Response:
    """List the templates with their versions, by id."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        versions = kept(connection)
        lately = {each.template for each in versions if _since(_instants(each), changed_since)}
        found = template_documents([each for each in versions if each.template in lately], _day(connection))
        return paging.listed(found, "id")

    return json_answer(reader, collect, link=paging.link, also=_also())


@router.get(
    "/templates/{template}", response_model=TemplateShape, responses=PROBLEMS, summary="A template",
    operation_id="get_template",
)  # fmt: skip
def get_template(reader: TemplatesReader, template: TemplateId) -> Response:
    """Return a template with its versions."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        found = template_documents(kept(connection, template), _day(connection))
        if not found:
            raise _unknown(connection, template)
        return found[0]

    return json_answer(reader, collect, also=_also())


@router.get(
    "/templates/{template}/versions/{version}", response_model=VersionShape, responses=PROBLEMS,
    summary="A version of a template", operation_id="get_template_version",
)  # fmt: skip
def get_version(reader: TemplatesReader, template: TemplateId, version: Version) -> Response:
    """Return a version whole, in whatever state it is."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        judge = judging(kept(connection, template), _day(connection))
        try:
            document = version_document(kept_version(connection, template, version), judge)
        except (NoSuchTemplate, InvalidDeclaration) as error:
            raise not_found(f"{error}.") from None
        if visible is not None:
            document["trial"] = None  # it names every project
        return document

    return json_answer(reader, collect, also=_also())


@router.get(
    "/templates/{template}/versions/{version}/schema", response_model=SchemaShape, responses=PROBLEMS,
    summary="The JSON Schema of a version's records", operation_id="get_template_schema",
)  # fmt: skip
def get_schema(reader: TemplatesReader, template: TemplateId, version: Version) -> Response:
    """Return the JSON Schema of a record: what it refuses, the check does not let through either."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        try:
            return record_schema(kept_version(session.connection(), template, version).loaded())
        except (NoSuchTemplate, InvalidDeclaration) as error:
            raise not_found(f"{error}.") from None

    return json_answer(reader, collect)


@router.post(
    "/templates/{template}/check", response_model=CheckedShape, responses=_CHECKS,
    summary="Check a record by what judges on a day", operation_id="check_record",
)  # fmt: skip
def check_by_day(
    request: Request, reader: TemplatesReader, template: TemplateId, given: GivenRecord, as_of: AsOf = None
) -> Response:
    """Judge a record by the version of a day, as it is tailored for the record's stage and tier. Nothing is stored."""
    return _checked(request, reader, template, None, given, as_of)


@router.post(
    "/templates/{template}/versions/{version}/check", response_model=CheckedShape, responses=_CHECKS,
    summary="Check a record by a version", operation_id="check_record_by_version",
)  # fmt: skip
def check_by_version(
    request: Request,
    reader: TemplatesReader,
    template: TemplateId,
    version: Version,
    given: GivenRecord,
    as_of: AsOf = None,
) -> Response:
    """Judge a record by one version, as it is tailored for the record's stage and tier. Nothing is stored."""
    return _checked(request, reader, template, version, given, as_of)


def _checked(
    request: Request,
    reader: Reader,
    template: str,
    version: str | None,
    given: GivenRecord,
    as_of: date | None,
) -> Response:
    with reader.engine.connect() as connection:
        day = as_of or given.context.as_of or _day(connection)
        try:
            judge = judge_of(connection, template, version, day, given.where())
        except (NoSuchTemplate, InvalidDeclaration) as error:
            raise not_found(f"{error}.") from None
    found = check_record(judge, given, day)
    if found["can_submit"]:
        return Response(to_json(found), media_type=JSON)
    held = sum(each["severity"] == "block" for each in found["findings"])
    detail = (
        f"By {judge.label} this record cannot be submitted: {held} finding{'s' if held != 1 else ''} would hold it"
        " back. `errors` has every finding."
    )
    errors = [{"record": "", **each} for each in found["findings"]]
    refused = problems.document(request, 422, "cannot-be-submitted", detail, errors=errors)
    told = {**orjson.loads(bytes(refused.body)), **found}
    return Response(to_json(told), 422, media_type=problems.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@router.get(
    "/waivers", response_model=Paged[WaiverShape], responses=PROBLEMS, summary="Waivers",
    operation_id="list_waivers",
)  # fmt: skip
def list_waivers(
    reader: TemplatesReader,
    paging: Page,
    template: Text = None,
    project: Text = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List waivers, the newest first."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        on = _day(connection)
        mine = reader.principal.projects
        found = [
            waiver_document(each, on)
            for each in waivers(connection, template=template)
            if project in (None, each["project"]) and (mine is None or each["project"] in mine)
            if _since(each, changed_since)
        ]
        return paging.listed(found, "id", newest_first=True)

    return json_answer(reader, collect, link=paging.link, also=_also())


@router.get(
    "/tailorings", response_model=Paged[TailoringShape], responses=PROBLEMS, summary="Tailorings",
    operation_id="list_tailorings",
)  # fmt: skip
def list_tailorings(
    reader: TemplatesReader, paging: Page, template: Text = None, changed_since: ChangedSince = None
) -> Response:
    """List what is tailored, the newest first."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        found = told_tailorings(session.connection(), visible, template=template)
        shown = [tailoring_document(each) for each in found if _since(each, changed_since)]
        return paging.listed(shown, "id", newest_first=True)

    return json_answer(reader, collect, link=paging.link)


def _instants(each: Kept) -> dict[str, Any]:
    return {
        "created": each.created_at,
        "submitted": each.submitted_at,
        "approved": each.approved_at,
        "retired": each.retired_at,
    }


def _since(found: dict[str, Any], since: datetime | None) -> bool:
    """Say whether any of its instants is at or after one; without one, of everything."""
    return since is None or any(isinstance(each, datetime) and each >= since for each in found.values())


def _unknown(connection: Connection, template: str) -> problems.Problem:
    have = ", ".join(sorted({each.template for each in kept(connection)}))
    return not_found(f"There is no template {template}; there are {have}.")
