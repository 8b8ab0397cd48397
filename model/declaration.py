"""YAML that people write, read strictly: no key twice, and every complaint names the file and the line."""

from collections.abc import Hashable
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from model.scalar import places

Schema = TypeVar("Schema", bound=BaseModel)
Path = tuple[int | str, ...]


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
            self._root: Any = yaml.compose(text, Loader=_Loader)
            self.data: Any = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader of ours
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
            raise InvalidDeclaration([f"{name}:{where}: {error.problem}"]) from error
        except (yaml.YAMLError, ValueError) as error:
            raise InvalidDeclaration([f"{name}: {error}"]) from error
        if not isinstance(self.data, dict):
            raise InvalidDeclaration([f"{name}:1:1: expected a map of settings at the top"])

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
            if value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{value!r} is given twice", key.start_mark
                )
            seen.add(value)
        return super().construct_mapping(node, deep)


def _child(node: Any, step: int | str) -> Any:
    """Return the value node under a step, None if there is none."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if str(key.value) == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def in_words(error: ErrorDetails) -> str:
    """Say a complaint of pydantic's in the words of the file's writer."""
    return {
        "Field required": "is required",
        "Extra inputs are not permitted": "is not a known setting",
    }.get(error["msg"], error["msg"].removeprefix("Value error, "))
