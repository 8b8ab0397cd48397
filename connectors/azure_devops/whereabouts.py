"""What became of work items that are not listed any more: told from what Azure DevOps still says of them.

An item that was destroyed and one that this account may not see get the same answer (TF401232). What
tells them apart is the company they kept: where other items of its area are still to be seen, the account
may read there, and the item is gone; where none is, the account lost the area.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from connectors.azure_devops.api import Api, content
from connectors.azure_devops.poison import Broken
from connectors.azure_devops.scope import MOVED, NOT_LISTED, NOT_PICKED, Project, Scope
from connectors.base import Absence, Fate, Json

STRETCH: Final = 2_000  # items looked up at a time; of each only its place is kept
FEW: Final = 20  # so many may be destroyed at once without a second thought
DELETED: Final = Absence(Fate.DELETED, "in the recycle bin: Azure DevOps marks it as deleted")
_DESTROYED: Final = Absence(
    Fate.DELETED,
    "destroyed: it is in no recycle bin, and other items of its area are still to be seen (Azure DevOps answers "
    "alike for an item that was moved to an area this account may not see)",
)
_PROBABLY: Final = Absence(
    Fate.DELETED,
    "destroyed: it is in no recycle bin and not to be found (Azure DevOps answers alike for what this account may "
    "not see; few items are concerned, so that is the less likely)",
)


def home_of(project_id: str, fields: Mapping[str, Any]) -> str:
    """Name the place where an item was seen: its project and its area, both by id."""
    return f"{project_id}/{fields.get('System.AreaId') or ''}"


def place_of(item: Json) -> Json:
    """Keep of an item where it is, and whether it is deleted."""
    fields = item.get("fields") or {}
    return {
        name: fields[name]
        for name in ("System.TeamProject", "System.AreaPath", "System.IsDeleted")
        if name in fields
    }


def places(api: Api, ids: Sequence[int]) -> tuple[dict[int, Json], Broken]:
    """Look up what there still is of items, and which of them break the call: by stretches, for they may be many."""
    found: dict[int, Json] = {}
    broken: Broken = {}
    for at in range(0, len(ids), STRETCH):
        some, odd = _stretch(api, ids[at : at + STRETCH])
        found |= some
        broken |= odd
    return found, broken


def _stretch(api: Api, ids: Sequence[int]) -> tuple[dict[int, Json], Broken]:
    answers, broken = api.current(ids)
    rows = (one for answer in answers for one in content(answer)["value"] if one)
    return {int(one["id"]): {"fields": place_of(one)} for one in rows}, broken


def out_of(rule: str, fields: Mapping[str, Any]) -> Absence | None:
    """Say what a rule that leaves an item out means for one that was there; None where it is still there."""
    if rule == MOVED:
        return None
    if rule == NOT_PICKED:
        return Absence(
            Fate.OUT_OF_SCOPE,
            f"still in {fields.get('System.TeamProject')}, area {fields.get('System.AreaPath')}; the source's query "
            "does not pick it any more",
        )
    return Absence(
        Fate.MOVED, f"now in project {fields.get('System.TeamProject')}, which this source does not read"
    )


class Whereabouts:
    """Tells the fates of items of one slice; `project_id` is the slice's own, "" where it has all projects."""

    def __init__(
        self, api: Api, scope: Scope, *, project_id: str, picked: Collection[int] | None = None
    ) -> None:
        self._api, self._scope, self._project_id, self._picked = api, scope, project_id, picked
        self._included = scope.included()

    def left_out(self, id_: int, fields: Json) -> str | None:
        """Name the rule that leaves an item out, None for one of ours."""
        name = fields.get("System.TeamProject")
        if name not in self._included:
            return NOT_LISTED
        if self._project_id and self._included[name].id != self._project_id:
            return MOVED
        return NOT_PICKED if self._picked is not None and id_ not in self._picked else None

    def of(
        self, ids: Sequence[int], current: Mapping[int, Json], homes: Mapping[int, str | None]
    ) -> dict[int, Absence]:
        """Tell what became of items; one that is there after all is left out.

        Args:
            ids: Those that are not listed any more.
            current: What there still is to be read of them.
            homes: Where each item of the slice was seen last, those of `ids` and the ones still there.
        """
        found: dict[int, Absence] = {}
        unseen: list[int] = []
        for id_ in ids:
            fields = (current.get(id_) or {}).get("fields")
            if fields is None:
                unseen.append(id_)
            elif fields.get("System.IsDeleted"):
                found[id_] = DELETED
            elif (rule := self.left_out(id_, fields)) and (absence := out_of(rule, fields)):
                found[id_] = absence
        return found | self._unseen(unseen, homes)

    def _unseen(self, ids: Sequence[int], homes: Mapping[int, str | None]) -> dict[int, Absence]:
        found: dict[int, Absence] = {}
        rest: list[int] = []
        for id_ in ids:
            absence = self._of_project((homes.get(id_) or self._project_id).partition("/")[0])
            if absence is not None:
                found[id_] = absence
            else:
                rest.append(id_)
        if rest:
            recycled = self._recycled(rest, homes)
            found |= {id_: DELETED for id_ in rest if id_ in recycled}
            found |= self._unexplained([id_ for id_ in rest if id_ not in recycled], homes)
        return found

    def _of_project(self, project_id: str) -> Absence | None:
        """Tell of an item by its project, None where that is still read."""
        if not project_id or project_id in self._scope.visible():
            return None
        if (name := self._scope.gone().get(project_id)) is not None:
            return Absence(Fate.DELETED, f"its project {name} was deleted")
        return Absence(
            Fate.ACCESS_LOST,
            "its project is no longer to be seen: this account is not a reader of it any more, or it was destroyed",
        )

    def _recycled(self, ids: Sequence[int], homes: Mapping[int, str | None]) -> set[int]:
        projects: list[Project] = list(self._included.values())
        known = {(homes.get(id_) or self._project_id).partition("/")[0] for id_ in ids}
        if "" not in known:
            projects = [project for project in projects if project.id in known]
        return {id_ for project in projects for id_ in self._api.recycled(project.name)}

    def _unexplained(self, ids: Sequence[int], homes: Mapping[int, str | None]) -> dict[int, Absence]:
        """Tell destroyed items from those of an area that this account may not see any more."""
        gone = set(ids)
        lone = sum(homes.get(id_) is None for id_ in ids) <= FEW and len(homes) > len(ids)
        there = Counter(home for id_, home in homes.items() if home is not None and id_ not in gone)
        many = len(ids) > max(FEW, len(homes) // 2)
        found: dict[int, Absence] = {}
        for id_ in ids:
            home = homes.get(id_)
            if home is not None and there[home] and not many:
                found[id_] = _DESTROYED
            elif home is None and lone and not many:
                found[id_] = _PROBABLY
            else:
                found[id_] = self._lost(home, len(ids), len(homes), many=many)
        return found

    @staticmethod
    def _lost(home: str | None, gone: int, held: int, *, many: bool) -> Absence:
        if many:
            says = (
                f"{gone} of {held} items went out of sight at once, and no recycle bin explains it: a permission was "
                "lost rather than the items"
            )
        elif home is not None:
            says = "no item of its area is to be seen any more, and it is in no recycle bin"
        else:
            says = "it is in no recycle bin, and where it was last seen is not known"
        return Absence(
            Fate.ACCESS_LOST,
            f"{says}. Azure DevOps answers alike for what was destroyed; ask for 'View work items in this node' on "
            "its area",
        )
