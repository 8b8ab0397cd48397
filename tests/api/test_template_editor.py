"""The editor of templates: form and text side by side, tried before anything is kept."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine
from starlette.testclient import TestClient

from config.database import open_engine
from sync.collection.templates import kept
from tests.support.databases import cloned
from tests.support.html_forms import inputs
from tests.support.portfolio_rows import seed
from tests.support.speaking import signed_in

EDIT = "/templates/monthly-status/3.2.0/edit"


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """One portfolio for all of these: each test writes a template of its own, or none."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def ida(engine: Engine) -> TestClient:
    return signed_in(engine, "Ida Lindqvist", "specialist")


def opened(client: TestClient, path: str) -> dict[str, str]:
    shown = client.get(path)
    assert shown.status_code == 200, shown.text
    return inputs(shown.text, "editor")


def sent(
    client: TestClient, form: dict[str, str], act: str = "look", path: str = EDIT, **changes: str
) -> Any:
    return client.post(path, data=form | {"act": act} | changes)


def text_of(answer: Any) -> str:
    return inputs(answer.text, "editor")["text"]


def field(text: str, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in yaml.safe_load(text)["fields"] if each["id"] == id_)
    return found


def test_an_approved_version_opens_as_the_next_one_that_nobody_approved(ida: TestClient) -> None:
    form = opened(ida, EDIT)
    head = yaml.safe_load(form["text"])["template"]
    assert (head["version"], head["supersedes"], "approved_by" in head) == ("3.3.0", "3.2.0", False)
    assert form["v.template.title"] == "The month's status report"


def test_what_is_changed_in_the_form_is_written_into_the_text_and_nothing_else_is(ida: TestClient) -> None:
    form = opened(ida, f"{EDIT}?part=field.6")
    assert form["v.fields.6.id"] == "budget"
    changes = {
        "v.fields.6.min": "1000", "v.fields.6.label": "Budget, as approved", "v.fields.6.required.when": "tier < 3",
        "v.fields.6.fresh.within": "30", "v.fields.6.unit": "",
    }  # fmt: skip
    after = text_of(sent(ida, form, **changes))
    budget = field(after, "budget")
    assert (budget["min"], budget["label"], budget["fresh"]) == (
        1000,
        "Budget, as approved",
        {"within": "P30D"},
    )
    assert budget["required"] == {"tiers": [1, 2], "when": "tier < 3"}
    assert "unit" not in budget
    assert len(set(form["text"].splitlines()) - set(after.splitlines())) == 1


def test_what_is_changed_in_the_text_comes_back_in_the_form(ida: TestClient) -> None:
    form = opened(ida, f"{EDIT}?part=field.6")
    text = form["text"].replace("label: Budget,", "label: The budget,")
    assert text != form["text"]
    shown = inputs(sent(ida, form, text=text).text, "editor")
    assert shown["v.fields.6.label"] == "The budget"
    assert shown["text"] == text.rstrip("\n") + "\n"


def test_the_form_of_a_field_that_moved_in_the_text_is_still_of_that_field(ida: TestClient) -> None:
    form = opened(ida, f"{EDIT}?part=field.6")
    lines = form["text"].splitlines()
    gone = [each for each in lines if "{id: tier," not in each]
    shown = inputs(sent(ida, form, text="\n".join(gone), **{"v.fields.6.label": "Money"}).text, "editor")
    assert shown["of"] == "budget"
    assert "Money" not in shown["text"]


def test_every_error_is_told_with_its_line_and_beside_its_input(ida: TestClient) -> None:
    form = opened(ida, f"{EDIT}?part=field.6")
    shown = sent(ida, form, **{"v.fields.6.bind": "project.budgit", "v.fields.6.weight": "much"})
    assert "did you mean &#39;project.budget&#39;" in shown.text
    assert 'data-line="' in shown.text
    assert 'id="v-fields-6-bind-wrong"' in shown.text
    broken = sent(ida, form, text="template: {id: [")
    assert broken.status_code == 200
    assert "there is no form of it" in broken.text
    assert text_of(broken) == "template: {id: [\n"


def test_fields_and_checks_are_added_moved_and_taken_out(ida: TestClient) -> None:
    form = opened(ida, f"{EDIT}?part=field.6")
    added = inputs(sent(ida, form, "add:field").text, "editor")
    assert (added["of"], field(added["text"], "new_1")["fill"]) == ("new_1", "ask")
    up = inputs(sent(ida, added, "up").text, "editor")
    ids = [each["id"] for each in yaml.safe_load(up["text"])["fields"]]
    assert ids[-2] == "new_1"
    down = sent(ida, inputs(sent(ida, up, "down").text, "editor"), "down")
    assert "change the text itself" in down.text
    gone = text_of(sent(ida, up, "drop"))
    assert "new_1" not in gone
    assert "N01" in text_of(sent(ida, form, "add:check"))


def test_the_number_that_fits_is_offered_and_given(ida: TestClient) -> None:
    form = opened(ida, EDIT)
    text = form["text"].replace("min_len: 20", "min_len: 30", 1)  # what was taken may not be any more
    told = sent(ida, form, text=text)
    assert "Give it the number 4.0.0" in told.text
    given = sent(ida, inputs(told.text, "editor"), "number:4.0.0")
    assert "Give it the number" not in given.text
    assert yaml.safe_load(text_of(given))["template"]["version"] == "4.0.0"


def test_a_text_is_tried_on_every_project_and_nothing_is_kept(ida: TestClient, engine: Engine) -> None:
    form = opened(ida, f"{EDIT}?part=field.6")
    tried = sent(ida, form, "try", **{"v.fields.6.required": "always", "v.fields.6.max": "1"})
    assert "projects would fail" in tried.text
    assert "PORTAL" in tried.text
    with engine.connect() as connection:
        assert all(each.version != "3.3.0" for each in kept(connection, "monthly-status"))


def test_a_token_of_some_projects_tries_nothing(engine: Engine) -> None:
    some = signed_in(engine, "Some", "specialist", projects=["PORTAL"])
    assert some.get(EDIT).status_code == 403
    assert some.post(EDIT, data={"text": "a: 1", "act": "try"}).status_code == 403


def test_a_new_template_is_kept_as_a_draft_edited_again_and_handed_in(
    ida: TestClient, engine: Engine
) -> None:
    form = opened(ida, "/templates/new?like=raid-log@2.0.0")
    assert yaml.safe_load(form["text"])["template"]["id"] == "our-raid-log"
    empty = opened(ida, "/templates/new")
    named = empty | {"v.template.id": "site-report", "v.template.title": "A site's report"}
    kept_ = sent(ida, named, "save", "/templates/new")
    assert (kept_.status_code, kept_.headers["location"]) == (
        303, "/templates/site-report/1.0.0/edit?part=about&saved=true",
    )  # fmt: skip
    again = ida.get(kept_.headers["location"])
    assert "Kept as a draft." in again.text
    assert ida.post("/templates/site-report/1.0.0/submit").status_code == 303
    assert "in review" in ida.get("/templates/site-report/1.0.0").text
    with engine.connect() as connection:
        assert [each.state for each in kept(connection, "site-report")] == ["review"]


def test_what_cannot_be_kept_is_said_and_stays_in_the_editor(ida: TestClient) -> None:
    form = opened(ida, EDIT)
    refused = sent(ida, form, "save")
    assert (refused.status_code, "nothing differs" in refused.text.lower()) == (409, True)
    wrong = sent(ida, form, "save", text="fields: 1\n")
    assert (wrong.status_code, text_of(wrong)) == (409, "fields: 1\n")


def test_who_may_not_write_templates_is_told_so_and_sees_no_button(engine: Engine) -> None:
    maya = signed_in(engine, "Maya")
    form = opened(maya, f"{EDIT}?part=field.6")
    refused = sent(maya, form, "save", **{"v.fields.6.label": "Money"})
    assert (refused.status_code, "may not write templates" in refused.text) == (409, True)
    assert 'value="save"' not in refused.text


def test_another_site_and_a_form_without_end_are_refused(ida: TestClient) -> None:
    assert ida.post(EDIT, data={"text": "a"}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert ida.post(EDIT, data={"text": "a" * 700_000}).status_code == 400


def test_markup_in_a_text_is_text(ida: TestClient) -> None:
    form = opened(ida, f"{EDIT}?part=field.6")
    shown = sent(ida, form, **{"v.fields.6.label": "</textarea><script>alert(1)</script>"})
    assert "<script>alert(1)" not in shown.text
    assert field(text_of(shown), "budget")["label"] == "</textarea><script>alert(1)</script>"


def test_a_tailoring_is_asked_for_on_the_page_and_what_does_not_fit_stays_in_its_form(
    ida: TestClient, engine: Engine
) -> None:
    wish = {"template": "monthly-status", "tiers.3": "1", "because": "Small projects keep no ledger"}
    wrong = ida.post("/templates/tailor", data=wish | {"changes": "checks: {C99: {off: true}}"})
    assert (wrong.status_code, "C99" in wrong.text, "keep no ledger" in wrong.text) == (409, True, True)
    asked = ida.post("/templates/tailor", data=wish | {"changes": "checks: {C03: {off: true}}"})
    assert asked.status_code == 303, asked.text
    ole = signed_in(engine, "Ole Brandt", "pmo_head")
    assert "keep no ledger" in ole.get("/templates").text
    assert ole.post("/templates/tailorings/1", data={"act": "approve"}).status_code == 303
    maya = signed_in(engine, "Maya Okafor")
    told = maya.post("/templates/tailor", data=wish | {"changes": "checks: {C04: {off: true}}"})
    assert "may not tailor templates" in told.text
