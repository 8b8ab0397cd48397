"""The guided path to a source, form by form: nothing is saved untried, no secret comes back, nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from config.settings import settings
from sync.keeping import KeptSecrets
from sync.run import execute_run
from tests.support.api_client import client
from tests.support.sandboxes import Sandbox, kept

_HOSTILE = "<script>alert(1)</script>"
_PLAN = (
    "Milestone,Project ID,Status,Forecast\n"
    f"Go-live,P1,Nearly there,2026-12-01\n{_HOSTILE},P1,Planned,2026-12-20\n"
)


@pytest.fixture
def files(home: Path) -> Iterator[Path]:
    """A folder that may be read, in a home of this test's own."""
    folder = home / "files"
    folder.mkdir(parents=True)
    (folder / "plan.csv").write_text(_PLAN, encoding="utf-8")
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture
def officer(engine: Engine, files: Path) -> TestClient:
    """Somebody who may configure sources."""
    del files
    return client(engine, scopes=["admin"])


def begun(officer: TestClient, way: str) -> str:
    """Begin a draft; return the beginning of its steps' addresses."""
    answer = officer.post("/sources/new", data={"way": way})
    assert answer.status_code == 303
    return answer.headers["location"].removesuffix("/access")


def sent(officer: TestClient, path: str, step: str, **form: str) -> str:
    """Send a step as its page would; return where it leads, or the page that says what is wrong."""
    page = officer.get(f"{path}/{step}", follow_redirects=True).text
    version = page.partition('name="version" value="')[2].partition('"')[0]
    answer = officer.post(f"{path}/{step}", data={"version": version, **form})
    return answer.headers["location"] if answer.status_code == 303 else answer.text


@pytest.mark.slow
def test_a_folder_is_read_from_nothing_to_its_first_run_and_a_value_is_settled_on_the_way(
    engine: Engine, officer: TestClient, files: Path
) -> None:
    path = begun(officer, "folder")
    assert "may be read" in sent(officer, path, "access", name="plans", folder="/etc")
    assert sent(officer, path, "access", name="plans", folder=str(files)) == f"{path}/scopes"
    assert "Looks like Milestones" in officer.get(f"{path}/scopes").text
    assert "Tick at least one" in sent(officer, path, "scopes")
    assert (
        sent(officer, path, "scopes", **{"sheet:0.0": "on", "holds:0.0": "milestones"}) == f"{path}/mapping"
    )
    seen = officer.get(f"{path}/mapping").text
    assert "nearly there" in seen
    assert _HOSTILE not in seen
    assert officer.get(f"{path}/schedule").headers["location"] == f"{path}/mapping"
    staying = sent(officer, path, "mapping", act="try", **{"value:0:0": "planned", "columns:0": "1"})
    assert staying == f"{path}/mapping#preview"
    assert "nearly there:" in (page := officer.get(f"{path}/mapping").text)
    assert "Values without a place" not in page
    written = "milestones:\n  state: {path: values.state, values: {nearly there: planned, planned: planned}}"
    assert sent(officer, path, "mapping", mapping=written) == f"{path}/template"
    assert "Milestone plan" in officer.get(f"{path}/template").text
    assert sent(officer, path, "template") == f"{path}/schedule"
    assert "no schedule" in sent(officer, path, "schedule", preset="own", cron="every now and then")
    assert sent(officer, path, "schedule", preset="own", cron="30 6 * * mon-fri") == f"{path}/review"
    page = officer.get(f"{path}/review").text
    assert "30 6 * * mon-fri" in page
    assert "What people call it" in page
    whole = {"portfolio": "Everything", "timezone": "Europe/London", "currency": "EUR"}
    assert "Currency is missing." in sent(officer, path, "review", **{**whole, "currency": ""})
    wrong = sent(officer, path, "review", **{**whole, "currency": "E1"})
    assert "expected three letters such as GBP" in wrong
    assert "pattern" not in wrong
    run = sent(officer, path, "review", act="sync", **whole)
    assert run == "/runs/1"
    assert "Waiting for" in officer.get(run).text
    assert execute_run(engine, 1) == "succeeded"
    assert "Being read" not in officer.get(run).text
    page = officer.get("/sources/plans").text
    assert "fresh" in page
    assert "30 6 * * mon-fri" in page
    assert officer.get(f"{path}/review").status_code == 404
    with engine.connect() as connection:
        states = connection.scalars(text("SELECT DISTINCT state FROM milestone")).all()
        events = connection.scalars(text("SELECT action FROM audit_event ORDER BY id")).all()
        saved_by = connection.scalar(text("SELECT saved_by FROM mapping_version"))
    assert states == ["planned"]
    assert "source.added" in events
    assert saved_by == "token test"


@pytest.fixture(scope="module")
def jira() -> Sandbox:
    """A Jira Cloud that is only read."""
    return kept("jira-cloud")


def test_a_secret_is_sealed_before_it_is_tried_never_shown_and_never_sent_elsewhere(
    engine: Engine, officer: TestClient, jira: Sandbox
) -> None:
    path = begun(officer, "jira_cloud")
    given = {"name": "delivery", "address": jira.url, "sign_in": "basic", "basic.user": "sync@example.com"}
    assert "API token is missing" in sent(officer, path, "access", **given)
    assert sent(officer, path, "access", **given, **{"basic.token": "not-the-token"}) == f"{path}/access"
    page = officer.get(f"{path}/access").text
    assert "It did not work" in page
    assert "Leave this empty to keep it" not in page
    assert "the user name and" not in page
    assert "base_url" not in page
    assert f"{jira.url.removeprefix('http://')} answered HTTP 401" in page
    assert "not-the-token" not in page
    assert sent(officer, path, "access", **given, **{"basic.token": "sandbox-token"}) == f"{path}/scopes"
    assert sent(officer, path, "access", **given) == f"{path}/scopes"  # what is kept is used again
    for other in ({"address": "https://elsewhere.example"}, {"basic.user": "somebody.else@example.com"}):
        assert "Type it again" in sent(officer, path, "access", **{**given, **other})
    with engine.connect() as connection:
        block = connection.scalar(text("SELECT block FROM source_draft"))
        sealed = connection.scalars(text("SELECT sealed FROM kept_secret")).all()
    assert block["auth"]["token"].startswith("kept:")
    assert not any(b"sandbox-token" in bytes(each) for each in sealed)
    assert KeptSecrets(engine)(int(block["auth"]["token"].removeprefix("kept:"))) == "sandbox-token"
    sent(officer, path, "access", **given, **{"basic.token": "env:HOME"})  # a secret, and followed nowhere
    with engine.connect() as connection:
        block = connection.scalar(text("SELECT block FROM source_draft"))
    assert KeptSecrets(engine)(int(block["auth"]["token"].removeprefix("kept:"))) == "env:HOME"
    assert sent(officer, path, "access", **given, **{"basic.token": "sandbox-token"}) == f"{path}/scopes"
    seen = officer.get(f"{path}/scopes").text
    assert "Casework platform" in seen
    assert "sandbox-token" not in seen
    assert officer.post(f"{path}/discard").headers["location"] == "/sources/new"
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept_secret")) == 0


def test_a_source_is_changed_by_a_draft_that_says_what_differs_and_two_people_do_not_overwrite_each_other(
    engine: Engine, officer: TestClient, jira: Sandbox
) -> None:
    path = begun(officer, "jira_cloud")
    given = {"name": "delivery", "address": jira.url, "sign_in": "basic", "basic.user": "sync@example.com"}
    sent(officer, path, "access", **given, **{"basic.token": "sandbox-token"})
    picked = {"which": "some", "pick:CASE": "on"}
    assert sent(officer, path, "scopes", **picked) == f"{path}/mapping"
    page = officer.get(f"{path}/mapping").text
    assert "Story Points" in page
    assert "board(s) estimate by it" in page
    for step in ("mapping", "template"):
        sent(officer, path, step)
    sent(officer, path, "schedule", preset="0 * * * *")
    more = {"portfolio": "All", "timezone": "UTC", "currency": "GBP"}
    assert sent(officer, path, "review", act="save", **more) == "/sources/delivery"
    changing = officer.post("/sources/delivery/change", data={"step": "schedule"}).headers["location"]
    assert officer.post("/sources/delivery/change", data={"step": "schedule"}).headers["location"] == changing
    path = changing.removesuffix("/schedule")
    stale = officer.post(f"{path}/schedule", data={"version": "0", "preset": "0 2 * * *"})
    assert stale.status_code == 422
    assert "Somebody else changed" in stale.text
    officer.post("/sources/delivery/pause")  # meanwhile
    assert sent(officer, path, "schedule", preset="0 2 * * *") == f"{path}/review"
    assert "schedule: &#39;0 * * * *&#39; → &#39;0 2 * * *&#39;" in officer.get(f"{path}/review").text
    assert sent(officer, path, "review", act="save") == "/sources/delivery"
    page = officer.get("/sources/delivery").text
    assert "paused" in page
    assert officer.post("/sources/delivery/run").status_code == 400
    assert officer.post("/sources/delivery/resume").status_code == 303
    first = officer.post("/sources/delivery/run").headers["location"]
    assert officer.post("/sources/delivery/run").headers["location"] == first  # asked for twice, read once
    with engine.connect() as connection:
        config = connection.scalar(text("SELECT config FROM source"))
        events = connection.scalars(text("SELECT action FROM audit_event ORDER BY id")).all()
    assert config["projects"] == ["CASE"]
    assert {"source.added", "source.changed", "source.paused", "source.resumed"} <= set(events)


def test_a_certificate_is_made_sealed_and_given_out_without_its_key(
    engine: Engine, officer: TestClient
) -> None:
    path = begun(officer, "sharepoint")
    assert officer.get(f"{path}/certificate.cer").status_code == 404
    given = {"name": "books", "links": "https://x.sharepoint.com/:x:/s/a", "sign_in": "entra_certificate",
             "entra_certificate.tenant": "t", "entra_certificate.client": "c"}  # fmt: skip
    assert "Certificate with its private key is missing" in sent(officer, path, "access", **given)
    made = {**given, "make:entra_certificate.certificate": "on"}
    assert sent(officer, path, "access", **made) == f"{path}/access"
    page = officer.get(f"{path}/access").text
    assert "Muster books" in page
    assert "upload it to the app registration" in page
    assert "PRIVATE KEY" not in page
    assert "x.sharepoint.com" not in page
    huge = officer.post(f"{path}/access", files={"entra_certificate.certificate": b"x" * 600_000})
    assert huge.status_code == 413
    public = officer.get(f"{path}/certificate.cer")
    assert public.text.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE KEY" not in public.text
    assert "attachment" in public.headers["content-disposition"]
    with engine.connect() as connection:
        sealed = connection.scalars(text("SELECT sealed FROM kept_secret")).all()
    assert not any(b"PRIVATE" in bytes(each) for each in sealed)


def test_who_may_not_configure_is_shown_a_source_and_no_way_to_change_it(
    engine: Engine, officer: TestClient
) -> None:
    del officer
    reader = client(engine, scopes=["read"], name="reader")
    assert reader.get("/sources/new").status_code == 403
    assert reader.post("/sources/new", data={"way": "folder"}).status_code == 403
    assert reader.get("/sources/nothing").status_code == 404
    assert "Add a source" not in reader.get("/sources").text
