"""Which field holds the size of an issue: what boards estimate by, then a field's type, then its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.base import Confidence, Discovery, Json
from connectors.jira.meanings import call, named

_ESTIMATE: Final = "com.pyxis.greenhopper.jira:jsw-story-points"
_NAMES: Final = frozenset({"story points", "story point estimate", "storypoints"})
_READ: Final = 2  # fields that the mapping reads

Estimated = Mapping[str, tuple[str, int]]  # field id -> its name, boards that estimate by it


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A field that may hold the size, and what speaks for it."""

    id: str
    called: str
    boards: int
    typed: bool
    named: bool
    because: str

    @property
    def rank(self) -> tuple[int, bool, bool, str]:
        """Sort the likeliest first."""
        return -self.boards, not self.typed, not self.named, self.id


def points(fields: Sequence[Json], estimated: Estimated, found: Discovery) -> None:
    """Name the two likeliest fields; what else looks like one is told, and not read."""
    candidates = [each for field in fields if (each := _candidate(field, estimated)) is not None]
    listed = {str(field["id"]) for field in fields}
    candidates += [
        _Candidate(id_, f"{id_} {name!r}", boards, typed=False, named=False,
                   because=f"{boards} board(s) estimate by it ({name!r}), though it is not among the fields listed")
        for id_, (name, boards) in estimated.items() if id_ not in listed
    ]  # fmt: skip
    candidates.sort(key=lambda one: one.rank)
    if not candidates:
        found.warnings.append(
            "no field for story points was found: no board estimates by one, and none has the type or name. If there "
            "is one, name it in the source's fields: {story_points: customfield_…}"
        )
        return
    by_boards = sum(1 for one in candidates if one.boards)
    for name, one in zip(("story_points", "story_points_other"), candidates, strict=False):
        named(found, name, one.id, one.because, _sure(one, by_boards))
    found.alternatives["story_points"] = [
        f"{one.called}: {one.because}"
        + (" (read where the first holds nothing)" if place < _READ else " (not read)")
        for place, one in enumerate(candidates)
        if place
    ] + _look_alikes(fields, {one.id for one in candidates})
    if len(candidates) > _READ:
        rest = ", ".join(one.id for one in candidates[_READ:])
        found.warnings.append(f"more fields look like story points and are not read: {rest}")


def _candidate(field: Json, estimated: Estimated) -> _Candidate | None:
    schema = field.get("schema") or {}
    names = {str(field.get(key, "")).strip().casefold() for key in ("name", "untranslatedName")}
    boards = estimated.get(field["id"], ("", 0))[1]
    typed = schema.get("custom") == _ESTIMATE
    is_named = schema.get("type") == "number" and bool(names & _NAMES)
    because = [
        *([f"{boards} board(s) estimate by it ({field.get('name')!r})"] if boards else []),
        *([f"its type is {_ESTIMATE}"] if typed else []),
        *([f"it is a number named {field.get('name')!r}"] if is_named else []),
    ]
    if not because:
        return None
    return _Candidate(field["id"], call(field), boards, typed, is_named, "; ".join(because))


def _sure(one: _Candidate, by_boards: int) -> Confidence:
    if one.boards:
        return Confidence.HIGH if by_boards == 1 else Confidence.MEDIUM
    return Confidence.MEDIUM if one.typed else Confidence.LOW


def _look_alikes(fields: Sequence[Json], taken: set[str]) -> list[str]:
    """Name the numbers that speak of points without being called so."""
    return [
        f"{call(field)}: a number whose name speaks of points (not read)"
        for field in fields
        if field["id"] not in taken
        and (field.get("schema") or {}).get("type") == "number"
        and "point" in str(field.get("name", "")).casefold()
    ]
