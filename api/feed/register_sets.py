"""The sets of a project's registers: contracts, benefits, roles, utilisation, reviews, changes, decisions, gates."""

from api.feed.declare import Moment, flag, money, number, text, whole
from api.feed.versions import Many, Said, days, records
from api.odata.edm import EntitySet
from model.tables import (
    Benefit,
    ChangeRequest,
    Contract,
    Decision,
    GateCriterion,
    ProjectRole,
    QualityReview,
    Utilisation,
    WorkPlanLine,
)


def contracts(moment: Moment | None) -> EntitySet:
    """Return the set of contracts."""

    def held(said: Said) -> Many:
        return [
            text("ContractNumber", said["contract_id"]),
            text("Title", said["title"]),
            text("Supplier", said["supplier"]),
            text("State", said["state"], "planned, active, ended or cancelled"),
            text("Owner", said["owner"]),
            *days(said, StartsOn="starts_on", EndsOn="ends_on"),
            money("Value", said["value"]),
            money("Invoiced", said["invoiced"]),
            text("Currency", said["currency"], "ISO 4217, of both amounts"),
        ]

    return records(
        "Contracts", "Contract", Contract, held, says="Agreements with suppliers", moment=moment,
        search=("Title", "Supplier"),
    )  # fmt: skip


def benefits(moment: Moment | None) -> EntitySet:
    """Return the set of benefits."""

    def held(said: Said) -> Many:
        return [
            text("BenefitNumber", said["benefit_id"]),
            text("Title", said["title"]),
            text("Category", said["category"]),
            text("Owner", said["owner"]),
            money("Target", said["target"]),
            money("Forecast", said["forecast"]),
            money("Actual", said["actual"]),
            text("Currency", said["currency"], "ISO 4217; null where Unit says what is counted"),
            text("Unit", said["unit"]),
            *days(said, Due="due"),
        ]

    return records(
        "Benefits", "Benefit", Benefit, held, says="What projects promised to make better", moment=moment,
        search=("Title",),
    )  # fmt: skip


def project_roles(moment: Moment | None) -> EntitySet:
    """Return the set of roles in projects."""

    def held(said: Said) -> Many:
        return [
            text("Role", said["role"]),
            text("Holder", said["holder"], "Null: nobody holds it"),
            flag("IsKeyRole", said["key_role"]),
            *days(said, HeldFrom="held_from", HeldTo="held_to", VacantSince="vacant_since"),
        ]

    return records(
        "ProjectRoles", "ProjectRole", ProjectRole, held, says="Who holds which role in a project",
        moment=moment, search=("Role", "Holder"),
    )  # fmt: skip


def utilisation(moment: Moment | None) -> EntitySet:
    """Return the set of teams' weeks."""

    def held(said: Said) -> Many:
        return [
            text("Team", said["team"]),
            *days(said, Week="week"),
            number("Percent", said["percent"]),
            number("BookedHours", said["booked_hours"]),
            number("CapacityHours", said["capacity_hours"]),
        ]

    return records(
        "Utilisation", "TeamWeek", Utilisation, held, says="How much of a team's hours was booked in a week",
        moment=moment,
    )  # fmt: skip


def quality_reviews(moment: Moment | None) -> EntitySet:
    """Return the set of quality reviews."""

    def held(said: Said) -> Many:
        return [
            text("ReviewNumber", said["review_id"]),
            text("Title", said["title"]),
            text("Reviewer", said["reviewer"]),
            *days(said, Due="due", HeldOn="held_on"),
            text("Result", said["result"], "passed, conditional or failed"),
            whole("OpenCriteria", said["open_criteria"]),
            *days(said, ClosedOn="closed_on"),
        ]

    return records(
        "QualityReviews", "QualityReview", QualityReview, held, moment=moment, search=("Title",),
        says="Reviews of what projects deliver",
    )  # fmt: skip


def change_requests(moment: Moment | None) -> EntitySet:
    """Return the set of change requests."""

    def held(said: Said) -> Many:
        return [
            text("RequestNumber", said["request_id"]),
            text("Title", said["title"]),
            text("Reason", said["reason"]),
            text("State", said["state"], "raised, assessed, approved, rejected, withdrawn or done"),
            text("RaisedBy", said["raised_by"]),
            *days(said, RaisedOn="raised_on"),
            number("ScopePoints", said["scope_points"], "Size added; below zero where it is taken out"),
            number("DaysImpact", said["days_impact"]),
            money("CostImpact", said["cost_impact"]),
            money("BenefitImpact", said["benefit_impact"]),
            text("Currency", said["currency"], "ISO 4217"),
            text("Alternatives", said["alternatives"]),
            text("Approver", said["approver"]),
            *days(said, DecideBy="decide_by", DecidedOn="decided_on"),
            text("Decision", said["decision"]),
            text("Baseline", said["baseline"], "The baseline that it led to"),
        ]

    return records(
        "ChangeRequests", "ChangeRequest", ChangeRequest, held, moment=moment, search=("Title",),
        says="Changes that were asked for, and what became of them",
    )  # fmt: skip


def decisions(moment: Moment | None) -> EntitySet:
    """Return the set of decisions."""

    def held(said: Said) -> Many:
        return [
            text("DecisionNumber", said["decision_id"]),
            text("Title", said["title"]),
            text("State", said["state"], "needed, made or dropped"),
            text("Alternatives", said["alternatives"]),
            text("Board", said["board"]),
            text("RequestedBy", said["requested_by"]),
            *days(said, RequestedOn="requested_on", NeededBy="needed_by", DecidedOn="decided_on"),
            text("DecidedBy", said["decided_by"]),
            text("Outcome", said["outcome"]),
            text("Rationale", said["rationale"]),
        ]

    return records(
        "Decisions", "Decision", Decision, held, moment=moment, search=("Title",),
        says="What boards and people have to decide, or have decided",
    )  # fmt: skip


def gate_criteria(moment: Moment | None) -> EntitySet:
    """Return the set of criteria of stage gates."""

    def held(said: Said) -> Many:
        return [
            text("Gate", said["gate"]),
            text("CriterionNumber", said["criterion_id"]),
            text("Criterion", said["criterion"]),
            flag("IsMandatory", said["mandatory"]),
            text("Result", said["result"], "met, partly, not_met or not_applicable"),
            text("Evidence", said["evidence"]),
            text("AssessedBy", said["assessed_by"]),
            *days(said, AssessedOn="assessed_on"),
            text("Action", said["action"]),
            text("Owner", said["owner"]),
            *days(said, ActionDue="action_due"),
        ]

    return records(
        "GateCriteria", "GateCriterion", GateCriterion, held, moment=moment,
        says="How far projects meet each criterion of a gate",
    )  # fmt: skip


def work_plan_lines(moment: Moment | None) -> EntitySet:
    """Return the set of lines of the work plan."""

    def held(said: Said) -> Many:
        return [
            text("Month", said["month"], "2026-11"),
            text("Work", said["work"]),
            number("PlannedHours", said["planned_hours"]),
            money("PlannedCost", said["planned_cost"]),
            number("ActualHours", said["actual_hours"]),
            money("ActualCost", said["actual_cost"]),
            text("Currency", said["currency"], "ISO 4217"),
            text("Difference", said["difference"], "Why it went otherwise than planned"),
        ]

    return records(
        "WorkPlanLines", "WorkPlanLine", WorkPlanLine, held, moment=moment,
        says="What a project means to do and to spend in a month, and what came of it",
    )  # fmt: skip
