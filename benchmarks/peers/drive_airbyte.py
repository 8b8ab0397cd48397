"""Airbyte's source-jira into PostgreSQL by PyAirbyte; run by PyAirbyte's own interpreter.

`drive_airbyte.py SOURCE_JIRA DOMAIN PORT DATABASE WORKERS`; state is kept in the database, so a second run
asks for what changed.
"""

import sys

import airbyte  # type: ignore[import-not-found]  # in an environment of its own
from airbyte.caches import PostgresCache  # type: ignore[import-not-found]


def main(program: str, domain: str, port: str, database: str, workers: str) -> None:
    """Load all issues, or what changed since the last load into this database."""
    cache = PostgresCache(
        host="127.0.0.1",
        port=int(port),
        username="postgres",
        password="bench",  # noqa: S106 - of a server that is thrown away
        database=database,
        schema_name="airbyte",
    )
    config = {
        "domain": domain,
        "email": "sync@example.com",
        "api_token": "sandbox-token",
        "num_workers": int(workers),
    }
    source = airbyte.get_source(
        "source-jira", config=config, streams=["issues"], local_executable=program, install_if_missing=False
    )
    print(source.read(cache=cache).processed_records)


if __name__ == "__main__":
    main(*sys.argv[1:])
