"""The commands of whoever answers for a mapping: discover, try, save, replay, and accept what has drifted."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_line import CommandLine
from tests.support.sandbox_sources import SECRETS, block, write_document
from tests.support.sandboxes import kept


@pytest.fixture
def muster(database_url: str, tmp_path: Path) -> CommandLine:
    return CommandLine(database_url, tmp_path / "home", dict(SECRETS))


@pytest.mark.slow
def test_an_officer_discovers_tries_saves_and_replays_a_mapping(muster: CommandLine, tmp_path: Path) -> None:
    sandbox = kept("jira-dc", issues=30)
    file = write_document(
        tmp_path / "sources.yaml", block(sandbox, name="tracker", custom_fields=["Value stream"])
    )
    proposal = tmp_path / "proposal.yaml"
    assert muster("apply", "-f", str(file), "--yes").code == 0

    found = muster("discover", "tracker", "--write", str(proposal))
    early = muster("mapping", "preview", "tracker")
    synced = muster("sync", "tracker")

    assert "story_points = customfield_10106  [high]" in found.out
    assert "estimate by it ('Story Points')" in found.out
    assert early.code != 0
    assert "run `muster sync tracker` first" in early.err
    assert synced.code == 0, synced.err

    _edit(proposal, mapping={"issues": {"points": "fields.summary"}})
    tried = muster("mapping", "preview", "tracker", "--file", str(proposal))
    document = json.loads(
        muster("mapping", "preview", "tracker", "-f", str(proposal), "--format", "json").out
    )
    assert "points (from fields.summary): expected a number: 30, e.g. " in tried.out
    assert len(document["rejected"]) == 30

    _edit(proposal, mapping={"issues": {"resolution": "fields.status.name"}})
    assert "work_item    resolution: " in muster("mapping", "preview", "tracker", "-f", str(proposal)).out
    saved = muster("mapping", "save", "tracker", "-f", str(proposal), "--by", "Ada")
    replayed = muster("replay", "tracker")
    again = muster("replay", "tracker")

    assert saved.out.startswith("Saved as version 2, with ")
    assert "`muster replay tracker`, or the next sync" in saved.out
    assert re.search(r"work_item +0 added, [1-9]\d* changed, 0 gone", replayed.out)
    assert "Nothing was to be changed." in again.out
    assert "by Ada: custom_fields, fields, mapping" in muster("mapping", "versions", "tracker").out
    assert muster("drift", "tracker").out == "Nothing has drifted.\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("mapping", "preview", "nope"), "there is no source nope"),
        (
            ("mapping", "save", "tracker", "--by", "Ada", "-f", "/nowhere.yaml"),
            "/nowhere.yaml cannot be read",
        ),
        (("discover", "tracker", "--save"), "--save needs --by NAME"),
        (("drift", "--accept-all"), "name the source and who accepts it"),
        (("drift", "tracker", "--accept", "7", "--by", "Ada"), "no open drift 7"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    muster: CommandLine, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    muster("apply", "-f", str(write_document(tmp_path / "sources.yaml", _unreached())), "--yes")

    said = muster(*arguments)

    assert said.code == 2
    assert complaint in said.err


def _unreached() -> dict[str, Any]:
    return {
        "name": "tracker",
        "kind": "jira",
        "base_url": "http://127.0.0.1:9",
        "auth": {"type": "pat", "token": "env:SANDBOX_PAT"},
    }


def _edit(file: Path, **settings: Any) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**document, **settings}), encoding="utf-8")
