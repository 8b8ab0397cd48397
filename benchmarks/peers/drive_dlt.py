"""dlt's REST API source on a Jira Cloud, written as its documentation shows; run by dlt's own interpreter.

`drive_dlt.py URL DATABASE_URL FIELDS CHANGELOG WORK_FOLDER`, where CHANGELOG is `changelog` or `plain`.
Settings are in the environment (see benchmarks/peers/jobs.py).
"""

import sys
from datetime import datetime

import dlt  # type: ignore[import-not-found]  # in an environment of its own
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]


def epoch_ms(moment: str) -> str:
    """Write an instant of Jira's (`2026-01-31T12:00:00.000+0200`) as JQL compares it exactly."""
    return str(int(datetime.fromisoformat(f"{moment[:-2]}:{moment[-2:]}").timestamp() * 1000))


def main(url: str, database: str, fields: str, changelog: str, folder: str) -> None:
    """Load all issues, or what changed since the last load from this folder."""
    asked = {
        "jql": "updated >= {incremental.start_value} ORDER BY updated ASC",
        "fields": fields,
        "maxResults": 100,
    }
    if changelog == "changelog":
        asked["expand"] = "changelog"
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{url}/rest/api/3/",
                "auth": {"type": "http_basic", "username": "sync@example.com", "password": "sandbox-token"},
            },
            "resources": [
                {
                    "name": "issues",
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": "search/jql",
                        "params": asked,
                        "data_selector": "issues",
                        "paginator": {
                            "type": "cursor",
                            "cursor_path": "nextPageToken",
                            "cursor_param": "nextPageToken",
                        },
                        "incremental": {
                            "cursor_path": "fields.updated",
                            "initial_value": "2000-01-01T00:00:00.000+0000",
                            "convert": epoch_ms,
                        },
                    },
                }
            ],
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
