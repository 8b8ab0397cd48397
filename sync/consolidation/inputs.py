"""Inputs: every table that a consolidation reads, and how a change of it finds the projects it touches.

What reads a table that is not listed here, or is listed as watched and has no trigger, fails a test: no input
is forgotten silently.
"""

from enum import StrEnum
from functools import cache
from typing import Final

import model.tables  # noqa: F401  (registers the tables)
from model.base import Base


class Reach(StrEnum):
    """How far a written row reaches. The first five are put down in `touched` by a trigger of the table."""

    PROJECT = "project"  # the project that the row names
    SCOPE = "scope"  # the project that its scope is bound to
    ITEM = "item"  # the project of its work item
    EVERYTHING = "everything"
    MATCHING = "matching"  # no project, until matching has looked
    COMPARED = "compared"  # looked at each time, and all are computed anew where it differs (`standing`)
    BELONGS = "belongs"  # is only ever written together with a row of another input
    WRITTEN = "written"  # consolidation writes it itself, and nobody else


WATCHED: Final = (Reach.PROJECT, Reach.SCOPE, Reach.ITEM, Reach.EVERYTHING, Reach.MATCHING)

_REACH: Final = {
    # What sources and people say of a project.
    "claim": Reach.PROJECT,
    "settlement": Reach.PROJECT,
    "submission": Reach.PROJECT,
    "cycle": Reach.BELONGS,  # to its submissions
    "waiver": Reach.PROJECT,
    "dispute": Reach.PROJECT,
    "finding": Reach.PROJECT,
    "absence": Reach.ITEM,
    "work_item": Reach.SCOPE,
    "transition": Reach.BELONGS,  # to its work item
    "raw_page": Reach.BELONGS,  # to what was read from it
    # What there is, and what belongs to what.
    "scope": Reach.PROJECT,
    "project": Reach.PROJECT,
    "programme": Reach.EVERYTHING,
    "identity": Reach.MATCHING,
    "person": Reach.MATCHING,
    "match_proposal": Reach.MATCHING,
    # What holds for every project alike.
    "portfolio": Reach.COMPARED,
    "portfolio_version": Reach.COMPARED,
    "source": Reach.COMPARED,
    "run": Reach.COMPARED,
    "settling_rule": Reach.COMPARED,
    "template_version": Reach.COMPARED,
    "tailoring": Reach.COMPARED,
    "policy_version": Reach.COMPARED,
    # What only consolidation writes: the same inputs give the same rows.
    "snapshot": Reach.WRITTEN,  # of other days; one that is of another day than the last begins anew
    "assessment": Reach.WRITTEN,
    "claim_conflict": Reach.WRITTEN,
    "finding_move": Reach.WRITTEN,  # people's steps stand in the finding as well
    "outbox_event": Reach.WRITTEN,
    "match_scan": Reach.WRITTEN,
    "programme_project": Reach.WRITTEN,  # out of the register's rows; what rules of programmes make of it is compared
    "match_decision": Reach.WRITTEN,
    "touched": Reach.WRITTEN,
    "consolidation": Reach.WRITTEN,
    "report_text": Reach.WRITTEN,
}

# What decides which project a record or a scope belongs to, beside all records.
_MATCHED: Final = frozenset(["scope", "project", "identity", "person", "match_proposal"])


@cache
def versions() -> frozenset[str]:
    """Return the tables of versions: what has a project and is known from one instant until another."""
    asked = {"project_id", "known_from", "known_to"}
    return frozenset(
        name for name, table in Base.metadata.tables.items() if asked <= set(table.columns.keys())
    )


@cache
def inputs() -> dict[str, Reach]:
    """Return every table that a consolidation may read, and how far a change of it reaches."""
    return dict.fromkeys(versions(), Reach.PROJECT) | _REACH


@cache
def matched() -> frozenset[str]:
    """Return the tables whose changes may change what belongs to which project."""
    return _MATCHED | versions()
