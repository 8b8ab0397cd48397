"""What is known of people: accounts in trackers, names in workbooks; and which of them may be one person."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.identity.blocks import crossing, pairs
from model.identity.names import Name, name_likeness, read_name
from model.identity.proposal import PROPOSED_FROM, Proposal, Reason, total
from sync.identity.ranked import ranked
from sync.identity.written import PERSON_ATTRIBUTES, name_key

_OFTEN: Final = 3  # people of one name from which the name tells little
_WORTH_A_LOOK: Final = PROPOSED_FROM - 0.1  # by the name alone: what else is known may still add to it


@dataclass(frozen=True, slots=True)
class Account:
    """How one tracker knows a person."""

    source: str
    tracker: str  # kind and host: two sources of one are one tracker
    name: str
    mail: str | None
    active: bool | None


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person with all accounts, those of merged persons included."""

    id: UUID
    name: str
    accounts: tuple[Account, ...]

    @property
    def says(self) -> str:
        """Return how people know them."""
        known = sorted({account.source for account in self.accounts})
        return f"{self.name} ({', '.join(known)})" if known else self.name

    @property
    def names(self) -> frozenset[str]:
        """All names trackers show."""
        return frozenset(account.name for account in self.accounts)


@dataclass(frozen=True, slots=True)
class WrittenSeen:
    """A name that somebody wrote into a workbook, in which projects and as what."""

    subject: str
    name: str
    where: str
    projects: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """All that proposals about people are found in. Persons are in the order they became known."""

    persons: tuple[PersonSeen, ...]
    written: tuple[WrittenSeen, ...]


def people_seen(session: Session) -> PeopleSeen:
    """Read persons and written names."""
    return PeopleSeen(_persons(session), _written(session))


def people_proposals(session: Session, seen: PeopleSeen) -> Iterator[Proposal]:
    """Return every two persons who may be one, and for each written name who may be meant."""
    names = [[read_name(name) for name in sorted(person.names)] for person in seen.persons]
    blocks = [frozenset[str]().union(*(name.blocks for name in each)) for each in names]
    alike = {
        pair: reasons
        for pair in pairs(blocks)
        if total(reasons := _best(names[pair[0]], names[pair[1]])) >= _WORTH_A_LOOK
    }
    written = [read_name(each.name) for each in seen.written]
    meant = {
        pair: reasons
        for pair in crossing([name.blocks for name in written], blocks)
        if total(reasons := _best([written[pair[0]]], names[pair[1]])) >= _WORTH_A_LOOK
    }
    looked_at = {seen.persons[at].id for pair in alike for at in pair} | {
        seen.persons[at].id for _, at in meant
    }
    works = _works_on(session, looked_at)
    keys = _project_keys(session)
    often = Counter(key for person in seen.persons for key in {read_name(name).key for name in person.names})
    decided = _pairs_decided(session)
    for (one, other), reasons in sorted(alike.items()):
        elder, younger = seen.persons[one], seen.persons[other]
        if frozenset([elder.id, younger.id]) not in decided:
            more = (*_both(elder, younger), *_together(works[elder.id], works[younger.id], keys))
            doubt = _common_name(elder, often)
            yield Proposal(
                "person", str(younger.id), elder.id, younger.says, elder.says, (*reasons, *more, *doubt)
            )
    by_name: dict[str, list[Proposal]] = defaultdict(list)
    for (place, at), reasons in sorted(meant.items()):
        name, person = seen.written[place], seen.persons[at]
        more = tuple(_together(frozenset(name.projects), works[person.id], keys))
        says = f"{name.name!r}, {name.where}"
        by_name[name.subject].append(
            Proposal("name", name.subject, person.id, says, person.says, (*reasons, *more))
        )
    for each in by_name.values():
        yield from ranked(each)


def _best(some: Sequence[Name], others: Sequence[Name]) -> tuple[Reason, ...]:
    """Return what speaks most for any two of the names."""
    return max((name_likeness(one, other) for one in some for other in others), key=total, default=())


def _both(one: PersonSeen, other: PersonSeen) -> Iterator[Reason]:
    """Say what the accounts of two persons speak against."""
    shared = sorted(
        {
            (a.source, a.active, b.active)
            for a in one.accounts
            for b in other.accounts
            if a.tracker == b.tracker
        },
        key=repr,
    )
    if shared:
        source, *active = shared[0]
        if False in active:
            yield Reason("left", f"one of the two accounts of {source} is no longer active", -0.02)
        else:
            yield Reason("two_accounts", f"both have an account of their own in {source}", -0.25)
    mails = {account.mail for account in one.accounts} - {None}
    others = {account.mail for account in other.accounts} - {None}
    if mails and others:
        yield Reason("other_address", "their addresses differ", -0.06)


def _together(some: Collection[UUID], others: Collection[UUID], keys: Mapping[UUID, str]) -> Iterator[Reason]:
    shared = sorted(keys[each] for each in set(some) & set(others) if each in keys)
    if shared:
        more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        yield Reason("same_project", f"both are found in {shared[0]}{more}", 0.05)


def _common_name(person: PersonSeen, often: Mapping[str, int]) -> Iterator[Reason]:
    most = max((often[read_name(name).key] for name in person.names), default=0)
    if most >= _OFTEN:
        yield Reason("common_name", f"{most} people are known by this name", -0.1)


def _persons(session: Session) -> tuple[PersonSeen, ...]:
    rows = session.execute(
        text(
            "SELECT coalesce(p.same_as, p.id), r.display_name, s.name, s.kind || ' ' || coalesce(s.host, s.name),"
            " i.display_name, coalesce(i.email_hash, p.email_hash), i.active FROM identity i"
            " JOIN source s ON s.id = i.source_id JOIN person p ON p.id = i.person_id"
            " JOIN person r ON r.id = coalesce(p.same_as, p.id) ORDER BY r.created_at, r.id, i.id"
        )
    )
    accounts: dict[tuple[UUID, str], list[Account]] = defaultdict(list)
    for person, name, *account in rows:
        accounts[person, name].append(Account(*account))
    return tuple(PersonSeen(person, name, tuple(each)) for (person, name), each in accounts.items())


def _written(session: Session) -> tuple[WrittenSeen, ...]:
    """Read the names that people wrote, in workbooks and answers: managers, sponsors, owners of RAID items."""
    rows = session.execute(
        text(
            "SELECT value #>> '{}', attribute, project_id, source FROM (SELECT DISTINCT ON (c.project_id,"
            " c.attribute, c.source_id) c.value, c.attribute, c.project_id, s.name AS source FROM claim c"
            " JOIN source s ON s.id = c.source_id WHERE s.kind IN ('excel', 'collection')"
            " AND c.attribute = ANY(CAST(:attributes AS text[]))"
            " ORDER BY c.project_id, c.attribute, c.source_id, c.known_from DESC, c.id DESC) AS standing"
            " WHERE value <> 'null'"
            " UNION ALL SELECT v.owner, 'RAID owner', v.project_id, s.name FROM raid_item v"
            " JOIN source s ON s.id = v.source_id WHERE s.kind IN ('excel', 'collection')"
            " AND v.known_to IS NULL AND NOT v.deleted"
            " AND v.owner IS NOT NULL"
        ),
        {"attributes": sorted(PERSON_ATTRIBUTES)},
    )
    found: dict[str, tuple[str, set[str], set[str], set[UUID]]] = {}
    for name, role, project, source in rows:
        if key := name_key(name):
            _, roles, sources, projects = found.setdefault(key, (name, set(), set(), set()))
            roles.add(role)
            sources.add(source)
            projects |= {project} - {None}
    known = set(
        session.scalars(
            text("SELECT subject FROM match_proposal WHERE kind = 'name' AND state = 'confirmed'")
        )
    )
    return tuple(
        WrittenSeen(
            key, name, f"{', '.join(sorted(roles))} in {', '.join(sorted(sources))}", tuple(sorted(projects))
        )
        for key, (name, roles, sources, projects) in sorted(found.items())
        if key not in known
    )


def _works_on(session: Session, persons: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    """Return the projects in whose work items people are found."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    if persons:
        rows = session.execute(
            text(
                "SELECT DISTINCT coalesce(p.same_as, p.id), c.project_id FROM identity i"
                " JOIN person p ON p.id = i.person_id JOIN work_item w ON w.source_id = i.source_id"
                " AND w.assignee_id = i.external_id AND w.deleted_at IS NULL JOIN scope c"
                " ON c.source_id = w.source_id AND c.external_id = w.scope_external_id"
                " WHERE c.project_id IS NOT NULL AND coalesce(p.same_as, p.id) = ANY(CAST(:persons AS uuid[]))"
            ),
            {"persons": list(persons)},
        )
        for person, project in rows:
            found[person].add(project)
    return defaultdict(frozenset, {person: frozenset(projects) for person, projects in found.items()})


def _project_keys(session: Session) -> Mapping[UUID, str]:
    return dict(session.execute(text("SELECT id, key FROM project WHERE closed_at IS NULL")).all())


def _pairs_decided(session: Session) -> frozenset[frozenset[UUID]]:
    """Return the pairs that were refused, whichever of a merged person's selves was meant."""
    rows = session.execute(
        text(
            "SELECT coalesce(a.same_as, a.id), coalesce(b.same_as, b.id) FROM match_proposal m"
            " JOIN person a ON a.id = CAST(m.subject AS uuid) JOIN person b ON b.id = m.target"
            " WHERE m.kind = 'person' AND m.state = 'refused'"
        )
    )
    return frozenset(frozenset(row) for row in rows)
