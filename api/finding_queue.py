"""The queue of findings: filtered, sorted, counted, and one of them with all that was done about it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    case,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import Session

from api.access.visible import only_visible
from api.finding_forms import Asked, asked
from api.wire.answer import Visible, day, z
from api.wire.fixed import Version
from model.findings.moves import OPEN, STATES, possible
from model.tables import Dispute, Finding, FindingMove, Project, Waiver
from sync.today import zone_of

State = Literal["open", "all", "new", "accepted", "fixing", "disputed", "upheld", "waived", "closed"]
Sort = Literal["oldest", "newest", "severity"]
By = Literal["owner", "severity", "age", "project", "rule", "template", "state"]
NOBODY: Final = "(nobody)"  # as the owner to filter by: nobody is on record
AGES: Final = ((90, "3 months and more"), (28, "4 weeks and more"), (7, "1 week and more"), (0, "this week"))
RANKS: Final = {"block": 0, "warn": 1, "info": 2}
_MOST: Final = 500  # groups of one count
_TAKEN: Final = ("accept", "fix", "release", "dispute", "waive")  # of a finding; disputes have their own


@dataclass(frozen=True, slots=True)
class Filters:
    """Which findings; None is any. `older_than` is in days, counted back from `today`, as it is in the time zone."""

    today: date
    zone: str
    project: str | None = None
    owner: str | None = None
    severity: str | None = None
    template: str | None = None
    rule: str | None = None
    record: str | None = None
    kind: str | None = None
    older_than: int | None = None
    state: State = "open"

    def where(self, visible: Visible) -> list[ColumnElement[bool]]:
        """Return the conditions on findings joined with their projects."""
        given = (
            (Project.key, self.project), (Finding.severity, self.severity), (Finding.template, self.template),
            (Finding.rule, self.rule), (Finding.record_ref, self.record), (Finding.kind, self.kind),
        )  # fmt: skip
        found = [only_visible(Finding.project_id, visible)]
        found += [column == value for column, value in given if value is not None]
        if self.owner is not None:
            found.append(Finding.owner.is_(None) if self.owner == NOBODY else Finding.owner == self.owner)
        if self.older_than is not None:
            found.append(Finding.opened_at < self._before(self.older_than))
        if self.state == "open":
            found += [Finding.closed_at.is_(None), Finding.state.in_(OPEN)]
        elif self.state in STATES:
            found.append(Finding.state == self.state)
        return found

    def _before(self, days: int) -> datetime:
        day_ = date.fromordinal(max(1, self.today.toordinal() - days + 1))
        return datetime.combine(day_, time.min, ZoneInfo(self.zone))


def filters_now(session: Session, now: datetime, **given: Any) -> Filters:
    """Return filters that count days as the portfolio does."""
    zone = zone_of(session.connection())
    return Filters(now.astimezone(ZoneInfo(zone)).date(), zone, **given)


def found(filters: Filters, visible: Visible) -> Select[Finding, str]:
    """Return the query of findings with their projects' keys, in no order yet."""
    return (
        select(Finding, Project.key)
        .join(Project, Project.id == Finding.project_id)
        .where(*filters.where(visible))
    )


def severity_key(then: Version | None = None) -> ColumnElement[str]:
    """Return what sorts the worst first, and of these the oldest; as grave as they were at a version of the data."""
    grave = Finding.severity if then is None else then.value("finding.severity", "finding.severity_before")
    rank = case(RANKS, value=grave, else_=len(RANKS))
    written = func.concat(
        rank, func.to_char(Finding.opened_at, "YYYYMMDDHH24MISS"), func.lpad(Finding.id.cast(String), 19, "0")
    )
    return type_coerce(written, String)


def counts(session: Session, by: By, filters: Filters, visible: Visible) -> list[dict[str, Any]]:
    """Count findings by something, the most first; by rule they are told apart by their template too."""
    groups: dict[str, list[Any]] = {
        "owner": [Finding.owner], "severity": [Finding.severity], "project": [Project.key],
        "rule": [Finding.rule, Finding.template], "template": [Finding.template], "state": [Finding.state],
        "age": [_age(filters)],
    }  # fmt: skip
    number = func.count().label("count")
    query = (
        select(*groups[by], number)
        .select_from(Finding)
        .join(Project, Project.id == Finding.project_id)
        .where(*filters.where(visible))
        .group_by(*groups[by])
        .order_by(number.desc(), *groups[by])
        .limit(_MOST)
    )
    names = ("value", "template") if by == "rule" else ("value",)
    rows = [dict(zip((*names, "count"), row, strict=True)) for row in session.execute(query)]
    if by == "age":
        words = dict(AGES)
        rows = [
            {"value": words[row["value"]], "older_than": row["value"], "count": row["count"]} for row in rows
        ]
        rows.sort(key=lambda row: -row["older_than"])
    return rows


def _age(filters: Filters) -> ColumnElement[int]:
    """Return the bucket of a finding's age."""
    tomorrow, zone = filters.today + timedelta(days=1), ZoneInfo(filters.zone)
    marks = [
        (Finding.opened_at < datetime.combine(tomorrow - timedelta(days=days), time.min, zone), days)
        for days, _ in AGES
    ]
    return type_coerce(case(*marks, else_=0), Integer)


def without(filters: Filters, by: By) -> Filters:
    """Return the filters without the one that a count is about, so that its other choices are counted too."""
    names = {"rule": "rule", "age": "older_than", "state": None}
    name = names.get(by, by)
    return filters if name is None else Filters(**{**asdict(filters), name: None})


def documents(session: Session, rows: Sequence[tuple[Finding, str]]) -> list[dict[str, Any]]:
    """Return findings as the API shows them, each with the address of what is to be fixed."""
    findings = [finding for finding, _ in rows]
    urls, forms = _urls(session, findings), asked(session, findings)
    return [finding_document(each, key, urls.get(each.id), forms.get(each.id)) for each, key in rows]


def finding_document(
    finding: Finding, project: str, url: str | None = None, form: Asked | None = None
) -> dict[str, Any]:
    """Return a finding as the API shows it; what people are asked is not put right in a register's row."""
    if form is not None and finding.locator is None:
        url = None
    return {
        "id": finding.id,
        "project": project,
        "template": finding.template,
        "version": finding.version,
        "record_ref": finding.record_ref,
        "rule": finding.rule,
        "kind": finding.kind,
        "severity": finding.severity,
        "says": finding.says,
        "locator": finding.locator,
        "url": url,
        "asked": form is not None,
        "form": None if form is None else form.form,
        "state": finding.state,
        "owner": finding.owner,
        "owner_role": finding.owner_role,
        "due": day(finding.due),
        "evidence": finding.evidence,
        "unchecked_since": z(finding.unchecked_since),
        "opened_at": z(finding.opened_at),
        "closed_at": z(finding.closed_at),
        "closed_because": finding.closed_because,
        "follows": finding.follows_id,
    }


# A record's address is what a claim or a version of it carries under the same locator; where the value is
# missing there is no such record yet, and the project's row in the register is where it belongs.
_URLS: Final = text(
    "SELECT f.id, coalesce("
    " (SELECT c.url FROM claim c WHERE c.project_id = f.project_id AND c.locator = f.locator"
    "  AND c.url IS NOT NULL ORDER BY c.id DESC LIMIT 1),"
    " (SELECT r.url FROM raid_item r WHERE r.project_id = f.project_id AND r.locator = f.locator"
    "  AND r.url IS NOT NULL ORDER BY r.id DESC LIMIT 1),"
    " (SELECT m.url FROM milestone m WHERE m.project_id = f.project_id AND m.locator = f.locator"
    "  AND m.url IS NOT NULL ORDER BY m.id DESC LIMIT 1),"
    " (SELECT s.url FROM scope s WHERE s.project_id = f.project_id AND s.deleted_at IS NULL"
    "  AND s.url IS NOT NULL AND (f.locator IS NULL OR s.kind = 'register_row')"
    "  ORDER BY (s.kind = 'register_row') DESC, s.id LIMIT 1)) AS url"
    " FROM finding f WHERE f.id = ANY(:ids)"
).bindparams(bindparam("ids"))


def _urls(session: Session, findings: Sequence[Finding]) -> dict[int, str | None]:
    if not findings:
        return {}
    rows = session.execute(_URLS, {"ids": [finding.id for finding in findings]})
    return {row.id: row.url for row in rows}


def detail(session: Session, finding: Finding, project: str, visible: Visible) -> dict[str, Any]:
    """Return a finding with its steps, disputes and waivers, and what can be done about it."""
    steps = session.scalars(
        select(FindingMove).where(FindingMove.finding_id == finding.id).order_by(FindingMove.id)
    )
    waivers = session.scalars(_waivers(finding).order_by(Waiver.id))
    [document] = documents(session, [(finding, project)])
    return document | {
        "steps": [_step(step) for step in steps],
        "disputes": disputes_of(session, finding, project),
        "waivers": [_waiver(waiver) for waiver in waivers],
        "possible": [step for step in possible(finding.state) if step in _TAKEN],
        "also": _also(session, finding, visible),
    }


def _also(session: Session, finding: Finding, visible: Visible) -> list[str]:
    """Return the other projects in whose reports the same words stand, of those that may be seen."""
    if finding.kind != "copied":
        return []
    query = (
        select(Project.key)
        .join(Finding, Finding.project_id == Project.id)
        .where(
            Finding.kind == "copied",
            Finding.closed_at.is_(None),
            Finding.evidence == finding.evidence,
            Finding.project_id != finding.project_id,
            only_visible(Finding.project_id, visible),
        )
    )
    return sorted(set(session.scalars(query)))


def disputes_of(session: Session, finding: Finding, project: str) -> list[dict[str, Any]]:
    """Return the disputes raised about a finding, or about the very value it was found on."""
    rows = session.scalars(
        select(Dispute)
        .where(
            Dispute.project_id == finding.project_id,
            Dispute.template == finding.template,
            Dispute.record_ref == finding.record_ref,
            Dispute.field == finding.rule,
        )
        .order_by(Dispute.id)
    )
    return [dispute_document(row, project) for row in rows]


def dispute_document(row: Dispute, project: str) -> dict[str, Any]:
    """Return a dispute as the API shows it."""
    return {
        "id": row.id,
        "project": project,
        "template": row.template,
        "record_ref": row.record_ref,
        "field": row.field,
        "attribute": row.attribute,
        "value": row.value,
        "proposed": row.proposed,
        "source": row.source,
        "locator": row.locator,
        "url": row.url,
        "because": row.because,
        "by": row.by,
        "at": z(row.at),
        "finding": row.finding_id,
        "submission": row.submission_id,
        "answer": row.answer,
        "answered_by": row.answered_by,
        "answered_at": z(row.answered_at),
        "answer_because": row.answer_because,
        "ended_at": z(row.ended_at),
        "ended_because": row.ended_because,
    }


def _waivers(finding: Finding) -> Select[Waiver]:
    return select(Waiver).where(
        Waiver.project_id == finding.project_id,
        Waiver.template == finding.template,
        Waiver.rule == finding.rule,
        (Waiver.record_ref == finding.record_ref) | Waiver.record_ref.is_(None),
    )


def _step(step: FindingMove) -> dict[str, Any]:
    return {
        "action": step.action,
        "from": step.from_state,
        "to": step.to_state,
        "at": z(step.at),
        "by": step.by,
        "role": step.role,
        "because": step.because,
        "door": step.door,
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "id": waiver.id,
        "record_ref": waiver.record_ref,
        "because": waiver.because,
        "asked_by": waiver.asked_by,
        "asked_at": z(waiver.asked_at),
        "approved_by": waiver.approved_by,
        "approved_at": z(waiver.approved_at),
        "until": day(waiver.until),
        "ended_at": z(waiver.ended_at),
        "ended_by": waiver.ended_by,
    }


def by_id(session: Session, number: int, visible: Visible) -> tuple[Finding, str] | None:
    """Return a finding with its project's key; None where there is none, or it may not be seen."""
    row = session.execute(
        select(Finding, Project.key)
        .join(Project, Project.id == Finding.project_id)
        .where(Finding.id == number, only_visible(Finding.project_id, visible))
    ).one_or_none()
    return None if row is None else (row[0], row[1])
