"""What a service can do, as annotations of its metadata; each is held to by tests/odata/test_odata_capabilities.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.odata.edm import EntitySet
from api.odata.query.expand import DEEPEST
from api.odata.syntax.expression import FUNCTIONS

CORE: Final = "Org.OData.Core.V1"
_CAN: Final = "Org.OData.Capabilities.V1"
_AGGREGATION: Final = "Org.OData.Aggregation.V1"
_AT: Final = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies"
VOCABULARIES: Final = {
    f"{_AT}/{CORE}.xml": (CORE, "Core"),
    f"{_AT}/{_CAN}.xml": (_CAN, "Capabilities"),
    f"{_AT}/{_AGGREGATION}.xml": (_AGGREGATION, "Aggregation"),
}
TRANSFORMATIONS: Final = (
    "filter", "groupby", "aggregate", "compute", "concat", "identity", "search", "orderby", "top", "skip", "topcount",
    "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent",
)  # fmt: skip
# Canonical functions that are read and answered with 501.
NOT_DONE: Final = frozenset({"geo.distance", "geo.intersects", "geo.length", "hassubsequence"})
FILTER_FUNCTIONS: Final = tuple(sorted(FUNCTIONS.keys() - NOT_DONE))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an enumeration."""

    name: str


Annotated = bool | int | str | Member | list[Any] | Mapping[str, Any]


def of_set(each: EntitySet) -> dict[str, Annotated]:
    """Return what can be done with a set."""
    read_only: dict[str, Annotated] = {
        f"{_CAN}.InsertRestrictions": {"Insertable": False},
        f"{_CAN}.UpdateRestrictions": {"Updatable": False},
        f"{_CAN}.DeleteRestrictions": {"Deletable": False},
        f"{_CAN}.ExpandRestrictions": {"Expandable": True, "MaxLevels": DEEPEST},
        f"{_CAN}.SelectSupport": {"Supported": True},
    }
    if each.singleton:
        return read_only
    own = [{"Name": name, "Description": parameter.says} for name, parameter in each.parameters.items()]
    return {
        **read_only,
        f"{_CAN}.FilterRestrictions": {"Filterable": True},
        f"{_CAN}.SortRestrictions": {"Sortable": True},
        f"{_CAN}.CountRestrictions": {"Countable": True},
        f"{_CAN}.SearchRestrictions": {"Searchable": bool(each.search)},
        f"{_CAN}.ChangeTracking": {"Supported": each.changes is not None},
        f"{_CAN}.TopSupported": True,
        f"{_CAN}.SkipSupported": True,
        f"{_CAN}.ComputeSupported": True,
        f"{_CAN}.IndexableByKey": True,
        **({f"{_CAN}.CustomQueryOptions": own} if own else {}),
        f"{_AGGREGATION}.ApplySupported": {"Transformations": list(TRANSFORMATIONS), "From": False},
    }


def of_container() -> dict[str, Annotated]:
    """Return what can be done with the service as a whole."""
    return {
        f"{_CAN}.ConformanceLevel": Member("Intermediate"),
        f"{_CAN}.AsynchronousRequestsSupported": False,
        f"{_CAN}.BatchSupported": True,
        f"{_CAN}.BatchContinueOnErrorSupported": True,
        f"{_CAN}.CrossJoinSupported": True,
        f"{_CAN}.KeyAsSegmentSupported": True,
        f"{_CAN}.QuerySegmentSupported": True,
        f"{_CAN}.FilterFunctions": list(FILTER_FUNCTIONS),
        f"{_CAN}.SupportedFormats": ["application/json"],
    }
