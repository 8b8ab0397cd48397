"""An officer adds sources by share link, certificate, consent and a private authority, and watches each first run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.support.certificates import pfx
from tests.support.lanes import artefact
from tests.support.muster_process import Served
from tests.support.officer_path import (
    begun,
    empty_muster,
    gone_on,
    looked_at,
    officer_state,
    opened,
    read_to_its_end,
)
from tests.support.sandboxes import kept

pytestmark = [pytest.mark.slow, pytest.mark.browser]
_LINK = "https://contoso.sharepoint.example/sites/pmo/Shared Documents/Programme/{}".replace(" ", "%20")


@pytest.fixture(scope="module")
def empty(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, chromium_path: str
) -> Iterator[Served]:
    """A Muster with a worker, in which nothing was set up yet."""
    del chromium_path
    with empty_muster(template_url, tmp_path_factory.mktemp("ways")) as served:
        yield served


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker of accessibility."""
    return artefact("axe-core", "node/node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def officer(empty: Served, chromium: Browser) -> Any:
    """The cookies of an officer who signed in, once."""
    return officer_state(empty, chromium)


def test_workbooks_are_read_by_share_link_and_certificate_behind_an_authority_of_one_s_own(
    empty: Served, chromium: Browser, officer: Any, axe: str
) -> None:
    site = kept("sharepoint")
    visit = opened(chromium, empty, officer)
    visit.expected = ("422",)
    page = visit.page
    begun(page, "Excel on SharePoint")
    looked_at(page, "share-access", axe)
    page.get_by_label("Share links").fill("Programme/register.xlsx")
    page.get_by_role("radio", name="Entra application, by certificate").check()
    signing = page.locator(".sp-signin", has=page.get_by_role("radio", name="by certificate"))
    signing.get_by_label("Directory (tenant)").fill(site.info["tenant"])
    signing.get_by_label("Application (client) ID").fill("muster-sandbox")
    signing.get_by_text("Only where the cloud is one of your own").click()
    signing.get_by_label("Address of its sign-in").fill(site.info["authority"])
    signing.get_by_label("Certificate with its private key").set_input_files(
        {"name": "muster.pfx", "mimeType": "application/x-pkcs12", "buffer": pfx(b"open sesame")}
    )
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("this is no share link")
    expect(page.get_by_role("alert")).to_contain_text("the passphrase is another one")
    looked_at(page, "share-access-wrong", axe)
    page.get_by_label("Share links").fill(
        "\n".join(_LINK.format(name) for name in ("register.xlsx", "raid.xlsx"))
    )
    page.get_by_text("Only in some networks").click()
    page.get_by_label("Address of Microsoft Graph").fill(site.info["graph_url"])
    page.get_by_label("Certificate of your own authority").first.set_input_files(site.info["ca_bundle"])
    signing.get_by_label("Its passphrase").fill("open sesame")
    signing.get_by_label("Certificate with its private key").set_input_files(
        {"name": "muster.pfx", "mimeType": "application/x-pkcs12", "buffer": pfx(b"open sesame")}
    )
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is read")
    expect(page.locator(".sp-form")).to_contain_text("by share link")
    looked_at(page, "share-scopes", axe)
    page.get_by_role("link", name="Address and sign-in").click()
    expect(page.locator(".sp-links")).to_contain_text("register.xlsx")
    expect(page.locator(".sp-certs").first).to_contain_text("Sandbox certificate authority")
    assert "contoso.sharepoint.example/sites" not in page.content()
    looked_at(page, "share-access-again", axe)
    page.get_by_role("link", name="What is read").click()
    page.get_by_role("button", name="Read some records and go on").click()
    looked_at(page, "share-mapping", axe)
    gone_on(page, "How it is read", "Templates", "Schedule")
    looked_at(page, "share-review", axe)
    read_to_its_end(page)
    looked_at(page, "share-run", axe)
    page.goto("/sources/workbooks")
    expect(page.locator("#setup")).to_contain_text("Certificate muster, until")
    looked_at(page, "share", axe)
    visit.context.close()
    visit.must_be_clean()


def test_a_data_center_behind_an_authority_of_its_own_says_so_and_is_read_by_personal_access_token(
    empty: Served, chromium: Browser, officer: Any, axe: str, tmp_path: Path
) -> None:
    center = kept("jira-dc", tls=tmp_path, issues=60)
    visit = opened(chromium, empty, officer)
    page = visit.page
    begun(page, "Jira Data Center")
    page.get_by_label("Name in Muster").fill("center")
    page.get_by_label("Address", exact=True).fill(center.info["base_url"])
    page.get_by_label("Token", exact=True).fill("sandbox-pat")
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("is not trusted")
    looked_at(page, "center-untrusted", axe)
    page.get_by_role("link", name="Give it below, and try again").click()
    page.get_by_text("Paste it instead").click()
    page.locator("#authorities-text").fill(Path(center.info["ca_bundle"]).read_text(encoding="utf-8"))
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is read")
    looked_at(page, "center-scopes", axe)
    page.get_by_role("button", name="Read some records and go on").click()
    gone_on(page, "How it is read", "Templates", "Schedule")
    expect(page.locator(".sp-answers")).to_contain_text("Sandbox certificate authority")
    read_to_its_end(page)
    page.goto("/sources/center")
    expect(page.locator("#setup")).to_contain_text("Sandbox certificate authority")
    looked_at(page, "center", axe)
    visit.context.close()
    visit.must_be_clean()


def test_a_person_lets_muster_in_to_a_jira_and_comes_back_to_where_they_were(
    empty: Served, chromium: Browser, officer: Any, axe: str
) -> None:
    center = kept("jira-dc", issues=30)
    visit = opened(chromium, empty, officer)
    visit.context.route(f"{center.url}/**", lambda route: route.continue_())  # where the person is sent to
    page = visit.page
    begun(page, "Jira Data Center")
    page.get_by_label("Name in Muster").fill("consented")
    page.get_by_label("Address", exact=True).fill(center.info["base_url"])
    page.get_by_role("radio", name="Consent of a person").check()
    signing = page.locator(".sp-signin", has=page.get_by_role("radio", name="Consent of a person"))
    expect(signing.locator(".sp-register")).to_contain_text(f"{empty.url}/sources/consent")
    signing.get_by_label("Client ID").fill("muster-sandbox-app")
    signing.get_by_label("Client secret").fill("sandbox-app-secret")
    looked_at(page, "consent-access", axe)
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Let Muster in")
    looked_at(page, "consent", axe)
    center.control("oauth", {"refuse": True})
    page.get_by_role("link", name=f"Go to {urlsplit(center.url).netloc}").click()
    expect(page.get_by_role("alert")).to_contain_text("The consent was refused there")
    looked_at(page, "consent-refused", axe)
    center.control("oauth", {"refuse": False})
    page.get_by_role("button", name="Ask again").click()
    page.get_by_role("link", name=f"Go to {urlsplit(center.url).netloc}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is read")
    expect(page).to_have_url(re.compile(r"/scopes$"))
    page.get_by_role("button", name="Read some records and go on").click()
    gone_on(page, "How it is read", "Templates", "Schedule")
    read_to_its_end(page)
    page.goto("/sources/consented")
    expect(page.locator("#setup")).to_contain_text("Muster was let in")
    looked_at(page, "consented", axe)
    visit.context.close()
    visit.must_be_clean()


def test_azure_devops_server_is_read_by_personal_access_token(
    empty: Served, chromium: Browser, officer: Any, axe: str
) -> None:
    server = kept("ado")
    visit = opened(chromium, empty, officer)
    page = visit.page
    begun(page, "Azure DevOps Server")
    page.get_by_label("Name in Muster").fill("server")
    page.get_by_label("Address of the collection").fill(server.info["collection_url"])
    page.get_by_label("Version of the server").select_option("7.0")
    page.get_by_label("Token", exact=True).fill("wrong")
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("alert")).to_contain_text("the token is wrong")
    page.get_by_label("Token", exact=True).fill("sandbox-pat")
    looked_at(page, "server-access", axe)
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is read")
    page.get_by_role("radio", name="Only these").check()
    page.get_by_role("checkbox", name="Data Hub").check()
    page.get_by_role("button", name="Read some records and go on").click()
    gone_on(page, "How it is read", "Templates", "Schedule")
    read_to_its_end(page)
    page.goto("/sources/server")
    looked_at(page, "server", axe)
    page.locator("#setup").get_by_role("button", name="Change Address").click()
    expect(page.get_by_label("Version of the server")).to_have_value("7.0")
    visit.context.close()
    visit.must_be_clean()


def test_a_folder_of_workbooks_is_read_with_its_progress_shown(
    empty: Served, chromium: Browser, officer: Any, axe: str
) -> None:
    visit = opened(chromium, empty, officer)
    page = visit.page
    begun(page, "Excel in a folder")
    looked_at(page, "folder-access", axe)
    page.get_by_label("Name in Muster").fill("plans")
    page.get_by_label("Folder", exact=True).fill(str(Path(empty.environment["TEST_HOME"]) / "files"))
    page.get_by_role("button", name="Try it and go on").click()
    looked_at(page, "folder-scopes", axe)
    page.get_by_role("button", name="Read some records and go on").click()
    page.get_by_label("nearly there means").select_option("planned")
    page.get_by_role("button", name="Try it on real records").click()
    looked_at(page, "folder-mapping", axe)
    gone_on(page, "How it is read")
    looked_at(page, "folder-templates", axe)
    gone_on(page, "Templates")
    looked_at(page, "folder-schedule", axe)
    gone_on(page, "Schedule")
    looked_at(page, "folder-review", axe)
    shown = page.expect_response(lambda answer: "/runs/" in answer.url and 'id="progress"' in answer.text())
    with shown:
        page.get_by_role("button", name="Save and read it now").click()
    expect(page.locator(".asof .tag")).to_have_text("succeeded", timeout=90_000)
    looked_at(page, "folder-run", axe)
    visit.context.close()
    visit.must_be_clean()


def test_a_certificate_is_made_its_public_part_downloaded_and_the_sign_in_tried_with_it(
    empty: Served, chromium: Browser, officer: Any, axe: str
) -> None:
    site = kept("sharepoint")
    visit = opened(chromium, empty, officer)
    page = visit.page
    begun(page, "Excel on SharePoint")
    page.get_by_label("Name in Muster").fill("made")
    page.get_by_label("Share links").fill(_LINK.format("milestones.xlsx"))
    page.get_by_text("Only in some networks").click()
    page.get_by_label("Address of Microsoft Graph").fill(site.info["graph_url"])
    page.get_by_label("Certificate of your own authority").first.set_input_files(site.info["ca_bundle"])
    page.get_by_role("radio", name="Entra application, by certificate").check()
    signing = page.locator(".sp-signin", has=page.get_by_role("radio", name="by certificate"))
    signing.get_by_label("Directory (tenant)").fill(site.info["tenant"])
    signing.get_by_label("Application (client) ID").fill("muster-sandbox")
    signing.get_by_text("Only where the cloud is one of your own").click()
    signing.get_by_label("Address of its sign-in").fill(site.info["authority"])
    signing.get_by_label("Have Muster make one instead").check()
    page.get_by_role("button", name="Try it and go on").click()
    with page.expect_download() as download:
        signing.get_by_role("link", name="Download its public part").click()
    public = Path(download.value.path()).read_text(encoding="utf-8")
    assert public.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in public
    looked_at(page, "certificate-made", axe)
    page.get_by_role("button", name="Try it and go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is read")
    page.get_by_role("button", name="Throw this draft away").click()
    visit.context.close()
    visit.must_be_clean()
