"""Signing in, checking and discovering: what an officer is told."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.connector import ENTRA_SCOPE, AzureDevOps
from connectors.errors import AccessDenied, MisconfiguredSource
from tests.support.ado_reading import connector
from tests.support.fake_ado import SIGN_IN, FakeAdo, failure

PAT = {"type": "pat", "token": "sandbox-pat"}


def answering(status: int, **kwargs: Any) -> httpx.MockTransport:
    """Answer everything alike."""
    return httpx.MockTransport(lambda _: httpx.Response(status, **kwargs))


@pytest.mark.parametrize(
    ("status", "kwargs"),
    [
        (203, {"text": SIGN_IN, "headers": {"Content-Type": "text/html; charset=utf-8"}}),
        (
            302,
            {
                "headers": {
                    "Location": "https://spsprodeus1.vssps.visualstudio.com/_signin?realm=dev.azure.com"
                }
            },
        ),
        (401, {"text": ""}),
    ],
)
def test_a_bad_token_is_told_as_such_in_each_of_the_servers_ways(status: int, kwargs: Any) -> None:
    with pytest.raises(AccessDenied, match="new personal access token"):
        connector(transport=answering(status, **kwargs)).check()


def test_a_web_page_with_200_is_no_tracker() -> None:
    with pytest.raises(AccessDenied, match="web page instead of data"):
        connector(transport=answering(200, text=SIGN_IN, headers={"Content-Type": "text/html"})).check()


def test_the_token_goes_as_the_password_of_nobody() -> None:
    ado = FakeAdo()
    connector(transport=ado.transport()).check()
    assert ado.requests[0].headers["Authorization"] == "Basic OnNhbmRib3gtcGF0"


def test_check_says_who_we_are_and_what_we_may_see() -> None:
    ado = FakeAdo("Shop", "Back Office")
    ado.set(1)
    found = connector(transport=ado.transport()).check()
    assert all(finding.ok for finding in found)
    assert [finding.says for finding in found][:3] == [
        "signed in as Sync Account", "2 of 2 visible projects: Back Office, Shop", "1 work items are visible",
    ]  # fmt: skip


def test_check_names_a_project_that_is_not_there_and_what_to_do() -> None:
    found = connector(transport=FakeAdo().transport(), projects=["Shop", "Nope"]).check()
    missing = next(finding for finding in found if finding.what == "project Nope")
    assert not missing.ok
    assert "reader of the project" in str(missing.todo)


def test_check_does_not_take_an_empty_answer_for_health() -> None:
    found = connector(transport=FakeAdo().transport()).check()
    assert [finding.what for finding in found if not finding.ok] == ["work items"]


def test_check_shows_a_query_that_the_server_does_not_understand() -> None:
    ado = FakeAdo()

    def unknown(request: httpx.Request) -> httpx.Response | None:
        text = "TF51005: The query references a field that does not exist. The error is caused by «Sate»."
        return failure(400, text) if request.url.path.endswith("wiql") else None

    ado.rules.append(unknown)
    found = connector(transport=ado.transport(), query="[Sate] = 'x'").check()
    assert [(finding.what, finding.todo) for finding in found if not finding.ok] == [
        ("work items", "Correct the query.")
    ]


def test_an_older_server_is_named_with_the_version_to_set() -> None:
    text = "The requested REST API version of 7.1 is out of range for this server."
    transport = httpx.MockTransport(lambda _: failure(400, text, "VssVersionOutOfRangeException"))
    with pytest.raises(MisconfiguredSource, match=r"Set api_version to '7\.0'"):
        connector(transport=transport).check()


def test_a_call_that_is_still_a_preview_on_this_server_is_made_as_one() -> None:
    ado = FakeAdo()
    ado.set(1)

    def preview(request: httpx.Request) -> httpx.Response | None:
        plain = "preview" not in request.url.params["api-version"]
        text = 'The requested version "6.0" of the resource is under preview. The -preview flag must be supplied.'
        return failure(400, text) if plain and request.url.path.endswith("/states") else None

    ado.rules.append(preview)
    found = connector(transport=ado.transport(), api_version="6.0").discover()
    assert [state["category"] for state in found.states][:2] == ["Proposed", "InProgress"]


def test_discover_shows_the_effort_field_and_on_what_evidence() -> None:
    found = connector(transport=FakeAdo("Shop").transport()).discover()
    points = "Microsoft.VSTS.Scheduling.StoryPoints"
    assert found.semantics == {"story_points": points, "effort_fields": points}
    assert (
        "backlog configuration adds up Microsoft.VSTS.Scheduling.StoryPoints in Shop"
        in found.evidence["story_points"]
    )
    assert [scope["key"] for scope in found.scopes] == ["Shop"]
    assert [one["path"] for one in found.iterations] == ["Shop\\Sprint 1", "Shop\\Sprint 8"]
    assert [one["hub_type"] for one in found.types] == ["story"]


def test_discover_goes_on_where_a_project_may_not_be_looked_into() -> None:
    ado = FakeAdo("Shop")

    def forbid(request: httpx.Request) -> httpx.Response | None:
        return failure(403, "TF401027: no") if "/Shop/" in request.url.path else None

    ado.rules.append(forbid)
    found = connector(transport=ado.transport()).discover()
    assert not found.semantics
    assert any("backlog configuration cannot be read" in warning for warning in found.warnings)


class Tokens:
    """Stands for the directory: `get` and `post` as of requests."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get(self, url: str, **_: Any) -> Any:
        del url
        base = "https://login.example/contoso"
        return Reply(
            {
                "authorization_endpoint": f"{base}/a",
                "token_endpoint": f"{base}/t",
                "issuer": base,
                "tenant_discovery_endpoint": f"{base}/.well-known/openid-configuration",
                "metadata": [],
            }
        )

    def post(self, url: str, *, data: dict[str, str], **_: Any) -> Any:
        del url
        self.scopes.append(data["scope"])
        return Reply({"access_token": "entra-token", "expires_in": 3600, "token_type": "Bearer"})

    def close(self) -> None:
        """Nothing is open."""


class Reply:
    """An answer as requests gives it."""

    status_code = 200

    def __init__(self, body: dict[str, Any]) -> None:
        import json

        self.text, self.headers = json.dumps(body), {"Content-Type": "application/json"}

    def raise_for_status(self) -> None:
        """All is well."""


def test_an_entra_application_signs_in_with_the_scope_of_azure_devops() -> None:
    ado, tokens = FakeAdo(), Tokens()
    auth = {
        "type": "entra",
        "tenant": "contoso",
        "client_id": "c",
        "client_secret": "hush-hush",
        "authority": "https://login.example",
    }
    config = AzureDevOpsConfig(base_url="https://dev.azure.com/contoso", auth=auth)
    AzureDevOps(config, source="ado", transport=ado.transport(), token_client=tokens).check()
    assert ado.requests[0].headers["Authorization"] == "Bearer entra-token"
    assert ENTRA_SCOPE in tokens.scopes[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "https://dev.azure.com"}, "must name the organisation"),
        ({"base_url": "dev.azure.com/x"}, "must be a web address"),
        ({"base_url": "https://u:p@ado.example/x"}, "bare address"),
        ({"base_url": "https://dev.azure.com/x/_apis/projects"}, "without /_apis"),
        ({"query": "SELECT [System.Id] FROM WorkItems"}, "the condition alone"),
        ({"query": "[System.State] = 'New'", "projects": ["Shop"]}, "projects or query, not both"),
        ({"projects": []}, "at least 1"),
        ({"api_version": "4.1"}, "'6.0', '7.0' or '7.1'"),
        ({"organisation": "x"}, "Extra inputs"),
        ({"auth": {"type": "basic", "username": "u", "password": "hush-hush"}}, "'pat', 'entra'"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_with_words_and_no_secret(
    options: Any, words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        AzureDevOpsConfig.model_validate({"base_url": "https://dev.azure.com/x", "auth": PAT} | options)
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_every_option_is_described() -> None:
    schema = AzureDevOpsConfig.model_json_schema()
    described = [
        *schema["properties"].values(),
        *(p for d in schema["$defs"].values() for p in d["properties"].values()),
    ]
    assert all(option.get("description") for option in described)


def test_an_old_address_with_the_organisation_in_the_host_is_taken() -> None:
    config = AzureDevOpsConfig(base_url="https://contoso.visualstudio.com/", auth=PAT)
    assert config.base_url == "https://contoso.visualstudio.com"
