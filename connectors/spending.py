"""What a run's requests cost, counted by threads side by side, and the budget they keep within."""

import threading

from connectors.base import Traffic
from connectors.errors import BudgetSpent
from connectors.stopping import Interrupted

_lock = threading.Lock()


def set_out(traffic: Traffic, source: str) -> None:
    """Count a request that is about to be sent, where there is a budget.

    Raises:
        BudgetSpent: It may not be sent any more.
        Interrupted: The run has failed meanwhile.
    """
    if traffic.halted.is_set():
        raise Interrupted
    if traffic.budget is not None:
        with _lock:
            check_budget(traffic, source)
            traffic.sent += 1


def check_budget(traffic: Traffic, source: str, more_s: float = 0.0) -> None:
    """Raise BudgetSpent where the budget is used up, or would be after so many seconds more."""
    if spent := traffic.spent(more_s):
        raise BudgetSpent(spent, source=source)


def count(
    traffic: Traffic, *, requests: int = 0, retries: int = 0, bytes_fetched: int = 0, waited_s: float = 0.0
) -> None:
    """Add to what talking to a source has cost. Safe for threads."""
    with _lock:
        traffic.requests += requests
        traffic.retries += retries
        traffic.bytes_fetched += bytes_fetched
        traffic.waited_s += waited_s
