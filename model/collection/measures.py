"""What a cycle is measured by: on time, right the first time, filled in by itself, and minutes asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

# Minutes a person needs for one field, by its type. Rough, and the same for everybody: they compare cycles and
# templates with one another, not people.
MINUTES: Final[Mapping[str, float]] = {"text": 4, "money": 3, "list_ref": 3, "date": 2, "number": 2, "percent": 2,
                                       "document": 2, "rag": 2}  # fmt: skip
_MINUTES_ELSE: Final = 1.0
CONFIRM: Final = 0.25  # minutes to look at a value that is filled in


@dataclass(frozen=True, slots=True)
class Effort:
    """What one submission asks of people. `open` fields are required and have no value, `answered` have one."""

    fields: int
    filled: int
    answered: int
    open: int
    minutes: float

    @property
    def automatic(self) -> float | None:
        """The share of what is there that nobody had to give; None where nothing is there."""
        there = self.filled + self.answered
        return None if there == 0 else self.filled / there


@dataclass(frozen=True, slots=True)
class Course:
    """How one submission went. `late` None: never submitted. `overdue`: it is owed and its deadline has passed."""

    submitted: bool
    late: bool | None
    overdue: bool
    returned: bool
    approved: bool
    effort: Effort


@dataclass(frozen=True, slots=True)
class Measures:
    """A cycle in numbers; shares are 0 to 1, and None where there is nothing to share.

    `on_time` is of the submissions whose deadline is over or that were handed in. `first_pass` is the yield:
    approved without ever going back, of those handed in. Source: docs/collection.md, rule F20.
    """

    owed: int
    submitted: int
    late: int
    overdue: int
    approved: int
    on_time: float | None
    first_pass: float | None
    automatic: float | None
    minutes: float
    minutes_each: float | None

    def to_json(self) -> dict[str, Any]:
        """Return it as a document."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def minutes_for(types: Iterable[str], confirmed: int = 0) -> float:
    """Return the minutes that answering fields of these types takes, and looking at some that are filled in."""
    return sum(MINUTES.get(each, _MINUTES_ELSE) for each in types) + CONFIRM * confirmed


def measured(courses: Iterable[Course]) -> Measures:
    """Add up a cycle's submissions.

    >>> measured([]).on_time is None
    True
    """
    all_ = list(courses)
    judged = [each for each in all_ if each.submitted or each.overdue]
    submitted = sum(each.submitted for each in all_)
    there = sum(each.effort.filled + each.effort.answered for each in all_)
    minutes = sum(each.effort.minutes for each in all_)
    return Measures(
        owed=len(all_),
        submitted=submitted,
        late=sum(each.late is True for each in all_),
        overdue=sum(each.overdue for each in all_),
        approved=sum(each.approved for each in all_),
        on_time=_share(sum(each.submitted and each.late is False for each in judged), len(judged)),
        first_pass=_share(
            sum(each.submitted and each.approved and not each.returned for each in all_), submitted
        ),
        automatic=_share(sum(each.effort.filled for each in all_), there),
        minutes=minutes,
        minutes_each=minutes / len(all_) if all_ else None,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
