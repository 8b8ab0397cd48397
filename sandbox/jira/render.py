"""Issues as Jira's JSON: every field rendered once, every field set joined once, then served as bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from sandbox.jira.fields import HIDDEN, described, draws, moment_writer
from sandbox.jira.model import Json, State, Step
from sandbox.jira.things import ABSENT, Things
from sandbox.jira.world import World

EXPANDABLE: Final = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
ALL: Final = "*all"
NAVIGABLE: Final = "*navigable"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Which fields were asked for: everything (or everything navigable) less some, or some.

    Compared by identity: equal requests share one choice, and it keys what was rendered for it.
    """

    everything: bool
    navigable_only: bool
    named: frozenset[str]

    def takes(self, field: str, *, navigable: bool) -> bool:
        """Say whether a field belongs to the answer."""
        if self.everything:
            return field not in self.named and (navigable or not self.navigable_only)
        return field in self.named


def choose(asked: Sequence[str]) -> Choice:
    """Read the `fields` parameter: `*all`, `*navigable`, names, and `-name`."""
    left_out = frozenset(name[1:] for name in asked if name.startswith("-"))
    if ALL in asked or NAVIGABLE in asked or (left_out and len(left_out) == len(asked)):
        return Choice(everything=True, navigable_only=ALL not in asked, named=left_out)
    return Choice(everything=False, navigable_only=False, named=frozenset(asked) - left_out)


class Renderer:
    """Turns states into bytes; `text_version` 3 has descriptions as documents, 2 as wiki text."""

    def __init__(self, world: World, things: Things) -> None:
        self._world = world
        self._things = things
        self._draws = draws(world, things)
        self.moment = moment_writer(world)

    def issue(self, state: State, choice: Choice, *, changelog: int = 0, text_version: int = 3) -> bytes:
        """Return an issue; `changelog` is how many of the latest histories go with it (0: none)."""
        kind = (choice, changelog, text_version)
        known = state.whole.get(kind)
        if known is None:
            known = state.whole[kind] = self._compose(state, choice, changelog, text_version)
        return known

    def history(self, step: Step) -> Json:
        """Return one changelog entry."""
        return {
            "id": str(step.id),
            "author": self._things.person(step.by),
            "created": self.moment(step.at),
            "items": self._things.items(step),
        }

    def histories(self, state: State) -> list[Json]:
        """Return the whole changelog, oldest first."""
        if state.raw is not None:
            recorded: list[Json] = list((state.raw.get("changelog") or {}).get("histories", []))
            return recorded[::-1] + [self.history(step) for step in state.histories]
        return [self.history(step) for step in state.histories]

    def field_names(self) -> list[str]:
        """List the fields an issue may have."""
        return list(self._draws)

    def _compose(self, state: State, choice: Choice, changelog: int, text_version: int) -> bytes:
        head = {
            "expand": EXPANDABLE,
            "id": str(state.id),
            "self": f"{self._things.api}/issue/{state.id}",
            "key": state.key,
        }
        pieces = [orjson.dumps(head)[:-1]]
        if changelog:
            pieces.append(b',"changelog":' + self._changelog(state, changelog))
        parts = (
            self._raw_parts(state, choice)
            if state.raw is not None
            else self._parts(state, choice, text_version)
        )
        if parts or choice.named != {"key"}:
            pieces.append(b',"fields":{' + b",".join(parts) + b"}")
        return b"".join(pieces) + b"}"

    def _parts(self, state: State, choice: Choice, text_version: int) -> list[bytes]:
        parts: list[bytes] = []
        for name, draw in self._draws.items():
            if not choice.takes(name, navigable=name not in HIDDEN):
                continue
            slot = f"{name}/2" if name == "description" and text_version == 2 else name  # noqa: PLR2004 - API v2
            part = state.parts.get(slot)
            if part is None:
                value = described(state, document=False) if slot != name else draw(state)
                part = b"" if value is ABSENT else orjson.dumps(name) + b":" + orjson.dumps(value)
                state.parts[slot] = part
            if part:
                parts.append(part)
        return parts

    def _raw_parts(self, state: State, choice: Choice) -> list[bytes]:
        fields = (state.raw or {})["fields"]
        edited = state.fields.get("edited")
        if edited:  # here, since it was recorded
            fields = fields | edited | {"updated": self.moment(state.updated)}
        return [
            orjson.dumps(name) + b":" + orjson.dumps(value)
            for name, value in fields.items()
            if choice.takes(name, navigable=name not in HIDDEN)
        ]

    def _changelog(self, state: State, most: int) -> bytes:
        newest = self.histories(state)[::-1]
        shown = newest[:most]
        return orjson.dumps(
            {"startAt": 0, "maxResults": len(shown), "total": len(newest), "histories": shown}
        )
