"""The OData feed over HTTP: every set, the ways of signing in, and who sees which rows."""

import base64
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.feed.route import MODEL
from api.tokens import create_token
from config.database import open_engine
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed

ROOT = "/odata/v1/"
# What reports stand on: names and types may be added to, and nothing of it may go or change.
PUBLISHED = {
    "Projects": {
        "ProjectId": "Edm.Guid",
        "ProjectKey": "Edm.String",
        "Overall": "Edm.String",
        "Health": "Edm.Double",
        "Reported": "Edm.String",
        "AsOf": "Edm.Date",
        "AsOfSK": "Edm.Int32",
        "DataQuality": "Edm.Double",
    },
    "WorkItems": {
        "WorkItemId": "Edm.Int64",
        "WorkItemKey": "Edm.String",
        "ChangedAt": "Edm.DateTimeOffset",
        "ChangedDateSK": "Edm.Int32",
        "Points": "Edm.Double",
        "IsDeleted": "Edm.Boolean",
        "Due": "Edm.Date",
    },
    "Milestones": {
        "MilestoneId": "Edm.Int64",
        "Baseline": "Edm.Date",
        "Forecast": "Edm.Date",
        "IsCritical": "Edm.Boolean",
    },
    "CostLines": {
        "Amount": "Edm.Decimal",
        "Currency": "Edm.String",
        "Kind": "Edm.String",
        "Period": "Edm.Date",
    },
    "StatusSnapshots": {
        "SnapshotId": "Edm.Int64",
        "AsOf": "Edm.Date",
        "KnownAt": "Edm.DateTimeOffset",
        "Hash": "Edm.String",
    },
    "Findings": {"Rule": "Edm.String", "Severity": "Edm.String", "IsOpen": "Edm.Boolean"},
    "Claims": {
        "Attribute": "Edm.String",
        "Value": "Edm.String",
        "Source": "Edm.String",
        "Receipt": "Edm.String",
    },
}


@pytest.fixture(scope="module")
def seeded(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


def get(web: TestClient, what: str) -> Any:
    answer = web.get(f"{ROOT}{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", [each.name for each in MODEL.sets])
def test_every_set_gives_rows_that_select_filter_and_sort_by_every_property(
    seeded: Engine, name: str
) -> None:
    web = client(seeded, name=f"all-{name}")
    found = get(web, f"{name}?$count=true&$top=2")
    assert found["@odata.count"] >= len(found["value"])
    type_ = MODEL.by_name[name].type
    names = list(type_.all_properties())
    some = " or ".join(f"{each} ne null" for each in names)
    every = f"$select={','.join(names)}&$orderby={','.join(names)}&$filter={some}"
    get(web, f"{name}?$top=1&{every}")
    get(web, f"{name}?$expand=*($top=1)&$top=1" if type_.navigations else f"{name}?$top=1")


def test_metadata_is_read_from_xml_and_nothing_published_is_gone_or_other(seeded: Engine) -> None:
    answer = client(seeded, name="metadata").get(f"{ROOT}$metadata")
    assert answer.headers["content-type"] == "application/xml"
    fromstring(answer.content)  # noqa: S314 - our own
    for set_name, properties in PUBLISHED.items():
        now = {name: each.type for name, each in MODEL.by_name[set_name].type.all_properties().items()}
        assert {name: now.get(name) for name in properties} == properties


def test_numbers_are_those_of_the_store(seeded: Engine) -> None:
    web = client(seeded, name="numbers")
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


def sign_in(engine: Engine, **how: Any) -> int:
    web = TestClient(create_app(engine), raise_server_exceptions=False)
    return int(web.get(f"{ROOT}Projects?$top=1" + how.pop("query", ""), **how).status_code)


def test_a_token_is_taken_however_a_tool_sends_it(seeded: Engine) -> None:
    token = create_token(seeded, "bi", projects=None, scopes=("read",))
    basic = base64.b64encode(f"anybody:{token}".encode()).decode()
    assert sign_in(seeded, headers={"Authorization": f"Basic {basic}"}) == 200
    assert sign_in(seeded, headers={"Authorization": f"Bearer {token}"}) == 200
    assert sign_in(seeded, headers={"X-Api-Key": token}) == 200
    assert sign_in(seeded, query=f"&apikey={token}") == 200
    assert sign_in(seeded, query=f"&ApiKey={token}") == 200


@pytest.mark.parametrize(
    "how",
    [{}, {"headers": {"Authorization": "Basic !!"}}, {"headers": {"Authorization": "Basic eDp5"}},
     {"headers": {"Authorization": "Bearer x"}}, {"query": "&apikey=x"}, {"headers": {"Authorization": "Negotiate x"}}],
)  # fmt: skip
def test_without_a_token_everybody_is_asked_to_sign_in(seeded: Engine, how: dict[str, Any]) -> None:
    assert sign_in(seeded, **how) == 401
    answer = TestClient(create_app(seeded)).get(f"{ROOT}$metadata")
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.json()["error"]["code"] == "Unauthorized"


def test_who_may_see_some_projects_sees_their_rows_and_no_others_by_any_way(seeded: Engine) -> None:
    web = client(seeded, projects=["PORTAL"], name="one project")
    assert [row["ProjectKey"] for row in get(web, "Projects")["value"]] == ["PORTAL"]
    project = get(web, "Projects")["value"][0]["ProjectId"]
    for name in (
        "WorkItems",
        "Milestones",
        "RaidItems",
        "CostLines",
        "StatusSnapshots",
        "Findings",
        "Claims",
    ):
        assert {row["ProjectId"] for row in get(web, name)["value"]} <= {project}
        assert web.get(f"{ROOT}{name}/$count?$filter=ProjectId ne {project}").text == "0"
    assert get(web, "Runs")["value"] == []
    assert get(web, "People")["value"] == []
    through = get(web, "Portfolios?$expand=Projects($select=ProjectKey)")["value"]
    assert [row["ProjectKey"] for each in through for row in each["Projects"]] == ["PORTAL"]
    counted = get(web, "Portfolios?$filter=Projects/$count gt 1")["value"]
    assert counted == []


def test_a_key_in_the_query_stands_in_no_link(seeded: Engine) -> None:
    token = create_token(seeded, "links", projects=None, scopes=("read",))
    web = TestClient(create_app(seeded))
    answer = web.get(
        f"{ROOT}WorkItems?$select=WorkItemId&apikey={token}", headers={"Prefer": "maxpagesize=5"}
    )
    assert len(answer.json()["value"]) == 5
    assert token not in answer.text
