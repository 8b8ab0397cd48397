"""Alembic's environment: one connection handed in, plain column types written out."""

from typing import Literal

from alembic import context

import model.tables  # noqa: F401  (registers the tables)
from model.base import Base, Utc


def render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write plain column types, so that an old migration never depends on today's code."""
    if kind == "type" and isinstance(item, Utc):
        return "sa.DateTime(timezone=True)"
    return False


def ours(_object: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:  # noqa: FBT001  (alembic's signature)
    """Leave alone the job queue's tables, which Procrastinate brings, and indexes of an extension not all have."""
    if kind == "index":
        return not (reflected and (name or "").endswith("_trigrams"))
    return not (kind == "table" and reflected and (name or "").startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=render,
    include_object=ours,
    compare_type=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
