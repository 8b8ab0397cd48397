"""The type check of expressions: whatever could never be evaluated, or would always come out the same."""

import difflib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cel_expr_python import cel

from model.template.cel_shape import (
    date_hint,
    literal_kind,
    may_be_null,
    names_anything,
    no_arithmetic,
    no_key,
    same,
    shape,
)
from model.template.cel_tree import Call, Fold, ListOf, Literal, MapOf, Name, Node, Select
from model.template.comparisons import always_in_order, is_period, never_the_same
from model.template.context import whose
from model.template.functions import ARITHMETIC, EQUAL, FUNCTIONS, LOGICAL, MIXED, ORDERED
from model.template.kinds import (
    ANY,
    NOTHING,
    NUMBER,
    TEXT,
    TRUTH,
    WHOLE,
    Kind,
    basic,
    joined,
    list_of,
    map_of,
    plain,
    whole_if,
)

_SORTED: Final = ("number", "text", "date", "duration", "truth value")
_CONSTANTS: Final = cel.NewEnv()


class TypeCheck:
    """One expression's check: complaints by their offset in the text, the names it uses, and its own kind."""

    def __init__(self, tree: Node, known: Mapping[str, Kind], record: str) -> None:
        """Check a tree where `known` says what may be named, for one kind of record."""
        self._known = known
        self._record = record
        self._local: list[dict[str, Kind]] = []
        self.complaints: list[tuple[int, str]] = []
        self.names: set[str] = set()
        self.parts: dict[str, set[str]] = {}
        self.kind = self._kind(tree)
        if not self.names and not self.complaints:
            self._complain(tree.at, "it names nothing of the record and is the same for all")

    def _complain(self, at: int, what: str) -> Kind:
        self.complaints.append((at, what))
        return ANY

    def _kind(self, node: Node) -> Kind:
        if isinstance(node, Literal):
            return self._literal(node)
        if isinstance(node, Name):
            return self._name(node)
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, ListOf):
            return list_of(self._together([self._kind(part) for part in node.parts]))
        if isinstance(node, MapOf):
            for key, _ in node.entries:
                if key is not None:
                    self._kind(key)
            return map_of(self._together([self._kind(value) for _, value in node.entries]))
        return self._fold(node) if isinstance(node, Fold) else self._call(node)

    def _literal(self, node: Literal) -> Kind:
        if isinstance(node.value, float) and not math.isfinite(node.value):
            return self._complain(node.at, "this number is too large to be held: it can never run")
        return literal_kind(node.value)

    def _together(self, kinds: Sequence[Kind]) -> Kind:
        found = kinds[0] if kinds else ANY
        for kind in kinds[1:]:
            found = joined(found, kind)
        return found

    def _name(self, node: Name) -> Kind:
        for scope in reversed(self._local):
            if node.name in scope:
                return scope[node.name]
        if node.name in self._known:
            self.names.add(node.name)
            return self._known[node.name]
        if owner := whose(node.name):
            said = f"a {self._record} never has {node.name!r}, only {owner} has: it can never run"
            return self._complain(node.at, said)
        return self._complain(node.at, f"there is no field or variable {node.name!r}{self._near(node.name)}")

    def _near(self, name: str, among: Sequence[str] | None = None) -> str:
        near = difflib.get_close_matches(name, [*self._known] if among is None else among, 1)
        return f"; did you mean {near[0]!r}?" if near else ""

    def _select(self, node: Select) -> Kind:
        kind = self._kind(node.operand)
        found = self._part(node.at, node.operand, kind, node.field)
        return TRUTH if node.has else found

    def _part(self, at: int, operand: Node, kind: Kind, part: str) -> Kind:
        if isinstance(operand, Name) and operand.name in self._known:
            self.parts.setdefault(operand.name, set()).add(part)
        if kind.name == "record":
            if part in kind.parts:
                return kind.parts[part]
            have = ", ".join(sorted(kind.parts))
            near = self._near(part, [*kind.parts])
            return self._complain(at, f"there is no {part!r} there{near or f'; there are {have}'}")
        if kind.name == "map":
            if said := no_key(operand, kind, part):
                self._complain(at, said)
            return kind.of or ANY
        return ANY if kind == ANY else self._complain(at, f"{kind} has no {part!r}")

    def _call(self, node: Call) -> Kind:
        for names, check in (
            (ORDERED, self._order),
            (EQUAL, self._equal),
            (LOGICAL, self._logical),
            (ARITHMETIC, self._arithmetic),
        ):
            if node.function in names:
                return check(node)
        special: Mapping[str, Callable[[Call], Kind]] = {
            "!_": self._not,
            "-_": self._negative,
            "@in": self._in,
            "_?_:_": self._either,
            "_[_]": self._index,
            "@not_strictly_false": lambda _: TRUTH,
        }
        return special.get(node.function, self._function)(node)

    def _two(self, node: Call) -> tuple[Kind, Kind]:
        one, other = node.arguments
        kinds = self._kind(one), self._kind(other)
        if same(one, other) and not isinstance(one, Literal):
            self._complain(node.at, "it compares a thing with itself")
        return kinds

    def _order(self, node: Call) -> Kind:
        one, other = self._two(node)
        sign = ORDERED[node.function]
        for kind in (one, other):
            if kind == NOTHING:
                self._complain(node.at, f"null is neither more nor less than anything: {sign} can never run")
                return TRUTH
        if ANY in (one, other):
            return TRUTH
        if basic(one) != basic(other):
            hint = date_hint(one, other)
            self._complain(node.at, f"{one} and {other} cannot be compared by {sign}: it can never run{hint}")
        elif basic(one) not in _SORTED:
            self._complain(node.at, f"{one} is neither more nor less than another: {sign} can never run")
        else:
            left, right = node.arguments
            self.complaints += always_in_order(node.at, sign, ((one, left), (other, right)))
        return TRUTH

    def _equal(self, node: Call) -> Kind:
        one, other = self._two(node)
        self._may_be(node.at, one, other, *node.arguments)
        return TRUTH

    def _may_be(self, at: int, one: Kind, other: Kind, left: Node, right: Node) -> None:
        """Complain where two things can never be equal."""
        if NOTHING in (one, other):
            if not may_be_null(left if other == NOTHING else right):
                self._complain(at, "this is never null: it has a value or cannot be evaluated")
            return
        if ANY in (one, other):
            return
        if basic(one) != basic(other):
            self._complain(at, f"{one} is never the same as {other}{date_hint(one, other)}")
            return
        self.complaints += never_the_same(at, ((one, left), (other, right)))

    def _logical(self, node: Call) -> Kind:
        for part in node.arguments:
            self._truth(part, f"{LOGICAL[node.function]} joins truth values")
            self._constant(part)
        return TRUTH

    def _truth(self, node: Node, why: str) -> None:
        kind = self._kind(node)
        if kind not in (TRUTH, ANY):
            self._complain(node.at, f"{why}, this is {kind}")

    def _constant(self, node: Node) -> None:
        """Complain of a condition that names nothing, and so is always true or always false."""
        if not names_anything(node):
            self._complain(node.at, "this part is the same for all")

    def _not(self, node: Call) -> Kind:
        self._truth(node.arguments[0], "! turns a truth value round")
        return TRUTH

    def _negative(self, node: Call) -> Kind:
        kind = self._kind(node.arguments[0])
        if kind != ANY and basic(kind) != "number":
            return self._complain(node.at, f"{kind} has no negative: it can never run")
        return plain(kind)

    def _in(self, node: Call) -> Kind:
        one, group = (self._kind(part) for part in node.arguments)
        if group.name not in ("list", "map", "anything"):
            self._complain(node.at, f"`in` looks into a list or a map, this is {group}: it can never run")
        elif isinstance(node.arguments[1], ListOf) and not node.arguments[1].parts:
            self._complain(node.at, "an empty list holds nothing: it is never so")
        elif group.name == "list" and isinstance(node.arguments[1], ListOf):
            self._in_list(one, node.arguments[0], node.arguments[1])
        elif group.name == "list" and group.of is not None:
            self._may_be(node.at, one, group.of, *node.arguments)
        elif group.name == "map":
            self._may_be(node.at, one, TEXT, *node.arguments)
            key = node.arguments[0]
            said = no_key(node.arguments[1], group, key.value) if isinstance(key, Literal) else None
            if said:
                self._complain(key.at, said)
        return TRUTH

    def _in_list(self, one: Kind, left: Node, group: ListOf) -> None:
        """Complain of what is written out and never met, and of what all the others never are."""
        others = [part for part in group.parts if not isinstance(part, Literal)]
        for part in group.parts:
            if isinstance(part, Literal):
                self._may_be(part.at, one, literal_kind(part.value), left, part)
        if others:
            self._may_be(
                others[0].at, one, self._together([self._quietly(part) for part in others]), left, group
            )

    def _quietly(self, node: Node) -> Kind:
        """Return the kind of a part that was complained about already."""
        had = len(self.complaints)
        kind = self._kind(node)
        del self.complaints[had:]
        return kind

    def _either(self, node: Call) -> Kind:
        condition, one, other = node.arguments
        self._truth(condition, "? asks for a truth value")
        self._constant(condition)
        return joined(self._kind(one), self._kind(other))

    def _index(self, node: Call) -> Kind:
        group, key = node.arguments
        kind, by = self._kind(group), self._kind(key)
        if kind.name in ("record", "map") and isinstance(key, Literal) and isinstance(key.value, str):
            return self._part(node.at, group, kind, key.value)
        wanted = {"list": WHOLE, "map": TEXT, "record": TEXT}.get(kind.name)
        if wanted is None:
            return ANY if kind == ANY else self._complain(node.at, f"{kind} has no parts: it can never run")
        if by not in (wanted, ANY) and by.name != wanted.name:
            self._complain(
                key.at, f"the parts of {kind} are found by {wanted}, this is {by}: it can never run"
            )
        if kind.name == "list" and by == WHOLE and by.range.most < 0:
            self._complain(key.at, "the parts of a list are counted from 0: it can never run")
        return kind.of or ANY

    def _arithmetic(self, node: Call) -> Kind:
        one, other = (self._kind(part) for part in node.arguments)
        divisor = node.arguments[1]
        if node.function in ("_/_", "_%_") and isinstance(divisor, Literal) and divisor.value == 0:
            return self._complain(divisor.at, "nothing can be divided by 0: it can never run")
        if ANY in (one, other):
            return plain(one if other == ANY else other)
        if node.function == "_+_" and one.name == other.name == "list":
            return joined(one, other)
        if (node.function, one.name, other.name) in MIXED:
            return MIXED[node.function, one.name, other.name]
        if basic(one) != "number" or basic(other) != "number":
            return self._complain(node.at, no_arithmetic(node.function, one, other))
        return self._numbers(node, one, other)

    def _numbers(self, node: Call, one: Kind, other: Kind) -> Kind:
        if node.function == "_%_" and NUMBER in (one, other):
            return self._complain(node.at, "% is for whole numbers, write int(…): it can never run")
        if one.name == other.name:
            return plain(one) if node.function == "_/_" else whole_if(plain(one), one, other)
        part = node.arguments[0] if one == WHOLE else node.arguments[1]
        exact = f"{part.value}.0" if isinstance(part, Literal) else "double(…)"
        said = f"a record's numbers go with numbers like 2.0, write {exact}: it can never run"
        return self._complain(part.at, said)

    def _function(self, node: Call) -> Kind:
        given = [*([node.target] if node.target is not None else []), *node.arguments]
        kinds = [self._kind(part) for part in given]
        ways = FUNCTIONS.get(node.function)
        if ways is None:
            near = self._near(node.function, [*FUNCTIONS])
            return self._complain(node.at, f"there is no function {node.function!r}{near}")
        for way in ways:
            if way.method == (node.target is not None) and way.takes(kinds):
                self._literals(node, given)
                return way.gives if isinstance(way.gives, Kind) else way.gives(kinds)
        wanted = " or ".join(shape(node.function, way.parameters, method=way.method) for way in ways)
        have = ", ".join(kind.name for kind in kinds) or "nothing"
        return self._complain(
            node.at, f"{node.function} is called as {wanted}, not with {have}: it can never run"
        )

    def _literals(self, node: Call, given: Sequence[Node]) -> None:
        """Complain of a pattern, date, duration or period written out that is none."""
        last = given[-1]
        if node.function == "mentions_other_period" and isinstance(last, Literal):
            if not is_period(str(last.value), weeks=False):
                self._complain(last.at, f"{last.value!r} is no period like 2025-06: it can never run")
            return
        if node.function not in ("matches", "timestamp", "duration") or not isinstance(last, Literal):
            return
        text = json.dumps(last.value, ensure_ascii=False)
        tried = f"''.matches({text})" if node.function == "matches" else f"{node.function}({text})"
        found = _CONSTANTS.compile(tried).eval(_CONSTANTS.Activation({}))
        if found.type() == cel.Type.ERROR:
            what = {"matches": "no pattern", "timestamp": "no instant like 2025-06-30T00:00:00Z",
                    "duration": "no duration like 24h"}[node.function]  # fmt: skip
            self._complain(last.at, f"{last.value!r} is {what}: it can never run")

    def _fold(self, node: Fold) -> Kind:
        over = self._kind(node.over)
        if over.name not in ("list", "map", "anything"):
            self._complain(
                node.at, f"only a list or a map can be walked through, this is {over}: it can never run"
            )
        each = TEXT if over.name == "map" else (over.of or ANY)
        start = plain(self._kind(node.start))
        self._local.append({node.variable: each, node.result_name: start})
        stepped = self._kind(node.step)
        self._local[-1][node.result_name] = stepped if start.name == "list" else start
        found = self._kind(node.result)
        self._local.pop()
        return found
