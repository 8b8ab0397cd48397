"""No number and no colour of a status document or a roll-up without a receipt that leads to a raw page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.api_client import client
from tests.support.two_days import TODAY, two_days

# Text and marks that are no numbers or colours of their own, or say of a number that stands elsewhere why it is so.
BESIDE = {
    "key", "name", "as_of", "snapshot_as_of", "overall_reasons", "sources", "conflicts", "programme",
}  # fmt: skip
VALUES = ("overall", "health", "reported", "watermelon", "tier", "stage", "manager", "sponsor")


@pytest.fixture(scope="module")
def api(template_url: str) -> Iterator[TestClient]:
    with two_days(template_url) as rows, client(rows.engine) as asked:
        yield asked


def receipts_named(project: dict[str, Any]) -> dict[str, Any]:
    """Return by what `explain` is asked for every number and colour of a project's entry, and the number."""
    asked = {name: project[name] for name in VALUES}
    asked |= {name: each["colour"] for name, each in project["dimensions"].items()}
    asked |= {name: each["value"] for name, each in project["measures"].items()}
    asked |= {f"figures.{name}": value for name, value in project["figures"].items()}
    quality = project["data_quality"]
    asked |= {"data_quality": quality["score"], "data_quality.grade": quality["grade"]}
    asked |= {f"data_quality.templates.{path}": value for path, value in leaves(quality["templates"])}
    whole = ("next_milestone", "trend", "report", "watermelon_since", "programmes", "flags")
    return asked | {name: project[name] for name in whole}


def pages(found: dict[str, Any]) -> set[int]:
    """Return the raw pages a receipt leads to; each with its hash and a place in it."""
    ends = [*found["claims"], *found.get("records", ())]
    ends += [record for claim in found["claims"] for record in claim.get("records", ())]
    raws = [end["raw"] for end in ends if end["raw"]["page"] is not None]
    for raw in raws:
        assert len(raw["sha256"]) == 64
        assert raw["locator"]
    return {raw["page"] for raw in raws}


COLOURS = {"RED", "AMBER", "GREEN", "GREY", "BLUE"}
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Go through the numbers and colours of a JSON document; a row of a list is named by its key."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from leaves(
                below, f"{path}.{below.get('key', place) if isinstance(below, dict) else place}"
            )
    elif isinstance(value, int | float) or (
        isinstance(value, str) and (value in COLOURS or NUMBER.fullmatch(value))
    ):
        yield path, value


# What a figure is called where the document has it under another name, or in parts; None: it is its own receipt.
RENAMED = (
    (re.compile(r"(.*total|inputs\..*\.budget)\.amount"), r"\1"),
    (re.compile(r"overall\.([A-Z]+)"), r"counts.\1"),
    (re.compile(r"inputs\.(.*)\.as_of"), None),
    (
        re.compile(r"(.*\.)?rates\.\d+\.(rate|projects.*)"),
        None,
    ),  # of a rate: who stated it, when, and its hash
    (re.compile(r"inputs\..*\.critical"), None),  # a mark of the programme's cell, as `share` is
)


def figure_of(path: str) -> str | None:
    for pattern, name in RENAMED:
        if (found := pattern.fullmatch(path)) is not None:
            return None if name is None else found.expand(name)
    return path


def unproven_figures(api: TestClient, document: dict[str, Any], address: str, **clocks: str) -> list[str]:
    """Name the numbers and colours of a roll-up without a receipt of their own that leads to a raw page."""
    found = []
    for path, value in leaves(document):
        figure = figure_of(path)
        if figure is None:
            continue
        answer = api.get(f"{address}/explain/{figure}", params=clocks)
        if answer.status_code != 200 or answer.json()["value"] != value:
            found.append(f"{path}: {value}, its receipt {answer.text[:200]}")
            continue
        for asked in [each for part in answer.json()["parts"] for each in part["explain"]]:
            then = {name: asked[name] for name in ("as_of", "known_at") if name in asked}
            told = explained(api, asked["attribute"], **then)
            if told["value"] not in (None, "GREY") and not pages(told):
                found.append(f"{path}: {asked['attribute']} leads to no raw page")
    return found


@pytest.mark.parametrize("day", [None, TODAY])
def test_every_number_and_colour_of_the_roll_ups_leads_to_a_raw_page(api: TestClient, day: Any) -> None:
    clocks = {} if day is None else {"as_of": day.isoformat()}
    whole = api.get("/api/v1/portfolio/status", params=clocks).json()
    assert unproven_figures(api, whole, "/api/v1/portfolio", **clocks) == []
    assert sum(1 for _ in leaves(whole)) > 12
    short = api.get("/api/v1/portfolio", params=clocks).json()
    programmes = short.pop("programmes")
    rollup = short.pop("rollup")
    assert unproven_figures(api, short, "/api/v1/portfolio", **clocks) == []
    assert unproven_figures(api, rollup, "/api/v1/portfolio", **clocks) == []
    assert [each["name"] for each in programmes] == ["Air", "Space"]
    for each in (*programmes, *api.get("/api/v1/programmes", params=clocks).json()["programmes"]):
        assert unproven_figures(api, each, f"/api/v1/programmes/{each['name']}", **clocks) == []
    for each in programmes:
        address = f"/api/v1/programmes/{each['name']}"
        full = api.get(f"{address}/status", params=clocks).json()
        assert unproven_figures(api, full, address, **clocks) == []


def explained(api: TestClient, name: str, **clocks: str) -> dict[str, Any]:
    answer = api.get(f"/api/v1/projects/APOLLO/explain/{name}", params=clocks)
    assert answer.status_code == 200, (name, answer.text)
    found: dict[str, Any] = answer.json()
    return found


def unproven(api: TestClient, project: dict[str, Any], **clocks: str) -> list[str]:
    """Name what has no receipt, one that says something else, or one that leads to no raw page."""
    found = []
    for name, value in receipts_named(project).items():
        receipt = explained(api, name, **clocks)
        if receipt["value"] != value:
            found.append(f"{name}: {value}, its receipt {receipt['value']}")
        elif not receipt["rule"]["id"]:
            found.append(f"{name}: no rule")
        elif name == "trend":
            for point in receipt["points"]:
                told = explained(api, point["explain"]["attribute"], as_of=point["explain"]["as_of"])
                if told["value"] != point["overall"] or not pages(told):
                    found.append(f"{name} of {point['as_of']}")
        elif name == "flags":
            for point in receipt["points"]:
                explained(api, point["explain"]["attribute"], **clocks)
        elif value not in (None, "GREY") and name not in FROM_SNAPSHOTS and not pages(receipt):
            found.append(f"{name}: {value} leads to no raw page")
    return found


# Of snapshots, whose own receipts lead on.
FROM_SNAPSHOTS = {"watermelon_since", "behaviour", "forecasts_stale"}


@pytest.mark.parametrize("day", [None, TODAY])
def test_every_number_and_colour_of_the_status_leads_to_a_raw_page(api: TestClient, day: Any) -> None:
    clocks = {} if day is None else {"as_of": day.isoformat()}
    answer = api.get("/api/v1/status", params=clocks)
    assert answer.status_code == 200
    (project,) = answer.json()["projects"]
    assert unproven(api, project, **clocks) == []
    assert sum(value is not None for value in receipts_named(project).values()) > 20


def test_the_walk_knows_every_part_of_the_status_document(api: TestClient) -> None:
    (project,) = api.get("/api/v1/status").json()["projects"]
    walked = {"dimensions", "measures", "figures", "data_quality", *VALUES, "next_milestone", "trend", "report",
              "watermelon_since", "programmes", "flags"}  # fmt: skip
    assert project.keys() - walked - BESIDE == set()


def test_the_inputs_of_a_colour_are_those_of_its_receipt(api: TestClient) -> None:
    (project,) = api.get("/api/v1/status").json()["projects"]
    for name, each in project["dimensions"].items():
        receipt = explained(api, name)
        assert each["reasons"] == receipt["reasons"]
        asked = {reason["rule"] for reason in each["reasons"]} - {"hysteresis"}  # of the policy, no formula
        assert asked <= {rule["id"] for rule in receipt["rules"]}, name


def test_the_records_of_an_amount_of_money_are_every_cell_it_adds_up(api: TestClient) -> None:
    (project,) = api.get("/api/v1/status").json()["projects"]
    found = explained(api, "spent_value")
    lines = [each for each in found["records"] if each["entity"] == "cost_line"]
    assert len({each["raw"]["locator"] for each in lines}) == len(lines) == 3
    assert (
        sum(float(each["value"]) for each in lines) == project["measures"]["spent_value"]["value"] == 2050.5
    )
