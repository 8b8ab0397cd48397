"""What a source is made of, as far as its mapping stands on it, and how that differs from what it was."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.base import Discovery

UNKNOWN_TYPE: Final = "unknown type of field"  # the group of `Discovery.shape` that stands for itself
_MEANING: Final = "meaning of"
# Semantics that are told of otherwise, or say nothing of a field.
_NO_MEANING: Final = frozenset(
    {"site_url", "status_categories", "status_overrides", "custom_fields", "hierarchy", "parent"}
)
_LISTS: Final = {"states": "status", "types": "type", "fields": "field"}

Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what it was. `kind` is new, gone, changed or unknown_type."""

    kind: str
    subject: str
    was: str | None
    now: str | None
    says: str
    todo: str


@dataclass(frozen=True, slots=True)
class _Thing:
    """A status, a type, a field, or something else by its stable name."""

    name: str
    means: str | None
    place: str | None = None

    def words(self) -> str:
        """Say what it is in a line."""
        return f"{self.name} ({self.means})" if self.means else self.name


def shape_of(found: Discovery) -> dict[str, Any]:
    """Return what a look at a source saw, as it is kept."""
    return {
        "fields": [dict(each) for each in found.fields],
        "types": [dict(each) for each in found.types],
        "states": [
            {**each, "category": each.get("overridden", each.get("category"))} for each in found.states
        ],
        "shape": {group: dict(each) for group, each in found.shape.items()},
        "meanings": {name: value for name, value in found.semantics.items() if name not in _NO_MEANING},
    }


def differences(was: Shape, now: Shape, read: Collection[str], feeds: Mapping[str, str]) -> list[Difference]:
    """Say in words what differs, as far as it matters to who reads it.

    Args:
        was: What the mapping was made for.
        now: What was seen last.
        read: The ids of the fields that the mapping reads; others come and go unsaid.
        feeds: Of these, the attributes each one gives.
    """
    return [
        *_states(was, now),
        *_types(was, now),
        *_fields(was, now, read, feeds),
        *_others(was, now),
        *_meanings(was, now),
    ]


def accepted(was: Shape, now: Shape, subject: str) -> dict[str, Any]:
    """Return the accepted shape with one subject taken over from what is now."""
    made: dict[str, Any] = {name: list(was.get(name, ())) for name in _LISTS}
    made["shape"] = {group: dict(each) for group, each in (was.get("shape") or {}).items()}
    made["meanings"] = dict(was.get("meanings") or {})
    if subject.startswith(f"{_MEANING} "):
        name = subject.removeprefix(f"{_MEANING} ")
        made["meanings"] |= {one: value for one, value in (now.get("meanings") or {}).items() if one == name}
        return made
    for name, word in _LISTS.items():
        if subject.startswith(f"{word} "):
            key = subject.removeprefix(f"{word} ")
            made[name] = [each for each in made[name] if _key(each) != key]
            made[name] += [each for each in now.get(name, ()) if _key(each) == key]
            return made
    for group in {**made["shape"], **(now.get("shape") or {})}:
        if subject.startswith(f"{group} "):
            key = subject.removeprefix(f"{group} ")
            made["shape"].setdefault(group, {}).pop(key, None)
            if (value := (now.get("shape") or {}).get(group, {}).get(key)) is not None:
                made["shape"][group][key] = value
    return made


def _key(each: Mapping[str, Any]) -> str:
    """Name a thing by its id; where it has none by its name and the place it is used in."""
    if each.get("id") is not None:
        return str(each["id"])
    return "/".join(str(each[part]) for part in ("project", "type", "name") if each.get(part))


def _things(shape: Shape, name: str, means: str) -> dict[str, _Thing]:
    return {
        _key(each): _Thing(
            str(each.get("name")),
            None if each.get(means) is None else str(each[means]),
            None if each.get("project") is None else str(each["project"]),
        )
        for each in shape.get(name, ())
    }


def _states(was: Shape, now: Shape) -> Iterable[Difference]:
    before, after = _things(was, "states", "category"), _things(now, "states", "category")
    for key in after.keys() - before.keys():
        state = after[key]
        counts = f"it counts as {state.means}" if state.means else "what it counts as is unknown"
        yield Difference(
            "new", f"status {key}", None, state.words(), f"a new status: {state.name!r} ({key}); {counts}",
            f'if it means something else, say so by status_categories: {{"{key}": …}}; then accept it',
        )  # fmt: skip
    for key in before.keys() - after.keys():
        yield Difference(
            "gone", f"status {key}", before[key].words(), None,
            f"the status {before[key].name!r} ({key}) is no longer listed",
            "items that went through it keep what it counted as; accept it",
        )  # fmt: skip
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        if (old.name, old.means) == (new.name, new.means):
            continue
        renamed = f"is now called {new.name!r}" if old.name != new.name else ""
        moved = (
            f"counted as {old.means or 'nothing known'} and now counts as {new.means or 'nothing known'}"
            if old.means != new.means
            else ""
        )
        yield Difference(
            "changed", f"status {key}", old.words(), new.words(),
            f"the status {old.name!r} ({key}) {'; it '.join(filter(None, (renamed, moved)))}",
            "all items follow; keep it as it was by status_categories if it is wrong, then accept it"
            if moved
            else "see whether it still means the same; then accept it",
        )  # fmt: skip


def _types(was: Shape, now: Shape) -> Iterable[Difference]:
    before, after = _things(was, "types", "level"), _things(now, "types", "level")
    for key in after.keys() - before.keys():
        yield Difference(
            "new", f"type {key}", None, after[key].words(), f"a new type of item: {after[key].name!r} ({key})",
            "see by `muster mapping preview` what it counts as (hub_type); then accept it",
        )  # fmt: skip
    for key in before.keys() - after.keys():
        yield Difference(
            "gone", f"type {key}", before[key].words(), None,
            f"the type {before[key].name!r} ({key}) is no longer listed", "accept it",
        )  # fmt: skip
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        if (old.name, old.means) != (new.name, new.means):
            yield Difference(
                "changed", f"type {key}", old.words(), new.words(),
                f"the type {old.name!r} ({key})"
                + (f" is now called {new.name!r}" if old.name != new.name else "")
                + (f" stood at level {old.means} and now at {new.means}" if old.means != new.means else ""),
                "see by `muster mapping preview` what it counts as (hub_type); then accept it",
            )  # fmt: skip


def _fields(was: Shape, now: Shape, read: Collection[str], feeds: Mapping[str, str]) -> Iterable[Difference]:
    before, after = _things(was, "fields", "type"), _things(now, "fields", "type")
    for key in sorted(set(read) & before.keys()):
        old, new = before[key], after.get(key)
        gives = f"; it gives {feeds[key]}" if feeds.get(key) else ""
        if new is None:
            yield Difference(
                "gone", f"field {key}", old.words(), None,
                f"the field {old.name!r} ({key}) is no longer there, or not to be seen{gives}",
                "what it gave becomes unknown as items are read again: map another field, or have it shown again",
            )  # fmt: skip
        elif (old.name, old.means) != (new.name, new.means):
            yield Difference(
                "changed", f"field {key}", old.words(), new.words(),
                f"the field {old.name!r} ({key})"
                + (f" is now called {new.name!r}" if old.name != new.name else "")
                + (f" was {old.means} and is now {new.means}" if old.means != new.means else "")
                + gives,
                "see whether it still holds the same; then accept it",
            )  # fmt: skip
    names = {after[key].name.casefold(): key for key in set(read) & after.keys()}
    for key in sorted(after.keys() - before.keys() - set(read)):
        twin = names.get(after[key].name.casefold())
        if twin is not None:
            yield Difference(
                "new", f"field {key}", None, after[key].words(),
                f"a second field is called {after[key].name!r} ({key}); the mapping reads {twin}",
                "see which of the two is filled; map both, or accept it",
            )  # fmt: skip


def _others(was: Shape, now: Shape) -> Iterable[Difference]:
    before, after = was.get("shape") or {}, now.get("shape") or {}
    for group in sorted({*before, *after}):
        old, new = before.get(group) or {}, after.get(group) or {}
        if group == UNKNOWN_TYPE:
            yield from _unknown(old, new)
            continue
        for key in sorted({*old, *new}):
            if old.get(key) == new.get(key) or not old:
                continue  # a group looked at for the first time is what it is
            kind = "new" if key not in old else "gone" if key not in new else "changed"
            says = {
                "new": f"{group} {key}: new, {new.get(key)}",
                "gone": f"{group} {key}: no longer there; it was {old.get(key)}",
                "changed": f"{group} {key}: was {old.get(key)} and is now {new.get(key)}",
            }[kind]
            yield Difference(
                kind, f"{group} {key}", old.get(key), new.get(key), says,
                "see by `muster discover` and `muster mapping preview` what it changes; then accept it",
            )  # fmt: skip


def _meanings(was: Shape, now: Shape) -> Iterable[Difference]:
    """Say which meanings another field has now by discovery; the run reads by what it has found."""
    before, after = was.get("meanings") or {}, now.get("meanings") or {}
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield Difference(
                "changed", f"{_MEANING} {name}", before[name], after[name],
                f"{name} was found in {before[name]} and is now found in {after[name]}",
                "see by `muster discover` why; pin it by `fields` if it is wrong, then accept it and replay the source",
            )  # fmt: skip


def _unknown(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[Difference]:
    for key in sorted(new.keys() - old.keys()):
        yield Difference(
            "unknown_type", f"{UNKNOWN_TYPE} {key}", None, new[key],
            f"the field {key} is of a type that nobody documents ({new[key]}); its values are kept as they come",
            "leave it out of custom_fields, or accept it",
        )  # fmt: skip
