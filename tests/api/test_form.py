"""The web form of a submission, posted as a browser does without a script."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from sync.collection.case import open_case
from sync.collection.templates import version
from sync.workbook.sending import book_of
from tests.support.api_client import client
from tests.support.forms import Form, form_of
from tests.support.store import ask
from tests.support.submissions import CONTEXT, FILLED, Opened, open_submission, speaking_for

RISK: dict[str, Any] = {
    "item_id": "R-014", "kind": "risk", "title": "Vendor misses the interface delivery", "owner": "Ada Obi",
    "state": "open", "raised_on": "2025-02-10", "reviewed_on": "2025-06-12", "probability": 4, "impact": 9,
}  # fmt: skip
ANSWERED = {
    "v.rag_schedule": "AMBER", "v.rag_cost": "RED", "v.rag_scope": "GREEN", "v.rag_risk": "AMBER",
    "v.rag_benefit": "GREEN", "v.rag_overall": "RED", "v.green_by": "2126-01-31", "v.decisions_needed": "D-1",
    "v.path_to_green": "A second supplier takes over the interface from August on.",
    "v.variance_narrative": "Vendor rates rose by a fifth in March, and the scope stayed.",
}  # fmt: skip
PAGE = {"Accept": "text/html"}


def shown(asking: TestClient, at: Opened, path: str = "") -> Form:
    answer = asking.get(f"/submissions/{at.id}{path}", headers=PAGE)
    assert answer.status_code == 200, answer.text
    return form_of(answer.text)


def send(asking: TestClient, form: Form, **button: str) -> Any:
    """Post a form as it is filled in, and follow to where it leads."""
    answer = asking.post(
        form.action, content=urlencode([*form.values.items(), *(button or {"action": "save"}).items()]),
        headers={**PAGE, "Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    if answer.status_code == 303:
        return asking.get(answer.headers["location"], headers=PAGE)
    return answer


def raid(engine: Engine, key: str = "PORTAL", **items: Any) -> Opened:
    context = {**CONTEXT, "similar_open_items": 0, "linked_issue": None}
    return open_submission(
        engine,
        key=key,
        template="raid-log",
        version="2.0.0",
        filled=items or {"R-014": RISK},
        context=context,
    )


def test_the_form_says_first_what_is_missing_stale_and_contradicted_with_links_to_the_fields(
    engine: Engine,
) -> None:
    at = open_submission(engine, ages={"actual_cost": 70})
    text = speaking_for(engine).get(f"/submissions/{at.id}", headers=PAGE).text
    needs = text[text.index('<aside class="needs"') : text.index("</aside>")]

    assert text.index('<aside class="needs"') < text.index('<form class="answers"')
    assert [needs.index(f"<h3>{word}") for word in ("Missing", "Stale", "Contradicted")] == sorted(
        needs.index(f"<h3>{word}") for word in ("Missing", "Stale", "Contradicted")
    )
    assert f'href="/submissions/{at.id}#f-rag_overall"' in needs
    assert "70 days old, fresh for 35 and in grace for 30" in needs
    for anchor in re.findall(r"#(f-[a-z_]+)", needs):
        assert f'id="{anchor}"' in text


def test_a_filled_in_value_is_shown_with_its_source_its_age_and_its_receipt(engine: Engine) -> None:
    at = open_submission(engine)
    text = speaking_for(engine).get(f"/submissions/{at.id}", headers=PAGE).text
    budget = text[text.index('id="f-budget"') : text.index('id="f-actual_cost"')]

    assert "1,000,000 GBP" in budget
    assert 'href="https://jira.example/browse/PORTAL-12"' in budget
    assert "2 days old" in budget
    assert 'href="/projects/PORTAL/receipt/budget"' in budget


def test_every_door_says_the_last_day_that_is_in_time(engine: Engine) -> None:
    at = open_submission(engine)
    midnight = datetime(2126, 12, 8, tzinfo=UTC)  # in London: what comes from then on is late
    with engine.begin() as connection:
        connection.execute(text("UPDATE cycle SET due_at = :at"), {"at": midnight})
        case = open_case(connection, at.id, now=datetime.now(UTC))
    page = speaking_for(engine).get(f"/submissions/{at.id}", headers=PAGE).text
    assert "due by the end of <strong>7 Dec 2126" in page
    assert (
        "Due by the end of Saturday, 07 December 2126 (Europe/London)"
        in book_of(case, token="t", now=datetime.now(UTC)).about
    )


def test_a_huge_number_in_a_form_is_kept_and_shown(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    form = shown(asking, at)
    form.values |= {"v.budget": "1e21", "because.budget": "As agreed"}
    assert "1,000,000,000,000,000,000,000 GBP" in send(asking, form).text
    form = shown(asking, at)
    form.values |= {"v.budget": "12345678901234567.89", "because.budget": "As agreed"}
    assert "12,345,678,901,234,567.89 GBP" in send(asking, form).text


def test_a_draft_is_saved_and_only_what_was_changed_is_an_answer(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    form = shown(asking, at)
    form.values |= {"v.rag_overall": "AMBER", "v.variance_narrative": "Short\r\ntext"}
    after = send(asking, form)

    assert "Saved: 2 answers" in after.text
    rows = ask(engine, 'SELECT field, value, door, "by" FROM answer ORDER BY field')
    assert [(row["field"], row["value"]) for row in rows] == [
        ("rag_overall", "AMBER"), ("variance_narrative", "Short\ntext"),
    ]  # fmt: skip
    assert {(row["door"], row["by"]) for row in rows} == {("web", "Ada Obi")}

    again = send(asking, shown(asking, at))
    assert "Nothing was changed" in again.text
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": 2}]


def test_a_value_that_cannot_be_read_is_kept_as_it_was_typed_and_found_invalid(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    form = shown(asking, at)
    form.values |= {"v.green_by": "next spring", "v.budget": "1,000", "because.budget": "Cut"}
    text = send(asking, form).text

    assert "expected a date like 2025-06-30, is &#39;next spring&#39;" in text
    assert "expected an amount, is &#39;1,000&#39;" in text
    kept = form_of(text)
    assert (kept.values["v.green_by"], kept.values["v.budget"]) == ("next spring", "1,000")
    assert kept.kinds["v.green_by"] == "text"  # a date input would drop it


def test_another_value_than_the_sources_needs_a_reason_and_can_be_taken_back(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    form = shown(asking, at)
    form.values |= ANSWERED | {"v.budget": "900 000"}
    text = send(asking, form).text
    assert "jira says &#39;1000000&#39;: say why it is &#39;900000&#39;" in text

    form = form_of(text)
    form.values["because.budget"] = "The board cut it on 12 June"
    text = send(asking, form).text
    assert "say why it is" not in text
    assert "900,000 GBP" in text
    assert "1,000,000 GBP" in text  # the source's stays beside it

    form = form_of(text)
    form.values["back.budget"] = "on"
    assert "900,000 GBP" not in send(asking, form).text
    rows = ask(engine, "SELECT withdrawn, because FROM answer WHERE field = 'budget' ORDER BY id")
    assert [(row["withdrawn"], row["because"]) for row in rows] == [
        (False, None), (False, "The board cut it on 12 June"), (True, None),
    ]  # fmt: skip


def test_what_is_stale_can_be_said_to_be_still_so(engine: Engine) -> None:
    at = open_submission(engine, ages={"actual_cost": 70})
    asking = speaking_for(engine)
    form = shown(asking, at)
    form.values["still.actual_cost"] = "on"
    text = send(asking, form).text
    assert "70 days old, fresh" not in text
    assert "confirmed by Ada Obi" in text
    assert ask(engine, "SELECT value FROM answer") == [{"value": FILLED["actual_cost"]}]


def test_who_saves_over_another_is_shown_both_values_and_loses_none(engine: Engine) -> None:
    at = open_submission(engine)
    one, other = speaking_for(engine), speaking_for(engine, "Olu Officer", roles=("project_officer",))
    mine, theirs = shown(one, at), shown(other, at)
    theirs.values["v.variance_narrative"] = "Rates rose by a fifth, says the officer."
    send(other, theirs)
    mine.values |= {"v.variance_narrative": "Rates rose by a third, says the manager.", "v.rag_cost": "AMBER"}
    met = send(one, mine)

    assert met.status_code == 409
    assert "by <strong>Olu Officer</strong>" in met.text
    assert "<strong>Rates rose by a fifth, says the officer.</strong>" in met.text
    kept = form_of(met.text)
    assert kept.values["v.variance_narrative"] == "Rates rose by a third, says the manager."
    assert kept.values["v.rag_cost"] == "AMBER"
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": 1}]

    send(one, kept)
    rows = ask(engine, "SELECT field, value FROM answer ORDER BY id")
    assert [row["value"] for row in rows if row["field"] == "variance_narrative"] == [
        "Rates rose by a fifth, says the officer.", "Rates rose by a third, says the manager.",
    ]  # fmt: skip


def test_what_another_changed_elsewhere_is_not_put_back_by_an_older_form(engine: Engine) -> None:
    at = open_submission(engine)
    one, other = speaking_for(engine), speaking_for(engine, "Olu Officer", roles=("project_officer",))
    mine, theirs = shown(one, at), shown(other, at)
    theirs.values["v.rag_cost"] = "RED"
    send(other, theirs)
    mine.values["v.rag_risk"] = "AMBER"
    kept = form_of(send(one, mine).text)
    assert (kept.values["v.rag_cost"], kept.values["v.rag_risk"]) == ("RED", "AMBER")
    send(one, kept)
    rows = ask(engine, "SELECT field, value FROM answer ORDER BY id")
    assert [(row["field"], row["value"]) for row in rows] == [("rag_cost", "RED"), ("rag_risk", "AMBER")]


def test_a_submission_that_is_held_back_says_by_what_and_keeps_the_answers(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    form = shown(asking, at)
    form.values |= {**ANSWERED, "v.rag_risk": "", "attest.submitted": "1"}
    held = send(asking, form, action="move:submitted")

    assert held.status_code == 422
    summary = held.text[held.text.index('role="alert"') : held.text.index('<div class="sheet">')]
    assert f'<a href="/submissions/{at.id}#f-rag_risk">' in summary
    assert "Your answers are saved" in summary
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": len(ANSWERED) - 1}]

    form = form_of(held.text)
    form.values |= {"v.rag_risk": "AMBER", "attest.submitted": "1"}
    after = send(asking, form, action="move:submitted")
    assert "answers are taken when it is returned" in after.text
    assert ask(engine, "SELECT state, submitted_by FROM submission") == [
        {"state": "submitted", "submitted_by": "Ada Obi"}
    ]


def test_a_computed_value_is_disputed_and_not_typed_over(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    form = shown(asking, at)
    assert "v.percent_complete" not in form.values
    forced = Form(
        form.action, form.values | {"was.percent_complete": "x", "v.percent_complete": "99"}, form.kinds
    )
    assert "dispute the value" in send(asking, forced).text

    form.values |= {
        "dispute.percent_complete": "Two packages are not booked yet",
        "ought.percent_complete": "55",
    }
    form.values["v.rag_cost"] = "RED"
    text = send(asking, form, action="dispute:percent_complete").text
    assert "Two packages are not booked yet; it ought to be 55 %" in text
    assert ask(engine, "SELECT field, value, proposed FROM dispute") == [
        {"field": "percent_complete", "value": 42, "proposed": 55}
    ]
    assert ask(engine, "SELECT field FROM answer") == [{"field": "rag_cost"}]


def test_what_is_only_needed_under_a_condition_is_asked_for_when_it_holds(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    text = asking.get(f"/submissions/{at.id}", headers=PAGE).text
    assert text.index("Not needed as things stand") < text.index('id="f-path_to_green"')
    form = form_of(text)
    form.values["v.rag_overall"] = "RED"
    text = send(asking, form).text
    assert text.index('id="f-path_to_green"') < text.index("Filled in from your sources")
    assert "The way back to green is required" in text


def test_many_records_are_a_table_and_a_page_a_row(engine: Engine) -> None:
    at = raid(engine)
    asking = speaking_for(engine)
    table = asking.get(f"/submissions/{at.id}", headers=PAGE).text
    assert f'<a href="/submissions/{at.id}/record?ref=R-014">R-014</a>' in table
    assert "1 holds it back" in table
    form = shown(asking, at, "/record?ref=R-014")
    assert form.values["v.impact"] == "9"
    text = asking.get(f"/submissions/{at.id}/record?ref=R-014", headers=PAGE).text
    assert '<a href="#f-impact">How grave, 1 to 5</a>' in text
    form.values |= {"v.impact": "5", "because.impact": "A slip of the pen"}
    assert "at most 5, is 9" not in send(asking, form).text


def test_a_new_record_gets_its_lasting_number(engine: Engine) -> None:
    at = raid(engine)
    asking = speaking_for(engine)
    form = shown(asking, at, "/record")
    form.values |= {"v.kind": "risk", "v.title": "The test data comes too late", "v.state": "open"}
    text = send(asking, form).text
    assert "<h1>R-015 The test data comes too late</h1>" in text
    assert 'href="/submissions/1/record?ref=R-015"' in asking.get(f"/submissions/{at.id}", headers=PAGE).text


def test_hostile_text_is_only_text(engine: Engine) -> None:
    bad = "</textarea><script>alert(1)</script>"
    at = raid(engine, **{"R-014": {**RISK, "title": bad, "owner": '" onfocus="x'}})
    asking = speaking_for(engine)
    for path in ("", "/record?ref=R-014"):
        text = asking.get(f"/submissions/{at.id}{path}", headers=PAGE).text
        assert "<script>alert" not in text
        assert 'onfocus="x' not in text
    assert shown(asking, at, "/record?ref=R-014").values["v.title"] == bad


def test_a_text_that_begins_with_an_empty_line_comes_back_unchanged(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    form = shown(asking, at)
    form.values["v.path_to_green"] = "\r\n  The first line was empty"
    form = form_of(send(asking, form).text)
    assert form.values["v.path_to_green"] == "\n  The first line was empty"
    assert "Nothing was changed" in send(asking, form).text


def test_who_speaks_for_nobody_may_look_and_not_answer(engine: Engine) -> None:
    at = open_submission(engine)
    looking = client(engine)
    text = looking.get(f"/submissions/{at.id}", headers=PAGE).text
    assert "speaks for no person" in text
    assert 'name="v.' not in text
    posted = looking.post(
        f"/submissions/{at.id}", content="revision=0&was.rag_cost=x&v.rag_cost=RED", headers=PAGE
    )
    assert posted.status_code == 403
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": 0}]


def test_a_form_from_another_site_or_of_a_hidden_project_is_refused(engine: Engine) -> None:
    at = open_submission(engine)
    open_submission(engine, key="OTHER", name="Other")
    elsewhere = {**PAGE, "Origin": "https://evil.example"}
    path = f"/submissions/{at.id}"
    assert speaking_for(engine).post(path, content="revision=0", headers=elsewhere).status_code == 403
    hidden = speaking_for(engine, name="hidden", projects=["OTHER"])
    assert hidden.get(path, headers=PAGE).status_code == 404
    assert hidden.post(path, content="revision=0", headers=PAGE).status_code == 404


class _Labels(HTMLParser):
    """Collect the inputs and what names them."""

    def __init__(self) -> None:
        super().__init__()
        self.labelled: set[str] = set()
        self.ids: list[str] = []
        self.inputs: list[dict[str, str | None]] = []
        self.described: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.described += (given.get("aria-describedby") or given.get("aria-labelledby") or "").split()
        if tag == "label":
            self._inside += 1
            self.labelled.add(given.get("for") or "")
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.inputs.append({**given, "wrapped": "yes" if self._inside else None})

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._inside -= 1


def test_every_input_has_a_label_and_every_reference_an_element(engine: Engine) -> None:
    at, log = open_submission(engine), raid(engine, key="LOG")
    asking = speaking_for(engine)
    for path in (f"/submissions/{at.id}", f"/submissions/{log.id}", f"/submissions/{log.id}/record"):
        found = _Labels()
        found.feed(asking.get(path, headers=PAGE).text)
        assert found.inputs or path.endswith(str(log.id))
        assert [
            each for each in found.inputs if not each["wrapped"] and each.get("id") not in found.labelled
        ] == []
        assert set(found.described) <= set(found.ids)
        assert len(found.ids) == len(set(found.ids)), path


def test_every_field_of_a_template_is_on_its_form(engine: Engine) -> None:
    at = open_submission(engine)
    text = speaking_for(engine).get(f"/submissions/{at.id}", headers=PAGE).text
    with engine.connect() as connection:
        template = version(connection, "monthly-status", "3.1.0")
    assert [each.rule.id for each in template.fields if f'id="f-{each.rule.id}"' not in text] == []


def test_a_reviewer_comments_on_a_field_and_returns_it_and_its_preparer_deals_with_that(
    engine: Engine,
) -> None:
    at = open_submission(engine, state="in_review")
    officer = speaking_for(engine, "Olu Officer", roles=("project_officer",))
    form = shown(officer, at)
    assert 'name="v.' not in form.action
    assert [name for name in form.values if name.startswith("v.")] == []
    form.values["comment.budget"] = "Is this the budget the board approved in June?"
    text = send(officer, form, action="comment:budget").text
    assert "Is this the budget the board approved in June?" in text

    form = form_of(text)
    refused = send(officer, form, action="move:returned")
    assert (refused.status_code, "takes a reason" in refused.text) == (409, True)
    form.values["reason.returned"] = "See the comment on the budget"
    send(officer, form, action="move:returned")

    manager = speaking_for(engine)
    text = manager.get(f"/submissions/{at.id}", headers=PAGE).text
    assert "returned it: See the comment on the budget" in text
    assert f'<a href="/submissions/{at.id}#f-budget">Budget</a>: Is this the budget' in text
    number = re.search(r'value="settle:(\d+)"', text)
    assert number is not None
    after = send(manager, form_of(text), action=f"settle:{number[1]}").text
    assert "Is this the budget" not in after


def test_who_prepared_it_is_not_offered_to_approve_it(engine: Engine) -> None:
    at = open_submission(engine, manager="Sue Sponsor", sponsor="Sue Sponsor")
    prepared = open_submission(engine, key="OTHER", sponsor="Sue Sponsor")  # by its manager
    sponsor = speaking_for(engine, "Sue Sponsor")
    form = shown(sponsor, at)
    form.values["v.rag_cost"] = "RED"
    send(sponsor, form)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET state = 'in_review'")
    assert "move:approved" in sponsor.get(f"/submissions/{prepared.id}", headers=PAGE).text
    assert "move:approved" not in sponsor.get(f"/submissions/{at.id}", headers=PAGE).text
    assert send(sponsor, shown(sponsor, at), action="move:approved").status_code == 403
