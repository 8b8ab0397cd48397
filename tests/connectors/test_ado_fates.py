"""What became of work items that are gone: five different things, told apart by what Azure DevOps still says."""

import json
import tracemalloc
from typing import Any

import httpx
import pytest

from connectors.azure_devops.connector import AzureDevOps
from connectors.azure_devops.whereabouts import STRETCH
from connectors.base import Censused, Fate, Retrying, Slice
from sandbox.options import App
from tests.support.ado_reading import Stored, connector
from tests.support.ado_sandbox import control, edit, fresh
from tests.support.asgi import InProcess
from tests.support.fake_ado import FakeAdo

FIRST, SECOND = "Load 1", "Load 2"


@pytest.fixture
def app() -> App:
    return fresh(issues=60)


def opened(app: App, **options: Any) -> AzureDevOps:
    given = {"projects": [FIRST, SECOND], "refresh_hours": 0, **options}
    return connector("http://ado.test/contoso", transport=InProcess(app), **given)


def truth(app: App) -> dict[str, Any]:
    found: dict[str, Any] = control(app, "truth/items")
    return found


def one_of(app: App, project: str, area: str | None = None) -> int:
    """Return an item that is not alone in its area."""
    items = truth(app)
    areas = [one["area"] for one in items.values()]
    return next(
        int(id_)
        for id_, one in items.items()
        if one["project"] == project and areas.count(one["area"]) > 1 and area in (None, one["area"])
    )


@pytest.mark.parametrize("feed", ["organization", "project"])
def test_deleted_destroyed_moved_and_hidden_items_have_each_their_own_fate(app: App, feed: str) -> None:
    stored = Stored().pull(opened(app, feed=feed))
    area = f"{SECOND}\\Build"
    hidden = {id_ for id_, one in truth(app).items() if one["area"] == area}
    deleted, destroyed, moved = (
        one_of(app, FIRST, f"{FIRST}{below}") for below in ("", "\\Build", "\\Operations")
    )
    edit(app, id=deleted, delete=True)
    edit(app, id=destroyed, destroy=True)
    edit(app, id=moved, move="Load 3")
    edit(app, area=area, hide=True)
    stored.pull(opened(app, feed=feed))
    found = {id_: absence.fate for id_, absence in stored.fates.items()}
    assert found == {
        str(deleted): Fate.DELETED, str(destroyed): Fate.DELETED, str(moved): Fate.MOVED,
        **dict.fromkeys(hidden, Fate.ACCESS_LOST),
    }  # fmt: skip
    assert "recycle bin" in stored.fates[str(deleted)].says
    assert "destroyed" in stored.fates[str(destroyed)].says
    assert "Load 3" in stored.fates[str(moved)].says
    assert "View work items in this node" in stored.fates[min(hidden)].says
    assert hidden <= stored.rows.keys(), "what is merely out of sight counts on as it last was"

    edit(app, id=deleted, restore=True)
    edit(app, id=moved, move=FIRST)
    edit(app, area=area, show=True)
    stored.pull(opened(app, feed=feed))
    assert stored.fates.keys() == {str(destroyed)}, "all others are back"


def test_an_item_that_a_query_no_longer_picks_is_out_of_scope_and_says_where_it_is(app: App) -> None:
    options = {"projects": ["*"], "query": f"[System.AreaPath] UNDER '{FIRST}\\Build'"}
    stored = Stored().pull(opened(app, **options))
    id_ = one_of(app, FIRST, f"{FIRST}\\Build")
    edit(app, id=id_, fields={"System.AreaPath": f"{FIRST}\\Operations"})
    stored.pull(opened(app, **options))
    absence = stored.fates[str(id_)]
    assert absence.fate is Fate.OUT_OF_SCOPE
    assert "Operations" in absence.says


@pytest.mark.parametrize(("what", "fate"), [("delete", Fate.DELETED), ("hide", Fate.ACCESS_LOST)])
def test_a_project_that_was_deleted_and_one_that_is_hidden_are_told_apart(
    app: App, what: str, fate: Fate
) -> None:
    options = {"projects": ["*"], "feed": "organization"}
    stored = Stored().pull(opened(app, **options))
    gone = {id_ for id_, one in truth(app).items() if one["project"] == FIRST}
    edit(app, project=FIRST, **{what: True})
    stored.pull(opened(app, **options))
    assert {id_: absence.fate for id_, absence in stored.fates.items()} == dict.fromkeys(gone, fate)
    edit(app, project=FIRST, **{_back(what): True})
    stored.pull(opened(app, **options))
    assert not stored.fates
    assert gone <= stored.rows.keys()


def _back(what: str) -> str:
    return {"delete": "restore", "hide": "show"}[what]


def test_a_renamed_project_is_found_under_the_name_that_is_configured(app: App) -> None:
    stored = Stored().pull(opened(app))
    held = set(stored.rows)
    edit(app, project=FIRST, rename="Shop Front")
    source = opened(app)
    stored.pull(source)
    assert not stored.fates
    assert set(stored.rows) == held
    areas = {row["area"].partition("\\")[0] for row in stored.rows.values()}
    assert areas == {"Shop Front", SECOND}
    assert not any(slice_.name for slice_ in source.streams({}, [])[0].slices()), "and it is not missing"
    assert any("project Shop Front changed" in warning for warning in stored.warnings)


def test_the_census_lists_what_is_there_and_the_fates_are_asked_for_apart(app: App) -> None:
    source = opened(app, feed="organization")
    stored = Stored().pull(source)
    deleted, moved = one_of(app, FIRST), one_of(app, SECOND)
    edit(app, id=deleted, delete=True)
    edit(app, id=moved, move="Load 3")
    stream = source.streams({}, [])[2]
    assert isinstance(stream, Censused)
    census = stream.census(Slice("", ""))
    assert set(stored.rows) - census.ids == {str(deleted), str(moved)}
    there = str(one_of(app, FIRST))
    found = stream.fates(Slice("", ""), [str(deleted), str(moved), there])
    assert {id_: absence.fate for id_, absence in found.items()} == {
        str(deleted): Fate.DELETED,
        str(moved): Fate.MOVED,
    }


def test_many_missing_items_are_looked_up_by_stretches_and_only_their_places_are_kept() -> None:
    def peak(stream: Censused, count: int) -> int:
        tracemalloc.start()
        found = stream.fates(Slice("", ""), [str(id_) for id_ in range(1, count + 1)])
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert {absence.fate for absence in found.values()} == {Fate.MOVED}
        assert len(found) == count
        return most

    def elsewhere(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/workitemsbatch"):
            return None
        ids = json.loads(request.content)["ids"]
        fields = {"System.TeamProject": "Elsewhere", "System.Description": "d" * 5000}
        rows = [{"id": id_, "rev": 1, "fields": fields} for id_ in ids]
        return httpx.Response(200, json={"count": len(rows), "value": rows})

    ado = FakeAdo("Shop")
    ado.rules.append(elsewhere)
    stream = connector(transport=ado.transport(), feed="organization").streams({}, [])[2]
    assert isinstance(stream, Censused)
    peak(stream, 200)  # what is loaded once and for all
    assert peak(stream, STRETCH * 3) < peak(stream, STRETCH) * 1.5


def test_single_items_are_fetched_whole_apart_from_the_cursor(app: App) -> None:
    source = opened(app)
    stored = Stored().pull(source)
    stream = source.streams({}, [])[2]
    assert isinstance(stream, Retrying)
    wanted = sorted(stored.rows)[:3]
    pages = list(stream.retry(Slice("", ""), [*wanted, "999999"]))
    assert [page.cursor for page in pages] == [None]
    records = [record for page in pages for record in stream.read(page.parts)]
    assert [record.external_id for record in records] == wanted
    assert all(record.payload["history"] for record in records)


def test_projects_have_their_fates_too(app: App) -> None:
    stream = opened(app, projects=["*"]).streams({}, [])[0]
    ids = {project: one["project_id"] for one in truth(app).values() for project in [one["project"]]}
    assert isinstance(stream, Censused)
    assert stream.census(Slice("", "")).ids == set(ids.values())
    edit(app, project="Load 3", delete=True)
    edit(app, project="Load 4", hide=True)
    later = opened(app, projects=[FIRST]).streams({}, [])[0]
    assert isinstance(later, Censused)
    found = later.fates(Slice("", ""), list(ids.values()))
    assert {id_: one.fate for id_, one in found.items()} == {
        ids[SECOND]: Fate.OUT_OF_SCOPE,
        ids["Load 3"]: Fate.DELETED,
        ids["Load 4"]: Fate.ACCESS_LOST,
    }
