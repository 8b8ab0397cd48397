"""References: which project a milestone, RAID item or cost line belongs to, by what its source calls it."""

from collections import defaultdict
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from sync.identity.decided import NOTHING_DECIDED, Decided, reference_subject

TABLES: Final = {
    "milestone": "milestones",
    "raid_item": "RAID items",
    "cost_line": "cost lines",
    "change_request": "change requests",
    "decision": "decisions",
    "gate_criterion": "gate criteria",
    "work_plan_line": "lines of the work plan",
    "contract": "contracts",
    "benefit": "benefits",
    "project_role": "roles",
    "utilisation": "weeks of utilisation",
    "quality_review": "quality reviews",
    "baseline": "baselines",
}


def match_references(session: Session, decided: Decided = NOTHING_DECIDED) -> list[str]:
    """Set `project_id` of all versions by their `project_ref`; returns what names no project, in words.

    A reference is read as a scope of the same source first, then as a project's key or name, then as
    a tracker scope's key, then as what an officer confirmed.
    """
    resolve = _Resolver(session, decided)
    lost: list[str] = []
    for table, noun in TABLES.items():
        refs = session.execute(
            text(
                "SELECT v.source_id, s.name, v.project_ref,"
                " count(*) FILTER (WHERE v.known_to IS NULL AND NOT v.deleted)"
                f" FROM {table} v JOIN source s ON s.id = v.source_id"
                " GROUP BY v.source_id, s.name, v.project_ref ORDER BY s.name, v.project_ref"
            )
        ).all()
        resolved = [(source_id, ref, resolve(source_id, ref)) for source_id, _, ref, _ in refs if ref]
        _write(session, table, resolved)
        for source_id, source, ref, count in refs:
            if ref is None and count:
                lost.append(f"{source}: {count} {noun} name no project")
            elif (
                ref is not None
                and count
                and resolve(source_id, ref) is None
                and not resolve.loose(source_id, ref)
            ):
                lost.append(f"{source}: {count} {noun} name {ref!r}, which is no project here")
    return lost


def unmatched(connection: Connection) -> list[tuple[str, str, str, str | None]]:
    """Return (source, entity, locator, reference) of every current record without a project.

    What refers to a scope of its own source that is bound to no project is left out.
    """
    found: list[tuple[str, str, str, str | None]] = []
    for table in TABLES:
        rows = connection.execute(
            text(
                f"SELECT s.name, coalesce(v.locator, v.external_id), v.project_ref FROM {table} v"
                " JOIN source s ON s.id = v.source_id WHERE v.known_to IS NULL AND NOT v.deleted"
                " AND v.project_id IS NULL AND NOT EXISTS (SELECT 1 FROM scope c WHERE c.deleted_at IS NULL"
                " AND c.source_id = v.source_id AND c.kind <> 'register_row' AND lower(trim(v.project_ref))"
                " IN (lower(c.external_id), lower(c.key), lower(c.name))"
                " OR lower(split_part(v.project_ref, '\\', 1)) = lower(c.key) AND c.kind = 'ado_project'"
                " AND c.deleted_at IS NULL AND c.source_id = v.source_id) ORDER BY s.position, s.name, v.id"
            )
        )
        found += [(source, table, locator, ref) for source, locator, ref in rows]
    return found


def _write(session: Session, table: str, resolved: list[tuple[int, str, UUID | None]]) -> None:
    if resolved:
        session.execute(
            text(
                f"UPDATE {table} v SET project_id = w.project_id"
                " FROM unnest(CAST(:sources AS bigint[]), CAST(:refs AS text[]), CAST(:projects AS uuid[]))"
                " AS w(source_id, ref, project_id) WHERE v.source_id = w.source_id AND v.project_ref = w.ref"
                " AND v.project_id IS DISTINCT FROM w.project_id"
            ),
            {
                "sources": [row[0] for row in resolved],
                "refs": [row[1] for row in resolved],
                "projects": [row[2] for row in resolved],
            },
        )


class _Resolver:
    """Project names as sources write them."""

    def __init__(self, session: Session, decided: Decided) -> None:
        self._decided = decided
        self._own: dict[tuple[int, str], UUID | None] = {}
        scoped: dict[str, set[UUID]] = defaultdict(set)
        scopes = session.execute(
            text(
                "SELECT source_id, external_id, key, keys, name, project_id FROM scope"
                " WHERE deleted_at IS NULL AND kind <> 'register_row' ORDER BY id"
            )
        )
        for source_id, external_id, key, keys, name, project in scopes:
            for ref in (external_id, key, *keys, name):
                self._own.setdefault((source_id, str(ref).casefold()), project)
                if project is not None:
                    scoped[str(ref).casefold()].add(project)
        self._keys: dict[str, UUID] = {}
        names: dict[str, set[UUID]] = defaultdict(set)
        for key, name, project in session.execute(text("SELECT key, name, id FROM project")):
            self._keys[key.casefold()] = project
            names[name.casefold()].add(project)
        self._names = {ref: next(iter(ids)) for ref, ids in names.items() if len(ids) == 1}
        self._scoped = {ref: next(iter(ids)) for ref, ids in scoped.items() if len(ids) == 1}

    def __call__(self, source_id: int, ref: str) -> UUID | None:
        found = self._found(source_id, ref)
        if found is None:
            link = self._decided.references.get(reference_subject(source_id, ref))
            found = None if link is None else link.target
        return None if found is None else self._decided.final(found)

    def _found(self, source_id: int, ref: str) -> UUID | None:
        word = ref.strip().casefold()
        found = (
            self._own.get((source_id, word))
            or self._keys.get(word)
            or self._names.get(word)
            or self._scoped.get(word)
        )
        if found is None and "\\" in word:  # an area path: what binds the areas above it binds it too
            above = word.rpartition("\\")[0]
            return self._own.get((source_id, above)) or self._found(source_id, above)
        return found

    def loose(self, source_id: int, ref: str) -> bool:
        """Say whether the reference is a scope that is reported as unbound already."""
        word = ref.strip().casefold()
        return (source_id, word) in self._own or (source_id, word.partition("\\")[0]) in self._own
