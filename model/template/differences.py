"""What differs between two versions of a template, and which step of its number that asks for.

- major: what was taken may not be any more, or an answer has no place left. A field gone, another type, a value
  less in a list, a new limit or requirement that blocks.
- minor: a record may be judged otherwise, but what could be submitted still can. A new field nobody must fill
  in, a check that warns, a weight.
- patch: words.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from model.template.language import CheckRule, Document, FieldRule, Required

Level = Literal["patch", "minor", "major"]
_ORDER: Final[Mapping[Level, int]] = {"patch": 0, "minor": 1, "major": 2}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: where (`fields.budget.min`), the step it asks for, and both sides in words."""

    where: str
    level: Level
    says: str


def differences(old: Document, new: Document) -> tuple[Difference, ...]:
    """List what differs, in the order of the language's blocks; the version's own number and approval aside."""
    blocking = _Blocking(
        missing=new.submit_gate.missing_required == "block", invalid=new.submit_gate.invalid == "block"
    )
    return (
        *_header(old, new),
        *_each("fields", old.fields, new.fields, lambda a, b: _field(a, b, blocking)),
        *_added_or_gone("fields", old.fields, new.fields, lambda rule: _new_field(rule, blocking), "major"),
        *_each("checks", old.checks, new.checks, _check),
        *_added_or_gone("checks", old.checks, new.checks, _new_check, "minor"),
        *_blocks(old, new),
    )


def step(found: Iterable[Difference]) -> Level | None:
    """Return the largest step that differences ask for; None where nothing differs."""
    return max((each.level for each in found), key=_ORDER.__getitem__, default=None)


def least(version: str, level: Level) -> str:
    """Return the smallest version after another that a step allows: 3.1.4 and minor give 3.2.0."""
    major, minor, patch = (int(part) for part in version.split("."))
    return {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[level]


@dataclass(frozen=True, slots=True)
class _Blocking:
    """What the new version's gate holds back."""

    missing: bool
    invalid: bool


def _header(old: Document, new: Document) -> Iterator[Difference]:
    levels: Mapping[str, Level] = {
        "record": "major", "title": "patch", "derived_from": "patch", "owner_role": "patch",
    }  # fmt: skip
    skipped = {"id", "version", "approved_by", "supersedes"}
    yield from _keys("template", _plain(old.template), _plain(new.template), levels, skipped)


def _blocks(old: Document, new: Document) -> Iterator[Difference]:
    before, after = _plain(old), _plain(new)
    for block in sorted((before.keys() | after.keys()) - {"template", "fields", "checks", "submit_gate"}):
        if before.get(block) != after.get(block):
            level: Level = "minor"
            says = "changed"
            if block == "workflow" and (gone := _states(old) - _states(new)):
                level, says = "major", f"without {', '.join(sorted(gone))}, where a submission may stand"
            yield Difference(block, level, says)
    stricter = {
        name: "major"
        for name in ("missing_required", "invalid")
        if getattr(new.submit_gate, name) == "block" and getattr(old.submit_gate, name) != "block"
    }
    yield from _keys("submit_gate", _plain(old.submit_gate), _plain(new.submit_gate), stricter, set())  # type: ignore[arg-type]  # its values are levels


def _states(document: Document) -> set[str]:
    return set(document.workflow.states) if document.workflow is not None else set()


def _each(
    block: str, old: Sequence[Any], new: Sequence[Any], compare: Callable[[Any, Any], Iterable[Difference]]
) -> Iterator[Difference]:
    known = {rule.id: rule for rule in old}
    for rule in new:
        if rule.id in known and known[rule.id] != rule:
            yield from compare(known[rule.id], rule)
    ids = [rule.id for rule in new if rule.id in known]
    if ids != [rule.id for rule in old if rule.id in ids]:
        yield Difference(block, "patch", "in another order")


def _added_or_gone(
    block: str, old: Sequence[Any], new: Sequence[Any], added: Callable[[Any], Difference], gone: Level
) -> Iterator[Difference]:
    before, after = {rule.id for rule in old}, {rule.id for rule in new}
    yield from (added(rule) for rule in new if rule.id not in before)
    for rule in old:
        if rule.id not in after:
            yield Difference(f"{block}.{rule.id}", gone, "is gone")


def _new_field(rule: FieldRule, blocking: _Blocking) -> Difference:
    must = rule.required is not None and blocking.missing
    says = f"is new, and required{'' if rule.required == 'always' else ' of some'}" if must else "is new"
    return Difference(f"fields.{rule.id}", "major" if must else "minor", says)


def _new_check(rule: CheckRule) -> Difference:
    blocks = rule.severity == "block"
    says = "is new, and blocks" if blocks else "is new"
    return Difference(f"checks.{rule.id}", "major" if blocks else "minor", says)


def _check(old: CheckRule, new: CheckRule) -> Iterator[Difference]:
    blocks: Level = "major" if new.severity == "block" else "minor"
    levels: Mapping[str, Level] = {"says": "patch", "severity": blocks, "expr": blocks}
    yield from _keys(f"checks.{new.id}", _plain(old), _plain(new), levels, set())


def _field(old: FieldRule, new: FieldRule, blocking: _Blocking) -> Iterator[Difference]:
    levels: dict[str, Level] = {"label": "patch", "help": "patch"}
    levels |= dict.fromkeys(("type", "unit", "of", "repeat"), "major")
    for name in ("values", "price_basis"):
        before, after = set(getattr(old, name)), set(getattr(new, name))
        # An empty price basis is any; a list where there was none leaves some out.
        less = bool(before - after) or (not before and bool(after))
        levels[name] = "major" if less else "minor" if before != after else "patch"
    if new.fill == "auto":
        levels["fill"] = "major"  # what people answered has no place
    if blocking.invalid:
        levels |= {
            name: "major" for name in _LIMITS if _tighter(name, getattr(old, name), getattr(new, name))
        }
    if blocking.missing and not _asks_no_more(old.required, new.required):
        levels["required"] = "major"
    yield from _keys(f"fields.{new.id}", _plain(old), _plain(new), levels, set())


_LIMITS: Final = ("min", "max", "min_len", "max_len", "pattern", "unique_within", "must_be")


def _tighter(limit: str, old: Any, new: Any) -> bool:
    """Say whether a limit may refuse what it did not refuse before."""
    if new is None or new == old:
        return False
    if old is None or limit in ("pattern", "unique_within", "must_be"):
        return True
    return bool(new > old) if limit.startswith("min") else bool(new < old)


def _asks_no_more(old: Any, new: Any) -> bool:
    """Say whether a field is surely required of none of whom it was not required before."""
    if new is None or old in ("always", new):
        return True
    if not isinstance(old, Required) or not isinstance(new, Required):
        return False
    return (
        old.when in (None, new.when)
        and (old.stages is None or (new.stages is not None and set(new.stages) <= set(old.stages)))
        and (old.tiers is None or (new.tiers is not None and set(new.tiers) <= set(old.tiers)))
    )


def _keys(
    where: str, old: Mapping[str, Any], new: Mapping[str, Any], levels: Mapping[str, Level], skipped: set[str]
) -> Iterator[Difference]:
    for key in [*new, *(key for key in old if key not in new)]:
        was, is_ = old.get(key), new.get(key)
        if key not in skipped and was != is_:
            yield Difference(f"{where}.{key}", levels.get(key, "minor"), f"was {_said(was)}, is {_said(is_)}")


def _plain(part: Any) -> dict[str, Any]:
    found: dict[str, Any] = part.model_dump(mode="json", by_alias=True)
    return found


def _said(value: Any) -> str:
    if value is None or value == []:
        return "not given"
    if isinstance(value, Mapping):
        given = ", ".join(f"{key} {_said(each)}" for key, each in value.items() if each not in (None, [], {}))
        return given or "not given"
    if isinstance(value, list):
        return ", ".join(_said(each) for each in value)
    return repr(value) if isinstance(value, str) and " " in value else str(value)
