"""What BI tools stumble over: answers laid over records, records that are gone, custom fields, hostile texts."""

from typing import Final

from sqlalchemy import Engine, text

FORMULA: Final = '=HYPERLINK("http://x.example","y"),\n\'quoted\' — ünïcode'
AMENDED: Final = "PORTAL:M0"
GONE: Final = "PORTAL:M1"
MARKED: Final = "PORTAL:M2"

_ITEM: Final = "source_id, external_id, project_ref, project_id, raw_page_id, raw_position, locator"
_COPIED: Final = f"{_ITEM}, content_hash, run_id"
# A version of a tracker that has the number of one of its items, and an item that is a milestone of a plan too.
_ALIKE: Final = (
    (
        f"INSERT INTO milestone ({_COPIED}, name, known_from)"
        " SELECT w.source_id, w.external_id, 'PORTAL', s.project_id,"
        " w.raw_page_id, 0, NULL, 'b'::bytea, w.run_id, CASE w.id WHEN 4 THEN '1.0 Pilot' ELSE w.title END,"
        " (SELECT min(known_from) FROM milestone)"
        " FROM work_item w JOIN scope s ON s.source_id = w.source_id AND s.external_id = w.scope_external_id"
        " WHERE w.id IN (4, 5)"
    ),
    "UPDATE work_item SET hub_type = 'milestone' WHERE id = 5",
)
_TRAPS: Final = (
    # Somebody answered that the first milestone is forecast later; the record itself says nothing of it.
    (
        f"INSERT INTO milestone ({_COPIED}, name, known_from, forecast, baseline, amends_source_id, amends_external_id,"
        " answered) SELECT source_id, 'answer:' || external_id, project_ref, project_id, raw_page_id, raw_position,"
        " 'form!M0', 'a'::bytea, run_id, '', now(), '2027-03-01', '1999-01-01', source_id, external_id, '{forecast}'"
        f" FROM milestone WHERE external_id = '{AMENDED}'"
    ),
    # One vanished with nothing after it, one is marked as deleted.
    f"UPDATE milestone SET known_to = now() WHERE external_id = '{GONE}'",
    f"UPDATE milestone SET known_to = now() WHERE external_id = '{MARKED}'",
    (
        f"INSERT INTO milestone ({_COPIED}, name, known_from, deleted, fate) SELECT {_COPIED}, name, known_to, true,"
        f" 'deleted' FROM milestone WHERE external_id = '{MARKED}'"
    ),
    # A third of one project is its programme's; of the others nobody said.
    (
        "INSERT INTO programme_project (project_id, programme_id, position, share)"
        " SELECT id, programme_id, 0, CASE key WHEN 'PORTAL' THEN 33.3 END FROM project WHERE programme_id IS NOT NULL"
    ),
    "UPDATE work_item SET title = :formula, custom = CAST(:custom AS jsonb), labels = '{b,a}' WHERE id = 1",
    "UPDATE work_item SET deleted_at = now(), fate = 'deleted' WHERE id = 2",
    "UPDATE work_item SET title = '' WHERE id = 3",
    (
        "UPDATE snapshot SET document = document || jsonb_build_object('measures', CAST(:measures AS jsonb))"
        " WHERE id = (SELECT max(id) FROM snapshot)"
    ),
)
_CUSTOM: Final = (
    '{"f1": {"name": "Value stream", "type": "option", "value": "Payments"},'
    ' "f2": {"name": "Size", "type": "number", "value": 2.5},'
    ' "f3": {"name": "Wanted by", "type": "date", "value": "2026-12-31"},'
    ' "f4": {"name": "Teams", "type": "any", "value": ["A", "B"], "raw": true},'
    ' "f5": {"name": "No day", "type": "text", "value": "2026-02-31"}}'
)
_MEASURES: Final = (
    '{"cpi": {"unit": "ratio", "value": 0.97561, "says": "earned for each unit of money spent"},'
    ' "eac": {"unit": "GBP", "value": null, "says": "no approved budget"},'
    ' "done_p50": {"unit": "date", "value": "2027-02-17", "says": "half of the forecasts are done by then"},'
    ' "behaviour": {"unit": null, "value": "stuck", "says": "it has been amber for 9 periods"}}'
)


def add_traps(engine: Engine) -> None:
    """Add them to a seeded portfolio, an hour after it was written."""
    with engine.begin() as connection:
        for statement in _ALIKE:
            connection.execute(text(statement))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("milestone", "work_item", "project", "snapshot"):
            connection.execute(text(f"UPDATE {table} SET changed_at = now() - interval '1 hour'"))
    with engine.begin() as connection:
        for statement in _TRAPS:
            connection.execute(
                text(statement), {"formula": FORMULA, "custom": _CUSTOM, "measures": _MEASURES}
            )
