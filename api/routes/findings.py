"""What the templates found missing, invalid, failed or stale, and what is being done about it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import FindingsReader, only_visible
from api.finding_queue import (
    By,
    Filters,
    Sort,
    State,
    by_id,
    counts,
    detail,
    dispute_document,
    documents,
    filters_now,
    found,
    severity_key,
)
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.common import Paged
from api.shapes.finding import DisputeShape, FindingCountsShape, FindingDetailShape, FindingShape
from api.wire.answer import Visible, json_answer
from api.wire.fixed import NOW, Version, versioned
from api.wire.paging import Page
from api.wire.problems import not_found
from api.wire.values import MOST_ID
from model.tables import Dispute, Finding, Project
from sync.today import quarter

router = APIRouter()
Severity = Annotated[Literal["block", "warn", "info"] | None, Query()]
Kind = Annotated[
    Literal["missing", "invalid", "failed", "stale", "repeated", "other_period", "rosy", "copied"] | None,
    Query(),
]
Older = Annotated[int | None, Query(ge=1, le=36_500, description="Days since it was found")]
States = Annotated[
    State,
    Query(description="open: somebody has something to do, so neither waived nor closed"),
]
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[31])]


class Asked:
    """The filters of a listing, as the address gives them."""

    def __init__(  # noqa: PLR0913, PLR0917 - a parameter of the address each
        self,
        project: Text = None,
        owner: Annotated[
            str | None, Query(max_length=200, description="A name; (nobody): no owner is on record")
        ] = None,
        severity: Severity = None,
        template: Text = None,
        rule: Text = None,
        record: Annotated[str | None, Query(max_length=500)] = None,
        kind: Kind = None,
        older_than: Older = None,
        state: States = "open",
    ) -> None:
        self.now = datetime.now(UTC)
        self._given = {
            "project": project, "owner": owner, "severity": severity, "template": template, "rule": rule,
            "record": record, "kind": kind, "older_than": older_than, "state": state,
        }  # fmt: skip

    def filters(self, session: Session) -> Filters:
        """Return which findings are meant, with days counted as the portfolio does."""
        return filters_now(session, self.now, **self._given)


AskedFilters = Annotated[Asked, Depends(Asked)]


@router.get(
    "/findings", response_model=Paged[FindingShape], responses=PROBLEMS, summary="Findings",
    operation_id="list_findings",
)  # fmt: skip
def list_findings(
    reader: FindingsReader,
    paging: Page,
    asked: AskedFilters,
    sort: Annotated[Sort, Query()] = "oldest",
    changed_since: ChangedSince = None,
) -> Response:
    """List findings as they stand now, the open ones unless asked otherwise, the oldest first; each has its steps.

    Sorted by severity, they stay in the order of the first page, also where one becomes more or less grave since:
    the cursor holds the version of the data that they were sorted at, for a week. What is found since comes in its
    place behind the page, or is not told; by age, what is new always comes at the end.
    """

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = found(asked.filters(session), visible).where(
            changed(changed_since, Finding.opened_at, Finding.moved_at, Finding.closed_at)
        )
        if sort == "severity":
            then, after = (None, None) if paging.after is None else versioned(paging.after)
            key = severity_key(then)
            rows = session.execute(paging.page(query.add_columns(key, NOW), key, after=after)).all()
            keys: list[int | str] = [f"{then or Version.read(row[3])}|{row[2]}" for row in rows]
        else:
            query = paging.page(query, Finding.__table__.c.id, newest_first=sort == "newest")
            rows = session.execute(query).all()
            keys = [row[0].id for row in rows]
        return paging.document(documents(session, [(row[0], row[1]) for row in rows]), keys)

    return json_answer(reader, collect, link=paging.link, also=quarter(asked.now))


@router.get(
    "/findings/counts", response_model=FindingCountsShape, responses=PROBLEMS, summary="Findings, counted",
    operation_id="count_findings",
)  # fmt: skip
def count_findings(
    reader: FindingsReader, asked: AskedFilters, by: Annotated[By, Query()] = "owner"
) -> Response:
    """Count findings by owner, severity, age, project, rule, template or state."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        items = counts(session, by, asked.filters(session), visible)
        return {"by": by, "total": sum(item["count"] for item in items), "items": items}

    return json_answer(reader, collect, also=quarter(asked.now))


@router.get(
    "/findings/{number}", response_model=FindingDetailShape, responses=PROBLEMS, summary="One finding",
    operation_id="get_finding",
)  # fmt: skip
def get_finding(reader: FindingsReader, number: Number) -> Response:
    """Return a finding with its steps, disputes and waivers."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        row = by_id(session, number, visible)
        if row is None:
            raise not_found(f"There is no finding {number}, or this token may not see it.")
        return detail(session, *row, visible)

    return json_answer(reader, collect)


@router.get(
    "/disputes", response_model=Paged[DisputeShape], responses=PROBLEMS, summary="Disputes",
    operation_id="list_disputes",
)  # fmt: skip
def list_disputes(
    reader: FindingsReader,
    paging: Page,
    project: Text = None,
    state: Annotated[
        Literal["waiting", "standing", "all"],
        Query(description="waiting: nobody has answered; standing: nobody has, or it was upheld"),
    ] = "waiting",
    changed_since: ChangedSince = None,
) -> Response:
    """List disputes of values, those that wait for an answer unless asked otherwise."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = (
            select(Dispute, Project.key)
            .join(Project, Project.id == Dispute.project_id)
            .where(only_visible(Dispute.project_id, visible))
        )
        query = query.where(changed(changed_since, Dispute.at, Dispute.answered_at, Dispute.ended_at))
        if project is not None:
            query = query.where(Project.key == project)
        if state != "all":
            query = query.where(Dispute.ended_at.is_(None))
        if state == "waiting":
            query = query.where(Dispute.answer.is_(None))
        rows = session.execute(paging.page(query, Dispute.__table__.c.id)).all()
        return paging.document([dispute_document(*row) for row in rows], [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)
