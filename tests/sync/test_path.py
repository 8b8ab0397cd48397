"""The whole path on the sandbox's story: applied, pulled from real trackers, consolidated."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from sync.consolidate import consolidate
from sync.registry import utc_now
from tests.support.sandbox_sources import REGISTER, block, configure, pull
from tests.support.sandboxes import Sandbox, kept

NAMES = ("sharepoint", "jira-cloud", "ado")
SOME: dict[str, dict[str, Any]] = {  # a small part of each
    "ado": {"projects": ["Innovation Garage"]},
    "jira-cloud": {"projects": ["NTF"]},
    "sharepoint": {"workbooks": [REGISTER]},
}


@pytest.fixture
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    found = {name: kept(name) for name in NAMES}
    yield found
    for sandbox in found.values():
        sandbox.calm()


def ask(engine: Engine, query: str, **values: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def run_of(engine: Engine, run_id: int) -> dict[str, Any]:
    [row] = ask(engine, "SELECT * FROM run WHERE id = :run", run=run_id)
    return row


def ledger(engine: Engine, run_id: int) -> dict[str, dict[str, Any]]:
    rows = ask(engine, "SELECT * FROM run_stream WHERE run_id = :run", run=run_id)
    return {row["stream"]: row for row in rows}


def holdings(engine: Engine) -> dict[str, Any]:
    """How many rows of each kind there are, versions and claims included: what a needless write would add to."""
    tables = ("work_item", "transition", "work_item_link", "work_item_iteration", "iteration", "scope", "identity",
              "milestone", "raid_item", "cost_line", "claim", "finding")  # fmt: skip
    return {name: ask(engine, f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in tables}


def test_the_story_goes_the_whole_path_and_a_second_time_changes_nothing(
    engine: Engine, sandboxes: dict[str, Sandbox]
) -> None:
    configure(engine, *map(block, sandboxes.values()))
    truth = sandboxes["jira-cloud"].control("truth")
    today = utc_now().date()

    for name in NAMES:
        run_id, state = pull(engine, name)
        assert state == "succeeded", run_of(engine, run_id)["error"]
        lines = ledger(engine, run_id)
        assert lines
        for line in lines.values():
            assert line["said"] in (None, line["stored"] + line["rejected"] + line["filtered"]), line
            assert line["stored"] > 0, line
            assert line["unchanged"] == 0, line
    done = consolidate(engine, as_of=today, known_at=utc_now())
    [stored] = ask(
        engine,
        "SELECT count(*) AS n FROM work_item JOIN source ON source.id = source_id WHERE source.name = 'jira-cloud'",
    )
    assert stored["n"] == truth["total"]
    assert done.snapshots == done.projects > 0
    assert done.claims > 0
    before = holdings(engine)

    for name in NAMES:
        run_id, state = pull(engine, name)
        assert state == "succeeded", run_of(engine, run_id)["error"]
        for line in ledger(engine, run_id).values():
            assert line["stored"] == line["unchanged"], line
            assert line["deleted"] == 0, line
    consolidate(engine, as_of=today, known_at=utc_now())

    assert holdings(engine) == before


def test_a_project_that_is_refused_is_told_and_the_others_arrive(
    engine: Engine, sandboxes: dict[str, Sandbox]
) -> None:
    cloud, ado = sandboxes["jira-cloud"], sandboxes["ado"]
    configure(
        engine,
        block(cloud, projects=["NTF", "SSO", "ARC"]),
        block(ado, projects=["Innovation Garage", "Network Refresh"], feed="project"),
    )
    refusals = {
        "jira-cloud": (cloud, r"/project/SSO\b", "SSO", {"NTF", "ARC"}),
        "ado": (ado, r"/Network%20Refresh/|/Network Refresh/", "Network Refresh", {"Innovation Garage"}),
    }

    for source, (sandbox, match, key, others) in refusals.items():
        sandbox.control("faults", {"match": match, "kind": "status", "status": 403, "times": -1})
        run_id, state = pull(engine, source)
        sandbox.calm()

        run = run_of(engine, run_id)
        assert state == "partial", run["error"]
        assert key in run["error"]
        found = ask(
            engine,
            "SELECT DISTINCT scope.key FROM work_item JOIN scope ON scope.source_id = work_item.source_id"
            " AND scope.external_id = scope_external_id JOIN source ON source.id = scope.source_id"
            " WHERE source.name = :name",
            name=source,
        )
        assert {row["key"] for row in found} == others
        again, state = pull(engine, source)
        assert state == "succeeded", run_of(engine, again)["error"]
        assert not any(line["deleted"] for line in ledger(engine, again).values())


@pytest.mark.parametrize(
    ("name", "fault", "words"),
    [
        ("ado", "html203", "token"),
        ("jira-cloud", "anonymous", "token"),
        ("jira-cloud", "expired", "token"),
        ("sharepoint", "html203", "web page"),
    ],
)
def test_a_failed_sign_in_fails_the_run_in_words_and_takes_nothing_for_deleted(
    engine: Engine,
    sandboxes: dict[str, Sandbox],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: str,
    words: str,
) -> None:
    sandbox = sandboxes[name]
    some = SOME[name]
    configure(engine, block(sandbox, **some))
    assert pull(engine, name)[1] == "succeeded"
    before = holdings(engine)

    for full in (False, True):
        if fault == "anonymous":  # Jira Cloud then answers as to anybody: 200, and nothing to see
            monkeypatch.setenv("SANDBOX_JIRA_TOKEN", "no-such-token")
        else:
            sandbox.control("faults", {"match": "^/(?!contoso.example)", "kind": fault, "times": -1})
        run_id, state = pull(engine, name, full=full)
        sandbox.calm()

        error = run_of(engine, run_id)["error"]
        assert state == "failed", error
        assert words in error
        assert "no-such-token" not in error
        assert holdings(engine) == before

    configure(engine, block(sandbox, **some))
    assert pull(engine, name)[1] == "succeeded"
    assert not any(line["deleted"] for line in ask(engine, "SELECT deleted FROM run_stream"))
