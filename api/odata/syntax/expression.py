"""Expressions: what `$filter`, `$orderby`, `$compute` and keys are made of (OData URL conventions 5.1.1)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from api.odata.problems import TooComplex
from api.odata.syntax.scanner import Scanner
from api.odata.syntax.tree import (
    Alias,
    Annotation,
    Binary,
    Call,
    Case,
    Chain,
    Computed,
    Count,
    Expression,
    FilterStep,
    Identifier,
    Lambda,
    Listing,
    Literal,
    Order,
    Path,
    Record,
    Step,
    Unary,
)

if TYPE_CHECKING:
    from api.odata.syntax.tree import Options

# From the loosest to the tightest (URL conventions 5.1.1.16).
_LEVELS: Final = (
    ("or",), ("and",), ("eq", "ne"), ("lt", "le", "gt", "ge"), ("add", "sub"), ("mul", "div", "divby", "mod"),
)  # fmt: skip
_PRECEDENCE: Final = {word: level for level, words in enumerate(_LEVELS) for word in words}
_TIGHT: Final = ("has", "in")
_WORDS: Final = (*_PRECEDENCE, *_TIGHT)
# Canonical functions, and how many arguments each takes at least and at most.
FUNCTIONS: Final = {
    "cast": (1, 2), "ceiling": (1, 1), "concat": (2, 2), "contains": (2, 2), "date": (1, 1), "day": (1, 1),
    "endswith": (2, 2), "floor": (1, 1), "fractionalseconds": (1, 1), "hassubsequence": (2, 2),
    "hassubset": (2, 2), "hour": (1, 1), "indexof": (2, 2), "isdefined": (1, 1), "isof": (1, 2), "length": (1, 1),
    "matchespattern": (2, 2), "maxdatetime": (0, 0), "mindatetime": (0, 0), "minute": (1, 1), "month": (1, 1),
    "now": (0, 0), "round": (1, 1), "second": (1, 1), "startswith": (2, 2), "substring": (2, 3), "time": (1, 1),
    "tolower": (1, 1), "totaloffsetminutes": (1, 1), "totalseconds": (1, 1), "toupper": (1, 1), "trim": (1, 1),
    "year": (1, 1), "geo.distance": (2, 2), "geo.intersects": (2, 2), "geo.length": (1, 1),
}  # fmt: skip
# Operators one after the other, each of which is a level to Python; terms of an and or an or may be more.
_LONGEST_CHAIN: Final = 100
_LONGEST_PATH: Final = 50  # steps
_ROOTS: Final = ("$it", "$these", "$this", "$root")
T = TypeVar("T")
OptionsReader = Callable[[Scanner, str], "Options"]


class Expressions:
    """Reads expressions off a scanner.

    Args:
        scanner: Where they stand.
        options: Reads the options in parentheses behind `$count`, up to the closing one.
    """

    def __init__(self, scanner: Scanner, options: OptionsReader) -> None:
        self._scanner = scanner
        self._options = options

    def expression(self, loosest: int = 0) -> Expression:
        """Read an expression; operators looser than a level end it.

        Raises:
            Malformed: There is none, or it breaks off.
        """
        scanner = self._scanner
        scanner.deeper()
        left = self._operand()
        chained = 0
        while True:
            before = scanner.at
            word = scanner.keyword(*_WORDS)
            if word is None or (word in _PRECEDENCE and _PRECEDENCE[word] < loosest):
                scanner.at = before
                break
            at = left.at
            chained += 1
            if chained > _LONGEST_CHAIN:
                raise TooComplex(
                    f"{scanner.target}, character {before + 1}: more than {_LONGEST_CHAIN} operators in a row",
                    target=scanner.target, at=before,
                )  # fmt: skip
            if word in ("and", "or"):
                left = self._chain(word, left)
            elif word == "in":
                left = Binary(at, word, left, self._in_list())
            elif word == "has":
                left = Binary(at, word, left, self._operand())
            else:
                left = Binary(at, word, left, self.expression(_PRECEDENCE[word] + 1))
        scanner.up()
        return left

    def _chain(self, word: str, first: Expression) -> Expression:
        terms = [first]
        level = _PRECEDENCE[word]
        while True:
            terms.append(self.expression(level + 1))
            before = self._scanner.at
            if self._scanner.keyword(word) is None:
                self._scanner.at = before
                return Chain(first.at, word, tuple(terms))

    def _operand(self) -> Expression:
        scanner = self._scanner
        at = scanner.at
        if scanner.done():
            scanner.fail("an expression")
        if (literal := scanner.literal()) is not None:
            return literal
        readers = {
            "(": self._parenthesised,
            "-": self._negative,
            "[": self._json,
            "{": self._json,
            "@": self._alias,
        }
        reader = readers.get(scanner.text[at], self._named)
        for root in _ROOTS:
            if scanner.take(root):
                return Path(at, root, self.steps() if scanner.take("/") else ())
        return reader()

    def _unary(self, at: int, operator: str) -> Expression:
        self._scanner.deeper()
        operand = self._operand()
        self._scanner.up()
        while (word := self._tight()) is not None:
            right = self._in_list() if word == "in" else self._operand()
            operand = Binary(operand.at, word, operand, right)
        return Unary(at, operator, operand)

    def _tight(self) -> str | None:
        return self._scanner.keyword(*_TIGHT)

    def _negative(self) -> Expression:
        at = self._scanner.at
        self._scanner.need("-")
        self._scanner.space()
        return self._unary(at, "-")

    def _parenthesised(self) -> Expression:
        scanner = self._scanner
        scanner.need("(")
        scanner.space()
        inner = self.expression()
        scanner.space()
        scanner.need(")")
        return inner

    def _named(self) -> Expression:
        """Read what begins with a name: `not`, a function, `case`, or a path."""
        scanner = self._scanner
        at = scanner.at
        if scanner.peek("$count") or scanner.peek("$filter("):
            return Path(at, None, self.steps())
        name = scanner.qualified()
        if name is None:
            scanner.fail("a value, a property or a function")
        lower = name.lower()
        if lower == "not" and (scanner.space() or scanner.peek("(")):
            return self._unary(at, "not")
        if scanner.peek("("):
            if lower == "case":
                return self._case(at)
            if lower in FUNCTIONS:
                return self._call(at, lower)
            if lower in ("any", "all"):
                scanner.fail(f"a collection before {lower}", at)
        scanner.at = at
        return Path(at, None, self.steps())

    def _call(self, at: int, name: str) -> Expression:
        arguments = tuple(value for _, value in self.arguments(named=False))
        least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} or {most}"
            self._scanner.fail(f"{wanted} arguments of {name}, not {len(arguments)}", at)
        return Call(at, name, arguments)

    def _case(self, at: int) -> Expression:
        scanner = self._scanner
        scanner.need("(")
        branches = []
        while True:
            scanner.space()
            condition = self.expression()
            scanner.space()
            scanner.need(":")
            scanner.space()
            branches.append((condition, self.expression()))
            scanner.space()
            if not scanner.take(","):
                break
        scanner.need(")")
        return Case(at, tuple(branches))

    def order(self) -> Order:
        """Read a key of a sort."""
        scanner = self._scanner
        at = scanner.at
        found = self.expression()
        before = scanner.at
        word = scanner.name() if scanner.space() else None
        if word is None:
            scanner.at = before
            return Order(at, found, descending=False)
        if word.lower() not in ("asc", "desc"):
            scanner.fail("asc or desc", before)
        return Order(at, found, descending=word.lower() == "desc")

    def computed(self) -> Computed:
        """Read an expression with the name it gets."""
        scanner = self._scanner
        at = scanner.at
        found = self.expression()
        if scanner.keyword("as") is None:
            scanner.fail("as and a name")
        return Computed(at, found, scanner.name() or scanner.fail("a name"))

    def arguments(self, *, named: bool) -> tuple[tuple[str | None, Expression], ...]:
        """Read arguments in parentheses: positional ones, or `name=value` where they may be named."""
        scanner = self._scanner
        scanner.need("(")
        scanner.deeper()
        found: list[tuple[str | None, Expression]] = []
        scanner.space()
        while not scanner.peek(")"):
            before = scanner.at
            name = scanner.name() if named else None
            scanner.space()
            if name is None or not scanner.take("="):
                scanner.at, name = before, None
            else:
                scanner.space()
            found.append((name, self.expression()))
            scanner.space()
            if not scanner.take(","):
                break
            scanner.space()
        scanner.need(")")
        scanner.up()
        return tuple(found)

    def _alias(self) -> Expression:
        at = self._scanner.at
        self._scanner.need("@")
        name = self._scanner.qualified()
        if name is None:
            self._scanner.fail("the name of a parameter alias")
        if "." in name or self._scanner.peek("#"):
            self._scanner.at = at
            return Path(at, None, self.steps())
        return Alias(at, name, self.steps() if self._scanner.take("/") else ())

    def steps(self) -> tuple[Step, ...]:
        """Read the steps of a path, the first included."""
        found = [self.step()]
        while self._scanner.take("/"):
            if len(found) >= _LONGEST_PATH:
                self._scanner.fail(f"a path of at most {_LONGEST_PATH} steps")
            found.append(self.step())
        return tuple(found)

    def step(self) -> Step:
        """Read one step."""
        scanner = self._scanner
        at = scanner.at
        if scanner.take("@"):
            term = scanner.qualified()
            if term is None:
                scanner.fail("an annotation's term")
            if scanner.take("#"):
                term += f"#{scanner.qualified() or scanner.fail('a qualifier')}"
            return Annotation(at, term)
        if scanner.take("$count"):
            return Count(at, self._options(scanner, "$count") if scanner.take("(") else None)
        if scanner.take("$filter("):
            scanner.space()
            condition = self.expression()
            scanner.space()
            scanner.need(")")
            return FilterStep(at, condition)
        name = scanner.qualified()
        if name is None:
            scanner.fail("a property")
        if name.lower() in ("any", "all") and scanner.peek("("):
            return self._lambda(at, name.lower())
        if name.lower() == "aggregate" and scanner.peek("("):
            scanner.unsupported("aggregate inside an expression is not done here", at)
        return Identifier(at, name, self.arguments(named=True) if scanner.peek("(") else None)

    def _lambda(self, at: int, quantifier: str) -> Lambda:
        scanner = self._scanner
        scanner.need("(")
        scanner.space()
        if scanner.peek(")"):
            if quantifier == "all":
                scanner.fail("a variable and a condition")
            scanner.need(")")
            return Lambda(at, quantifier, None, None)
        variable = scanner.name()
        if variable is None:
            scanner.fail("a variable")
        scanner.space()
        scanner.need(":")
        scanner.space()
        condition = self.expression()
        scanner.space()
        scanner.need(")")
        return Lambda(at, quantifier, variable, condition)

    def _in_list(self) -> Expression:
        """Read what `in` looks in: literals in parentheses, a list, or a path to a collection."""
        scanner = self._scanner
        at = scanner.at
        if scanner.peek("["):
            return self._json()
        if not scanner.take("("):
            return self._operand()
        scanner.space()
        items: list[Expression] = []
        while not scanner.peek(")"):
            items.append(self._item(items))
            scanner.space()
            if not scanner.take(","):
                break
            scanner.space()
        scanner.need(")")
        if len(items) == 1 and isinstance(items[0], Path):
            return items[0]
        return Listing(at, tuple(items))

    def _item(self, before: list[Expression]) -> Expression:
        """Read one item of a list in parentheses: a literal, a list, or one path alone."""
        scanner = self._scanner
        if scanner.peek("[") or scanner.peek("("):
            return self._json() if scanner.peek("[") else self._tuple()
        at = scanner.at
        literal = scanner.literal()
        if literal is not None:
            return literal
        if scanner.peek("@"):
            return self._operand()
        if before:
            scanner.fail("a literal")
        found = self._operand()
        if scanner.space() or not scanner.peek(")"):
            scanner.fail("a literal", scanner.at)
        return found if isinstance(found, Path) else scanner.fail("a literal", at)

    def _tuple(self) -> Expression:
        found = self._in_list()
        return found if isinstance(found, Listing) else Listing(found.at, (found,))

    def _json(self) -> Expression:
        """Read a list or an object as JSON has them, in which expressions may stand."""
        scanner = self._scanner
        at = scanner.at
        scanner.deeper()
        made: Expression
        if scanner.take("["):
            made = Listing(at, tuple(self._members(self._json_value, "]")))
        else:
            scanner.need("{")
            made = Record(at, tuple(self._members(self._json_member, "}")))
        scanner.up()
        return made

    def _members(self, read: Callable[[], T], end: str) -> list[T]:
        scanner = self._scanner
        found: list[T] = []
        scanner.space()
        while not scanner.peek(end):
            found.append(read())
            scanner.space()
            if not scanner.take(","):
                break
            scanner.space()
        scanner.need(end)
        return found

    def _json_member(self) -> tuple[str, Expression]:
        scanner = self._scanner
        name = scanner.json_string()
        if name is None:
            scanner.fail("a name in quotation marks")
        scanner.space()
        scanner.need(":")
        scanner.space()
        return name, self._json_value()

    def _json_value(self) -> Expression:
        at = self._scanner.at
        text = self._scanner.json_string()
        return self.expression() if text is None else Literal(at, "Edm.String", text)
