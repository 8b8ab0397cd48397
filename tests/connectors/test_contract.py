"""What every connector owes the rest of the house: one set of rules, against real sandbox processes."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from config.document import SourceBlock
from connectors.errors import AccessDenied, MisconfiguredSource
from sandbox import workbooks
from sync.registry import check_source, utc_now
from tests.support.contract import Subject, has_secret, pull, streams_of
from tests.support.sandbox_sources import SECRETS, block
from tests.support.sandboxes import kept

NAMES = ("jira-cloud", "jira-dc", "ado-services", "ado-server", "sharepoint", "folder")
SERVED = NAMES[:-1]
WRONG = {"WRONG_TOKEN": "no-such-token"}


@pytest.fixture(scope="session")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Subject]]:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**SECRETS, **WRONG}.items():
            patched.setenv(name, value)
        folder = tmp_path_factory.mktemp("registers")
        workbooks.write_local(folder, date(2026, 3, 2), date(2026, 3, 2))
        yield {name: _subject(name, str(folder)) for name in NAMES}


def _subject(name: str, folder: str) -> Subject:
    if name == "folder":
        held = [
            {"path": "plan.csv", "holds": "milestones", "key": "Milestone"},
            {"path": "dependencies.ods", "sheet": "RAID", "holds": "raid", "key": "Ref"},
        ]
        return Subject(name, {"name": name, "kind": "excel", "folder": folder, "workbooks": held}, None)
    sandbox = kept(name.split("-s", maxsplit=1)[0] if name.startswith("ado") else name)
    given = block(sandbox, name)
    wrong = {**given["auth"]}
    wrong["client_secret" if name == "sharepoint" else "token"] = "env:WRONG_TOKEN"
    disturbed = ""
    if name == "sharepoint":
        disturbed = "^/v1"
    elif name.startswith("jira"):
        given["projects"] = ["NTF"] if name == "jira-cloud" else ["CLD"]
    else:
        given["projects"] = ["Innovation Garage"]
    if name == "ado-server":
        given |= {"base_url": sandbox.info["collection_url"], "api_version": "7.0", "feed": "project"}
    return Subject(name, given, sandbox, refused={"auth": wrong}, disturbed=disturbed)


@pytest.fixture(params=NAMES)
def subject(request: pytest.FixtureRequest, subjects: dict[str, Subject]) -> Subject:
    return calm(subjects[request.param])


@pytest.fixture(params=SERVED)
def served(request: pytest.FixtureRequest, subjects: dict[str, Subject]) -> Iterator[Subject]:
    found = calm(subjects[request.param])
    yield found
    calm(found)


def calm(subject: Subject) -> Subject:
    if subject.sandbox is not None:
        subject.sandbox.calm()
    return subject


def test_an_option_that_does_not_exist_is_refused_by_its_name(subject: Subject) -> None:
    with pytest.raises(MisconfiguredSource, match="surprise: is not known here"):
        check_source(SourceBlock.model_validate({**subject.block, "surprise": 1}))


def test_every_option_is_described(subject: Subject) -> None:
    schema = type(subject.config()).model_json_schema()
    for made in (schema, *schema.get("$defs", {}).values()):
        for name, option in made.get("properties", {}).items():
            assert option.get("description"), f"{made['title']}.{name}"


def test_secrets_are_secret_and_never_shown(subject: Subject) -> None:
    config = subject.config()
    assert not has_secret(repr(config) + str(config) + config.model_dump_json())
    secrets = {path for path, value in _leaves(config) if isinstance(value, SecretStr)}
    assert all(re.search(r"token|secret|url", path) for path in secrets)
    assert bool(secrets) == (subject.sandbox is not None)
    with pytest.raises(MisconfiguredSource) as refused:
        check_source(SourceBlock.model_validate({**subject.block, "projects": 7, "surprise": "sandbox-pat"}))
    assert not has_secret(str(refused.value))


def _leaves(model: BaseModel, path: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def test_check_says_who_we_are_and_that_all_is_well(subject: Subject) -> None:
    connector = subject.open()
    findings = connector.check()
    connector.close()
    assert findings
    assert [finding.says for finding in findings if not finding.ok] == []
    assert not any(has_secret(f"{finding.what} {finding.says} {finding.todo}") for finding in findings)


def test_refused_credentials_are_told_as_such_without_them(served: Subject) -> None:
    connector = served.open(**served.refused)
    with pytest.raises(AccessDenied) as denied:
        connector.check()
    with pytest.raises(AccessDenied):
        pull(connector, served.kind)
    connector.close()
    assert WRONG["WRONG_TOKEN"] not in str(denied.value)
    assert served.name in str(denied.value)


def test_every_page_tells_its_requests_without_secrets_and_when_it_was_fetched(subject: Subject) -> None:
    pulled, _ = subject.whole
    assert pulled.pages
    for page in pulled.pages:
        assert page.fetched_at.tzinfo is not None
        assert not any(has_secret(part.request) for part in page.parts)
        assert page.said is None or page.said >= 0


def test_every_record_has_an_identity_and_a_place_and_is_read_the_same_twice(subject: Subject) -> None:
    pulled, _ = subject.whole
    connector = subject.open()
    streams = {stream.name: stream for stream, _ in streams_of(connector, subject.kind)}
    for page, read in zip(pulled.pages, pulled.records, strict=True):
        assert list(streams[page.stream].read(page.parts)) == read, "another process reads it alike"
        assert page.said in {None, len(read)}, "the page holds what the source said"
        for record in read:
            assert record.external_id or record.unreadable
            assert record.locator
    connector.close()


def test_every_record_maps_by_the_shipped_mapping_and_every_value_is_known(subject: Subject) -> None:
    pulled, _ = subject.whole
    assert pulled.unmapped == {}
    empty = {name for name, rows in pulled.found.items() if not rows}
    assert empty <= {"sprints"}, "this project works without; all else there is some of"


def test_a_second_pull_from_the_last_cursor_brings_nothing_that_changed(subject: Subject) -> None:
    pulled, _ = subject.whole
    connector = subject.open()
    again = pull(connector, subject.kind, pulled.cursors)
    connector.close()
    for stream, rows in again.found.items():
        known = pulled.found[stream]
        assert {id_: row for id_, row in rows.items() if known.get(id_) != row} == {}
    assert not any(page.vanished for page in again.pages)


def test_every_call_has_its_time_outs(served: Subject) -> None:
    _, timeouts = served.whole
    assert timeouts
    for given in timeouts:
        assert {"connect", "read", "write", "pool"} <= given.keys()
        assert all(seconds is not None and 0 < seconds <= 120 for seconds in given.values())


@pytest.mark.slow
def test_limits_outages_resets_and_cut_bodies_are_survived(served: Subject) -> None:
    assert served.sandbox is not None
    pulled, _ = served.whole
    soon = format_datetime(utc_now() + timedelta(seconds=1), usegmt=True)
    worst: list[dict[str, Any]] = [
        {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}},
        {"kind": "reset"},
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
        {"kind": "truncate"},
        {"kind": "status", "status": 429, "headers": {"Retry-After": soon}},
        {"kind": "status", "status": 503},
    ]
    served.sandbox.control(
        "faults",
        [{"match": served.disturbed, "times": 1, "after": number, **one} for number, one in enumerate(worst)],
    )
    connector = served.open()
    again = pull(connector, served.kind)
    left = [one for one in served.sandbox.control("faults") if one["times"]]
    connector.close()

    assert left == [], "every fault has struck"
    assert again.found == pulled.found
    assert connector.traffic.retries > 0
