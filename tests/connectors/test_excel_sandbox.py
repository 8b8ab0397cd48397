"""The connector against the sandbox's Entra and SharePoint, over https with its private certificates."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import pytest
import yaml

from connectors.errors import AccessDenied
from connectors.excel.config import ExcelConfig
from connectors.excel.connector import Excel
from sandbox.workbooks import counts
from sync.mapping import compile_stream, parse_mapping
from tests.support.sandboxes import Sandbox, running
from tests.support.shared import ROOT

WORKBOOKS = [
    {"path": "/Programme/register.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID"},
    {"path": "/Programme/milestones.xlsx", "holds": "milestones"},
    {"path": "/Programme/raid.xlsx", "sheet": "RAID", "holds": "raid", "key": "Ref"},
    {"path": "/Programme/costs.xlsx", "sheet": "Forecast", "holds": "costs"},
]


@pytest.fixture(scope="module")
def sharepoint() -> Iterator[Sandbox]:
    with running("sharepoint") as sandbox:
        yield sandbox


def excel(sandbox: Sandbox, **auth: Any) -> Excel:
    known = {
        "tenant": "contoso.example",
        "client_id": "muster-sandbox",
        "client_secret": "sandbox-secret",
    }
    config = ExcelConfig.model_validate(
        {
            "auth": {"type": "entra", "authority": sandbox.info["authority"]} | known | auth,
            "graph_url": sandbox.info["graph_url"],
            "ca_bundle": sandbox.info["ca_bundle"],
            "site": "contoso.sharepoint.example:/sites/pmo",
            "workbooks": WORKBOOKS,
        }
    )
    return Excel(config, source="pmo-files")


def test_every_row_the_sandbox_holds_arrives(sharepoint: Sandbox) -> None:
    connector = excel(sharepoint)
    arrived: dict[str, int] = {}
    for stream in connector.streams({}, []):
        for slice_ in stream.slices():
            [page] = stream.pull(slice_, None)
            records = list(stream.read(page.parts))
            assert page.said == len(records)
            assert not page.warnings
            assert not [record.unreadable or record.filtered_by for record in records if record.unreadable]
            rows = {record.payload["row"] for record in records}
            arrived[slice_.name.split("!")[0].rsplit("/", 1)[1]] = len(rows)
            assert list(stream.pull(slice_, page.cursor)) == []
    connector.close()

    today = date.today()  # noqa: DTZ011 -- the sandbox's anchor is the day it was started
    held = counts(today, today)
    assert arrived == {name: held[name] for name in arrived}


def test_check_says_who_we_are_and_what_each_sheet_gives(sharepoint: Sandbox) -> None:
    with closing(excel(sharepoint)) as connector:
        findings = connector.check()

    assert all(finding.ok for finding in findings)
    assert "muster-sandbox" in findings[0].says


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215.*the client secret is wrong"),
        ({"client_id": "nobody"}, "AADSTS700016"),
        ({"tenant": "fabrikam.example"}, "no such tenant"),
    ],
)
def test_a_wrong_sign_in_says_what_is_wrong(sharepoint: Sandbox, wrong: dict[str, str], words: str) -> None:
    with closing(excel(sharepoint, **wrong)) as connector, pytest.raises(AccessDenied, match=words) as caught:
        connector.check()

    assert "sandbox-secret" not in str(caught.value)


def test_an_expired_token_and_a_throttled_graph_are_got_over(sharepoint: Sandbox) -> None:
    connector = excel(sharepoint)
    [projects, *_] = connector.streams({}, [])
    [slice_] = projects.slices()
    list(projects.pull(slice_, None))
    sharepoint.control("faults", {"match": "/items/", "kind": "expired", "times": 1})
    sharepoint.control(
        "faults",
        {"match": "/content", "kind": "status", "status": 429, "headers": {"Retry-After": "0"}, "times": 1},
    )
    try:
        [page] = projects.pull(slice_, None)
    finally:
        sharepoint.calm()
        connector.close()

    assert page.said


def test_every_record_maps_to_the_model_without_an_unknown_word(sharepoint: Sandbox) -> None:
    spec = parse_mapping(
        yaml.safe_load((ROOT / "config/mappings/excel.yaml").read_text("utf-8")), where="excel.yaml"
    )
    with closing(excel(sharepoint)) as connector:
        for stream in connector.streams({}, []):
            mapping = compile_stream(spec, stream.name, connector.transforms(), {})
            for slice_ in stream.slices():
                [page] = stream.pull(slice_, None)
                for record in stream.read(page.parts):
                    mapping.read(record.payload)
            assert mapping.entity == stream.entity
            assert mapping.unmapped == {}
