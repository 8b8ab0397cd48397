"""Why something was not done to a submission; each message is for whoever asked, and says what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.collection.cases import Given
from sync.collection.heads import SubmissionHead


class Refused(Exception):
    """It was not done, and nothing of it was."""


class NotAllowed(Refused):
    """Whoever asks holds no role that may."""


class NotOpen(Refused):
    """The submission is in a state in which this cannot be done."""

    def __init__(self, says: str, head: SubmissionHead) -> None:
        super().__init__(says)
        self.head = head


class Held(Refused):
    """Findings of severity block hold it back; `findings` are these, by record."""

    def __init__(self, says: str, findings: Sequence[tuple[str, Any]]) -> None:
        super().__init__(says)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Since:
    """An answer that somebody gave after the revision a writer had seen."""

    record_ref: str
    field: str
    given: Given | None  # None: it was taken back


class Stale(Refused):
    """It was changed since the caller looked: `since` says what; `head` is how it stands."""

    def __init__(self, says: str, head: SubmissionHead, since: Sequence[Since]) -> None:
        super().__init__(says)
        self.head = head
        self.since = tuple(since)


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """A change that cannot be an answer at all: no such field or record, or one that may not be typed over."""

    record_ref: str
    field: str
    says: str


class NotAnswerable(Refused):
    """Changes that cannot be stored; `problems` are all of them. Nothing was stored."""

    def __init__(self, problems: Sequence[Unanswerable]) -> None:
        super().__init__("; ".join(f"{_where(each)}: {each.says}" for each in problems))
        self.problems = tuple(problems)


def _where(each: Unanswerable) -> str:
    return f"{each.record_ref} {each.field}".strip()
