"""Try a version on all projects: who would fail by it, and who fails today. Nothing is changed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.collection.cases import judged
from model.template.result import Finding
from model.template.template import Template
from sync.asking import asking
from sync.collect import assess, where
from sync.collection.case import Case, open_case
from sync.collection.judges import Judges, templates_on
from sync.collection.templates import Kept, judging, kept
from sync.colours import colours
from sync.facts import Facts, ProjectFacts, gather
from sync.json import instant_text
from sync.match import portfolio_of
from sync.policy.kept import policy_standing
from sync.records import Background, background

_MOST: Final = 5  # findings told of one project; all are counted

Found = tuple[str, Finding]  # with the record's reference


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a version says of one project."""

    records: int
    findings: tuple[Found, ...]
    held: tuple[Found, ...]  # what would hold a submission back
    score: float | None
    to_ask: tuple[str, ...] = ()  # fields that people have yet to be asked for, where nobody ever was


@dataclass(frozen=True, slots=True)
class Tried:
    """One project by the version that is tried, and by the one that judges today (None: none does)."""

    project: ProjectFacts
    new: Verdict
    old: Verdict | None

    @property
    def fails(self) -> bool:
        """Whether it could not be submitted."""
        return bool(self.new.held)

    @property
    def fails_today(self) -> bool:
        """Whether it cannot be submitted as it is."""
        return self.old is not None and bool(self.old.held)

    def more(self) -> list[Found]:
        """Return the findings that today's version does not have."""
        known = set() if self.old is None else {(ref, one.field, one.kind) for ref, one in self.old.findings}
        return [each for each in self.new.findings if (each[0], each[1].field, each[1].kind) not in known]


@dataclass(frozen=True, slots=True)
class Trial:
    """A version tried on every project it applies to.

    `dropped` counts the answers of open submissions to fields that it does not ask any more, by field.
    """

    version: Kept
    against: Kept | None
    at: datetime
    facts: Facts
    tried: Sequence[Tried]
    dropped: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a document: the sums, and every project that would fail, those that pass today first."""
        failing = [each for each in self.tried if each.fails]
        failing.sort(key=lambda each: (each.fails_today, each.project.key))
        rules = Counter(rule for each in self.tried for rule in {one.field for _, one in each.more()})
        to_ask = Counter(name for each in self.tried for name in each.new.to_ask)
        return {
            "template": self.version.template,
            "version": self.version.version,
            "sha256": self.version.sha256,
            "against": None if self.against is None else self.against.label,
            "tried_at": instant_text(self.at),
            "as_of": self.facts.as_of.isoformat(),
            "projects": len(self.tried),
            "records": sum(each.new.records for each in self.tried),
            "would_fail": len(failing),
            "fail_today": sum(each.fails_today for each in self.tried),
            "newly_fail": sum(each.old is not None and not each.fails_today for each in failing),
            "no_longer_fail": sum(each.fails_today and not each.fails for each in self.tried),
            "to_ask": _by_count(to_ask),
            "new_findings": _by_count(rules),
            "answers_no_longer_asked": dict(self.dropped),
            "failing": [_in_short(each) for each in failing],
            "warnings": list(self.warnings),
        }


def _in_short(each: Tried) -> dict[str, Any]:
    return {
        "project": each.project.key,
        "name": each.project.name,
        "fails_today": None if each.old is None else each.fails_today,
        "score": _rounded(each.new.score),
        "score_today": None if each.old is None else _rounded(each.old.score),
        "findings": [{"record": ref, **one.to_json()} for ref, one in each.new.held[:_MOST]],
        "more": max(0, len(each.new.held) - _MOST),
    }


def _by_count(counted: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 2)


def try_on_all(connection: Connection, version: Kept, *, now: datetime) -> Trial:
    """Hold all projects to a version and to the one that judges today, with the same tailoring and waivers.

    A project with an open submission is judged by what stands in that, others by what is on record, also by a
    template that they were never asked to fill in. Where no version judged before, nobody was asked for anything
    yet: what only people can say is told apart, and fails nobody.

    Raises:
        InvalidDeclaration: The version's text is no template.
        NotConfigured: There is no portfolio yet.
    """
    loaded = version.loaded()
    with Session(connection) as session:
        facts, computed = _facts(session, now)
        judges = templates_on(connection, facts.as_of)
        against = judging(kept(connection, version.template), facts.as_of)
        both = [loaded] if against is None else [loaded, against.loaded()]
        asked_of_all = {(project.id, version.template) for project in facts.projects}
        behind = replace(background(session, facts, computed, both), answered=asked_of_all)
    cases = _open_cases(connection, version.template, now)
    trial = _Trial(version, against, judges, facts, behind, cases)
    tried = [each for project in facts.projects if (each := trial.of(project)) is not None]
    asked = {each.rule.id for each in loaded.fields}
    dropped = Counter(name for case in cases.values() for name in _answered(case) if name not in asked)
    return Trial(version, against, now, facts, tried, dropped, judges.warnings)


def _facts(session: Session, now: datetime) -> tuple[Facts, Mapping[UUID, Mapping[str, str]]]:
    portfolio = portfolio_of(session)
    day = now.astimezone(ZoneInfo(portfolio.timezone)).date()
    facts = gather(session, asking(session, None, day, now))
    return facts, colours(facts, policy_standing(session.connection(), day, now)).computed


def _open_cases(connection: Connection, template: str, now: datetime) -> dict[UUID, Case]:
    """Return each project's newest submission of a template that takes answers."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (s.project_id) s.project_id, s.id FROM submission s JOIN cycle c ON c.id = s.cycle_id"
            " WHERE c.template = :template AND c.state = 'open' AND s.superseded_by IS NULL"
            " AND s.state IN ('not_started', 'draft', 'returned') ORDER BY s.project_id, c.period_end DESC"
        ),
        {"template": template},
    )
    return {project: open_case(connection, id_, now=now) for project, id_ in rows.all()}


def _answered(case: Case) -> Iterable[str]:
    return (name for record in case.records for name in record.answers)


class _Trial:
    """One trial under way."""

    def __init__(
        self,
        version: Kept,
        against: Kept | None,
        judges: Judges,
        facts: Facts,
        behind: Background,
        cases: Mapping[UUID, Case],
    ) -> None:
        self._version = version
        self._against = against
        self._judges = judges
        self._facts = facts
        self._behind = behind
        self._cases = cases

    def of(self, project: ProjectFacts) -> Tried | None:
        """Judge a project; None where the version does not apply to it."""
        new = self._by(self._version, project)
        if new is None:
            return None
        return Tried(project, new, None if self._against is None else self._by(self._against, project))

    def _by(self, version: Kept, project: ProjectFacts) -> Verdict | None:
        at = where(project)
        template = self._judges.fitted(version, at)
        if not template.applies(stage=at.stage, tier=at.tier):
            return None
        case = self._cases.get(project.id)
        return self._of_record(template, project) if case is None else _of_case(template, case)

    def _of_record(self, template: Template, project: ProjectFacts) -> Verdict:
        found = assess(template, project, self._facts, self._behind, self._judges.waived)
        findings = [(each.checked.ref, one, each.waived) for each in found for one in each.result.findings]
        to_ask: set[str] = set()
        if self._against is None:
            people = {each.rule.id for each in template.fields if each.rule.fill == "ask"}
            to_ask = {one.field for _, one, _ in findings if one.kind == "missing" and one.field in people}
            findings = [each for each in findings if each[1].field not in to_ask or each[1].kind != "missing"]
        scores = [each.result.score for each in found if each.result.score is not None]
        return Verdict(
            len(found),
            tuple((ref, one) for ref, one, _ in findings),
            tuple(
                (ref, one)
                for ref, one, waived in findings
                if one.severity == "block" and one.field not in waived
            ),
            sum(scores) / len(scores) if scores else None,
            tuple(sorted(to_ask)),
        )


def _of_case(template: Template, case: Case) -> Verdict:
    found = judged(template, case.records, as_of=case.as_of, shared=case.shared, waivers=case.waivers)
    return Verdict(len(found.results), tuple(found.findings()), tuple(found.blocking()), found.score)
