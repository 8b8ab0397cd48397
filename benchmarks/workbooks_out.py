"""500 workbooks: written for a cycle, and taken back after people filled them in.

Half are monthly reports, half RAID logs of 40 risks. Written means opened as a case, judged, laid out, rendered,
and remembered; taken means read, merged, answered, judged and kept, with an answered copy where a cell
could not be taken. Filling them in is not measured.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from benchmarks.common import embedded, spread, table
from config.database import open_engine
from model.collection.roles import operator
from model.migrations import migrate
from sync.workbook.exchange import take_all
from tests.support.returning import answered, form_answers, send
from tests.support.submissions import open_submission

_MANY: Final = 500
_RISKS: Final = 40
_NOW: Final = datetime(2025, 7, 2, 9, tzinfo=UTC)


def run(*, quick: bool, rounds: int) -> str:
    """Measure and return the report."""
    many = 20 if quick else _MANY
    found: list[dict[str, Any]] = []
    with embedded() as server:
        for number in range(rounds):
            with server.database(f"workbooks_{number}") as database:
                engine = open_engine(database)
                migrate(engine)
                found.append(_round(engine, many))
                engine.dispose()
    said = (
        f"{many} workbooks, half monthly reports and half RAID logs of {_RISKS} risks, in one process; "
        f"rounds: {rounds} (medians, least–most). One in ten that came back has a cell that could not be taken."
    )
    rows = [
        (
            "written",
            spread(found, "written_s"),
            f"{many / _middle(found, 'written_s'):.0f}",
            f"{found[0]['sent_kb']:.0f}",
        ),
        (
            "taken back",
            spread(found, "taken_s"),
            f"{many / _middle(found, 'taken_s'):.0f}",
            f"{found[0]['back_kb']:.0f}",
        ),
    ]
    return f"## Workbooks out and back\n\n{said}\n\n{table(('', 'seconds', 'workbooks/s', 'kB each'), rows)}"


def _round(engine: Engine, many: int) -> dict[str, Any]:
    numbers = [_submission(engine, index) for index in range(many)]
    begun = time.perf_counter()
    sent = [send(engine, number, _NOW) for number in numbers]
    written_s = time.perf_counter() - begun
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        back = [Path(folder) / f"{index:04d}.xlsx" for index in range(many)]
        for index, file in enumerate(back):
            file.write_bytes(_filled_in(index, sent[index].body))
        size = sum(file.stat().st_size for file in back)
        begun = time.perf_counter()
        taken = list(take_all(engine, back, actor=operator("Officer"), now=lambda: _NOW))
        taken_s = time.perf_counter() - begun
    if any(each.state != "taken" or not each.accepted for each in taken):
        raise SystemExit(
            "a workbook was not taken: " + next(each.says for each in taken if not each.accepted)
        )
    print(f"  written {written_s:.1f} s, taken {taken_s:.1f} s", file=sys.stderr, flush=True)
    return {
        "written_s": written_s,
        "taken_s": taken_s,
        "sent_kb": sum(len(each.body) for each in sent) / many / 1000,
        "back_kb": size / many / 1000,
    }


def _submission(engine: Engine, index: int) -> int:
    key = f"P{index:04d}"
    if index % 2 == 0:
        return open_submission(engine, key=key, now=_NOW).id
    risks = {
        f"R-{number:03d}": {
            "item_id": f"R-{number:03d}", "kind": "risk", "title": f"Risk {number} of {key}: a supplier delivers late",
            "cause": "One firm makes the part", "effect": "The test begins later", "owner": "Ada Obi", "state": "open",
            "raised_on": "2025-05-01", "reviewed_on": "2025-06-20", "probability": 3, "impact": 4,
            "response": "reduce", "action": "Ask a second firm for an offer", "action_due": "2025-09-30",
        }
        for number in range(1, _RISKS + 1)
    }  # fmt: skip
    return open_submission(engine, key=key, template="raid-log", version="2.0.0", filled=risks, now=_NOW).id


def _filled_in(index: int, body: bytes) -> bytes:
    wrong = index % 10 < 1
    if index % 2 == 0:
        answers = {
            "rag_schedule": "AMBER", "rag_cost": "GREEN", "rag_scope": "GREEN", "rag_risk": "GREEN",
            "rag_benefit": "GREEN", "rag_overall": "AMBER", "green_by": "soon" if wrong else datetime(2025, 9, 30),  # noqa: DTZ001 -- a cell's date has no zone
            "path_to_green": "Two testers more start in August, as agreed with the supplier",
        }  # fmt: skip
        return form_answers(body, answers)
    return answered(body, {("R-001", "impact"): "=1+1" if wrong else 5, ("R-002", "state"): "closed"})


def _middle(found: list[dict[str, Any]], name: str) -> float:
    return sorted(float(each[name]) for each in found)[len(found) // 2]
