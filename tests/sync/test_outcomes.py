"""Outcomes over stored snapshots, read by the library, the API and the command line."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import open_engine
from model.outcome import OutcomeTerms
from sync.outcomes.document import NoHistory, outcomes
from tests.support.api_client import client
from tests.support.command_line import CommandLine
from tests.support.databases import cloned
from tests.support.outcome_rows import LAST, add_history

TERMS = OutcomeTerms(slip_days=30, horizon_days=90)


@pytest.fixture(scope="module")
def url(template_url: str) -> Iterator[str]:
    with cloned(template_url) as url:
        yield url


@pytest.fixture(scope="module")
def past(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    add_history(engine)
    yield engine
    engine.dispose()


def asked(engine: Engine, **more: Any) -> dict[str, Any]:
    with Session(engine) as session:
        return outcomes(session, TERMS, **more)


def test_watermelons_are_counted_by_month_as_published_and_last_until_the_end(past: Engine) -> None:
    found = asked(past)["watermelon"]
    months = {each["period"]: each for each in found["periods"] if each["dimension"] == "overall"}
    january = months["2026-01"]
    assert list(months) == [f"2026-{month:02d}" for month in range(1, 10)]
    assert (january["scored"], january["watermelons"], january["persisting"]) == (3, 1, 0)
    assert january["share"] == pytest.approx(1 / 3)
    assert months["2026-02"]["persisting"] == 1
    assert months["2026-03"]["stale_reports"] == 1
    assert found["spells"] == [
        {"project": "MELON", "dimension": name, "first": "2026-01", "last": "2026-07", "periods": 7, "standing": False}
        for name in ("overall", "schedule")
    ]  # fmt: skip


def test_bias_is_told_from_three_reports_up_and_an_old_report_is_none(past: Engine) -> None:
    found = {each["reporter"]: each for each in asked(past)["watermelon"]["reporters"]}
    assert {name: (each["reports"], each["bias"]) for name, each in found.items()} == {
        "Ida": (2, None), "Maya": (7, 2), "Sam": (7, 0)
    }  # fmt: skip
    assert found["Ida"]["says"] == "2 reports, at least 3 are needed"


def test_colours_are_scored_once_their_horizon_has_passed(past: Engine) -> None:
    found = asked(past)["colours"]
    # January to June of two projects; of the third nobody said when it finishes.
    assert (found["published"], found["decided"], found["adverse"]) == (27, 12, 6)
    raters = {(each["by"], each["rater"]): each for each in found["raters"]}
    reported, computed = raters["reported", None], raters["computed", None]
    assert reported["brier"] == pytest.approx((0.85**2 + 0.15**2) / 2)
    assert reported["skill"] == pytest.approx(1 - reported["brier"] / 0.25)
    assert (reported["auc"], reported["hit_rate"], reported["false_alarm_rate"]) == (0.5, 0, 0)
    assert computed["brier"] == pytest.approx(0.15**2)
    assert (computed["auc"], computed["hit_rate"], computed["false_alarm_rate"]) == (1, 1, 0)
    assert raters["policy", "default@1.0.0"]["count"] == 12
    assert raters["reporter", "Maya"]["colours"][0] == {
        "colour": "GREEN", "count": 6, "adverse": 6, "chance": 0.15, "chance_by_history": 1.0
    }  # fmt: skip


def test_forecasters_are_scored_once_the_project_has_finished(past: Engine) -> None:
    found = asked(past)["forecasters"]
    assert found["finished_projects"] == 2
    whole = {each["forecaster"]: each for each in found["scores"] if each["said_before"] == "all"}
    assert (whole["manager"]["forecasts"], whole["manager"]["mean_error_days"]) == (14, -31.5)
    throughput = whole["throughput"]
    assert (throughput["forecasts"], throughput["mean_error_days"]) == (7, -7)
    assert throughput["pinball_days"] == pytest.approx((0.5 * 7 + 0.15 * 5) / 2)
    assert throughput["done_by"] == {"p50": 0, "p85": 1, "p95": 1}


def test_both_clocks_hold_and_a_day_before_the_history_is_said(past: Engine) -> None:
    then = asked(past, known_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert (then["history"]["last"], then["colours"]["decided"]) == ("2026-02-28", 0)
    then = asked(past, as_of=date(2026, 6, 30))
    assert (then["colours"]["decided"], then["forecasters"]["scored"]) == (6, 0)
    assert asked(past, as_of=date(2099, 1, 1)) == asked(past), "a day to come decides nothing"
    with pytest.raises(NoHistory, match="the history goes from 2026-01-17 to 2026-09-30"):
        asked(past, as_of=date(2025, 1, 1))


def test_a_history_shorter_than_the_usual_horizon_is_scored_by_a_shorter_one_unless_one_is_asked_for(
    past: Engine,
) -> None:
    short = {"as_of": "2026-05-31"}
    api = client(past, name="short")
    usual = api.get("/api/v1/outcomes", params=short).json()
    terms = usual["terms"]
    assert (terms["horizon_days"], terms["usual_horizon_days"]) == (90, 180)
    assert (terms["slip_days"], terms["usual_slip_days"]) == (15, 30)
    assert usual["colours"]["decided"] > 0
    strict = api.get("/api/v1/outcomes", params={**short, "horizon_days": "180"}).json()
    assert (strict["terms"]["horizon_days"], strict["colours"]["decided"]) == (180, 0)


def test_the_api_answers_of_the_projects_that_are_visible_alone(past: Engine) -> None:
    terms = {"horizon_days": "90"}
    whole = client(past, name="all").get("/api/v1/outcomes", params=terms).json()
    assert whole == {**asked(past), "terms": {**whole["terms"]}}
    some = client(past, name="some", projects=["STEADY"])
    answer = some.get("/api/v1/outcomes", params={**terms, "project": "STEADY"})
    assert (answer.json()["projects"], len(answer.json()["cases"]), len(answer.json()["forecasts"])) == (
        1,
        9,
        14,
    )
    assert "MELON" not in some.get("/api/v1/outcomes").text
    assert some.get("/api/v1/outcomes", params={"project": "MELON"}).status_code == 404
    assert some.get("/api/v1/outcomes", params={"as_of": "2020-01-01"}).status_code == 404
    tag = {"If-None-Match": answer.headers["etag"]}
    assert some.get("/api/v1/outcomes", params={**terms, "project": "STEADY"}, headers=tag).status_code == 304


def test_the_page_shows_what_is_visible_and_a_portfolio_without_history_says_so(past: Engine) -> None:
    whole = client(past, name="page").get("/outcomes").text
    assert "2.00 colours rosier than computed, over 7 reports" in whole
    assert 'href="/projects/MELON"' in whole
    assert "MELON" not in client(past, name="page-some", projects=["STEADY"]).get("/outcomes").text
    nobody = client(past, name="page-none", projects=["NEW"]).get("/outcomes")
    assert (nobody.status_code, "no snapshot to score yet" in nobody.text) == (200, True)


def test_the_page_scores_by_the_terms_it_is_asked_for_and_leads_to_those_that_decide_something(
    past: Engine,
) -> None:
    page = client(past, name="page-terms")
    early = page.get("/outcomes", params={"as_of": "2026-02-28"}).text
    assert 'href="/outcomes?slip_days=30&amp;horizon_days=14&amp;as_of=2026-02-28"' in early
    asked = {"slip_days": "0", "horizon_days": "14", "as_of": "2026-02-28"}
    shown = page.get("/outcomes", params=asked).text
    told = client(past, name="told").get("/api/v1/outcomes", params=asked).json()["colours"]
    assert f"{told['decided']} of {told['published']} are decided, {told['adverse']} ended badly." in shown
    assert told["decided"] > 0
    assert 'href="/api/v1/outcomes?slip_days=0&amp;horizon_days=14&amp;as_of=2026-02-28"' in shown
    assert "score what came within" not in shown
    assert page.get("/outcomes", params={"horizon_days": "0"}).status_code == 422


def test_the_command_line_tells_it_and_names_what_is_wrong_with_terms(
    past: Engine, url: str, tmp_path: Path
) -> None:
    assert past
    muster = CommandLine(url, tmp_path, {})
    said = muster("outcomes", "--project", "MELON", "--horizon-days", "90")
    assert said.code == 0
    assert "7 months, from 2026-01, until 2026-07" in said.out
    assert "2.00 colours rosier than computed, over 7 reports" in said.out
    assert "2026-08-31 reported GREEN, computed BLUE: not known before 2026-11-29" in said.out
    (tmp_path / "terms.yaml").write_text("slip_days: 10\nhorizon: 90\n")
    refused = muster("outcomes", "--terms", str(tmp_path / "terms.yaml"))
    assert refused.code == 2
    assert "terms.yaml:2:" in refused.err
    assert LAST.isoformat() in muster("outcomes", "--format", "json").out
