"""The OData feed over HTTP: every set, the ways of signing in, and who sees which rows."""

import base64
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.feed.models import model_of
from api.signin.tokens import create_token
from tests.support.published_feed import broken, kept, promised_now

ROOT = "/odata/v1/"


def get(web: TestClient, what: str) -> Any:
    answer = web.get(f"{ROOT}{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", [each.name for each in model_of(None).sets])
def test_every_set_gives_rows_that_select_filter_and_sort_by_every_property(
    web: TestClient, name: str
) -> None:
    found = get(web, f"{name}?$count=true&$top=2")
    assert found["@odata.count"] >= len(found["value"])
    type_ = model_of(None).by_name[name].type
    names = list(type_.all_properties())
    some = " or ".join(f"{each} ne null" for each in names)
    every = f"$select={','.join(names)}&$orderby={','.join(names)}&$filter={some}"
    get(web, f"{name}?$top=1&{every}")
    get(web, f"{name}?$expand=*($top=1)&$top=1" if type_.navigations else f"{name}?$top=1")


def test_metadata_is_read_from_xml(web: TestClient) -> None:
    answer = web.get(f"{ROOT}$metadata")
    assert answer.headers["content-type"] == "application/xml"
    fromstring(answer.content)  # noqa: S314 - our own


def test_nothing_published_is_gone_or_other_and_the_list_of_it_is_complete() -> None:
    assert broken(kept(), promised_now()) == []
    assert kept() == promised_now(), "renew it: python -m tests.support.published_feed"


def test_a_property_that_goes_or_changes_its_type_is_found() -> None:
    now = promised_now()
    del now["v1"]["WorkItems"]["properties"]["Points"]
    now["v1"]["Projects"]["properties"]["Health"] = "Edm.String"
    now["v1"]["Projects"]["properties"]["New"] = "Edm.String"
    assert broken(kept(), now) == [
        "v1/Projects/properties/Health was Edm.Double and is Edm.String",
        "v1/WorkItems/properties/Points is gone",
    ]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_what_would_change_the_feed_is_refused_in_its_own_form(web: TestClient, method: str) -> None:
    answer = web.request(method, f"{ROOT}Projects", json={})
    assert (answer.status_code, answer.headers["OData-Version"]) == (405, "4.0")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "MethodNotAllowed"


@pytest.mark.parametrize("root", ["/odata/v1", "/odata/projectdata", "/files/v1"])
def test_an_address_without_its_last_slash_is_the_same(web: TestClient, root: str) -> None:
    bare, whole = web.get(root), web.get(f"{root}/")
    assert (bare.status_code, bare.json()) == (200, whole.json())
    assert web.get(f"{root}x").status_code == 404


def test_numbers_are_those_of_the_store(seeded: Engine, web: TestClient) -> None:
    with seeded.connect() as connection:
        items = connection.scalar(text("SELECT count(*) FROM work_item"))
        red = connection.scalar(
            text("SELECT count(*) FROM (SELECT DISTINCT ON (project_id) overall FROM snapshot"
                 " ORDER BY project_id, as_of DESC, known_at DESC) AS newest WHERE overall = 'RED'")
        )  # fmt: skip
    assert web.get(f"{ROOT}WorkItems/$count").text == str(items)
    assert len(get(web, "Projects?$filter=Overall eq 'RED'")["value"]) == red
    grouped = get(web, "WorkItems?$apply=groupby((Project/ProjectKey),aggregate($count as Items))")["value"]
    assert sum(row["Items"] for row in grouped) == items


def sign_in(anybody: TestClient, **how: Any) -> int:
    return int(anybody.get(f"{ROOT}Projects?$top=1" + how.pop("query", ""), **how).status_code)


def test_a_token_is_taken_however_a_tool_sends_it(seeded: Engine, anybody: TestClient) -> None:
    token = create_token(seeded, "bi", projects=None, scopes=("read",))
    basic = base64.b64encode(f"anybody:{token}".encode()).decode()
    assert sign_in(anybody, headers={"Authorization": f"Basic {basic}"}) == 200
    assert sign_in(anybody, headers={"Authorization": f"Bearer {token}"}) == 200
    assert sign_in(anybody, headers={"X-Api-Key": token}) == 200
    assert sign_in(anybody, query=f"&apikey={token}") == 200
    assert sign_in(anybody, query=f"&ApiKey={token}") == 200


@pytest.mark.parametrize(
    "how",
    [{}, {"headers": {"Authorization": "Basic !!"}}, {"headers": {"Authorization": "Basic eDp5"}},
     {"headers": {"Authorization": "Bearer x"}}, {"query": "&apikey=x"}, {"headers": {"Authorization": "Negotiate x"}}],
)  # fmt: skip
def test_without_a_token_everybody_is_asked_to_sign_in(anybody: TestClient, how: dict[str, Any]) -> None:
    assert sign_in(anybody, **dict(how)) == 401
    answer = anybody.get(f"{ROOT}$metadata")
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.json()["error"]["code"] == "Unauthorized"


def test_who_may_see_some_projects_sees_their_rows_and_no_others_by_any_way(some: TestClient) -> None:
    web = some
    assert [row["ProjectKey"] for row in get(web, "Projects")["value"]] == ["PORTAL"]
    project = get(web, "Projects")["value"][0]["ProjectId"]
    of_projects = [each.name for each in model_of(None).sets if "ProjectId" in each.type.all_properties()]
    assert len(of_projects) > 20
    for name in of_projects:
        assert {row["ProjectId"] for row in get(web, name)["value"]} <= {project}
        assert web.get(f"{ROOT}{name}/$count?$filter=ProjectId ne {project}").text == "0"
    assert get(web, "Runs")["value"] == []
    assert get(web, "People")["value"] == []
    through = get(web, "Portfolios?$expand=Projects($select=ProjectKey)")["value"]
    assert [row["ProjectKey"] for each in through for row in each["Projects"]] == ["PORTAL"]
    counted = get(web, "Portfolios?$filter=Projects/$count gt 1")["value"]
    assert counted == []


def test_a_key_in_the_query_stands_in_no_link(seeded: Engine, anybody: TestClient) -> None:
    token = create_token(seeded, "links", projects=None, scopes=("read",))
    answer = anybody.get(
        f"{ROOT}WorkItems?$select=WorkItemId&apikey={token}", headers={"Prefer": "maxpagesize=5"}
    )
    assert len(answer.json()["value"]) == 5
    assert token not in answer.text


def test_parts_of_a_batch_give_no_key_back_and_are_held_to_the_days_of_others(
    seeded: Engine, anybody: TestClient
) -> None:
    token = create_token(seeded, "parts", projects=None, scopes=("read",))
    asking = {"Authorization": f"Bearer {token}", "Prefer": "continue-on-error"}
    asked = f"WorkItems?$select=WorkItemId&%41pikey={token}"
    urls = [
        asked,
        f"https://elsewhere.example/{asked}",
        "WorkItems?asof=2026-10-01",
        "Projects?as_of=2026-10-01",
    ]
    requests = [
        {"id": str(at), "method": "GET", "url": url, "headers": {"prefer": "maxpagesize=5"}}
        for at, url in enumerate(urls)
    ]
    as_json = anybody.post(f"{ROOT}$batch", json={"requests": requests}, headers=asking)
    answers = as_json.json()["responses"]
    assert [each["status"] for each in answers] == [200, 400, 400, 400]
    assert "$skiptoken=" in answers[0]["body"]["@odata.nextLink"]
    assert token not in as_json.text
    part = f"Content-Type: application/http\r\n\r\nGET {asked} HTTP/1.1\r\nPrefer: maxpagesize=5\r\n\r\n"
    body = f"--b\r\n{part}\r\n--b--\r\n"
    as_parts = anybody.post(
        f"{ROOT}$batch", content=body, headers={**asking, "Content-Type": "multipart/mixed;boundary=b"}
    )
    assert "@odata.nextLink" in as_parts.text
    assert token not in as_parts.text
    posted = anybody.post(f"{ROOT}WorkItems/$query", content="$top=1&asof=2026-10-01", headers=asking)
    assert posted.status_code == 400
