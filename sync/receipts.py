"""Receipts: the status document, and where each of its numbers and colours comes from."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from model.attributes import UnknownAttribute, lookup
from sync.dimensions import DIMENSIONS
from sync.freshness import freshness
from sync.json import instant_text
from sync.policy.kept import stored_version
from sync.receipts_beside import beside, judged
from sync.receipts_costs import in_full
from sync.receipts_rows import claims_of, records_of
from sync.snapshots import IN_SHORT, history, snapshots_of, told_instant, too_early
from sync.synced import synced, with_synced

# Words of the status document that name an attribute, or something a receipt has under another name.
_ALIASES: Final = {"reported": "rag_overall", "dq": "data_quality", "colour": "overall", "status": "overall"}
_PREFIX: Final = re.compile(r"^(figures(?!\.currency)|dimensions|measures)\.")  # a path of the document


class NotKnown(LookupError):
    """There is no such project, attribute or snapshot; the message says what there is."""


def status_document(
    session: Session,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    visible: Collection[str] | None = None,
    in_short: bool = False,
) -> dict[str, Any]:
    """Return the status of every project: of each the newest snapshot that is not after the two clocks.

    Args:
        session: Read only.
        as_of: The day asked about; None: the newest there is.
        known_at: Leave out what became known later; None: everything.
        visible: Keys of the projects that may be seen; None: all.
        in_short: Without reasons, measures and texts: what a page on all projects adds up.
    """
    columns = IN_SHORT if in_short else "document"
    rows = snapshots_of(session, as_of, known_at, visible, columns=columns)
    first_last = history(session, known_at, visible)
    read = synced(session, rows, known_at)
    newest = max(rows, key=lambda row: (row.as_of, row.known_at), default=None)
    return {
        "as_of": _iso(as_of or (newest.as_of if newest else None)),
        "known_at": instant_text(known_at or told_instant(session, rows, visible)),
        "policy": newest.policy if newest else None,
        "snapshot_as_of": _iso(newest.as_of if newest else None),
        "history": {"first": _iso(first_last[0]), "last": _iso(first_last[1])},
        "note": _outside(as_of, first_last) or (None if rows else too_early(session, known_at, visible)),
        "projects": [_entry(row, newest, as_of, read.get((row.as_of, row.known_at), {})) for row in rows],
    }


def _outside(as_of: date | None, first_last: tuple[date | None, date | None]) -> str | None:
    """Say that the day asked about lies outside what is known; None where it does not."""
    first, last = first_last
    if as_of is None or first is None or last is None:
        return None
    if as_of < first:
        return f"the history begins {first}"
    return f"newest snapshot is of {last}" if as_of > last else None


def _entry(
    row: Row[Any], newest: Row[Any] | None, asked: date | None, read: Mapping[str, datetime]
) -> dict[str, Any]:
    """Return a project's entry, its dimensions in their usual order, which JSONB does not keep."""
    dims = row.document.get("dimensions") or {}
    others = sorted(dims.keys() - set(DIMENSIONS))
    ordered = {name: dims[name] for name in (*DIMENSIONS, *others) if name in dims}
    sources = with_synced(row.document.get("sources") or (), read)
    return {**row.document, "dimensions": ordered, "sources": sources} | _beside(row, newest, asked)


def _beside(row: Row[Any], newest: Row[Any] | None, asked: date | None) -> dict[str, Any]:
    """Say of a snapshot that is older than the newest, or than the day asked about, of which day it is."""
    older = newest is not None and row.as_of != newest.as_of
    found = {"as_of": row.as_of.isoformat()} if older else {}
    return found | (
        {"snapshot_as_of": row.as_of.isoformat()} if older or asked not in (None, row.as_of) else {}
    )


def explain(
    session: Session,
    project_key: str,
    attribute: str,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return where a value or a colour of a project comes from, the winning claims first.

    Args:
        session: Read only.
        project_key: The project's key.
        attribute: A project attribute by name or path, a dimension, a measure, overall, health,
            data_quality or watermelon.
        as_of: As `status_document`.
        known_at: As `status_document`.
        now: The present instant: claims of sources that are overdue by then are `stale`. None: only those
            of sources that were when the snapshot was taken.

    Raises:
        NotKnown: With what there is instead.
    """
    found = snapshots_of(session, as_of, known_at, [project_key], columns="document, receipt")
    if not found:
        raise NotKnown(_nothing(session, project_key, as_of, known_at))
    row = found[0]
    name = _PREFIX.sub("", attribute)
    name = _ALIASES.get(name, name)
    head: dict[str, Any] = {"project": row.key, "attribute": attribute, "as_of": row.as_of.isoformat()}
    if as_of is not None and as_of > row.as_of:
        head["note"] = f"newest snapshot is of {row.as_of}"
    late = _late(session, row, now if as_of is None and known_at is None else None)
    figure = row.receipt["colours"].get(name) or row.receipt.get("measures", {}).get(name)
    if figure is not None:
        return head | _of_figure(session, row, name, figure, late)
    if (part := beside(session, row, name)) is not None:
        return head | _of_part(session, row, part, late)
    return head | _of_attribute(session, row, _attribute(name, row.receipt), late)


def _late(session: Session, row: Row[Any], now: datetime | None) -> set[str]:
    """Return the sources that were overdue when the snapshot was taken, or are by now."""
    late = {each["name"] for each in row.document.get("sources") or [] if each.get("overdue")}
    if now is not None:
        late |= {each.source for each in freshness(session, now=now).values() if each.overdue}
    return late


def _of_figure(
    session: Session, row: Row[Any], name: str, figure: Mapping[str, Any], late: Collection[str]
) -> dict[str, Any]:
    """Return where a colour or a measure comes from."""
    receipt: Mapping[str, Any] = row.receipt
    reasons = _reasons(row.document, name, figure["rule"]["id"])
    names, listed, more = figure["from"], _listed(receipt, figure), 0
    if name == "data_quality" and not listed:
        names = sorted(receipt["attributes"])
        listed, more = judged(session, row)
    elif name in receipt.get("measures", {}):
        listed, more = in_full(session, row, name, figure["rule"]["inputs"], listed)
    return ({"unit": figure["unit"]} if "unit" in figure else {}) | {
        "value": figure["value"],
        "rule": figure["rule"],
        "rules": _rules(figure, reasons),
        "held_to": _held_to(session, receipt),
        "reasons": reasons,
        "claims": claims_of(session, receipt, names, late),
        "records": records_of(session, listed),
    } | ({"more_records": more} if more else {})  # fmt: skip


def _of_part(
    session: Session, row: Row[Any], part: Mapping[str, Any], late: Collection[str]
) -> dict[str, Any]:
    """Return where a part of the document comes from that stands beside its colours and measures."""
    return {
        "value": part["value"],
        "rule": {"id": part["rule"], "policy": row.policy, "inputs": {}},
        "reasons": [{"rule": part["rule"], "text": part["says"], "inputs": {}}],
        "claims": claims_of(session, row.receipt, part["from"], late),
        "records": records_of(session, part["records"]),
    } | {name: part[name] for name in ("points", "more_records") if part.get(name)}


def _of_attribute(session: Session, row: Row[Any], name: str, late: Collection[str]) -> dict[str, Any]:
    """Return where the value of an attribute comes from."""
    value = row.receipt["attributes"].get(name)
    said = {"value": None, "unit": None, "because": "no source says"} if value is None else value
    return {
        "value": said["value"],
        "unit": said["unit"],
        "rule": {"id": "precedence", "policy": row.policy, "inputs": {"because": said["because"]}},
        "claims": claims_of(session, row.receipt, [name] if value else [], late),
    }


def _held_to(session: Session, receipt: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the policy a colour was computed by, and what was laid over its limits; None in older receipts."""
    said: dict[str, Any] | None = receipt.get("policy")
    return None if said is None else said | stored_version(session.connection(), said["label"])


def _nothing(session: Session, key: str, as_of: date | None, known_at: datetime | None) -> str:
    known = session.execute(text("SELECT id FROM project WHERE key = :key"), {"key": key}).scalar()
    if known is None:
        keys = session.execute(
            text("SELECT key FROM project WHERE closed_at IS NULL ORDER BY key LIMIT 20")
        ).scalars()
        return f"there is no project {key!r}; there are: {', '.join(keys) or 'none yet'}"
    if (early := too_early(session, known_at, [key])) is not None:
        return early
    closed = session.execute(
        text("SELECT closed_at FROM project WHERE id = :id AND closed_at IS NOT NULL"), {"id": known}
    ).scalar()
    first, last = history(session, None, [key])
    if closed is not None and last is not None and not (as_of and first and as_of < first):
        return f"{key} was closed at {instant_text(closed)}; its last snapshot is of {last}: ask as of a day before it"
    if as_of is not None and first is not None and as_of < first:
        return f"there is no snapshot of {key} of {as_of}: the history begins {first}"
    when = "" if as_of is None else f" of {as_of} or before"
    return f"there is no snapshot of {key}{when}; run a sync first"


def _attribute(name: str, receipt: Mapping[str, Any]) -> str:
    try:
        return lookup("project", name).name
    except UnknownAttribute as error:
        colours = ", ".join(sorted({*receipt["colours"], *receipt.get("measures", {})}))
        raise NotKnown(f"{error}; and besides: {colours}") from None


def _rules(colour: Mapping[str, Any], reasons: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return every rule that was asked, the deciding one first; a receipt without them has only that."""
    if colour.get("rules"):
        return list(colour["rules"])
    rule = colour["rule"]
    said = "; ".join(reason["text"] for reason in reasons if reason["rule"] == rule["id"])
    return [{**rule, "text": said, "from": colour["from"], "records": colour.get("records", [])}]


def _reasons(document: Mapping[str, Any], name: str, rule: str) -> list[Any]:
    if name in {"overall", "health"}:
        return list(document["overall_reasons"])
    if name == "data_quality" and (because := document["data_quality"].get("because")):
        return [{"rule": rule, "text": because, "inputs": {}}]
    if (measure := document.get("measures", {}).get(name)) is not None:
        return [{"rule": rule, "text": measure["says"], "inputs": {}}]
    return list(document["dimensions"].get(name, {}).get("reasons", []))


def _listed(receipt: Mapping[str, Any], found: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a receipt's entry; what rests on the same rows as another names that one."""
    like = found.get("records_of")
    return list((found if like is None else receipt["measures"][like])["records"])


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
