"""The risk matrix as a table of cells: which level each has, and how many risks lie in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from model.policy import Level, RiskLimits
from model.records import RiskFacts
from model.status.risk import Rated, band, word_of
from model.status.risk_exposure import rates

LEVELS: Final[tuple[Level, ...]] = ("low", "medium", "high", "critical")
_SCALE: Final = ("1", "2", "3", "4", "5")
Place = tuple[str, str]  # likelihood, impact


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `level` None: the table has no such pair. `was` is how many lay there before, None: unknown."""

    likelihood: str
    impact: str
    level: Level | None
    count: int
    was: int | None

    @property
    def change(self) -> int | None:
        """Return how many more lie there than before."""
        return None if self.was is None else self.count - self.was


@dataclass(frozen=True, slots=True)
class Heat:
    """The matrix: the likeliest row first, the gravest column last."""

    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    impacts: tuple[str, ...]


def axes(limits: RiskLimits) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the likelihoods, the most likely first, and the impacts, the least grave first.

    A policy writes the words of its matrix in any order: what leads to graver levels is likelier, or graver.
    """
    matrix = limits.matrix
    if matrix is None:
        return _SCALE[::-1], _SCALE
    weight = {word: LEVELS.index(level) for word, level in matrix.levels.items()}
    heavy: dict[str, list[int]] = {}
    for row in matrix.cells.values():
        for impact, word in row.items():
            heavy.setdefault(impact, []).append(weight[word])

    def mean(found: Sequence[int]) -> float:
        return sum(found) / len(found) if found else 0.0

    likelihoods = sorted(
        matrix.cells,
        key=lambda name: (mean([weight[word] for word in matrix.cells[name].values()]), name),
        reverse=True,
    )
    return tuple(likelihoods), tuple(sorted(heavy, key=lambda name: (mean(heavy[name]), name)))


def place_of(rated: Rated, limits: RiskLimits) -> Place | None:
    """Return the cell a risk lies in, of two pairs of words the graver one; None where it is not rated."""
    risk, matrix = rated.risk, limits.matrix
    if matrix is not None and risk.pairs:
        known = [
            (LEVELS.index(matrix.levels[word]), (str(likelihood), str(severity)))
            for _, likelihood, severity, _ in risk.pairs
            if (word := word_of(matrix, likelihood, severity)) is not None
        ]
        return max(known)[1] if known else None
    if (
        risk.probability is None
        or risk.impact is None
        or not (rates(risk.probability) and rates(risk.impact))
    ):
        return None
    return f"{int(risk.probability + 0.5)}", f"{int(risk.impact + 0.5)}"


def heat(limits: RiskLimits, now: Mapping[Place, int], before: Mapping[Place, int] | None) -> Heat:
    """Lay counts by cell out as the policy's matrix; the words match whatever their capitals."""
    likelihoods, impacts = axes(limits)
    have, had = _folded(now), None if before is None else _folded(before)

    def cell(likelihood: str, impact: str) -> Cell:
        where = (likelihood.casefold(), impact.casefold())
        count = have.get(where, 0)
        was = None if had is None else had.get(where, 0)
        return Cell(likelihood, impact, _level(limits, likelihood, impact), count, was)

    return Heat(tuple((row, tuple(cell(row, impact) for impact in impacts)) for row in likelihoods), impacts)


def _level(limits: RiskLimits, likelihood: str, impact: str) -> Level | None:
    if limits.matrix is None:
        return band(float(likelihood) * float(impact), limits)
    word = word_of(limits.matrix, likelihood, impact)
    return None if word is None else limits.matrix.levels[word]


def _folded(counts: Mapping[Place, int]) -> dict[Place, int]:
    found: dict[Place, int] = {}
    for (likelihood, impact), count in counts.items():
        where = (likelihood.casefold(), impact.casefold())
        found[where] = found.get(where, 0) + count
    return found


def score_text(risk: RiskFacts) -> str | None:
    """Say by what a risk is rated: its product, or its own words; None where by neither."""
    if risk.pairs:
        return "; ".join(
            f"{likelihood or '?'} × {severity or '?'}" for _, likelihood, severity, _ in risk.pairs
        )
    if risk.probability is None or risk.impact is None:
        return None
    return f"{risk.probability:g} × {risk.impact:g}"
