"""Sources configured against sandbox trackers: blocks as a configuration file has them, and their secrets."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml
from sqlalchemy import Engine

from config.document import Document
from sync.apply import apply
from sync.registry import utc_now
from sync.run import execute_run, start_run
from tests.support.sandboxes import Sandbox

Json = dict[str, Any]

# What the sandboxes accept; the configuration names them by reference, as everybody's must.
SECRETS: Final = {
    "SANDBOX_JIRA_TOKEN": "sandbox-token",
    "SANDBOX_PAT": "sandbox-pat",
    "SANDBOX_GRAPH_SECRET": "sandbox-secret",
}
REGISTER: Final = {
    "path": "/Programme/register.xlsx",
    "sheet": "Projects",
    "holds": "projects",
    "key": "Project ID",
}
WORKBOOKS: Final[list[Json]] = [
    REGISTER,
    {"path": "/Programme/raid.xlsx", "sheet": "RAID", "holds": "raid", "key": "Ref"},
    {"path": "/Programme/milestones.xlsx", "sheet": "Milestones", "holds": "milestones", "key": "Milestone ID"},
    {"path": "/Programme/costs.xlsx", "sheet": "Forecast", "holds": "costs"},
]  # fmt: skip


def block(sandbox: Sandbox, name: str | None = None, **options: Any) -> Json:
    """Return the block of one source that pulls a sandbox; options over the usual ones."""
    kind: str = sandbox.info["name"]
    made: dict[str, Json] = {
        "jira-cloud": {
            "kind": "jira",
            "base_url": sandbox.url,
            "auth": {"type": "basic", "username": "sync@example.com", "token": "env:SANDBOX_JIRA_TOKEN"},
        },
        "jira-dc": {
            "kind": "jira",
            "base_url": sandbox.info.get("base_url"),
            "auth": {"type": "pat", "token": "env:SANDBOX_PAT"},
        },
        "ado": {
            "kind": "azure_devops",
            "base_url": sandbox.info.get("organisation_url"),
            "auth": {"type": "pat", "token": "env:SANDBOX_PAT"},
        },
        "sharepoint": {
            "kind": "excel",
            "auth": {
                "type": "entra",
                "tenant": "contoso.example",
                "client_id": "muster-sandbox",
                "client_secret": "env:SANDBOX_GRAPH_SECRET",
                "authority": sandbox.info.get("authority"),
            },
            "graph_url": sandbox.info.get("graph_url"),
            "ca_bundle": sandbox.info.get("ca_bundle"),
            "site": sandbox.info.get("site"),
            "workbooks": WORKBOOKS,
        },
    }
    return {"name": name or kind, **made[kind], **options}


def document(blocks: Iterable[Json]) -> Json:
    """Return a configuration of these sources."""
    portfolio = {"key": "main", "name": "Change portfolio", "timezone": "Europe/London", "currency": "GBP"}
    return {"apiVersion": "muster/v1", "portfolio": portfolio, "sources": list(blocks)}


def configure(engine: Engine, *blocks: Json) -> None:
    """Apply a configuration of these sources, and put their secrets where it looks for them."""
    os.environ.update(SECRETS)
    apply(engine, Document.model_validate(document(blocks)), now=utc_now())


def write_document(file: Path, *blocks: Json) -> Path:
    """Write a configuration for `muster apply`."""
    file.write_text(yaml.safe_dump(document(blocks), sort_keys=False), encoding="utf-8")
    return file


def pull(engine: Engine, source: str, *, full: bool = False) -> tuple[int, str]:
    """Run one source here and now; returns the run and its state."""
    run_id = start_run(engine, source, full=full, now=utc_now())
    assert run_id is not None
    return run_id, execute_run(engine, run_id)
