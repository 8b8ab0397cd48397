r"""Areas: parts of an Azure DevOps project that the register or the configuration binds by their path.

Nobody lists areas as scopes: a tree has thousands. One that somebody names (`Data Hub\Operations`) becomes
a scope of its own, and the work items in it and below it belong to that scope; the rest of the project's
items stay with the project. An item's own area decides, and of two areas the deeper one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.bind import ScopeRow, refs_of

KIND: Final = "ado_area"
_PROJECT: Final = "ado_project"
_COLUMNS: Final = ("bind_ado", "bind_scope")


@dataclass(frozen=True, slots=True)
class _Named:
    """An area that somebody named. `rest` is its path below the project."""

    project: ScopeRow
    rest: str

    @property
    def external_id(self) -> str:
        """The project's id, and the path in small letters: areas are the same in any case."""
        return f"{self.project.external_id}/{self.rest.casefold()}"

    @property
    def path(self) -> str:
        """The path as work items write it."""
        return f"{self.project.key}\\{self.rest}"


def with_areas(session: Session, scopes: Sequence[ScopeRow], *, known_at: datetime) -> list[ScopeRow]:
    """Make a scope of each area that is named, and take back those that no longer are."""
    named: dict[tuple[int, str], tuple[_Named, list[str]]] = {}
    projects = [scope for scope in scopes if scope.kind == _PROJECT]
    for ref, source in _refs(scopes):
        for one in _meant(ref, source, projects):
            where = (one.project.source_id, one.external_id)
            named.setdefault(where, (one, []))[1].append(ref)
    held = {(scope.source_id, scope.external_id): scope for scope in scopes if scope.kind == KIND}
    for where in held.keys() - named.keys():
        session.execute(
            text("UPDATE scope SET deleted_at = :now, project_id = NULL, bound_by = NULL WHERE id = :id"),
            {"now": known_at, "id": held[where].id},
        )
    made = [_made(session, one, refs, held.get(where)) for where, (one, refs) in named.items()]
    return [*(scope for scope in scopes if scope.kind != KIND), *made]


def place_items(session: Session, before: Iterable[ScopeRow], scopes: Iterable[ScopeRow]) -> list[str]:
    """Put the work items of bound areas there, and those of areas bound no more back; returns warnings.

    Args:
        session: With the bindings written.
        before: The scopes as they were.
        scopes: The scopes as they are now.
    """
    areas: dict[int, list[ScopeRow]] = defaultdict(list)
    for scope in scopes:
        if scope.kind == KIND:
            areas[scope.source_id].append(scope)
    sources = areas.keys() | {scope.source_id for scope in before if scope.kind == KIND}
    warnings: list[str] = []
    for source_id in sorted(sources):
        warnings += _place(session, source_id, areas[source_id])
    return warnings


def _place(session: Session, source_id: int, areas: Sequence[ScopeRow]) -> list[str]:
    deepest = sorted(areas, key=lambda scope: len(scope.key), reverse=True)
    rows = session.execute(
        text(
            "SELECT area, scope_external_id, count(*) FILTER (WHERE deleted_at IS NULL) FROM work_item"
            " WHERE source_id = :source AND area IS NOT NULL GROUP BY area, scope_external_id"
        ),
        {"source": source_id},
    ).all()
    moves: list[tuple[str, str, str]] = []
    found: dict[int, int] = defaultdict(int)
    for area, now, count in rows:
        project = str(now).partition("/")[0]
        inside = [scope for scope in deepest if _holds(scope, project, area)]
        for scope in inside:
            found[scope.id] += count
        target = inside[0].external_id if inside else project
        if target != now:
            moves.append((area, now, target))
    if moves:
        session.execute(
            text(
                "UPDATE work_item w SET scope_external_id = m.target FROM unnest(CAST(:areas AS text[]),"
                " CAST(:now AS text[]), CAST(:targets AS text[])) AS m(area, now, target)"
                " WHERE w.source_id = :source AND w.area = m.area AND w.scope_external_id = m.now"
            ),
            {
                "source": source_id,
                "areas": [move[0] for move in moves],
                "now": [move[1] for move in moves],
                "targets": [move[2] for move in moves],
            },
        )
    return [
        f"{scope.source}: no work item lies in the area {scope.key} or below it; was it renamed?"
        for scope in areas
        if not found[scope.id]
    ]


def _holds(scope: ScopeRow, project: str, area: str) -> bool:
    inside = f"{area}\\".casefold().startswith(f"{scope.key}\\".casefold())
    return inside and scope.external_id.startswith(f"{project}/")


def _refs(scopes: Iterable[ScopeRow]) -> Iterable[tuple[str, str | None]]:
    """Yield what the register and the configuration bind that looks like an area, and of which source."""
    configured: dict[str, Mapping[str, object]] = {}
    for scope in scopes:
        given = scope.config.get("bind")
        if scope.kind == _PROJECT and isinstance(given, Mapping):
            configured[scope.source] = given
        if scope.kind == "register_row":
            for column in _COLUMNS:
                cell = scope.attributes.get(column) or {}
                yield from ((ref, None) for ref in refs_of(cell.get("value")) if "\\" in ref)
    for source, given in configured.items():
        yield from ((str(ref), source) for ref in given if "\\" in str(ref))


def _meant(ref: str, source: str | None, projects: Iterable[ScopeRow]) -> list[_Named]:
    r"""Find the areas a reference may mean: `project\area\below`, after `source:` where that is said."""
    before, colon, after = ref.partition(":")
    if colon and any(scope.source.casefold() == before.strip().casefold() for scope in projects):
        source, ref = before.strip(), after
    name, _, rest = ref.strip().strip("\\").partition("\\")
    rest = "\\".join(part.strip() for part in rest.split("\\") if part.strip())
    if not rest:
        return []
    wanted = name.strip().casefold()
    return [
        _Named(scope, rest)
        for scope in projects
        if (source is None or scope.source.casefold() == source.casefold())
        and wanted in {scope.key.casefold(), *(str(key).casefold() for key in scope.keys)}
    ]


def _made(session: Session, one: _Named, refs: Sequence[str], held: ScopeRow | None) -> ScopeRow:
    """Write the scope of a named area; `keys` are the ways it was written, so that each of them finds it."""
    project, keys = one.project, list(dict.fromkeys([one.path, *refs]))
    if held is not None and (held.key, list(held.keys)) == (one.path, keys):
        return held
    scope_id = session.execute(
        text(
            "INSERT INTO scope AS s (source_id, external_id, kind, key, keys, name, url) SELECT :source,"
            " CAST(:external AS text), :kind, CAST(:path AS text), to_jsonb(CAST(:keys AS text[])),"
            " CAST(:path AS text), p.url FROM scope p WHERE p.id = :project"
            " ON CONFLICT (source_id, external_id) DO UPDATE SET key = excluded.key, keys = excluded.keys,"
            " name = excluded.name, url = excluded.url, deleted_at = NULL RETURNING s.id"
        ),
        {
            "source": project.source_id,
            "external": one.external_id,
            "kind": KIND,
            "path": one.path,
            "keys": keys,
            "project": project.id,
        },
    ).scalar_one()
    if held is not None:
        return replace(held, key=one.path, keys=keys, name=one.path)
    return ScopeRow(
        id=scope_id,
        source_id=project.source_id,
        source=project.source,
        source_kind=project.source_kind,
        config=project.config,
        external_id=one.external_id,
        kind=KIND,
        key=one.path,
        keys=keys,
        name=one.path,
        attributes={},
        locator=None,
        project_id=None,
        bound_by=None,
    )
