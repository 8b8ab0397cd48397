"""What alters work items without changing them, and what breaks the calls they are asked for with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.azure_devops import poison
from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.connector import AzureDevOps
from connectors.errors import SliceUnreadable, SourceUnavailable
from sandbox.options import App
from tests.support.ado_reading import SANDBOX_TOKEN, Stored, connector
from tests.support.ado_sandbox import control, edit, fresh
from tests.support.asgi import InProcess
from tests.support.fake_ado import FakeAdo, failure
from tests.support.sandbox_truth import differences

FIRST = "Load 1"


@pytest.fixture
def app() -> App:
    return fresh(issues=60)


def opened(app: App, **options: Any) -> AzureDevOps:
    given = {"refresh_hours": 0, **options}
    return connector("http://ado.test/contoso", transport=InProcess(app), **given)


def agree(app: App, stored: Stored) -> None:
    assert differences(stored.rows, control(app, "truth/items")) == []


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"area": f"{FIRST}\\Build", "rename": "Construction"}, "area Load 1\\Construction"),
    ({"iteration": f"{FIRST}\\Release 1", "rename": "First"}, "iteration Load 1\\First"),
    ({"project": FIRST, "rename": "Shop"}, "project Shop"),
    (
        {"project": FIRST, "category": {"type": "User Story", "state": "Active", "category": "Completed"}},
        "states of User Story in Load 1",
    ),
    (
        {"project": FIRST, "effort": "Microsoft.VSTS.Scheduling.OriginalEstimate"},
        "effort field of Load 1",
    ),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[words for _, words in CHANGES])
def test_what_makes_no_revision_is_noticed_and_its_items_are_read_again(
    app: App, change: dict[str, Any], said: str
) -> None:
    stored = Stored().pull(opened(app))
    agree(app, stored)
    edit(app, **change)
    stored.pull(opened(app))
    assert any(f"{said} changed" in warning for warning in stored.warnings), stored.warnings
    agree(app, stored)
    stored.pull(opened(app))
    assert (stored.seen, stored.warnings) == ([], []), "once is enough"


def test_trees_and_processes_are_looked_at_only_as_often_as_configured(app: App) -> None:
    stored = Stored().pull(opened(app, refresh_hours=12))
    edit(app, area=f"{FIRST}\\Build", rename="Construction")
    stored.pull(opened(app, refresh_hours=12))
    assert stored.seen == []
    config = AzureDevOpsConfig.model_validate(
        {"base_url": "http://ado.test/contoso", "auth": {"type": "pat", "token": SANDBOX_TOKEN}}
    )
    later = AzureDevOps(
        config, source="ado", transport=InProcess(app), clock=lambda: datetime.now(UTC) + timedelta(hours=13)
    )
    stored.pull(later)
    agree(app, stored)


def test_one_item_that_breaks_its_calls_is_left_out_by_name_and_comes_when_it_is_well(app: App) -> None:
    ids = sorted(map(int, control(app, "truth/items")))
    edit(app, poison=[ids[7], ids[30]], calls=["batch", "updates"])
    stored = Stored().pull(opened(app))
    assert set(stored.unreadable) == {str(ids[7]), str(ids[30])}
    assert "HTTP 500" in stored.unreadable[str(ids[7])]
    assert len(stored.rows) == 58
    stored.pull(opened(app))
    assert set(stored.unreadable) == {str(ids[7]), str(ids[30])}, "asked for again, and said again"
    assert not stored.buried
    edit(app, poison=[])
    stored.pull(opened(app))
    assert not stored.unreadable
    agree(app, stored)


def test_an_item_whose_history_alone_breaks_is_left_out_alone(app: App) -> None:
    stored = Stored().pull(opened(app))
    one, other = sorted(map(int, stored.rows))[:2]
    for id_ in (one, other):
        edit(app, id=id_, fields={"System.State": "Removed"})
    edit(app, poison=[one], calls=["updates"])
    stored.pull(opened(app))
    assert set(stored.unreadable) == {str(one)}
    assert stored.rows[str(other)]["status"] == "Removed"
    assert str(one) in stored.rows, "what was known of it stays"


@pytest.mark.parametrize("first", [True, False], ids=["a first reading", "a later one"])
def test_a_batch_of_the_feed_that_cannot_be_put_together_is_gone_around_and_left_behind(
    app: App, *, first: bool
) -> None:
    stored = Stored()
    edit(app, batch=20)
    if not first:
        stored.pull(opened(app))
    items = sorted(map(int, control(app, "truth/items")))
    for id_ in items[10:20]:
        edit(app, id=id_, fields={"System.Title": f"Again {id_}"})
    edit(app, poison=[items[12]], calls=["feed"])
    stored.pull(opened(app))
    agree(app, stored)
    assert any("cannot put the next batch" in warning for warning in stored.warnings)
    edit(app, poison=[])
    edit(app, id=items[40], fields={"System.Title": "Afterwards"})
    stored.pull(opened(app))
    agree(app, stored)
    assert not stored.warnings


def test_a_server_that_fails_on_everything_is_not_taken_for_broken_items(app: App) -> None:
    stored = Stored().pull(opened(app))
    edit(app, poison=sorted(map(int, stored.rows)), calls=["batch"])
    for id_ in sorted(map(int, stored.rows))[:30]:
        edit(app, id=id_, fields={"System.Title": "Changed"})
    with pytest.raises(SourceUnavailable):
        stored.pull(opened(app))
    assert poison.MOST < 30


def test_a_project_that_fails_leaves_the_others(app: App) -> None:
    ours = [int(id_) for id_, one in control(app, "truth/items").items() if one["project"] == FIRST]
    edit(app, poison=ours, calls=["batch"])
    stream = opened(app, feed="project").streams({}, [])[2]
    slices = {slice_.label: slice_ for slice_ in stream.slices()}
    with pytest.raises(SliceUnreadable, match="Load 1"):
        list(stream.pull(slices[FIRST], None))
    pages = list(stream.pull(slices["Load 2"], None))
    assert sum(len(list(stream.read(page.parts))) for page in pages) == 15


def test_points_that_could_not_be_told_for_want_of_the_process_come_when_it_can_be_read() -> None:
    ado = FakeAdo("Shop")
    ado.set(1, **{"Microsoft.VSTS.Scheduling.StoryPoints": 5.0})

    def forbid(request: httpx.Request) -> httpx.Response | None:
        return failure(500, "broken") if "backlogconfiguration" in request.url.path else None

    ado.rules.append(forbid)
    stored = Stored().pull(connector(transport=ado.transport(), refresh_hours=0))
    assert stored.rows["1"]["points"] is None
    assert any("backlog configuration cannot be read" in warning for warning in stored.warnings)
    stored.pull(connector(transport=ado.transport(), refresh_hours=0))
    assert stored.seen == [], "nothing better is known yet"
    ado.rules.clear()
    stored.pull(connector(transport=ado.transport(), refresh_hours=0))
    assert stored.rows["1"]["points"] == 5.0


def test_new_dates_of_an_iteration_are_read_though_no_item_changes(app: App) -> None:
    def dates() -> dict[str, Any]:
        stream = opened(app).streams({}, [])[1]
        pages = [page for slice_ in stream.slices() for page in stream.pull(slice_, None)]
        records = [record for page in pages for record in stream.read(page.parts)]
        return {
            record.payload["path"]: (record.payload["start"], record.payload["finish"]) for record in records
        }

    path = next(path for path, (start, _) in dates().items() if start and path.startswith(FIRST))
    edit(app, iteration=path, start="2026-06-01", finish="2026-06-12")
    assert dates()[path] == ("2026-06-01T00:00:00Z", "2026-06-12T00:00:00Z")
