"""What stands now in plans, registers and ledgers, with what people answered laid over it."""

from model.bi.declare import (
    Column,
    View,
    answered,
    answered_day,
    column,
    day,
    read_at,
    record,
    records,
    said,
    view,
)

_CURRENCY_SAYS = "ISO 4217; the portfolio's own where nobody says"


def _currency(table: str) -> Column:
    # What carries no currency is in that of the project's portfolio.
    own = (
        "(SELECT f.currency FROM public.project j JOIN public.portfolio f ON f.id = j.portfolio_id"
        " WHERE j.id = v.project_id)"
    )
    mine = said("currency") if table != "cost_line" else "v.currency"
    return Column("currency", f"coalesce({mine}, {own})", _CURRENCY_SAYS)


def fact_milestone() -> View:
    """Declare milestones."""
    return view(
        "fact_milestone",
        "Dated commitments as they stand",
        [
            *record("milestone", "milestone_id"),
            answered("name", "Name", called="milestone_name"),
            answered("state", "planned, met or dropped"),
            answered("weight", "How much it counts"),
            answered("critical", "It is critical", called="is_critical"),
            *answered_day("baseline", "The day that was promised"),
            *answered_day("forecast", "The day it is expected; null: nobody forecast it"),
            *answered_day("actual", "The day it was met"),
            column("slip_days", f"({said('forecast')}) - ({said('baseline')})", "Forecast less baseline"),
            answered("acceptance", "What says that it is met"),
            *read_at(),
        ],
        records("milestone"),
    )


def fact_raid_item() -> View:
    """Declare risks, assumptions, issues and dependencies."""
    return view(
        "fact_raid_item",
        "Risks, assumptions, issues and dependencies as they stand",
        [
            *record("item", "raid_item_id"),
            answered("item_id", "The reference people use: R-014", called="item_number"),
            answered("kind", "risk, assumption, issue or dependency"),
            answered("title", "Title"),
            answered("cause", "Why it may come about"),
            answered("effect", "What it would do"),
            answered("owner", "Who answers for it"),
            answered("state", "open, responding, closed, occurred or rejected"),
            *answered_day("raised_on", "Was raised"),
            *answered_day("closed_on", "Was closed"),
            *answered_day("reviewed_on", "Was last looked at"),
            *answered_day("due", "Is due"),
            answered("probability", "1 to 5"),
            answered("impact", "1 to 5"),
            column("score", f"({said('probability')}) * ({said('impact')})", "Probability times impact"),
            answered("chance", "0 to 1"),
            answered("cost_impact", "What it would cost, in currency"),
            _currency("raid_item"),
            answered("days_impact", "How many days it would take"),
            answered("response", "What is done about it"),
            answered("action", "The next step"),
            *answered_day("action_due", "By when"),
            *answered_day("needed_by", "A dependency: by when it is needed"),
            *answered_day("offered_by", "A dependency: by when it is promised"),
            *read_at(),
        ],
        records("raid_item"),
    )


def fact_cost() -> View:
    """Declare money by month."""
    counted = (
        "v.amount IS NOT NULL AND v.period IS NOT NULL AND s.kind <> 'collection' AND dense_rank() OVER"
        " (PARTITION BY v.project_id, v.kind, v.amount IS NOT NULL AND v.period IS NOT NULL"
        " AND s.kind <> 'collection' ORDER BY s.position, s.id) = 1"
    )
    return view(
        "fact_cost",
        "Money of one kind in one month, as each source says; sum only where is_counted, and by kind and currency",
        [
            *record("line", "cost_line_id"),
            column("category", "v.category", "What it is for"),
            column("kind", "v.kind", "baseline, forecast, actual, committed or earned"),
            *day("period", "v.period", "First day of the month; null: the whole life"),
            column("amount", "v.amount", "Money, in currency"),
            _currency("cost_line"),
            column("is_counted", counted, "By month, of the first source by precedence that has this kind"),
            *(each for each in _without_answers(read_at())),
        ],
        "public.cost_line v JOIN public.source s ON s.id = v.source_id"
        " WHERE v.known_to IS NULL AND NOT v.deleted AND v.amends_source_id IS NULL",
    )


def _without_answers(columns: list[Column]) -> list[Column]:
    return [
        Column(each.name, each.sql.replace("greatest(v.known_from, a.known_from)", "v.known_from"), each.says)
        for each in columns
    ]


def fact_contract() -> View:
    """Declare contracts."""
    return view(
        "fact_contract",
        "Agreements with suppliers as they stand",
        [
            *record("contract", "contract_row_id"),
            answered("contract_id", "The reference people use", called="contract_number"),
            answered("title", "Title"),
            answered("supplier", "With whom"),
            answered("state", "planned, active, ended or cancelled"),
            answered("owner", "Who answers for it"),
            *answered_day("starts_on", "Begins"),
            *answered_day("ends_on", "Ends"),
            answered("value", "What it is worth, in currency"),
            answered("invoiced", "What was invoiced, in currency"),
            _currency("contract"),
            *read_at(),
        ],
        records("contract"),
    )


def fact_benefit() -> View:
    """Declare benefits."""
    return view(
        "fact_benefit",
        "What projects promised to make better; sum only within one currency or unit",
        [
            *record("benefit", "benefit_row_id"),
            answered("benefit_id", "The reference people use", called="benefit_number"),
            answered("title", "Title"),
            answered("category", "Category"),
            answered("owner", "Who answers for it"),
            answered("target", "What was promised"),
            answered("forecast", "What is expected"),
            answered("actual", "What came of it"),
            answered("currency", "ISO 4217; null where unit says what is counted"),
            answered("unit", "What is counted, where it is no money"),
            *answered_day("due", "By when"),
            *read_at(),
        ],
        records("benefit"),
    )


def fact_role() -> View:
    """Declare roles."""
    return view(
        "fact_role",
        "Roles in projects and who holds them",
        [
            *record("role", "role_row_id"),
            answered("role", "The role"),
            answered("holder", "Who holds it; null: nobody"),
            answered("key_role", "It is a key role; null: nobody says", called="is_key_role"),
            *answered_day("held_from", "Since when"),
            *answered_day("held_to", "Until when"),
            *answered_day("vacant_since", "Since when nobody does"),
            *read_at(),
        ],
        records("project_role"),
    )


def fact_utilisation() -> View:
    """Declare the use of teams."""
    return view(
        "fact_utilisation",
        "How much of a team's hours was booked in a week",
        [
            *record("week", "utilisation_row_id"),
            answered("team", "The team"),
            *answered_day("week", "Its Monday"),
            answered("percent", "Percent booked"),
            answered("booked_hours", "Hours booked"),
            answered("capacity_hours", "Hours there were"),
            *read_at(),
        ],
        records("utilisation"),
    )


def fact_quality_review() -> View:
    """Declare quality reviews."""
    return view(
        "fact_quality_review",
        "Reviews of what projects deliver",
        [
            *record("review", "review_row_id"),
            answered("review_id", "The reference people use", called="review_number"),
            answered("title", "Title"),
            answered("reviewer", "Who reviews"),
            *answered_day("due", "Is due"),
            *answered_day("held_on", "Was held"),
            answered("result", "passed, conditional or failed"),
            answered("open_criteria", "How many criteria are still to be put right"),
            *answered_day("closed_on", "Was closed"),
            *read_at(),
        ],
        records("quality_review"),
    )


def fact_baseline() -> View:
    """Declare baselines."""
    return view(
        "fact_baseline",
        "Approvals of plans; one without approved_on is a proposal and counts for nothing",
        [
            *record("baseline", "baseline_id"),
            answered("number", "0 or 1 is the first", called="baseline_number"),
            answered("name", "Name", called="baseline_name"),
            *answered_day("approved_on", "When it was approved; null: a proposal"),
            answered("approved_by", "By whom"),
            answered("change_request", "The change that led to it"),
            *answered_day("start", "Approved beginning"),
            *answered_day("finish", "Approved end"),
            answered("budget", "Approved money, in currency"),
            _currency("baseline"),
            answered("points", "Approved size"),
            *read_at(),
        ],
        records("baseline"),
    )


def fact_change_request() -> View:
    """Declare change requests."""
    return view(
        "fact_change_request",
        "Changes that somebody asked for, and what became of them",
        [
            *record("request", "change_request_row_id"),
            answered("request_id", "The reference people use: CR-007", called="request_number"),
            answered("title", "Title"),
            answered("state", "raised, assessed, approved, rejected, withdrawn or done"),
            answered("raised_by", "By whom"),
            *answered_day("raised_on", "Was raised"),
            answered("scope_points", "Size added; below zero where it is taken out"),
            answered("days_impact", "Days it would take"),
            answered("cost_impact", "What it would cost, in currency"),
            answered("benefit_impact", "What it would bring, in currency"),
            _currency("change_request"),
            answered("approver", "Who decides"),
            *answered_day("decide_by", "By when"),
            *answered_day("decided_on", "Was decided"),
            *read_at(),
        ],
        records("change_request"),
    )


def fact_decision() -> View:
    """Declare decisions."""
    return view(
        "fact_decision",
        "What a board or a person has to decide, or has decided",
        [
            *record("decision", "decision_row_id"),
            answered("decision_id", "The reference people use", called="decision_number"),
            answered("title", "Title"),
            answered("state", "needed, made or dropped"),
            answered("board", "Who has to decide"),
            answered("requested_by", "Who asks"),
            *answered_day("requested_on", "Was asked for"),
            *answered_day("needed_by", "By when"),
            *answered_day("decided_on", "Was decided"),
            answered("decided_by", "By whom"),
            answered("outcome", "What was decided"),
            *read_at(),
        ],
        records("decision"),
    )
