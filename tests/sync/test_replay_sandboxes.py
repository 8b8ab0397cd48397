"""Trackers that live on between runs, pulled and replayed: the model from stored pages is the live one."""

from datetime import date, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from sync.registry import utc_now
from sync.replay import replay
from tests.support.rereading import reread
from tests.support.sandbox_sources import block, configure
from tests.support.sandboxes import running
from tests.support.store import pulled
from tests.support.stored_model import empty, model_rows

ANCHOR: Final = date(2026, 11, 22)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jira-cloud", "jira-dc", "ado", "sharepoint"])
def test_a_replay_after_weeks_of_work_and_several_runs_is_the_live_model(engine: Engine, name: str) -> None:
    with running(name, anchor=ANCHOR, clock=ANCHOR - timedelta(days=21)) as sandbox:
        options: dict[str, Any] = {"custom_fields": "all"} if name.startswith("jira") else {}
        configure(engine, block(sandbox, name="tracker", **options))
        for days, full in ((21, True), (14, False), (7, False), (0, True)):
            sandbox.control("clock", {"date": str(ANCHOR - timedelta(days=days))})
            assert pulled(engine, "tracker", full=full).state in {"succeeded", "partial"}
        live, standing = model_rows(engine), model_rows(engine, ids=True)
        count, faults = reread(engine, ["work_item"])
        assert (faults, count > 100) == ("", name != "sharepoint")

        assert replay(engine, "tracker", now=utc_now()).changes == 0
        assert model_rows(engine, ids=True) == standing
        empty(engine)
        replay(engine, "tracker", now=utc_now())

    assert model_rows(engine) == live
