"""Rows for the tests of the path's second half, put straight into the tables as the pull would."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select, update

from model import tables
from model.base import Base

T0 = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def digest(*values: Any) -> bytes:
    """Hash anything, for content hashes that only have to differ."""
    return hashlib.sha256(repr(values).encode()).digest()


class Rows:
    """Inserts one row a call, in a transaction of its own, and returns its id."""

    def __init__(self, engine: Engine, *, currency: str = "GBP", timezone: str = "Europe/London") -> None:
        self.engine = engine
        self.sources: dict[str, int] = {}
        self.runs: dict[str, int] = {}
        self.pages: dict[str, int] = {}
        self._count = 0
        self.portfolio = self._add(
            tables.Portfolio, key="main", name="Change portfolio", timezone=timezone, currency=currency
        )

    def _add(self, table: type[Base], **values: Any) -> int:
        with self.engine.begin() as connection:
            statement = insert(table).values(**values).returning(table.__table__.c.id)
            return int(connection.execute(statement).scalar_one())

    def next(self) -> str:
        """Return a number not given out before."""
        self._count += 1
        return str(self._count)

    def source(
        self, name: str, kind: str, *, at: datetime = T0, config: Mapping[str, Any] | None = None, **more: Any
    ) -> int:
        """Add a source, after the earlier ones in the configuration, with one finished run and page."""
        values: dict[str, Any] = {
            "host": f"{name}.example",
            "position": len(self.sources),
            "fingerprint": name,
            "created_at": at,
            "updated_at": at,
        }
        self.sources[name] = self._add(
            tables.Source, name=name, kind=kind, config=dict(config or {}), **(values | more)
        )
        self.run(name, at=at)
        return self.sources[name]

    def run(self, source: str, *, at: datetime) -> int:
        """Add a finished run with one page; later rows of the source point there."""
        run_id = self._add(
            tables.Run,
            source_id=self.sources[source],
            state="succeeded",
            mode="full",
            queued_at=at,
            started_at=at,
            finished_at=at,
        )
        self.runs[source] = run_id
        self.pages[source] = self._add(
            tables.RawPage,
            run_id=run_id,
            source_id=self.sources[source],
            stream="any",
            slice="",
            fetched_at=at,
            parts=[],
            body=b"",
            sha256=digest(source, at),
        )
        return run_id

    def scope(self, source: str, key: str, *, kind: str = "jira_project", **more: Any) -> int:
        """Add a tracker project; its external id is `id-KEY`."""
        values: dict[str, Any] = {
            "external_id": f"id-{key}",
            "name": f"Tracker {key}",
            "url": f"https://{source}.example/{key}",
            "raw_page_id": self.pages[source],
            "raw_position": 0,
            "locator": key,
        }
        return self._add(tables.Scope, source_id=self.sources[source], key=key, kind=kind, **(values | more))

    def register(self, source: str, key: str, *, row: int = 8, **values: Any) -> int:
        """Add a row of the project register; each value gets a cell of its own, B on."""
        cells = {
            name: {"value": _json(value), "cell": f"{chr(ord('B') + index)}{row}"}
            for index, (name, value) in enumerate(values.items())
        }
        return self._add(
            tables.Scope,
            source_id=self.sources[source],
            external_id=f"row-{key}",
            kind="register_row",
            key=key,
            name=str(values.get("name", key)),
            url=f"https://{source}.example/register.xlsx",
            attributes=cells,
            raw_page_id=self.pages[source],
            raw_position=row,
            locator=f"register.xlsx!Projects!A{row}",
        )

    def rewrite(self, scope_id: int, **values: Any) -> None:
        """Change values of a register row, as a later pull would; a new attribute gets a cell too."""
        with self.engine.begin() as connection:
            cells = dict(
                connection.execute(
                    select(tables.Scope.attributes).where(tables.Scope.id == scope_id)
                ).scalar_one()
            )
            for name, value in values.items():
                cells[name] = {"value": _json(value), "cell": cells.get(name, {}).get("cell", "Z8")}
            connection.execute(
                update(tables.Scope).where(tables.Scope.id == scope_id).values(attributes=cells)
            )

    def change(self, table: type[Base], row_id: Any, **values: Any) -> None:
        """Change columns of one row."""
        with self.engine.begin() as connection:
            connection.execute(update(table).where(table.__table__.c.id == row_id).values(**values))

    def item(self, source: str, scope: str, **more: Any) -> int:
        """Add a work item, a story to do unless said otherwise."""
        number = self.next()
        values: dict[str, Any] = {
            "external_id": f"wi-{number}",
            "key": f"{scope}-{number}",
            "scope_external_id": f"id-{scope}",
            "type": "Story",
            "hub_type": "story",
            "title": f"Item {number}",
            "status": "To Do",
            "status_category": "todo",
            "raw_page_id": self.pages[source],
            "raw_position": int(number),
            "locator": f"{scope}-{number}",
            "content_hash": digest(number),
            "run_id": self.runs[source],
        }
        return self._add(tables.WorkItem, source_id=self.sources[source], **(values | more))

    def version(
        self, table: type[Base], source: str, project_ref: str | None, *, at: datetime = T0, **more: Any
    ) -> int:
        """Add a version of a milestone, RAID item or cost line."""
        number = self.next()
        values: dict[str, Any] = {
            "external_id": f"v-{number}",
            "project_ref": project_ref,
            "known_from": at,
            "raw_page_id": self.pages[source],
            "raw_position": int(number),
            "locator": f"sheet.xlsx!Sheet!A{number}",
            "content_hash": digest(number),
            "run_id": self.runs[source],
        }
        return self._add(table, source_id=self.sources[source], **(values | more))

    def milestone(self, source: str, project_ref: str, name: str, **more: Any) -> int:
        """Add a milestone."""
        return self.version(tables.Milestone, source, project_ref, name=name, **more)

    def raid(self, source: str, project_ref: str, kind: str = "risk", **more: Any) -> int:
        """Add a RAID item, open unless said otherwise."""
        return self.version(tables.RaidItem, source, project_ref, **({"kind": kind, "state": "open"} | more))

    def cost(self, source: str, project_ref: str, kind: str, amount: str, **more: Any) -> int:
        """Add a cost line for the whole life unless a period is given."""
        return self.version(tables.CostLine, source, project_ref, kind=kind, amount=Decimal(amount), **more)

    def project_id(self, key: str) -> UUID:
        """Find a project's id."""
        with self.engine.connect() as connection:
            return connection.execute(select(tables.Project.id).where(tables.Project.key == key)).scalar_one()


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
