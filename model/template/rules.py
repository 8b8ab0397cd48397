"""What a template's rules must make sense of beyond their shape: names, kinds, binds, conditions.

This goes over the data as it was written, so that it finds all there is also where the shape is wrong too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import available_timezones

from pydantic import ValidationError

from model.collection.roles import SYSTEM
from model.declaration import Path
from model.template.binds import bind_complaints
from model.template.cel_shape import outcomes
from model.template.cel_tree import SyntaxComplaints, parse
from model.template.context import CONTEXT, VARIABLES, known_to
from model.template.functions import FUNCTIONS
from model.template.kinds import ANY, NOTHING, NUMBER, TRUTH, Kind, basic, field_kind
from model.template.language import FieldRule
from model.template.process import AppliesTo
from model.template.sense import ROLES, field_complaints, who_complaints
from model.template.typecheck import TypeCheck
from model.template.values import reader

Complain = Callable[[Path, str, int | None], None]
_SHADOWING: Final = frozenset(["tier", "stage", "period"])  # context that a record may state itself
_RESERVED: Final = frozenset(["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
                              "function", "if", "import", "let", "loop", "package", "namespace", "return", "var",
                              "void", "while"])  # fmt: skip
_MACROS: Final = frozenset(["has", "all", "exists", "exists_one", "filter", "map"])
_COMPUTED: Final = next(variable.kind for variable in VARIABLES if variable.name == "computed")


class Rules:
    """One going over: every complaint goes to `complain`; `names` are the names each expression uses."""

    def __init__(self, data: Mapping[str, Any], complain: Complain) -> None:
        """Take the data as it was written, however wrong its shape."""
        self._complain = complain
        self._fields = [(index, _rule(raw), raw) for index, raw in enumerate(_maps(data, "fields"))]
        self._data = data
        self._record = str(_map(data, "template").get("record"))
        self._where = _where(data)
        own = {raw["id"]: _kind(rule) for _, rule, raw in self._fields if isinstance(raw.get("id"), str)}
        self._known = known_to(self._record, own, self._where.stages, self._where.tiers)
        self.names: dict[str, frozenset[str]] = {}
        self.earlier: set[str] = set()

    def check(self) -> None:
        """Go over everything."""
        self._repeated()
        for index, key, said in bind_complaints(self._fields, self._record):
            self._complain(("fields", index, key), said, None)
        for index, rule, raw in self._fields:
            self._field(("fields", index), rule, raw)
        for index, raw in enumerate(_maps(self._data, "checks")):
            self._condition(raw.get("expr"), ("checks", index, "expr"))
        for index, raw in enumerate(_maps(self._data, "escalation")):
            self._condition(raw.get("when"), ("escalation", index, "when"))
        self._circles()
        self._starting()
        self._around()

    def _repeated(self) -> None:
        """Complain about ids given twice, and about fields named as expressions' own words."""
        taken = (CONTEXT - _SHADOWING) | _RESERVED | FUNCTIONS.keys() | _MACROS
        for what in ("fields", "checks"):
            ids = [raw.get("id") for raw in _maps(self._data, what)]
            for index, id_ in enumerate(ids):
                if not isinstance(id_, str):
                    continue  # complained about as it is
                if id_ in ids[:index]:
                    self._complain((what, index, "id"), f"{id_!r} is given twice", None)
                if id_ in taken:
                    self._complain((what, index, "id"), f"{id_!r} means something else in expressions", None)

    def _field(self, at: Path, rule: FieldRule | None, raw: Mapping[str, Any]) -> None:
        compared = raw.get("compare_with")
        for key, said in field_complaints(rule, self._record, self._where.tiers) if rule is not None else ():
            self._complain((*at, *key.split(".")), said, None)
        if isinstance(compared, str) and (name := compared.partition(".")[2]) not in _COMPUTED.parts:
            have = ", ".join(_COMPUTED.parts)
            self._complain(
                (*at, "compare_with"), f"no colour is computed for {name!r}, only for {have}", None
            )
        required = _map(raw, "required")
        self._condition(required.get("when"), (*at, "required", "when"))
        self._never(required, (*at, "required"))
        kind = self._expression(raw.get("expr"), (*at, "expr"))
        wanted = _kind(rule)
        if (
            kind is not None
            and ANY not in (kind, wanted)
            and kind != NOTHING
            and basic(kind) != basic(wanted)
        ):
            self._complain((*at, "expr"), f"gives {kind}, and the field is {wanted}", None)
        elif kind is not None and rule is not None:
            self._given(kind, rule, (*at, "expr"))

    def _given(self, kind: Kind, rule: FieldRule, at: Path) -> None:
        """Complain of what a computed field gives and cannot hold."""
        if rule.expr is None:
            return
        found = False
        for each in outcomes(parse(rule.expr)):
            problem = reader(rule)(each.value).problem
            if problem is not None:
                found = True
                self._complain(at, problem, each.at)
        if rule.type == "int" and kind.name == NUMBER.name and not kind.range.whole and not found:
            self._complain(at, "may give a fraction, and the field is a whole number; write int(…)", None)

    def _never(self, required: Mapping[str, Any], at: Path) -> None:
        """Complain of stages and tiers that no project of the template is in."""
        for name in ("stages", "tiers"):
            asked, there = required.get(name), getattr(self._where, name)
            if isinstance(asked, list) and asked and not set(map(str, asked)) & set(map(str, there)):
                holds = ", ".join(map(str, there))
                said = f"it is never required: the template applies to {name} {holds} only"
                self._complain((*at, name), said, None)

    def _condition(self, source: Any, at: Path) -> None:
        kind = self._expression(source, at)
        if kind is not None and kind not in (TRUTH, ANY):
            self._complain(at, f"must give true or false, gives {kind}", None)

    def _expression(self, source: Any, at: Path) -> Kind | None:
        """Check an expression and note what it uses; None where there is none, or it was complained about."""
        if not isinstance(source, str) or not source:
            return None
        try:
            found = TypeCheck(parse(source), self._known, self._record)
        except SyntaxComplaints as error:
            for offset, what in error.complaints:
                self._complain(at, f"this is no CEL: {what}", offset)
            return None
        self.names[source] = frozenset(found.names)
        self.earlier |= found.parts.get("previous", set())
        for offset, what in found.complaints:
            self._complain(at, what, offset)
        return None if found.complaints else found.kind

    def _circles(self) -> None:
        """Complain of computed fields that need themselves, by whatever way."""
        needs = {
            raw["id"]: self.names.get(raw["expr"], frozenset())
            for _, _, raw in self._fields
            if isinstance(raw.get("expr"), str) and isinstance(raw.get("id"), str)
        }
        for index, _, raw in self._fields:
            id_ = raw.get("id")
            if isinstance(id_, str) and id_ in needs and id_ in _reached(id_, needs):
                self._complain(
                    ("fields", index, "expr"), f"{id_!r} needs itself: it can never be computed", None
                )

    def _starting(self) -> None:
        """Complain of starting records that are given twice, or say what their fields cannot hold."""
        rules = {str(raw.get("id")): rule for _, rule, raw in self._fields}
        refs = [raw.get("ref") for raw in _maps(self._data, "starts_with")]
        for index, raw in enumerate(_maps(self._data, "starts_with")):
            if refs[index] is not None and refs[index] in refs[:index]:
                self._complain(("starts_with", index, "ref"), f"{refs[index]!r} is given twice", None)
            for name, value in _map(raw, "values").items():
                rule = rules.get(name)
                problem = None if rule is None else reader(rule)(value).problem
                said = problem if name in rules else f"there is no field {name!r}"
                if said:
                    self._complain(("starts_with", index, "values", name), said, None)

    def _around(self) -> None:
        """Complain of moves that nobody can make, kinds of item that there are not, and unknown time zones."""
        roles = _map(self._data, "roles")
        for path, said in who_complaints(self._data, roles):
            self._complain(path, said, None)
        for name, holder in roles.items():
            if isinstance(holder, str) and holder not in ROLES:
                self._complain(
                    ("roles", str(name)), f"nobody is {holder!r}; there are {', '.join(ROLES)}", None
                )
        for index, raw in enumerate(_maps(_map(self._data, "workflow"), "moves")):
            by = raw.get("by")
            if isinstance(by, str) and by not in (*roles, *ROLES, SYSTEM):
                have = ", ".join([*map(str, roles), *ROLES, SYSTEM])
                said = f"nobody is {by!r}: it can never be made; there are {have}"
                self._complain(("workflow", "moves", index, "by"), said, None)
        head = _map(self._data, "template")
        kinds = next((rule.values for _, rule, raw in self._fields if rule and raw.get("id") == "kind"), ())
        for stage, least in _map(head, "minimum").items():
            for kind in least if isinstance(least, Mapping) and kinds else ():
                if kind not in kinds:
                    said = f"no item is a {kind!r}; there are {', '.join(kinds)}"
                    self._complain(("template", "minimum", str(stage), str(kind)), said, None)
        zone = _map(head, "cadence").get("timezone")
        if isinstance(zone, str) and zone not in available_timezones():
            said = f"no time zone {zone!r}; expected an IANA name such as Europe/London"
            self._complain(("template", "cadence", "timezone"), said, None)


def _reached(start: str, needs: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    left = [*needs.get(start, ())]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += needs.get(name, ())
    return found


def _rule(raw: Mapping[str, Any]) -> FieldRule | None:
    try:
        return FieldRule.model_validate(raw)
    except ValidationError:
        return None  # complained about as it is


def _kind(rule: FieldRule | None) -> Kind:
    return (
        ANY
        if rule is None
        else field_kind(rule.type, rule.values, rule.repeat, (rule.min, rule.max), rule.max_len)
    )


def _where(data: Mapping[str, Any]) -> AppliesTo:
    try:
        return AppliesTo.model_validate(_map(data, "template").get("applies_to") or {})
    except ValidationError:
        return AppliesTo()  # complained about as it is


def _map(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


def _maps(data: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """Go through a list's maps; what is none was complained about, and keeps its place."""
    found = data.get(key)
    for each in found if isinstance(found, Sequence) and not isinstance(found, str) else ():
        yield each if isinstance(each, Mapping) else {}
