"""What the retired feed called its columns, and of which type they were.

All of them are there, so that a report that names one still loads; what the model does not carry is null.
docs/projectdata.md says which.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, DateTime, Double, Integer, Numeric, Text, Uuid, cast, null

from api.feed.declare import Held

_SQL: Final[dict[str, Any]] = {
    "Guid": Uuid(), "String": Text(), "Decimal": Numeric(), "Double": Double(), "Boolean": Boolean(),
    "DateTimeOffset": DateTime(timezone=True), "Byte": Integer(), "Int16": Integer(), "Int32": Integer(),
}  # fmt: skip
_COSTS: Final = (
    "Cost OvertimeCost RegularCost RemainingCost RemainingOvertimeCost RemainingRegularCost ActualCost"
    " ActualOvertimeCost ActualRegularCost CostVariance BudgetCost"
)
_WORK: Final = (
    "Work OvertimeWork RegularWork RemainingWork RemainingOvertimeWork RemainingRegularWork ActualWork"
    " ActualOvertimeWork ActualRegularWork WorkVariance BudgetWork ResourcePlanWork"
)
_EARNED: Final = "ACWP BCWP BCWS CV SV VAC"
_RATIOS: Final = "CPI CVP EAC SPI SVP TCPI"
_BASELINE: Final = {
    "Int32": "BaselineNumber",
    "Decimal": "{}BaselineBudgetCost {}BaselineBudgetWork {}BaselineCost {}BaselineDuration {}BaselineFixedCost"
    " {}BaselineWork",
    "DateTimeOffset": "{}BaselineDeliverableFinishDate {}BaselineDeliverableStartDate {}BaselineFinishDate"
    " {}BaselineStartDate",
}
_OF_BASELINE: Final = "{}BaselineDurationString {}BaselineFinishDateString {}BaselineStartDateString"


def _with(prefix: str, names: str) -> str:
    return " ".join(prefix + name for name in names.split())


PROJECT: Final = {
    "Guid": "ProjectId ProjectOwnerId ParentProjectId EnterpriseProjectTypeId OptimizerDecisionAliasLookupTableId"
    " OptimizerDecisionAliasLookupTableValueId PlannerDecisionAliasLookupTableId"
    " PlannerDecisionAliasLookupTableValueId",
    "String": "EnterpriseProjectTypeDescription EnterpriseProjectTypeName OptimizerDecisionName OptimizerSolutionName"
    " PlannerDecisionName PlannerSolutionName ProjectAuthorName ProjectCategoryName ProjectCompanyName ProjectCurrency"
    " ProjectDepartments ProjectDescription ProjectKeywords ProjectManagerName ProjectName ProjectOwnerName"
    " ProjectSubject ProjectTitle ProjectWorkspaceInternalUrl",
    "Boolean": "EnterpriseProjectTypeIsDefault ProjectCalculationsAreStale ProjectEarnedValueIsStale"
    " ProjectEnterpriseFeatures",
    "Byte": "OptimizerDecisionID PlannerDecisionID",
    "Int16": "ProjectPercentCompleted ProjectPercentWorkCompleted ResourcePlanUtilizationType",
    "Int32": "ProjectCalendarDuration ProjectType",
    "DateTimeOffset": "OptimizerCommitDate PlannerCommitDate PlannerEndDate PlannerStartDate ProjectActualFinishDate"
    " ProjectActualStartDate ProjectCreatedDate ProjectEarlyFinish ProjectEarlyStart ProjectFinishDate"
    " ProjectLastPublishedDate ProjectLateFinish ProjectLateStart ProjectModifiedDate ProjectStartDate"
    " ProjectStatusDate ResourcePlanUtilizationDate",
    "Decimal": _with("Project", f"{_COSTS} {_WORK} {_EARNED} {_RATIOS}")
    + " ProjectActualDuration ProjectDuration ProjectDurationVariance ProjectFinishVariance ProjectFixedCost"
    " ProjectRemainingDuration ProjectStartVariance",
}
TASK: Final = {
    "Guid": "ProjectId TaskId ParentTaskId TaskFixedCostAssignmentId",
    "String": "Health ParentTaskName ProjectName TaskDurationString TaskFinishDateString TaskHyperLinkAddress"
    " TaskHyperLinkFriendlyName TaskHyperLinkSubAddress TaskName TaskOutlineNumber TaskStartDateString TaskWBS",
    "Boolean": "FlagStatus TaskDurationIsEstimated TaskIgnoresResourceCalendar TaskIsActive TaskIsCritical"
    " TaskIsEffortDriven TaskIsExternal TaskIsManuallyScheduled TaskIsMarked TaskIsMilestone TaskIsOverallocated"
    " TaskIsProjectSummary TaskIsRecurring TaskIsSummary",
    "Int16": "TaskOutlineLevel TaskPercentCompleted TaskPercentWorkCompleted TaskPhysicalPercentCompleted TaskPriority",
    "Int32": "TaskClientUniqueId TaskCreatedRevisionCounter TaskIndex TaskModifiedRevisionCounter",
    "DateTimeOffset": "TaskActualFinishDate TaskActualStartDate TaskCreatedDate TaskDeadline TaskDeliverableFinishDate"
    " TaskDeliverableStartDate TaskEarlyFinish TaskEarlyStart TaskFinishDate TaskLateFinish TaskLateStart"
    " TaskModifiedDate TaskStartDate",
    "Decimal": _with("Task", f"{_COSTS} {_WORK} {_EARNED} {_RATIOS}")
    + " TaskActualDuration TaskActualFixedCost TaskDuration TaskDurationVariance TaskFinishVariance TaskFixedCost"
    " TaskFreeSlack TaskLevelingDelay TaskRemainingDuration TaskStartVariance TaskTotalSlack",
}
ASSIGNMENT: Final = {
    "Guid": "AssignmentId ProjectId TaskId ResourceId TimesheetClassId",
    "String": "AssignmentBookingDescription AssignmentBookingName CostType_R Health_T ProjectName RBS_R"
    " ResourceDepartments_R ResourceName TaskName TypeDescription TypeName",
    "Boolean": "AssignmentIsOverallocated AssignmentIsPublished IsPublic TaskIsActive",
    "Int16": "AssignmentPercentWorkCompleted AssignmentResourceType",
    "Int32": "AssignmentBookingId AssignmentCreatedRevisionCounter AssignmentModifiedRevisionCounter AssignmentType",
    "DateTimeOffset": "AssignmentActualFinishDate AssignmentActualStartDate AssignmentCreatedDate AssignmentFinishDate"
    " AssignmentModifiedDate AssignmentStartDate",
    "Decimal": _with("Assignment", f"{_COSTS} {_WORK} {_EARNED}")
    + " AssignmentBudgetMaterialWork AssignmentDelay AssignmentFinishVariance AssignmentMaterialActualWork"
    " AssignmentMaterialWork AssignmentPeakUnits AssignmentStartVariance",
}
RESOURCE: Final = {
    "Guid": "ResourceId ResourceStatusId ResourceTimesheetManageId",
    "String": "CostType RBS ResourceBaseCalendar ResourceCode ResourceCostCenter ResourceDepartments"
    " ResourceEmailAddress ResourceGroup ResourceHyperlink ResourceHyperlinkHref ResourceInitials ResourceMaterialLabel"
    " ResourceName ResourceNTAccount ResourceStatusName TypeDescription TypeName",
    "Boolean": "ResourceCanLevel ResourceIsActive ResourceIsGeneric ResourceIsTeam",
    "Byte": "ResourceBookingType",
    "Int16": "ResourceType ResourceWorkGroup",
    "DateTimeOffset": "ResourceCreatedDate ResourceEarliestAvailableFrom ResourceLatestAvailableTo"
    " ResourceModifiedDate",
    "Decimal": "ResourceCostPerUse ResourceMaxUnits ResourceOvertimeRate ResourceStandardRate",
}
_LISTED: Final = (
    "AssignedToResource Category CreateByResource ItemRelativeUrlPath ModifiedByResource Owner ProjectName Status"
    " Title"
)
_LISTED_ON: Final = "CreatedDate DueDate ModifiedDate"
RISK: Final = {
    "Guid": "ProjectId RiskId",
    "String": f"{_LISTED} ContingencyPlan Description MitigationPlan TriggerDescription TriggerTask",
    "Boolean": "IsFolder",
    "Int32": "NumberOfAttachments",
    "DateTimeOffset": _LISTED_ON,
    "Double": "Cost CostExposure Exposure Impact Probability",
}
ISSUE: Final = {
    "Guid": "ProjectId IssueId",
    "String": f"{_LISTED} Discussion Priority Resolution",
    "Boolean": "IsFolder",
    "Int32": "NumberOfAttachments",
    "DateTimeOffset": _LISTED_ON,
}


def _baseline(prefix: str, ids: str, names: str) -> dict[str, str]:
    texts = f"{names} {_OF_BASELINE}".replace("{}", prefix)
    return {
        "Guid": ids,
        "String": texts,
        **{type_: each.replace("{}", prefix) for type_, each in _BASELINE.items()},
    }


PROJECT_BASELINE: Final = _baseline("Project", "ProjectId TaskId", "ProjectName")
TASK_BASELINE: Final = _baseline("Task", "ProjectId TaskId", "ProjectName TaskName")


def held(names: Mapping[str, str], carried: Mapping[str, Any], *, key: tuple[str, ...]) -> list[Held]:
    """Declare the columns of an entity of the retired feed, in the order of their names.

    Args:
        names: By type, as above.
        carried: Those that the model knows; the others are null.
        key: Those that are its key.

    Raises:
        KeyError: Something is carried that the retired feed did not have.
    """
    types = {name: type_ for type_, listed in names.items() for name in listed.split()}
    if unknown := sorted(set(carried) - set(types)):
        raise KeyError(f"not of the retired feed: {', '.join(unknown)}")
    return [
        Held(
            name, types[name], carried.get(name, _nothing(types[name])), None if name in carried else "Not carried",
            nullable=name not in key,
        )
        for name in sorted(types)
    ]  # fmt: skip


def _nothing(type_: str) -> ColumnElement[Any]:
    return cast(null(), _SQL[type_])


def typed(type_: str, sql: Any) -> ColumnElement[Any]:
    """Return SQL in the type of a column."""
    return cast(sql, _SQL[type_])
