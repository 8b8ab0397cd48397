import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from api.pages.charts import line, near, stacked, timeline
from api.pages.render import safe_url
from api.pages.signin import local_path
from api.pages.writing import money_text, signed_days, value_text
from tests.support.api_client import client
from tests.support.pages import assert_runs_nothing, tags
from tests.support.portfolio_rows import seed

HOSTILE = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>=HYPERLINK("http://evil")'
PAGES = ("/", "/projects/PORTAL", "/projects/PORTAL/receipt/schedule", "/projects/PORTAL/receipt/forecast_finish",
         "/sources")  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_nothing_inline_and_carry_strict_headers(engine: Engine, path: str) -> None:
    seed(engine)
    answer = client(engine).get(path)
    assert answer.status_code == 200
    assert_runs_nothing(answer.text)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", PAGES)
def test_hostile_text_is_shown_as_text_everywhere(engine: Engine, path: str) -> None:
    seed(engine)
    hostile: dict[str, Any] = {"t": HOSTILE, "url": "javascript:alert(1)"}
    with engine.begin() as connection:
        for statement in (
            "UPDATE milestone SET name = :t, locator = :t, url = :url, acceptance = :t",
            "UPDATE raid_item SET title = :t, owner = :t, item_id = :t, locator = :t, url = :url",
            "UPDATE finding SET says = :t, locator = :t, record_ref = :t",
            "UPDATE claim SET value = to_jsonb(CAST(:t AS text)), locator = :t, url = :url",
            "UPDATE scope SET name = :t, key = :t || id, url = :url, bound_by = :t",
            "UPDATE run SET error = :t, warnings = jsonb_build_array(CAST(:t AS text))",
            "UPDATE rejected_record SET reason = :t, locator = :t",
            "UPDATE project SET name = :t",
            "UPDATE portfolio SET name = :t",
            "UPDATE programme SET name = :t || id",
            "UPDATE cost_line SET locator = :t || '!A1'",
            """UPDATE snapshot SET document = document || jsonb_build_object('name', CAST(:t AS text), 'programme',
               CAST(:t AS text), 'stage', CAST(:t AS text), 'next_milestone', jsonb_build_object('name',
               CAST(:t AS text), 'forecast', '2026-12-01', 'baseline', '2026-12-01')),
               receipt = jsonb_set(receipt, '{colours,schedule,rule,inputs}', jsonb_build_object('x', :t))""",
        ):
            connection.execute(text(statement), hostile)
    answer = client(engine).get(path)
    assert answer.status_code == 200
    assert_runs_nothing(answer.text)
    assert not [tag for tag, attributes in tags(answer.text) if tag == "img" and attributes.get("src") == "x"]
    assert "javascript:" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_a_hostile_search_is_only_text(engine: Engine) -> None:
    seed(engine)
    answer = client(engine).get("/", params={"q": HOSTILE[:100]})
    assert answer.status_code == 200
    assert_runs_nothing(answer.text)


def rows(html: str) -> list[str]:
    return re.findall(r'class="p"><a href="/projects/([A-Z0-9]+)', html)


def test_the_board_sorts_filters_and_searches_by_its_address(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    flat = {"group": "none"}
    names = rows(asking.get("/", params=flat).text)
    assert names[:2] == ["CAMPUS", "CASEWORK"]
    assert rows(asking.get("/", params=flat | {"order": "desc"}).text) == names[::-1]
    assert set(rows(asking.get("/", params=flat | {"sort": "overall"}).text)[:3]) == {
        "PORTAL",
        "LEDGER",
        "NETWORK",
    }
    assert rows(asking.get("/", params=flat | {"sort": "slip"}).text)[0] == "PORTAL"
    assert rows(asking.get("/", params={"q": "pay"}).text) == ["PAYROLL"]
    assert rows(asking.get("/", params={"watermelon": "1"}).text) == ["PORTAL"]
    assert rows(asking.get("/", params={"programme": "Core systems", "overall": "RED"}).text) == ["LEDGER"]
    assert rows(asking.get("/", params={"tier": "3", **flat}).text) == ["NOTIFY", "ARCHIVE"]


def test_what_is_unknown_sorts_last_either_way(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    for order in ("asc", "desc"):
        found = rows(asking.get("/", params={"group": "none", "sort": "cost", "order": order}).text)
        assert found[-1] == "NOTIFY"


def test_empty_form_fields_are_fields_not_sent(engine: Engine) -> None:
    seed(engine)
    answer = client(engine).get("/?as_of=&q=&programme=&overall=&tier=&sort=name&group=programme")
    assert len(rows(answer.text)) == 12


def test_the_board_of_an_earlier_day_keeps_the_day_in_its_links(engine: Engine) -> None:
    seed(engine)
    html = client(engine).get("/", params={"as_of": "2026-09-27"}).text
    assert "27 Sep 2026" in html
    assert "/projects/PORTAL?as_of=2026-09-27" in html


def test_many_projects_come_in_pages_with_all_of_them_one_link_away(engine: Engine) -> None:
    seed(engine, projects=230, work_items=10, weeks=1)
    asking = client(engine)
    first, second = (rows(asking.get("/", params={"page": number}).text) for number in (1, 2))
    assert (len(first), len(second)) == (200, 30)
    assert sorted(first + second) == sorted(rows(asking.get("/", params={"all": 1}).text))


def test_a_colour_is_told_by_shape_and_letter_too(engine: Engine) -> None:
    seed(engine)
    html = client(engine).get("/").text
    shapes = {colour: re.search(rf'id="s-{colour}".*?<(circle|path|rect) .*?>([GAR?C])<', html) for colour in
              ("GREEN", "AMBER", "RED", "GREY", "BLUE")}  # fmt: skip
    assert len({(found[1], found[2]) for found in shapes.values() if found}) == 5
    assert '<span class="vh">Red</span>' in html


def test_a_project_page_leads_from_colour_to_cell(engine: Engine) -> None:
    seed(engine)
    html = client(engine).get("/projects/PORTAL").text
    assert "A watermelon" in html
    assert "42 days late" in html
    assert "register.xlsx!Projects!E8" in html
    assert 'href="https://contoso.sharepoint.example/sites/pmo/register.xlsx"' in html
    assert "plan.xlsx!Milestones!B6" in html


def test_the_losing_claim_stays_visible(engine: Engine) -> None:
    seed(engine)
    asking = client(engine)
    assert "sources differ" in asking.get("/projects/PAYROLL").text
    receipt = asking.get("/projects/PAYROLL/receipt/forecast_finish").text
    assert "PAY-114 duedate" in receipt
    assert "outranked" in receipt


def test_an_empty_database_says_what_to_do(engine: Engine) -> None:
    asking = client(engine)
    assert "when an officer has added a first source" in asking.get("/").text
    assert asking.get("/sources").status_code == 200


def test_only_web_addresses_become_links() -> None:
    assert safe_url("https://example.net/x") == "https://example.net/x"
    for bad in (
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil",
        "ftp://x/y",
        "https:///x",
        None,
        7,
        "http://[x",
    ):
        assert safe_url(bad) is None


@given(st.text(max_size=40))
def test_signing_in_never_leads_to_another_site(value: str) -> None:
    for asked in (value, "/" + value, "//" + value, "/\\" + value):
        going = local_path(asked)
        assert going.startswith("/")
        assert not going.startswith(("//", "/\\"))
        assert "\\" not in going
        assert "\n" not in going


def test_figures_are_written_as_a_board_reads_them() -> None:
    assert money_text("2460000", "GBP") == "£2.46 m"
    assert money_text(None, "GBP") == "–"
    assert signed_days(42) == "+42 d"
    assert signed_days(0) == "on time"
    assert value_text("2026-11-22") == "22 Nov 2026"
    assert value_text("1250000.00") == "1,250,000"
    assert value_text(None) == "unknown"


@given(st.lists(st.none() | st.floats(0, 100), max_size=30))
def test_a_line_stays_in_its_frame_and_breaks_where_nothing_is_known(values: list[float | None]) -> None:
    drawn = line(values, 64, 20, 0, 100)
    numbers = [float(found) for found in re.findall(r"-?[\d.]+", drawn.path)]
    assert len(numbers) == 2 * sum(value is not None for value in values)
    assert all(0 <= x <= 64 for x in numbers[::2])
    assert all(0 <= y <= 20 for y in numbers[1::2])
    starts = sum(v is not None and (i == 0 or values[i - 1] is None) for i, v in enumerate(values))
    assert drawn.path.count("M") == starts


@given(st.dictionaries(st.sampled_from(["RED", "AMBER", "GREEN", "GREY"]), st.integers(1, 5000)))
def test_a_stacked_bar_is_full_and_shows_every_part(counts: dict[str, int]) -> None:
    parts = stacked(counts, 1000)
    assert len(parts) == len(counts)
    assert not parts or abs(sum(part.width for part in parts) - 1000) < 0.1
    assert all(part.width >= 11 for part in parts)


@given(st.lists(st.tuples(st.none() | st.dates(), st.none() | st.dates()), max_size=8), st.dates())
def test_a_time_line_holds_every_date_that_is_near_and_says_of_the_others(dates: Any, today: Any) -> None:
    laid = timeline(dates, today)
    assert len(laid.marks) == len(dates)
    for mark, (baseline, expected) in zip(laid.marks, dates, strict=True):
        assert (mark.baseline is not None) == near(baseline, today)
        assert mark.far == any(each is not None and not near(each, today) for each in (baseline, expected))
        assert all(0 <= at <= 1000 for at in (mark.baseline, mark.expected) if at is not None)
        assert mark.late == bool(baseline and expected and expected > baseline) or mark.width == 0
