"""The stream of milestones: work items of the types or tags that a source names, besides being work items."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from connectors.azure_devops.api import BATCH, Api, content, decoded, quoted
from connectors.azure_devops.config import MilestoneRule
from connectors.azure_devops.scope import Scope, item_page
from connectors.azure_devops.text import plain_markdown, plain_text
from connectors.azure_devops.whereabouts import Whereabouts, places
from connectors.base import Absence, Census, Detached, Fate, Json, Page, Part, RawRecord, Slice
from connectors.records import each

_CONTEXT: Final = "context of the milestones on this page, composed of GET "
_LONG: Final = ("System.Description", "Microsoft.VSTS.Common.AcceptanceCriteria")
_DONE: Final = ("Microsoft.VSTS.Common.ClosedDate", "Microsoft.VSTS.Common.StateChangeDate")


_NONE_ANY_MORE: Final = Absence(
    Fate.OUT_OF_SCOPE,
    "the work item is there; it has none of the types and tags that make milestones any more",
)


def picked(rule: MilestoneRule) -> str:
    """Write the WIQL condition that picks the milestones among the work items.

    >>> picked(MilestoneRule(types=("Milestone",), tags=("gate",)))
    "([System.WorkItemType] IN ('Milestone') OR [System.Tags] CONTAINS 'gate')"
    """
    either = [f"[System.Tags] CONTAINS {quoted(tag)}" for tag in rule.tags]
    if rule.types:
        either.insert(0, f"[System.WorkItemType] IN ({', '.join(map(quoted, rule.types))})")
    return f"({' OR '.join(either)})"


@dataclass(frozen=True, slots=True)
class MilestoneReader(Detached):
    """Splits pages of milestones into records."""

    base_url: str

    def __call__(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Yield each milestone of a page."""
        context: Json = {}
        rows: list[Any] = []
        for part in parts:
            if part.request.startswith(_CONTEXT):
                context = decoded(part.body)
            else:
                rows += [one for one in decoded(part.body)["value"] if one]
        for id_, why in (context.get("unreadable") or {}).items():
            yield RawRecord(id_, {"id": int(id_)}, f"work item {id_}", unreadable=why)
        yield from each(rows, lambda row: self._record(row, context.get("states") or {}), "milestone")

    def _record(self, row: Json, states: Json) -> RawRecord:
        fields, formats = row["fields"], row.get("multilineFieldsFormat") or {}
        project, type_ = fields.get("System.TeamProject"), fields.get("System.WorkItemType")
        category = ((states.get(project) or {}).get(type_) or {}).get(fields.get("System.State"))
        done = next((fields[name] for name in _DONE if fields.get(name)), None)
        page = item_page(self.base_url, project, row["id"])
        long = {
            name: (plain_markdown if str(formats.get(name)).casefold() == "markdown" else plain_text)(
                fields[name]
            )
            for name in _LONG
            if fields.get(name)
        }
        payload = {
            "id": row["id"], "rev": row["rev"], "fields": fields, "text": long, "page": page,
            "category": category or f"state {fields.get('System.State')!r} of {type_!r}, which has no category",
            "done": done if category == "Completed" else None,
        }  # fmt: skip
        return RawRecord(str(row["id"]), payload, f"work item {row['id']}", url=page)


class Milestones:
    """All milestones of the source's projects, read whole each time: there are few."""

    name = "milestones"
    entity = "milestone"

    def __init__(self, api: Api, scope: Scope, rule: MilestoneRule, *, clock: Callable[[], datetime]) -> None:
        self._api, self._scope, self._rule, self._clock = api, scope, rule, clock
        self.read = MilestoneReader(api.base_url)

    def slices(self) -> Sequence[Slice]:
        """Return one slice of all projects."""
        return (Slice("", "milestones"),) if self._scope.included() else ()

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch every milestone, 200 a page.

        Raises:
            ConnectorError: The source cannot be read on.
        """
        del cursor
        ids = sorted(self._ids())
        chunks = [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)] or [[]]
        for number, chunk in enumerate(chunks, 1):
            answers, broken = self._api.current(chunk) if chunk else ([], {})
            items = [one for answer in answers for one in content(answer)["value"] if one]
            context = {
                "states": self._states(items),
                "unreadable": {str(id_): why for id_, why in broken.items()},
            }
            body = orjson.dumps(context)
            yield Page(
                stream=self.name,
                slice=slice_.name,
                parts=(
                    *(answer.part() for answer in answers),
                    Part(f"{_CONTEXT}{self._api.base_url}/_apis/projects", body),
                ),
                fetched_at=self._clock(),
                said=len(items) + len(broken),
                complete=number == len(chunks) and not self._scope.missing() and self._sees_any(ids),
            )

    def census(self, slice_: Slice) -> Census:
        """List the work items that are milestones."""
        del slice_
        return Census(frozenset(map(str, self._ids())))

    def fates(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        """Say what became of milestones that are none any more, or not to be seen."""
        del slice_
        milestones, ids = self._ids(), [int(id_) for id_ in external_ids]
        current, broken = places(self._api, ids)
        asked = [id_ for id_ in ids if id_ not in broken and id_ not in milestones]
        found = Whereabouts(self._api, self._scope, project_id="").of(asked, current, {})
        still = dict.fromkeys(current.keys() & set(asked), _NONE_ANY_MORE)
        return {str(id_): absence for id_, absence in (still | found).items()}

    def _ids(self) -> set[int]:
        which = picked(self._rule)
        conditions = [f"{condition} AND {which}" for condition in self._scope.conditions()]
        return {id_ for where in conditions for _, some in self._api.ids(where) for id_ in some}

    def _sees_any(self, ids: Sequence[int]) -> bool:
        """Say whether that there is none means anything: an account without permissions sees no work item."""
        if ids:
            return True
        return any(some for where in self._scope.conditions() for _, some in self._api.ids(where))

    def _states(self, items: Sequence[Json]) -> Json:
        found: Json = {}
        included = self._scope.included()
        for item in items:
            name, type_ = item["fields"].get("System.TeamProject"), item["fields"].get("System.WorkItemType")
            if name in included and type_ not in found.setdefault(name, {}):
                found[name][type_] = self._scope.states(included[name], type_)
        return found
