"""Bind: resolve what configuration and register say into scope -> project."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sync.identity.decided import NOTHING_DECIDED, Decided, scope_subject

# The register's binding columns, and the kind of source each speaks of; None: any tracker.
_COLUMNS: Final[dict[str, str | None]] = {"bind_jira": "jira", "bind_ado": "azure_devops", "bind_scope": None}
_SEPARATORS: Final = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A row of `scope` with the source it came from."""

    id: int
    source_id: int
    source: str
    source_kind: str
    config: Mapping[str, Any]
    external_id: str
    kind: str
    key: str
    keys: Collection[str]
    name: str
    attributes: Mapping[str, Any]
    locator: str | None
    project_id: UUID | None
    bound_by: str | None


@dataclass(slots=True)
class Bindings:
    """Scope id -> (project, what bound it); and what was asked for but could not be done, in words."""

    wanted: dict[int, tuple[UUID, str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Wish:
    """Somebody wants the scope called `ref` bound to a project. `where` is a cell or the configuration."""

    ref: str
    project: str
    source_kind: str | None
    source: str | None
    bound_by: str
    where: str


def bind(
    scopes: Collection[ScopeRow],
    projects: Mapping[str, UUID],
    tracker_kinds: Collection[str],
    decided: Decided = NOTHING_DECIDED,
) -> Bindings:
    """Bind in the order of authority: register columns, configuration, an officer's word, the same key.

    A scope that two projects want goes to the first, and the other is reported.

    Args:
        scopes: In the order of their sources.
        projects: Key -> id of the projects that exist.
        tracker_kinds: The kinds of scope a key of the same name may bind by itself.
        decided: What officers confirmed, and what they refused: that not even the same key binds.
    """
    found = Bindings()
    trackers = [scope for scope in scopes if scope.kind != "register_row"]
    called = _Trackers(trackers)
    for scope in scopes:
        if scope.kind == "register_row":
            found.wanted[scope.id] = (projects[scope.key], f"register {scope.locator}")
            for wish in _columns(scope):
                _grant(wish, called, projects, found)
    for wish in _configured(scopes):
        _grant(wish, called, projects, found)
    by_key = {key.casefold(): project for key, project in projects.items()}
    alive = frozenset(projects.values())
    for scope in trackers:
        _confirmed(scope, decided, alive, found)
        same = by_key.get(scope.key.casefold())
        if (
            same is not None
            and scope.kind in tracker_kinds
            and (scope_subject(scope.source_id, scope.external_id), same) not in decided.apart
        ):
            found.wanted.setdefault(scope.id, (same, "same key"))
    return found


def _confirmed(scope: ScopeRow, decided: Decided, alive: Collection[UUID], found: Bindings) -> None:
    """Bind as an officer confirmed, unless register or configuration say otherwise or the project is gone."""
    link = decided.scopes.get(scope_subject(scope.source_id, scope.external_id))
    if link is None:
        return
    project = decided.final(link.target)
    if project not in alive:
        found.warnings.append(f"{link.says}: the project it binds {scope.source} {scope.key} to is closed")
    elif found.wanted.setdefault(scope.id, (project, link.says))[0] != project:
        by = found.wanted[scope.id][1]
        found.warnings.append(f"{link.says}: {scope.source} {scope.key} is bound to another project, by {by}")


def configured_keys(scopes: Collection[ScopeRow]) -> tuple[dict[int, str], list[str]]:
    """Return the project key the configuration gives each scope it names, and what it could not find."""
    found = Bindings()
    keys: dict[int, str] = {}
    called = _Trackers(scopes)
    for wish in _configured(scopes):
        scope = _one(wish, called, found)
        if scope is not None:
            keys[scope.id] = wish.project
    return keys, found.warnings


def refs_of(value: Any) -> list[str]:
    """Read a binding cell: a list, or names parted by commas, semicolons or lines."""
    parts = value if isinstance(value, list) else _SEPARATORS.split("" if value is None else str(value))
    return [ref for ref in (str(part).strip() for part in parts) if ref]


def cell_locator(row_locator: str | None, cell: str | None) -> str | None:
    """Name one cell of a row: `register.xlsx!Projects!A8` and `H8` give `register.xlsx!Projects!H8`."""
    if row_locator is None or not cell:
        return cell or row_locator
    return cell if "!" in cell else f"{row_locator.rpartition('!')[0]}!{cell}".lstrip("!")


def _configured(scopes: Iterable[ScopeRow]) -> list[_Wish]:
    """Read each source's `bind: {scope: project}`."""
    seen: dict[str, Mapping[str, Any]] = {}
    for scope in scopes:
        given = scope.config.get("bind")
        if isinstance(given, Mapping):
            seen[scope.source] = given
    return [
        _Wish(str(ref), str(project), None, source, "configuration", f"configuration of {source}")
        for source, given in seen.items()
        for ref, project in given.items()
    ]


def _columns(row: ScopeRow) -> list[_Wish]:
    found = []
    for column, kind in _COLUMNS.items():
        given = row.attributes.get(column) or {}
        where = cell_locator(row.locator, given.get("cell")) or row.key
        found += [
            _Wish(ref, row.key, kind, None, f"register {where}", where) for ref in refs_of(given.get("value"))
        ]
    return found


class _Trackers:
    """The scopes of trackers by what they may be called: by key, then id, former key and name."""

    def __init__(self, scopes: Iterable[ScopeRow]) -> None:
        self._ways: tuple[dict[str, list[ScopeRow]], ...] = ({}, {}, {}, {})
        self._sources: dict[str, set[tuple[str, str]]] = {}  # in small letters -> name and kind
        for scope in scopes:
            self._sources.setdefault(scope.source.casefold(), set()).add((scope.source, scope.source_kind))
            ways = ((scope.key,), (scope.external_id,), scope.keys, (scope.name,))
            for names, way in zip(ways, self._ways, strict=True):
                for name in dict.fromkeys(str(name).casefold() for name in names):
                    way.setdefault(name, []).append(scope)

    def meant(self, wish: _Wish) -> list[ScopeRow]:
        """Find the scopes a reference may mean; `source:ref` narrows."""
        ref = wish.ref.casefold()
        before, colon, rest = ref.partition(":")
        only = None
        if colon and any(_fits(wish, *each) for each in self._sources.get(before, ())):
            ref, only = rest.strip(), before
        for way in self._ways:
            found = [
                scope
                for scope in way.get(ref, ())
                if _fits(wish, scope.source, scope.source_kind) and only in (None, scope.source.casefold())
            ]
            if found:
                return found
        return []


def _fits(wish: _Wish, source: str, kind: str) -> bool:
    return wish.source_kind in (None, kind) and wish.source in (None, source)


def _grant(wish: _Wish, trackers: _Trackers, projects: Mapping[str, UUID], found: Bindings) -> None:
    project = projects.get(wish.project)
    if project is None:
        found.warnings.append(f"{wish.where}: there is no project {wish.project!r} to bind {wish.ref!r} to")
        return
    scope = _one(wish, trackers, found)
    if scope is not None and found.wanted.setdefault(scope.id, (project, wish.bound_by))[0] != project:
        by = found.wanted[scope.id][1]
        found.warnings.append(f"{wish.where}: {wish.ref!r} is bound to another project already, by {by}")


def _one(wish: _Wish, trackers: _Trackers, found: Bindings) -> ScopeRow | None:
    """Find the one scope a wish means; none or several is a warning."""
    meant = trackers.meant(wish)
    if not meant:
        why = "do the source's projects hold it?"
        if "\\" in wish.ref:
            why = "an area path begins with the name of its Azure DevOps project, e.g. Data Hub\\Operations"
        found.warnings.append(f"{wish.where}: no scope {wish.ref!r} was pulled; {why}")
    elif len(meant) > 1:
        names = ", ".join(f"{scope.source}:{scope.key}" for scope in meant)
        found.warnings.append(f"{wish.where}: {wish.ref!r} could be any of {names}; write which one")
    return meant[0] if len(meant) == 1 else None
