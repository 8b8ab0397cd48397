"""Grounds: what a consolidation stands on for all projects alike, so that the next one sees what differs."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.consolidation.colouring import Setting
from sync.consolidation.inputs import inputs
from sync.derive import role_columns
from sync.facts import SourceState, sources_of
from sync.json import dump_bytes
from sync.precedence import shipped_precedence


@dataclass(frozen=True, slots=True)
class Standing:
    """By name, the hash of what holds for every project; and the state of each source by its id.

    `synced` is when each source was last read to its end: no document depends on more than its day.
    """

    alike: dict[str, str]
    sources: dict[str, list[Any]]
    synced: dict[str, str | None]

    def to_json(self) -> dict[str, Any]:
        """Return it as the log keeps it."""
        return {"alike": self.alike, "sources": self.sources, "synced": self.synced}

    def differs(self, before: dict[str, Any]) -> list[str]:
        """Return what holds for every project and is not what it was."""
        was = before.get("alike", {})
        return sorted(
            name for name in self.alike.keys() | was.keys() if self.alike.get(name) != was.get(name)
        )

    def moved(self, before: dict[str, Any]) -> set[int]:
        """Return the sources whose state is not what it was."""
        was = before.get("sources", {})
        names = self.sources.keys() | was.keys()
        return {int(each) for each in names if self.sources.get(each) != was.get(each)}


def standing_of(session: Session, setting: Setting) -> Standing:
    """Read what a consolidation stands on."""
    zone = ZoneInfo(setting.portfolio.timezone)
    sources = sources_of(session, setting.asked([]))
    judges, settling = setting.judges, setting.settling
    alike = {
        "program": [version("muster"), sorted(inputs().items())],
        "today": setting.known_at.astimezone(zone).date(),
        "newest": setting.newest,
        "portfolio": [setting.portfolio.timezone, setting.portfolio.currency],
        "policy": setting.policy.model_dump(mode="json"),
        "precedence": shipped_precedence().model_dump(mode="json"),
        "templates": [[each.label, each.sha256] for each in judges.versions],
        "tailorings": [repr(each) for each in judges.tailorings],
        "rules": [repr(sorted(settling.rules.items())), repr(sorted(settling.programmes.items(), key=str))],
        "names": sorted((name, str(person)) for name, person in settling.names.people.items()),
        "roles": sorted(map(list, role_columns(session))),
        "configured": _configured(session),
    }
    return Standing(
        {
            name: hashlib.sha256(dump_bytes(each, canonical=True)).hexdigest()[:16]
            for name, each in alike.items()
        },
        {str(each.id): _state(each, zone) for each in sources.values()},
        {str(each.id): _text(each.synced_at) for each in sources.values()},
    )


def _state(source: SourceState, zone: ZoneInfo) -> list[Any]:
    """Return what documents say of a source, and the day that values are as old as."""
    read = None if source.synced_at is None else source.synced_at.astimezone(zone).date().isoformat()
    return [source.name, source.position, source.enabled, source.overdue, read]


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _configured(session: Session) -> list[list[Any]]:
    rows = session.execute(text("SELECT id, kind, config FROM source ORDER BY id"))
    return [list(row) for row in rows]
