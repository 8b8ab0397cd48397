"""A published submission as it was frozen: what people answered in it, and what was only filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from model.template.template import Field, Template
from sync.collection.heads import SubmissionHead, head_of
from sync.collection.templates import version


class NotPublished(LookupError):
    """The submission was not frozen, so there is nothing of it to write down."""


@dataclass(frozen=True, slots=True)
class Value:
    """What counts of one field, typed. `answered` says that a person gave it; then `by` is who."""

    field: Field
    value: Any
    answered: bool
    filled: Any
    by: str | None
    locator: str | None
    problem: str | None

    @property
    def unit(self) -> str | None:
        """Return the unit the field is asked in."""
        return self.field.rule.unit


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was published. `values` are by the fields' ids."""

    ref: str
    values: Mapping[str, Value]

    def answers(self) -> Iterator[Value]:
        """Yield what people answered and could be read."""
        return (each for each in self.values.values() if each.answered and each.problem is None)


@dataclass(frozen=True, slots=True)
class Published:
    """One submission as it was published; `today` is the day of the publication in its time zone."""

    head: SubmissionHead
    template: Template
    frozen: Mapping[str, Any]
    records: tuple[Record, ...]
    today: date

    @property
    def project_id(self) -> UUID:
        """Return the project that it is of."""
        return self.head.project_id

    @property
    def valid_from(self) -> date:
        """Return the day from which its answers are true: the end of the period, or today where that is to come."""
        return min(self.head.period_end, self.today)

    def place(self, ref: str, field: str | None = None) -> str:
        """Say where an answer stands: `raid-log 2025-06 R-014 owner`."""
        return " ".join(filter(None, (self.head.template, self.head.period, ref, field)))


def published(connection: Connection, submission_id: int, now: datetime) -> Published:
    """Read a submission as it was published.

    Raises:
        NotPublished: It was not.
    """
    head = head_of(connection, submission_id)
    frozen = connection.scalar(text("SELECT frozen FROM submission WHERE id = :id"), {"id": submission_id})
    if frozen is None:
        raise NotPublished(f"submission {submission_id} was not published")
    return as_frozen(connection, head, frozen, now)


def as_frozen(
    connection: Connection, head: SubmissionHead, frozen: Mapping[str, Any], now: datetime
) -> Published:
    """Read a frozen document, wherever it is kept, by the version of the template that it was answered in."""
    template = version(connection, head.template, head.version)
    fields = {field.rule.id: field for field in template.fields}
    records = tuple(
        Record(
            each["ref"],
            {name: _value(fields[name], said) for name, said in each["values"].items() if name in fields},
        )
        for each in frozen["records"]
    )
    return Published(head, template, frozen, records, now.astimezone(ZoneInfo(head.timezone)).date())


def _value(field: Field, said: Mapping[str, Any]) -> Value:
    read = field.read(said["value"])
    answer = said.get("answer") or {}
    return Value(
        field,
        read.value,
        said["from"] == "answer",
        field.read((said.get("filled") or {}).get("value")).value,
        answer.get("by"),
        answer.get("locator"),
        read.problem if read.unreadable else None,
    )
