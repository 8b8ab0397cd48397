"""Several proposals of one thing: an officer is to look twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from model.identity.proposal import Proposal, Reason

_AS_LIKELY: Final = 0.05  # confidence by which the best of several must lead


def ranked(proposals: Sequence[Proposal]) -> Iterator[Proposal]:
    """Take some confidence from those that are not alone."""
    best = sorted(proposals, key=lambda each: -each.confidence)
    for each in best:
        others = [
            other
            for other in best
            if other is not each and other.worth_asking and each.confidence - other.confidence < _AS_LIKELY
        ]
        if others:
            doubt = Reason("not_alone", f"{others[0].target_says} is as likely, or likelier", -0.06)
            yield replace(each, reasons=(*each.reasons, doubt))
        else:
            yield each
