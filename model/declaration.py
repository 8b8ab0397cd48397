"""YAML that people write, read strictly: no key twice, and every complaint names the file and the line."""

from collections.abc import Hashable
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Schema = TypeVar("Schema", bound=BaseModel)
Path = tuple[int | str, ...]


class InvalidDeclaration(ValueError):
    """A file does not say what it must; the message has one line per complaint: `file:line: field: what`."""

    def __init__(self, complaints: list[str]) -> None:
        self.complaints = complaints
        super().__init__("\n".join(complaints))


class Declaration:
    """A parsed YAML document that remembers on which line each of its values stands."""

    def __init__(self, text: str, name: str) -> None:
        """Parse `text`; `name` is what complaints call the file.

        Raises:
            InvalidDeclaration: If it is no YAML, not a map at the top, or gives a key twice.
        """
        self.name = name
        try:
            self._root: Any = yaml.compose(text, Loader=_Loader)
            self.data: Any = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader of ours
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise InvalidDeclaration([f"{name}:{line}: {error.problem}"]) from error
        except (yaml.YAMLError, ValueError) as error:
            raise InvalidDeclaration([f"{name}: {error}"]) from error
        if not isinstance(self.data, dict):
            raise InvalidDeclaration([f"{name}:1: expected a map of settings at the top"])

    def as_(self, schema: type[Schema]) -> Schema:
        """Validate the document against a schema.

        Raises:
            InvalidDeclaration: With every complaint, each with its line and field.
        """
        try:
            return schema.model_validate(self.data)
        except ValidationError as error:
            complaints = [self.complaint(part["loc"], part["msg"]) for part in error.errors()]
            raise InvalidDeclaration(complaints) from error

    def complaint(self, path: Path, what: str) -> str:
        """Say what is wrong where: `file:line: field: what`."""
        said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        known = self._known(path)
        return f"{self.name}:{self.line(path)}: {said + ': ' if said else ''}{known}{_plainly(what)}"

    def line(self, path: Path) -> int:
        """Return the line of the value at a path, or of the nearest value around it."""
        node = self._root
        for step in path:
            inner = _child(node, step)
            if inner is None:
                break
            node = inner
        return int(node.start_mark.line) + 1

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


def _plainly(what: str) -> str:
    """Say pydantic's standard complaints in the words of the file's writer."""
    return {
        "Field required": "is required",
        "Extra inputs are not permitted": "is not a known setting",
    }.get(what, what.removeprefix("Value error, "))
