"""Links that begin in one project and end in another, pulled by the feed of each project."""

import json
from typing import Any

import httpx
import pytest

from connectors.azure_devops.connector import AzureDevOps
from connectors.base import RawRecord, Retrying
from sandbox.options import App
from tests.support.ado_reading import Stored, connector
from tests.support.ado_sandbox import control, edit, fresh
from tests.support.asgi import InProcess
from tests.support.fake_ado import FakeAdo

LONGEST = 32_000  # characters of a query, as the vendor documents it


@pytest.fixture
def app() -> App:
    return fresh(issues=60)


def opened(app: App, **options: Any) -> AzureDevOps:
    given = {"refresh_hours": 0, "feed": "project", **options}
    return connector("http://ado.test/contoso", transport=InProcess(app), **given)


def of(app: App, project: str) -> list[int]:
    return sorted(
        int(id_)
        for id_, one in control(app, "truth/items").items()
        if one["project"] == project and one["parent"] is None
    )


def retried(source: AzureDevOps, label: str, *ids: int) -> list[RawRecord]:
    """Fetch items by themselves, as the quarantine does from the slice that could not read them."""
    stream = source.streams({}, [])[2]
    assert isinstance(stream, Retrying)
    slice_ = next(one for one in stream.slices() if one.label == label)
    return [
        record for page in stream.retry(slice_, list(map(str, ids))) for record in stream.read(page.parts)
    ]


def test_the_other_end_is_retried_by_the_slice_that_could_not_read_it(app: App) -> None:
    stored = Stored().pull(opened(app))
    parent, child = of(app, "Load 2")[0], of(app, "Load 1")[0]
    edit(app, id=parent, link=child)
    edit(app, poison=[child])
    stored.pull(opened(app))
    assert list(stored.unreadable) == [str(child)]
    edit(app, poison=[])
    (record,) = retried(opened(app), "Load 2", child)
    assert (record.external_id, record.filtered_by) == (str(child), None)
    assert record.payload["parent"] == parent


def test_the_other_end_stays_asked_for_until_it_is_well(app: App) -> None:
    stored = Stored().pull(opened(app))
    parent, child = of(app, "Load 2")[0], of(app, "Load 1")[0]
    edit(app, id=parent, link=child)
    edit(app, poison=[child])
    for _ in range(3):
        stored.pull(opened(app))
        assert list(stored.unreadable) == [str(child)]
    edit(app, poison=[child], calls=["updates"])
    stored.pull(opened(app))
    assert list(stored.unreadable) == [str(child)], "its history is a call of its own"
    edit(app, poison=[])
    stored.pull(opened(app))
    assert stored.rows[str(child)]["parent_external_id"] == str(parent)
    stored.pull(opened(app))
    assert stored.seen == [], "once is enough"


def test_the_other_end_is_left_out_where_the_query_does_not_pick_it_any_more(app: App) -> None:
    options = {"query": "[System.State] <> 'Removed'"}
    stored = Stored().pull(opened(app, **options))
    parent, child = of(app, "Load 2")[0], of(app, "Load 1")[0]
    edit(app, id=parent, link=child)
    edit(app, poison=[child])
    stored.pull(opened(app, **options))
    edit(app, id=child, fields={"System.State": "Removed"})
    edit(app, poison=[])
    stored.pull(opened(app, **options))
    assert (str(child) in stored.rows, stored.unreadable) == (False, {})
    assert "another project of the source has it" in str(
        retried(opened(app, **options), "Load 2", child)[0].filtered_by
    )


def test_thousands_of_links_to_another_project_make_no_query_longer_than_the_server_takes() -> None:
    ado = FakeAdo("Shop", "Store")
    ado.set(1, TeamProject="Shop")
    stored = Stored().pull(connector(transport=ado.transport(), feed="project"))
    asked: list[int] = []

    def measure(request: httpx.Request) -> None:
        if request.url.path.endswith("/wiql"):
            asked.append(len(json.loads(request.content)["query"]))

    ado.rules.append(measure)
    for other in range(1_000_001, 1_006_001):
        ado.link(1, other)
    ado.set(1_000_500, TeamProject="Store")
    stored.pull(connector(transport=ado.transport(), feed="project"))
    assert max(asked) <= LONGEST
    assert len(stored.rows["1000500"]["links"]) == 1
