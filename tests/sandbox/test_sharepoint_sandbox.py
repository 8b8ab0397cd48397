import base64
import re
import shutil
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.microsoft import EntraToken
from sandbox.options import App, Options
from sandbox.sharepoint import create
from sandbox.sharepoint.drive import SITE_ID, quick_xor
from tests.support.sandboxes import running
from tests.support.shared import SHARED, needs_shared
from tests.support.sharepoint_sandbox import (
    ANCHOR,
    DRIVE,
    HOST,
    REGISTER,
    client,
    control,
    fresh,
    plain,
    token,
)

UNIT = 327_680


@pytest.fixture(scope="module")
def shared_app() -> App:
    return fresh()


@pytest.fixture
def app() -> App:
    return fresh()


def test_a_wrong_secret_client_tenant_or_scope_is_refused_with_its_number(shared_app: App) -> None:
    refusals = {
        7000215: token(shared_app, secret="wrong"),
        700016: token(shared_app, client_id="somebody"),
        90002: token(shared_app, tenant="nobody.example"),
        1002012: token(shared_app, scope="https://graph.microsoft.com/Files.Read"),
        70003: token(shared_app, grant_type="password"),
    }
    for number, answer in refusals.items():
        assert answer.status_code in {400, 401}
        assert answer.json()["error_codes"] == [number]
        assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")
    assert token(shared_app).json()["expires_in"] == 3599


def test_the_tenant_tells_its_endpoints_and_an_unknown_one_is_refused(shared_app: App) -> None:
    with plain(shared_app) as calling:
        found = calling.get("/contoso.example/v2.0/.well-known/openid-configuration").json()
        unknown = calling.get("/nobody.example/v2.0/.well-known/openid-configuration")
    assert found["token_endpoint"] == f"{HOST}/contoso.example/oauth2/v2.0/token"
    assert unknown.status_code == 400


def test_a_token_that_is_missing_garbled_or_for_another_service_is_401(app: App) -> None:
    other = token(app, scope="499b84ac-1321-427f-aa17-267ca6975798/.default").json()["access_token"]
    with plain(app) as calling:
        answers = [
            calling.get(f"/v1.0/sites/{SITE_ID}", headers=headers)
            for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": f"Bearer {other}"})
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert all(answer.json()["error"]["code"] == "InvalidAuthenticationToken" for answer in answers)
    assert "Invalid audience" in answers[2].text


def test_revoked_and_expired_tokens_are_401_and_a_new_one_works(app: App) -> None:
    with client(app) as calling:
        assert calling.get(REGISTER).status_code == 200
        control(app, "edit", {"revoke_tokens": True})
        assert calling.get(REGISTER).status_code == 401
    with client(app) as calling:
        assert calling.get(REGISTER).status_code == 200


def test_a_site_that_is_not_granted_is_403_and_one_that_is_not_there_404(app: App) -> None:
    site = "/sites/contoso.sharepoint.example:/sites/{}"
    with client(app) as calling:
        assert calling.get(site.format("pmo")).json()["id"] == SITE_ID
        assert calling.get(site.format("hr")).json()["error"]["code"] == "accessDenied"
        assert calling.get(site.format("nowhere")).json()["error"]["code"] == "itemNotFound"
        control(app, "edit", {"grant": False})
        assert [calling.get(path).status_code for path in (site.format("pmo"), REGISTER)] == [403, 403]


def test_a_file_is_found_by_path_id_site_and_share_link(shared_app: App) -> None:
    link = b"https://contoso.sharepoint.example/sites/pmo/Shared%20Documents/Programme/register.xlsx"
    share = "u!" + base64.urlsafe_b64encode(link).decode().rstrip("=")
    with client(shared_app) as calling:
        by_path = calling.get(REGISTER).json()
        others = [
            calling.get(path).json()
            for path in (
                f"{DRIVE}/items/{by_path['id']}", f"/sites/{SITE_ID}/drive/root:/programme/REGISTER.xlsx",
                "/sites/contoso.sharepoint.example:/sites/pmo:/drive/root:/Programme/register.xlsx:",
                f"/shares/{share}/driveItem",
            )
        ]  # fmt: skip
        chosen = calling.get(REGISTER, params={"$select": "id,cTag"}).json()
        drives = calling.get(f"/sites/{SITE_ID}/drives").json()["value"]
        missing = calling.get(f"{DRIVE}/root:/Programme/none.xlsx")
    assert {one["id"] for one in others} == {by_path["id"]}
    assert set(chosen) == {"@odata.context", "id", "cTag"}
    assert drives[0]["id"] == by_path["parentReference"]["driveId"]
    assert missing.status_code == 404


def test_content_leads_to_another_host_that_wants_no_token_and_runs_out(app: App) -> None:
    with client(app) as calling:
        item = calling.get(REGISTER).json()
        redirect = calling.get(f"{REGISTER}:/content")
        location = redirect.headers["location"]
        with_token = calling.get(location)
    assert redirect.status_code == 302
    assert redirect.content == b""
    assert httpx.URL(location).host != httpx.URL(HOST).host
    with plain(app) as calling:
        content = calling.get(location)
        part = calling.get(location, headers={"Range": "bytes=2-5"})
        control(app, "edit", {"download_seconds": -1})
        late = calling.get(calling_location(app))
    assert with_token.status_code == 401
    assert content.content.startswith(b"PK\x03\x04")
    assert len(content.content) == item["size"]
    assert quick_xor(content.content) == item["file"]["hashes"]["quickXorHash"]
    assert (part.status_code, part.content) == (206, content.content[2:6])
    assert late.status_code == 401


def calling_location(app: App) -> str:
    with client(app) as calling:
        return calling.get(f"{REGISTER}:/content").headers["location"]


def test_an_unchanged_file_is_304_by_either_tag(shared_app: App) -> None:
    with client(shared_app) as calling:
        item = calling.get(REGISTER).json()
        answers = [
            calling.get(f"{REGISTER}:/content", headers={"If-None-Match": item[tag]})
            for tag in ("eTag", "cTag")
        ]
        answers.append(calling.get(REGISTER, headers={"If-None-Match": item["eTag"]}))
    assert [answer.status_code for answer in answers] == [304, 304, 304]


def test_the_content_tag_changes_with_the_week_and_the_other_with_every_day(app: App) -> None:
    def tags(days: int) -> tuple[str, str]:
        control(app, "clock", {"date": str(ANCHOR - timedelta(days=days))})
        with client(app) as calling:
            item = calling.get(REGISTER).json()
        return item["cTag"], item["eTag"]

    monday, tuesday, next_monday = tags(14), tags(13), tags(7)
    assert monday[0] == tuesday[0] != next_monday[0]
    assert monday[1] != tuesday[1]


def delta(app: App, link: str) -> tuple[list[dict[str, Any]], str]:
    found = []
    with client(app) as calling:
        while True:
            page = calling.get(link).json()
            found += page["value"]
            if "@odata.deltaLink" in page:
                return found, page["@odata.deltaLink"]
            link = page["@odata.nextLink"]


def test_the_delta_repeats_an_item_and_then_tells_only_what_changed(app: App) -> None:
    everything, link = delta(app, f"{DRIVE}/root/delta")
    ids = [one["id"] for one in everything]
    assert len(ids) == len(set(ids)) + 1  # one comes twice
    assert all("path" not in one["parentReference"] for one in everything if "file" in one)
    assert delta(app, link)[0] == []
    control(app, "edit", {"path": "/Programme/raid.xlsx", "delete": True})
    control(app, "edit", {"path": "/Programme/costs.xlsx", "rename": "money.xlsx"})
    changed, link = delta(app, link)
    assert [set(one) for one in changed if "deleted" in one] == [{"id", "deleted", "parentReference"}]
    assert [one["name"] for one in changed if "deleted" not in one] == ["money.xlsx"]
    assert delta(app, f"{DRIVE}/root/delta?token=latest")[0] == []


def test_a_token_that_ran_out_is_410_with_a_fresh_link(app: App) -> None:
    _, link = delta(app, f"{DRIVE}/root/delta")
    control(app, "edit", {"expire_delta": True})
    with client(app) as calling:
        gone = calling.get(link)
    assert gone.status_code == 410
    assert gone.json()["error"]["innerError"]["code"] == "resyncChangesApplyDifferences"
    assert delta(app, gone.headers["location"])[0]


def test_writing_minds_tags_locks_and_names(app: App) -> None:
    path = f"{REGISTER}:/content"
    with client(app) as calling:
        item = calling.get(REGISTER).json()
        stale = calling.put(path, content=b"new", headers={"If-Match": '"{old},1"'})
        exists = calling.put(path, params={"@microsoft.graph.conflictBehavior": "fail"}, content=b"new")
        control(app, "edit", {"path": "/Programme/register.xlsx", "lock": True})
        locked = calling.put(path, content=b"new")
        control(app, "edit", {"path": "/Programme/register.xlsx", "lock": False})
        written = calling.put(path, content=b"new", headers={"If-Match": item["eTag"]})
        created = calling.put(f"{DRIVE}/root:/Programme/new.csv:/content", content=b"a,b")
    assert [answer.status_code for answer in (stale, exists, locked, written, created)] == [
        412,
        409,
        423,
        200,
        201,
    ]
    assert locked.json()["error"]["code"] == "resourceLocked"
    assert written.json()["cTag"] != item["cTag"]
    assert written.json()["id"] == item["id"]


def test_an_upload_session_takes_chunks_of_320_kib_in_order_and_without_a_token(app: App) -> None:
    content = bytes(UNIT) + b"the rest"
    with client(app) as calling:
        session = calling.post(f"{DRIVE}/root:/Programme/big.bin:/createUploadSession", json={}).json()
        url = session["uploadUrl"]
        bearer = calling.put(url, content=b"x", headers={"Content-Range": "bytes 0-0/1"})
    with plain(app) as calling:
        odd = _chunk(calling, url, content[:1000], 0, len(content))
        first = _chunk(calling, url, content[:UNIT], 0, len(content))
        again = _chunk(calling, url, content[:UNIT], 0, len(content))
        state = calling.get(url).json()
        last = _chunk(calling, url, content[UNIT:], UNIT, len(content))
        over = calling.get(url)
    assert [answer.status_code for answer in (bearer, odd, first, again, last, over)] == [
        401,
        400,
        202,
        416,
        201,
        404,
    ]
    assert state["nextExpectedRanges"] == [f"{UNIT}-"]
    assert last.json()["size"] == len(content)


def _chunk(calling: httpx.Client, url: str, content: bytes, first: int, total: int) -> httpx.Response:
    headers = {"Content-Range": f"bytes {first}-{first + len(content) - 1}/{total}"}
    return calling.put(url, content=content, headers=headers)


def test_a_batch_answers_each_request_in_another_order(shared_app: App) -> None:
    requests = [
        {"id": "1", "method": "GET", "url": f"{REGISTER}?$select=id,cTag"},
        {"id": "2", "method": "GET", "url": f"{REGISTER}:/content"},
        {"id": "3", "method": "GET", "url": "/sites/contoso.sharepoint.example:/sites/hr"},
    ]
    with client(shared_app) as calling:
        answers = calling.post("/$batch", json={"requests": requests}).json()["responses"]
        too_many = calling.post(
            "/$batch", json={"requests": [{**requests[0], "id": str(n)} for n in range(21)]}
        )
    assert [(one["id"], one["status"]) for one in answers] == [("3", 403), ("2", 302), ("1", 200)]
    assert answers[1]["headers"]["Location"].startswith("https://localhost")
    assert too_many.status_code == 400


def test_a_right_answer_may_say_that_the_limit_is_near(app: App) -> None:
    control(app, "edit", {"near_limit": 1})
    with client(app) as calling:
        remaining = [calling.get(REGISTER).headers.get("RateLimit-Remaining") for _ in range(2)]
    assert remaining == ["120", None]


def test_a_folder_of_recorded_files_is_served_as_the_library(tmp_path: Path) -> None:
    (tmp_path / "Plans").mkdir()
    (tmp_path / "Plans" / "a #1.csv").write_bytes(b"x,y")
    recorded, info = create(Options("sharepoint", ANCHOR, ANCHOR, recorded=tmp_path))
    shutil.rmtree(Path(info["ca_bundle"]).parent)
    with client(recorded) as calling:
        item = calling.get(f"{DRIVE}/root:/Plans/a%20%231.csv").json()
    assert (item["name"], item["size"]) == ("a #1.csv", 3)


def test_the_workbook_api_is_not_for_applications(shared_app: App) -> None:
    with client(shared_app) as calling:
        assert calling.get(f"{REGISTER}:/workbook/worksheets").status_code == 403


@needs_shared
def test_entities_have_only_properties_that_graph_declares(shared_app: App) -> None:
    (file,) = (SHARED / "data/specs/graph").glob("*.csdl")
    types = _declared(file)
    with client(shared_app) as calling:
        item = calling.get(REGISTER).json()
        folder = calling.get(f"{DRIVE}/root").json()
        site = calling.get(f"/sites/{SITE_ID}").json()
        drive = calling.get(f"/sites/{SITE_ID}/drive").json()
    for entity, body in (("driveItem", item), ("driveItem", folder), ("site", site), ("drive", drive)):
        assert _undeclared(types, entity, body) == []


def _declared(file: Path) -> dict[str, tuple[str | None, dict[str, str], bool]]:
    """Return each type's base, its properties with their types, and whether it is open."""
    found = {}
    for kind in re.finditer(
        r"<(?:Entity|Complex)Type ([^>]*?)(/?)>(?:(.*?)</(?:Entity|Complex)Type>)?",
        file.read_text(),
        re.DOTALL,
    ):
        head = dict(re.findall(r'(\w+)="([^"]*)"', kind[1]))
        properties = dict(
            re.findall(r'<(?:Navigation)?Property Name="([^"]+)" Type="([^"]+)"', kind[3] or "")
        )
        found[head["Name"]] = (head.get("BaseType"), properties, head.get("OpenType") == "true")
    return found


def _undeclared(types: dict[str, Any], name: str, body: dict[str, Any]) -> list[str]:
    if name not in types:
        return []
    properties: dict[str, str] = {}
    kind: str | None = name
    while kind:
        base, own, _ = types[kind.removeprefix("graph.")]
        properties, kind = {**own, **properties}, base
    wrong = []
    for key, value in body.items():
        if key.startswith("@"):
            continue
        # An identity is open: SharePoint adds the address, and groups beside users.
        if key not in properties and name not in {"identity", "identitySet"}:
            wrong.append(f"{name}.{key}")
        elif isinstance(value, dict) and key in properties:
            wrong += _undeclared(types, properties[key].removeprefix("graph."), value)
    return wrong


@needs_shared
@pytest.mark.parametrize(
    ("name", "path", "keys"),
    [
        ("driveitem", REGISTER, None),
        ("site_by_path", "/sites/contoso.sharepoint.example:/sites/pmo", None),
        ("denied_403", "/sites/contoso.sharepoint.example:/sites/hr", None),
        ("notfound_404", f"{DRIVE}/root:/none.xlsx", None),
        ("delta_page", f"{DRIVE}/root/delta", {"@odata.context", "@odata.nextLink", "value"}),
    ],
)  # fmt: skip
def test_an_answer_has_the_keys_of_the_sample(
    shared_app: App, name: str, path: str, keys: set[str] | None
) -> None:
    import orjson

    sample = orjson.loads((SHARED / f"data/samples/graph/{name}.json").read_bytes())["response"]
    with client(shared_app) as calling:
        answer = calling.get(path)
    assert answer.status_code == sample["status"]
    wanted = set(sample["body"]) if keys is None else keys
    assert wanted - {"shared", "fileSystemInfo"} <= set(answer.json())
    if "error" in wanted:
        assert answer.json()["error"].keys() == sample["body"]["error"].keys()
        assert answer.json()["error"]["code"] == sample["body"]["error"]["code"]


def test_msal_gets_a_token_over_tls_from_the_process_and_a_fault_can_be_asked_for() -> None:
    with running("sharepoint", anchor=ANCHOR) as sandbox:
        info = sandbox.info
        bundle = Path(info["ca_bundle"])
        auth = EntraToken(
            tenant=info["tenant"], client_id="muster-sandbox", client_secret=SecretStr("sandbox-secret"),
            scope=info["graph_url"].removesuffix("/v1.0") + "/.default",
            authority=info["authority"], ca_bundle=str(bundle),
        )  # fmt: skip
        context = ssl.create_default_context(cafile=str(bundle))
        busy = {"match": "register", "kind": "status", "status": 503, "headers": {"Retry-After": "3"}}
        sandbox.control("faults", busy)
        with httpx.Client(base_url=info["graph_url"], auth=auth, verify=context, trust_env=False) as calling:
            assert calling.get(REGISTER).headers["retry-after"] == "3"
            location = calling.get(f"{REGISTER}:/content").headers["location"]
        with httpx.Client(verify=context, trust_env=False) as calling:
            assert calling.get(location).content.startswith(b"PK")
    assert not bundle.exists()


def test_a_file_moved_renamed_deleted_and_brought_back_keeps_its_id(app: App) -> None:
    path = "/Programme/register.xlsx"
    with client(app) as graph:
        item = graph.get(REGISTER).json()
        by_id = f"{DRIVE}/items/{item['id']}"
        control(app, "edit", {"path": path, "move": "/Archive", "rename": "old.xlsx"})
        moved = graph.get(by_id).json()
        control(app, "edit", {"path": "/Archive/old.xlsx", "delete": True})
        gone = graph.get(by_id)
        control(app, "edit", {"path": "/Archive/old.xlsx", "restore": True})

        assert moved["name"] == "old.xlsx"
        assert moved["parentReference"]["path"].endswith("root:/Archive")
        assert gone.status_code == 404
        assert graph.get(by_id).json()["cTag"] == moved["cTag"]


def test_a_file_that_is_shut_cannot_be_read_and_one_that_is_hidden_cannot_be_seen(app: App) -> None:
    with client(app) as graph:
        control(app, "edit", {"path": "/Programme/register.xlsx", "lock": "read"})
        shut = graph.get(f"{REGISTER}:/content")
        control(app, "edit", {"path": "/Programme/register.xlsx", "lock": False, "hide": True})

        assert (shut.status_code, shut.json()["error"]["code"]) == (423, "resourceLocked")
        assert graph.get(REGISTER).status_code == 404
        assert not [
            row
            for row in graph.get(f"{DRIVE}/root/delta").json()["value"]
            if row.get("name") == "register.xlsx" or "deleted" in row
        ]


def test_a_file_saved_while_it_is_downloaded_is_sent_as_it_was_and_tagged_anew(app: App) -> None:
    control(
        app, "edit", {"path": "/Programme/register.xlsx", "waiting": [base64.b64encode(b"PK new").decode()]}
    )
    with client(app) as graph, plain(app) as bare:
        before = graph.get(REGISTER).json()
        sent = bare.get(graph.get(f"{REGISTER}:/content").headers["location"]).content
        after = graph.get(REGISTER).json()

    assert quick_xor(sent) == before["file"]["hashes"]["quickXorHash"]
    assert (after["cTag"] != before["cTag"], after["size"]) == (True, 6)
