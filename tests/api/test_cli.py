"""The command line, as processes, over a small folder of workbooks."""

import csv
import fcntl
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from config import shipped
from tests.support.command_line import CommandLine
from tests.support.databases import cloned
from tests.support.processes import environment
from tests.support.shared import ROOT, SHARED, needs_shared
from tests.support.workbooks import xlsx

SECRET: Final = "s3cret-value-of-a-token"
REGISTER: Final[list[list[Any]]] = [
    ["Project ID", "Project name", "Programme", "Baseline start", "Baseline finish", "Forecast finish", "Budget",
     "Forecast cost", "Overall RAG"],
    ["APO", "=cmd|' /C calc'!A0", "Space", date(2026, 1, 5), date(2026, 12, 18), date(2027, 3, 30), 1000, 1200,
     "Green"],
    ["GEM", "Gemini", "Space", date(2026, 1, 5), date(2026, 12, 18), date(2026, 12, 18), 1000, 1000, "Green"],
]  # fmt: skip
Json = dict[str, Any]


def document(folder: Path, options: Json | None = None) -> Json:
    register = {"path": "register.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID"}
    files = {"name": "files", "kind": "excel", "folder": str(folder), "workbooks": [register]} | (
        options or {}
    )
    portfolio = {"key": "main", "name": "Change portfolio", "timezone": "Europe/London", "currency": "GBP"}
    return {"apiVersion": "muster/v1", "portfolio": portfolio, "sources": [files]}


def write(file: Path, content: Json | str) -> Path:
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("cli")
    (found / "register.xlsx").write_bytes(xlsx(REGISTER))
    return found


@pytest.fixture(scope="module")
def muster(template_url: str, folder: Path) -> Iterator[CommandLine]:
    """A command line on a store of this module's own; tests that only read share what one sync left."""
    with cloned(template_url) as url:
        run = CommandLine(url, folder / "home", {"CLI_TOKEN": SECRET})
        applied = run("apply", "-f", str(write(folder / "sources.yaml", document(folder))), "--yes")
        assert applied.code == 0, applied.err
        synced = run("sync")
        assert synced.code == 0, synced.err
        yield run


@pytest.fixture
def fresh(database_url: str, tmp_path: Path) -> CommandLine:
    """A command line on an empty store."""
    return CommandLine(database_url, tmp_path / "home", {"CLI_TOKEN": SECRET})


def shape(contract: Any) -> Any:
    """Names only: of maps their keys, of lists the shape of the first."""
    if isinstance(contract, dict):
        return {name: shape(value) for name, value in contract.items()}
    return [shape(contract[0])] if isinstance(contract, list) and contract else None


def lacks(wanted: Any, given: Any, where: str = "") -> list[str]:
    """Names of the contract that a document does not have; what is unknown is null and has none below.

    What a rule took in is named by the rule.
    """
    if where.endswith(".inputs"):
        return []
    if isinstance(wanted, dict) and isinstance(given, dict):
        return [
            lack
            for name, below in wanted.items()
            for lack in (
                lacks(below, given[name], f"{where}.{name}") if name in given else [f"{where}.{name}"]
            )
        ]
    if isinstance(wanted, list) and wanted and isinstance(given, list) and given:
        return lacks(wanted[0], given[0], f"{where}[]")
    return []


def contract(name: str) -> Any:
    return json.loads((SHARED / "contract" / f"{name}.json").read_text())


def test_apply_shows_a_plan_applies_it_when_told_and_keeps_it_the_second_time(
    fresh: CommandLine, folder: Path
) -> None:
    file = str(write(folder / "plan.yaml", document(folder)))

    planned, applied, again = (
        fresh("apply", "-f", file),
        fresh("apply", "-f", file, "--yes"),
        fresh("apply", "-f", file),
    )

    assert (planned.code, applied.code, again.code) == (0, 0, 0)
    assert "+ add     source files (excel)" in planned.out
    assert "nothing was changed. Run it again with --yes" in planned.out
    assert "Applied. Next: `muster check`, then `muster sync`." in applied.out
    assert "  keep    source files" in again.out
    assert "Nothing to change." in again.out


def test_what_export_prints_apply_takes_and_finds_nothing_to_change(fresh: CommandLine, folder: Path) -> None:
    content = document(folder, {"schedule": "30 1 * * 1-5", "bind": {"APO-AREA": "APO"}})
    jira = {"name": "jira", "kind": "jira", "base_url": "https://jira.example.com", "projects": ["APO"],
            "enabled": False, "auth": {"type": "pat", "token": "env:CLI_TOKEN"},
            "mapping": {"issues": {"points": "fields.size"}}}  # fmt: skip
    content["sources"].append(jira)
    fresh("apply", "-f", str(write(folder / "full.yaml", content)), "--yes")

    exported = fresh("export")
    again = fresh("apply", "-f", "-", typed=exported.out)

    assert exported.code == 0
    assert "env:CLI_TOKEN" in exported.out
    assert yaml.safe_load(exported.out)["sources"][1]["mapping"] == {"issues": {"points": "fields.size"}}
    assert again.code == 0
    assert "Nothing to change." in again.out


@pytest.mark.parametrize(
    ("content", "phrases"),
    [
        ("apiVersion: muster/v1\nportfolio: {key: main\nsources: []\n", ("bad.yaml, line 3, column", "not YAML")),
        ("- a list\n", ("apiVersion: muster/v1",)),
        ({"folders": "x"}, ("files: folders", "is not known here")),
        ({"kind": "trello"}, ("no kind 'trello'", "jira, azure_devops, excel")),
        ({"schedule": "nightly"}, ("sources.0.schedule", 'five fields such as "0 2 * * *"')),
        ({"mapping": {"projects": {"budgett": "values.budget"}}}, ("'budgett'", "budget, ")),
        ({"auth": {"type": "entra", "tenant": "t", "client_id": "c", "client_secret": SECRET}, "folder": None,
          "site": "host:/sites/a"}, ("client_secret holds a secret itself", "env:NAME or file:PATH")),
    ],
    ids=["no yaml", "a list", "option", "kind", "schedule", "mapping", "secret in the file"],
)  # fmt: skip
def test_a_file_that_does_not_hold_is_refused_with_where_and_what_was_expected(
    fresh: CommandLine, folder: Path, content: Json | str, phrases: tuple[str, ...]
) -> None:
    made = content if isinstance(content, str) else document(folder, content)

    said = fresh("apply", "-f", str(write(folder / "bad.yaml", made)), "--yes")

    assert said.code == 2
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    for phrase in phrases:
        assert phrase in said.err


def test_a_file_that_is_not_there_and_a_source_that_does_not_exist_are_one_sentence(
    muster: CommandLine,
) -> None:
    missing, unknown = muster("apply", "-f", "nowhere.yaml"), muster("sync", "nobody")

    assert (missing.code, unknown.code) == (2, 2)
    assert missing.err == "muster: nowhere.yaml cannot be read: No such file or directory\n"
    assert unknown.err == "muster: there is no source nobody; there are: files\n"


def test_check_says_what_is_seen_and_understood(muster: CommandLine) -> None:
    said = muster("check")

    assert said.code == 0
    assert "files (excel)" in said.out
    assert "2 projects; understood: Project ID → key" in said.out


def test_a_sync_ends_with_0_1_or_3(fresh: CommandLine, folder: Path, tmp_path: Path) -> None:
    missing = {"path": "gone.xlsx", "holds": "raid"}
    content = document(folder)
    content["sources"].append({**content["sources"][0], "name": "partly",
                               "workbooks": [missing, *content["sources"][0]["workbooks"]]})  # fmt: skip
    content["sources"].append({**content["sources"][0], "name": "nowhere", "folder": str(tmp_path / "none")})
    fresh("apply", "-f", str(write(folder / "three.yaml", content)), "--yes")

    well, partly, everything = fresh("sync", "files"), fresh("sync", "partly"), fresh("sync")

    assert (well.code, partly.code, everything.code) == (0, 3, 1)
    assert "projects     said 2 = stored 2 + rejected 0 + filtered 0" in well.out
    assert "partly: gone.xlsx: is not there" in partly.err
    assert "nowhere: there is no folder or file" in everything.err
    assert "unchanged" not in everything.err


@needs_shared
def test_status_as_json_has_every_name_of_the_contract(muster: CommandLine) -> None:
    document = json.loads(muster("status", "--format", "json").out)

    assert lacks(shape(contract("status")), document) == []
    assert [project["key"] for project in document["projects"]] == ["APO", "GEM"]
    assert document["projects"][0]["dimensions"]["schedule"]["colour"] == "RED"


@needs_shared
def test_explain_as_json_has_every_name_of_the_contract_down_to_the_cell(muster: CommandLine) -> None:
    colour = json.loads(muster("explain", "APO", "schedule", "--format", "json").out)
    date_ = json.loads(muster("explain", "APO", "forecast_finish", "--format", "json").out)

    assert lacks(shape(contract("explain")), colour) == []
    assert colour["value"] == "RED"
    assert date_["claims"][0]["raw"]["locator"] == "register.xlsx!Projects!F2"
    assert lacks(shape(contract("explain"))["claims"][0], date_["claims"][0]) == []


def test_explain_says_what_there_is_when_asked_for_what_there_is_not(muster: CommandLine) -> None:
    project, attribute = muster("explain", "NOPE"), muster("explain", "APO", "colour_of_the_sky")

    assert (project.code, attribute.code) == (2, 2)
    assert "NOPE" in project.err
    assert "colour_of_the_sky" in attribute.err


@needs_shared
def test_runs_as_json_has_every_name_of_the_contract(muster: CommandLine) -> None:
    document = json.loads(muster("runs", "--format", "json").out)

    assert lacks(shape(contract("runs")), document) == []
    assert document["runs"][-1]["ledger"][0]["balanced"] is True


def test_a_csv_cell_that_a_spreadsheet_would_run_is_made_text(muster: CommandLine) -> None:
    rows = list(csv.DictReader(io.StringIO(muster("status", "--format", "csv").out)))

    assert [row["key"] for row in rows] == ["APO", "GEM"]
    assert rows[0]["name"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["schedule"] == "RED"


def test_the_table_and_a_day_before_anything_was_known(muster: CommandLine) -> None:
    table, early, no_day = (
        muster("status"),
        muster("status", "--as-of", "2020-01-01", "--format", "json"),
        muster("status", "--as-of", "yesterday"),
    )

    assert "Gemini" in table.out
    assert json.loads(early.out)["projects"] == []
    assert (no_day.code, no_day.err) == (2, "muster: 'yesterday' is no day; write it as YYYY-MM-DD\n")


def test_a_token_is_shown_once_and_can_be_revoked(muster: CommandLine) -> None:
    made = muster("token", "create", "reporting")
    listed, revoked, again = (
        muster("token", "list"),
        muster("token", "revoke", "reporting"),
        muster("token", "revoke", "reporting"),
    )

    assert (made.code, listed.code, revoked.code) == (0, 0, 0)
    assert "mst_" in made.out
    assert "reporting" in listed.out
    assert "mst_" not in listed.out
    assert again.code != 0


def test_the_doctor_finds_nothing_wrong_and_names_a_secret_that_is_not_set(
    muster: CommandLine, fresh: CommandLine, folder: Path
) -> None:
    content = document(folder)
    jira = {"name": "jira", "kind": "jira", "base_url": "https://jira.example.com",
            "auth": {"type": "pat", "token": "env:NOT_SET_ANYWHERE"}}  # fmt: skip
    fresh("apply", "-f", str(write(folder / "unset.yaml", {**content, "sources": [jira]})), "--yes")

    well, ill = muster("doctor"), fresh("doctor")

    assert well.code == 0
    assert "FAIL" not in well.out
    assert ill.code == 1
    assert "env:NOT_SET_ANYWHERE" in ill.out
    assert "what to do: set it where the workers run" in ill.out


@needs_shared
@pytest.mark.parametrize("name", ["monthly_status", "raid_log"])
def test_a_sample_record_is_scored_as_expected(muster: CommandLine, tmp_path: Path, name: str) -> None:
    sample = json.loads((SHARED / "templates" / "expected.json").read_text())[name]
    file = tmp_path / "record.json"
    file.write_text(json.dumps({key: sample[key] for key in ("record", "ages_days", "context")}))
    wanted = sample["expected"]

    said = muster(
        "template", "check", name.replace("_", "-"), str(file), "--as-of", sample["context"]["as_of"]
    )

    found = json.loads(said.out)
    assert said.code == (0 if wanted["can_submit"] else 1)
    assert found["score"] == pytest.approx(wanted["score"], abs=1e-4)
    assert (found["grade"], found["required"], found["not_measured"]) == (
        wanted["grade"], wanted["required"], wanted["not_measured"],
    )  # fmt: skip
    assert found["dimensions"] == pytest.approx(wanted["dims"], abs=1e-6)
    kinds = {
        kind: [each["field"] for each in found["findings"] if each["kind"] == kind]
        for kind in ("missing", "invalid")
    }
    assert kinds == {"missing": wanted["missing"], "invalid": wanted["invalid"]}
    assert {lack.rpartition(".")[2] for lack in lacks(shape(contract("template-check")), found)} <= {
        *wanted["not_measured"]
    }


def test_a_template_that_names_a_field_it_does_not_have_is_refused_with_line_and_column(
    muster: CommandLine, tmp_path: Path
) -> None:
    text = shipped.text("templates", "raid-log")
    line = next(
        number
        for number, each in enumerate(text.splitlines(), 1)
        if "expr:" in each and "probability" in each
    )
    lines = text.splitlines()
    lines[line - 1] = lines[line - 1].replace("probability", "probabilty")
    file = write(tmp_path / "weekly.yaml", "\n".join(lines))
    record = write(tmp_path / "record.json", json.dumps({"record": {"period": "2026-W40"}}))

    said = muster("template", "check", str(file), str(record))

    assert said.code == 2
    column = lines[line - 1].index("probabilty") + 1
    assert f"weekly.yaml:{line}:{column}: " in said.err
    assert "probabilty" in said.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("home", "why"), [("file", "it is a file"), ("file/below", "Not a directory"), ("/proc/nowhere", "")]
)
def test_a_home_that_cannot_be_used_is_named_with_what_to_set(tmp_path: Path, home: str, why: str) -> None:
    (tmp_path / "file").write_text("")
    run = bare(tmp_path / home, None)

    assert run.returncode == 1
    [sentence] = run.stderr.splitlines()
    assert f"the home {tmp_path / home} cannot be used" in sentence
    assert why in sentence
    assert "set MUSTER_HOME" in sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "phrases"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1:9/x", ("at 127.0.0.1, port 9,", "check that PostgreSQL runs there")),
        (f"mysql://me:{SECRET}@h/x", ("MUSTER_DATABASE_URL must be a postgresql:// URL",)),
        (f"nonsense {SECRET}", ("MUSTER_DATABASE_URL must be a postgresql:// URL",)),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    tmp_path: Path, url: str, phrases: tuple[str, ...]
) -> None:
    run = bare(tmp_path / "home", url)

    assert run.returncode == 1
    [sentence] = run.stderr.splitlines()
    assert SECRET not in sentence
    for phrase in phrases:
        assert phrase in sentence


def bare(home: Path, url: str | None, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `muster` in a process with this home and database."""
    env = environment(home, url)
    return subprocess.run(
        [sys.executable, "-m", "api", *(arguments or ("status",))],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_names_and_ports_that_cannot_be_are_usage_errors(muster: CommandLine) -> None:
    said = [muster("check", "nope"), muster("discover", "nope"), muster("serve", "--port", "99999")]

    assert [each.code for each in said] == [2, 2, 2]


def test_a_plan_names_a_source_that_is_switched_off(fresh: CommandLine, folder: Path) -> None:
    fresh("apply", "-f", str(write(folder / "on.yaml", document(folder))), "--yes")

    planned = fresh("apply", "-f", str(write(folder / "off.yaml", document(folder, {"enabled": False}))))

    assert "enabled: True → False" in planned.out


@pytest.mark.slow
def test_apply_applies_also_when_nobody_reads_its_plan(
    database_url: str, folder: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path / "home", database_url)
    file = str(write(folder / "unread.yaml", document(folder)))
    command = [sys.executable, "-m", "api", "apply", "-f", file, "--yes"]
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(60)

    assert process.returncode == 0
    assert "name: files" in CommandLine(database_url, tmp_path / "home", {})("export").out


def test_a_table_in_a_file_is_not_cut(fresh: CommandLine, tmp_path: Path) -> None:
    long = "A programme's project with quite a long name, " * 5
    rows = [REGISTER[0], ["APO", long, *REGISTER[1][2:]]]
    (tmp_path / "register.xlsx").write_bytes(xlsx(rows))
    fresh("apply", "-f", str(write(tmp_path / "long.yaml", document(tmp_path))), "--yes")
    fresh("sync")

    table = fresh("status").out

    assert long.strip() in table
    assert "…" not in table


def test_a_failure_is_told_once(fresh: CommandLine, folder: Path, tmp_path: Path) -> None:
    gone = document(folder, {"folder": str(tmp_path / "none")})
    fresh("apply", "-f", str(write(folder / "gone.yaml", gone)), "--yes")

    said = fresh("sync")

    assert said.code == 1
    assert (said.out + said.err).count("failed") == 1
    assert (said.out + said.err).count("there is no folder or file") == 1


@pytest.mark.slow
def test_a_fault_in_the_json_log_has_its_traceback_as_text() -> None:
    code = (
        "import logging\nfrom api.cli.common import quiet_libraries\nquiet_libraries()\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.getLogger('sync').exception('odd')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "MUSTER_LOG_FORMAT": "json"},
    )  # fmt: skip

    assert "ZeroDivisionError: division by zero" in json.loads(run.stderr)["exception"]
    assert "traceback object" not in run.stderr


@pytest.mark.slow
def test_a_second_demo_of_a_home_touches_nothing(tmp_path: Path, database_url: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with (home / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()

        second = bare(home, database_url, "demo", "--once")

    assert second.returncode == 1
    assert second.stderr == "muster: a demo of this home is running already (process 4711)\n"
    assert [each.name for each in home.iterdir()] == ["demo.lock"]
