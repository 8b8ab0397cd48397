"""After runs in good weather and bad, no table holds a secret: not in raw requests, errors, warnings or reasons."""

import logging
from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import Engine, inspect, text

from connectors.redaction import forms_of
from sync.rawpage import open_body
from sync.scrubbing import Scrubbing
from tests.support.sandbox_sources import SECRETS, block, configure
from tests.support.sandboxes import Sandbox, kept
from tests.support.store import ask, pulled

# What each sandbox lets us in with.
OF: Final = {
    "jira-cloud": SECRETS["SANDBOX_JIRA_TOKEN"],
    "jira-dc": SECRETS["SANDBOX_PAT"],
    "ado": SECRETS["SANDBOX_PAT"],
    "sharepoint": SECRETS["SANDBOX_GRAPH_SECRET"],
}


@pytest.fixture
def written() -> Iterator[list[str]]:
    """What goes into the log meanwhile, as the command line writes it."""
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keeping()
    handler.setFormatter(Scrubbing(logging.Formatter("%(message)s %(args)s")))
    root = logging.getLogger()
    root.addHandler(handler)
    yield lines
    root.removeHandler(handler)


def stored_text(engine: Engine) -> Iterator[tuple[str, str]]:
    """Yield every row of every table as text, raw bodies unpacked."""
    for table in inspect(engine).get_table_names():
        for row in ask(engine, f'SELECT t::text AS row FROM "{table}" AS t'):
            yield table, row["row"]
    with engine.connect() as connection:
        for body, parts in connection.execute(text("SELECT body, parts FROM raw_page")):
            for part in open_body(body, parts):
                yield "raw_page.body", part.request + part.body.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "name",
    [name if name == "jira-cloud" else pytest.param(name, marks=pytest.mark.slow) for name in sorted(OF)],
)
def test_no_table_and_no_log_holds_a_secret_though_the_tracker_says_it_back(
    engine: Engine, name: str, written: list[str]
) -> None:
    sandbox: Sandbox = kept(name)
    secret = OF[name]
    configure(engine, block(sandbox))
    echoes: list[dict[str, Any]] = [
        {
            "match": "",
            "kind": "status",
            "status": status,
            "after": after,
            "body": {"message": f"no: {secret}"},
        }
        for after, status in ((3, 500), (6, 404), (8, 403), (10, 400))
    ]
    echoes += [
        {"match": "", "kind": "status", "status": 302, "after": 4, "headers": {"Location": f"/x/{secret}"}}
    ]
    sandbox.control("faults", echoes)
    pulled(engine, name, full=True)
    sandbox.calm()
    pulled(engine, name, full=True)

    forms = forms_of(secret)
    for table, row in stored_text(engine):
        assert not any(form in row for form in forms), f"{table}: {row[:300]}"
    assert not any(form in line for form in forms for line in written)
