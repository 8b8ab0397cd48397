"""The files that build, run and ship Muster say the same things as the code."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from tests.support.shared import ROOT

OURS = ("api", "config", "connectors", "model", "sandbox", "sync")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_constraints_are_names_and_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", line)] == []


def test_every_dependency_is_pinned(project: dict[str, Any]) -> None:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    pinned = {
        plain(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    asked = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    names = {plain(match[0]) for each in asked if (match := re.match(r"[A-Za-z0-9._-]+", each))}

    assert names - pinned == set()


def test_the_wheel_holds_our_packages(project: dict[str, Any]) -> None:
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_no_distribution_claims_our_package_names(name: str) -> None:
    claimed = importlib.metadata.packages_distributions().get(name, [])

    assert set(claimed) <= {"muster"}
    assert name not in sys.stdlib_module_names


def test_the_image_runs_as_nobody_special_from_its_folder_with_a_health_check() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    final = text.rpartition("\nFROM ")[2]

    assert text.count("\nFROM ") + text.startswith("FROM ") == 2, "built in one image, run from another"
    assert "USER muster" in final
    assert "HEALTHCHECK" in final
    assert "WORKDIR /app" in final
    assert 'ENTRYPOINT ["python", "-m", "api"]' in final
    assert not re.search(r"\b(gcc|build-essential|apt-get|pip install)\b", final)
    for name in OURS:
        if name != "sandbox":  # made-up trackers have no place in production
            assert re.search(rf"COPY .*{name} {name}", final)


def test_compose_gives_muster_a_postgresql_it_waits_for() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    muster, postgres = compose["services"]["muster"], compose["services"]["postgres"]

    assert postgres["image"] == "postgres:18"
    assert muster["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert "postgresql://" in muster["environment"]["MUSTER_DATABASE_URL"]
    assert {f"MUSTER_{name.upper()}" for name in Settings.model_fields} >= set(muster["environment"])


def test_ci_runs_the_checks_the_readmes_test_command_and_the_slow_lanes_in_this_order() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "make test " in readme
    places = [script.index(f"\n{command}\n") for command in ("make check", "make test", "make test-slow")]
    assert places == sorted(places)


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    machine = re.compile(r"(?<![A-Za-z0-9_./}-])/(?:work|root|home/(?!muster)\w+)/")
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.name}:{n}" for n, line in enumerate(text.splitlines(), 1) if machine.search(line)]

    assert found == []


def test_the_manual_has_every_page_the_readme_names() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    missing = [name for name in re.findall(r"\]\(([^)#]+)\)", readme) if not (ROOT / name).exists()]
    assert missing == []
