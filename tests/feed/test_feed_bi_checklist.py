"""What Power BI, Excel, Tableau and SAP need of a feed: one test for each need, in the order of their list."""

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, Final
from urllib.parse import quote
from xml.etree.ElementTree import fromstring

import pytest
from httpx2 import Response
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.feed.models import model_of

ROOT: Final = "/odata/v1/"
EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"
# What Excel's and Power BI's reader sends.
POWER_QUERY: Final = {
    "Accept": (
        "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
        "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7"
    ),
    "OData-MaxVersion": "4.0", "MaxDataServiceVersion": "3.0", "Accept-Encoding": "gzip, deflate",
    "User-Agent": "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)",
}  # fmt: skip


def ask(web: TestClient, what: str, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.get(what if what.startswith("http") else f"{ROOT}{what}", headers=sent)


def get(web: TestClient, what: str, **headers: str) -> Any:
    answer = ask(web, what, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_01_the_root_is_a_cheap_document_in_json(web: TestClient) -> None:
    found = web.get(ROOT, headers=POWER_QUERY)
    assert found.headers["content-type"].startswith("application/json;odata.metadata=minimal")
    assert {each["name"] for each in found.json()["value"]} == {each.name for each in model_of(None).sets}
    assert ask(web, "?$top=1&$filter=nonsense").status_code in (200, 400)


def test_02_metadata_is_xml_unless_json_alone_is_asked_for_and_unchanged_is_304(web: TestClient) -> None:
    found = web.get(f"{ROOT}$metadata", headers=POWER_QUERY)
    assert found.headers["content-type"] == "application/xml"
    assert ask(web, "$metadata", Accept="application/json").headers["content-type"] == "application/json"
    assert ask(web, "$metadata?$format=json").headers["content-type"] == "application/json"
    again = web.get(f"{ROOT}$metadata", headers={**POWER_QUERY, "If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_03_metadata_holds_only_what_strict_readers_know(web: TestClient) -> None:
    root = fromstring(ask(web, "$metadata").content)  # noqa: S314 - our own
    assert not [*root.iter(f"{EDM}EnumMember")]
    targets = {each.get("Name") for each in root.iter(f"{EDM}EntitySet")}
    assert {each.get("Target") for each in root.iter(f"{EDM}NavigationPropertyBinding")} <= targets
    known = {"Edm.String", "Edm.Guid", "Edm.Int64", "Edm.Int32", "Edm.Double", "Edm.Decimal", "Edm.Boolean",
             "Edm.Date", "Edm.DateTimeOffset"}  # fmt: skip
    assert {each.get("Type") for each in root.iter(f"{EDM}Property")} <= known
    assert all(type_.find(f"{EDM}Key") is not None for type_ in root.iter(f"{EDM}EntityType"))


def test_04_json_is_chosen_by_quality_and_atom_alone_is_refused(web: TestClient) -> None:
    assert (
        web.get(f"{ROOT}Projects", headers=POWER_QUERY).headers["content-type"].startswith("application/json")
    )
    mixed = ask(web, "Projects", Accept="application/atom+xml;q=0.9,application/json;q=0.1")
    assert mixed.headers["content-type"].startswith("application/json")
    assert ask(web, "Projects", Accept="application/atom+xml").status_code == 406


def test_05_there_is_one_version_header(web: TestClient) -> None:
    for what in ("", "$metadata", "Projects", "Nope", "Projects?$filter=x"):
        answer: Response = web.get(f"{ROOT}{what}", headers=POWER_QUERY)
        assert answer.headers.get_list("odata-version") == ["4.0"]
    assert ask(web, "Projects", OData_MaxVersion="3.0").status_code == 406


@pytest.mark.parametrize(
    ("what", "context"),
    [
        ("Projects", "Projects"), ("Projects?$select=ProjectKey,Overall", "Projects(ProjectKey,Overall)"),
        ("Projects?$select=ProjectKey&$expand=Milestones($select=State)", "Projects(ProjectKey,Milestones(State))"),
        ("WorkItems?$apply=groupby((Project/ProjectKey),aggregate($count as N))", "WorkItems(Project/ProjectKey,N)"),
    ],
)  # fmt: skip
def test_06_the_context_is_exact(web: TestClient, what: str, context: str) -> None:
    assert get(web, what)["@odata.context"] == f"http://testserver{ROOT}$metadata#{context}"


def test_07_pages_follow_each_other_by_key_and_end(web: TestClient) -> None:
    found: list[str] = []
    url = "WorkItems?$select=WorkItemId&$orderby=ChangedAt desc&$top=25"
    while url:
        page = get(web, url, Prefer="odata.maxpagesize=10")
        found += [row["WorkItemId"] for row in page["value"]]
        url = page.get("@odata.nextLink", "")
        assert "$skip=" not in url
    assert len(found) == len(set(found)) == 25
    assert "@odata.nextLink" not in get(web, "WorkItems?$top=3")


def test_08_links_are_absolute_and_lead_to_the_address_that_was_asked(web: TestClient) -> None:
    page = get(web, "WorkItems?$select=WorkItemId", Prefer="maxpagesize=2", Host="bi.example")
    assert page["@odata.nextLink"].startswith(f"http://bi.example{ROOT}WorkItems?")


def test_09_preferences_are_applied_and_said(web: TestClient) -> None:
    answer = ask(web, "Projects?$top=1", Prefer="odata.maxpagesize=1, omit-values=nulls")
    assert answer.headers["preference-applied"] == "odata.maxpagesize=1, omit-values=nulls"
    assert None not in answer.json()["value"][0].values()


def test_10_the_options_that_tools_fold_into_work_together(web: TestClient) -> None:
    found = get(
        web,
        "Projects?$select=ProjectKey&$filter=Health ne null&$orderby=Health desc&$top=2&$skip=1&$count=true"
        "&$expand=WorkItems($select=Title;$filter=IsDeleted ne true;$orderby=ChangedAt desc;$top=2;$count=true)",
    )
    assert found["@odata.count"] >= len(found["value"]) > 0
    assert all(len(row["WorkItems"]) <= min(2, row["WorkItems@odata.count"]) for row in found["value"])
    assert ask(web, "Projects/$count?$filter=Health ne null").text == str(found["@odata.count"])
    assert ask(web, "Projects?$filter=geo.length(ProjectKey) eq 1").status_code == 501


def test_11_long_requests_go_by_get_by_post_and_in_a_batch(web: TestClient) -> None:
    terms = " or ".join(f"ProjectKey eq 'P{at}'" for at in range(650))
    url = f"Projects?$count=true&$filter={quote(terms)}"
    assert len(url) > 15_000
    assert get(web, url)["@odata.count"] == 0
    posted = web.post(
        f"{ROOT}Projects/$query", content=f"$filter={terms}", headers={"Content-Type": "text/plain"}
    )
    assert posted.status_code == 200
    part = f"--b\r\nContent-Type: application/http\r\n\r\nGET {url} HTTP/1.1\r\n\r\n\r\n--b--\r\n"
    batch = web.post(f"{ROOT}$batch", content=part, headers={"Content-Type": "multipart/mixed;boundary=b"})
    assert (batch.status_code, "HTTP/1.1 200" in batch.text) == (200, True)


def test_12_rows_are_found_by_key_and_by_way_fast(web: TestClient) -> None:
    key = get(web, "Projects?$top=1")["value"][0]["ProjectId"]
    began = perf_counter()
    for _ in range(20):
        assert get(web, f"Projects({key})/Milestones?$top=1&x={perf_counter()}")
    assert (perf_counter() - began) / 20 < 0.25


def test_13_aggregates_go_with_ways_filters_orders_and_concat(web: TestClient) -> None:
    apply = (
        "filter(IsDeleted ne true)/groupby((Project/ProjectKey),aggregate($count as N,Points with sum as S,"
        "Points with min as A,Points with max as B,Points with average as C,Type with countdistinct as T))"
    )
    rows = get(web, f"WorkItems?$apply={apply}&$orderby=N desc&$filter=N gt 0&$top=3")["value"]
    assert [row["N"] for row in rows] == sorted((row["N"] for row in rows), reverse=True)
    total = get(web, f"WorkItems?$apply={apply}/concat(identity,aggregate(N with sum as N))")["value"]
    assert sum(row["N"] for row in total) == 2 * max(row["N"] for row in total)
    assert "ApplySupported" in ask(web, "$metadata").text


def test_14_columns_are_typed(web: TestClient) -> None:
    types = {each.name: each for each in model_of(None).sets}
    assert not any(each.collection for set_ in types.values() for each in set_.type.all_properties().values())
    line = ask(web, "CostLines?$filter=Amount ne null&$top=1")
    assert isinstance(line.json()["value"][0]["Amount"], int | float)
    exact = get(
        web, "CostLines?$filter=Amount ne null&$top=1", Accept="application/json;IEEE754Compatible=true"
    )
    assert isinstance(exact["value"][0]["Amount"], str)
    assert get(web, "Claims?$top=1")["value"][0]["KnownFrom"].endswith("Z")


def test_15_days_have_keys_beside_them(web: TestClient) -> None:
    for set_ in model_of(None).sets:
        names = set_.type.all_properties()
        days = [each.name for each in names.values() if each.type == "Edm.Date"]
        instants = [each.name for each in names.values() if each.type == "Edm.DateTimeOffset"]
        assert {f"{day}SK" for day in days} <= set(names)
        assert {f"{instant.removesuffix('At')}DateSK" for instant in instants} <= set(names)
    row = get(web, "WorkItems?$filter=ChangedAt ne null&$top=1")["value"][0]
    assert str(row["ChangedDateSK"]) == row["ChangedAt"][:10].replace("-", "")


def test_16_what_changed_between_two_instants_is_asked_for_and_deletions_are_seen(web: TestClient) -> None:
    between = "ChangedAt ge 2000-01-01T00:00:00Z and ChangedAt lt 2100-01-01T00:00:00Z"
    every = int(ask(web, "WorkItems/$count").text)
    assert int(ask(web, f"WorkItems/$count?$filter={between}").text) == every
    assert "IsDeleted" in model_of(None).by_name["WorkItems"].type.all_properties()


def test_17_a_delta_link_is_given_and_followed(web: TestClient) -> None:
    url, link = "WorkItems?$select=Title", None
    while link is None:
        page = get(web, url, Prefer="odata.track-changes")
        url, link = page.get("@odata.nextLink", ""), page.get("@odata.deltaLink")
    assert get(web, link)["@odata.context"].endswith("#WorkItems/$delta")


def test_18_the_root_and_the_model_have_a_version(web: TestClient) -> None:
    assert 'Term="Org.OData.Core.V1.SchemaVersion" String="1.0"' in ask(web, "$metadata").text
    assert ask(web, "Projects?$schemaversion=1.0&$top=1").status_code == 200
    assert ask(web, "Projects?$schemaversion=2.0").status_code == 404


@pytest.mark.parametrize(
    ("what", "status", "position"),
    [
        ("Projects?$filter=Health gt", 400, 9), ("Projects?$filter=Nope eq 1", 400, 0),
        ("Projects?$orderby=Health,Nope", 400, 7), ("Projects?$select=Nope", 400, 0),
        ("Projects?$filter=Health eq 1 and geo.length(ProjectKey) eq 1", 501, 16), ("Nope", 404, None),
    ],
)  # fmt: skip
def test_19_errors_say_what_and_where(web: TestClient, what: str, status: int, position: int | None) -> None:
    answer = ask(web, what)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"]
    assert error["message"]
    assert error.get("innererror", {}).get("position") == position


def test_20_what_is_likely_not_meant_is_warned_of_and_answered(web: TestClient) -> None:
    page = get(web, "WorkItems", Prefer="maxpagesize=2")
    assert page["@Muster.warnings"][0].startswith("no $select")
    assert "@Muster.warnings" not in get(web, page["@odata.nextLink"], Prefer="maxpagesize=2")
    assert "@Muster.warnings" not in get(web, "WorkItems?$select=Title", Prefer="maxpagesize=2")
    summed = "StatusSnapshots?$apply=groupby((ProjectId),aggregate(Health with average as H))"
    assert "AsOf is not named" in get(web, summed)["@Muster.warnings"][0]
    named = summed.replace("(ProjectId)", "(ProjectId,AsOf)")
    assert "@Muster.warnings" not in get(web, named)


def test_21_without_a_token_the_answer_is_401_with_its_ways(anybody: TestClient) -> None:
    for what in ("", "$metadata", "Projects", "Nope", "$batch"):
        answer = anybody.get(f"{ROOT}{what}")
        assert answer.status_code == 401
        assert "Basic" in answer.headers["www-authenticate"]


def test_22_the_first_page_comes_soon_and_packed(web: TestClient) -> None:
    began = perf_counter()
    answer = web.get(f"{ROOT}WorkItems?$count=true", headers=POWER_QUERY)
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert perf_counter() - began < 5


def test_23_what_the_feed_says_it_can_do_is_so(web: TestClient) -> None:
    metadata = ask(web, "$metadata").text
    assert 'Term="Org.OData.Capabilities.V1.AsynchronousRequestsSupported" Bool="false"' in metadata
    assert ask(web, "Projects?$top=1", Prefer="respond-async").status_code == 200
    assert "CountRestrictions" in metadata
    assert get(web, "Projects?$count=true&$top=0")["@odata.count"] > 0


def test_24_snapshots_are_there_raw_and_as_of_a_day(seeded: Engine, web: TestClient) -> None:
    with seeded.connect() as connection:
        number, day = connection.execute(text("SELECT count(*), min(as_of) FROM snapshot")).one()
    assert int(ask(web, "StatusSnapshots/$count").text) == number
    rows = get(web, f"StatusSnapshots?as_of={day}")["value"]
    assert rows
    assert {row["AsOf"] for row in rows} == {str(day)}


def test_25_instants_need_a_zone_and_a_lost_plus_is_understood(web: TestClient) -> None:
    assert ask(web, "WorkItems/$count?$filter=ChangedAt gt 2026-01-01T00:00:00").status_code == 400
    lost = ask(web, "WorkItems/$count?$filter=ChangedAt gt 2026-01-01T00:00:00+02:00")
    kept = ask(web, "WorkItems/$count?$filter=ChangedAt gt 2026-01-01T00:00:00%2B02:00")
    assert lost.text == kept.text


def test_many_ask_at_once_and_all_get_the_same(web: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = {*pool.map(lambda _: ask(web, "WorkItems?$select=Title&$orderby=Title").text, range(8))}
    assert len(answers) == 1
