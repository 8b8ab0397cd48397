"""Two days beside each other: which projects are better or worse, by how much, and in what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.pages.board_model import DIMENSIONS
from api.pages.render import link, page
from api.pages.view import View, standing
from api.pages.writing import as_date
from api.routes.common import KnownAt
from api.routes.portfolio import WORST_FIRST
from api.translation import _
from api.wire.answer import Visible
from api.wire.values import Day

router = APIRouter()
ROWS: Final = 100  # a page
COLOURS: Final = ("RED", "AMBER", "GREY", "GREEN", "BLUE")
_DATES: Final = ("forecast_finish", "baseline_finish")
_MONEY: Final = ("budget", "forecast_cost")

Show = Literal["changed", "worse", "better", "all"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A date or an amount that is another one. `by` is in days or in percent, None where one of both is unknown."""

    name: str
    was: Any
    now: Any
    by: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """One project at both days; `was` None: it was not there at the first, `now` None: nor at the second."""

    key: str
    name: str
    was: dict[str, Any] | None
    now: dict[str, Any] | None
    colours: tuple[tuple[str, str, str], ...]  # dimension, then, now
    figures: tuple[Figure, ...]

    @property
    def step(self) -> int | None:
        """Return by how many colours it is worse, below nought better; None where one of both is unknown."""
        both = (self.was or {}).get("overall"), (self.now or {}).get("overall")
        if None in both or "GREY" in both:
            return None
        return _rank(both[1]) - _rank(both[0])

    @property
    def health(self) -> float | None:
        """Return by how much its health rose; None where one of both is unknown."""
        was, now = (self.was or {}).get("health"), (self.now or {}).get("health")
        return None if was is None or now is None else now - was

    @property
    def changed(self) -> bool:
        """Whether anything that is compared is otherwise."""
        if self.was is None or self.now is None:
            return True
        return bool(
            self.colours
            or self.figures
            or any(self.was.get(name) != self.now.get(name) for name in ("overall", "health", "reported"))
        )


def _rank(colour: str | None) -> int:
    return len(WORST_FIRST) - WORST_FIRST.index(colour) if colour in WORST_FIRST else 0


@router.get("/compare")
def compare_page(
    reader: StatusReader,
    from_: Annotated[Day | None, Query(alias="from")] = None,
    to: Day | None = None,
    known_at: KnownAt = None,
    programme: Annotated[str, Query(max_length=200)] = "",
    show: Show = "changed",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Compare the visible projects at two days."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        given = {"known_at": known_at, "programme": programme}
        later = standing(session, reader, View.model_validate({"as_of": to, **given}))
        first = from_ or later.before or (later.days[-1] if later.days else None)
        earlier = standing(session, reader, View.model_validate({"as_of": first, **given}))
        pairs = paired(earlier.entries, later.entries)
        listed = [pair for pair in pairs if _meets(pair, show)]
        pages = max(1, -(-len(listed) // ROWS))
        start = (min(number, pages) - 1) * ROWS
        asked = {"from": from_, "to": to, "known_at": known_at, "programme": programme, "show": show}

        def go(**changed: Any) -> str:
            kept = {
                name: value
                for name, value in (asked | changed).items()
                if (name, value) != ("show", "changed")
            }
            return link("/compare", **kept)

        return later.context(
            title=_("Compare"),
            first=first,
            last=later.today,
            backwards=bool(first and first > later.today),
            pairs=listed[start : start + ROWS],
            counts=counts_of(pairs),
            flow=flow_of(pairs),
            colours_of=COLOURS,
            dimensions=DIMENSIONS,
            show=show,
            go=go,
            page=min(number, pages),
            pages=pages,
            means=(mean_health(earlier.entries), mean_health(later.entries)),
        )

    return page(reader, "compare.html", collect)


def paired(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[Pair]:
    """Put the projects of both days side by side, what went worst first."""
    was, now = ({entry["key"]: entry for entry in entries} for entries in (before, after))
    pairs = [_pair(key, was.get(key), now.get(key)) for key in {**was, **now}]
    pairs.sort(key=lambda pair: (-(pair.step or 0), pair.health or 0.0, pair.name.casefold()))
    return pairs


def _pair(key: str, was: dict[str, Any] | None, now: dict[str, Any] | None) -> Pair:
    name = str((now or was or {})["name"])
    if was is None or now is None:
        return Pair(key, name, was, now, (), ())
    then, there = (
        {each: found["colour"] for each, found in entry["dimensions"].items()} for entry in (was, now)
    )
    names = [
        each
        for each in (*DIMENSIONS, *sorted(there.keys() - set(DIMENSIONS)))
        if each in then or each in there
    ]
    colours = tuple(
        (each, then.get(each, "GREY"), there.get(each, "GREY"))
        for each in names
        if then.get(each, "GREY") != there.get(each, "GREY")
    )
    return Pair(
        key, name, was, now, colours, tuple(_figures(was.get("figures") or {}, now.get("figures") or {}))
    )


def _figures(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Figure]:
    found = []
    for name in _DATES:
        before, after = as_date(was.get(name)), as_date(now.get(name))
        if before != after:
            found.append(Figure(name, before, after, (after - before).days if before and after else None))
    return found + [
        Figure(name, was.get(name), now.get(name), _percent(was.get(name), now.get(name)))
        for name in _MONEY
        if _amount(was.get(name)) != _amount(now.get(name))
    ]


def _amount(value: Any) -> float | None:
    return None if value is None else float(str(value))


def _percent(was: Any, now: Any) -> float | None:
    before, after = _amount(was), _amount(now)
    return None if not before or after is None else (after - before) / before * 100


def _meets(pair: Pair, show: Show) -> bool:
    if show == "all":
        return True
    if show == "changed":
        return pair.changed
    return (pair.step or 0) > 0 if show == "worse" else (pair.step or 0) < 0


def counts_of(pairs: Sequence[Pair]) -> dict[str, int]:
    """Count the pairs by what the tabs show, with those that came and went."""
    return {
        "changed": sum(pair.changed for pair in pairs),
        "worse": sum((pair.step or 0) > 0 for pair in pairs),
        "better": sum((pair.step or 0) < 0 for pair in pairs),
        "all": len(pairs),
        "new": sum(pair.was is None for pair in pairs),
        "gone": sum(pair.now is None for pair in pairs),
    }


def flow_of(pairs: Sequence[Pair]) -> Counter[tuple[str, str]]:
    """Count the projects of both days by their colour then and their colour now."""
    return Counter((pair.was["overall"], pair.now["overall"]) for pair in pairs if pair.was and pair.now)


def mean_health(entries: Sequence[dict[str, Any]]) -> float | None:
    """Return the mean of the healths that are known; None where none is."""
    known = [entry["health"] for entry in entries if entry.get("health") is not None]
    return sum(known) / len(known) if known else None
