"""What expressions may name besides the fields of their template, and for which kinds of record it is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from model.status.colour import Colour
from model.template.kinds import DATE, NUMBER, PERIOD, TEXT, Kind, plain, record_of

_PERIOD: Final = replace(PERIOD, weeks=True)  # of a template that is asked for every week
_COLOUR: Final = Kind("text", values=tuple(Colour.__members__))
_DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource", "overall")


# Kinds of record of which a project has any number: they are no reports, and have none before them.
ITEMS: Final = frozenset(
    [
        "raid_item",
        "milestone",
        "change_request",
        "decision",
        "gate_criterion",
        "work_plan_line",
        "cost_forecast",
    ]
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A name, its kind, what it says, and whose it is: every record's, a project's own, or a kind of item's."""

    name: str
    kind: Kind
    help: str
    of: str = "all"


OWN: Final = "project"
VARIABLES: Final = (
    Variable("as_of", DATE, "the day that is judged"),
    Variable("tier", NUMBER, "the project's tier, where the record has no such field"),
    Variable("stage", Kind("text", values=("define", "deliver", "close")), "its stage, in the same way"),
    Variable("period", _PERIOD, "the period reported on, 2025-06, in the same way"),
    Variable("computed", record_of(dict.fromkeys(_DIMENSIONS, _COLOUR)), "the computed colours"),
    Variable("report", record_of({"period": _PERIOD}), "the report: its period", OWN),
    Variable("previous", record_of({}), "the record before; null where there was none", OWN),
    Variable("finance", record_of({"eac": NUMBER}), "finance's ledger: forecast at completion", OWN),
    Variable("age_days", NUMBER, "days since the item was raised", "raid_item"),
    Variable("score_changes", NUMBER, "how often the item's score has moved", "raid_item"),
    Variable("linked_issue", TEXT, "the issue opened for it", "raid_item"),
    Variable("similar_open_items", NUMBER, "how many other open items read almost the same", "raid_item"),
)
_BY_NAME: Final = {variable.name: variable for variable in VARIABLES}
CONTEXT: Final = frozenset(_BY_NAME)


def known_to(
    record: str, fields: Mapping[str, Kind], stages: Sequence[str] = (), tiers: Sequence[int] = ()
) -> dict[str, Kind]:
    """Return what the expressions of a template may name: its fields first, then what its kind of record has.

    A project's stage and tier are among those that the template applies to, where these are given. The record
    before may be of a version with other limits.
    """
    own = record not in ITEMS
    before = record_of({name: plain(kind) for name, kind in fields.items()})
    known = {
        variable.name: before if variable.name == "previous" else variable.kind
        for variable in VARIABLES
        if variable.of in ("all", record) or (own and variable.of == OWN)
    } | dict(fields)
    stage, tier = known["stage"], known["tier"]
    if stages and stage.name == TEXT.name:
        left = tuple(value for value in stage.values or stages if value in stages)
        known["stage"] = replace(stage, values=left or stage.values)
    if tiers and tier.name == NUMBER.name:
        known["tier"] = replace(tier, range=tier.range.within(tiers))
    return known


def whose(name: str) -> str | None:
    """Say whose a variable is, where not every record has it."""
    of = _BY_NAME[name].of if name in _BY_NAME else "all"
    return None if of == "all" else "a project's own record" if of == OWN else f"a {of}"
