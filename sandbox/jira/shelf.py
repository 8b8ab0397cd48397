"""Issues held in memory."""

from collections.abc import Iterable, Sequence
from datetime import date

from sandbox.jira.model import Issue, Row


class Kept:
    """A shelf of issues held in memory."""

    settled: date | None = None

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._issues: dict[int, Issue] = {}
        self._projects: dict[int, list[int]] = {}
        self._keys: dict[str, int] = {}
        self._moved: list[int] = []
        self._children: dict[int, list[int]] = {}
        for issue in issues:
            self.add(issue)

    def ids(self, project: int) -> Sequence[int]:
        """List the ids of issues born in a project, ascending."""
        return self._projects.get(project, ())

    def get(self, id_: int) -> Issue | None:
        """Return one issue's life."""
        return self._issues.get(id_)

    def keep(self, id_: int) -> Issue | None:
        """Return one issue's life to be changed."""
        return self._issues.get(id_)

    def by_key(self, key: str) -> int | None:
        """Return the id behind a key, also one the issue had before it moved."""
        return self._keys.get(key.upper())

    def row(self, id_: int) -> Row | None:  # noqa: ARG002 - what JQL needs is in the issue itself
        """Return None: the issue has to be looked at."""
        return None

    def add(self, issue: Issue) -> None:
        """Put a new issue on the shelf."""
        self._issues[issue.id] = issue
        self._projects.setdefault(issue.base["project"], []).append(issue.id)
        self.rename(issue.base["key"], issue.id)
        if issue.base.get("subtask_of"):
            self._children.setdefault(issue.base["subtask_of"], []).append(issue.id)
        for step in issue.steps:
            if "key" in step.changes:
                self.rename(step.changes["key"], issue.id)

    def moved(self) -> Sequence[int]:
        """List the ids of issues that ever changed their project."""
        return self._moved

    def children(self, id_: int) -> Sequence[int]:
        """List the ids of an issue's sub-tasks."""
        return self._children.get(id_, ())

    def rename(self, key: str, id_: int) -> None:
        """Let a key lead to an issue."""
        self.lead(key, id_)

    def lead(self, key: str, id_: int) -> None:
        """Let a key lead to an issue, held here or not; a second key means it has moved."""
        self._keys[key.upper()] = id_
        issue = self._issues.get(id_)
        if issue is None or key != issue.base["key"]:
            self._moved.append(id_)
