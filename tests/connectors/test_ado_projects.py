"""The streams of projects and iterations."""

from datetime import UTC, datetime

import httpx
import pytest

from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.connector import AzureDevOps
from connectors.errors import MisconfiguredSource, SliceUnreadable
from tests.support.ado_reading import connector, mapping
from tests.support.fake_ado import FakeAdo, failure


def test_projects_come_page_by_page_behind_the_token_in_the_header() -> None:
    ado = FakeAdo("A", "B", "C")

    def paged(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/_apis/projects"):
            return None
        first = int(request.url.params.get("continuationToken", "0"))
        name = ("A", "B", "C")[first]
        more = {"x-ms-continuationtoken": str(first + 1)} if first < 2 else {}
        body = {"count": 1, "value": [{"id": f"p-{first}", "name": name}]}
        return httpx.Response(200, json=body, headers=more)

    ado.rules.append(paged)
    source = connector(transport=ado.transport(), projects=["a", "p-2"])
    stream = source.streams({}, [])[0]
    (slice_,) = stream.slices()
    pages = list(stream.pull(slice_, None))
    records = [record for page in pages for record in stream.read(page.parts)]
    assert [(record.external_id, record.filtered_by) for record in records] == [
        ("p-0", None), ("p-1", "projects: not in the source's list"), ("p-2", None),
    ]  # fmt: skip
    assert [page.complete for page in pages] == [False, False, True]
    compiled = mapping("projects", source)
    row = dict(zip(compiled.columns, compiled.read(records[0].payload)[0], strict=True))
    assert row == {"key": "A", "kind": "ado_project", "name": "A", "url": "https://ado.example/contoso/A"}


def test_a_list_of_projects_that_never_ends_is_stopped() -> None:
    def stuck(request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(200, json={"value": []}, headers={"x-ms-continuationtoken": "7"})

    with pytest.raises(MisconfiguredSource, match="again and again"):
        connector(transport=httpx.MockTransport(stuck)).check()


def test_a_configured_project_that_is_missing_is_a_slice_of_its_own_that_says_so() -> None:
    stream = connector(transport=FakeAdo("Shop").transport(), projects=["Shop", "Nope"]).streams({}, [])[0]
    whole, missing = stream.slices()
    (page,) = stream.pull(whole, None)
    assert not page.complete, "what cannot be seen is not gone"
    with pytest.raises(SliceUnreadable, match="Nope: no such project"):
        list(stream.pull(missing, None))


def test_iterations_have_their_path_as_work_items_write_it_and_their_last_day_included() -> None:
    config = AzureDevOpsConfig(base_url="https://ado.example/contoso", auth={"type": "pat", "token": "x" * 8})
    now = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
    source = AzureDevOps(config, source="ado", transport=FakeAdo("Shop").transport(), clock=lambda: now)
    stream, compiled = source.streams({}, [])[1], mapping("iterations", source)
    (slice_,) = stream.slices()
    (page,) = stream.pull(slice_, None)
    root, *rest = stream.read(page.parts)
    assert root.filtered_by
    rows = [dict(zip(compiled.columns, compiled.read(record.payload)[0], strict=True)) for record in rest]
    assert [(record.external_id, row["path"], row["state"]) for record, row in zip(rest, rows, strict=True)] == [
        ("71", "Shop\\Sprint 1", "past"), ("78", "Shop\\Sprint 8", "current"),
    ]  # fmt: skip
    assert rows[1]["finish_at"] == datetime(2026, 3, 14, tzinfo=UTC)
    assert rows[0]["scope_external_id"] == "p-1"
    assert (page.said, page.complete) == (3, True)


def test_a_branch_deeper_than_one_answer_is_asked_for() -> None:
    ado = FakeAdo("Shop")
    deep = {"id": 80, "name": "Deep", "hasChildren": True, "path": "\\Shop\\Iteration\\Deep"}
    leaf = {"id": 81, "name": "Leaf", "hasChildren": False, "path": "\\Shop\\Iteration\\Deep\\Leaf"}

    def cut(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/iterations"):
            tree = {
                "id": 7,
                "name": "Shop",
                "path": "\\Shop\\Iteration",
                "hasChildren": True,
                "children": [deep],
            }
            return httpx.Response(200, json=tree)
        if request.url.path.endswith("/classificationnodes"):
            assert request.url.params["ids"] == "80"
            return httpx.Response(200, json={"count": 1, "value": [{**deep, "children": [leaf]}]})
        return None

    ado.rules.append(cut)
    stream = connector(transport=ado.transport()).streams({}, [])[1]
    (slice_,) = stream.slices()
    (page,) = stream.pull(slice_, None)
    assert [record.locator for record in stream.read(page.parts)] == [
        "Shop",
        "Shop\\Deep",
        "Shop\\Deep\\Leaf",
    ]


def test_more_branches_than_one_call_takes_arrive_whole() -> None:
    ado = FakeAdo("Shop")
    branches = [
        {"id": id_, "name": f"B{id_}", "hasChildren": True, "path": f"\\Shop\\Iteration\\B{id_}"}
        for id_ in range(1000, 1450)
    ]
    asked: list[list[int]] = []

    def cut(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/iterations"):
            root = {"id": 7, "name": "Shop", "path": "\\Shop\\Iteration", "hasChildren": True}
            return httpx.Response(200, json={**root, "children": branches})
        if request.url.path.endswith("/classificationnodes"):
            asked.append([int(id_) for id_ in request.url.params["ids"].split(",")])
            leaves = {id_: {"id": id_ + 5000, "name": "Leaf", "hasChildren": False} for id_ in asked[-1]}
            rows = [{**one, "children": [leaves[one["id"]]]} for one in branches if one["id"] in leaves]
            return httpx.Response(200, json={"count": len(rows), "value": rows})
        return None

    ado.rules.append(cut)
    stream = connector(transport=ado.transport()).streams({}, [])[1]
    (slice_,) = stream.slices()
    (page,) = stream.pull(slice_, None)
    paths = {record.locator for record in stream.read(page.parts)}
    assert {f"Shop\\B{id_}\\Leaf" for id_ in range(1000, 1450)} <= paths
    assert sorted(map(len, asked)) == [50, 200, 200]
    assert page.said == 1 + 450 + 450


def test_iterations_of_one_forbidden_project_do_not_stop_the_others() -> None:
    ado = FakeAdo("Shop", "Back Office")

    def forbid(request: httpx.Request) -> httpx.Response | None:
        return failure(403, "TF50309: no") if "/Shop/" in request.url.path else None

    ado.rules.append(forbid)
    stream = connector(transport=ado.transport()).streams({}, [])[1]
    back_office, shop = stream.slices()
    with pytest.raises(SliceUnreadable, match=r"Shop: .*TF50309"):
        list(stream.pull(shop, None))
    assert len(list(stream.pull(back_office, None))) == 1
