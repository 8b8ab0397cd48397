"""What trackers hold, what templates find, what sources say, and how they were read."""

from typing import Final

from model.bi.declare import View, column, day, instant, view

_SCOPED: Final = (
    " LEFT JOIN public.scope c ON c.source_id = w.source_id AND c.external_id = w.scope_external_id"
)
_WHO: Final = (
    " LEFT JOIN public.identity {0} ON {0}.source_id = w.source_id AND {0}.external_id = w.{1}"
    " LEFT JOIN public.person {0}p ON {0}p.id = {0}.person_id"
)
_STANDS: Final = " WHERE w.deleted_at IS NULL"


def fact_work_item() -> View:
    """Declare work items."""
    return view(
        "fact_work_item",
        "Work items of all trackers as last read; deleted ones are left out",
        [
            column("work_item_id", "w.id", "Key, for ever"),
            column("project_id", "c.project_id", "Joins dim_project; null: its tracker project is unbound"),
            column("source_id", "w.source_id", "Joins dim_source"),
            column("external_id", "w.external_id", "Its id in the tracker, for ever"),
            column("work_item_key", "w.key", "As people call it: APO-114"),
            column("type", "w.type", "The tracker's own word"),
            column("common_type", "w.hub_type", "initiative, epic, feature, story, task, bug, milestone or other"),
            column("title", "w.title", "Title"),
            column("status", "w.status", "The tracker's own word"),
            column("status_category", "w.status_category", "todo, doing, done or dropped"),
            column("resolution", "w.resolution", "The tracker's own word"),
            column("parent_key", "w.parent_key", "What it is a part of"),
            column("points", "w.points", "Size; null: nobody says"),
            column("original_hours", "w.original_hours", "Effort as first estimated"),
            column("remaining_hours", "w.remaining_hours", "Effort left"),
            column("spent_hours", "w.spent_hours", "Effort booked"),
            column("priority", "w.priority", "The tracker's own word"),
            column("assignee", "w.assignee", "As the tracker names them"),
            column("assignee_person_id", "coalesce(ip.same_as, ip.id)", "Joins dim_person"),
            column("reporter", "w.reporter", "As the tracker names them"),
            column("reporter_person_id", "coalesce(rp.same_as, rp.id)", "Joins dim_person"),
            column("area", "w.area", "Area path in Azure DevOps"),
            column("labels", "array_to_string(w.labels, '; ')", "Labels or tags"),
            *instant("created_at", "w.created_at", "Was made"),
            *instant("changed_at", "w.updated_at", "Was last changed in the tracker"),
            *instant("started_at", "w.started_at", "Work began"),
            *instant("done_at", "w.done_at", "Was done"),
            *day("due", "w.due", "Is due"),
            column("url", "w.url", "Where to look it up"),
        ],
        "public.work_item w" + _SCOPED + _WHO.format("i", "assignee_id") + _WHO.format("r", "reporter_id")
        + _STANDS,
    )  # fmt: skip


def fact_work_item_field() -> View:
    """Declare custom fields."""
    return view(
        "fact_work_item_field",
        "Custom fields of work items, one a row",
        [
            column("work_item_id", "w.id", "Joins fact_work_item"),
            column("project_id", "c.project_id", "Joins dim_project"),
            column("field", "f.key", "The field, as its mapping names it"),
            column("value", "f.value #>> '{}'", "Its value as text; a list or object as JSON"),
        ],
        "public.work_item w" + _SCOPED + " CROSS JOIN LATERAL jsonb_each("
        "CASE WHEN jsonb_typeof(w.custom) = 'object' THEN w.custom END) AS f(key, value)"
        + _STANDS + " AND jsonb_typeof(f.value) <> 'null'",
    )  # fmt: skip


def fact_work_item_change() -> View:
    """Declare changes of work items."""
    return view(
        "fact_work_item_change",
        "One changed field in one change of a work item",
        [
            column("work_item_id", "w.id", "Joins fact_work_item"),
            column("project_id", "c.project_id", "Joins dim_project"),
            column("change_id", "t.external_id", "Key, with the work item"),
            *instant("changed_at", "t.at", "When"),
            column("changed_by", "t.by", "By whom, as the tracker names them"),
            column("field", "t.field", "Which field"),
            column("from_value", "t.from_value", "What it was"),
            column("to_value", "t.to_value", "What it became"),
        ],
        "public.transition t JOIN public.work_item w"
        " ON w.source_id = t.source_id AND w.external_id = t.item_external_id" + _SCOPED + _STANDS,
    )


def bridge_work_item_iteration() -> View:
    """Declare which work item was planned in which sprints."""
    return view(
        "bridge_work_item_iteration",
        "Which sprints a work item is or was planned in",
        [
            column("work_item_id", "w.id", "Joins fact_work_item"),
            column("iteration_id", "i.id", "Joins dim_iteration"),
        ],
        "public.work_item_iteration b"
        " JOIN public.work_item w ON w.source_id = b.source_id AND w.external_id = b.item_external_id"
        " JOIN public.iteration i ON i.source_id = b.source_id AND i.external_id = b.external_id"
        " AND i.deleted_at IS NULL" + _STANDS,
    )


def fact_finding() -> View:
    """Declare findings."""
    return view(
        "fact_finding",
        "What templates ask for and records do not give, open and closed",
        [
            column("finding_id", "f.id", "Key"),
            column("project_id", "f.project_id", "Joins dim_project"),
            column("template", "f.template", "The template that asks"),
            column("template_version", "f.version", "Its version"),
            column("record", "f.record_ref", "Empty: the project's own report"),
            column("rule", "f.rule", "The field or the check"),
            column("kind", "f.kind", "missing, invalid, failed or stale"),
            column("severity", "f.severity", "block, warn or info"),
            column("says", "f.says", "What is wanting, in words"),
            column("state", "f.state", "new, accepted, fixing, disputed, upheld, waived or closed"),
            column("owner", "f.owner", "Who is to put it right"),
            *day("due", "f.due", "By when they mean to"),
            *instant("opened_at", "f.opened_at", "Was found"),
            *instant("closed_at", "f.closed_at", "Was closed"),
            column("is_open", "f.closed_at IS NULL", "It stands"),
            column("receipt", "f.locator", "Where the record was read"),
        ],
        "public.finding f",
    )


def fact_claim() -> View:
    """Declare claims."""
    return view(
        "fact_claim",
        "What each source says of a project, append-only; the newest known of a source and attribute stands",
        [
            column("claim_id", "v.id", "Key"),
            column("project_id", "v.project_id", "Joins dim_project"),
            column("source_id", "v.source_id", "Joins dim_source"),
            column("attribute", "v.attribute", "What it says something of: forecast_finish"),
            column("value", "v.value #>> '{}'", "As text; null takes the claim before back"),
            column("unit", "v.unit", "Unit or currency"),
            *day("valid_from", "v.valid_from", "True from"),
            *instant("known_from", "v.known_from", "Known from"),
            column("receipt", "v.locator", "Where it was read"),
            column("url", "v.url", "Where to look it up"),
            column("page_hash", "v.sha256", "SHA-256 of the page it was read from"),
        ],
        "public.claim v",
    )


def fact_run() -> View:
    """Declare runs."""
    return view(
        "fact_run",
        "Each pull of each source with its ledger: said = stored + rejected + filtered",
        [
            column("run_id", "r.id", "Key"),
            column("source_id", "r.source_id", "Joins dim_source"),
            column("state", "r.state", "queued, running, succeeded, partial or failed"),
            column("mode", "r.mode", "full or incremental"),
            *instant("started_at", "r.started_at", "Began"),
            *instant("finished_at", "r.finished_at", "Ended"),
            column("seconds", "extract(epoch FROM r.finished_at - r.started_at)", "How long it took"),
            column("requests", "r.requests", "Requests sent"),
            column("waited_seconds", "r.waited_s", "Seconds waited for limits"),
            column("records_said", "l.said", "Records the source says it has; null: a stream gave no count"),
            column("records_stored", "l.stored", "Records accepted, changed or not"),
            column("records_rejected", "l.rejected", "Records that could not be read"),
            column("records_filtered", "l.filtered", "Records that a rule leaves out"),
            column("records_deleted", "l.deleted", "Records found to be gone"),
        ],
        "public.run r LEFT JOIN (SELECT run_id, sum(stored)::bigint AS stored, sum(rejected)::bigint AS rejected,"
        " CASE WHEN count(said) = count(*) THEN sum(said)::bigint END AS said,"
        " sum(filtered)::bigint AS filtered, sum(deleted)::bigint AS deleted"
        " FROM public.run_stream GROUP BY run_id) l ON l.run_id = r.id",
    )
