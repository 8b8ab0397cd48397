"""The pages a reader can go to from anywhere: one line each, under whom they are mostly for.

A page's `path` is where its entry leads; `under` are the beginnings of the addresses it stands for.
"""

from dataclasses import dataclass
from typing import Final

from api.access.route_rights import ROUTES
from api.access.visible import Principal
from api.translation import N_, _


@dataclass(frozen=True, slots=True)
class Entry:
    """One page in the navigation; whoever may not read it is not shown it."""

    path: str
    name: str
    under: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a page shows it: in the reader's language, and whether they are there."""

    path: str
    name: str
    here: bool


NAVIGATION: Final = (
    Group(N_("Portfolio"), (
        Entry("/", N_("Board"), ("/projects", "/rollup", "/changes", "/outcomes")),
        Entry("/portfolio", N_("Overview")),
        Entry("/milestones", N_("Milestones")),
        Entry("/risks", N_("Risks")),
        Entry("/money", N_("Money")),
        Entry("/trend", N_("Trend")),
        Entry("/compare", N_("Compare")),
        Entry("/views", N_("Saved views")),
    )),
    Group(N_("Collection"), (
        Entry("/collect", N_("Collect"), ("/submissions",)),
        Entry("/findings", N_("Findings")),
        Entry("/matching", N_("Matching"), ("/conflicts", "/hand-claims")),
        Entry("/templates", N_("Templates")),
    )),
    Group(N_("Office"), (
        Entry("/sources", N_("Sources and runs"), ("/runs",)),
        Entry("/policies", N_("Policies")),
        Entry("/audit", N_("Audit log")),
        Entry("/accounts", N_("Accounts")),
        Entry("/tokens", N_("Tokens"), ("/account",)),
    )),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group as a page shows it; its own address is that of its first page."""

    name: str
    entries: tuple[Shown, ...]

    @property
    def here(self) -> bool:
        """Whether the reader is on one of its pages."""
        return any(entry.here for entry in self.entries)


def navigation(here: str, principal: Principal) -> list[ShownGroup]:
    """Return the groups of pages somebody may go to, the page they are on marked."""
    best = max(stands_for(entry, here) for group in NAVIGATION for entry in group.entries)
    groups = []
    for group in NAVIGATION:
        shown = tuple(
            Shown(entry.path, _(entry.name), 0 < stands_for(entry, here) == best)
            for entry in group.entries
            if may_go(principal, entry.path)
        )
        if shown:
            groups.append(ShownGroup(_(group.name), shown))
    return groups


def may_go(principal: Principal, path: str) -> bool:
    """Tell whether somebody holds what a page needs."""
    needed = ROUTES.get(f"GET {path}")
    return needed is not None and principal.can(needed)


def stands_for(entry: Entry, here: str) -> int:
    """Return how many characters of an address an entry stands for; 0 where it does not."""
    return max(
        len(start) if here == start or here.startswith(f"{start}/") else 0
        for start in (entry.path, *entry.under)
    )
