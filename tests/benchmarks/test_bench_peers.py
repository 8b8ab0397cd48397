"""What is measured from outside must be what the programs did."""

import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.peers import environments
from benchmarks.peers.environments import NAMES, NotThere, program
from benchmarks.processes import Failed, measure
from tests.support.processes import until

HOLD = "import time; held = bytearray(b'x') * 40_000_000; time.sleep(0.5)"


def test_all_processes_of_a_pipeline_and_what_they_start_count_together(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}], check=True)"
    found = measure([[sys.executable, "-c", parent]], folder=tmp_path, variables={}, label="one")
    assert found["processes"] == 2
    assert found["peak_mb"] > 40
    assert found["seconds"] >= 0.5


def test_one_command_reads_what_the_one_before_says_and_the_last_is_kept(tmp_path: Path) -> None:
    say = [sys.executable, "-c", "import os; print(os.environ['WORD'] * 2)"]
    upper = [sys.executable, "-c", "import sys; print(sys.stdin.read().upper(), end='')"]
    measure([say, upper], folder=tmp_path, variables={"WORD": "abc"}, label="one")
    assert (tmp_path / "output.txt").read_text() == "ABCABC\n"


def test_what_a_failed_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    child = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    parent = (
        f"import os, subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "while not os.path.exists('pid') or not open('pid').read(): time.sleep(0.01)\n"
        "sys.exit(3)"
    )
    with pytest.raises(Failed, match="ended with 3"):
        measure([[sys.executable, "-c", parent]], folder=tmp_path, variables={}, label="one")
    left = int((tmp_path / "pid").read_text())
    until(lambda: _ended(left), within_s=20, what="what was left behind ended")


def _ended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_program_that_fails_is_no_measurement(tmp_path: Path) -> None:
    fail = [sys.executable, "-c", "import sys; sys.exit('no such table')"]
    with pytest.raises(Failed, match="no such table"):
        measure([fail], folder=tmp_path, variables={}, label="one")


def test_a_peer_that_is_not_installed_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSTER_BENCH_HOME", str(tmp_path))
    with pytest.raises(NotThere, match="run python -m benchmarks peers"):
        program("dlt", "python")


def test_a_peer_that_could_not_be_installed_keeps_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSTER_BENCH_HOME", str(tmp_path))
    (tmp_path / "dlt").mkdir()
    (tmp_path / "dlt" / environments.REASON).write_text("no release for this interpreter\n")
    with pytest.raises(NotThere, match="no release for this interpreter"):
        program("dlt", "python")


@pytest.mark.parametrize("name", NAMES)
def test_every_package_of_a_peer_is_pinned_to_one_version(name: str) -> None:
    lines = (environments.REQUIREMENTS / f"{name}.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert all(line.count("==") == 1 and "://" not in line for line in pins)
