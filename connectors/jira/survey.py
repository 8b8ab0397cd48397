"""What an answer holds, seen without building it: which issues, when changed, whose history is cut short.

The pages themselves are taken apart later and elsewhere (`reading`); fetching needs no more than this. msgspec
passes over the rest several times faster than any parser could build it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from connectors.base import Part
from connectors.http import Answer
from connectors.jira import reading
from connectors.jira.transforms import instant


@dataclass(frozen=True, slots=True)
class Seen:
    """One issue of an answer. `updated` is None where the answer does not say."""

    id: str
    updated: datetime | None
    short: bool


@dataclass(frozen=True, slots=True)
class Given:
    """One answer and the issues in it.

    `rows` also counts what is no issue, `total` is the tracker's count of all the query finds; None where it
    gives none. `refused` is the id of the one issue whose request never succeeded.
    """

    part: Part
    issues: Sequence[Seen] = ()
    rows: int = 0
    total: int | None = None
    refused: str | None = None


class _Change(msgspec.Struct, gc=False):
    """Counted, not read."""


class _Log(msgspec.Struct, gc=False):
    histories: list[_Change] | None = None
    total: int | None = None


class _Fields(msgspec.Struct, gc=False):
    updated: str | int | None = None


class _Issue(msgspec.Struct, gc=False):
    id: str
    fields: _Fields
    changelog: _Log | None = None


class _Page(msgspec.Struct, gc=False):
    issues: list[_Issue]
    total: int | None = None


_decode = msgspec.json.Decoder(_Page).decode


def given(answer: Answer) -> Given:
    """Look through an answer that holds many issues.

    Raises:
        HttpDenied, HttpError: It is no JSON.
        ValueError: A time in it is none.
    """
    try:
        page = _decode(answer.content)
    except msgspec.DecodeError:  # an issue of another shape, or no JSON at all
        return _looked_at(answer)
    seen = [Seen(one.id, _time(one.fields.updated), _short(one)) for one in page.issues]
    return Given(answer.part(), seen, len(page.issues), page.total)


def alone(answer: Answer) -> Given:
    """Look at an answer that is one issue."""
    return _looked_at(answer)


def _short(issue: _Issue) -> bool:
    log = issue.changelog
    if log is None:
        return True
    count = len(log.histories or ())
    return (count if log.total is None else log.total) > count


def _time(updated: str | int | None) -> datetime | None:
    return instant(updated) if updated else None


def _looked_at(answer: Answer) -> Given:
    body = answer.json()
    issues = reading.issues_in(body)
    seen = []
    for issue in issues:
        fields = issue.get("fields")
        updated = fields.get("updated") if isinstance(fields, dict) else None
        if issue.get("id"):
            seen.append(Seen(str(issue["id"]), _time(updated), reading.is_short(issue)))
    return Given(answer.part(), seen, len(issues), body.get("total") if isinstance(body, dict) else None)
