"""Mappings by version: saved with who saved them, held to their examples now and in every run to come."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from sync.drift import drifted
from sync.proposal import proposal_text
from sync.saving import Saved, save
from sync.versions import ProposalError, Saving, parse_proposal, versions_of
from tests.support.fake_source import T0, FakeTracker, configure, fake_opener, issue, run_once
from tests.support.store import ask

LATER = T0 + timedelta(days=1)


def saved(
    engine: Engine, tracker: FakeTracker, written: str, by: str = "Ada", *, anyway: bool = False
) -> Saved:
    proposal = parse_proposal(written, where="a.yaml", source="fake")
    return save(
        engine, "fake", proposal, where="a.yaml", saving=Saving(by, LATER, proposal.note), opener=fake_opener(tracker),
        anyway=anyway,
    )  # fmt: skip


def stored(engine: Engine) -> FakeTracker:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1, points=3), issue(2, issuetype={"name": "Story"})]})
    run_once(engine, tracker)
    return tracker


POINTS = """
source: fake
note: effort is what they mean
mapping:
  issues: {points: {path: fields.points, transform: number}, title: fields.summary}
"""


def test_a_run_notes_the_version_it_reads_by(engine: Engine) -> None:
    tracker = stored(engine)
    saved(engine, tracker, POINTS)
    run_once(engine, tracker, at=T0 + timedelta(days=2))

    with engine.connect() as connection:
        second, first = versions_of(connection, "fake")
    assert (first["version"], first["saved_by"], first["runs"]) == (1, "configuration", 1)
    assert (second["version"], second["saved_by"], second["runs"]) == (2, "Ada", 1)
    assert second["note"] == "effort is what they mean"
    assert list(second["settings"]) == ["mapping"]


def test_a_saved_mapping_stands_in_the_sources_block_and_needs_no_full_read(engine: Engine) -> None:
    tracker = stored(engine)

    done = saved(engine, tracker, POINTS)
    run, _ = run_once(engine, tracker, at=T0 + timedelta(days=2))

    assert done.missing == ()
    [row] = ask(engine, "SELECT config -> 'mapping' -> 'issues' ->> 'title' AS title FROM source")
    assert row["title"] == "fields.summary"
    assert ask(engine, "SELECT mode FROM run WHERE id = :run", run=run) == [{"mode": "incremental"}]


def test_fields_that_no_run_asked_for_are_told_when_it_is_saved(engine: Engine) -> None:
    done = saved(engine, stored(engine), "mapping: {issues: {points: fields.effort}}")

    assert done.missing == ("effort",)


def test_without_examples_of_its_own_a_mapping_takes_some_from_the_store(engine: Engine) -> None:
    tracker = stored(engine)

    done = saved(engine, tracker, POINTS)

    [example] = done.version.examples
    assert done.taken == 1
    assert example["expect"]["key"] in {"APO-1", "APO-2"}


@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        ("{stream: issues, key: APO-1, expect: {points: 5}}", "points is 3.0 and must be 5"),
        ("{stream: issues, key: APO-9, expect: {points: 5}}", "no stored work_item 'APO-9'"),
        ("{stream: issues, key: APO-1, expect: {size: 5}}", "no mapped attribute size"),
        ("{stream: bugs, key: APO-1, expect: {points: 5}}", "no stream 'bugs'; there are: issues"),
        ("{stream: issues, expect: {points: 5}}", "give the record itself, or the key"),
        (
            "{stream: issues, record: {id: '7', fields: {points: x}}, expect: {points: 5}}",
            "rejects it: points",
        ),
    ],
)
def test_an_example_that_does_not_come_out_is_refused_in_words(
    engine: Engine, example: str, complaint: str
) -> None:
    tracker = stored(engine)

    with pytest.raises(ProposalError, match=complaint):
        saved(engine, tracker, f"{POINTS}\nexamples: [{example}]")
    with engine.connect() as connection:
        assert len(versions_of(connection, "fake")) == 1


def test_examples_run_with_every_run_and_a_failing_one_is_drift(engine: Engine) -> None:
    tracker = stored(engine)
    saved(engine, tracker, f"{POINTS}\nexamples: [{{stream: issues, key: APO-1, expect: {{points: 3}}}}]")
    with engine.begin() as connection:  # somebody applies another mapping over it
        connection.execute(
            text(
                "UPDATE source SET config = jsonb_set(config, '{mapping,issues,points}', '\"fields.created_points\"')"
            )
        )

    run_once(engine, tracker, at=T0 + timedelta(days=2))

    with engine.connect() as connection:
        [found] = drifted(connection)
    assert found.says == "example issues APO-1: points is None and must be 3"
    assert found.kind == "example"

    saved(engine, tracker, f"{POINTS}\nexamples: [{{stream: issues, key: APO-1, expect: {{points: 3}}}}]")
    run_once(engine, tracker, at=T0 + timedelta(days=3))
    with engine.connect() as connection:
        assert drifted(connection) == []


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("- a", "expected settings such as"),
        ("mapping: {", "a.yaml, line"),
        ("source: another", "it is for another, not for fake"),
        ("projects: [A]", "projects: not of how records are read"),
        ("examples: [{stream: issues}]", "examples.0.expect"),
        ("{}", "this is how fake is read already"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_in_words(engine: Engine, written: str, complaint: str) -> None:
    tracker = stored(engine)
    saved(engine, tracker, "mapping: {}") if written == "{}" else None

    with pytest.raises(ProposalError, match=complaint):
        saved(engine, tracker, written)


def test_a_source_that_proposes_nothing_says_so() -> None:
    from connectors.base import Discovery

    text_ = proposal_text(
        "fake", Discovery(semantics={"story_points": "points"}, evidence={"story_points": "so"})
    )

    assert "Nothing needs to be set" in text_
    assert parse_proposal(text_, where="a.yaml", source="fake").settings() == {}


def test_a_mapping_that_rejects_what_is_taken_now_is_saved_only_when_that_is_meant(engine: Engine) -> None:
    tracker = stored(engine)
    rejecting = "mapping: {issues: {points: fields.summary}}"

    with pytest.raises(
        ProposalError, match=r"2 records that are taken now would be rejected: issues: points"
    ) as no:
        saved(engine, tracker, rejecting)
    done = saved(engine, tracker, rejecting, anyway=True)

    assert "--anyway" in str(no.value)
    assert (done.version.version, done.taken, done.without) == (2, 0, ("issues",))
