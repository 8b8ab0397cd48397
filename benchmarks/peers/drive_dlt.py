"""dlt's REST API source on a Jira Cloud, written as its documentation shows; run by dlt's own interpreter.

`drive_dlt.py URL DATABASE_URL FIELDS plain|changelog chain|projects WORK_FOLDER`. As a chain, all issues come
by one chain of page tokens; by projects, those of each project by their own, in threads side by side.
Settings are in the environment (see benchmarks/peers/jobs.py).
"""

import sys
from datetime import datetime
from typing import Any

import dlt  # type: ignore[import-not-found]  # in an environment of its own
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

PROJECTS = {
    "name": "projects",
    "primary_key": "id",
    "write_disposition": "replace",
    "endpoint": {
        "path": "project/search",
        "data_selector": "values",
        "paginator": {
            "type": "offset",
            "limit": 50,
            "limit_param": "maxResults",
            "offset_param": "startAt",
            "total_path": "total",
        },
    },
}


def epoch_ms(moment: str) -> str:
    """Write an instant of Jira's (`2026-01-31T12:00:00.000+0200`) as JQL compares it exactly."""
    return str(int(datetime.fromisoformat(f"{moment[:-2]}:{moment[-2:]}").timestamp() * 1000))


def issues(fields: str, changelog: str, way: str) -> dict[str, Any]:
    """Return the resource of all issues changed since the last load."""
    of_project = "project = {resources.projects.key} AND " if way == "projects" else ""
    asked = {
        "jql": f"{of_project}updated >= {{incremental.start_value}} ORDER BY updated ASC",
        "fields": fields,
        "maxResults": 100,
    }
    if changelog == "changelog":
        asked["expand"] = "changelog"
    return {
        "name": "issues",
        "primary_key": "id",
        "write_disposition": "merge",
        "parallelized": way == "projects",
        "endpoint": {
            "path": "search/jql",
            "params": asked,
            "data_selector": "issues",
            "paginator": {"type": "cursor", "cursor_path": "nextPageToken", "cursor_param": "nextPageToken"},
            "incremental": {
                "cursor_path": "fields.updated",
                "initial_value": "2000-01-01T00:00:00.000+0000",
                "convert": epoch_ms,
            },
        },
    }


def main(url: str, database: str, *how: str) -> None:
    """Load all issues, or what changed since the last load from this folder."""
    fields, changelog, way, folder = how
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{url}/rest/api/3/",
                "auth": {"type": "http_basic", "username": "sync@example.com", "password": "sandbox-token"},
            },
            "resources": [*([PROJECTS] if way == "projects" else []), issues(fields, changelog, way)],
        },
        name="jira",
    )
    pipeline = dlt.pipeline(
        "jira",
        pipelines_dir=folder,
        destination=dlt.destinations.postgres(database),
        dataset_name="jira",
    )
    pipeline.run(source, loader_file_format="csv")
    print(pipeline.last_trace)


if __name__ == "__main__":
    main(*sys.argv[1:])
