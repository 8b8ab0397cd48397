"""Hold every pinned dependency against the list of known vulnerabilities (pip-audit, PyPI's service).

Ends with 1 where one is known. Where the service cannot be reached, or answers that it knows none of our packages,
nothing was audited: that is said, and fails only where MUSTER_REQUIRE_AUDIT is set, as it is to be where there is a
network.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_AWAY: Final = (
    "connection",
    "timed out",
    "timeout",
    "name resolution",
    "unreachable",
    "proxy",
    "503",
    "502",
    "service",
)
_MOST_S: Final = 300


def verdict(out: str, err: str, *, required: bool) -> tuple[int, str]:
    """Return the code to end with, and what to say."""
    try:
        found = json.loads(out)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if any(word in err.lower() for word in _AWAY):
            return _nothing("the service of known vulnerabilities cannot be reached", required=required)
        return 1, f"pip-audit could not be run:\n{err.strip()[-2000:]}"
    known = [
        f"  {each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none yet'}"
        for each in found
        for one in each.get("vulns", ())
    ]
    if known:
        return 1, "Known vulnerabilities among the dependencies:\n" + "\n".join(known)
    skipped = [each["name"] for each in found if "skip_reason" in each]
    if len(skipped) == len(found):
        # It says "no known vulnerabilities" then, which is not what was found out.
        return _nothing(
            "the service knows none of the packages, as a mirror without it does", required=required
        )
    beside = f" Not audited, for the service does not know them: {', '.join(skipped)}." if skipped else ""
    return 0, f"No known vulnerability in {len(found) - len(skipped)} dependencies.{beside}"


def _nothing(why: str, *, required: bool) -> tuple[int, str]:
    return int(required), f"NOT AUDITED: {why}. The dependencies were not held against known vulnerabilities."


def main() -> int:
    """Run pip-audit over what is pinned, and say what came of it."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "constraints.txt"), "--no-deps",
               "--disable-pip", "--progress-spinner", "off", "--format", "json", "--timeout", "10"]  # fmt: skip
    required = bool(os.environ.get("MUSTER_REQUIRE_AUDIT"))
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_MOST_S)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired:
        code, says = _nothing("the service does not answer in time", required=required)
    else:
        code, says = verdict(run.stdout, run.stderr, required=required)
    sys.stdout.write(f"{says}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
