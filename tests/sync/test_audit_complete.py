"""Whoever writes what people decide writes it into the log of who changed what, too."""

import re
from pathlib import Path
from typing import Final

from model.audit import ACTIONS

ROOT: Final = Path(__file__).resolve().parents[2]
# What people configure, decide, answer, approve or are given. What a run or a consolidation works out is not here:
# that has its own ledgers.
DECIDED: Final = {
    "account": "Account", "account_role": "AccountRole", "account_session": "AccountSession", "answer": "Answer",
    "api_token": "ApiToken", "credential": "Credential", "cycle": "Cycle", "dispute": "Dispute",
    "finding_move": "FindingMove", "mapping_version": "MappingVersion", "match_decision": "MatchDecision",
    "policy_version": "PolicyVersion", "portfolio": "Portfolio", "review_comment": "ReviewComment",
    "saved_view": "SavedView",
    "settlement": "Settlement", "settling_rule": "SettlingRule", "source": "Source",
    "submission_move": "SubmissionMove", "tailoring": "Tailoring", "template_version": "TemplateVersion",
    "waiver": "Waiver", "workbook_returned": "WorkbookReturned", "workbook_sent": "WorkbookSent",
}  # fmt: skip
# Files that write such a table and record nothing, each for a reason.
NOT_DECIDED: Final = {
    "sync/collection/publication.py": "what is withdrawn begins anew with what it held; the move is recorded",
    "sync/collection/publish_records.py": "the source that people's answers count as, made by the first of them",
    "sync/collection/template_migration.py": "which version judges what is open follows from its approval",
    "sync/collection/templates.py": "what comes with Muster is stored, as it comes",
    "sync/extent.py": "a run's own marks on its source",
    "sync/findings_store.py": "disputes that end because what they were about is gone",
    "sync/policy/kept.py": "what comes with Muster is stored, as it comes",
    "sync/replay.py": "a run's own marks on its source",
    "sync/reread.py": "a run's own marks on its source",
    "sync/run.py": "a run's own marks on its source",
    "sync/saving.py": "the version it saves is recorded by sync/versions.py",
    "sync/workbook/answered.py": "which copy answers which; sync/workbook/sending.py records the copy",
    "sync/workbook/exchange.py": "where a copy was put; sync/workbook/sending.py records it",
}


_WRITES: Final = re.compile(
    rf'\b(?:INSERT INTO|UPDATE|DELETE FROM) "?({"|".join(DECIDED)})\b'
    rf"|\b(?:insert|update|delete)\(({'|'.join(DECIDED.values())})\b"
)
_TABLES: Final = {model: table for table, model in DECIDED.items()}


def _writes(text: str) -> set[str]:
    return {table or _TABLES[model] for table, model in _WRITES.findall(text)}


def _sources() -> dict[str, str]:
    files = (path for part in ("sync", "api") for path in (ROOT / part).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_whoever_writes_what_people_decide_records_it() -> None:
    sources = _sources()
    writers = {file: found for file, text in sources.items() if (found := _writes(text))}
    silent = {file for file in writers if not re.search(r"\brecord\(\s*connection", sources[file])}
    assert silent == set(NOT_DECIDED)
    assert {table for found in writers.values() for table in found} == set(DECIDED)


def test_every_action_that_is_recorded_is_listed_and_the_other_way_round() -> None:
    said = "\n".join(_sources().values())
    assert {action for action in ACTIONS if f'"{action}"' not in said} == {
        "source.taken_out"
    }  # put together there
    called = re.findall(r'\brecord(?:_alone)?\(\s*\w+,\s*"([a-z_.]+)"', said)
    assert len(called) > 30
    assert set(called) <= set(ACTIONS)
