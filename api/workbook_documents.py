"""Documents of returned workbooks, the same on the command line and in the API."""

from typing import Any

from api.access.veil import ALL, Veil
from api.wire.answer import z
from sync.workbook.conflicts import ReturnedCell
from sync.workbook.returned import Taken


def taken_document(taken: Taken, veil: Veil = ALL) -> dict[str, Any]:
    """Return what became of a returned workbook."""
    head = taken.submission
    return {
        "id": taken.id,
        "file": taken.file,
        "state": taken.state,
        "why": taken.why,
        "says": taken.says,
        "submission": None if head is None else head.id,
        "project": None if head is None else head.project_key,
        "accepted": [{"record": ref, "cell": part, "locator": where} for ref, part, where in taken.accepted],
        "not_taken": [
            {"kind": one.kind, "record": one.ref, "cell": one.part, "locator": one.locator, "sent": veil.cell(one.sent),
             "returned": veil.cell(one.returned), "current": veil.cell(one.current),
             "says": veil.words(one.says, one.sent, one.returned, one.current)}
            for one in taken.outcomes
        ],
        "notes": list(taken.notes),
        "can_submit": taken.can_submit,
        "answered": taken.copy_file,
    }  # fmt: skip


def conflict_document(cell: ReturnedCell, veil: Veil = ALL) -> dict[str, Any]:
    """Return a cell that two people changed."""
    sent, returned, current, now = map(veil.cell, (cell.sent, cell.returned, cell.current, cell.now))
    return {
        "id": cell.id, "submission": cell.submission, "project": cell.project, "template": cell.template,
        "period": cell.period, "kind": cell.kind, "record": cell.record, "cell": cell.field, "locator": cell.locator,
        "sent": sent, "returned": returned, "current": current,
        "says": veil.words(cell.says, cell.sent, cell.returned, cell.current, cell.now), "at": z(cell.at),
        "by": cell.by, "settled": cell.settled, "settled_at": z(cell.settled_at), "settled_by": cell.settled_by,
        "now": now, "now_by": cell.now_by, "answer": cell.answer, "reason": cell.reason,
    }  # fmt: skip
