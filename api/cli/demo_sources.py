"""The demo's configuration: five sources of its sandbox trackers and files, and two rates of exchange."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

WEEKS: Final = 12  # past weeks replayed, one dated step each, before today's
_KEPT_BY_OFFICE: Final = ("contracts", "benefits", "roles", "utilisation", "reviews")  # a sheet each


def configuration(home: Path, running: Mapping[str, Mapping[str, Any]], anchor: date) -> dict[str, Any]:
    """Return the document that is applied; the authorities that the sandbox signs by are kept in the home.

    Args:
        home: Where the demo's files are.
        running: What each sandbox said of itself when it started.
        anchor: The story's today.
    """
    graph = running["sharepoint"]
    # Kept under one name, so that the configuration stays the same from demo to demo.
    authorities = home / "demo-ca.pem"
    authorities.write_bytes(Path(graph["ca_bundle"]).read_bytes())
    sources = [
        {
            "name": "pmo-files",
            "kind": "excel",
            "auth": {"type": "entra", "tenant": "contoso.example", "client_id": "muster-sandbox",
                     "client_secret": "env:MUSTER_DEMO_GRAPH_SECRET", "authority": graph["authority"]},
            "graph_url": graph["graph_url"],
            "ca_bundle": str(authorities),
            "site": "contoso.sharepoint.example:/sites/pmo",
            "workbooks": [
                {"path": "/Programme/register.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID"},
                {"path": "/Programme/raid.xlsx", "sheet": "RAID", "holds": "raid", "key": "Ref"},
                {"path": "/Programme/milestones.xlsx", "sheet": "Milestones", "holds": "milestones",
                 "key": "Milestone ID"},
                {"path": "/Programme/costs.xlsx", "sheet": "Forecast", "holds": "costs"},
                {"path": "/Programme/baselines.xlsx", "sheet": "Baselines", "holds": "baselines"},
            ],
        },
        {
            "name": "local-files",
            "kind": "excel",
            "folder": str(home / "demo-files"),
            "workbooks": [
                {"path": "plan.csv", "holds": "milestones", "key": "Milestone"},
                {"path": "dependencies.ods", "sheet": "RAID", "holds": "raid", "key": "Ref"},
                *({"path": "office.xlsx", "sheet": holds.capitalize(), "holds": holds} for holds in _KEPT_BY_OFFICE),
            ],
        },
        {
            "name": "jira-cloud",
            "kind": "jira",
            "base_url": running["jira-cloud"]["url"],
            "auth": {"type": "basic", "username": "sync@example.com", "token": "env:MUSTER_DEMO_JIRA_TOKEN"},
            "projects": ["*"],
        },
        {
            "name": "jira-dc",
            "kind": "jira",
            "base_url": running["jira-dc"]["base_url"],
            "auth": {"type": "pat", "token": "env:MUSTER_DEMO_JIRA_PAT"},
            "projects": ["*"],
        },
        {
            "name": "ado",
            "kind": "azure_devops",
            "base_url": running["ado"]["organisation_url"],
            "auth": {"type": "pat", "token": "env:MUSTER_DEMO_ADO_PAT"},
            "projects": ["*"],
        },
    ]  # fmt: skip
    portfolio = {"key": "main", "name": "Change portfolio", "timezone": "Europe/London", "currency": "GBP"}
    return {"apiVersion": "muster/v1", "portfolio": portfolio, "sources": sources, "rates": _rates(anchor)}


def _rates(anchor: date) -> list[dict[str, Any]]:
    """Return what a euro is worth: one project is paid in them."""
    told = ((7 * WEEKS + 6, 0.86), (10, 0.87))  # days before the story's today, and the rate
    return [
        {"date": anchor - timedelta(days=days), "base": "EUR", "quote": "GBP", "rate": rate, "source": "made up"}
        for days, rate in told
    ]  # fmt: skip
