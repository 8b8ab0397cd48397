"""Figures of a roll-up: each number and colour by its path, how it is made, and the projects it is made of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from model.status.colour import Colour
from model.status.watermelon import WATERMELON

Document = Mapping[str, Any]
Inputs = Sequence[Mapping[str, Any]]

# Short words for the figures that are asked about most.
ALIASES: Final = {
    "health": "health.cost_weighted", "overall": "cost_weighted.colour", "colour": "cost_weighted.colour",
    "cost_weighted": "cost_weighted.colour", "cost": "cost_weighted.total", "total": "cost_weighted.total",
    "grey": "grey.of_projects", "left_out": "cost_weighted.left_out_share",
}  # fmt: skip
_COLOURS: Final = frozenset(each.value for each in Colour)


@dataclass(frozen=True, slots=True)
class Way:
    """How a figure is made: in words, which of the inputs count, and what of each of them."""

    says: str
    counts: Callable[[Mapping[str, Any], str], bool]  # an input, and the last part of the figure's path
    shows: tuple[str, ...]
    explains: tuple[str, ...] = ("overall",)  # what of a project's own receipts leads on
    money: bool = False


def _any(_each: Mapping[str, Any], _last: str) -> bool:
    return True


def _coloured(each: Mapping[str, Any], last: str) -> bool:
    return bool(each["colour"] == last)


def _weighed(each: Mapping[str, Any], _last: str) -> bool:
    return each["cost"] is not None


_MONEY: Final = ("budget", "share", "rates", "cost")
_WAYS: Final[Mapping[str, Way]] = {
    "projects": Way("the live projects, counted", _any, ("colour",)),
    "worst": Way("the worst colour of a live project; grey loses against any other", _any, ("colour",)),
    "counts": Way("the live projects of this colour, counted", _coloured, ("colour",)),
    "watermelons": Way(
        "the live projects that are reported two steps rosier than computed, counted (F14)",
        lambda each, _: (each.get("watermelon") or 0) >= WATERMELON,
        ("colour", "watermelon"),
        ("watermelon",),
    ),
    "cost_weighted.colour": Way(
        "by the shares of the cost, of all that has one; grey where too many have none", _any,
        ("colour", "critical", "cost", "weight"), ("overall", "budget"),
    ),
    "cost_weighted.shares": Way(
        "the cost of the projects of this colour / the cost of all that has one", _weighed,
        ("colour", *_MONEY), ("overall", "budget"),
    ),
    "cost_weighted.total": Way(
        "the approved budgets added up: of each what is carried here, in one currency", _weighed, _MONEY,
        ("budget",), money=True,
    ),
    "cost_weighted.left_out_share": Way(
        "the projects without a weight / all live projects", lambda each, _: each["cost"] is None,
        ("budget", "left_out"), ("budget",),
    ),
    "health.cost_weighted": Way(
        "sum of health x cost / sum of cost, of the projects that have both and a cost above 0",
        lambda each, _: each["health"] is not None and float(each["cost"] or 0) > 0,
        ("health", *_MONEY), ("health", "budget"),
    ),
    "health.plain": Way(
        "sum of health / number, of the projects whose health is known", lambda each, _: each["health"] is not None,
        ("health",), ("health",),
    ),
    "health.projects": Way(
        "the projects whose health is known, counted", lambda each, _: each["health"] is not None, ("health",),
        ("health",),
    ),
    "health.weighed": Way(
        "the projects with a health and a cost above 0, counted",
        lambda each, _: each["health"] is not None and float(each["cost"] or 0) > 0,
        ("health", "cost"), ("health", "budget"),
    ),
    "grey.of_projects": Way(
        "the grey projects / all live projects", lambda each, _: _coloured(each, "GREY"), ("colour",)
    ),
    "grey.of_cost": Way(
        "the cost of the grey projects / the cost of all that has one", _weighed, ("colour", *_MONEY),
        ("overall", "budget"),
    ),
}  # fmt: skip
_OF_ONE: Final[Mapping[str, Way]] = {
    "colour": Way("the project's own overall colour", _any, ("colour",)),
    "health": Way("the project's own health", _any, ("health",), ("health",)),
    "watermelon": Way("the project's own", _any, ("watermelon",), ("watermelon",)),
    "budget": Way("the project's approved budget, as its sources say it", _any, ("budget",), ("budget",)),
    "share": Way("the percent of its budget that the programme carries, as the register says it", _any,
                 ("share",), ("programme",)),
    "cost": Way("the approved budget, what is carried of it here, in the currency of the roll-up", _any, _MONEY,
                ("budget",), money=True),
    "weight": Way("its cost / the cost of all that has one", _any, _MONEY, ("budget",)),
}  # fmt: skip
_CLOSED: Final = Way("the projects that are closed, counted; they are in no figure", _any, ("overall",))


def way_of(path: str) -> Way | None:
    """Return how a figure is made; None where no roll-up has one of that name."""
    if path == "closed":
        return _CLOSED
    head, _, last = path.rpartition(".")
    if head.startswith("inputs."):
        return _OF_ONE.get(last)
    found = _WAYS.get(path)
    return found or (_WAYS.get(head) if last in _COLOURS else None)


def figures(document: Document) -> Iterator[tuple[str, Any]]:
    """Go through every number and colour of a roll-up, by its path.

    Shares and counts of a colour that nobody has are 0, though the document leaves them out.
    """
    for name in ("projects", "worst", "watermelons"):
        yield name, document[name]
    yield "closed", document["closed"] if isinstance(document["closed"], int) else len(document["closed"])
    yield from ((f"counts.{colour}", document["counts"].get(colour, 0)) for colour in sorted(_COLOURS))
    weighted = document["cost_weighted"]
    yield "cost_weighted.colour", weighted["colour"]
    for colour in sorted(_COLOURS):
        yield (
            f"cost_weighted.shares.{colour}",
            weighted["shares"].get(colour, 0) if weighted["shares"] else None,
        )
    yield "cost_weighted.total", weighted["total"]["amount"]
    yield "cost_weighted.left_out_share", weighted["left_out_share"]
    for block, names in (("health", ("cost_weighted", "plain", "projects", "weighed")),
                         ("grey", ("of_projects", "of_cost"))):  # fmt: skip
        yield from ((f"{block}.{name}", document[block][name]) for name in names)
    for each in document.get("inputs", ()):
        for name in _OF_ONE:
            if name in each:
                yield f"inputs.{each['key']}.{name}", _plain(each[name])


def _plain(value: Any) -> Any:
    return value["amount"] if isinstance(value, Mapping) else value
