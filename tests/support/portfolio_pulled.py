"""Sources with their runs, ledgers and pages, and any number of work items, as a pull would leave them."""

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, text

SOURCES = (
    ("pmo-files", "excel", "contoso.sharepoint.example"),
    ("jira-cloud", "jira", "example.atlassian.example"),
    ("jira-dc", "jira", "jira.example"),
    ("ado", "azure_devops", "dev.azure.example"),
    ("local-files", "excel", "files"),
)


class Pulled(Protocol):
    """When it was pulled, and the sources by name."""

    known_at: datetime
    sources: dict[str, int]


def add_sources(connection: Connection, done: Pulled) -> dict[str, tuple[int, int, int]]:
    """Insert the sources with three runs each; return name -> (source, newest run, raw page)."""
    pages = {}
    for position, (name, kind, host) in enumerate(SOURCES):
        source = connection.execute(
            text(
                "INSERT INTO source (name, kind, position, config, host, fingerprint, schedule, created_at, updated_at)"
                " VALUES (:name, :kind, :position, cast('{}' as jsonb), :host, 'f', '0 2 * * *', :at, :at) RETURNING id"
            ),
            {
                "name": name,
                "kind": kind,
                "position": position,
                "host": host,
                "at": done.known_at - timedelta(days=90),
            },
        ).scalar_one()
        done.sources[name] = source
        run = 0
        for back in (2, 1, 0):
            failed = name == "jira-dc" and back == 0
            start = done.known_at - timedelta(days=back, minutes=14, seconds=6)
            run = connection.execute(
                text(
                    "INSERT INTO run (source_id, slot, state, mode, queued_at, started_at, finished_at, requests,"
                    " waited_s, error) VALUES (:source, :slot, :state, :mode, :slot, :start, :finish, 412, 12.4,"
                    " :error) RETURNING id"
                ),
                {
                    "source": source,
                    "slot": start.replace(second=0),
                    "state": "failed" if failed else "succeeded",
                    "mode": "full" if back == 2 else "incremental",
                    "start": start,
                    "finish": start + timedelta(minutes=11),
                    "error": "jira-dc: the server refuses the token (401). Create a new personal access token "
                    "and set it with `muster apply`."
                    if failed
                    else None,
                },
            ).scalar_one()
            for stream, said, stored, rejected, filtered in (
                ("projects", 6, 6, 0, 0), ("issues", 2000, 1998, 2, 0), ("versions", 40, 38, 0, 1)
            ):  # fmt: skip
                connection.execute(
                    text(
                        "INSERT INTO run_stream (run_id, stream, said, stored, rejected, filtered, filters) VALUES"
                        " (:run, :stream, :said, :stored, :rejected, :filtered, cast(:filters as jsonb))"
                    ),
                    {
                        "run": run,
                        "stream": stream,
                        "said": said,
                        "stored": stored,
                        "rejected": rejected,
                        "filtered": filtered,
                        "filters": '{"archived version": 1}' if filtered else "{}",
                    },
                )
        page = connection.execute(
            text(
                "INSERT INTO raw_page (run_id, source_id, stream, slice, fetched_at, parts, body, sha256)"
                " VALUES (:run, :source, 'issues', '', :at, '[]', '', decode('00', 'hex')) RETURNING id"
            ),
            {"run": run, "source": source, "at": done.known_at},
        ).scalar_one()
        connection.execute(
            text(
                "INSERT INTO rejected_record (run_id, source_id, stream, external_id, locator, reason, rejected_at)"
                " VALUES (:run, :source, 'issues', '10', :locator, :reason, :at)"
            ),
            {
                "run": run,
                "source": source,
                "locator": "register.xlsx!Projects!A9" if kind == "excel" else f"{name.upper()}-10",
                "reason": "no key: a register row needs a project key in column Project ID",
                "at": done.known_at,
            },
        )
        pages[name] = (source, run, page)
    return pages


def add_work_items(connection: Connection, count: int, done: Pulled) -> None:
    """Spread items evenly over the tracker scopes, in one statement."""
    connection.execute(
        text(
            """
            WITH place AS (
                SELECT s.source_id, s.external_id, s.key, s.url, row_number() OVER (ORDER BY s.id) - 1 AS n,
                       count(*) OVER () AS places, p.id AS page, p.run_id
                FROM scope s JOIN raw_page p ON p.source_id = s.source_id
                WHERE s.kind IN ('jira_project', 'ado_project'))
            INSERT INTO work_item (source_id, external_id, key, scope_external_id, type, hub_type, title, status,
                status_category, points, assignee, created_at, updated_at, url, raw_page_id, raw_position,
                content_hash, run_id, deleted_at, parent_key)
            SELECT place.source_id, place.source_id || '-' || i, place.key || '-' || i, place.external_id, 'Story',
                'story', 'Item ' || i || ' of ' || place.key, (array['To Do', 'In Progress', 'Done'])[1 + i % 3],
                (array['todo', 'doing', 'done'])[1 + i % 3], CASE WHEN i % 4 = 0 THEN NULL ELSE i % 8 END,
                'Person ' || i % 50, cast(:at as timestamptz) - make_interval(hours => i % 2000),
                cast(:at as timestamptz) - make_interval(mins => i % 5000), place.url || '/' || i, place.page,
                i % 200, decode('00', 'hex'), place.run_id,
                CASE WHEN i % 211 = 0 THEN cast(:at as timestamptz) END, CASE WHEN i % 5 = 0 THEN place.key || '-1' END
            FROM generate_series(1, :count) AS i JOIN place ON place.n = i % place.places
            """
        ),
        {"count": count, "at": done.known_at},
    )
