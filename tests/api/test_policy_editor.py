"""The editor of policies: limits and text side by side, planned and backtested before somebody else approves."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine
from starlette.testclient import TestClient

from config.database import open_engine
from sync.policy.kept import kept
from tests.support.databases import cloned
from tests.support.html_forms import inputs
from tests.support.policies import history
from tests.support.speaking import signed_in

NEW = "/policies/new"


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """Five weeks of three projects, for all of these."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        history(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def ida(engine: Engine) -> TestClient:
    return signed_in(engine, "Ida Lindqvist", "specialist")


@pytest.fixture
def form(ida: TestClient) -> dict[str, str]:
    return inputs(ida.get(NEW).text, "editor")


def sent(client: TestClient, form: dict[str, str], act: str = "look", **changes: str) -> Any:
    return client.post(NEW, data=form | {"act": act} | changes)


def after(answer: Any) -> Any:
    return yaml.safe_load(inputs(answer.text, "editor")["text"])


EARLIER = {
    "v.limits.schedule.amber_days": "5", "v.limits.schedule.red_days": "15", "v.limits.schedule.red_pct": "90",
    "v.limits.schedule.amber_pct": "80",
}  # fmt: skip


def test_limits_and_what_differs_for_a_tier_are_written_into_the_text(
    ida: TestClient, form: dict[str, str]
) -> None:
    answer = sent(
        ida, form, **EARLIER, **{"v.tiers.3.schedule.red_days": "60", "v.tiers.2.issues.open_age_days": ""}
    )
    policy = after(answer)
    assert policy["version"] == "1.1.0"
    assert policy["limits"]["schedule"]["red_days"] == 15
    assert policy["tiers"][3]["schedule"] == {"red_days": 60}
    assert "issues" not in policy["tiers"][2]
    assert "limits.schedule.red_days" in answer.text
    assert "# F1, of the planned duration" in inputs(answer.text, "editor")["text"]


def test_a_limit_that_cannot_be_is_told_with_its_line_and_kept_as_typed(
    ida: TestClient, form: dict[str, str]
) -> None:
    answer = sent(ida, form, **{"v.limits.schedule.red_days": "3", "v.limits.cost.red_pct": "lots"})
    assert 'data-line="' in answer.text
    assert 'value="lots"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_plan_names_the_projects_that_would_turn_and_keeps_nothing(
    ida: TestClient, form: dict[str, str], engine: Engine
) -> None:
    changes = {"v.limits.schedule.amber_days": "90", "v.limits.schedule.red_days": "100"}
    answer = sent(
        ida,
        form,
        "plan",
        **changes,
        **{"v.limits.schedule.amber_pct": "80", "v.limits.schedule.red_pct": "90"},
    )
    assert "of 3 projects would turn" in answer.text
    with engine.connect() as connection:
        assert [each.label for each in kept(connection)] == ["default@1.0.0"]


def test_a_backtest_says_how_much_earlier_and_draws_the_alarms(ida: TestClient, form: dict[str, str]) -> None:
    answer = sent(ida, form, "backtest", **EARLIER)
    assert "projects would have had their alarms on other days" in answer.text
    assert "months earlier on average" in answer.text
    assert '<svg class="lane"' in answer.text
    assert "SLIPS" in answer.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"since": "2099-01-01"}, "there is no snapshot from 2099-01-01"),
        ({"since": "soon"}, "expected a day such as"), ({"slip_days": "-1"}, "expected a number of days"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_said(
    ida: TestClient, form: dict[str, str], typed: dict[str, str], says: str
) -> None:
    assert says in sent(ida, form, "backtest", **typed).text


def test_a_tolerance_is_added_by_its_form_and_taken_out(ida: TestClient, form: dict[str, str]) -> None:
    wish = {
        "t.of": "project", "t.name": "SLIPS", "t.setting": "schedule.red_days", "t.value": "60",
        "t.because": "in its charter", "t.to": "2027-03-31",
    }  # fmt: skip
    assert "needs whom it is for" in sent(ida, form, "tolerance", **wish | {"t.because": ""}).text
    added = sent(ida, form, "tolerance", **wish)
    assert [each["project"] for each in after(added)["tolerances"]] == ["SLIPS"]
    again = inputs(added.text, "editor")
    more = sent(ida, again, "tolerance", **wish | {"t.setting": "hysteresis", "t.value": "3"})
    assert after(more)["tolerances"][0]["limits"] == {"schedule": {"red_days": 60}, "hysteresis": 3}
    gone = sent(ida, inputs(more.text, "editor"), "drop:0")
    assert not after(gone).get("tolerances")
    unknown = sent(ida, form, "tolerance", **wish | {"t.name": "NOBODY"})
    assert "NOBODY" in unknown.text
    assert "banner bad" in unknown.text


def test_a_policy_is_proposed_by_one_and_approved_by_another_who_saw_its_plan(
    ida: TestClient, form: dict[str, str], engine: Engine
) -> None:
    proposed = sent(ida, form, "save", because="Earlier warnings", **EARLIER)
    assert (proposed.status_code, proposed.headers["location"]) == (303, "/policies/default@1.1.0")
    ole = signed_in(engine, "Ole Brandt", "pmo_head")
    page = ole.get("/policies/default@1.1.0/plan")
    assert "Somebody other than Ida Lindqvist" in page.text
    assert (
        "projects would have had their alarms" in ole.get("/policies/default@1.1.0/backtest?alarm=RED").text
    )
    stale = ole.post("/policies/default@1.1.0/approve", data={"because": "x", "plan": "0" * 64})
    assert (stale.status_code, "would change something else" in stale.text) == (409, True)
    hash_ = page.text.split('name="plan" value="')[1].split('"')[0]
    done = ole.post("/policies/default@1.1.0/approve", data={"because": "Board of May", "plan": hash_})
    assert done.status_code == 303
    assert "approved by Ole Brandt" in ole.get("/policies/default@1.1.0").text


def test_who_may_not_write_policies_is_told_so(engine: Engine, form: dict[str, str]) -> None:
    maya = signed_in(engine, "Maya")
    refused = sent(maya, form, "save", **EARLIER)
    assert (refused.status_code, "may not propose policies" in refused.text) == (409, True)
    some = signed_in(engine, "Some", "specialist", projects=["SLIPS"])
    assert some.get(NEW).status_code == 403
    assert some.get("/policies/default@1.0.0/backtest").status_code == 403
