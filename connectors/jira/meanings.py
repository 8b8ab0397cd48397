"""Which of a site's fields mean what: each finding with its evidence, how sure it is, and what was passed over."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connectors.base import Confidence, Discovery, Json
from connectors.jira import custom
from connectors.jira.transforms import CATEGORY_BY_ID, CATEGORY_BY_KEY, hub_type

_GREENHOPPER: Final = "com.pyxis.greenhopper.jira:"
_BY_SCHEMA: Final = {
    "sprint": f"{_GREENHOPPER}gh-sprint",
    "epic_link": f"{_GREENHOPPER}gh-epic-link",
    "epic_name": f"{_GREENHOPPER}gh-epic-label",
    "rank": f"{_GREENHOPPER}gh-lexo-rank",
    "parent_link": "com.atlassian.jpo:jpo-custom-field-parent",
    "target_start": "com.atlassian.jpo:jpo-custom-field-baseline-start",
    "target_end": "com.atlassian.jpo:jpo-custom-field-baseline-end",
}
_WORTH_KEEPING: Final = ("target_start", "target_end", "flagged")


def named(found: Discovery, name: str, value: str, why: str, confidence: Confidence) -> None:
    """Put a finding down."""
    found.semantics[name] = value
    found.evidence[name] = why
    found.confidence[name] = confidence


def by_schema(fields: Sequence[Json], found: Discovery) -> None:
    """Find the fields whose type says what they are."""
    for name, kind in _BY_SCHEMA.items():
        matches = [field for field in fields if (field.get("schema") or {}).get("custom") == kind]
        if not matches:
            continue
        first, *others = matches
        confidence = Confidence.MEDIUM if others else Confidence.HIGH
        named(found, name, first["id"], f"{first.get('name')!r} has the type {kind}", confidence)
        found.alternatives[name] = [f"{call(field)} has the type, too" for field in others]
        if others:
            found.warnings.append(f"{len(matches)} fields have the type {kind}; {first['id']} is used")


def flagged(fields: Sequence[Json], found: Discovery) -> None:
    """Find the check box by which boards show an impediment."""
    for field in fields:
        names = {str(field.get(key, "")).casefold() for key in ("name", "untranslatedName")}
        if "flagged" in names and str((field.get("schema") or {}).get("custom", "")).endswith(
            ":multicheckboxes"
        ):
            named(
                found, "flagged", field["id"], f"check boxes named {field.get('name')!r}", Confidence.MEDIUM
            )
            return


def categories(statuses: Sequence[Json], overrides: Mapping[str, str], found: Discovery) -> None:
    """Say what each status counts as, by its id; what the configuration says stands above Jira's word."""
    odd = _odd(statuses)
    found.warnings += [f"{says}; the key is used" for status, says in odd.items() if status not in overrides]
    found.warnings += [
        f"status_categories: the site lists no status {status} for this account"
        for status in overrides
        if status not in {state["id"] for state in found.states}
    ]
    overridden(overrides, found)
    known = {state["id"]: state["category"] for state in found.states if state["category"]}
    found.evidence["status_categories"] = (
        f"{len(found.states)} statuses by their ids: {_counted(known)}"
        + (f"; {len(overrides)} overridden by the configuration" if overrides else "")
    )  # fmt: skip
    in_doubt = odd.keys() - overrides.keys()
    found.confidence["status_categories"] = Confidence.MEDIUM if in_doubt else Confidence.HIGH
    found.alternatives["status_categories"] = list(odd.values()) + _dropped(found.states)


def overridden(overrides: Mapping[str, str], found: Discovery) -> None:
    """Lay the configuration's categories over the states, and write all down by id."""
    says = []
    for state in found.states:
        if (given := overrides.get(state["id"])) is not None:
            was = state.get("overridden", state["category"])
            state["overridden"], state["category"] = was, given
            says.append(f"{state['name']!r} ({state['id']}) counts as {given} instead of {was or 'nothing'}")
    known = {state["id"]: state["category"] for state in found.states if state["category"]}
    known |= dict(overrides)
    found.semantics["status_categories"] = " ".join(f"{one}:{category}" for one, category in known.items())
    if overrides:
        found.semantics["status_overrides"] = " ".join(f"{one}:{given}" for one, given in overrides.items())
        found.evidence["status_overrides"] = "; ".join(says)
        found.confidence["status_overrides"] = Confidence.HIGH


def _odd(statuses: Sequence[Json]) -> dict[str, str]:
    """Name the statuses whose category says one thing by its key and another by its id."""
    odd = {}
    for status in statuses:
        category = status.get("statusCategory") or {}
        by_key = CATEGORY_BY_KEY.get(str(category.get("key")))
        by_id = CATEGORY_BY_ID.get(category.get("id", 0))
        if by_key and by_id and by_key != by_id:
            odd[str(status["id"])] = (
                f"status {status.get('name')!r} ({status.get('id')}) is {by_key} by its category's key and {by_id} by "
                "its id"
            )
    return odd


_DROPPED: Final = ("cancelled", "canceled", "rejected", "won't do", "abandoned", "declined", "obsolete")


def _dropped(states: Iterable[Json]) -> list[str]:
    return [
        f"status {state['name']!r} ({state['id']}) counts as done; by its name it may rather be dropped: "
        f'status_categories: {{"{state["id"]}": dropped}}'
        for state in states
        if state["category"] == "done" and str(state["name"]).strip().casefold() in _DROPPED
    ]


def _counted(known: Mapping[str, str]) -> str:
    counted = Counter(known.values())
    return ", ".join(f"{counted[one]} {one}" for one in ("todo", "doing", "done", "dropped") if counted[one])


def hierarchy(types: Sequence[Json], *, cloud: bool, found: Discovery) -> None:
    """Say which types stand at which level, and through what an issue names the one above it."""
    levels: dict[int, set[str]] = {}
    unplaced = []
    for kind in types:
        level = kind.get("hierarchyLevel", -1 if kind.get("subtask") else None)
        name = str(kind.get("untranslatedName") or kind.get("name"))
        hub = hub_type(kind)
        if level is None:
            level = {"initiative": 2, "epic": 1}.get(hub, 0)
        levels.setdefault(level, set()).add(name if hub == "other" else f"{name} ({hub})")
        if hub == "other":
            unplaced.append(name)
    if not levels:
        return
    found.semantics["hierarchy"] = " ".join(str(level) for level in sorted(levels, reverse=True))
    found.evidence["hierarchy"] = "; ".join(
        f"level {level}: {', '.join(sorted(levels[level]))}" for level in sorted(levels, reverse=True)
    ) + ("" if cloud else "; Data Center has no levels but sub-tasks: the others by their names")
    found.confidence["hierarchy"] = Confidence.HIGH if cloud else Confidence.MEDIUM
    if unplaced:
        found.alternatives["hierarchy"] = [
            f"{', '.join(sorted(set(unplaced)))}: counted as other; say what they are by a value map on hub_type"
        ]
    ways = ["parent"] + [
        found.semantics[one] for one in ("epic_link", "parent_link") if one in found.semantics
    ]
    named(
        found,
        "parent",
        " ".join(ways),
        "the parent field serves every level"
        + (", older epic links where it is empty" if len(ways) > 1 else "")
        if cloud
        else "the parent field serves sub-tasks only"
        + (", the epic link stories" if "epic_link" in found.semantics else "")
        + (", Advanced Roadmaps' parent link epics" if "parent_link" in found.semantics else ""),
        Confidence.HIGH,
    )


def chosen_fields(fields: Sequence[Json], wanted: Sequence[str], found: Discovery) -> None:
    """Resolve the custom fields that the configuration asks to keep."""
    if not wanted:
        return
    choice = custom.choose(fields, wanted, found.semantics.values())
    kept: dict[str, custom.CustomField] = {}
    notes: list[str] = []
    for name, meant in choice.items():
        kept |= {field.id: field for field in meant}
        if not meant and name != "all":
            found.warnings.append(
                f"custom_fields: the site lists no custom field {name!r} for this account; was it renamed?"
            )
        if len(meant) > 1 and name != "all":
            notes.append(f"{len(meant)} fields are called {name!r}, each kept under its own id: "
                         + ", ".join(field.id for field in meant))  # fmt: skip
    unknown = [field for field in kept.values() if field.kind == custom.UNKNOWN]
    notes += [
        f"{field.id} {field.name!r}: type {field.schema} is unknown, kept as it comes" for field in unknown
    ]
    found.semantics["custom_fields"] = custom.written(kept.values())
    found.evidence["custom_fields"] = "; ".join(
        f"{field.id} {field.name!r} ({field.kind if field.kind != custom.UNKNOWN else field.schema})"
        for field in kept.values()
    )
    found.confidence["custom_fields"] = Confidence.MEDIUM if unknown else Confidence.HIGH
    found.alternatives["custom_fields"] = notes
    found.shape["unknown type of field"] = {field.id: f"{field.name}: {field.schema}" for field in unknown}


def propose(config_fields: Mapping[str, str], custom_fields: Sequence[str], overrides: Mapping[str, str],
            found: Discovery) -> None:  # fmt: skip
    """Put together what the source's block would say to pin all this down."""
    pinned = {
        name: found.semantics[name]
        for name in ("story_points", "story_points_other", *_BY_SCHEMA, "flagged")
        if name in found.semantics
    }
    found.proposal["fields"] = pinned | dict(config_fields)
    if overrides:
        found.proposal["status_categories"] = dict(overrides)
    worth = [found.semantics[name] for name in _WORTH_KEEPING if name in found.semantics]
    found.proposal["custom_fields"] = list(custom_fields) or worth


def overruled(fields: Sequence[Json], given: Mapping[str, str], found: Discovery) -> None:
    """Let the configuration have the last word."""
    known = {field["id"] for field in fields}
    for name, field_id in given.items():
        if (was := found.semantics.get(name)) is not None and was != field_id:
            found.alternatives.setdefault(name, []).insert(
                0, f"{was}: {found.evidence.get(name, 'found before')} (overruled)"
            )
        sure = Confidence.HIGH if field_id in known else Confidence.LOW
        named(found, name, field_id, "the configuration of this source says so", sure)
        if field_id not in known:
            found.warnings.append(f"fields: {name}: the site does not list {field_id} for this account")


def call(field: Json) -> str:
    """Name a field by what never changes, and by what people see."""
    return f"{field['id']} {field.get('name')!r}"
