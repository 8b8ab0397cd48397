"""Search: what of the visible projects, work items, milestones, risks and people goes by some words.

Words are found by their beginnings, in any order, all of them (PostgreSQL full text, in the words as written,
for titles come in every language); a key by itself. Where nothing is found so and pg_trgm is installed, what is
nearly written like it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from api.wire.answer import Visible, day

SearchKind = Literal["project", "work_item", "milestone", "raid_item", "person"]
KINDS: Final[tuple[SearchKind, ...]] = ("project", "work_item", "milestone", "raid_item", "person")
MOST_WORDS: Final = 8
_NEAR: Final = 0.4  # of 1: two letters of a word of seven may be wrong
_MARKS: Final = str.maketrans("\\", " ", "\x00")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. `key` is how people call it; `url` leads to it in its tracker.

    `project` is the key of the project it belongs to; None: to none that is known.
    """

    kind: SearchKind
    key: str | None
    title: str
    project: str | None = None
    project_name: str | None = None
    about: str | None = None  # its state, or the source that holds it, in its own words
    due: str | None = None
    source: str | None = None
    url: str | None = None
    near: bool = False  # only nearly written so


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: the words, whose rows, how many of each kind, and whether people may be shown."""

    words: str
    visible: Visible
    most: int
    people: bool
    kinds: tuple[SearchKind, ...] = KINDS


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of one kind, best first; `more` says that there are others."""

    kind: SearchKind
    hits: tuple[Hit, ...]
    more: bool


def tsquery(words: str) -> str | None:
    """Return words as PostgreSQL's query of words that begin so; None where there is none among them."""
    terms = [term for term in words.translate(_MARKS).split() if any(map(str.isalnum, term))][:MOST_WORDS]
    return " & ".join("'" + term.replace("'", "''") + "':*" for term in terms) or None


def search(session: Session, asked: Asked) -> list[Found]:
    """Return what is found, a kind at a time; kinds of which nothing is found are left out."""
    query = tsquery(asked.words)
    if query is None:
        return []
    near = session.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")) is not None
    found = []
    for kind in asked.kinds:
        if kind == "person" and not asked.people:
            continue
        hits = _hits(session, kind, asked, query)
        if not hits and near:
            hits = _near(session, kind, asked)
        if hits:
            found.append(Found(kind, tuple(hits[: asked.most]), len(hits) > asked.most))
    return found


def _hits(session: Session, kind: SearchKind, asked: Asked, query: str) -> list[Hit]:
    values = {"key": asked.words.strip(), "most": asked.most + 1}
    if kind != "work_item":
        return _read(session, kind, asked, _MATCHES[kind], _ORDER[kind], {**values, "query": query})
    hits = _read(session, kind, asked, _KEYED, _ORDER[kind], values)
    seen = "true" if asked.visible is None else "g.project_id = ANY(:visible)"
    titled = _TITLED.format(seen=seen)
    more = _read(session, kind, asked, titled, _ORDER[kind], {**values, "query": query})
    return hits + [hit for hit in more if hit not in hits]


def _near(session: Session, kind: SearchKind, asked: Asked) -> list[Hit]:
    column = _TITLE[kind]
    session.execute(text(f"SET LOCAL pg_trgm.word_similarity_threshold = {_NEAR}"))
    values = {"words": asked.words.strip(), "most": asked.most + 1}
    order = f"word_similarity(:words, {column}) DESC, {column}"
    hits = _read(session, kind, asked, f":words <% {column}", order, values)
    return [replace(hit, near=True) for hit in hits]


def _read(
    session: Session, kind: SearchKind, asked: Asked, matches: str, order: str, values: dict[str, Any]
) -> list[Hit]:
    seen = "true"
    if asked.visible is not None and kind != "person":
        seen, values = f"{_OWNER[kind]} = ANY(:visible)", {**values, "visible": list(asked.visible)}
    statement = f"{_FROM[kind]} AND ({matches}) AND {seen} ORDER BY {order} LIMIT :most"
    return [_SHOWN[kind](row) for row in session.execute(text(statement), values)]


_TITLE: Final[dict[SearchKind, str]] = {
    "project": "p.name", "work_item": "w.title", "milestone": "r.name", "raid_item": "r.title",
    "person": "h.display_name",
}  # fmt: skip
_OWNER: Final[dict[SearchKind, str]] = {
    "project": "p.id", "work_item": "s.project_id", "milestone": "r.project_id", "raid_item": "r.project_id",
}  # fmt: skip
_FROM: Final[dict[SearchKind, str]] = {
    "project": """SELECT p.key, p.name AS title, p.closed_at, g.name AS programme FROM project p
        LEFT JOIN programme g ON g.id = p.programme_id WHERE true""",
    "work_item": """SELECT w.key, w.title, w.type, w.status, w.due, w.url, o.name AS source, p.key AS project,
        p.name AS project_name FROM work_item w JOIN source o ON o.id = w.source_id
        LEFT JOIN scope s ON s.source_id = w.source_id AND s.external_id = w.scope_external_id
        LEFT JOIN project p ON p.id = s.project_id WHERE w.deleted_at IS NULL""",
    "milestone": """SELECT NULL AS key, r.name AS title, r.state, coalesce(r.actual, r.forecast, r.baseline) AS due,
        r.url, o.name AS source, p.key AS project, p.name AS project_name FROM milestone r
        JOIN source o ON o.id = r.source_id LEFT JOIN project p ON p.id = r.project_id
        WHERE r.known_to IS NULL AND NOT r.deleted AND r.amends_source_id IS NULL""",
    "raid_item": """SELECT r.item_id AS key, r.title, concat_ws(', ', r.kind, r.state) AS state, r.due, r.url,
        o.name AS source, p.key AS project, p.name AS project_name FROM raid_item r
        JOIN source o ON o.id = r.source_id LEFT JOIN project p ON p.id = r.project_id
        WHERE r.known_to IS NULL AND NOT r.deleted AND r.amends_source_id IS NULL AND r.title IS NOT NULL""",
    "person": """SELECT h.display_name AS title, (SELECT string_agg(DISTINCT o.name, ', ') FROM identity i
        JOIN source o ON o.id = i.source_id WHERE i.person_id = h.id) AS source FROM person h
        WHERE h.same_as IS NULL""",
}
_IS: Final = "to_tsvector('simple'::regconfig, {}) @@ to_tsquery('simple'::regconfig, :query)"
# A key is looked up source by source, as the index has it.
_KEYED: Final = """w.id IN (SELECT k.id FROM source x
    JOIN work_item k ON k.source_id = x.id AND k.key = ANY(ARRAY[:key, upper(:key)]))"""
# A word that most titles have need not be sorted out of all of them: the newest of a thousand are as good.
_TITLED: Final = f"""w.id IN (SELECT f.id FROM work_item f
    LEFT JOIN scope g ON g.source_id = f.source_id AND g.external_id = f.scope_external_id
    WHERE {_IS.format("f.title")} AND f.deleted_at IS NULL AND {{seen}} LIMIT 1000)"""
_MATCHES: Final[dict[SearchKind, str]] = {
    "project": f"{_IS.format('p.name')} OR starts_with(lower(p.key), lower(:key))",
    "milestone": _IS.format("r.name"),
    "raid_item": f"{_IS.format('r.title')} OR lower(r.item_id) = lower(:key)",
    "person": f"""{_IS.format("h.display_name")} OR EXISTS (SELECT FROM identity i
        WHERE i.person_id = h.id AND {_IS.format("i.display_name")})""",
}
_ORDER: Final[dict[SearchKind, str]] = {
    "project": "lower(p.key) <> lower(:key), p.closed_at IS NOT NULL, p.name, p.key",
    "work_item": "w.updated_at DESC NULLS LAST, w.id DESC",
    "milestone": "coalesce(r.actual, r.forecast, r.baseline) DESC NULLS LAST, r.id",
    "raid_item": "r.item_id IS DISTINCT FROM :key, r.state = 'closed', r.id DESC",
    "person": "h.display_name, h.id",
}


def _project(row: Row[Any]) -> Hit:
    return Hit(
        "project",
        row.key,
        row.title,
        project=row.key,
        project_name=row.title,
        about=row.programme,
    )


def _record(kind: SearchKind) -> Callable[[Row[Any]], Hit]:
    def shown(row: Row[Any]) -> Hit:
        about = f"{row.type}, {row.status}" if kind == "work_item" else row.state
        return Hit(
            kind, row.key, row.title, row.project, row.project_name, about or None, day(row.due), row.source, row.url
        )  # fmt: skip

    return shown


def _person(row: Row[Any]) -> Hit:
    return Hit("person", None, row.title, source=row.source)


_SHOWN: Final[dict[SearchKind, Callable[[Row[Any]], Hit]]] = {
    "project": _project,
    "work_item": _record("work_item"),
    "milestone": _record("milestone"),
    "raid_item": _record("raid_item"),
    "person": _person,
}


def kinds_of(given: SearchKind | None) -> Sequence[SearchKind]:
    """Return the kinds that are looked for: the one that was asked for, else all."""
    return KINDS if given is None else (given,)
