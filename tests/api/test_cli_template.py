"""`muster template`: a version's way from a file to the day it judges, tailoring and waivers, as typed."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import shipped
from tests.support.command_line import CommandLine
from tests.support.databases import cloned
from tests.support.shared import SHARED, needs_shared
from tests.support.template_samples import SMALL
from tests.support.workbooks import xlsx

pytestmark = pytest.mark.slow  # each command is a process

REGISTER: list[list[Any]] = [
    ["Project ID", "Project name", "Stage", "Tier", "Baseline start", "Baseline finish", "Forecast finish", "Budget"],
    ["APO", "Apollo", "Deliver", 1, date(2026, 1, 5), date(2026, 12, 18), date(2027, 3, 30), 1000],
    ["GEM", "Gemini", "Deliver", 3, date(2026, 1, 5), date(2026, 12, 18), date(2026, 12, 18), None],
]  # fmt: skip
IDA = ("--by", "Ida Lindqvist", "--role", "specialist")
OLE = ("--by", "Ole Brandt", "--role", "pmo_head")


@pytest.fixture(scope="module")
def muster(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line on a store of two projects; each test leaves templates of its own."""
    folder = tmp_path_factory.mktemp("cli-template")
    (folder / "register.xlsx").write_bytes(xlsx(REGISTER))
    register = {"path": "register.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID"}
    document = {
        "apiVersion": "muster/v1",
        "portfolio": {"key": "main", "name": "Main", "timezone": "Europe/London", "currency": "GBP"},
        "sources": [{"name": "files", "kind": "excel", "folder": str(folder), "workbooks": [register]}],
    }
    (folder / "sources.yaml").write_text(yaml.safe_dump(document))
    with cloned(template_url) as url:
        command = CommandLine(url, folder / "home", {})
        assert command("apply", "-f", str(folder / "sources.yaml"), "--yes").code == 0
        assert command("sync").code == 0
        yield command


def small(folder: Path, name: str, *changes: tuple[str, str], version: str = "1.0.0") -> str:
    text = SMALL.replace("id: small, version: 1.0.0", f"id: {name}, version: {version}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / f"{name}-{version}.yaml"
    file.write_text(text)
    return str(file)


def json_of(said: Any) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_the_shipped_templates_are_listed_with_the_version_that_judges_today(muster: CommandLine) -> None:
    found = {each["id"]: each for each in json_of(muster("template", "list", "--format", "json"))}
    assert {each.header.id for each in shipped.templates()} <= set(found)
    assert found["raid-log"]["judges"] == "2.0.0"
    assert found["monthly-status"]["versions"][0]["version"] == "3.1.0"
    assert "* 2.0.0" in muster("template", "list").out


def test_a_template_that_is_none_is_said_before_anything_of_the_record(
    muster: CommandLine, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    for file in (bad, tmp_path / "none.json"):
        told = muster("template", "check", "nope", str(file))
        assert (told.code, "there is no template 'nope'" in told.err) == (2, True), told.err
        assert "JSON" not in told.err
    told = muster("template", "check", "raid-log", str(bad))
    assert (told.code, "this is not JSON" in told.err) == (2, True)


def test_a_template_is_shown_in_words_and_word_for_word(muster: CommandLine) -> None:
    assert "item_id" in muster("template", "show", "raid-log").out
    assert muster("template", "show", "raid-log", "--yaml").out == shipped.text("templates", "raid-log")
    told = muster("template", "show", "raid-log@9.9.9")
    assert (told.code, told.out) == (2, "")
    assert "there is no version 9.9.9 of raid-log; there are 2.0.0" in told.err


def test_a_version_goes_its_way_from_a_file_to_the_day_it_judges(muster: CommandLine, tmp_path: Path) -> None:
    file = small(tmp_path, "way")
    assert "way@1.0.0 holds: 9 fields, 4 checks" in muster("template", "validate", file).out
    assert "is in review" in muster("template", "submit", file, *IDA).out
    untried = muster("template", "approve", "way@1.0.0", *OLE)
    assert (untried.code, "muster template try way@1.0.0" in untried.err) == (1, True)
    tried = json_of(muster("template", "try", "way@1.0.0", "--format", "json"))
    assert (tried["projects"], tried["against"]) == (2, None)
    own = muster("template", "approve", "way@1.0.0", "--by", "ida lindqvist")
    assert (own.code, "somebody else has to approve it" in own.err) == (1, True)
    said = muster("template", "approve", "way@1.0.0", *OLE).out
    assert "is approved by Ole Brandt and judges from" in said
    assert "of 2 projects would fail; no version of it judges today" in said
    assert "pass today" not in said
    listed = {each["id"]: each for each in json_of(muster("template", "list", "--format", "json"))}
    assert listed["way"]["judges"] == "1.0.0"
    assert (
        "is the last day it judges"
        in muster("template", "retire", "way@1.0.0", *OLE, "--because", "Done").out
    )


def test_a_number_that_is_too_small_is_refused_with_the_change_that_asks_for_more(
    muster: CommandLine, tmp_path: Path
) -> None:
    first = small(tmp_path, "number")
    for step in (["submit", first, *IDA], ["try", "number@1.0.0"], ["approve", "number@1.0.0", *OLE]):
        assert muster("template", *step).code == 0
    file = small(tmp_path, "number", ("weight: 3}", "weight: 4}"), version="1.0.1")
    said = muster("template", "validate", file)
    assert said.code == 2
    assert "a minor change asks for 1.1.0 at least. fields.name.weight was 3.0, is 4.0" in said.err
    fits = small(tmp_path, "number", ("weight: 3}", "weight: 4}"), version="1.1.0")
    assert "minor fields.name.weight: was 3.0, is 4.0" in muster("template", "diff", "number@1.0.0", fits).out
    assert "is a draft by Ida Lindqvist" in muster("template", "draft", fits, *IDA).out
    assert "is in review" in muster("template", "submit", "number@1.1.0", *IDA).out
    back = muster("template", "return", "number@1.1.0", *OLE, "--because", "Say why")
    assert "is a draft again: Say why" in back.out


def test_every_error_of_a_file_is_said_at_once_with_its_line(muster: CommandLine, tmp_path: Path) -> None:
    file = small(tmp_path, "bad", ("cost <= budget", "cost <= budgte"), ('"cost > 1000"', '"cots > 1000"'))
    said = muster("template", "validate", file)
    lines = [line for line in said.err.splitlines() if "bad-1.0.0.yaml:" in line]
    assert (said.code, len(lines)) == (2, 2)
    assert [name for name in ("budgte", "cots") if name not in said.err] == []


def test_a_waiver_is_asked_for_by_one_and_granted_by_another(muster: CommandLine) -> None:
    asked = muster(
        "template", "waive", "APO", "monthly-status", "actual_cost", "--by", "Maya", "--because", "Ledger opens in May",
        "--until", "2027-05-31",
    )  # fmt: skip
    number = asked.out.split("Waiver ")[1].split(":")[0]
    own = muster("template", "grant", number, "--by", "MAYA")
    assert (own.code, "somebody else has to grant it" in own.err) == (1, True)
    assert muster("template", "grant", number, "--by", "Otto", "--role", "project_officer").code == 0
    assert muster("sync").code == 0
    [found] = [
        each
        for each in json_of(muster("template", "waivers", "--format", "json"))
        if each["id"] == int(number)
    ]
    assert (found["state"], found["approved_by"], found["project"]) == ("standing", "Otto", "APO")
    assert "holds no more" in muster("template", "unwaive", number, "--by", "Maya").out


def test_a_tailoring_says_what_it_loosens_and_waits_for_another(muster: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "tier3.yaml"
    file.write_text(
        "template: monthly-status\napplies: {tiers: [3]}\nbecause: No ledger\nchanges: {checks: {C06: {off: true}}}\n"
    )
    asked = muster("template", "tailor", str(file), *IDA)
    assert "checks.C06" in asked.out
    number = asked.out.split("Tailoring ")[1].split(" ")[0]
    assert "for tiers 3: waiting" in muster("template", "tailorings").out
    assert muster("template", "approve-tailoring", number, "--by", "Ida Lindqvist").code == 1
    assert "counts from today on, for tiers 3" in muster("template", "approve-tailoring", number, *OLE).out
    assert "counts no more" in muster("template", "untailor", number, *OLE).out
    file.write_text("template: monthly-status\nbecause: x\nchanges: {checks: {C66: {off: true}}}\n")
    wrong = muster("template", "tailor", str(file), *IDA)
    assert (wrong.code, "checks.C66" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["draft", "nowhere.yaml", "--by", "Ida"], "nowhere.yaml cannot be read: No such file"),
        (["approve", "raid-log", "--by", "Ole"], "'raid-log' names no version; write e.g. raid-log@1.2.0"),
        (["approve", "raid-log@2.0.0", "--by", "Ole", "--role", "boss"], "--role boss: unknown; there are"),
        (["approve", "raid-log@2.0.0", "--by", " "], "--by: say who does it"),
        (["approve", "raid-log@2.0.0", "--by", "Ole"], "raid-log@2.0.0 is approved; only what is in review"),
        (["grant", "999", "--by", "Ole"], "there is no waiver 999"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(muster: CommandLine, typed: list[str], says: str) -> None:
    said = muster("template", *typed)
    assert said.code in (1, 2)
    assert says in said.err


@needs_shared
@pytest.mark.parametrize(("asked", "expected"), [([], "3.1.0"), (["@3.1.0"], "3.1.0"), (["@3.2.0"], "3.2.0")])
def test_a_record_is_judged_by_the_version_of_its_day_or_the_one_that_is_named(
    muster: CommandLine, tmp_path: Path, asked: list[str], expected: str
) -> None:
    sample = json.loads((SHARED / "templates" / "expected.json").read_text())["monthly_status"]
    file = tmp_path / "record.json"
    file.write_text(json.dumps({key: sample[key] for key in ("record", "ages_days", "context")}))
    said = muster("template", "check", f"monthly-status{''.join(asked)}", str(file), "--as-of", "2025-06-30")
    assert json.loads(said.out)["version"] == expected


def test_what_a_record_holds_and_no_field_asks_for_is_named(muster: CommandLine, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"record": {"kind": "risk", "titel": "A risk"}}))
    found = json.loads(muster("template", "check", "raid-log", str(record)).out)
    assert found["not_asked"] == ["titel"]
    record.write_text(json.dumps({"record": {}, "ages_days": {"reviewed_on": "old"}}))
    wrong = muster("template", "check", "raid-log", str(record))
    assert (wrong.code, "ages_days.reviewed_on" in wrong.err) == (2, True)
