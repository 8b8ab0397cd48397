"""Rolled: each figure of the roll-ups worked out again from its receipt, and the receipt held to what it names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from model.currency import Rate, Rates
from model.membership import memberships
from model.status.watermelon import WATERMELON
from sync.rollup.figures import figures
from sync.rollup.rates import HASH
from sync.rollup.rollup import rollups
from sync.snapshots import snapshots_of
from sync.verification.differences import said

_ORDER: Final = ("GREY", "BLUE", "GREEN", "AMBER", "RED")  # the later is the worse
_NEAR: Final = Fraction(1, 10**5)  # figures are given to six places, health to two
_NEAR_HUNDREDTH: Final = Fraction(1, 100)
_HUNDREDTHS: Final = ("health.", "cost_weighted.total")

Entry = Mapping[str, Any]


def follow_rollups(
    session: Session, as_of: date | None, known_at: datetime | None
) -> Iterator[tuple[str, int, list[str]]]:
    """Yield of every roll-up its name, how many figures it has, and what does not agree.

    Its projects' colours, health, budgets and programmes must be those of the receipts of their snapshots; its
    rates those on record, unchanged; and each figure what these make, worked out here by other means.
    """
    found = rollups(session, as_of, known_at)
    rows = snapshots_of(session, as_of, known_at, None, columns=_RECEIPT)
    told = {row.key: row for row in rows}
    changed = _changed_rates(session)
    for document in found:
        name = "portfolio" if document["kind"] == "portfolio" else f"programme {document['name'] or '(none)'}"
        values = dict(figures(document))
        faults = [
            *_inputs(document, told), *_rates(document, changed), *wrong_figures(document, values),
            *(_missing(document, told) if document["kind"] == "portfolio" else _members(document, told)),
        ]  # fmt: skip
        yield name, len(values), faults


# What a snapshot's receipt says of the values a roll-up goes by.
_RECEIPT: Final = (
    "receipt #> '{colours,overall,value}' AS overall, receipt #> '{colours,health,value}' AS health,"
    " receipt #> '{colours,watermelon,value}' AS watermelon, receipt #> '{attributes,budget}' AS budget,"
    " receipt #>> '{attributes,forecast_cost,unit}' AS other_unit,"
    " receipt #>> '{attributes,programme,value}' AS programme"
)


def _missing(document: Entry, told: Mapping[str, Row[Any]]) -> Iterator[str]:
    for key in sorted(told.keys() ^ {each["key"] for each in document["inputs"]}):
        yield f"{key}: it is led, and in no figure" if key in told else f"{key}: it is in it, and not led"


def _members(document: Entry, told: Mapping[str, Row[Any]]) -> Iterator[str]:
    """Hold a programme's projects, and what it carries of each, to what the register says by its receipt."""
    here = {each["key"]: each for each in document["inputs"]}
    for key, row in told.items():
        said_of = {each.name: each for each in memberships(row.programme)}
        if not said_of:  # nobody says: where it is filed is not of its receipt
            continue
        if (document["name"] in said_of) != (key in here):
            yield f"{key}: its register says {row.programme}, and it is {'' if key in here else 'not '}in it"
        elif key in here:
            told_of = said_of[document["name"]]
            share = None if told_of.share is None else float(told_of.share)
            if (here[key].get("share"), bool(here[key].get("critical"))) != (share, told_of.critical):
                yield f"{key}: what the programme carries of it is not what its register says ({row.programme})"


def _inputs(document: Entry, told: Mapping[str, Row[Any]]) -> Iterator[str]:
    """Hold each project's part to the receipt of its snapshot."""
    for each in document["inputs"]:
        row = told.get(each["key"])
        if row is None:
            yield f"{each['key']}: there is no snapshot of it at these clocks"
            continue
        budget = row.budget or {}
        pairs = {
            "colour": (each["colour"], row.overall),
            "health": (each["health"], row.health),
            "watermelon": (each.get("watermelon"), row.watermelon),
            "budget": (_amount(each["budget"]), _exact(budget.get("value"))),
        }
        unit = budget.get("unit") or row.other_unit
        if each["budget"] is not None and unit is not None:
            pairs["currency"] = (each["budget"]["currency"], unit)
        for name, (here, there) in pairs.items():
            if here != there:
                yield f"{each['key']} {name}: here {said(here)}, in the receipt of its snapshot {said(there)}"


def _changed_rates(session: Session) -> set[tuple[str, str, str]]:
    """Return the rates that do not have the hash they were kept with."""
    rows = session.execute(text(f"SELECT day, base, quote FROM currency_rate WHERE sha256 <> {HASH}"))
    return {(row.day.isoformat(), row.base, row.quote) for row in rows}


def _rates(document: Entry, changed: set[tuple[str, str, str]]) -> Iterator[str]:
    for rate in document["rates"]:
        if (rate["date"], rate["base"], rate["quote"]) in changed:
            yield (
                f"the rate of {rate['base']} in {rate['quote']} of {rate['date']} does not have the hash it was kept"
                " with: it was changed since"
            )


def wrong_figures(document: Entry, values: Mapping[str, Any]) -> Iterator[str]:
    """Work every figure out again from the document's inputs alone, in exact fractions; say which differ.

    `values` are the figures by their paths.
    """
    again = dict(_again(document))
    for path, value in values.items():
        if path not in again:
            continue  # a project's own, held to its snapshot above
        wanted = again[path]
        near = _NEAR_HUNDREDTH if path.startswith(_HUNDREDTHS) or path.endswith(".cost") else _NEAR
        if isinstance(wanted, Fraction) and value is not None:
            agrees = abs(Fraction(str(value)) - wanted) <= near
        else:
            agrees = value == wanted
        if not agrees:
            yield f"{path}: {said(value)}, comes out as {said(_shown(wanted))}"


def _again(document: Entry) -> Iterator[tuple[str, Any]]:
    inputs = document["inputs"]
    colours = [each["colour"] for each in inputs]
    costs = {each["key"]: _cost(each, document) for each in inputs}
    total = sum((cost for cost in costs.values() if cost is not None), Fraction(0))
    yield "projects", len(inputs)
    yield "closed", len(document["closed"])
    yield "watermelons", sum((each.get("watermelon") or 0) >= WATERMELON for each in inputs)
    yield "worst", max(colours, key=_ORDER.index, default="GREY")
    shares = {}
    for colour in _ORDER:
        yield f"counts.{colour}", colours.count(colour)
        of = sum(
            (costs[each["key"]] or Fraction(0) for each in inputs if each["colour"] == colour), Fraction(0)
        )
        shares[colour] = of / total if total else None
        yield f"cost_weighted.shares.{colour}", shares[colour]
    without = _share(sum(cost is None for cost in costs.values()), len(inputs))
    yield "cost_weighted.colour", _by_cost(inputs, shares, without)
    yield "cost_weighted.total", total
    yield "cost_weighted.left_out_share", without
    yield "grey.of_projects", _share(colours.count("GREY"), len(inputs))
    yield "grey.of_cost", shares["GREY"]
    yield from _health(inputs, costs)
    for each in inputs:
        cost = costs[each["key"]]
        yield f"inputs.{each['key']}.cost", cost
        yield f"inputs.{each['key']}.weight", None if cost is None or not total else cost / total


def _health(inputs: Sequence[Entry], costs: Mapping[str, Fraction | None]) -> Iterator[tuple[str, Any]]:
    known = [
        (Fraction(str(each["health"])), costs[each["key"]]) for each in inputs if each["health"] is not None
    ]
    both = [(health, cost) for health, cost in known if cost]
    weight = sum((cost for _, cost in both), Fraction(0))
    yield "health.projects", len(known)
    yield "health.weighed", len(both)
    yield "health.plain", sum((health for health, _ in known), Fraction(0)) / len(known) if known else None
    weighted = sum((health * cost for health, cost in both), Fraction(0))
    yield "health.cost_weighted", weighted / weight if weight else None


def _cost(each: Entry, document: Entry) -> Fraction | None:
    """Return what a project weighs, by its budget, what is carried of it, and the rates it names."""
    if each["budget"] is None or Decimal(each["budget"]["amount"]) < 0:
        return None
    wanted = document["cost_weighted"]["total"]["currency"]
    rates = Rates(_rate(rate) for rate in each.get("rates", ()))
    amount = Decimal(each["budget"]["amount"])
    if each.get("share") is not None:
        amount = amount * Decimal(str(each["share"])) / 100
    found = rates.convert(amount, each["budget"]["currency"], wanted)
    return None if found is None else Fraction(found.amount)


def _rate(told: Entry) -> Rate:
    return Rate(
        date.fromisoformat(told["date"]), told["base"], told["quote"], Decimal(told["rate"]), told["source"]
    )


def _by_cost(inputs: Iterable[Entry], shares: Mapping[str, Fraction | None], without: Fraction | None) -> str:
    """Say the colour by cost once more: rule F19 written down a second time, with its thresholds."""
    if any(each.get("critical") and each["colour"] == "RED" for each in inputs):
        return "RED"
    known = {colour: share for colour, share in shares.items() if share is not None}
    if not known:
        return "GREY"
    red, off = known["RED"], known["RED"] + known["AMBER"]
    if red >= Fraction(20, 100):
        return "RED"
    if red >= Fraction(5, 100) or off >= Fraction(40, 100):
        return "AMBER"
    if known["GREY"] >= Fraction(30, 100) or (without or 0) >= Fraction(30, 100):
        return "GREY"
    return "BLUE" if known["BLUE"] == 1 else "GREEN"


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _amount(budget: Entry | None) -> Decimal | None:
    return None if budget is None else Decimal(budget["amount"])


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _shown(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, Fraction) else value
