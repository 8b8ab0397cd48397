"""Everything stored of a source held to its raw pages, after a change that is taken back."""

from collections.abc import Collection

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from sync.verification.cells import misread
from sync.verification.places import Places


def reread(
    engine: Engine, tables: Collection[str], *, where: str = "true", statement: str | None = None
) -> tuple[int, str]:
    """Return how many claims and rows were found on their pages, and what does not agree, a line each.

    Args:
        engine: The store.
        tables: `claim` and tables of records.
        where: Which of their rows, in SQL.
        statement: Changes something first.
    """
    with Session(engine) as session:
        if statement is not None:
            session.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger minds
            assert session.connection().execute(text(statement)).rowcount
        places: Places[str] = Places()
        for table in tables:
            ids = session.execute(text(f"SELECT id FROM {table} WHERE {where}")).scalars().all()
            named = {number: f"{table} {number}" for number in ids}
            if table == "claim":
                places.claims = named
            else:
                places.rows[table] = named
        found = [f"{what}: {says}" for what, says in misread(session, places)]
        session.rollback()
        return places.read, "\n".join(found)
