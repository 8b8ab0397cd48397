"""A pipeline of processes, measured from outside: the same way for whoever it belongs to."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from benchmarks.common import Measured
from benchmarks.watching import Memory

MOST_S: Final = 3600.0
TAIL: Final = 2_000  # characters of what a failed program said


class Failed(Exception):
    """A measured program ended with an error; says which and how it ended."""


def measure(
    commands: Sequence[Sequence[str]], *, folder: Path, variables: Mapping[str, str], label: str
) -> Measured:
    """Run commands as a shell pipeline would, and say what they took together.

    The clock runs from the first start to the last end: starting an interpreter and importing is in it.

    Args:
        commands: Each one's output is the next one's input; the last one's goes to `output.txt`.
        folder: Where the commands run, and where what they say is kept.
        variables: Environment variables besides those of this process.
        label: Used for the files in the folder.

    Raises:
        Failed: One ended with an error.
    """
    before = os.times()
    begin = time.perf_counter()
    running = _started(commands, folder, {**os.environ, **variables}, label)
    watch = Memory([one.pid for one in running])
    watch.start()
    try:
        codes = [one.wait(MOST_S) for one in running]
    finally:
        for one in running:  # whatever they left behind ends with them
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        watch.stop()
    seconds = time.perf_counter() - begin
    after = os.times()
    if any(codes):
        place = next(place for place, code in enumerate(codes) if code)
        said = (folder / f"{label}-{place}.log").read_text(encoding="utf-8", errors="replace")[-TAIL:]
        raise Failed(f"{commands[place][0]} ended with {codes[place]}: {said}")
    return {
        "seconds": seconds,
        "cpu_s": after.children_user + after.children_system - before.children_user - before.children_system,
        "peak_mb": watch.peak_mb,
        "quarters_mb": watch.by_quarter(),
        "processes": watch.processes,
    }


def _started(
    commands: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str], label: str
) -> list[subprocess.Popen[bytes]]:
    running: list[subprocess.Popen[bytes]] = []
    given = None
    for place, command in enumerate(commands):
        last = place == len(commands) - 1
        with (folder / f"{label}-{place}.log").open("wb") as log:
            out = (folder / "output.txt").open("wb") if last else subprocess.PIPE
            one = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=given or subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                start_new_session=True,
            )
        if given is not None:
            given.close()  # the reader has it
        given = one.stdout
        if not isinstance(out, int):
            out.close()
        running.append(one)
    return running
