"""The one register of attributes: name, entity, type, unit, help.

Mappings, templates' `bind`, `explain` and REST speak only these names. A project attribute
also has a `path`, the dotted name that templates bind to (`cost.actual`).
"""

from dataclasses import dataclass
from typing import Final

# text, int, number, percent, money, date, instant, period, enum, rag, bool, texts, json, rows
TYPES: Final = frozenset(
    ["text", "int", "number", "percent", "money", "date", "instant", "period", "enum", "rag", "bool",
     "texts", "json", "rows"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that can be known of an entity.

    `unit` is None where a value has none, `currency` where it is the portfolio's or the record's.
    `required` means that a record without it cannot be stored at all. `default` is what it is where a
    record does not say, for an attribute of which "unknown" is a value of its own.
    """

    entity: str
    name: str
    type: str
    help: str
    unit: str | None = None
    values: tuple[str, ...] = ()
    required: bool = False
    path: str | None = None
    default: str | None = None


class UnknownAttribute(LookupError):
    """No attribute of that name is registered."""


def _attributes(entity: str, rows: str) -> list[Attribute]:
    """Read the compact table below: `name type[!] [unit=…] [path=…] [values=a/b] [default=a] : help`."""
    found = []
    for line in filter(None, map(str.strip, rows.splitlines())):
        head, help_ = line.split(" : ", 1)
        name, type_, *options = head.split()
        given = dict(option.split("=", 1) for option in options)
        found.append(
            Attribute(
                entity=entity,
                name=name,
                type=type_.rstrip("!"),
                help=help_,
                unit=given.get("unit"),
                values=tuple(given["values"].split("/")) if "values" in given else (),
                required=type_.endswith("!"),
                path=given.get("path"),
                default=given.get("default"),
            )
        )
    return found


PROJECT: Final = _attributes(
    "project",
    """
    key text! : The project's key in the register
    bind_jira texts : Keys of the Jira projects that belong to it
    bind_ado texts : Names of the Azure DevOps projects, or area paths, that belong to it
    currency text : ISO 4217 of the row's amounts; where it says none they are in the portfolio's
    name text path=project.name : What people call the project
    programme text path=project.programme : The programme it belongs to
    tier int path=project.tier : Assurance tier, 1 is the largest
    stage enum path=project.stage values=define/deliver/close : Lifecycle stage
    manager text path=project.manager : Who manages it
    sponsor text path=project.sponsor : Who answers for it
    baseline_start date path=project.baseline_start : Approved start
    baseline_finish date path=project.baseline_finish : Approved finish
    forecast_finish date path=project.forecast_finish : Finish as forecast today
    actual_finish date path=project.actual_finish : When it finished
    budget money unit=currency path=project.budget : Approved budget for the whole project
    actual_cost money unit=currency path=cost.actual : Spent to date
    forecast_cost money unit=currency path=cost.eac : Forecast at completion
    contingency money unit=currency path=cost.contingency : Contingency left
    percent_complete percent unit=percent path=progress.earned_percent : Physical progress, 0 to 100
    baseline_points number unit=points path=scope.baseline_points : Size frozen by the last approval
    added_points_approved number unit=points path=scope.added_approved : Size added under an approved change
    added_points_unapproved number unit=points path=scope.added_unapproved : Size added without one
    removed_points number unit=points path=scope.removed : Size taken out since the baseline
    milestones_due int path=milestone.due_count : Milestones due in the period
    milestones_met int path=milestone.met_count : Of these, met
    benefit_target money unit=currency path=benefit.target : Benefit promised
    benefit_forecast money unit=currency path=benefit.forecast : Benefit as forecast today
    rag_schedule rag path=report.rag_schedule : Schedule as the manager reports it
    rag_cost rag path=report.rag_cost : Cost as the manager reports it
    rag_scope rag path=report.rag_scope : Scope as the manager reports it
    rag_risk rag path=report.rag_risk : Risk as the manager reports it
    rag_benefit rag path=report.rag_benefit : Benefit as the manager reports it
    rag_overall rag path=report.rag_overall : Overall status as the manager reports it
    override_reason text path=report.override_reason : Why the reported colour differs from the computed one
    path_to_green text path=report.path_to_green : What brings it back to green
    green_by date path=report.green_by : When it is expected back to green
    variance_narrative text path=report.variance_narrative : Reason for the cost variance
    achievements text path=narrative.done : Done this period
    next_period text path=narrative.next : Planned for the next period
    decisions_needed text path=report.decisions_needed : Decisions needed from the board
    reported_on date path=report.reported_on : When the manager last reported
    purpose text path=charter.purpose : Why the project is done
    objectives text path=charter.objectives : What it is to reach, and by when
    in_scope text path=charter.in_scope : What belongs to it
    out_of_scope text path=charter.out_of_scope : What does not, though one could think so
    deliverables text path=charter.deliverables : What it hands over
    success_measures text path=charter.success_measures : By what one will see that it succeeded
    assumptions text path=charter.assumptions : What it takes for granted
    constraints text path=charter.constraints : What it must keep to
    main_risks text path=charter.main_risks : The gravest risks known at the start
    funding text path=charter.funding : Who pays for it, and from which budget
    chartered_on date path=charter.approved_on : When the charter was approved
    """,
)

WORK_ITEM: Final = _attributes(
    "work_item",
    """
    key text! : The tracker's key as people write it
    scope_external_id text! : The tracker project it is in
    area text : Azure DevOps area path
    type text! : The tracker's own type
    hub_type enum values=initiative/epic/feature/story/task/bug/milestone/other default=other : The common type
    title text! : Title
    status text! : The tracker's own state
    status_id text : The state's immutable id
    status_category enum values=todo/doing/done/dropped : The state all trackers share
    resolution text : How it was resolved
    parent_external_id text : Id of the parent
    parent_key text : Key of the parent
    points number unit=points : Size
    original_hours number unit=hours : Estimated effort
    remaining_hours number unit=hours : Effort left
    spent_hours number unit=hours : Effort spent
    priority text : Priority
    assignee text : Who works on it
    assignee_id text : That person's id in the source
    reporter text : Who raised it
    reporter_id text : That person's id in the source
    created_at instant : Created
    updated_at instant : Last change by the tracker's own word
    started_at instant : First moved to work in progress
    done_at instant : Done
    due date : Due
    labels texts : Labels or tags
    url text : Page in the tracker
    custom json : Further fields on the keep-list, by id
    transitions rows : Its history: external_id, at, by, by_id, field, field_id, from_id, from_value, to_id, to_value
    links rows : Its links: external_id, direction, type, label, other_external_id, other_key
    iterations rows : Its iterations: external_id, name, state
    comments rows : Its comments: external_id, author, author_id, created_at, updated_at, text
    worklogs rows : Its work logs: external_id, author, author_id, started_at, hours, created_at, updated_at, text
    """,
)

MILESTONE: Final = _attributes(
    "milestone",
    """
    project_ref text : The project as the source names it
    name text! : Name
    state enum values=planned/met/dropped : State
    weight number : Weight among the project's milestones, 1 where nobody says
    critical bool : Whether the project's finish depends on it
    baseline date : Approved date
    forecast date : Date as forecast today
    actual date : Date it was met
    acceptance text : What must be true to call it met
    url text : Page in the source
    """,
)

RAID_ITEM: Final = _attributes(
    "raid_item",
    """
    project_ref text : The project as the source names it
    item_id text : Reference
    kind enum values=risk/assumption/issue/dependency : Kind
    title text : Title
    cause text : Because of
    effect text : The effect is
    owner text : Who looks after it
    state enum values=open/responding/closed/occurred/rejected : State
    raised_on date : Raised on
    closed_on date : When it was closed
    reviewed_on date : Last reviewed
    due date : Due
    probability number : 1 to 5
    impact number : 1 to 5
    chance number : Probability as a share, 0 to 1
    cost_impact money unit=currency : Cost if it happens
    days_impact number unit=days : Delay if it happens
    currency text : ISO 4217
    proximity date : Could happen by
    response text : avoid, reduce, transfer, share, accept, exploit or enhance
    action text : Next action
    action_due date : Action due
    gives text : Providing project
    needed_by date : Needed by
    offered_by date : Offered by
    severity text : The source's own word for the impact
    likelihood text : The source's own word for the probability
    rating text : The source's own word for how grave the two together are
    schedule_likelihood text : The source's own word for the probability of delay, where it rates that apart
    schedule_severity text : The source's own word for how grave the delay would be
    schedule_rating text : The source's own word for how grave the two together are
    url text : Page in the source
    """,
)

COST_LINE: Final = _attributes(
    "cost_line",
    """
    project_ref text : The project as the source names it
    category text : What it is spent on
    kind enum values=baseline/forecast/actual/committed/earned : Kind of money
    period date : First day of the month; none for the whole life
    amount money unit=currency : Amount
    currency text : ISO 4217
    url text : Page in the source
    """,
)

CHANGE_REQUEST: Final = _attributes(
    "change_request",
    """
    project_ref text : The project as the source names it
    request_id text : Reference
    title text : What is to change
    reason text : Why
    state enum values=raised/assessed/approved/rejected/withdrawn/done : State
    raised_by text : Who asked for it
    raised_on date : When
    scope_points number unit=points : Size it adds, below zero where it takes out
    days_impact number unit=days : Days by which the finish moves, below zero for earlier
    cost_impact money unit=currency : What it costs, below zero where it saves
    benefit_impact money unit=currency : By how much it changes the benefit
    currency text : ISO 4217
    alternatives text : What else could be done, and what if nothing is
    approver text : Who decides
    decide_by date : When the decision is needed
    decided_on date : When it was decided
    decision text : Why it was decided so
    baseline text : The baseline it led to
    url text : Page in the source
    """,
)

DECISION: Final = _attributes(
    "decision",
    """
    project_ref text : The project as the source names it
    decision_id text : Reference
    title text : What is to be decided
    state enum values=needed/made/dropped : State
    alternatives text : What can be chosen from
    board text : Who decides
    requested_by text : Who asked for it
    requested_on date : When
    needed_by date : When it is needed
    decided_on date : When it was decided
    decided_by text : By whom
    outcome text : What was decided
    rationale text : Why
    url text : Page in the source
    """,
)

GATE_CRITERION: Final = _attributes(
    "gate_criterion",
    """
    project_ref text : The project as the source names it
    gate text : The gate it belongs to
    criterion_id text : Reference
    criterion text : What must be so
    mandatory bool : Whether the gate stays shut without it
    result enum values=met/partly/not_met/not_applicable : How far it is so
    evidence text : What shows it
    assessed_by text : Who says so
    assessed_on date : When
    action text : What is still to be done
    owner text : By whom
    action_due date : Until when
    url text : Page in the source
    """,
)

WORK_PLAN_LINE: Final = _attributes(
    "work_plan_line",
    """
    project_ref text : The project as the source names it
    month text : The month, as 2025-07
    work text : What is to be done in it
    milestones texts : The milestones due in it
    planned_hours number unit=hours : Effort planned
    planned_cost money unit=currency : Spend planned
    actual_hours number unit=hours : Effort it took
    actual_cost money unit=currency : What was spent
    currency text : ISO 4217
    difference text : Why it went otherwise than planned
    url text : Page in the source
    """,
)

CONTRACT: Final = _attributes(
    "contract",
    """
    project_ref text : The project as the source names it
    contract_id text : Reference
    title text : What it is for
    supplier text : With whom
    state enum values=planned/active/ended/cancelled : State
    owner text : Who looks after it
    starts_on date : First day
    ends_on date : Last day
    value money unit=currency : What was agreed in all
    invoiced money unit=currency : Of it, invoiced to date
    currency text : ISO 4217
    url text : Page in the source
    """,
)

BENEFIT: Final = _attributes(
    "benefit",
    """
    project_ref text : The project as the source names it
    benefit_id text : Reference
    title text : What gets better
    category text : Kind, as the office calls it
    owner text : Who answers for it
    target money unit=currency : What was promised
    forecast money unit=currency : What is forecast today
    actual money unit=currency : What has been realised
    currency text : ISO 4217; none where it is not money
    unit text : What it is counted in, where it is not money
    due date : By when it is to be there
    url text : Page in the source
    """,
)

PROJECT_ROLE: Final = _attributes(
    "project_role",
    """
    project_ref text : The project as the source names it
    role text! : The role as the office calls it
    holder text : Who holds it; none where nobody does
    key_role bool : Whether the project cannot do without it
    held_from date : Since when
    held_to date : Until when
    vacant_since date : Since when nobody holds it
    url text : Page in the source
    """,
)

UTILISATION: Final = _attributes(
    "utilisation",
    """
    project_ref text : The project as the source names it
    team text : Whose hours
    week date! : The week, by the day the source gives for it
    percent percent unit=percent : Hours booked as a share of the hours there are
    booked_hours number unit=hours : Hours booked
    capacity_hours number unit=hours : Hours there are
    url text : Page in the source
    """,
)

QUALITY_REVIEW: Final = _attributes(
    "quality_review",
    """
    project_ref text : The project as the source names it
    review_id text : Reference
    title text : What is reviewed
    reviewer text : By whom
    due date : When it is due
    held_on date : When it was held
    result enum values=passed/conditional/failed : What came of it
    open_criteria int : Criteria failed and not yet put right
    closed_on date : When all that failed was put right
    url text : Page in the source
    """,
)

BASELINE: Final = _attributes(
    "baseline",
    """
    project_ref text : The project as the source names it
    number int : Which one it is, the first 0 or 1
    name text : What people call it
    approved_on date : When it was approved; one that was not counts for nothing
    approved_by text : By whom
    change_request text : The change that led to it
    reason text : Why it was needed
    start date : Start as approved
    finish date : Finish as approved
    budget money unit=currency : Budget as approved
    currency text : ISO 4217
    points number unit=points : Size as approved
    url text : Page in the source
    """,
)

ITERATION: Final = _attributes(
    "iteration",
    """
    name text! : Name
    path text : Azure DevOps iteration path
    state enum values=past/current/future : State
    goal text : Goal
    start_at instant : Start
    finish_at instant : Planned finish
    completed_at instant : Closed
    scope_external_id text : The tracker project it belongs to, where it belongs to one
    """,
)

SCOPE: Final = _attributes(
    "scope",
    """
    key text! : Key
    kind enum! values=jira_project/ado_project/ado_area/register_row/workbook : What kind of scope
    name text! : Name
    lead text : Who leads it there
    url text : Page in the tracker
    """,
)

IDENTITY: Final = _attributes(
    "identity",
    """
    display_name text! : Name as the source shows it
    email text : Address; stored only as a hash
    active bool : Whether the account is active
    """,
)

REGISTER: Final[dict[str, dict[str, Attribute]]] = {
    group[0].entity: {attribute.name: attribute for attribute in group}
    for group in (
        PROJECT, WORK_ITEM, MILESTONE, RAID_ITEM, COST_LINE, CHANGE_REQUEST, DECISION, GATE_CRITERION,
        WORK_PLAN_LINE, CONTRACT, BENEFIT, PROJECT_ROLE, UTILISATION, QUALITY_REVIEW, BASELINE, ITERATION, SCOPE,
        IDENTITY,
    )
}  # fmt: skip

_BY_PATH: Final = {attribute.path: attribute for attribute in PROJECT if attribute.path}


def lookup(entity: str, name: str) -> Attribute:
    """Find an attribute by its name or, for a project, by its dotted path.

    Raises:
        UnknownAttribute: With the names that do exist.
    """
    known = REGISTER.get(entity, {})
    found = known.get(name) or (_BY_PATH.get(name) if entity == "project" else None)
    if found is None:
        raise UnknownAttribute(f"{entity} has no attribute {name!r}; it has: {', '.join(sorted(known))}")
    return found
