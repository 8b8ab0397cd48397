"""The conditions that statements over facts share: which projects, and what was known by when."""

from typing import Final

CHOSEN: Final = "(CAST(:projects AS uuid[]) IS NULL OR {} = ANY(CAST(:projects AS uuid[])))"
# Of a source that is being read, what was known before: half a reading says something that was never true.
SEEN: Final = (
    "coalesce((SELECT r.at FROM unnest(CAST(:reading AS bigint[]), CAST(:reading_from AS timestamptz[]))"
    " AS r(source_id, at) WHERE r.source_id = v.source_id), CAST(:known_at AS timestamptz))"
)
# A record that is gone since was there until its last version's `known_to`.
THERE: Final = "(NOT {0}.deleted OR {0}.known_to IS NOT NULL)"
KNOWN: Final = (
    f"v.known_from <= {SEEN} AND (v.known_to IS NULL OR v.known_to > {SEEN}) AND {THERE.format('v')}"
    " AND v.project_id IS NOT NULL AND " + CHOSEN.format("v.project_id")
)
