"""F9 as numbers: by how much the size grew, moved at all, and grew without an approved change."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from model.policy import Limits
from model.status.scope import RULE
from sync.facts import ProjectFacts
from sync.measures.measure import Measure, unknown
from sync.scope_change import moved

_SHARES: Final = {
    "scope_net": ("net_pct", "of the baseline added less removed"),
    "scope_churn": ("churn_pct", "of the baseline added or removed"),
    "scope_uncontrolled": ("uncontrolled_pct", "of the baseline added without an approved change"),
}


def of_scope(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:
    """Yield the three shares in percent of the baseline."""
    scope = moved(project, as_of, limits)
    found = scope.found
    if found.churn_pct is None:
        yield from unknown(dict.fromkeys(_SHARES, "percent"), RULE, found.reasons[0].text, **found.inputs)
        return
    for name, (field, says) in _SHARES.items():
        value = getattr(found, field)
        yield Measure(name, value, "percent", RULE, found.inputs, scope.attributes, scope.records, says)
