"""What is typed on the pages of the guided path, put into a source's block: without a tracker and without a store."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.pages.source_access import Given, Taken, take_access
from api.pages.source_chosen import take_mapping, take_projects, take_schedule, take_sheets
from api.pages.source_ways import WAYS, sign_in_of, way_for, way_of
from sync.folders import OutsideFolders, allowed, workbooks
from tests.support.certificates import TODAY, authority, pem, pfx

Block = dict[str, Any]
JIRA: Block = {"name": "delivery", "kind": "jira", "base_url": "https://example.atlassian.net"}
EXCEL: Block = {"name": "plans", "kind": "excel", "folder": "/data"}
_NO_ADDRESS = "This is no web address; it begins with https:// and a name."
TRIED = [
    {
        "stream": "milestones",
        "entity": "milestone",
        "records": 2,
        "attributes": [],
        "unmapped": [{"attribute": "state", "value": "nearly there", "times": 1}],
    }
]


def took(
    key: str,
    before: Block,
    form: dict[str, str],
    files: dict[str, bytes] | None = None,
    links: Sequence[str] = (),
) -> Taken:
    """Send a form of the first step; secrets are sealed as `kept:` and what they are."""
    way = way_of(key)
    assert way is not None
    given = Given(form, files or {}, links, TODAY)
    return take_access(way, before, given, seal=lambda secret: f"kept:{secret}", fixed_name=False)


def test_a_settled_value_joins_the_value_map_it_had_no_place_in_and_the_others_stay() -> None:
    block, wrong = take_mapping(EXCEL, {"tried": TRIED}, {"value:0:0": "planned"})
    assert wrong is None
    state = block["mapping"]["milestones"]["state"]
    assert state["path"] == "values.state"
    assert state["values"]["nearly there"] == "planned"
    assert len(state["values"]) > 2
    again, wrong = take_mapping(block, {"tried": TRIED}, {"mapping": yaml.safe_dump(block["mapping"])})
    assert (again["mapping"], wrong) == (block["mapping"], None)


@pytest.mark.parametrize(
    "written",
    [
        "milestones: {state: {path: values.state, transform: no_such}}\nplans: {}",
        "[1, 2]",
        "milestones: soon",
        "a: &a [x, x]\nb: &b [*a, *a]",
        "milestones: {state: 2026-13-45}",
        "{" * 2000,
    ],
)
def test_a_mapping_that_does_not_hold_is_refused_in_words_and_changes_nothing(written: str) -> None:
    block, wrong = take_mapping(EXCEL, {}, {"mapping": written})
    assert wrong is not None
    assert wrong.startswith("The mapping does not hold: ")
    assert block == EXCEL


def test_what_was_not_on_the_page_stays_as_it_was() -> None:
    before = {**JIRA, "status_categories": {"77": "done"}, "custom_fields": ["Value stream"]}
    found = {"found": {"states": [{"id": "3"}], "fields": [{"id": "customfield_1"}]}}
    block, _ = take_mapping(before, found, {"status:3": "todo", "field:customfield_1": "on"})
    assert block["status_categories"] == {"77": "done", "3": "todo"}
    assert block["custom_fields"] == ["customfield_1", "Value stream"]
    block, _ = take_mapping(block, found, {"status:3": "as-said", "meaning:story_points": "customfield_9"})
    assert block["status_categories"] == {"77": "done"}
    assert block["fields"] == {"story_points": "customfield_9"}


def test_projects_are_all_some_or_what_a_query_picks_and_never_two_of_these() -> None:
    some, wrong = take_projects(
        {**JIRA, "query": "project = A"}, {"which": "some", "pick:B": "on", "keys": "C\nC"}
    )
    assert (some["projects"], some.get("query"), wrong) == (["B", "C"], None, None)
    query, wrong = take_projects(some, {"which": "query", "query": " project = A "})
    assert (query["projects"], query["query"], wrong) == (["*"], "project = A", None)
    assert take_projects(some, {"which": "some"})[1] is not None
    assert take_projects(some, {"which": "query"})[1] is not None


def test_a_sheet_keeps_what_it_was_told_before_unless_its_rows_are_something_else() -> None:
    known = {"path": "a.xlsx", "sheet": "Plan", "holds": "milestones", "columns": {"name": "Step"}}
    shared = {"url": "env:SHARED", "holds": "raid"}
    scopes = [{"name": "a.xlsx", "path": "a.xlsx", "sheets": [{"sheet": "Plan"}, {"sheet": "Notes"}]}]
    before, seen = {**EXCEL, "workbooks": [known, shared]}, {"found": {"scopes": scopes}}
    block, wrong = take_sheets(before, seen, {"sheet:0.0": "on", "holds:0.0": "milestones"})
    assert (block["workbooks"], wrong) == ([known, shared], None)
    block, _ = take_sheets(before, seen, {"sheet:0.0": "on", "holds:0.0": "raid"})
    assert block["workbooks"][0] == {"path": "a.xlsx", "sheet": "Plan", "holds": "raid"}
    assert "Notes" in str(take_sheets(before, seen, {"sheet:0.1": "on"})[1])


@pytest.mark.parametrize(("cron", "good"), [("30 6 * * mon-fri", True), ("soon", False), ("", False)])
def test_a_schedule_is_five_fields(cron: str, good: bool) -> None:  # noqa: FBT001 - a case of the table
    block, errors = take_schedule(JIRA, {"preset": "own", "cron": cron, "fresh": "26h"})
    assert ("cron" not in errors) is good
    assert block["fresh_within"] == "26h"
    assert "fresh" in take_schedule(JIRA, {"preset": "0 2 * * *", "fresh": "a while"})[1]


def test_only_named_folders_are_read_whatever_a_link_says(tmp_path: Path) -> None:
    root, secret = tmp_path / "open", tmp_path / "shut"
    for each in (root, secret):
        each.mkdir()
        (each / "plan.csv").write_text("Milestone", encoding="utf-8")
    (root / "way-out").symlink_to(secret)
    assert allowed(str(root), [root]) == root.resolve()
    assert workbooks(root) == ["plan.csv"]
    for path in (str(secret), str(root / "way-out"), str(root / ".." / "shut"), "/etc", "~", "\0"):
        with pytest.raises(OutsideFolders, match="may be read"):
            allowed(path, [root])


def test_every_way_signs_in_by_something_its_kind_knows() -> None:
    for way in WAYS:
        for each in way.sign_ins:
            fixed = {path[-1]: value for path, value in each.fixed if path[0] == "auth"}
            proof = {each.proof[-1]: "kept:1"} if each.proof else {}
            assert sign_in_of(way, {"auth": {**fixed, **proof}}) == each
    assert way_for({"kind": "jira", "auth": {"username": "a@example.com"}}).key == "jira_cloud"
    assert way_for({"kind": "excel", "folder": "/data"}).key == "folder"


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://tracker.example.com:8443/jira", True),
        ("https://m\u00fcnchen.example", True),
        ("http://[2001:db8::1]:8080", True),
        ("http://\u2460\u2461\u2466.0.0.1:18988", False),
        ("http://tracker\u202e.example.com", False),
        ("https://tracker.example.com/\u202e", False),
        ("http://a\uff0fb.example.com", False),
        ("http://xn--a.com", False),
        ("http://two words.example.com", False),
        ("http://tracker.example.com:99999", False),
        ("http://tracker.example.com:0", False),
        ("http://tracker.example.com:soon", False),
        ("http://[", False),
        ("ftp://tracker.example.com", False),
    ],
)
def test_an_address_that_nothing_could_call_is_refused_beside_its_field(address: str, good: bool) -> None:  # noqa: FBT001 - a case of the table
    way = way_of("jira_server")
    assert way is not None
    form = {"name": "delivery", "address": address, "sign_in": "pat", "pat.token": "x"}
    taken = took(way.key, {}, form)
    assert taken.errors == ({} if good else {"address": _NO_ADDRESS})


ENTRA: Block = {"tenant": "t.example", "client": "app"}
CERTIFICATE = {f"entra_certificate.{name}": value for name, value in ENTRA.items()}
LINK = "https://example.sharepoint.com/:x:/s/pmo/abc?e=1"


def sharepoint(**more: str) -> dict[str, str]:
    """Return a form that signs in to SharePoint by certificate."""
    return {"name": "books", "sign_in": "entra_certificate", **CERTIFICATE, **more}


def test_a_share_link_is_sealed_and_a_kept_one_stays_until_it_is_left_out() -> None:
    files = {"entra_certificate.certificate": pem().encode()}
    first = took("sharepoint", {}, sharepoint(links=f" {LINK} \n\n{LINK}"), files)
    assert (first.errors, first.links) == ({}, [f"kept:{LINK}"])
    both = took("sharepoint", first.block, sharepoint(links=LINK + "2"), links=["kept:1"])
    assert (both.errors, both.links) == ({}, ["kept:1", f"kept:{LINK}2"])
    left = took("sharepoint", first.block, sharepoint(**{"drop:kept:1": "on"}), links=["kept:1"])
    assert "at least one workbook" in left.errors["links"]
    elsewhere = sharepoint(graph="https://graph.example.com/v1.0")
    moved = took("sharepoint", first.block, elsewhere, files, links=["kept:1"])
    assert "Paste the links again" in moved.errors["links"]
    assert (
        "A path needs the site" in took("sharepoint", first.block, sharepoint(paths="/a.xlsx")).errors["site"]
    )


@pytest.mark.parametrize(
    "link",
    [
        "/Programme/register.xlsx",
        "http://example.sharepoint.com/x",
        "https://u:p@example.com/x",
        "https:// x",
    ],
)
def test_what_is_no_share_link_is_refused_without_being_quoted(link: str) -> None:
    taken = took(
        "sharepoint",
        {},
        sharepoint(links=f"{LINK}\n{link}"),
        {"entra_certificate.certificate": pem().encode()},
    )
    assert taken.errors["links"].startswith("Line 2: ")
    assert link not in taken.errors["links"]


@pytest.mark.parametrize(("given", "phrase"), [(pem().encode(), ""), (pfx(b"open"), "open"), (pfx(None), "")])
def test_a_certificate_is_kept_without_its_passphrase_and_takes_the_place_of_a_secret(
    given: bytes, phrase: str
) -> None:
    before = {"kind": "excel", "auth": {"type": "entra", "tenant": "t.example", "client_id": "app",
                                        "client_secret": "kept:7", "passphrase": "kept:8"}}  # fmt: skip
    name = "entra_certificate.certificate"
    form = sharepoint(links=LINK, **{f"{name}-passphrase": phrase})
    taken = took("sharepoint", before, form, {name: given})
    assert taken.errors == {}
    assert taken.block["auth"].keys() == {"type", "tenant", "client_id", "certificate"}
    assert "ENCRYPTED" not in taken.block["auth"]["certificate"]
    assert "PRIVATE KEY" in taken.block["auth"]["certificate"]
    back = took("sharepoint", taken.block, {**sharepoint(links=LINK), "sign_in": "entra", "entra.tenant": "t.example",
                                            "entra.client": "app", "entra.secret": "s"})  # fmt: skip
    assert back.block["auth"]["client_secret"] == "kept:s"
    assert "certificate" not in back.block["auth"]


def test_the_certificate_of_an_authority_is_pasted_or_handed_in_stays_and_is_taken_out_again() -> None:
    form = {
        "name": "delivery",
        "address": "https://jira.example.internal",
        "sign_in": "pat",
        "pat.token": "x",
    }
    one = authority()
    pasted = took("jira_server", {}, {**form, "authorities": one.decode()})
    assert pasted.block["ca_bundle"].startswith("-----BEGIN CERTIFICATE")
    assert took("jira_server", {}, form, {"authorities": one}).block["ca_bundle"] == pasted.block["ca_bundle"]
    assert took("jira_server", pasted.block, form).block["ca_bundle"] == pasted.block["ca_bundle"]
    assert "ca_bundle" not in took("jira_server", pasted.block, {**form, "drop:authorities": "on"}).block
    wrong = took("jira_server", {}, {**form, "authorities": "-----BEGIN NOTHING"})
    assert "no certificate in it" in wrong.errors["authorities"]


def test_no_question_is_called_what_the_page_itself_sends_along() -> None:
    own = {"version", "csrf", "act", "name", "sign_in"}
    for way in WAYS:
        named = [asked.name for asked in way.place]
        assert not own & set(named), way.key
        assert len(named) == len(set(named))


def test_a_server_of_one_s_own_is_asked_for_its_version_and_known_again_by_it() -> None:
    form = {
        "name": "ado",
        "address": "https://server/tfs/DefaultCollection",
        "sign_in": "pat",
        "pat.token": "x",
    }
    taken = took("azure_server", {}, {**form, "api_version": "7.1"})
    assert taken.errors == {}
    assert way_for(taken.block).key == "azure_server"
    assert way_for({**taken.block, "base_url": "https://dev.azure.com/example"}).key == "azure_devops"


def test_a_proxy_that_was_given_by_reference_stays_and_one_with_a_password_is_not_taken_here() -> None:
    form = {"name": "delivery", "address": "https://jira.example.com", "sign_in": "pat", "pat.token": "x"}
    assert (
        took("jira_server", {"proxy": "env:PROXY"}, {**form, "proxy": "env:PROXY"}).block["proxy"]
        == "env:PROXY"
    )
    assert took("jira_server", {}, {**form, "proxy": "http://proxy.example.com:8080"}).errors == {}
    assert (
        "no password"
        in took("jira_server", {}, {**form, "proxy": "http://u:p@proxy.example.com"}).errors["proxy"]
    )
