"""Answers of Jira and Azure DevOps, damaged: every record lands or is rejected with a reason."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from config.document import SourceBlock
from connectors.base import Page, Stream
from sync.land import Landing
from sync.mapping import compile_stream
from sync.prepare import UnreadablePage
from sync.registry import open_source
from tests.support.fake_source import configure
from tests.support.json_mutants import mutants
from tests.support.refusals import in_words
from tests.support.sandboxes import running

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
KEPT = 3  # records of each page; a small page is changed where it matters more often
SOURCES: dict[str, dict[str, Any]] = {
    "jira-cloud": {"kind": "jira", "projects": ["PIT"],
                   "auth": {"type": "basic", "username": "sync@example.com", "token": "env:FUZZ_TOKEN"}},
    "jira-dc": {"kind": "jira", "projects": ["*"], "auth": {"type": "pat", "token": "env:FUZZ_PAT"}},
    "ado": {"kind": "azure_devops", "projects": ["*"], "auth": {"type": "pat", "token": "env:FUZZ_PAT"}},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """A stream of a source that was really asked, one of its pages, and where pages land."""

    stream: Stream
    page: Page
    landing: Landing


def _short(body: bytes) -> bytes:
    """Keep the first records of an answer's lists."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if isinstance(found, list):
        return orjson.dumps(found[:KEPT])
    if isinstance(found, dict):
        lists = ("issues", "values", "value", "issueChangeLogs")
        found = {k: v[:KEPT] if k in lists and isinstance(v, list) else v for k, v in found.items()}
    return orjson.dumps(found)


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[str, Any]]:
    """Pull a page of every stream from every sandbox tracker."""
    os.environ |= {"FUZZ_TOKEN": "sandbox-token", "FUZZ_PAT": "sandbox-pat"}
    found: dict[str, Any] = {}
    opened = []
    for name, options in SOURCES.items():
        with running(name) as sandbox:
            address = sandbox.info.get("organisation_url") or sandbox.info.get("base_url") or sandbox.url
            source = open_source(
                SourceBlock.model_validate({"name": name, "base_url": address, **options}), connections=2
            )
            opened.append(source)
            semantics = source.connector.discover().semantics
            for stream in source.connector.streams(semantics, ()):
                mapping = compile_stream(
                    source.mapping, stream.name, source.connector.transforms(), semantics
                )
                pulled = stream.pull(stream.slices()[0], None)
                page = next(pulled)
                pulled.close()  # type: ignore[attr-defined]  # a generator, as all of them are
                parts = tuple(replace(part, body=_short(part.body)) for part in page.parts)
                found[f"{name} {stream.name}"] = (
                    stream,
                    mapping,
                    replace(page, parts=parts, cursor=None, said=None),
                )
    yield found
    for source in opened:
        source.connector.close()
    for name in ("FUZZ_TOKEN", "FUZZ_PAT"):
        os.environ.pop(name)


STREAMS = [f"{name} {stream}" for name in ("jira-cloud", "jira-dc")
           for stream in ("projects", "users", "sprints", "versions", "issues")] + [
           "ado projects", "ado iterations", "ado work_items"]  # fmt: skip


@pytest.mark.parametrize("which", STREAMS)
def test_a_damaged_answer_lands_or_is_rejected_with_reasons(
    engine: Engine, pages: dict[str, Any], which: str
) -> None:
    stream, mapping, page = pages[which]
    configure(engine)
    with engine.begin() as connection:
        source = connection.execute(text("SELECT id FROM source")).scalar_one()
        run = connection.execute(
            text(
                "INSERT INTO run (source_id, slot, state, mode, queued_at) "
                "VALUES (:source, :now, 'running', 'full', :now) RETURNING id"
            ),
            {"source": source, "now": NOW},
        ).scalar_one()
    landing = Landing(engine, source, run, {stream.name: mapping}, NOW)
    landing.load()
    assert landing.prepare(stream, page).batch.ids
    # What the connector adds of its own is no answer of a tracker.
    bodies = [
        (number, orjson.loads(part.body))
        for number, part in enumerate(page.parts)
        if not part.request.startswith("context of")
    ]

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def damaged(data: st.DataObject) -> None:
        number, body = data.draw(st.sampled_from(bodies))
        changed = orjson.dumps(data.draw(mutants([body])), option=orjson.OPT_PASSTHROUGH_SUBCLASS)
        parts = list(page.parts)
        parts[number] = replace(parts[number], body=changed)
        # A run stores no two versions of one record; each of these is a run of its own.
        landing.known_at += timedelta(seconds=1)
        with in_words(UnreadablePage, "an answer is not of the shape"), engine.connect() as connection:
            prepared = landing.prepare(stream, replace(page, parts=tuple(parts)))
            for one in prepared.batch.rejected:
                assert one.reason
                assert one.locator
            landing.store(connection, prepared)

    damaged()
