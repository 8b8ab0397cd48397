from uuid import uuid4

import pytest

from tests.support.browsing import Visitor
from tests.support.muster_process import Served, muster

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_a_link_signs_in_once_and_a_used_one_says_so(demo: Served, visitor: Visitor) -> None:
    link = demo.sign_in_link()
    first = visitor(demo, as_head=False)
    first.follow(link)
    assert first.page.url == f"{demo.url}/"
    assert first.page.get_by_role("heading", level=1).inner_text() == "Change portfolio"
    assert "token" not in first.page.url

    second = visitor(demo, as_head=False)
    second.expected = ("401",)
    second.page.goto(link)
    assert "used already or is too old" in second.page.get_by_role("alert").inner_text()


def test_a_wrong_token_is_refused_in_words_and_a_right_one_lets_in(demo: Served, visitor: Visitor) -> None:
    visit = visitor(demo, as_head=False)
    visit.expected = ("401",)
    page = visit.page
    page.goto("/projects/PORTAL")
    page.get_by_text("Sign in with a token").click()
    page.get_by_label("Token").fill("made-up")
    page.get_by_role("button", name="Sign in with the token").click()
    assert "unknown, expired or revoked" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Token").input_value() == ""

    token = muster(demo.environment, "token", "create", f"mine-{uuid4()}").split()[-1]
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in with the token").click()
    page.get_by_role("heading", name="Citizen portal", level=1).wait_for()
    assert page.url == f"{demo.url}/projects/PORTAL"


def test_signing_out_shows_the_form_again(demo: Served, visitor: Visitor) -> None:
    visit = visitor(demo, as_head=False)
    visit.expected = ("401",)
    visit.follow(demo.sign_in_link())
    visit.page.get_by_role("button", name="Sign out").click()
    visit.page.wait_for_url("**/sign-in?out=link")
    visit.page.goto("/")
    assert visit.page.get_by_label("Password").is_visible()


def test_a_token_for_some_projects_shows_these_and_no_others(demo: Served, visitor: Visitor) -> None:
    token = muster(demo.environment, "token", "create", f"some-{uuid4()}", "--project", "CLOUD").split()[-1]
    visit = visitor(demo, as_head=False)
    visit.expected = ("404",)
    page = visit.page
    page.goto("/sign-in")
    page.get_by_text("Sign in with a token").click()
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in with the token").click()
    page.wait_for_url(f"{demo.url}/")
    assert page.locator("table.board tbody th.p a").all_inner_texts() == ["Cloud landing zone"]
    answer = page.goto("/projects/PORTAL")
    assert answer is not None
    assert answer.status == 404
    assert "Citizen portal" not in page.content()
