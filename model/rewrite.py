"""Change one value of a YAML text and leave everything else, comments and order too, as it was written.

The place of a value is found in the parsed text; the new text is read again and held to what was meant, so that
a change either is exactly that change or is refused.
"""

import copy
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import yaml

from model.declaration import Declaration, InvalidDeclaration, Path

_WIDE: Final = 1_000_000  # characters of a line: nothing is folded
_NAME: Final = "text"


class CannotRewrite(ValueError):
    """The text is written so that this value cannot be changed by itself; the message says what to do."""


def assign(text: str, path: Path, value: Any) -> str:
    """Give the value at a path another one; what is missing on the way there is made.

    Raises:
        InvalidDeclaration: The text cannot be read.
        CannotRewrite: The value stands where it cannot be changed alone, or the path leads through no map or list.
    """
    written = _Written(text)
    return written.checked(written.assigned(path, value), _with(written.data, path, value))


def remove(text: str, path: Path) -> str:
    """Take the value at a path out, with its key; a text that does not have it stays as it is.

    Raises:
        InvalidDeclaration: The text cannot be read.
        CannotRewrite: It stands where it cannot be taken out alone.
    """
    written = _Written(text)
    if not _holds(written.data, path):
        return written.text
    return written.checked(written.removed(path), _without(written.data, path))


def append(text: str, path: Path, value: Any) -> str:
    """Put a value at the end of the list at a path; the list is made where there is none.

    Raises:
        InvalidDeclaration: The text cannot be read.
        CannotRewrite: There is no list.
    """
    written = _Written(text)
    there = _at(written.data, path) if _holds(written.data, path) else None
    if not there:
        return assign(written.text, path, [value])
    if not isinstance(there, list):
        raise CannotRewrite(_said(path, "is no list"))
    return written.checked(written.appended(path, value), _with(written.data, path, [*there, value]))


def swap(text: str, path: Path, number: int) -> str:
    """Let an entry of the list at a path and the one after it change places.

    Raises:
        InvalidDeclaration: The text cannot be read.
        CannotRewrite: There are no two such entries.
    """
    written = _Written(text)
    there = _at(written.data, path) if _holds(written.data, path) else None
    if not isinstance(there, list) or not 0 <= number < len(there) - 1:
        raise CannotRewrite(_said(path, f"has no entries {number + 1} and {number + 2}"))
    turned = [*there[:number], there[number + 1], there[number], *there[number + 2 :]]
    return written.checked(written.swapped(path, number), _with(written.data, path, turned))


@lru_cache(maxsize=8)
def declared(text: str) -> Declaration:
    """Parse a text; the result of one change is what the next begins with, so the last few are kept.

    Raises:
        InvalidDeclaration: It cannot be read.
    """
    return Declaration(text, _NAME)


class _Written:
    """A text with the places of its values."""

    def __init__(self, text: str) -> None:
        self.text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        read = declared(self.text)
        self.data, self.root = read.data, read.root

    def checked(self, text: str, meant: Any) -> str:
        """Return a text if it says what was meant."""
        try:
            says = declared(text).data
        except InvalidDeclaration as error:
            raise CannotRewrite(f"{_IN_TEXT} ({error.complaints[0]})") from None
        if says != meant:
            raise CannotRewrite(_IN_TEXT)
        return text

    def assigned(self, path: Path, value: Any) -> str:
        node, rest = self._nearest(path)
        for step in reversed(rest[1:]):
            value = {step: value}
        if not rest:
            return self._replaced(path, value)
        if isinstance(node, yaml.MappingNode):
            return self._added(node, rest[0], value)
        if node is not None and _is_empty(node):
            return self._replaced(path[: len(path) - len(rest)], {rest[0]: value})
        raise CannotRewrite(_said(path, "leads through a value that is no map"))

    def removed(self, path: Path) -> str:
        around = self._node(path[:-1])
        if isinstance(around, yaml.SequenceNode):
            return self._taken(around, [(each, each) for each in around.value], int(path[-1]))
        index = next(at for at, (key, _) in enumerate(around.value) if str(key.value) == str(path[-1]))
        return self._taken(around, around.value, index)

    def appended(self, path: Path, value: Any) -> str:
        node = self._node(path)
        last = self._end(node.value[-1])
        if node.flow_style:
            return f"{self.text[:last]}, {_flow(value)}{self.text[last:]}"
        at = self._line_end(last)
        return f"{self.text[:at]}\n{' ' * node.start_mark.column}- {_flow(value)}{self.text[at:]}"

    def swapped(self, path: Path, number: int) -> str:
        node = self._node(path)
        first, second = node.value[number], node.value[number + 1]
        if node.flow_style:
            one, other = ((each.start_mark.index, self._end(each)) for each in (first, second))
        else:
            one, other = (
                (self._line_start(each.start_mark.index), self._line_end(self._end(each)))
                for each in (first, second)
            )
        text = self.text
        between = text[one[1] : other[0]]
        return text[: one[0]] + text[slice(*other)] + between + text[slice(*one)] + text[other[1] :]

    def _nearest(self, path: Path) -> tuple[Any, Path]:
        """Return the deepest node there is on a path, and what of the path is left."""
        node = self.root
        for number, step in enumerate(path):
            inner = _child(node, step)
            if inner is None:
                return node, path[number:]
            node = inner
        return node, ()

    def _node(self, path: Path) -> Any:
        return self._nearest(path)[0]

    def _replaced(self, path: Path, value: Any) -> str:
        node, around = self._node(path), self._node(path[:-1])
        start, end = node.start_mark.index, self._end(node)
        if isinstance(around, yaml.SequenceNode):
            return self.text[:start] + _flow(value) + self.text[end:]
        key = next(key for key, each in around.value if each is node)
        before = key.end_mark.index
        if start < before:
            raise CannotRewrite(_said(path, "is an alias of a value that stands elsewhere"))
        if "\n" in self.text[before:start] or start == end:
            return f"{self.text[:before]}: {_flow(value)}{self.text[end:]}"
        return self.text[:start] + _flow(value) + self.text[end:]

    def _added(self, node: yaml.MappingNode, key: int | str, value: Any) -> str:
        pair = _flow({key: value})[1:-1]
        if not node.value:
            start, end = node.start_mark.index, self._end(node)
            return f"{self.text[:start]}{{{pair}}}{self.text[end:]}"
        last = self._end(node.value[-1][1])
        if node.flow_style:
            return f"{self.text[:last]}, {pair}{self.text[last:]}"
        at = self._line_end(last)
        return f"{self.text[:at]}\n{' ' * node.value[0][0].start_mark.column}{pair}{self.text[at:]}"

    def _taken(self, around: Any, pairs: Sequence[tuple[Any, Any]], index: int) -> str:
        """Take an entry out of a map or list, with what parts it from the next."""
        text = self.text
        start, end = pairs[index][0].start_mark.index, self._end(pairs[index][1])
        if len(pairs) == 1:
            nothing = "[]" if isinstance(around, yaml.SequenceNode) else "{}"
            outer = around.start_mark.index
            # A list may stand under its key's own column: what replaces it must stand beside the key.
            gap = text[:outer].rstrip(" ")
            begin = len(gap.rstrip("\n")) if gap.endswith("\n") else outer
            return f"{text[:begin]}{' ' if begin != outer else ''}{nothing}{text[self._end(around) :]}"
        if around.flow_style:
            if index + 1 < len(pairs):
                return text[:start] + text[pairs[index + 1][0].start_mark.index :]
            return text[: self._end(pairs[index - 1][1])] + text[end:]
        line = self._line_start(start)
        lead = text[line:start].strip()
        if isinstance(around, yaml.MappingNode) and lead and index + 1 < len(pairs):  # after a dash
            return text[:start] + text[pairs[index + 1][0].start_mark.index :]
        after = self._line_end(end)
        return text[:line] + text[after + 1 :] if after < len(text) else text[:line].rstrip("\n") + "\n"

    def _end(self, node: Any) -> int:
        """Return where what is written of a node ends, without the comments and blank lines after it."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(node, yaml.MappingNode) else last)
        end = int(node.end_mark.index)
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            end = len(self.text[:end].rstrip())
        return end

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found


_IN_TEXT: Final = "it is written in a way that only the text itself can be changed in; change it there"


def _flow(value: Any) -> str:
    """Write a value so that it may stand in any place of a text."""
    return yaml.dump(
        [value], Dumper=_Dumper, default_flow_style=True, width=_WIDE, allow_unicode=True, sort_keys=False
    ).strip()[1:-1]


class _Dumper(yaml.SafeDumper):
    """YAML's safe dumper, without aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the signature is yaml's
        return True


def _child(node: Any, step: int | str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if str(key.value) == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _is_empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[_key(data, step)]
    return data


def _holds(data: Any, path: Path) -> bool:
    try:
        _at(data, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _key(data: Any, step: int | str) -> Any:
    """Return the key a step means: `1` of a path may be the number 1 of a map."""
    if isinstance(data, dict) and step not in data:
        return next((key for key in data if str(key) == str(step)), step)
    return step


def _with(data: Any, path: Path, value: Any) -> Any:
    """Return data with a value at a path."""
    if not path:
        return value
    if data is None:
        data = {}
    if not isinstance(data, dict | list):
        raise CannotRewrite(_said(path, "leads through a value that is no map"))
    changed = copy.copy(data)
    step = _key(data, path[0])
    under = changed[step] if (step in changed if isinstance(changed, dict) else step < len(changed)) else None
    changed[step] = _with(under, path[1:], value)
    return changed


def _without(data: Any, path: Path) -> Any:
    changed = copy.copy(data)
    step = _key(data, path[0])
    if len(path) == 1:
        del changed[step]
    else:
        changed[step] = _without(changed[step], path[1:])
    return changed


def _said(path: Path, what: str) -> str:
    return f"{'.'.join(map(str, path))} {what}; change the text itself"
