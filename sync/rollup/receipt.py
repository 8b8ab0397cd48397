"""Receipts of roll-ups: the rule, each project's part with its snapshot and rates, and where to ask on."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.status.rollup import AMBER_RED_SHARE, AMBER_SHARE, GREY_SHARE, RED_SHARE
from sync.json import instant_text
from sync.receipts import NotKnown
from sync.rollup.figures import ALIASES, Way, figures, way_of
from sync.rollup.members import standing_at
from sync.rollup.rollup import rolled_up

PORTFOLIO: Final = "portfolio"
PROGRAMME: Final = "programme"
_SHARES: Final = {
    "red_from": float(RED_SHARE), "amber_from_red": float(AMBER_RED_SHARE),
    "amber_from_red_and_amber": float(AMBER_SHARE), "grey_from": float(GREY_SHARE),
}  # fmt: skip
_FEW: Final = 20

Entry = Mapping[str, Any]


def explain_rollup(
    session: Session,
    kind: str,
    name: str | None,
    figure: str,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    visible: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return where a number or colour of a roll-up comes from.

    Args:
        session: Read only.
        kind: portfolio or programme.
        name: The programme's; None: the projects in no programme. Not looked at for the portfolio.
        figure: Its path in the roll-up's document, `health.cost_weighted` or `counts.RED`; or a short word
            (health, overall, cost, grey). `inputs.KEY.weight` is a project's own part.
        as_of: As `rollups`.
        known_at: As `rollups`.
        visible: Keys of the projects that may be seen; None: all. Others are in no figure.

    Raises:
        NotKnown: With what there is instead.
    """
    status = standing_at(session, as_of, known_at, visible)
    found = rolled_up(session, status, known_at=known_at, visible=visible)
    document = chosen(found, kind, name)
    path = ALIASES.get(figure, figure)
    values = dict(figures(document))
    way = way_of(path)
    if way is None or path not in values:
        named = [each for each in values if not each.startswith("inputs.")]
        raise NotKnown(f"a roll-up has no {figure!r}; there are: {', '.join(named)}, and inputs.KEY.weight")
    snapshots = {each["key"]: each["snapshot"] for each in status["projects"]}
    return _head(document, figure, path, values[path], way) | _parts(
        session, document, path, way, snapshots, known_at
    )


def chosen(found: Sequence[dict[str, Any]], kind: str, name: str | None) -> dict[str, Any]:
    """Return the roll-up that is asked about.

    Raises:
        NotKnown: With the programmes there are.
    """
    for each in found:
        if each["kind"] == kind and (kind == PORTFOLIO or each["name"] == name):
            return each
    if kind == PORTFOLIO:
        raise NotKnown("No portfolio is configured yet: `muster apply -f FILE`.")
    if name is None:
        raise NotKnown("Every project is in a programme.")
    named = [each["name"] for each in found if each["kind"] == PROGRAMME and each["name"] is not None]
    raise NotKnown(f"There is no programme {name!r}; there are: {', '.join(named[:_FEW]) or 'none yet'}.")


def _head(document: Entry, figure: str, path: str, value: Any, way: Way) -> dict[str, Any]:
    inputs: dict[str, Any] = {"projects": document["projects"]}
    if path.startswith(("cost_weighted", "health.cost", "grey.of_cost", "inputs.")):
        inputs["total"] = document["cost_weighted"]["total"]
    says = way.says
    if path == "cost_weighted.colour":
        inputs |= _SHARES | {"shares": document["cost_weighted"]["shares"]}
        says = document["cost_weighted"]["says"]
    found: dict[str, Any] = {
        "kind": document["kind"],
        "name": document["name"],
        "figure": figure,
        "path": path,
        "as_of": document["as_of"],
        "known_at": document["known_at"],
        "value": value,
    }
    if way.money:
        found["unit"] = document["cost_weighted"]["total"]["currency"]
    return found | {
        "rule": {"id": document["rule"], "policy": document["policy"], "text": way.says, "inputs": inputs},
        "says": says,
    }


def _parts(
    session: Session,
    document: Entry,
    path: str,
    way: Way,
    snapshots: Mapping[str, Entry],
    known_at: datetime | None,
) -> dict[str, Any]:
    """Return the projects a figure is made of, those it leaves out, and the rates it went by."""
    if path == "closed":
        parts = [_part(each, way, None, _while_led(each)) for each in document["closed"]]
        return {"parts": parts, "left_out": [], "rates": []}
    last = path.rpartition(".")[2]
    own = path.removeprefix("inputs.").removesuffix(f".{last}") if path.startswith("inputs.") else None
    counting = [
        each
        for each in document["inputs"]
        if (own is None and way.counts(each, last)) or (own is not None and each["key"] == own)
    ]
    by_money = "cost" in way.shows
    return {
        "parts": [_part(each, way, snapshots.get(each["key"]), instant_text(known_at)) for each in counting],
        "left_out": document["cost_weighted"]["left_out"] if by_money and own is None else [],
        "rates": _rates(session, counting, known_at) if by_money else [],
    }


def _part(each: Entry, way: Way, snapshot: Entry | None, known_at: str | None) -> dict[str, Any]:
    """Return one project's part: what counts of it, the snapshot that says so, and whose receipts lead on."""
    found = {"key": each["key"], "name": each["name"]}
    found |= {name: each[name] for name in way.shows if name in each}
    if snapshot is not None:
        found["snapshot"] = snapshot
    clocks = {"as_of": each["as_of"] if snapshot is None else snapshot["as_of"]}
    clocks |= {} if known_at is None else {"known_at": known_at}
    return found | {
        "explain": [{"project": each["key"], "attribute": name, **clocks} for name in way.explains]
    }


def _while_led(closed: Entry) -> str | None:
    """Return an instant at which a closed project was still led: its receipts are those of then."""
    ended = datetime.fromisoformat(closed["closed_at"])
    return instant_text(ended - timedelta(microseconds=1))


def _rates(session: Session, parts: Sequence[Entry], known_at: datetime | None) -> list[dict[str, Any]]:
    """Return the rates of some inputs, each with since when it is known and the hash it was kept with."""
    used: dict[tuple[str, str, str], tuple[Entry, list[str]]] = {}
    for each in parts:
        for rate in each.get("rates", ()):
            place = used.setdefault((rate["date"], rate["base"], rate["quote"]), (rate, []))
            place[1].append(each["key"])
    if not used:
        return []
    rows = session.execute(
        text(
            "SELECT day, base, quote, known_from, sha256 FROM currency_rate"
            " WHERE CASE WHEN CAST(:known_at AS timestamptz) IS NULL THEN known_to IS NULL"
            " ELSE known_from <= CAST(:known_at AS timestamptz)"
            " AND (known_to IS NULL OR known_to > CAST(:known_at AS timestamptz)) END"
        ),
        {"known_at": known_at},
    )
    kept = {(row.day.isoformat(), row.base, row.quote): row for row in rows}
    return [
        {
            **rate,
            "projects": keys,
            "known_from": instant_text(kept[key].known_from) if key in kept else None,
            "sha256": kept[key].sha256 if key in kept else None,
        }
        for key, (rate, keys) in used.items()
    ]
