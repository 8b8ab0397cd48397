"""F7: how exposed a project is by its risks, and whether somebody looks after them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from model.policy import Level, Limits, Matrix, RiskLimits
from model.records import RiskFacts
from model.status.colour import Colour, Computed, Reason, counted, facts
from model.status.risk_exposure import RULE, covered, expected, is_stale, looked_at, rates, wrong

_LEVELS: Final[tuple[Level, ...]] = ("low", "medium", "high", "critical")
_NAMED: Final = 3  # risks that one reason names


@dataclass(frozen=True, slots=True)
class Apart:
    """A pair of words that the register itself rates otherwise than the policy's matrix."""

    risk: RiskFacts
    what: str  # cost or schedule
    register: str
    matrix: str


@dataclass(frozen=True, slots=True)
class Rated:
    """A risk with its score, None where the policy rates by words, and its level, None where unknown.

    `pairs` counts the pairs of words that the register rates itself, `apart` are those it rates otherwise.
    """

    risk: RiskFacts
    score: float | None
    level: Level | None
    pairs: int = 0
    apart: tuple[Apart, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Risk(Computed):
    """What the open risks say.

    `emv` is the expected cost, `expected_delay_days` an upper view that ignores float; both sum the risks
    that say what they cost or delay, and are None where none does, and where one of these does not say how likely
    it is. `cover` is contingency left / emv. `emv_at_least` and `cover_at_most` are those of the risks that can be
    priced; where amounts are in several currencies, as `mixed` says, none can. `unpriced` say what they cost and
    not how likely they are, `unreviewed` neither when they were looked at nor since when they stand; `wrong` is
    what cannot be true of any.
    """

    rated: tuple[Rated, ...] = ()
    emv: Decimal | None = None
    expected_delay_days: float | None = None
    cover: float | None = None
    overdue: tuple[RiskFacts, ...] = ()
    unowned: tuple[RiskFacts, ...] = ()
    stale: tuple[RiskFacts, ...] = ()
    emv_at_least: Decimal | None = None
    cover_at_most: float | None = None
    mixed: str | None = None
    unpriced: tuple[RiskFacts, ...] = ()
    unreviewed: tuple[RiskFacts, ...] = ()
    wrong: tuple[Reason, ...] = ()


def rate(risk: RiskFacts, limits: RiskLimits) -> Rated:
    """Rate a risk: by the policy's matrix where it has one for what is known of the risk, else by probability x impact.

    A matrix may have rows of words, of numbers from 1 to 5, or of both.
    """
    if limits.matrix is not None and risk.pairs:
        return _rate_by_words(risk, limits.matrix)
    if (
        risk.probability is None
        or risk.impact is None
        or not (rates(risk.probability) and rates(risk.impact))
    ):
        return Rated(risk, None, None)
    score = risk.probability * risk.impact
    if limits.matrix is not None and any(row.isdigit() for row in limits.matrix.cells):
        word = word_of(limits.matrix, f"{risk.probability:g}", f"{risk.impact:g}")
        return Rated(risk, score, None if word is None else limits.matrix.levels[word])
    return Rated(risk, score, band(score, limits))


def _rate_by_words(risk: RiskFacts, matrix: Matrix) -> Rated:
    """Look each pair of words up; the worst counts, and none does where a pair is missing from the table.

    A pair that is missing might be the worst: only a critical one is known to be.
    """
    words = [
        (what, word_of(matrix, likelihood, severity), rating)
        for what, likelihood, severity, rating in risk.pairs
    ]
    levels = [None if word is None else matrix.levels[word] for _, word, _ in words]
    known = [level for level in levels if level is not None]
    worst = max(known, key=_LEVELS.index, default=None)
    if len(known) < len(levels) and worst != "critical":
        worst = None
    apart = tuple(
        Apart(risk, what, rating, word)
        for what, word, rating in words
        if word is not None and rating is not None and rating.casefold() != word.casefold()
    )
    rated = sum(word is not None and rating is not None for _, word, rating in words)
    return Rated(risk, None, worst, rated, apart)


def word_of(matrix: Matrix, likelihood: str | None, severity: str | None) -> str | None:
    """Return the matrix's word for a pair, whatever its capitals; None where the table has no such pair."""
    row = _cell(matrix.cells, likelihood)
    return None if row is None else _cell(row, severity)


def _cell(cells: Mapping[str, Any], word: str | None) -> Any:
    if word is None or word in cells:
        return cells.get(word or "")
    return next((found for name, found in cells.items() if name.casefold() == word.casefold()), None)


def band(score: float, limits: RiskLimits) -> Level:
    """Return the level of a score of 1 to 25."""
    if score >= limits.critical_score:
        return "critical"
    if score >= limits.high_score:
        return "high"
    return "medium" if score >= limits.medium_score else "low"


def risk(
    known: Sequence[RiskFacts] | None,
    *,
    contingency: Decimal | None,
    as_of: date,
    limits: Limits,
    mixed: str | None = None,
) -> Risk:
    """Colour the open risks on a day; closed ones are left out, and none on record is GREY.

    RED: a critical risk without an owner or with an overdue response, or cover under the limit. AMBER: a
    high or critical risk, thin cover, or a stale review; a risk that nobody ever looked at has been so since it
    stands. Where nothing speaks against green but a risk is not rated, not priced or cannot be as it is said to be,
    or nobody knows what covers the expected cost, the colour is GREY: it might be red. `mixed` says why amounts
    cannot be added up; None: they are in one currency. Source: docs/status.md, rule F7.
    """
    inputs: dict[str, Any] = facts(
        as_of=as_of, risks=None if known is None else len(known), contingency=contingency
    )
    if not known:
        return Risk(
            colour=Colour.GREY, reasons=(Reason(RULE, "no risk is on record", inputs),), inputs=inputs
        )
    still_open = [item for item in known if item.is_open]
    costs = expected(still_open, lambda item: None if mixed else item.cost_impact, limits.risk)
    delay = expected(still_open, lambda item: item.days_impact, limits.risk)
    emv, cover = costs.whole, covered(contingency, costs.sum)
    found = Risk(
        colour=Colour.GREY,
        reasons=(),
        inputs=inputs,
        rated=tuple(rate(item, limits.risk) for item in still_open),
        emv=emv,
        expected_delay_days=None if delay.whole is None else float(delay.whole),
        cover=None if emv is None else cover,
        overdue=tuple(item for item in still_open if item.response_due and item.response_due < as_of),
        unowned=tuple(item for item in still_open if not item.owner),
        stale=tuple(item for item in still_open if is_stale(item, as_of, limits.risk)),
        emv_at_least=costs.sum,
        cover_at_most=cover,
        mixed=mixed,
        unpriced=costs.without,
        unreviewed=tuple(item for item in still_open if looked_at(item, as_of) is None),
        wrong=tuple(each for item in still_open for each in wrong(item, as_of)),
    )
    colour, reasons = _judge(found, limits.risk)
    inputs |= facts(
        open=len(still_open), emv=emv, expected_delay_days=found.expected_delay_days, cover=found.cover
    )
    inputs |= facts(emv_at_least=costs.sum, unpriced=len(costs.without)) if costs.without else {}
    every = tuple(rate(item, limits.risk) for item in known)  # closed ones were rated by somebody, too
    if pairs := sum(each.pairs for each in every):
        apart = tuple(one for each in every for one in each.apart)
        inputs |= facts(rated_by_register=pairs, rated_otherwise=len(apart))
        reasons = (*reasons, *_apart(apart, pairs))
    return replace(found, colour=colour, reasons=reasons, inputs=inputs)


def _apart(apart: Sequence[Apart], pairs: int) -> Iterator[Reason]:
    """Say where the register's own words are others than the matrix's."""
    if apart:
        named = "; ".join(
            f"{one.risk.name} {one.what}: {one.register}, by the matrix {one.matrix}"
            for one in apart[:_NAMED]
        )
        more = f" and {len(apart) - _NAMED} more" if len(apart) > _NAMED else ""
        said = f"the register rates {len(apart)} of {pairs} pairs otherwise than the policy's matrix: {named}{more}"
        yield Reason(RULE, said, facts(rated_by_register=pairs, rated_otherwise=len(apart)))


def _judge(found: Risk, limits: RiskLimits) -> tuple[Colour, tuple[Reason, ...]]:
    red: list[Reason] = []
    amber: list[Reason] = []
    for rated in sorted(found.rated, key=lambda entry: -(entry.score or 0)):
        if rated.level in ("high", "critical"):
            _judge_grave(rated, found, red, amber)
    if found.cover_at_most is not None and found.cover_at_most < limits.amber_cover:
        side = red if found.cover_at_most < limits.red_cover else amber
        side.append(_thin(found, found.cover_at_most))
    if found.stale:
        said = f"{counted(len(found.stale), 'risk')} not reviewed for more than {counted(limits.review_days, 'day')}"
        amber.append(Reason(RULE, said, facts(stale=[item.name for item in found.stale])))
    unknown = (*found.wrong, *_unknown(found))
    if red or amber:
        return (Colour.RED if red else Colour.AMBER), (*red, *amber, *unknown)
    if unknown:
        return Colour.GREY, unknown
    said = f"{counted(len(found.rated), 'open risk')}, none high" if found.rated else "no open risk"
    return Colour.GREEN, (Reason(RULE, said, facts(open=len(found.rated))),)


def _thin(found: Risk, cover: float) -> Reason:
    """Say that the contingency is too small."""
    most = "at most " if found.cover is None else ""
    said = f"the contingency covers {most}{cover:.0%} of the expected cost of the risks"
    if cover < 0:
        said = "the contingency is overdrawn, and covers nothing of the expected cost of the risks"
    return Reason(RULE, said, facts(cover=round(cover, 6), emv=found.emv_at_least))


def _unknown(found: Risk) -> Iterator[Reason]:
    """Say what of the open risks nobody knows."""
    unrated = [rated.risk.name for rated in found.rated if rated.level is None]
    if found.mixed:
        yield Reason(RULE, found.mixed)
    if found.emv_at_least and found.cover_at_most is None:
        said = f"no contingency is on record to cover the expected cost of {found.emv_at_least:,.2f}"
        yield Reason(RULE, said, facts(emv=found.emv_at_least))
    if unrated:
        yield Reason(RULE, f"{counted(len(unrated), 'open risk')} without a rating", facts(unrated=unrated))
    unpriced = [item.name for item in found.unpriced if item.cost_impact is not None and item.cost_impact > 0]
    if unpriced:
        said = f"{counted(len(unpriced), 'open risk')} with a cost and without a chance: the expected cost is not known"
        yield Reason(RULE, said, facts(unpriced=unpriced))
    if found.unreviewed:
        names = [item.name for item in found.unreviewed]
        said = f"{counted(len(names), 'open risk')} without a day of review, or since which it stands"
        yield Reason(RULE, said, facts(unreviewed=names))


def _judge_grave(rated: Rated, found: Risk, red: list[Reason], amber: list[Reason]) -> None:
    """Add what a high or critical risk says to the reasons for red or amber."""
    item = rated.risk
    wrongs = ["has no owner"] if item in found.unowned else []
    if item in found.overdue:
        wrongs.append("has an overdue response")
    is_red = rated.level == "critical" and bool(wrongs)
    said = f"{rated.level} risk {item.name} {' and '.join(wrongs) or 'is open'}"
    numbers = facts(risk=item.name, score=rated.score, level=rated.level, response_due=item.response_due)
    (red if is_red else amber).append(Reason(RULE, said, numbers | facts(owned=bool(item.owner))))
