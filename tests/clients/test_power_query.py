"""What Power Query sends, header by header, and all that it has to be able to make of the answers.

No Power BI runs where these tests do. The headers are those of a published trace of Excel; the queries are the
shapes into which its steps are known to fold.
"""

import gzip
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from sqlalchemy import text

from tests.support.hub import Hub

pytestmark = pytest.mark.slow

JSON = (
    "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
    "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7"
)
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
READS = {
    "Edm.Date": date.fromisoformat,
    "Edm.DateTimeOffset": datetime.fromisoformat,
    "Edm.Guid": str,
    "Edm.String": str,
    "Edm.Boolean": bool,
    "Edm.Decimal": float,
    "Edm.Double": float,
    "Edm.Int32": int,
    "Edm.Int64": int,
}


@pytest.fixture(scope="module")
def excel(hub: Hub) -> Iterator[httpx.Client]:
    headers = {
        "OData-MaxVersion": "4.0",
        "MaxDataServiceVersion": "3.0",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)",
    }
    with httpx.Client(headers=headers, auth=("anybody", hub.token), trust_env=False, timeout=60) as client:
        yield client


def asked(excel: httpx.Client, address: str, accept: str = JSON) -> httpx.Response:
    answer = excel.get(address, headers={"Accept": accept})
    assert answer.status_code == 200, (address, answer.text)
    assert answer.headers.get_list("odata-version") == ["4.0"], "a second one makes it 4.0,4.0"
    return answer


def pages(excel: httpx.Client, address: str | None) -> Iterator[dict[str, Any]]:
    while address:
        answer = asked(excel, address)
        assert answer.headers["content-type"].startswith("application/json;odata.metadata=minimal")
        page = answer.json()
        yield page
        address = page.get("@odata.nextLink")


def rows(excel: httpx.Client, hub: Hub, query: str) -> list[dict[str, Any]]:
    return [row for page in pages(excel, hub.root + query) for row in page["value"]]


def test_it_asks_first_without_a_key_and_is_told_to_bring_one(hub: Hub) -> None:
    with httpx.Client(trust_env=False) as nobody:
        answer = nobody.get(hub.root, headers={"Accept": JSON})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_the_key_of_the_web_api_sign_in_comes_in_the_query(hub: Hub) -> None:
    with httpx.Client(trust_env=False) as nobody:
        answer = nobody.get(f"{hub.root}WorkItems?$top=1200&apikey={hub.token}", headers={"Accept": JSON})
        page = answer.json()
        assert len(page["value"]) == 1000
        assert hub.token not in answer.text, "it adds the key to every address itself"
        following = nobody.get(page["@odata.nextLink"] + f"&apikey={hub.token}", headers={"Accept": JSON})
    assert len(following.json()["value"]) == 200


def test_the_root_lists_the_sets_and_the_metadata_is_xml(excel: httpx.Client, hub: Hub) -> None:
    listed = asked(excel, hub.root).json()
    names = {each["name"] for each in listed["value"] if each["kind"] == "EntitySet"}
    for accept in ("application/xml", JSON, "application/json;q=0.9,application/xml;q=0.1", "*/*"):
        metadata = asked(excel, f"{hub.root}$metadata", accept)
        assert metadata.headers["content-type"].startswith("application/xml"), accept
    container = fromstring(metadata.content).find(f".//{EDM}EntityContainer")
    assert container is not None
    assert {each.get("Name") for each in container.iter(f"{EDM}EntitySet")} == names


def test_every_set_loads_to_its_last_page_and_every_value_is_of_its_type(
    excel: httpx.Client, hub: Hub
) -> None:
    model = fromstring(asked(excel, f"{hub.root}$metadata", "application/xml").content)
    types = {each.get("Name"): each for each in model.iter(f"{EDM}EntityType")}
    loaded = 0
    for listed in model.iter(f"{EDM}EntitySet"):
        type_ = types[str(listed.get("EntityType")).rpartition(".")[2]]
        columns = {
            str(each.get("Name")): (str(each.get("Type")), each.get("Nullable") != "false")
            for each in type_.iter(f"{EDM}Property")
        }
        keys = [str(each.get("Name")) for each in type_.iter(f"{EDM}PropertyRef")]
        name, seen = listed.get("Name"), set()
        for page in pages(excel, f"{hub.root}{name}"):
            assert page["@odata.context"] == f"{hub.root}$metadata#{name}"
            for row in page["value"]:
                assert row.keys() == columns.keys()
                for column, (held, nullable) in columns.items():
                    value = row[column]
                    assert nullable or value is not None, (name, column)
                    if value is not None:
                        READS[held](value)
                        assert held != "Edm.Decimal" or not isinstance(value, str), "a number, not a text"
                seen.add(tuple(row[key] for key in keys))
                loaded += 1
        count = asked(excel, f"{hub.root}{name}/$count", "text/plain;q=0.7,*/*;q=0.1")
        assert int(count.text) == len(seen), name
    assert loaded > 3000


def test_rows_written_between_two_pages_neither_shift_nor_repeat_any(excel: httpx.Client, hub: Hub) -> None:
    following = pages(excel, f"{hub.root}WorkItems?$select=WorkItemId,Title")
    seen = [row["WorkItemId"] for row in next(following)["value"]]
    with hub.engine.begin() as connection:
        connection.execute(text("UPDATE work_item SET title = title || '!' WHERE id IN (3, 1500)"))
    seen += [row["WorkItemId"] for page in following for row in page["value"]]
    assert len(seen) == len(set(seen)) == 2500


@pytest.mark.parametrize(
    ("query", "statement"),
    [
        ("WorkItems?$filter=StatusCategory eq 'done' and Points gt 2&$select=WorkItemKey",
         "SELECT key FROM work_item WHERE status_category = 'done' AND points > 2"),
        ("WorkItems?$select=WorkItemKey&$filter=(Points eq null or not (Points gt 2))",
         "SELECT key FROM work_item WHERE points IS NULL OR NOT points > 2"),
        ("WorkItems?$orderby=Points desc,WorkItemKey&$top=1500&$select=WorkItemKey",
         'SELECT key FROM work_item ORDER BY points DESC NULLS LAST, key COLLATE "C" LIMIT 1500'),
        ("WorkItems?$filter=startswith(Title,'Item 1') and contains(WorkItemKey,'-')&$select=WorkItemKey",
         "SELECT key FROM work_item WHERE title LIKE 'Item 1%' AND key LIKE '%-%'"),
        ("WorkItems?$filter=Points ne 3&$select=WorkItemKey",
         "SELECT key FROM work_item WHERE points IS DISTINCT FROM 3"),
        ("WorkItems?$skip=2400&$orderby=WorkItemId&$select=WorkItemKey",
         "SELECT key FROM work_item ORDER BY id OFFSET 2400"),
        ("Projects?$filter=year(AsOf) eq 2026 and ProjectKey ne 'PORTAL'&$select=ProjectKey",
         "SELECT key FROM project WHERE key <> 'PORTAL'"),
    ],
)  # fmt: skip
def test_a_folded_step_brings_the_rows_of_the_same_sql(
    excel: httpx.Client, hub: Hub, query: str, statement: str
) -> None:
    got = [next(iter(row.values())) for row in rows(excel, hub, quote(query, safe="?&$=,'()"))]
    told = [key for (key,) in hub.rows(statement)]
    assert (got if "orderby" in query else sorted(got)) == (told if "orderby" in query else sorted(told))
    assert got


def test_incremental_refresh_brings_each_row_in_one_partition(excel: httpx.Client, hub: Hub) -> None:
    with hub.engine.begin() as connection:
        connection.execute(text("UPDATE work_item SET points = 8 WHERE id % 10 = 0"))
    changed = [
        datetime.fromisoformat(row["ChangedAt"]) for row in rows(excel, hub, "WorkItems?$select=ChangedAt")
    ]
    first, last = min(changed), max(changed)
    assert first < last
    edges = [
        first,
        first + timedelta(microseconds=1),
        first + (last - first) / 2,
        last,
        last + timedelta(days=1),
    ]
    held: list[int] = []
    for begins, ends in pairwise(edges):
        part = quote(f"ChangedAt ge {stamp(begins)} and ChangedAt lt {stamp(ends)}")
        held += [
            row["WorkItemId"] for row in rows(excel, hub, f"WorkItems?$select=WorkItemId&$filter={part}")
        ]
    assert len(held) == len(set(held)) == 2500
    newest = quote(f"ChangedAt ge {stamp(last)}")
    assert len(rows(excel, hub, f"WorkItems?$select=WorkItemId&$filter={newest}")) == 250


def stamp(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def test_one_row_more_than_a_page_by_related_tables(excel: httpx.Client, hub: Hub) -> None:
    query = "Projects?$expand=Milestones($select=MilestoneName;$orderby=MilestoneName),Portfolio&$select=ProjectKey"
    for row in rows(excel, hub, query):
        told = hub.rows(
            "SELECT milestone_name FROM bi.fact_milestone JOIN bi.dim_project USING (project_id)"
            f" WHERE project_key = '{row['ProjectKey']}'"
        )
        assert sorted(each["MilestoneName"] for each in row["Milestones"]) == sorted(name for (name,) in told)
        assert row["Portfolio"]["PortfolioKey"]


def test_it_is_answered_packed_as_it_asks(excel: httpx.Client, hub: Hub) -> None:
    with excel.stream("GET", f"{hub.root}WorkItems", headers={"Accept": JSON}) as answer:
        packed = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) * 3 < len(gzip.decompress(packed))


def test_what_it_cannot_have_is_refused_and_not_answered_otherwise(excel: httpx.Client, hub: Hub) -> None:
    for query, status in (
        ("WorkItems?$filter=Nothing eq 1", 400),
        ("WorkItems?$filter=Points eq 'three'", 400),
        ("WorkItems?$select=Nothing", 400),
        ("Nothing", 404),
    ):
        answer = excel.get(hub.root + query, headers={"Accept": JSON})
        assert answer.status_code == status, query
        assert answer.json()["error"]["message"], "all that Power Query shows"
    atom = excel.get(f"{hub.root}Projects", headers={"Accept": "application/atom+xml"})
    assert atom.status_code == 406
