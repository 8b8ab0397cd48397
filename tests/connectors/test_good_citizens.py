"""Every kind of source as a guest: waits as asked, asks nothing twice in vain, shares one limit, keeps to a budget."""

import os
import re
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import pytest

from config.document import SourceBlock
from connectors.base import Budget, Connector
from connectors.errors import BudgetSpent, ConnectorError
from sync.registry import open_source
from tests.support.sandbox_sources import REGISTER, SECRETS, block
from tests.support.sandboxes import Sandbox, kept

SOURCES: Final = ("jira cloud", "jira data center", "azure devops services", "azure devops server", "excel")
_SANDBOX: Final = {
    "jira cloud": "jira-cloud",
    "jira data center": "jira-dc",
    "azure devops services": "ado",
    "azure devops server": "ado",
    "excel": "sharepoint",
}


_API: Final = "/rest/|/_apis/|/v1.0/"  # and not the authority that tokens come from


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> tuple[Sandbox, dict[str, Any]]:
    """A sandbox, and the block of a source that reads it."""
    os.environ.update(SECRETS)
    sandbox = kept(_SANDBOX[request.param])
    more: dict[str, Any] = {"workbooks": [REGISTER]} if request.param == "excel" else {}
    if request.param == "azure devops server":
        more = {"base_url": sandbox.info["collection_url"]}
    return sandbox, block(sandbox, **more)


def opened(configured: dict[str, Any], connections: int = 4) -> Connector:
    return open_source(SourceBlock.model_validate(configured), connections=connections).connector


def in_how_many_s(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("asked", ["1", "0", pytest.param("a date", marks=pytest.mark.slow), None])
def test_a_limit_is_waited_out_as_long_as_the_host_asks(
    source: tuple[Sandbox, dict[str, Any]], asked: str | None
) -> None:
    sandbox, configured = source
    headers = {} if asked is None else {"Retry-After": in_how_many_s(2) if asked == "a date" else asked}
    sandbox.control(
        "faults", {"match": _API, "kind": "status", "status": 429, "after": 1, "headers": headers}
    )

    with closing(opened(configured)) as connector:
        assert all(finding.ok for finding in connector.check())

        assert connector.traffic.retries >= 1
        low, high = {"1": (1.0, 1.2), "0": (0.0, 0.0), "a date": (0.5, 2.3)}.get(asked or "", (0.4, 2.0))
        assert low <= connector.traffic.waited_s <= high * 4  # other threads wait the same pause out


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_is_asked_for_once(source: tuple[Sandbox, dict[str, Any]], status: int) -> None:
    sandbox, configured = source
    sandbox.control("faults", {"match": _API, "kind": "status", "status": status, "times": -1})

    with closing(opened(configured)) as connector:
        try:
            connector.check()
        except ConnectorError as error:
            assert str(error)  # noqa: PT017 - whether all or a part fails is not the point
        assert connector.traffic.retries == 0

    asked = Counter(line for line in sandbox.control("stats")["log"] if re.search(_API, line))
    sandbox.calm()
    assert set(asked.values()) == {1}


def test_sources_of_one_account_share_one_limit(source: tuple[Sandbox, dict[str, Any]]) -> None:
    sandbox, configured = source
    with closing(opened(configured)) as connector:
        connector.check()  # so that a token is at hand: the authority is another host
    sandbox.control("latency", {"ms": 20})
    sandbox.control("stats", method="DELETE")
    pair = [opened({**configured, "name": name}, connections=2) for name in ("one", "two")]
    threads = [threading.Thread(target=each.check) for each in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in pair:
        each.close()

    most = sandbox.control("stats")["max_concurrent"]
    sandbox.calm()
    assert most <= 2


def test_a_budget_is_kept_to_the_request(source: tuple[Sandbox, dict[str, Any]]) -> None:
    sandbox, configured = source
    sandbox.control("stats", method="DELETE")

    with closing(opened(configured)) as connector:
        connector.traffic.budget = Budget(requests=2)
        with pytest.raises(BudgetSpent, match="budget of 2 requests"):
            connector.check()

    asked = [line for line in sandbox.control("stats")["log"] if re.search(_API, line)]
    assert len(asked) == 2
