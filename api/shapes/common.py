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
        mapping_version=3, queued_at="2026-11-22T02:00:00Z",
        started_at="2026-11-22T02:00:03Z", finished_at="2026-11-22T02:11:00Z", requests=412, retries=1,
        bytes_fetched=8200312, waited_s=12.4, error=None,
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
    queued_at: str | None
    started_at: str | None
    finished_at: str | None
    requests: int | None = Field(description="Null, as the three below, for who sees some projects only")
    retries: int | None
    bytes_fetched: int | None
    waited_s: float | None
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
    scopes: list[dict[str, Any]] | None = Field(
        description="What it is bound to now; null with `known_at`: nobody kept what it was"
    )


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
    lead: str | None
    project: str | None = Field(description="null: bound to no project yet")
    bound_by: str | None
    url: str | None
    locator: str | None
    deleted_at: str | None = Field(description="When its absence was noticed")
