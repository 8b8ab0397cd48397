"""The tables, a file a subject. Importing this package registers them all with `Base.metadata`."""

from model.tables.absence import Absence, CensusTaken, Question, ScopeVersion
from model.tables.access import ApiToken, Credential
from model.tables.claim import Claim
from model.tables.collect import Assessment, Finding
from model.tables.history import Comment, WorkItemKey, Worklog
from model.tables.mapping import Drift, MappingVersion, SourceShape
from model.tables.plan import CostLine, Milestone, RaidItem
from model.tables.pull import Cursor, RawPage, RejectedRecord, Run, RunStream, Source
from model.tables.spine import Identity, Person, Portfolio, Programme, Project, Scope
from model.tables.status import Snapshot
from model.tables.work import Iteration, Transition, WorkItem, WorkItemIteration, WorkItemLink

__all__ = [
    "Absence",
    "ApiToken",
    "Assessment",
    "CensusTaken",
    "Claim",
    "Comment",
    "CostLine",
    "Credential",
    "Cursor",
    "Drift",
    "Finding",
    "Identity",
    "Iteration",
    "MappingVersion",
    "Milestone",
    "Person",
    "Portfolio",
    "Programme",
    "Project",
    "Question",
    "RaidItem",
    "RawPage",
    "RejectedRecord",
    "Run",
    "RunStream",
    "Scope",
    "ScopeVersion",
    "Snapshot",
    "Source",
    "SourceShape",
    "Transition",
    "WorkItem",
    "WorkItemIteration",
    "WorkItemKey",
    "WorkItemLink",
    "Worklog",
]
