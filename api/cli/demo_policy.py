"""The demo's policy: the shipped one, and a project whose risks are rated by its programme's own matrix."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import Engine

from api.cli.demo_collect import HEAD, OFFICER
from config import shipped
from sync.policy.kept import PROPOSED
from sync.policy.steps import approve, propose
from sync.store import unit_of_work

_NAME, _VERSION = "default", "1.0.1"
_TOLERANCE: Final = """
tolerances:               # agreed for single projects; what differs from the limits above
  - project: NETWORK
    because: the estates programme rates its risks by a matrix of words
    limits:
      risk:
        matrix:
          cells:
            Rare: {Minor: Low, Moderate: Low, Serious: Low, Major: Moderate, Catastrophic: High}
            Unlikely: {Minor: Low, Moderate: Low, Serious: Moderate, Major: Moderate, Catastrophic: High}
            Possible: {Minor: Low, Moderate: Moderate, Serious: Moderate, Major: High, Catastrophic: High}
            Likely: {Minor: Moderate, Moderate: Moderate, Serious: High, Major: High, Catastrophic: Extreme}
            Almost certain: {Minor: Moderate, Moderate: High, Serious: High, Major: Extreme, Catastrophic: Extreme}
          levels: {Low: low, Moderate: medium, High: high, Extreme: critical}
"""


def rate_by_matrix(engine: Engine, *, begins: date, now: datetime) -> None:
    """Let the policy be proposed and approved, as people do; from its day on the one project goes by the matrix.

    Args:
        engine: The store, with the project in it.
        begins: The first day.
        now: The clock.
    """
    written = shipped.text("policies", _NAME)
    for old, new in (("version: 1.0.0", f"version: {_VERSION}"), ("2000-01-01", begins.isoformat())):
        written = written.replace(old, new, 1)
    with unit_of_work(engine) as connection:
        proposed = propose(
            connection, written.rstrip() + "\n" + _TOLERANCE.lstrip(), where="the demo's policy", actor=OFFICER,
            because="The estates programme asked for its own matrix", now=now,
        )  # fmt: skip
        if proposed.state == PROPOSED:  # else the demo was broken off behind this
            approve(
                connection, _NAME, _VERSION, actor=HEAD, because="Board of the estates programme", now=now
            )
