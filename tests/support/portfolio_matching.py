"""A proposal, a conflict and a rule, as matching and consolidating would leave them on the seeded portfolio."""

from datetime import datetime

from sqlalchemy import Connection, text


def add_matching(connection: Connection, known_at: datetime) -> None:
    """Add a proposal for the first loose scope, every conflict there is about a finish, and one rule."""
    connection.execute(
        text(
            "INSERT INTO match_proposal (kind, subject, target, subject_says, target_says, origin, confidence,"
            " reasons, state, proposed_at, changed_at) SELECT 'scope', s.source_id || '/' || s.external_id, p.id,"
            " s.name, p.key, 'proposed', 0.86, CAST(:reasons AS jsonb), 'open', :at, :at"
            " FROM scope s, project p WHERE s.project_id IS NULL ORDER BY s.id, p.key LIMIT 1"
        ),
        {
            "at": known_at,
            "reasons": '[{"rule": "more_words", "says": "the same words, and one more", "weight": 0.86}]',
        },
    )
    connection.execute(
        text(
            "INSERT INTO claim_conflict (project_id, attribute, claims, settled_by, because, opened_at, changed_at)"
            " SELECT project_id, attribute, jsonb_agg(id ORDER BY id), 'precedence', 'precedence: the register first',"
            " :at, :at FROM claim WHERE attribute = 'forecast_finish' GROUP BY project_id, attribute"
            " HAVING count(DISTINCT value) > 1"
        ),
        {"at": known_at},
    )
    connection.execute(
        text(
            "INSERT INTO settling_rule (attribute, prefer, at, by, because, ended_at, ended_by, ended_because)"
            " VALUES ('budget', 'highest', :at, 'Ada Byron', 'plan for the worst', :at, 'Ada Byron', 'no longer')"
        ),
        {"at": known_at},
    )
