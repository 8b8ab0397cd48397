"""Stored pages of issues back into records. Pure: what a page holds and what the source's semantics say."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from connectors.base import Detached, Json, Part, RawRecord
from connectors.jira.custom import CHOSEN, CustomField
from connectors.jira.transforms import CATEGORIES, instant, override

_ONE_ISSUE: Final = re.compile(r"/rest/api/[23]/issue/(\d+)(?:\?|$)")
_ONE_CHANGELOG: Final = re.compile(r"/rest/api/[23]/issue/(\d+)/changelog")
_REMARKS: Final = re.compile(r"/rest/api/[23]/issue/(\d+)/(comment|worklog)\?")
_HALF_PAIR: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_decode: Final = msgspec.json.Decoder().decode
NO_ANSWER: Final = b""  # the body of a part whose request never succeeded


def parse_categories(written: str | None) -> Mapping[str, str]:
    """Read the semantics' `status_categories`, written `id:category` with spaces between."""
    return dict(pair.split(":", 1) for pair in (written or "").split())


@dataclass(frozen=True, slots=True)
class IssueReader(Detached):
    """Splits pages of issues into records."""

    web: str
    categories: Mapping[str, str]
    overrides: Mapping[str, str] = field(default_factory=dict)
    chosen: tuple[CustomField, ...] = ()

    def __call__(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Yield a page's issues, each with its whole history."""
        issue_parts = [part for part in parts if "/search/jql" not in part.request]
        bodies = [parse(part) for part in issue_parts]
        more: dict[str, dict[str, Json]] = {}
        for part, body in zip(issue_parts, bodies, strict=True):
            for issue_id, found in extra_histories(part.request, body):
                more.setdefault(issue_id, {}).update((str(one["id"]), one) for one in found)
        said = _remarks(issue_parts, bodies)
        for part, body in zip(issue_parts, bodies, strict=True):
            for issue in issues_in(body):
                if said and isinstance(issue.get("fields"), dict):
                    for name, rows in said.get(str(issue.get("id")), {}).items():
                        issue["fields"][name] = {f"{name}s": list(rows.values()), "total": len(rows)}
                yield self._record(issue, more.get(str(issue.get("id")), {}))
            if (refused := _refused(part, body)) is not None:
                yield refused

    def _record(self, issue: Json, more: Mapping[str, Json]) -> RawRecord:
        external_id, key, fields = str(issue.get("id") or ""), issue.get("key"), issue.get("fields")
        locator = str(key or external_id or "an issue without an id")
        url = f"{self.web}/browse/{key}" if key else None
        if not external_id or not key or not isinstance(fields, dict):
            return RawRecord(
                external_id, issue, locator, url, unreadable="it came without its id, key or fields"
            )
        try:
            _complete(issue, more)
        except (KeyError, TypeError, ValueError, AttributeError):
            return RawRecord(
                external_id, issue, locator, url, unreadable="its history has a change without id or time"
            )
        issue[CATEGORIES] = self.categories
        if self.chosen:
            issue[CHOSEN] = self.chosen
        if self.overrides:
            override(fields.get("status"), self.overrides)
        return RawRecord(external_id, issue, locator, url)


def _remarks(parts: Sequence[Part], bodies: Sequence[Any]) -> dict[str, dict[str, dict[str, Json]]]:
    """Collect whole lists of comments and work logs: issue id -> field -> row id -> row."""
    found: dict[str, dict[str, dict[str, Json]]] = {}
    for part, body in zip(parts, bodies, strict=True):
        match = _REMARKS.search(part.request)
        if match is not None and isinstance(body, dict):
            issue_id, name = match.groups()
            kept = found.setdefault(issue_id, {}).setdefault(name, {})
            kept.update((str(one.get("id")), one) for one in body.get(f"{name}s") or ())
    return found


def parse(part: Part) -> Any:
    """Parse a part's body; None when it is none.

    Half a surrogate pair, which no text may hold and old imports do leave in titles, is read as U+FFFD.
    """
    if not part.body:
        return None
    try:
        return _decode(part.body)
    except msgspec.DecodeError:
        return json.loads(_HALF_PAIR.sub(r"\\ufffd", part.body.decode("utf-8", "replace")))


def issues_in(body: Any) -> list[Json]:
    """Take the issues out of a search, a bulk fetch, or one issue's own answer."""
    if not isinstance(body, dict):
        return []
    if "issues" in body:
        return [issue for issue in body["issues"] or () if isinstance(issue, dict)]
    return [body] if "fields" in body and "id" in body else []


def extra_histories(request: str, body: Any) -> Iterator[tuple[str, list[Json]]]:
    """Take (issue id, changes) out of answers that hold the rest of a changelog."""
    if not isinstance(body, dict):
        return
    for entry in body.get("issueChangeLogs") or ():
        yield str(entry["issueId"]), entry.get("changeHistories") or []
    match = _ONE_CHANGELOG.search(request)
    if match:
        yield match.group(1), body.get("values") or []


def is_short(issue: Json) -> bool:
    """Whether an issue's embedded history lacks changes by the tracker's own count."""
    log = issue.get("changelog")
    if not isinstance(log, dict):
        return True
    count = len(log.get("histories") or ())
    return int(log.get("total", count)) > count


def _complete(issue: Json, more: Mapping[str, Json]) -> None:
    """Put all changes together, each once, oldest first, with their times read."""
    log = issue.get("changelog")
    if not isinstance(log, dict):
        if not more:
            return
        log = issue["changelog"] = {}
    found = {str(history["id"]): history for history in log.get("histories") or ()}
    if more:
        found.update(more)
    for history in found.values():
        history["at"] = instant(history["created"])
    log["histories"] = sorted(found.values(), key=_by_time)
    log["ordered"] = True


def _by_time(history: Json) -> tuple[Any, int]:
    return history["at"], int(history["id"])


def _refused(part: Part, body: Any) -> RawRecord | None:
    """Turn the answer to a single issue that was not given into a record that says so."""
    match = _ONE_ISSUE.search(part.request)
    if match is None or (isinstance(body, dict) and "fields" in body):
        return None
    reason = (
        "the tracker fails whenever this issue is asked for"
        if body is None
        else "this account may no longer read it (the tracker answers: forbidden)"
    )
    external_id = match.group(1)
    return RawRecord(external_id, {}, f"issue {external_id}", unreadable=reason)
