"""The time line of all milestones."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from api.pages.charts_time import GAP, scale, spans
from tests.support.api_client import client
from tests.support.portfolio_rows import seed

TODAY = date(2026, 11, 22)
DAYS = st.none() | st.dates(date(2025, 1, 1), date(2029, 1, 1))


@given(st.lists(st.tuples(DAYS, DAYS), max_size=12))
def test_no_milestone_covers_another_of_its_lane_and_none_leaves_the_track(
    pairs: list[tuple[date | None, date | None]],
) -> None:
    on = scale([], TODAY, first=TODAY - timedelta(days=200), last=TODAY + timedelta(days=400))
    laid, lanes = spans(pairs, on)
    taken: dict[int, list[tuple[float, float]]] = {}
    for found in laid:
        seen = [x for x in (found.baseline, found.expected, found.left, found.right) if x is not None]
        assert all(0 <= x <= 100 for x in seen)
        if seen:
            assert found.lane < lanes
            taken.setdefault(found.lane, []).append((min(seen), max(seen)))
    for places in taken.values():
        assert all(right < left for (_, right), (left, _) in pairwise(places))
    assert GAP > 0


def test_a_milestone_without_a_forecast_has_no_slip_and_says_so(engine: Engine) -> None:
    seed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE milestone SET forecast = NULL, actual = NULL"))
    page = client(engine).get("/milestones").text
    assert "no forecast" in page
    assert "on time" not in page


def test_only_the_milestones_of_visible_projects_are_shown_and_counted(engine: Engine) -> None:
    seed(engine)
    everything = client(engine, name="all").get("/milestones").text
    mine = client(engine, projects=["PORTAL"], name="one").get("/milestones").text
    assert "Network refresh" in everything
    assert "Network refresh" not in mine
    count = text(
        "SELECT count(*) FROM milestone m JOIN project p ON p.id = m.project_id WHERE p.key = 'PORTAL'"
    )
    with engine.begin() as connection:
        number = connection.scalar(count)
    assert f"<b>{number}</b> all" in mine


def test_a_programme_a_name_and_a_kind_narrow_the_time_line(engine: Engine) -> None:
    seed(engine)
    reader = client(engine)
    page = reader.get("/milestones?programme=Digital+services&show=critical&span=whole&sort=name").text
    assert "Citizen portal" in page
    assert "Network refresh" not in page
    assert "No milestone matches" in reader.get("/milestones?q=nothing+of+that+name").text
    assert reader.get("/milestones?show=wrong").status_code == 422
