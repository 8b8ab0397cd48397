"""System query options, of a request and of its parts (URL conventions 5.1)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote_plus

from api.odata.problems import Malformed, TooComplex
from api.odata.syntax import apply
from api.odata.syntax.expression import Expressions
from api.odata.syntax.scanner import Scanner
from api.odata.syntax.search import search
from api.odata.syntax.tree import (
    Computed,
    Expanded,
    Expression,
    Identifier,
    Options,
    Order,
    Selected,
    Step,
)

LONGEST: Final = 262_144  # characters of one option
MOST_KEYS: Final = 100  # of a sort
_WHOLE: Final = re.compile(r"-?(?:0|[1-9]\d{0,17})(?!\w)")
_NATURAL: Final = re.compile(r"(?:0|[1-9]\d{0,17})(?!\w)")
_TRUTH: Final = re.compile(r"(?:true|false)(?!\w)", re.IGNORECASE)
_STAR: Final = re.compile(r"(?:[^\W\d]\w*\.)*\*")
_OF_COLLECTION: Final = frozenset(["filter", "search", "orderby", "skip", "top", "count"])
_OF_SELECT: Final = _OF_COLLECTION | {"select", "expand", "compute"}
_OF_EXPAND: Final = _OF_SELECT | {"levels", "apply"}
_OF_COUNT: Final = frozenset(["filter", "search"])
_SYSTEM: Final = frozenset(
    ["filter", "orderby", "select", "expand", "compute", "search", "apply", "top", "skip", "count", "index",
     "format", "id", "skiptoken", "deltatoken", "schemaversion"]
)  # fmt: skip


def query(text: str) -> Options:
    """Read a query string as it was sent, still encoded.

    Raises:
        Malformed: With the option and the place in its decoded value.
        TooComplex: An option is longer or deeper than is taken.
        Unsupported: It asks for what no request here can have.
    """
    found = Options()
    given: dict[str, Any] = {}
    for part in filter(None, text.split("&")):
        raw, equals, value = part.partition("=")
        name = unquote_plus(raw)
        decoded = unquote_plus(value)
        if len(decoded) > LONGEST:
            raise TooComplex(f"{name}: longer than {LONGEST} characters", target=name)
        if name.startswith("@"):
            found.aliases[name[1:]] = _alias(name, decoded)
            continue
        known = _known(name)
        if known is None:
            found.custom[name] = decoded
            continue
        if not equals:
            raise Malformed(f"{name}: expected = and a value", target=name, at=0)
        if known in given:
            if known == "format":
                continue
            raise Malformed(f"{name}: it is given twice", target=name, at=0)
        given[known] = option(known, decoded)
    return replace(found, **given)


def option(name: str, text: str) -> Any:
    """Read the value of one system query option, named without the dollar sign."""
    scanner = Scanner(text, f"${name}")
    value = _READERS[name](scanner)
    if not scanner.done():
        scanner.fail("the end of it or an operator")
    return value


def expression(text: str, target: str) -> Expression:
    """Read an expression that stands alone.

    Raises:
        Malformed: It is none.
    """
    scanner = Scanner(text, target)
    found = Expressions(scanner, nested_count).expression()
    if not scanner.done():
        scanner.fail("the end of it or an operator")
    return found


def _known(name: str) -> str | None:
    """Return the system option of a name; with a dollar sign, or without one where it is plainly one."""
    bare = name.removeprefix("$").lower()
    if bare in _SYSTEM and (
        name.startswith("$") or bare not in {"id", "skiptoken", "deltatoken", "schemaversion"}
    ):
        return bare
    if name.startswith("$"):
        raise Malformed(f"{name}: there is no such query option", target=name, at=0)
    return None


def _alias(name: str, text: str) -> Expression:
    return expression(text, name)


def _expressions(scanner: Scanner) -> Expressions:
    return Expressions(scanner, nested_count)


def nested_count(scanner: Scanner, target: str) -> Options:
    """Read the options of a `$count` in a path."""
    return _nested(scanner, target, _OF_COUNT)


def _nested(scanner: Scanner, target: str, allowed: Iterable[str]) -> Options:
    """Read options parted by semicolons, up to and past the closing parenthesis."""
    scanner.deeper()
    given: dict[str, Any] = {}
    aliases: dict[str, Expression] = {}
    while True:
        at = scanner.at
        if scanner.take("@"):
            name = scanner.name() or scanner.fail("the name of a parameter alias")
            scanner.need("=")
            aliases[name] = _expressions(scanner).expression()
        else:
            scanner.take("$")
            name = (scanner.name() or scanner.fail(f"an option of {target}")).lower()
            if name not in allowed:
                scanner.fail(f"one of {', '.join(sorted(allowed))}", at)
            if name in given:
                scanner.fail("an option that is not given yet", at)
            scanner.need("=")
            given[name] = search(scanner, nested=True) if name == "search" else _READERS[name](scanner)
        if not scanner.take(";"):
            break
    scanner.need(")")
    scanner.up()
    return Options(aliases=aliases, **given)


def _list(scanner: Scanner, read: Callable[[], Any]) -> tuple[Any, ...]:
    found = [read()]
    while True:
        before = scanner.at
        scanner.space()
        if not scanner.take(","):
            scanner.at = before
            return tuple(found)
        scanner.space()
        found.append(read())


def _filter(scanner: Scanner) -> Expression:
    return _expressions(scanner).expression()


def _orderby(scanner: Scanner) -> tuple[Order, ...]:
    found: tuple[Order, ...] = _list(scanner, _expressions(scanner).order)
    if len(found) > MOST_KEYS:
        raise TooComplex(f"$orderby: more than {MOST_KEYS} keys", target="$orderby", at=found[MOST_KEYS].at)
    return found


def _compute(scanner: Scanner) -> tuple[Computed, ...]:
    return _list(scanner, _expressions(scanner).computed)


def _select(scanner: Scanner) -> tuple[Selected, ...]:
    return _list(scanner, lambda: _selected(scanner))


def _selected(scanner: Scanner) -> Selected:
    at = scanner.at
    path = [_select_step(scanner)]
    while scanner.take("/"):
        path.append(_select_step(scanner))
    if not scanner.take("("):
        return Selected(at, tuple(path))
    before = scanner.at
    if scanner.peek("$") or scanner.peek("@") or re.compile(r"\w+=").match(scanner.text, before):
        return Selected(at, tuple(path), _nested(scanner, "$select", _OF_SELECT))
    last = path[-1]
    names = _list(scanner, lambda: (scanner.name() or scanner.fail("a parameter's name"), None))
    scanner.need(")")
    if not isinstance(last, Identifier):
        scanner.fail("a function before its parameters", before)
    return Selected(
        at, (*path[:-1], Identifier(last.at, f"{last.name}({','.join(name for name, _ in names)})"))
    )


def _select_step(scanner: Scanner) -> Step:
    at = scanner.at
    star = scanner.match(_STAR)
    if star is not None:
        return Identifier(at, star[0])
    if scanner.peek("@"):
        return _expressions(scanner).step()
    return Identifier(at, scanner.qualified() or scanner.fail("a property"))


def _expand(scanner: Scanner) -> tuple[Expanded, ...]:
    return _list(scanner, lambda: _expanded(scanner))


def _expanded(scanner: Scanner) -> Expanded:
    at = scanner.at
    if scanner.take("$value"):
        return Expanded(at, (), "value")
    path = [_select_step(scanner)]
    form, allowed = "entity", _OF_EXPAND
    while scanner.take("/"):
        if scanner.take("$ref"):
            form, allowed = "ref", _OF_COLLECTION
            break
        if scanner.take("$count"):
            form, allowed = "count", _OF_COUNT
            break
        path.append(_select_step(scanner))
    options = _nested(scanner, "$expand", allowed) if scanner.take("(") else None
    return Expanded(at, tuple(path), form, options)


def _natural(scanner: Scanner) -> int:
    found = scanner.match(_NATURAL)
    return scanner.fail("a whole number from 0 up") if found is None else int(found[0])


def _integer(scanner: Scanner) -> int:
    found = scanner.match(_WHOLE)
    return scanner.fail("a whole number") if found is None else int(found[0])


def _levels(scanner: Scanner) -> int:
    if scanner.take("max"):
        return 0
    found = _natural(scanner)
    return found or scanner.fail("max, or a whole number from 1 up")


def _truth(scanner: Scanner) -> bool:
    found = scanner.match(_TRUTH)
    return scanner.fail("true or false") if found is None else found[0].lower() == "true"


def _text(scanner: Scanner) -> str:
    rest, scanner.at = scanner.text[scanner.at :], len(scanner.text)
    return rest or scanner.fail("a value")


_READERS: Final[Mapping[str, Callable[[Scanner], Any]]] = {
    "filter": _filter, "orderby": _orderby, "select": _select, "expand": _expand, "compute": _compute,
    "search": search,
    "apply": lambda scanner: apply.transformations(scanner, nested_count),
    "top": _natural, "skip": _natural, "count": _truth, "levels": _levels, "index": _integer, "format": _text,
    "id": _text, "skiptoken": _text, "deltatoken": _text, "schemaversion": _text,
}  # fmt: skip
