"""What is known of projects and of what belongs to none yet, and which of them may belong together."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.identity.blocks import crossing, pairs
from model.identity.names import name_likeness, read_name
from model.identity.projects import Named, project_likeness
from model.identity.proposal import Proposal, Reason, total
from sync.identity.decided import reference_subject, scope_subject
from sync.identity.ranked import ranked
from sync.refs import TABLES

_RENAMED_WITHIN: Final = timedelta(days=35)  # of one project's end and another's beginning
_A_PAIR: Final = 2
_LEAST_KEY: Final = 4  # letters a key needs to mean something as a word


@dataclass(frozen=True, slots=True)
class ProjectSeen:
    """A project with what speaks for its being another's second self."""

    id: UUID
    key: str
    name: str
    programme: str | None
    created_on: date
    closed_on: date | None
    manager: str | None
    sources: tuple[int, ...]  # whose scopes are bound to it already
    milestones: tuple[str, ...]

    @property
    def says(self) -> str:
        """Return how people know it."""
        return f"{self.key} ({self.name})" if self.name != self.key else self.key


@dataclass(frozen=True, slots=True)
class LooseScope:
    """A piece of a tracker that belongs to no project."""

    subject: str
    source_id: int
    source: str
    key: str
    keys: tuple[str, ...]
    name: str
    lead: str | None


@dataclass(frozen=True, slots=True)
class LooseReference:
    """What a source's records call their project, where none is called so."""

    subject: str
    source: str
    reference: str
    records: int


@dataclass(frozen=True, slots=True)
class ProjectsSeen:
    """All that proposals about projects are found in."""

    projects: tuple[ProjectSeen, ...]
    scopes: tuple[LooseScope, ...]
    references: tuple[LooseReference, ...]


def projects_seen(session: Session) -> ProjectsSeen:
    """Read projects, loose scopes and loose references."""
    return ProjectsSeen(_projects(session), _scopes(session), _references(session))


def project_proposals(seen: ProjectsSeen) -> Iterator[Proposal]:
    """Return every likely home of a loose scope or reference, and every project that may be another."""
    open_ = [project for project in seen.projects if project.closed_on is None]
    named = [Named(project.name, (project.key,)) for project in open_]
    homes = [each.blocks for each in named]
    scopes = [Named(scope.name, (scope.key, *scope.keys)) for scope in seen.scopes]
    found: dict[str, list[Proposal]] = defaultdict(list)
    for one, other in crossing([each.blocks for each in scopes], homes):
        scope, project = seen.scopes[one], open_[other]
        reasons = _home(scopes[one], named[other])
        if reasons:
            more = (*reasons, *_beside(scope, project))
            says = f"{scope.source} {scope.key} ({scope.name})"
            found[scope.subject].append(
                Proposal("scope", scope.subject, project.id, says, project.says, more)
            )
    references = [Named(each.reference, (each.reference,)) for each in seen.references]
    for one, other in crossing([each.blocks for each in references], homes):
        reference, project = seen.references[one], open_[other]
        reasons = _home(references[one], named[other])
        if reasons:
            many = "1 record" if reference.records == 1 else f"{reference.records} records"
            says = f"{reference.reference!r}, as {many} of {reference.source} call it"
            found[reference.subject].append(
                Proposal("reference", reference.subject, project.id, says, project.says, reasons)
            )
    for each in found.values():
        yield from ranked(each)
    yield from _twins(seen.projects)


def _home(subject: Named, project: Named) -> tuple[Reason, ...]:
    found = project_likeness(subject, project)
    if found:
        return found
    for key in project.folded_keys:
        if len(key) >= _LEAST_KEY and key in subject.words:
            return (Reason("key_in_name", f"its name holds the key {key.upper()}", 0.76),)
    return ()


def _beside(scope: LooseScope, project: ProjectSeen) -> Iterator[Reason]:
    """Say what besides the names speaks for a scope's belonging to a project, or against it."""
    if scope.lead and project.manager:
        like = total(name_likeness(read_name(scope.lead), read_name(project.manager)))
        if like > 0:
            yield Reason("same_lead", f"{scope.lead} leads it there and {project.manager} manages it", 0.05)
        else:
            yield Reason("other_lead", f"{scope.lead} leads it there, {project.manager} manages it", -0.04)
    if scope.source_id in project.sources:
        yield Reason("has_one", f"{project.key} has another scope of {scope.source} already", -0.04)


def _twins(projects: Sequence[ProjectSeen]) -> Iterator[Proposal]:
    """Return the projects that may be one: renamed, or known to two trackers. The elder one stands for both."""
    named = [Named(project.name, (project.key,)) for project in projects]
    for one, other in pairs([each.blocks for each in named]):
        elder, younger = sorted(
            (projects[one], projects[other]), key=lambda each: (each.created_on, each.key)
        )
        if elder.closed_on is not None and younger.closed_on is not None:
            continue
        if younger.closed_on is not None:
            elder, younger = younger, elder
        reasons = project_likeness(named[one], named[other])
        when = _followed(elder, younger)
        if not reasons or (when is None and elder.closed_on is not None):
            continue
        # Names alone make two open projects no likely twins: offices do run two of nearly one name.
        base = (when,) if when is not None else (Reason("both_open", "both are still there", -0.05),)
        found = (*reasons, *base, *_in_common(elder, younger))
        yield Proposal("project", str(younger.id), elder.id, younger.says, elder.says, found)


def _followed(elder: ProjectSeen, younger: ProjectSeen) -> Reason | None:
    """Say that one ended when the other began, as a renamed one does."""
    if elder.closed_on is None or abs(younger.created_on - elder.closed_on) > _RENAMED_WITHIN:
        return None
    says = f"{elder.key} ended on {elder.closed_on}, {younger.key} began on {younger.created_on}"
    return Reason("followed", says, 0.04)


def _in_common(elder: ProjectSeen, younger: ProjectSeen) -> Iterator[Reason]:
    if elder.manager and younger.manager:
        like = total(name_likeness(read_name(elder.manager), read_name(younger.manager)))
        if like > 0:
            yield Reason("same_manager", f"{younger.manager} manages both", 0.04)
        else:
            yield Reason("other_manager", f"managed by {elder.manager} and by {younger.manager}", -0.05)
    if elder.programme and younger.programme and elder.programme != younger.programme:
        yield Reason("other_programme", f"one is in {elder.programme}, one in {younger.programme}", -0.05)
    shared = sorted({*elder.milestones} & {*younger.milestones})
    if shared:
        yield Reason("milestones", f"both have the milestone {shared[0]!r}", 0.04)


def _projects(session: Session) -> tuple[ProjectSeen, ...]:
    managers = _last_said(session, "manager")
    sources: dict[UUID, list[int]] = defaultdict(list)
    for project, source in session.execute(
        text(
            "SELECT DISTINCT project_id, source_id FROM scope WHERE project_id IS NOT NULL"
            " AND deleted_at IS NULL AND kind <> 'register_row' ORDER BY 1, 2"
        )
    ):
        sources[project].append(source)
    milestones: dict[UUID, set[str]] = defaultdict(set)
    for project, name in session.execute(
        text(
            "SELECT DISTINCT project_id, lower(name) FROM milestone WHERE project_id IS NOT NULL"
            " AND known_to IS NULL AND NOT deleted"
        )
    ):
        milestones[project].add(name)
    # A milestone that many projects have says nothing of any two.
    common = Counter(name for names in milestones.values() for name in names)
    rows = session.execute(
        text(
            "SELECT p.id, p.key, p.name, g.name, CAST(p.created_at AS date), CAST(p.closed_at AS date)"
            " FROM project p LEFT JOIN programme g ON g.id = p.programme_id ORDER BY p.id"
        )
    )
    return tuple(
        ProjectSeen(
            *(id_, key, name, programme, created, closed),
            managers.get(id_),
            tuple(sources.get(id_, ())),
            tuple(sorted(each for each in milestones.get(id_, ()) if common[each] <= _A_PAIR)),
        )
        for id_, key, name, programme, created, closed in rows
    )


def _last_said(session: Session, attribute: str) -> Mapping[UUID, str]:
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (project_id) project_id, value #>> '{}' FROM claim WHERE attribute = :attribute"
            " AND value <> 'null' ORDER BY project_id, known_from DESC, id DESC"
        ),
        {"attribute": attribute},
    )
    return dict(rows.all())


def _scopes(session: Session) -> tuple[LooseScope, ...]:
    rows = session.execute(
        text(
            "SELECT c.source_id, s.name, c.external_id, c.key, c.keys, c.name, c.lead FROM scope c"
            " JOIN source s ON s.id = c.source_id WHERE c.project_id IS NULL AND c.deleted_at IS NULL"
            " AND c.kind <> 'register_row' ORDER BY c.id"
        )
    )
    return tuple(
        LooseScope(
            scope_subject(source_id, external), source_id, source, key, tuple(map(str, keys)), name, lead
        )
        for source_id, source, external, key, keys, name, lead in rows
    )


def _references(session: Session) -> tuple[LooseReference, ...]:
    """Read the names of projects in records that lead to none, and not to a loose scope of their own source."""
    found: Counter[str] = Counter()
    written: dict[str, tuple[str, str]] = {}  # how it is first written; case and spaces do not matter
    for table in TABLES:
        for source_id, source, reference, count in session.execute(
            text(
                f"SELECT v.source_id, s.name, v.project_ref, count(*) FROM {table} v"
                " JOIN source s ON s.id = v.source_id WHERE v.project_id IS NULL AND v.known_to IS NULL"
                " AND NOT v.deleted AND trim(v.project_ref) <> '' AND NOT EXISTS (SELECT 1 FROM scope c"
                " WHERE c.source_id = v.source_id AND c.deleted_at IS NULL AND lower(trim(v.project_ref)) IN"
                " (lower(c.external_id), lower(c.key), lower(c.name))"
                " OR c.source_id = v.source_id AND c.deleted_at IS NULL AND c.kind = 'ado_project'"
                " AND lower(split_part(v.project_ref, '\\', 1)) = lower(c.key))"
                " GROUP BY v.source_id, s.name, v.project_ref ORDER BY v.source_id, v.project_ref"
            )
        ):
            subject = reference_subject(source_id, reference)
            found[subject] += count
            written.setdefault(subject, (source, reference.strip()))
    return tuple(
        LooseReference(subject, *written[subject], count) for subject, count in sorted(found.items())
    )
