"""Copies: the same words in the reports of several projects, found among all without holding all."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.collect import where
from sync.collection.judges import Judges
from sync.facts import Asked, Facts, ProjectFacts, projects_of, sources_of
from sync.narrative import Copies, texts_of
from sync.precedence import read_values
from sync.records import Background, answered, pulled_records
from sync.store import copy_rows

_Text = tuple[UUID, str, str, bytes]  # project, template, field, hash of the words


def copies_among(session: Session, projects: Sequence[UUID]) -> Copies:
    """Return in how many projects the words of these projects' reports stand."""
    rows = session.execute(
        text(
            "SELECT o.sha256, count(DISTINCT o.project_id) FROM report_text o WHERE o.sha256 = ANY(SELECT t.sha256"
            " FROM report_text t WHERE t.project_id = ANY(CAST(:projects AS uuid[]))) GROUP BY o.sha256"
        ),
        {"projects": list(projects)},
    )
    return Copies({bytes(sha256): count for sha256, count in rows})


def read_texts(session: Session, asked: Asked, judges: Judges) -> set[UUID]:
    """Bring the hashes of some projects' texts up to date; returns the projects that another's texts now touch.

    These are all that share words with a text that is new, or did with one that is gone.
    """
    projects = list(asked.projects or ())
    wanted = set(_texts(session, asked, judges))
    rows = session.execute(
        text(
            "SELECT project_id, template, field, sha256 FROM report_text"
            " WHERE project_id = ANY(CAST(:projects AS uuid[]))"
        ),
        {"projects": projects},
    )
    standing = {(row[0], row[1], row[2], bytes(row[3])) for row in rows}
    gone, new = standing - wanted, wanted - standing
    _write(session, gone, new)
    return _sharing(session, {each[3] for each in gone | new})


def forget_texts(session: Session) -> set[UUID]:
    """Drop the texts of projects that are closed; returns the projects that shared them."""
    rows = session.execute(
        text(
            "DELETE FROM report_text t USING project p WHERE p.id = t.project_id AND p.closed_at IS NOT NULL"
            " RETURNING t.sha256"
        )
    )
    return _sharing(session, {bytes(sha256) for sha256 in rows.scalars()})


def _texts(session: Session, asked: Asked, judges: Judges) -> list[_Text]:
    """Read the reports alone: nothing else of a project is needed for its words."""
    found = projects_of(session, asked)
    values = read_values(
        session, as_of=asked.as_of, known_at=asked.known_at, projects=asked.projects, settling=asked.settling
    )
    for project_id, each in values.items():
        if project_id in found:
            found[project_id].values = each
    facts = Facts(
        list(found.values()), sources_of(session, asked), asked.as_of, asked.known_at, asked.timezone,
        asked.currency,
    )  # fmt: skip
    behind = Background({}, answered=answered(session, asked.known_at, list(found)))
    return [
        (project.id, template, field, sha256)
        for project in facts.projects
        for template, field, sha256 in _of(project, facts, judges, behind)
    ]


def _of(
    project: ProjectFacts, facts: Facts, judges: Judges, behind: Background
) -> set[tuple[str, str, bytes]]:
    return {
        (template.header.id, field, sha256)
        for template in judges.of(where(project))
        if template.header.record == "status_report"
        for checked in pulled_records(template, project, facts, behind)
        for field, sha256 in texts_of(template, checked.record)
    }


def _write(session: Session, gone: Collection[_Text], new: Collection[_Text]) -> None:
    if gone:
        session.execute(
            text(
                "DELETE FROM report_text t USING unnest(CAST(:projects AS uuid[]), CAST(:templates AS text[]),"
                " CAST(:fields AS text[])) AS w(project, template, field) WHERE t.project_id = w.project"
                " AND t.template = w.template AND t.field = w.field"
            ),
            {
                "projects": [each[0] for each in gone],
                "templates": [each[1] for each in gone],
                "fields": [each[2] for each in gone],
            },
        )
    columns = ("project_id", "template", "field", "sha256")
    copy_rows(session.connection(), "report_text", columns, sorted(new, key=str))


def _sharing(session: Session, hashes: Collection[bytes]) -> set[UUID]:
    if not hashes:
        return set()
    rows = session.execute(
        text("SELECT DISTINCT project_id FROM report_text WHERE sha256 = ANY(CAST(:hashes AS bytea[]))"),
        {"hashes": list(hashes)},
    )
    return set(rows.scalars())
