"""What changed in all projects of a Cloud site, asked for together: one search, one look, and few fetches.

Each project keeps its position and its pages. Whatever is not plain (a refusal, a key of a project that was
not asked about, an issue that is not given, or not whole) is left to the project's own reading, which knows
what to make of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from connectors.base import Part
from connectors.http import HttpError, HttpUnavailable
from connectors.jira import jql
from connectors.jira.cloud import CloudIssues
from connectors.jira.fetching import Batch
from connectors.jira.glance import Glance
from connectors.jira.position import Clocks
from connectors.jira.site import Site, server_time
from connectors.jira.survey import Given

_PROJECTS: Final = 50  # conditions in one query
_MOST: Final = 500  # issues fetched together and held until their projects' turns


@dataclass(frozen=True, slots=True)
class Question:
    """What one project is asked: its key, the condition of what changed in it, and the changes it knows."""

    key: str
    condition: str
    known: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Told:
    """What the search lists of one project, when that was by both clocks, and what is the same as it is known."""

    ids: tuple[int, ...]
    clocks: Clocks
    updated: Mapping[int, datetime]
    fetched: Mapping[int, "_Given"] = field(default_factory=dict)

    def batch(self, ids: Sequence[int]) -> Batch | None:
        """Return these issues where all of them were fetched already, their answers without those of others."""
        if not ids or not all(one in self.fetched for one in ids):
            return None
        answers: dict[int, list[_Given]] = {}
        for one in ids:
            answers.setdefault(self.fetched[one].answer, []).append(self.fetched[one])
        return Batch(
            parts=tuple(
                Part(given[0].request, b'{"issues":[' + b",".join(each.body for each in given) + b"]}")
                for given in answers.values()
            ),
            said=len(ids),
            vanished=(),
            changes={one: at for one in ids if (at := self.fetched[one].updated) is not None},
            last_id=max(ids),
            fetched_at=min(self.fetched[one].at for one in ids),
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """One issue of an answer, word for word, and which answer that was."""

    answer: int
    request: str
    body: bytes
    updated: datetime | None
    at: datetime


class _Page(msgspec.Struct, gc=False):
    issues: list[msgspec.Raw]


class Together:
    """Asks about several projects at once."""

    def __init__(self, site: Site, glance: Glance, *, fetches: bool) -> None:
        """Look at a site; `fetches` says whether an issue needs no more than the answer of a bulk fetch."""
        self._site, self._glance, self._fetches = site, glance, fetches

    def ask(self, access: CloudIssues, questions: Mapping[str, Question]) -> dict[str, Told]:
        """Ask about projects by the names of their slices; one whose own reading must look is left out."""
        names = list(questions)
        found: dict[str, Told] = {}
        for start in range(0, len(names), _PROJECTS):
            some = {name: questions[name] for name in names[start : start + _PROJECTS]}
            found |= self._listed(access, some)
        known = {one for name, told in found.items() for one in told.ids if one in questions[name].known}
        updated = self._glance.updated(sorted(known)) if known else {}
        changed = {
            name: [one for one in told.ids if not _is_same(one, questions[name], updated)]
            for name, told in found.items()
        }
        fetched = self._fetched(access, changed) if self._fetches else {}
        return {name: Told(told.ids, told.clocks, updated, fetched) for name, told in found.items()}

    def _listed(self, access: CloudIssues, questions: Mapping[str, Question]) -> dict[str, Told]:
        query = jql.either(*(f"({each.condition})" for each in questions.values()))
        try:
            keys, answer = access.list_keys(query)
        except (HttpError, HttpUnavailable):  # one project may be the cause: each then speaks for itself
            return {}
        now = self._site.clock()
        clocks = Clocks(now, server_time(answer, now))
        by_key: dict[str, list[int]] = {each.key: [] for each in questions.values()}
        for one, key in keys.items():
            ids = by_key.get(key.rpartition("-")[0])
            if ids is None:  # of a project whose key was changed a moment ago, or not yet in the index
                return {}
            ids.append(one)
        return {name: Told(tuple(sorted(by_key[each.key])), clocks, {}) for name, each in questions.items()}

    def _fetched(self, access: CloudIssues, changed: Mapping[str, Sequence[int]]) -> dict[int, _Given]:
        """Fetch what few projects have changed, several projects' issues a request."""
        size = self._site.config.batch
        ids = sorted(one for some in changed.values() if len(some) < size for one in some)
        if len(ids) > _MOST:
            return {}
        stretches = [ids[start : start + size] for start in range(0, len(ids), size)]
        answers = self._site.pool.map(access_or_none, [access] * len(stretches), stretches)
        found: dict[int, _Given] = {}
        for number, given in enumerate(answers):
            if given is not None:
                found |= _divided(number, given, self._site.clock())
        return found


def access_or_none(access: CloudIssues, ids: Sequence[int]) -> Given | None:
    """Fetch issues in one answer; None where that does not give them whole."""
    try:
        [given] = access.fetch(ids)
    except (HttpError, HttpUnavailable, ValueError):
        return None
    return given


def _divided(number: int, given: Given, at: datetime) -> dict[int, _Given]:
    return {
        int(seen.id): _Given(number, given.part.request, body, seen.updated, at)
        for seen, body in zip(given.issues, _bodies(given), strict=False)
    }


def _bodies(given: Given) -> Iterator[bytes]:
    """Yield each issue's own words; none where the answer is not of the usual shape."""
    try:
        issues = msgspec.json.decode(given.part.body, type=_Page).issues
    except msgspec.DecodeError:
        return
    if len(issues) == len(given.issues) == given.rows:
        yield from map(bytes, issues)


def _is_same(one: int, question: Question, updated: Mapping[int, datetime]) -> bool:
    return one in question.known and one in updated and jql.epoch_ms(updated[one]) == question.known[one]
