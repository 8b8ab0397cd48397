"""Colours before data quality is known: what templates are told of a project's dimensions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from model.policy import Policy
from sync.compose import Shown, joined, shown
from sync.dimensions import dimensions
from sync.facts import Facts
from sync.policy.place import limits_of

_GOOD_DATA: Final = 100.0  # what templates are told of the overall colour before data quality is known


@dataclass(frozen=True, slots=True)
class Colours:
    """Each project's dimensions as they are shown, and the words for them: per dimension, and overall."""

    dimensions: Mapping[UUID, dict[str, Shown]]
    computed: Mapping[UUID, Mapping[str, str]]


def colours(facts: Facts, policy: Policy) -> Colours:
    """Colour every project by what is known of it, as if its data were good."""
    dims: dict[UUID, dict[str, Shown]] = {}
    computed: dict[UUID, dict[str, str]] = {}
    for project in facts.projects:
        limits = limits_of(policy, project, facts.as_of)
        found = shown(project, dimensions(project, facts.as_of, limits), limits)
        whole = joined(project, found, _GOOD_DATA, facts, limits)
        dims[project.id] = found
        computed[project.id] = {name: each.held.shown.value for name, each in found.items()}
        computed[project.id]["overall"] = whole.colour.value
    return Colours(dims, computed)
