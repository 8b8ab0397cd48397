"""The shapes of the API's answers, for the OpenAPI document; each with an example."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Colour = Literal["GREEN", "AMBER", "RED", "GREY", "BLUE"]
RUN_STATES = Literal["queued", "running", "succeeded", "partial", "failed"]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]}, extra="allow")


ItemT = TypeVar("ItemT")


class Paged(BaseModel, Generic[ItemT]):
    """One page; `next` is the cursor of the page after it, null on the last one."""

    items: list[ItemT]
    next: str | None = Field(description="Send as `cursor` for the next page; also in the Link header")


class SourceShape(BaseModel):
    """A configured tracker or set of workbooks."""

    model_config = _example(
        name="jira-cloud", kind="jira", host="example.atlassian.net", schedule="0 2 * * *", enabled=True,
        last_run={"id": 812, "state": "succeeded", "at": "2026-11-22T02:11:00Z"},
        synced_at="2026-11-22T02:11:00Z", read_at="2026-11-22T02:11:00Z", fresh_within_s=93600,
        due_at="2026-11-23T04:11:00Z", overdue=False, questions=0, rejects=2, absent={"deleted": 20},
        census_at="2026-11-22T02:10:41Z",
        url="/api/v1/runs?source=jira-cloud",
    )  # fmt: skip

    name: str
    kind: str
    host: str | None
    schedule: str | None = Field(description="Cron, in the portfolio's time zone; null: only by hand")
    enabled: bool
    last_run: dict[str, Any] | None
    synced_at: str | None = Field(description="End of the newest run that succeeded; null: none did yet")
    read_at: str | None = Field(description="End of the newest run that succeeded, in full or in part")
    fresh_within_s: int | None = Field(description="Older than this it is overdue; null while it is disabled")
    due_at: str | None = Field(description="When it becomes overdue; null: it was never read, or is disabled")
    overdue: bool
    questions: int | None = Field(description="Open ones; null for a token that may see some projects only")
    rejects: int | None = Field(description="Open ones; null for a token that may see some projects only")
    absent: dict[str, int] | None = Field(
        description="Fate -> records that are not to be seen; `held`: by the brake, until a question is answered"
    )
    census_at: str | None = Field(description="When all ids were last counted against what is stored")


class LedgerShape(BaseModel):
    """The double entry of one stream: said = stored + rejected + filtered, or it is not balanced."""

    stream: str
    said: int | None = Field(description="By the source's own count; null where it gives none")
    stored: int
    rejected: int
    filtered: int
    deleted: int
    balanced: bool | None = Field(description="null where the source gives no count")


class QuestionShape(BaseModel):
    """Something a run would not decide alone, and the answer."""

    model_config = _example(
        id=7, source="jira-cloud", kind="mass_loss", subject="issues/10000", state="open",
        says="issues of APO: 800 of 2000 records would vanish at once. Nothing was taken for gone",
        if_accepted="the next run takes these 800 records for gone", evidence={"missing": 800, "of": 2000},
        run=812, asked_at="2026-11-22T02:11:00Z", accepted_at=None, accepted_by=None, because=None,
        settled_at=None,
    )  # fmt: skip

    id: int
    source: str
    kind: Literal["mass_loss", "scope_change", "imbalance"]
    subject: str
    state: Literal["open", "accepted", "done", "withdrawn"] = Field(
        description="accepted: the next run does it; withdrawn: no longer so, without an answer"
    )
    says: str
    if_accepted: str
    evidence: dict[str, Any]
    run: int = Field(description="That asked last")
    asked_at: str
    accepted_at: str | None
    accepted_by: str | None
    because: str | None
    settled_at: str | None


class AcceptedShape(BaseModel):
    """An answer that was written down."""

    model_config = _example(id=7, source="jira-cloud", then="the next run takes these 800 records for gone")

    id: int
    source: str
    then: str = Field(description="What happens now")


class DriftShape(BaseModel):
    """Something of a source that is no longer what its mapping was made for."""

    model_config = _example(
        id=3, source="jira-cloud", kind="changed", subject="field customfield_10016", was="Story Points (number)",
        now="Size (number)", says="the field 'Story Points' (customfield_10016) is now called 'Size'; it gives points",
        todo="see whether it still holds the same; then accept it", first_seen="2026-11-22T02:11:00Z",
        last_seen="2026-11-24T02:11:00Z", run=812, resolved_at=None, resolved_by=None,
    )  # fmt: skip

    id: int
    source: str
    kind: Literal["new", "gone", "changed", "unknown_type", "unmapped", "misfit", "example"]
    subject: str
    was: str | None
    now: str | None
    says: str
    todo: str
    first_seen: str
    last_seen: str
    run: int | None = Field(description="That saw it first")
    resolved_at: str | None
    resolved_by: str | None = Field(description="Who accepted it; null: it went by itself")


class RejectShape(BaseModel):
    """A record, page or slice that could not be read."""

    model_config = _example(
        id=31, source="jira-cloud", stream="issues", kind="record", external_id="10114", locator="APO-114",
        reason="points (from fields.customfield_10016): 'many': expected a number", run=812,
        rejected_at="2026-11-22T02:11:00Z", attempts=3, retried_at="2026-11-24T02:11:00Z", resolved_at=None,
    )  # fmt: skip

    id: int
    source: str
    stream: str
    kind: Literal["record", "page", "slice"]
    external_id: str | None
    locator: str
    reason: str
    run: int = Field(description="That rejected it first")
    rejected_at: str
    attempts: int = Field(description="How often it was asked for")
    retried_at: str | None
    resolved_at: str | None


class AbsenceShape(BaseModel):
    """A time in which a record was not to be seen in its source."""

    model_config = _example(
        id=5, source="jira-cloud", stream="issues", entity="work_item", external_id="10114", fate="deleted",
        says="404 when asked for by its id, and its project can be read", found_by="census",
        found_at="2026-11-22T02:11:00Z", settled_at="2026-11-22T02:11:00Z", ended_at=None, question=None, run=812,
    )  # fmt: skip

    id: int
    source: str
    stream: str
    entity: str
    external_id: str
    fate: Literal["deleted", "archived", "moved", "out_of_scope", "access_lost"] | None = Field(
        description="null: not known yet"
    )
    says: str | None = Field(description="What in the source's answers says so")
    found_by: Literal["page", "reading", "census", "replay"]
    found_at: str
    settled_at: str | None = Field(description="null: it still counts as there")
    ended_at: str | None = Field(description="When it was seen again")
    question: int | None
    run: int


class RejectedShape(BaseModel):
    """A record that was not taken: where it stands, and why."""

    locator: str
    reason: str


class RunShape(BaseModel):
    """One pull of one source."""

    model_config = _example(
        id=812, source="jira-cloud", slot="2026-11-22T02:00:00Z", state="succeeded", mode="incremental",
        mapping_version=3,
        started_at="2026-11-22T02:00:03Z", finished_at="2026-11-22T02:11:00Z", requests=412, waited_s=12.4,
        ledger=[{"stream": "issues", "said": 20000, "stored": 19998, "rejected": 2, "filtered": 0,
                 "deleted": 20, "balanced": True}],
        kept={"sprints": "2026-11-22T01:30:02Z"},
        rejected=[{"locator": "APO-12", "reason": "fields.duedate: expected a date, found 'soon'"}],
        unchanged_since=None, warnings=[],
    )  # fmt: skip

    id: int
    source: str
    slot: str | None
    state: RUN_STATES
    mode: Literal["full", "incremental"]
    mapping_version: int | None = Field(description="Of its source's mapping; null before it began to read")
    started_at: str | None
    finished_at: str | None
    requests: int
    waited_s: float
    error: str | None = None
    warnings: list[Any] = Field(description="Empty for a token that may see some projects only")
    ledger: list[LedgerShape] = Field(
        description="Counts of the whole source: empty for a token that may see some projects only"
    )
    kept: dict[str, str] = Field(
        description="Streams that were not read, each with when it last was; empty for a token that may see some "
        "projects only"
    )
    rejected: list[RejectedShape] = Field(
        description="At most 100; empty for a token that may see some projects only"
    )
    unchanged_since: str | None = Field(
        description="When the source was last read, where this run found nothing changed since"
    )


class RunsShape(BaseModel):
    """Runs, the newest first."""

    runs: list[RunShape]
    next: str | None


class ProjectShape(BaseModel):
    """A project and what it is bound to."""

    model_config = _example(
        key="APOLLO", name="Apollo", programme="Space", origin="register", created_at="2026-01-05T02:11:00Z",
        closed_at=None, overall="RED", health=62.5,
        scopes=[{"source": "jira-cloud", "kind": "jira_project", "key": "APO",
                 "bound_by": "register register.xlsx!Projects!K4"}],
    )  # fmt: skip

    key: str
    name: str
    programme: str | None
    origin: Literal["register", "scope"]
    created_at: str
    closed_at: str | None
    overall: Colour | None = Field(description="Of the newest snapshot; null before the first")
    health: float | None
    scopes: list[dict[str, Any]]


class ScopeShape(BaseModel):
    """A piece of a source: a Jira project, an Azure DevOps project, a row of a register."""

    model_config = _example(
        source="jira-cloud", kind="jira_project", external_id="10001", key="APO", name="Apollo", lead="Ada",
        url="https://example.atlassian.net/browse/APO", bound_by=None, locator=None, deleted_at=None,
        project=None,
    )  # fmt: skip

    source: str
    kind: str
    external_id: str
    key: str
    name: str
    project: str | None = Field(description="null: bound to no project yet")
    bound_by: str | None
    url: str | None


class WorkItemShape(BaseModel):
    """An issue or work item, as last read."""

    model_config = _example(
        source="jira-cloud", external_id="10114", key="APO-114", project="APOLLO", type="Story",
        hub_type="story", title="Docking checklist", status="In Progress", status_category="doing", points=5,
        assignee="Ada", parent_key="APO-100", created_at="2026-10-01T09:00:00Z",
        updated_at="2026-11-20T15:02:11Z", due=None, deleted_at=None,
        url="https://example.atlassian.net/browse/APO-114",
    )  # fmt: skip

    source: str
    external_id: str = Field(description="Immutable; with `source` it names the item for ever")
    key: str
    project: str | None = Field(description="null: its scope is bound to no project")
    type: str
    title: str
    status: str
    status_category: Literal["todo", "doing", "done", "dropped"] | None
    points: float | None
    assignee: str | None
    parent_key: str | None
    created_at: str | None
    updated_at: str | None
    deleted_at: str | None = Field(description="When its absence from the tracker was noticed")
    url: str | None


class MilestoneShape(BaseModel):
    """A dated commitment, in its version known at the asked instant."""

    model_config = _example(
        source="pmo-files", external_id="APO:M4", project="APOLLO", project_ref="APO", name="Go live",
        state="planned", weight=5, critical=True, baseline="2026-11-06", forecast="2026-12-18", actual=None,
        slip_days=42, known_from="2026-11-21T02:03:10Z", locator="plan.xlsx!Milestones!B6", url=None,
    )  # fmt: skip

    source: str
    external_id: str
    project: str | None
    project_ref: str | None = Field(description="How the source names the project")
    name: str
    state: str | None
    critical: bool | None
    baseline: str | None
    forecast: str | None
    actual: str | None
    slip_days: int | None = Field(
        description="Actual or forecast against baseline; null when either is unknown"
    )
    locator: str | None


class RaidShape(BaseModel):
    """A risk, assumption, issue or dependency."""

    model_config = _example(
        source="pmo-files", external_id="R-014", project="APOLLO", project_ref="APO", item_id="R-014", kind="risk",
        title="Supplier is late", owner=None, state="open", probability=5, impact=4, score=20,
        due="2026-11-12", locator="raid.xlsx!RAID!A2", url=None,
    )  # fmt: skip

    source: str
    external_id: str
    project: str | None
    project_ref: str | None = Field(description="How the source names the project")
    item_id: str | None
    kind: str | None
    title: str | None
    owner: str | None
    state: str | None
    probability: float | None
    impact: float | None
    score: float | None = Field(description="probability times impact; null when either is unknown")
    due: str | None
    locator: str | None


class CostShape(BaseModel):
    """Money of one kind in one month."""

    model_config = _example(
        source="pmo-files", external_id="APO:forecast:2026-11", project="APOLLO", project_ref="APO",
        category="Delivery", kind="forecast", period="2026-11-01", amount=120000.5, currency="GBP",
        locator="costs.xlsx!Forecast!F4",
    )  # fmt: skip

    source: str
    external_id: str
    project: str | None
    project_ref: str | None = Field(description="How the source names the project")
    category: str | None
    kind: str | None
    period: str | None = Field(description="First day of the month; null: the whole life")
    amount: float | None
    currency: str | None
    locator: str | None


class StatusProject(BaseModel):
    """One project's status on a day, reasons included."""

    model_config = ConfigDict(extra="allow")

    key: str
    name: str
    programme: str | None = Field(description="Its own: the first of its programmes")
    programmes: list[dict[str, Any]] = Field(
        [], description="All it belongs to: name, the percent `share` of its budget, whether `critical` there"
    )
    tier: int | None
    stage: str | None
    overall: Colour
    health: float | None
    reported: Colour | None
    watermelon: int | None = Field(
        description="Computed minus reported, 2 is green over red; null: not known"
    )
    dimensions: dict[str, Any]
    data_quality: dict[str, Any] | None
    next_milestone: dict[str, Any] | None
    sources: list[dict[str, Any]]


class StatusShape(BaseModel):
    """The status document."""

    model_config = _example(
        as_of="2026-11-22", known_at="2026-11-22T02:14:09Z", policy="default@1.0.0",
        projects=[{
            "key": "APOLLO", "name": "Apollo", "programme": "Space", "tier": 1, "stage": "deliver",
            "overall": "RED", "health": 62.5, "reported": "GREEN", "watermelon": 2,
            "dimensions": {
                "schedule": {"colour": "RED", "reasons": [
                    {"rule": "F1", "text": "42 days late", "inputs": {"slip_days": 42, "slip_pct": 12.1037}}]},
                "cost": {"colour": "GREY", "reasons": [
                    {"rule": "F4", "text": "no approved budget", "inputs": {"budget": None}}]}},
            "data_quality": {"score": 84.88, "grade": "C"},
            "next_milestone": {"name": "Go live", "forecast": "2026-12-18", "baseline": "2026-11-06"},
            "sources": [{"name": "jira-cloud", "synced_at": "2026-11-22T02:11:00Z"}]}],
    )  # fmt: skip

    as_of: str | None
    known_at: str | None
    policy: str | None
    history: dict[str, str | None] | None = Field(None, description="First and last day with a snapshot")
    note: str | None = Field(None, description="Says so where the day asked about lies outside the history")
    projects: list[StatusProject]


class PortfolioShape(BaseModel):
    """The portfolio in figures."""

    model_config = _example(
        key="main", name="Change portfolio", timezone="Europe/London", currency="GBP", as_of="2026-11-22",
        projects=12, overall={"RED": 4, "AMBER": 3, "GREEN": 5}, watermelons=1,
        programmes=[{"name": "Space", "projects": 5, "overall": {"RED": 2, "GREEN": 3}, "worst": "RED"}],
    )  # fmt: skip

    key: str | None
    name: str | None
    timezone: str | None
    currency: str | None
    as_of: str | None
    projects: int
    overall: dict[str, int]
    watermelons: int
    rollup: dict[str, Any] | None = Field(
        None, description="As `/programmes` has one of each programme; null before anything was applied"
    )
    programmes: list[dict[str, Any]] = Field(
        description="A project of several programmes is in each of them; the name null: in none"
    )


class ExplainShape(BaseModel):
    """One attribute of one project with its receipt: rule, inputs, claims, and where each was read."""

    model_config = _example(
        project="APOLLO", attribute="schedule", as_of="2026-11-22", value="RED",
        rule={"id": "F1", "policy": "default@1.0.0",
              "inputs": {"baseline_finish": "2025-12-19", "forecast_finish": "2026-01-30"}},
        claims=[{"attribute": "forecast_finish", "value": "2026-01-30", "wins": True,
                 "because": "precedence: pmo-files before jira-cloud", "source": "pmo-files",
                 "valid_from": "2026-11-20", "known_from": "2026-11-21T02:03:10Z",
                 "raw": {"run": 812, "page": 40217, "position": 6, "locator": "register.xlsx!Projects!H8",
                         "url": "https://example.sharepoint.com/register.xlsx", "sha256": "9f86d081884c7d65"}}],
    )  # fmt: skip

    project: str
    attribute: str
    as_of: str | None
    value: Any
    rule: dict[str, Any] | None = None
    claims: list[dict[str, Any]]
