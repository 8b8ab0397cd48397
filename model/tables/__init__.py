"""The tables, a file a subject. Importing this package registers them all with `Base.metadata`."""

from model.tables.absence import Absence, CensusTaken, Question, ScopeVersion
from model.tables.access import ApiToken, Credential
from model.tables.account import Account, AccountRole, AccountSession
from model.tables.audit import AuditEvent
from model.tables.baseline import Baseline
from model.tables.claim import Claim
from model.tables.collect import Assessment, Finding
from model.tables.collection import (
    Answer,
    Cycle,
    OutboxEvent,
    Prefill,
    ReviewComment,
    Submission,
    SubmissionMove,
)
from model.tables.consolidation import ConsolidationLog, ReportText, Touched
from model.tables.draft import KeptSecret, SourceDraft
from model.tables.findings import Dispute, FindingMove
from model.tables.hand import HandClaim
from model.tables.history import Comment, WorkItemKey, Worklog
from model.tables.idempotency import KeptAnswer
from model.tables.identity import (
    ClaimConflict,
    MatchDecision,
    MatchProposal,
    MatchScan,
    Settlement,
    SettlingRule,
)
from model.tables.mapping import Drift, MappingVersion, SourceShape
from model.tables.plan import CostLine, Milestone, RaidItem
from model.tables.policy import PolicyVersion
from model.tables.pull import Cursor, RawPage, RejectedRecord, Run, RunStream, Source
from model.tables.records import ChangeRequest, Decision, GateCriterion, WorkPlanLine
from model.tables.register import Benefit, Contract, ProjectRole, QualityReview, Utilisation
from model.tables.spine import (
    CurrencyRate,
    Identity,
    Person,
    Portfolio,
    PortfolioVersion,
    Programme,
    ProgrammeLeft,
    ProgrammeProject,
    Project,
    Scope,
)
from model.tables.status import Snapshot
from model.tables.template import Tailoring, TemplateVersion, Waiver
from model.tables.view import SavedView
from model.tables.work import (
    Iteration,
    Transition,
    WorkItem,
    WorkItemIteration,
    WorkItemLeft,
    WorkItemLink,
)
from model.tables.workbook import WorkbookCell, WorkbookReturned, WorkbookSent

__all__ = [
    "Absence",
    "Account",
    "AccountRole",
    "AccountSession",
    "Answer",
    "ApiToken",
    "Assessment",
    "AuditEvent",
    "Baseline",
    "Benefit",
    "CensusTaken",
    "ChangeRequest",
    "Claim",
    "ClaimConflict",
    "Comment",
    "ConsolidationLog",
    "Contract",
    "CostLine",
    "Credential",
    "CurrencyRate",
    "Cursor",
    "Cycle",
    "Decision",
    "Dispute",
    "Drift",
    "Finding",
    "FindingMove",
    "GateCriterion",
    "HandClaim",
    "Identity",
    "Iteration",
    "KeptAnswer",
    "KeptSecret",
    "MappingVersion",
    "MatchDecision",
    "MatchProposal",
    "MatchScan",
    "Milestone",
    "OutboxEvent",
    "Person",
    "PolicyVersion",
    "Portfolio",
    "PortfolioVersion",
    "Prefill",
    "Programme",
    "ProgrammeLeft",
    "ProgrammeProject",
    "Project",
    "ProjectRole",
    "QualityReview",
    "Question",
    "RaidItem",
    "RawPage",
    "RejectedRecord",
    "ReportText",
    "ReviewComment",
    "Run",
    "RunStream",
    "SavedView",
    "Scope",
    "ScopeVersion",
    "Settlement",
    "SettlingRule",
    "Snapshot",
    "Source",
    "SourceDraft",
    "SourceShape",
    "Submission",
    "SubmissionMove",
    "Tailoring",
    "TemplateVersion",
    "Touched",
    "Transition",
    "Utilisation",
    "Waiver",
    "WorkItem",
    "WorkItemIteration",
    "WorkItemKey",
    "WorkItemLeft",
    "WorkItemLink",
    "WorkPlanLine",
    "WorkbookCell",
    "WorkbookReturned",
    "WorkbookSent",
    "Worklog",
]
