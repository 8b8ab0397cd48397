"""Identity: what may be one and the same, what an officer said of it, and how claims that differ are settled."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from model.base import Base


class MatchProposal(Base):
    """Two things that may be one, with the reasons; nothing follows from it until an officer confirms it.

    `kind` is `scope` (a tracker's project belongs to a project), `reference` (what a source's records call
    their project is that project), `project` (a project is another one under a second key), `person` (two
    people are one), `account` (an account is a person's) or `name` (a name as somebody wrote it is a person).
    `subject` names the first in the form its kind has; `target` is the id of a project or a person. `state`
    is `open`, `confirmed`, `refused`, or `gone` where nothing speaks for it any more and nobody decided. What
    is confirmed is read by each matching anew, so that taking it back leaves nothing behind.
    """

    __tablename__ = "match_proposal"
    __table_args__ = (UniqueConstraint("kind", "subject", "target"), Index(None, "state", "kind"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    target: Mapped[UUID]
    subject_says: Mapped[str]  # how people know it
    target_says: Mapped[str]
    origin: Mapped[str]  # proposed, or officer: linked by hand
    confidence: Mapped[float]  # 0 to 1
    reasons: Mapped[list[Any]]  # each with its rule, what it says, and what it adds to or takes from 0
    state: Mapped[str]
    proposed_at: Mapped[datetime]
    changed_at: Mapped[datetime]  # when its reasons or its state last changed
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    because: Mapped[str | None]


class MatchDecision(Base):
    """One act of an officer on a proposal, with the reasons as they then stood. Append-only."""

    __tablename__ = "match_decision"
    __table_args__ = (Index(None, "proposal_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("match_proposal.id"))
    act: Mapped[str]  # confirmed, refused, undone
    at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str]
    confidence: Mapped[float]
    reasons: Mapped[list[Any]]


class MatchScan(Base):
    """What proposals were last looked for in: nothing is compared again until it changes."""

    __tablename__ = "match_scan"

    kind: Mapped[str] = mapped_column(primary_key=True)  # people, projects
    sha256: Mapped[str]
    at: Mapped[datetime]


class ClaimConflict(Base):
    """Sources that say different things of one attribute of one project; open until they agree.

    `claims` are the ids of all that was said, the one that counts first; `settled_by` is `precedence`, `rule`
    or `person`, `because` says it in words.
    """

    __tablename__ = "claim_conflict"
    __table_args__ = (
        Index("uq_claim_conflict_open", "project_id", "attribute", unique=True,
              postgresql_where=text("closed_at IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    attribute: Mapped[str]
    claims: Mapped[list[Any]]
    settled_by: Mapped[str]
    because: Mapped[str]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_because: Mapped[str | None]


class Settlement(Base):
    """A person's word on a conflict: this claim counts, as long as everybody says what they said then.

    `said` has for each source that spoke the id of its claim.
    """

    __tablename__ = "settlement"
    __table_args__ = (Index(None, "project_id", "attribute"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    attribute: Mapped[str]
    claim_id: Mapped[int] = mapped_column(ForeignKey("claim.id"))
    said: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]


class SettlingRule(Base):
    """A lasting rule by which conflicts of an attribute are settled, everywhere or for one project or programme.

    `prefer` is `source:NAME`, `kind:KIND`, or one of `newest`, `latest`, `earliest`, `highest`, `lowest`, `worst`.
    """

    __tablename__ = "settling_rule"
    __table_args__ = (Index(None, "attribute"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    attribute: Mapped[str]
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"))
    programme: Mapped[str | None]
    prefer: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_because: Mapped[str | None]
