"""Match: which scope belongs to which project, and which records name it.

With a project register, its rows say what a project is and other scopes bind to it: by the
register's binding columns, by the configuration's word, or by carrying the project's own key.
Without one, each Jira and Azure DevOps project in scope is a project of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from model.membership import divided, memberships
from sync.areas import KIND, place_items, with_areas
from sync.belonging import Belongs, write_memberships
from sync.bind import Bindings, ScopeRow, bind, configured_keys
from sync.identity.decided import Decided, decided, scope_subject
from sync.identity.propose import proposals_of_people, proposals_of_projects
from sync.identity.turns import take_turn
from sync.people import match_people
from sync.refs import match_references, unmatched

TRACKER_KINDS: Final = ("jira_project", "ado_project")
_LISTED: Final = 100  # records named one by one; a wrong column would name thousands


class NotConfigured(LookupError):
    """There is no portfolio yet."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The one portfolio of this installation."""

    id: int
    key: str
    timezone: str
    currency: str
    name: str


@dataclass(slots=True)
class Matched:
    """What matching found. `unbound` are scopes and project names that lead to no project, in words."""

    projects: int = 0
    created: int = 0
    closed: int = 0
    bound: int = 0
    people: int = 0
    unbound: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def portfolio_of(session: Session) -> Portfolio:
    """Read the portfolio as it is now; `sync.portfolio` has it as it was.

    Raises:
        NotConfigured: None has been applied yet.
    """
    row = session.execute(
        text("SELECT id, key, timezone, currency, name FROM portfolio ORDER BY id LIMIT 1")
    ).one_or_none()
    if row is None:
        raise NotConfigured("no portfolio is configured: apply a configuration first (muster apply -f FILE)")
    return Portfolio(*row)


def match(session: Session, *, known_at: datetime) -> Matched:
    """Bind scopes to projects, records to projects, and identities to people."""
    portfolio = portfolio_of(session)
    take_turn(session.connection())
    found = Matched()
    said = decided(session)
    before = _scopes(session)
    scopes = with_areas(session, before, known_at=known_at)
    if _has_register(session, scopes):
        wanted = _registered(session, (portfolio, known_at), scopes, said, found)
    else:
        wanted = _own(session, (portfolio, known_at), scopes, said, found)
    _write_bindings(session, scopes, wanted)
    found.warnings += place_items(session, before, scopes)
    if any(scope.kind == "register_row" for scope in scopes) or not _has_register(session, scopes):
        # A register without a single row was not read: nothing follows from it.
        found.closed = _close_others(session, {project for project, _ in wanted.values()}, known_at)
    found.bound = len(wanted)
    found.projects = session.execute(
        text("SELECT count(*) FROM project WHERE closed_at IS NULL")
    ).scalar_one()
    lost_names = match_references(session, said)
    proposed = proposals_of_projects(session, known_at)
    found.unbound += _unbound(scopes, wanted, proposed)
    found.unbound += lost_names
    lost = unmatched_rows(session.connection())
    found.warnings += [row_says(*row) for row in lost[:_LISTED]]
    if len(lost) > _LISTED:
        found.warnings.append(f"and {len(lost) - _LISTED} more records that belong to no project")
    found.people = match_people(session, known_at)
    proposals_of_people(session, known_at)
    return found


def unmatched_rows(connection: Connection) -> list[tuple[str, str, str, str | None]]:
    """List the records that lead to no project, as (source, entity, locator, what they call their project).

    The last is None where a record names none. Records of a scope that is itself bound to no project are
    left out: the scope is listed as unbound.
    """
    return unmatched(connection)


def row_says(_source: str, entity: str, locator: str, ref: str | None) -> str:
    """Say of one record why it belongs to no project."""
    if ref is None:
        return f"{locator}: this {entity.replace('_', ' ')} names no project"
    return f"{locator}: there is no project {ref}"


def _scopes(session: Session) -> list[ScopeRow]:
    """Read all scopes that are still there; those of a disabled source stay, they only grow old."""
    rows = session.execute(
        text(
            "SELECT s.id, s.source_id, o.name AS source, o.kind AS source_kind, o.config, s.external_id,"
            " s.kind, s.key, s.keys, s.name, s.attributes, s.locator, s.project_id, s.bound_by"
            " FROM scope s JOIN source o ON o.id = s.source_id"
            " WHERE s.deleted_at IS NULL ORDER BY o.position, o.id, s.id"
        )
    )
    return [ScopeRow(**row) for row in rows.mappings()]


def _has_register(session: Session, scopes: Iterable[ScopeRow]) -> bool:
    """A register that is configured but could not be read yet is still the register."""
    if any(scope.kind == "register_row" for scope in scopes):
        return True
    configs = session.execute(text("SELECT config FROM source")).scalars()
    return any(
        isinstance(book, Mapping) and book.get("holds") == "projects"
        for config in configs
        for book in config.get("workbooks") or ()
    )


def _registered(
    session: Session, at: tuple[Portfolio, datetime], scopes: list[ScopeRow], said: Decided, found: Matched
) -> dict[int, tuple[UUID, str]]:
    twins = _twins(session, said)
    rows: dict[str, list[ScopeRow]] = defaultdict(list)
    for scope in scopes:
        if scope.kind == "register_row":
            rows[twins.get(scope.key, scope.key)].append(scope)
    wanted = {
        key: (_said(group, "name") or group[0].name, memberships(_said(group, "programme")))
        for key, group in rows.items()
    }
    for key, (_, belongs) in wanted.items():
        if wrong := divided(belongs):
            found.warnings.append(f"{rows[key][0].locator}: {key}: {wrong}")
    projects = _projects(session, at[0], wanted, ("register", at[1]), found)
    projects |= {second: projects[key] for second, key in twins.items() if key in projects}
    bindings: Bindings = bind(scopes, projects, TRACKER_KINDS, said)
    found.warnings += bindings.warnings
    return bindings.wanted


def _twins(session: Session, said: Decided) -> dict[str, str]:
    """Return the keys under which projects were confirmed to be known a second time, with their own."""
    if not said.projects:
        return {}
    keys: dict[UUID, str] = dict(session.execute(text("SELECT id, key FROM project")).all())
    return {keys[each]: keys[own] for each, own in said.projects.items() if each in keys and own in keys}


def _said(rows: Iterable[ScopeRow], attribute: str) -> str | None:
    """Return the first row's value that is not empty."""
    for row in rows:
        value = (row.attributes.get(attribute) or {}).get("value")
        if value is not None and str(value).strip():
            return str(value).strip()
    return None


def _own(
    session: Session, at: tuple[Portfolio, datetime], scopes: list[ScopeRow], said: Decided, found: Matched
) -> dict[int, tuple[UUID, str]]:
    """Make every tracker project a project; of two with one key the later carries its source's name.

    The configuration may give scopes another project's key, and so make one project of several.
    """
    twins = _twins(session, said)
    trackers = [scope for scope in scopes if scope.kind in (*TRACKER_KINDS, KIND)]
    given, warnings = configured_keys(trackers)
    found.warnings += warnings
    keys: dict[int, str] = dict(given)
    names: dict[str, tuple[str, Belongs]] = {}
    for scope in trackers:
        if scope.id not in keys and scope.kind != KIND:
            taken = scope.key in names or scope.key in given.values()
            keys[scope.id] = f"{scope.source}-{scope.key}" if taken else scope.key
        if scope.id in keys:
            names.setdefault(keys[scope.id], (scope.name, ()))
    # A second key goes last, so that its project keeps its name.
    standing = {key: name for key, name in names.items() if key not in twins}
    standing |= {
        twins[key]: name for key, name in names.items() if key in twins and twins[key] not in standing
    }
    projects = _projects(session, at[0], standing, ("scope", at[1]), found)
    bound = {}
    for scope in trackers:
        if scope.id in keys:
            own = twins.get(keys[scope.id])
            by = (
                "configuration"
                if scope.id in given
                else "own"
                if own is None
                else "confirmed to be one project"
            )
            bound[scope.id] = (projects[own or keys[scope.id]], by)
    return bound


def _projects(
    session: Session,
    portfolio: Portfolio,
    wanted: Mapping[str, tuple[str, Belongs]],
    origin_at: tuple[str, datetime],
    found: Matched,
) -> dict[str, UUID]:
    """Create, reopen or rename the projects of the given keys; returns key -> id."""
    origin, known_at = origin_at
    programmes = _programmes(
        session, portfolio, {each.name for _, belongs in wanted.values() for each in belongs}
    )
    known: dict[str, UUID] = dict(session.execute(text("SELECT key, id FROM project")).all())
    found.created = len(wanted.keys() - known.keys())
    ids = {key: known.get(key) or uuid4() for key in wanted}
    if ids:
        session.execute(
            text(
                "INSERT INTO project AS p (id, key, name, portfolio_id, programme_id, origin, created_at)"
                " SELECT w.id, w.key, w.name, :portfolio, w.programme, :origin, :at"
                " FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[]), CAST(:names AS text[]),"
                " CAST(:programmes AS bigint[])) AS w(id, key, name, programme)"
                " ON CONFLICT (key) DO UPDATE SET name = excluded.name, programme_id = excluded.programme_id,"
                " origin = excluded.origin, closed_at = NULL"
                " WHERE (p.name, p.programme_id, p.origin, p.closed_at) IS DISTINCT FROM"
                " (excluded.name, excluded.programme_id, excluded.origin, NULL::timestamptz)"
            ),
            {
                "portfolio": portfolio.id,
                "origin": origin,
                "at": known_at,
                "ids": list(ids.values()),
                "keys": list(ids),
                "names": [name for name, _ in wanted.values()],
                "programmes": [
                    programmes[belongs[0].name] if belongs else None for _, belongs in wanted.values()
                ],
            },
        )
        write_memberships(session, {ids[key]: belongs for key, (_, belongs) in wanted.items()}, programmes)
    return ids


def _programmes(session: Session, portfolio: Portfolio, names: set[str]) -> dict[str, int]:
    if names:
        session.execute(
            text(
                "INSERT INTO programme (portfolio_id, name) SELECT :portfolio, n"
                " FROM unnest(CAST(:names AS text[])) AS n ON CONFLICT DO NOTHING"
            ),
            {"portfolio": portfolio.id, "names": sorted(names)},
        )
    return dict(session.execute(text("SELECT name, id FROM programme")).all())


def _write_bindings(
    session: Session, scopes: Iterable[ScopeRow], wanted: Mapping[int, tuple[UUID, str]]
) -> None:
    nothing: tuple[UUID | None, str | None] = (None, None)
    changed: list[tuple[int, UUID | None, str | None]] = [
        (scope.id, *wanted.get(scope.id, nothing))
        for scope in scopes
        if (scope.project_id, scope.bound_by) != wanted.get(scope.id, nothing)
    ]
    if changed:
        session.execute(
            text(
                "UPDATE scope SET project_id = w.project_id, bound_by = w.bound_by"
                " FROM unnest(CAST(:ids AS bigint[]), CAST(:projects AS uuid[]), CAST(:by AS text[]))"
                " AS w(id, project_id, bound_by) WHERE scope.id = w.id"
            ),
            {
                "ids": [row[0] for row in changed],
                "projects": [row[1] for row in changed],
                "by": [row[2] for row in changed],
            },
        )


def _close_others(session: Session, alive: set[UUID], known_at: datetime) -> int:
    """Close the projects that no register row and no scope of their own names any more."""
    closed: Any = session.execute(
        text(
            "UPDATE project SET closed_at = :at WHERE closed_at IS NULL AND id <> ALL(CAST(:alive AS uuid[]))"
        ),
        {"at": known_at, "alive": list(alive)},
    )
    return int(closed.rowcount)


def _unbound(
    scopes: Iterable[ScopeRow], wanted: Mapping[int, tuple[UUID, str]], proposed: Mapping[str, str]
) -> list[str]:
    """Name the unbound tracker scopes; a likely project is proposed, never applied."""
    found = []
    for scope in scopes:
        if scope.kind != "register_row" and scope.id not in wanted:
            hint = proposed.get(scope_subject(scope.source_id, scope.external_id))
            says = f"{scope.source} {scope.key} ({scope.name}) is bound to no project"
            found.append(f"{says}; {hint}" if hint else says)
    return found
