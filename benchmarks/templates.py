"""Templates applied: our check with its CEL against the same rules as plain Python functions, in one run.

Monthly reports of generated projects and RAID items, as messy as real ones. Both judge every record, the
results are compared one by one, and a difference ends the benchmark.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from benchmarks.common import Measured, median, spread, table
from benchmarks.templates_monthly import monthly_status
from benchmarks.templates_plain import Plain
from benchmarks.templates_raid import raid_log
from benchmarks.templates_records import Case, items, reports
from config import shipped
from model.template.check import check
from model.template.language import Document
from model.template.template import Template, load

BATCH: Final = (
    1_000  # records that both judge before they are compared, so that neither runs on a warmer machine
)
HEAD: Final = (
    "template",
    "records",
    "ours, records/s",
    "plain functions, records/s",
    "time, ours ÷ plain",
    "findings",
)
Generated = Callable[[int], Iterator[Case]]


def run(*, quick: bool, rounds: int) -> str:
    """Measure both templates and return the report."""
    jobs: Sequence[tuple[str, Callable[[Document], Plain], Generated, int]] = (
        ("monthly-status", monthly_status, reports, 10_000),
        ("raid-log", raid_log, items, 100_000),
    )
    rows = []
    for name, by_hand, generated, count in jobs:
        template = load(shipped.text("templates", name), name)
        plain = by_hand(template.document)
        size = count // 50 if quick else count
        found = [_round(template, plain, generated(size)) for _ in range(rounds)]
        ratios = [{"ratio": each["ours"] / each["plain"]} for each in found]
        rows.append(
            (
                template.label,
                f"{size:,}",
                f"{size / median(found, 'ours'):,.0f}",
                f"{size / median(found, 'plain'):,.0f}",
                spread(ratios, "ratio"),
                f"{found[0]['findings']:,}",
            )
        )
        print(f"  {template.label}: {spread(ratios, 'ratio')} × plain", file=sys.stderr, flush=True)
    said = (
        f"Processor time of one process, records read from JSON's types; both judged in turns of {BATCH:,} and every"
        f" result is the same; rounds: {rounds} (medians, least–most)."
    )
    return f"## Templates\n\n{said}\n\n{table(HEAD, rows)}"


def _round(template: Template, plain: Plain, cases: Iterator[Case]) -> Measured:
    """Let both judge every record; returns the seconds each took and how many findings there were."""
    ours = theirs = 0.0
    findings = 0
    while batch := list(islice(cases, BATCH)):
        gc.collect()
        start = time.process_time()
        results = [check(template, *case).to_json() for case in batch]
        between = time.process_time()
        by_hand = [plain(*case) for case in batch]
        theirs += time.process_time() - between
        ours += between - start
        for case, result, expected in zip(batch, results, by_hand, strict=True):
            _same(case, result, expected)
            findings += len(result["findings"])
    return {"ours": ours, "plain": theirs, "findings": findings}


def _same(case: Case, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    if ours != theirs:
        differ = {
            name: (value, theirs.get(name)) for name, value in ours.items() if value != theirs.get(name)
        }
        raise SystemExit(f"both judged {case} otherwise: {differ}")
