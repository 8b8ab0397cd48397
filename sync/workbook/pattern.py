"""A template's empty workbook: to look at, not sent for any project, and not taken back."""

from datetime import UTC, datetime

from model.collection.cases import OWN, RecordCase, has_items
from model.template.template import Template
from sync.workbook.book import Book, Identity
from sync.workbook.layout import Asked, sheets_of
from sync.workbook.render import render

_TOKEN = "pattern"  # noqa: S105  what stands where a workbook that was sent has its token


def pattern(template: Template, period: str, *, now: datetime) -> bytes:
    """Write a template's workbook with nothing filled in."""
    records = () if has_items(template) else (RecordCase(OWN, {}, {}, {}),)
    about = f"{template.label}. A pattern to look at: answers are taken from a project's own workbook only."
    identity = Identity(
        _TOKEN,
        template.header.id,
        template.header.version,
        "(none)",
        period,
        f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    book = Book(
        identity=identity,
        title=f"{template.header.title} · {period}",
        hint="Yellow is asked for, grey is filled in by Muster.",
        about=about,
        sheets=sheets_of(Asked(template, records, period), _TOKEN),
    )
    return render(book)
