"""One rule at every door: whichever way a record comes in, the same findings, character for character."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.pages.form_fields import place_of
from config.shipped import template as shipped
from model.collection.cases import OWN, reference_field
from model.collection.reference import next_reference
from model.template.check import check
from model.template.template import Template
from sync.collection.case import Case
from sync.collection.filling import known_now, records_of
from sync.collection.templates import shipped_versions
from sync.record_parts import Checked
from tests.support.api_client import client
from tests.support.command_line import CommandLine
from tests.support.doors import (
    Given,
    by_api,
    by_check,
    by_command,
    by_form,
    by_workbook,
    fill,
    given_records,
    standing,
    told,
)
from tests.support.portfolio_rows import seed
from tests.support.submissions import CONTEXT, Opened, open_submission, speaking_for

QUICK = (Phase.explicit, Phase.generate)  # shrinking through six doors would take minutes


def same(one: Any, other: Any) -> bool:
    """Compare to the character, not only by value: 5 and 5.0 are not the same text."""
    return json.dumps(one, ensure_ascii=False) == json.dumps(other, ensure_ascii=False)


def document_of(case: Case, record: Given) -> dict[str, Any]:
    """Return the record as a program would send it to be checked."""
    return {
        "record": record.values(),
        "ages_days": record.aged(),
        "context": {**case.shared, "as_of": case.as_of.isoformat()},
    }


class _House:
    """A submission a door, alike in everything, and clients for the doors."""

    def __init__(self, engine: Engine, template: Template, folder: Path, muster: CommandLine) -> None:
        self.engine, self.template, self.folder, self.muster = engine, template, folder, muster
        head = template.header
        self.fixed: dict[str, Any]
        self.ref, self.fixed = OWN, {}
        if (reference := reference_field(template)) is not None:
            self.ref = next_reference(head.record, "risk", [], reference) or "X-1"
            self.fixed = {reference.rule.id: self.ref}
        context = {
            **CONTEXT,
            "similar_open_items": 0,
            "linked_issue": None,
            "score_changes": 0,
            "age_days": 100,
        }
        self.api, self.web, self.book = (self._open(key, context) for key in ("API", "WEB", "BOOK"))
        self.asking = speaking_for(engine)
        self.looking = client(engine)

    def _open(self, key: str, context: dict[str, Any]) -> Opened:
        head = self.template.header
        return open_submission(
            self.engine, key=key, name=key, template=head.id, version=head.version, filled={}, context=context
        )

    def compare(self, record: Given) -> None:
        """Bring a record in by every door, and hold what each finds against the rule itself."""
        for at in (self.api, self.web, self.book):
            fill(self.engine, at.id, record, self.ref)
        sent = by_api(self.asking, self.api.id, record, self.ref) if record.filled or record.answers else None
        if sent is None:
            return
        case, judgement = standing(self.engine, self.api.id)
        document = document_of(case, record)
        rule = check(self.template, document["record"], document["ages_days"], document["context"]).to_json()
        problems = [one.to_json() for one in judgement.problems.get(self.ref, ())]
        wanted = (rule["findings"], problems)

        assert same((sent["check"]["findings"], sent["problems"]), wanted), "the API"
        page = by_form(self.asking, self.web.id, record, self.template, self.ref)
        assert same(self._stored(self.web), wanted), "the web form"
        found = [*judgement.results[self.ref].findings, *judgement.problems.get(self.ref, ())]
        assert Counter(told(page)) == Counter((place_of(self.template, one), one.says) for one in found), (
            "the page"
        )
        self._other_doors(record, document, wanted)

    def _other_doors(self, record: Given, document: dict[str, Any], wanted: Any) -> None:
        if self.ref == OWN or not record.reasons:  # a row of items has one reason for all of its cells
            by_workbook(self.engine, self.book.id, record, self.template, self.ref)
            assert same(self._stored(self.book), wanted), "the workbook"
        checked = by_check(self.looking, self.template, document)
        assert same(checked["findings"], wanted[0]), "the API's check"
        printed = by_command(self.muster, self.folder, self.template, document)
        assert same(printed["findings"], wanted[0]), "the command line"

    def _stored(self, at: Opened) -> Any:
        _, judgement = standing(self.engine, at.id)
        problems = [one.to_json() for one in judgement.problems.get(self.ref, ())]
        return judgement.results[self.ref].to_json()["findings"], problems


def hold_together(engine: Engine, folder: Path, muster: CommandLine, name: str, examples: int) -> None:
    """Try generated records of a template at every door."""
    house = _House(engine, shipped(name), folder, muster)

    @settings(max_examples=examples, phases=QUICK)
    @given(data=st.data())
    def try_one(data: st.DataObject) -> None:
        house.compare(data.draw(given_records(house.template, fixed=house.fixed)))

    try_one()


@pytest.mark.parametrize("name", ["monthly-status", "raid-log", "cost-forecast"])
def test_every_door_finds_the_same_character_for_character(
    engine: Engine, database_url: str, tmp_path: Path, name: str
) -> None:
    hold_together(engine, tmp_path, CommandLine(database_url, tmp_path, {}), name, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({each.template for each in shipped_versions()}))
def test_every_door_finds_the_same_of_every_shipped_template(
    engine: Engine, database_url: str, tmp_path: Path, name: str
) -> None:
    hold_together(engine, tmp_path, CommandLine(database_url, tmp_path, {}), name, 25)


def as_json(value: Any) -> Any:
    """Return a pulled value as a program would send it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    return [as_json(each) for each in value] if isinstance(value, list | tuple | frozenset) else value


def pulled(engine: Engine, template: Template, project: UUID | None = None) -> list[tuple[UUID, Checked]]:
    """Return what the sources say, as the nightly check holds it to a template: of one project or of all."""
    now = datetime.now(UTC)
    with engine.connect() as connection:
        known = known_now(
            connection, None if project is None else [project], template=template.header.id, templates=[template],
            period_end=None, day=now.date(), now=now,
        )  # fmt: skip
        return [
            (each.id, record)
            for each in known.facts.projects
            for record in records_of(template, each.id, known, f"{now:%Y-%m}")
        ]


def same_as_sent(asking: TestClient, template: Template, records: list[tuple[UUID, Checked]]) -> int:
    """Send pulled records to be checked as JSON; returns how many findings both ways of judging agree on."""
    agreed = 0
    for _, each in records:
        found = check(template, each.record, each.ages, each.context).to_json()["findings"]
        document = {"record": as_json(each.record), "ages_days": each.ages, "context": as_json(each.context)}
        assert same(by_check(asking, template, document)["findings"], found), each.ref
        agreed += len(found)
    return agreed


def test_what_is_pulled_is_judged_as_the_same_record_sent_by_a_program(engine: Engine) -> None:
    seed(engine, work_items=60)
    asking = client(engine)
    agreed = {}
    for each in shipped_versions():
        template = each.loaded()
        records = pulled(engine, template)
        agreed[each.label] = same_as_sent(asking, template, records[:40])
    assert agreed["monthly-status@3.1.0"] > 12  # the demo's projects do have findings
    assert agreed["raid-log@2.0.0"] > 12


def test_odd_values_of_a_source_are_told_as_those_of_a_program(engine: Engine) -> None:
    at = open_submission(engine)
    asking, template = client(engine), shipped("monthly-status")

    @settings(max_examples=15, phases=QUICK)
    @given(
        budget=st.decimals(-50, 2_000_000, places=2, allow_nan=False),
        percent=st.floats(-20, 140).map(lambda number: round(number, 2)),
        start=st.dates(date(2024, 1, 1), date(2027, 1, 1)),
        finish=st.dates(date(2024, 1, 1), date(2027, 1, 1)),
        done=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc"])),
    )
    def try_one(budget: Decimal, percent: float, start: date, finish: date, done: str) -> None:
        said = {
            "budget": str(budget), "percent_complete": percent, "baseline_start": start.isoformat(),
            "baseline_finish": finish.isoformat(), "achievements": done,
        }  # fmt: skip
        with engine.begin() as connection:
            for name, value in said.items():
                connection.execute(
                    text("UPDATE claim SET value = :value WHERE project_id = :project AND attribute = :name"),
                    {"value": Jsonb(value), "project": at.project, "name": name},
                )
        [(_, record)] = pulled(engine, template, at.project)
        assert record.record["budget"] == budget
        assert same_as_sent(asking, template, [(at.project, record)]) > 0

    try_one()
