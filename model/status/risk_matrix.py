"""The matrix that a risk register goes by, read off its own ratings."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from model.records import RiskFacts


@dataclass(frozen=True, slots=True)
class Learned:
    """The table that a register's ratings make.

    `cells` is likelihood -> impact -> the register's word, `pairs` how many ratings it was read off. Of a pair of
    words that the register rates in several ways the most frequent word stands, and `contradictions` has them all.
    """

    pairs: int
    cells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    contradictions: Mapping[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """Return the register's own words, whose levels a policy has to say."""
        return tuple(sorted({word for row in self.cells.values() for word in row.values()}))


def matrix_of(known: Iterable[RiskFacts]) -> Learned:
    """Read the matrix off every pair of words that is rated, closed risks included.

    What differs only in its capitals is one word, as it was first written.
    """
    spelt: dict[str, str] = {}

    def word(text: str) -> str:
        return spelt.setdefault(text.casefold(), text)

    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for each in known:
        for _, likelihood, severity, rating in each.pairs:
            if likelihood is not None and severity is not None and rating is not None:
                found[word(likelihood), word(severity)][word(rating)] += 1
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    for (likelihood, severity), ratings in sorted(found.items()):
        cells[likelihood][severity] = ratings.most_common(1)[0][0]
    return Learned(
        sum(ratings.total() for ratings in found.values()),
        dict(cells),
        {pair: dict(ratings) for pair, ratings in found.items() if len(ratings) > 1},
    )
