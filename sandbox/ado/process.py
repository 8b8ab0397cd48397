"""The four shipped processes (Agile, Scrum, CMMI, Basic): types, states, categories, backlogs, fields."""

from dataclasses import dataclass
from typing import Final

CATEGORIES: Final = ("Proposed", "InProgress", "Resolved", "Completed", "Removed")
COLOURS: Final = dict(zip(CATEGORIES, ("b2b2b2", "007acc", "ff9d00", "339933", "ffffff"), strict=True))


@dataclass(frozen=True, slots=True)
class Process:
    """What differs between processes.

    `states` gives each type's states with their category, in workflow order; `levels` the type at
    each level of the hierarchy: epic, feature (None in Basic), requirement, task.
    """

    name: str
    effort: str
    levels: tuple[str, str | None, str, str]
    bug: str | None
    states: dict[str, tuple[tuple[str, str], ...]]

    def category(self, type_: str, state: str) -> str:
        """Return a state's category; a state no longer in the workflow counts as Proposed."""
        return dict(self.states[type_]).get(state, "Proposed")

    def state(self, type_: str, category: str) -> str:
        """Return the first state of a category, or of the nearest one before it where there is none."""
        wanted = CATEGORIES.index(category)
        found = [name for name, kind in self.states[type_] if CATEGORIES.index(kind) <= wanted]
        exact = [name for name, kind in self.states[type_] if kind == category]
        return (exact or found)[0 if exact else -1]


_AGILE = (
    ("New", "Proposed"), ("Active", "InProgress"), ("Resolved", "Resolved"), ("Closed", "Completed"),
    ("Removed", "Removed"),
)  # fmt: skip
_AGILE_TASK = (
    ("New", "Proposed"), ("Active", "InProgress"), ("Closed", "Completed"), ("Removed", "Removed"),
)  # fmt: skip
_SCRUM = (
    ("New", "Proposed"), ("Approved", "Proposed"), ("Committed", "InProgress"), ("Done", "Completed"),
    ("Removed", "Removed"),
)  # fmt: skip
_SCRUM_EPIC = (
    ("New", "Proposed"), ("In Progress", "InProgress"), ("Done", "Completed"), ("Removed", "Removed"),
)  # fmt: skip
_SCRUM_TASK = (
    ("To Do", "Proposed"), ("In Progress", "InProgress"), ("Done", "Completed"), ("Removed", "Removed"),
)  # fmt: skip
# Resolved is work in progress for a requirement and a task of CMMI, but its own category for a bug.
_CMMI = (
    ("Proposed", "Proposed"), ("Active", "InProgress"), ("Resolved", "InProgress"), ("Closed", "Completed"),
)  # fmt: skip
_CMMI_BUG = (
    ("Proposed", "Proposed"), ("Active", "InProgress"), ("Resolved", "Resolved"), ("Closed", "Completed"),
)  # fmt: skip
_BASIC = (("To Do", "Proposed"), ("Doing", "InProgress"), ("Done", "Completed"))

_SCHEDULING: Final = "Microsoft.VSTS.Scheduling."
PROCESSES: Final = {
    "Agile": Process(
        "Agile", f"{_SCHEDULING}StoryPoints", ("Epic", "Feature", "User Story", "Task"), "Bug",
        {"Epic": _AGILE, "Feature": _AGILE, "User Story": _AGILE, "Task": _AGILE_TASK, "Bug": _AGILE[:4]},
    ),
    "Scrum": Process(
        "Scrum", f"{_SCHEDULING}Effort", ("Epic", "Feature", "Product Backlog Item", "Task"), "Bug",
        {"Epic": _SCRUM_EPIC, "Feature": _SCRUM_EPIC, "Product Backlog Item": _SCRUM, "Task": _SCRUM_TASK,
         "Bug": _SCRUM},
    ),
    "CMMI": Process(
        "CMMI", f"{_SCHEDULING}Size", ("Epic", "Feature", "Requirement", "Task"), "Bug",
        {"Epic": _CMMI, "Feature": _CMMI, "Requirement": _CMMI, "Task": _CMMI, "Bug": _CMMI_BUG},
    ),
    "Basic": Process(
        "Basic", f"{_SCHEDULING}Effort", ("Epic", None, "Issue", "Task"), None,
        {"Epic": _BASIC, "Issue": _BASIC, "Task": _BASIC},
    ),
}  # fmt: skip

# A GUID never changes between starts, so that a source stays the same source.
PROCESS_IDS: Final = {
    "Agile": "adcc42ab-9882-485e-a3ed-7678f01f66bc",
    "Scrum": "6b724908-ef14-45cf-84f8-768b5384da45",
    "CMMI": "27450541-8e31-4150-9947-dc59f998fc01",
    "Basic": "b8a3a935-7e91-48b8-a94c-606d37c3e9f2",
}

# reference name, name, type, whether it is long text
_FIELDS: Final = """
System.Id|ID|integer
System.Rev|Rev|integer
System.Watermark|Watermark|integer
System.PersonId|Person ID|integer
System.AreaId|Area ID|integer
System.AreaPath|Area Path|treePath
System.IterationId|Iteration ID|integer
System.IterationPath|Iteration Path|treePath
System.NodeName|Node Name|string
System.TeamProject|Team Project|string
System.WorkItemType|Work Item Type|string
System.State|State|string
System.Reason|Reason|string
System.Title|Title|string
System.Tags|Tags|plainText
System.Parent|Parent|integer
System.CommentCount|Comment Count|integer
System.BoardColumn|Board Column|string
System.IsDeleted|Is Deleted|boolean
System.AssignedTo|Assigned To|string|identity
System.CreatedBy|Created By|string|identity
System.ChangedBy|Changed By|string|identity
System.AuthorizedAs|Authorized As|string|identity
System.CreatedDate|Created Date|dateTime
System.ChangedDate|Changed Date|dateTime
System.AuthorizedDate|Authorized Date|dateTime
System.RevisedDate|Revised Date|dateTime
System.Description|Description|html
System.History|History|history
Microsoft.VSTS.Common.AcceptanceCriteria|Acceptance Criteria|html
Microsoft.VSTS.TCM.ReproSteps|Repro Steps|html
Microsoft.VSTS.Common.Priority|Priority|integer
Microsoft.VSTS.Common.Severity|Severity|string
Microsoft.VSTS.Common.ValueArea|Value Area|string
Microsoft.VSTS.Common.StackRank|Stack Rank|double
Microsoft.VSTS.Common.Activity|Activity|string
Microsoft.VSTS.Common.StateChangeDate|State Change Date|dateTime
Microsoft.VSTS.Common.ActivatedDate|Activated Date|dateTime
Microsoft.VSTS.Common.ActivatedBy|Activated By|string|identity
Microsoft.VSTS.Common.ClosedDate|Closed Date|dateTime
Microsoft.VSTS.Common.ClosedBy|Closed By|string|identity
Microsoft.VSTS.Common.ResolvedDate|Resolved Date|dateTime
Microsoft.VSTS.Scheduling.StoryPoints|Story Points|double
Microsoft.VSTS.Scheduling.Effort|Effort|double
Microsoft.VSTS.Scheduling.Size|Size|double
Microsoft.VSTS.Scheduling.OriginalEstimate|Original Estimate|double
Microsoft.VSTS.Scheduling.RemainingWork|Remaining Work|double
Microsoft.VSTS.Scheduling.CompletedWork|Completed Work|double
Microsoft.VSTS.Scheduling.StartDate|Start Date|dateTime
Microsoft.VSTS.Scheduling.TargetDate|Target Date|dateTime
Microsoft.VSTS.Scheduling.FinishDate|Finish Date|dateTime
Custom.BusinessOwner|Business owner|string
Custom.Sponsor|Sponsor|string|identity
Custom.SponsorText|Sponsor|string
Custom.Stage|Stage|string
Custom.Approved|Approved|boolean
Custom.Budget|Budget|double
Custom.Seats|Seats|integer
Custom.GoLive|Go-live|dateTime
Custom.Unit|Unit|treePath
Custom.Note|Note|plainText
Custom.Goal|Goal|html
Custom.Ticket|Ticket|guid
Custom.7f4c2d7e-4a0b-4f6e-9a34-1c1de0b1f7aa|Kostenträger|string
"""


@dataclass(frozen=True, slots=True)
class FieldKind:
    """One field of the organisation."""

    reference: str
    name: str
    type: str
    identity: bool


def _fields() -> dict[str, FieldKind]:
    rows = [line.split("|") for line in _FIELDS.strip().splitlines()]
    return {row[0]: FieldKind(row[0], row[1], row[2], row[3:] == ["identity"]) for row in rows}


FIELDS: Final = _fields()
IDENTITIES: Final = frozenset(field.reference for field in FIELDS.values() if field.identity)
LONG_TEXT: Final = frozenset(
    field.reference for field in FIELDS.values() if field.type in {"html", "history"}
)

# reference name, name, topology, forward, acyclic
_LINKS: Final = (
    ("System.LinkTypes.Hierarchy-Forward", "Child", "tree", True, "System.LinkTypes.Hierarchy-Reverse"),
    ("System.LinkTypes.Hierarchy-Reverse", "Parent", "tree", False, "System.LinkTypes.Hierarchy-Forward"),
    ("System.LinkTypes.Dependency-Forward", "Successor", "dependency", True,
     "System.LinkTypes.Dependency-Reverse"),
    ("System.LinkTypes.Dependency-Reverse", "Predecessor", "dependency", False,
     "System.LinkTypes.Dependency-Forward"),
    ("System.LinkTypes.Related", "Related", "network", True, "System.LinkTypes.Related"),
    ("System.LinkTypes.Duplicate-Forward", "Duplicate", "tree", True, "System.LinkTypes.Duplicate-Reverse"),
    ("System.LinkTypes.Duplicate-Reverse", "Duplicate Of", "tree", False,
     "System.LinkTypes.Duplicate-Forward"),
)  # fmt: skip
LINK_NAMES: Final = {reference: name for reference, name, *_ in _LINKS}
OPPOSITE: Final = {row[0]: row[4] for row in _LINKS}


def relation_types(base: str) -> list[dict[str, object]]:
    """Render the relation types: the work item links, and the resource links every organisation has."""
    links: list[dict[str, object]] = [
        {
            "attributes": {
                "usage": "workItemLink", "editable": True, "enabled": True, "acyclic": topology != "network",
                "directional": topology != "network", "singleTarget": not forward and topology == "tree",
                "topology": topology, "isForward": forward, "oppositeEndReferenceName": opposite,
            },
            "referenceName": reference,
            "name": name,
            "url": f"{base}/_apis/wit/workItemRelationTypes/{reference}",
        }
        for reference, name, topology, forward, opposite in _LINKS
    ]  # fmt: skip
    resources: list[dict[str, object]] = [
        {
            "attributes": {"usage": "resourceLink", "editable": False, "enabled": True},
            "referenceName": name.replace(" ", ""),
            "name": name,
            "url": f"{base}/_apis/wit/workItemRelationTypes/{name.replace(' ', '')}",
        }
        for name in ("Attached File", "Hyperlink", "Artifact Link")
    ]
    return links + resources
