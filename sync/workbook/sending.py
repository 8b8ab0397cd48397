"""Writes a submission's workbook and remembers what stood in it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from sync.audit import record
from sync.collection.case import Case
from sync.workbook.book import HEAD, SOURCE, TODO, WHY, Book, Identity
from sync.workbook.layout import Asked, Remark, base_of, sheets_of
from sync.workbook.render import render

_HINT: Final = (
    "Yellow is asked for, blue was filled in (change it with a reason), grey is locked. Save it and give it back: "
    "nothing is lost."
)
BESIDE: Final = "~"  # no record is called so: what stood in the workbook beside its answers
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Written:
    """A workbook ready to be handed out. `id` is its row in the store."""

    id: int
    file: str
    body: bytes
    token: str


def book_of(
    case: Case, *, token: str, now: datetime, remarks: Mapping[tuple[str, str], Remark] | None = None
) -> Book:
    """Lay out the workbook of a submission as it stands."""
    head = case.submission
    judgement = case.judge()
    findings = {
        ref: (*result.findings, *judgement.problems.get(ref, ())) for ref, result in judgement.results.items()
    }
    people = _people(case)
    asked = Asked(
        template=case.template,
        records=case.records,
        period=head.period,
        findings=findings,
        needed={ref: result.needed for ref, result in judgement.results.items()},
        people=people,
        remarks=remarks or {},
    )
    return Book(
        identity=Identity(
            token, head.template, head.version, head.project_key, head.period, f"{now.astimezone(UTC):{_INSTANT}}"
        ),
        title=title_of(case),
        hint=_HINT,
        about=(
            f"Due by the end of {head.due_day:%A, %d %B %Y} ({head.timezone}). "
            f"{case.template.label}, as of {case.as_of}. * is required. Drop-downs and notes say what is expected."
        ),
        sheets=sheets_of(asked, token),
        people=people,
    )  # fmt: skip


def title_of(case: Case) -> str:
    """Return a workbook's first line."""
    head = case.submission
    return f"{head.project_key} · {head.project_name} · {case.template.header.title} · {head.period}"


def file_of(case: Case, *, answered: bool = False) -> str:
    """Return what a workbook is called: letters that every file system takes."""
    head = case.submission
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in head.project_key)
    return f"{kept.strip('.') or head.id}_{head.template}_{head.period}{'_answered' if answered else ''}.xlsx"


def write_workbook(
    connection: Connection,
    case: Case,
    *,
    by: str,
    now: datetime,
    remarks: Mapping[tuple[str, str], Remark] | None = None,
    destination: str | None = None,
) -> Written:
    """Write a submission's workbook and remember its cells; `remarks` make it an answered copy."""
    token = secrets.token_hex(12)
    book = book_of(case, token=token, now=now, remarks=remarks)
    body = render(book)
    file = file_of(case, answered=remarks is not None)
    head = case.submission
    row = {
        "token": token, "submission": head.id, "template": head.template, "version": head.version,
        "revision": head.revision, "checksum": book.identity.checksum,
        "base": Jsonb({**_plain(base_of(case.records)), BESIDE: _beside(case, book)}),
        "title": book.title, "file": file, "destination": destination, "at": now, "by": by,
    }  # fmt: skip
    id_ = connection.scalar(
        text(
            "INSERT INTO workbook_sent (token, submission_id, template, version, revision, checksum, base, title, file,"
            " destination, sent_at, sent_by) VALUES (:token, :submission, :template, :version, :revision, :checksum,"
            " :base, :title, :file, :destination, :at, :by) RETURNING id"
        ),
        row,
    )
    said = {"workbook": id_, "submission": head.id, "file": file, "to": destination}
    record(connection, "export.workbook", f"project {head.project_key}", said, by=by)
    return Written(int(id_ or 0), file, body, token)


def _beside(case: Case, book: Book) -> dict[str, Any]:
    """Return what stands in a workbook beside its answers: the reasons, and the texts of our own columns."""
    because = {
        record.ref: {name: given.because for name, given in record.answers.items() if given.because}
        for record in case.records
    }
    said = {
        row.id: {
            column: str(row.boxes[column].content)
            for column in (WHY, SOURCE, TODO)
            if column in row.boxes and row.boxes[column].content is not None
        }
        for sheet in book.sheets
        for row in sheet.rows
    }
    return {"because": {ref: each for ref, each in because.items() if each},
            "said": {row: each for row, each in said.items() if each}
                    | {HEAD: {"hint": book.hint, "about": book.about}}}  # fmt: skip


def _people(case: Case) -> tuple[str, ...]:
    names = case.shared.get("active_people") or next(
        (record.context["active_people"] for record in case.records if record.context.get("active_people")),
        (),
    )
    return tuple(sorted({str(name) for name in names}))


def _plain(base: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    from sync.collection.answers import plain

    return {ref: {name: plain(value) for name, value in values.items()} for ref, values in base.items()}
