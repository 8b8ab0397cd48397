"""F11: quality reviews that are overdue, and failed criteria nobody has put right. Shown, not weighted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from model.records import ReviewFacts

RULE = "F11"


@dataclass(frozen=True, slots=True)
class Quality:
    """What the reviews say on a day; None where nothing on record could say it.

    `failed_open` counts criteria: those a review names, one for a failed review that names none, and
    failed criteria of gates. `next_due` is the review that comes next.
    """

    overdue: tuple[tuple[ReviewFacts, int], ...] | None
    failed_open: int | None
    failed: tuple[ReviewFacts, ...] = ()
    next_due: ReviewFacts | None = None


def quality(reviews: Sequence[ReviewFacts], *, gates_failed: int | None, as_of: date) -> Quality:
    """Count what is overdue and what is open; `gates_failed` None: no gate was assessed.

    A review is overdue from the day after it is due until it is held. Source: docs/status.md, rule F11.
    """
    dated = [each for each in reviews if each.due is not None or each.held_on is not None]
    waiting = [each for each in dated if each.held_on is None or each.held_on > as_of]
    overdue = [
        (each, (as_of - each.due).days) for each in waiting if each.due is not None and each.due < as_of
    ]
    overdue.sort(key=lambda entry: -entry[1])
    failed = [each for each in reviews if _is_open(each, as_of)]
    judged = any(each.failed is not None or each.open_criteria is not None for each in reviews)
    counted = sum(1 if each.open_criteria is None else each.open_criteria for each in failed)
    return Quality(
        tuple(overdue) if dated else None,
        counted + (gates_failed or 0) if judged or gates_failed is not None else None,
        tuple(failed),
        min(
            (each for each in waiting if each.due is not None and each.due >= as_of),
            key=lambda each: each.due or as_of,
            default=None,
        ),
    )


def _is_open(review: ReviewFacts, as_of: date) -> bool:
    if review.closed_on is not None and review.closed_on <= as_of:
        return False
    return bool(review.failed or review.open_criteria)
