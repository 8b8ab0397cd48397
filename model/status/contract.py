"""F25: whether a contract lasts as long as the work it is for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.records import ContractFacts

RULE = "F25"


@dataclass(frozen=True, slots=True)
class Cover:
    """How much of a contract is used up, in percent, and how many days of the project it leaves uncovered.

    Each is None where what it needs is unknown. `renew` says that the project ends after the contract.
    """

    burn_pct: Decimal | None
    elapsed_pct: float | None
    gap_days: int | None
    renew: bool | None


@dataclass(frozen=True, slots=True)
class Contracts:
    """A project's running contracts, the one that leaves most days uncovered first, then by their end."""

    covers: tuple[tuple[ContractFacts, Cover], ...]

    @property
    def worst(self) -> tuple[ContractFacts, Cover] | None:
        """Return the one to look at first; None where no contract runs."""
        return self.covers[0] if self.covers else None


def contracts(known: Iterable[ContractFacts], *, project_finish: date | None, as_of: date) -> Contracts:
    """Hold every running contract against the project's finish; ended and cancelled ones cover nothing."""
    covers = [
        (
            each,
            cover(value=each.value, invoiced=each.invoiced, start=each.start, end=each.end,
                  project_finish=project_finish, as_of=as_of),
        )
        for each in known if each.runs
    ]  # fmt: skip
    covers.sort(key=lambda entry: (-(entry[1].gap_days or 0), entry[0].end or date.max, entry[0].name))
    return Contracts(tuple(covers))


def cover(
    *,
    value: Decimal | None,
    invoiced: Decimal | None,
    start: date | None,
    end: date | None,
    project_finish: date | None,
    as_of: date,
) -> Cover:
    """Hold a contract against the day and the project's forecast finish; both amounts are in one currency.

    Before its start nothing has elapsed, after its end all of it. Source: docs/status.md, rule F25.
    """
    # Credit beyond all bills is no burn.
    billed = invoiced if invoiced is not None and invoiced >= 0 else None
    burn = 100 * billed / value if value is not None and value > 0 and billed is not None else None
    elapsed = None
    if start is not None and end is not None and end > start:
        elapsed = 100 * min(max((as_of - start).days / (end - start).days, 0.0), 1.0)
    gap = None if end is None or project_finish is None else max((project_finish - end).days, 0)
    return Cover(burn, elapsed, gap, None if gap is None else gap > 0)
