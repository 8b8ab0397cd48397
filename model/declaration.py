"""YAML that people write, read strictly: no key twice, and every complaint names the file and the line."""

import re
from collections.abc import Hashable
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from model.scalar import places

Schema = TypeVar("Schema", bound=BaseModel)
Path = tuple[int | str, ...]
_HALF: Final = re.compile("[\ud800-\udfff]")  # of two that make one; nothing can be done with it alone
_MOST: Final = 200_000  # parts of a document
_EXPECTED: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a known setting",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "dict_type": "expected a map of settings",
    "mapping_type": "expected a map of settings",
    "model_type": "expected a map of settings",
    "model_attributes_type": "expected a map of settings",
    "string_type": "expected a text; put it between quotes",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "date_type": "expected a date like 2025-06-30",
    "date_parsing": "expected a date like 2025-06-30",
    "date_from_datetime_parsing": "expected a date like 2025-06-30",
    "date_from_datetime_inexact": "expected a date like 2025-06-30",
    "finite_number": "expected a number",
    "too_short": "must have at least one entry",
    "string_too_short": "must not be empty",
}
_QUOTED: Final = re.compile(r"'([^']*)'")
_LIMITS: Final = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "greater_than": ("gt", "must be more than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "less_than": ("lt", "must be less than {}"),
    "string_too_long": ("max_length", "must have at most {} characters"),
}


class InvalidDeclaration(ValueError):
    """A file does not say what it must; the message has one line per complaint: `file:line:column: field: what`."""

    def __init__(self, complaints: list[str]) -> None:
        self.complaints = complaints
        super().__init__("\n".join(complaints))


class Declaration:
    """A parsed YAML document that remembers where each of its values stands."""

    def __init__(self, text: str, name: str) -> None:
        """Parse `text`; `name` is what complaints call the file.

        Raises:
            InvalidDeclaration: If it is no YAML, not a map at the top, or gives a key twice.
        """
        self.name = name
        self._text = text.removeprefix("\ufeff")
        try:
            loader = _Loader(text)
            self._root: Any = loader.get_single_node()
            _bounded(self._root)
            self.data: Any = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
            raise InvalidDeclaration([f"{name}:{where}: {error.problem}"]) from error
        except (yaml.YAMLError, ValueError) as error:
            raise InvalidDeclaration([f"{name}: {error}"]) from error
        except RecursionError:
            raise InvalidDeclaration([f"{name}:1:1: it is nested too deeply"]) from None
        if not isinstance(self.data, dict):
            raise InvalidDeclaration([f"{name}:1:1: expected a map of settings at the top"])

    @property
    def root(self) -> Any:
        """The parsed text's own node, for whoever needs the places of its values."""
        return self._root

    def as_(self, schema: type[Schema]) -> Schema:
        """Validate the document against a schema.

        Raises:
            InvalidDeclaration: With every complaint, each with its place and field.
        """
        try:
            return schema.model_validate(self.data)
        except ValidationError as error:
            complaints = [self.complaint(part["loc"], in_words(part)) for part in error.errors()]
            raise InvalidDeclaration(complaints) from error

    def complaint(self, path: Path, what: str, offset: int | None = None) -> str:
        """Say what is wrong where: `file:line:column: field: what`; `offset` counts within a text's value."""
        said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        line, column = self.place(path, offset)
        return f"{self.name}:{line}:{column}: {said + ': ' if said else ''}{self._known(path)}{what}"

    def place(self, path: Path, offset: int | None = None) -> tuple[int, int]:
        """Return line and column of the value at a path, or of the nearest value around it."""
        node = self._root
        for step in path:
            inner = _child(node, step)
            if inner is None:
                break
            node = inner
        start = node.start_mark
        line, column = int(start.line) + 1, int(start.column) + 1
        if offset is not None and isinstance(node, yaml.ScalarNode):
            written = self._text[start.index : node.end_mark.index]
            found = places(written, node.value, line, column)
            if found is not None:
                return found[min(offset, len(found) - 1)]
        return line, column

    def _known(self, path: Path) -> str:
        """Name the list entry a path leads through by its own id, where it has one."""
        data: Any = self.data
        known = ""
        for step in path:
            try:
                data = data[step]
            except (KeyError, IndexError, TypeError):
                break
            if isinstance(step, int) and isinstance(data, dict) and isinstance(data.get("id"), str):
                known = f"{data['id']}: "
        return known


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, made to refuse a key given twice, and to read on, off, yes and no as words.

    Only true and false are booleans, as in YAML 1.2: `{role: pmo_head, on: 2025-05-30}` means what it says.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  yaml keeps them on the class
        first: [
            (tag, found) for tag, found in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  the signature is yaml's
        seen: set[Hashable] = set()
        for key, _ in node.value:
            value = self.construct_object(key, deep=True)
            if not isinstance(value, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
            if value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{value!r} is given twice", key.start_mark
                )
            seen.add(value)
        return super().construct_mapping(node, deep)


def _bounded(root: yaml.Node | None) -> None:
    """Refuse what becomes too much once its aliases are written out, or holds itself, or half a character.

    Raises:
        MarkedYAMLError: With its place.
    """
    sizes: dict[int, int | None] = {}  # None while a node is being measured

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            known = sizes[id(node)]
            if known is None:
                raise yaml.MarkedYAMLError(problem="it holds itself", problem_mark=node.start_mark)
            return known
        if isinstance(node, yaml.ScalarNode) and _HALF.search(node.value):
            raise yaml.MarkedYAMLError(problem="it has half a character", problem_mark=node.start_mark)
        sizes[id(node)] = None
        inner = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            inner = [part for pair in node.value for part in pair]
        total = 1 + sum(size(part) for part in inner)
        if total > _MOST:
            said = f"it has more than {_MOST:,} parts with all aliases written out"
            raise yaml.MarkedYAMLError(problem=said, problem_mark=node.start_mark)
        sizes[id(node)] = total
        return total

    if root is not None:
        size(root)


def _child(node: Any, step: int | str) -> Any:
    """Return the value node under a step, None if there is none."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if str(key.value) == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def in_words(error: ErrorDetails) -> str:
    """Say a complaint of pydantic's in the words of the file's writer."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        choices = _QUOTED.findall(str(context.get("expected")))
        return f"expected {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        limit = context.get(name)
        return words.format(f"{limit:,.10g}" if isinstance(limit, float) else limit)
    return _EXPECTED.get(kind) or error["msg"].removeprefix("Value error, ")
