"""What a page asks of a source, and where each answer goes in the source's block."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that is asked. `path` is where it goes in the source's block."""

    name: str
    path: Path
    label: str
    help: str
    secret: bool = False
    required: bool = True
    example: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    lines: bool = False  # several, one a line
    shape: Literal["text", "links", "certificate", "authorities"] = "text"
    aside: bool = False  # only some need it: it stands below the others, folded


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way of signing in; `fixed` is what it always says in the block, `proof` tells it from others of its type."""

    name: str
    label: str
    help: str
    asks: tuple[Asked, ...] = ()
    fixed: tuple[tuple[Path, str], ...] = ()
    proof: Path | None = None
    consent: bool = False  # a person has to let us in, in their own browser


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of place that sources are in. `named` is what one is called where nobody says."""

    key: str
    kind: str
    named: str
    title: str
    says: str
    place: tuple[Asked, ...]
    sign_ins: tuple[SignIn, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """What came with a form that was refused, and why; nothing of either where a page is only looked at."""

    form: Mapping[str, str]
    errors: Mapping[str, str]


BESIDE: Final = "passphrase"  # what is asked beside a certificate; never kept


def value_at(block: Mapping[str, Any], path: Path) -> Any:
    """Return what stands at a path of a block; None where nothing does."""
    node: Any = block
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def put_at(block: dict[str, Any], path: Path, value: Any) -> None:
    """Write a value at a path of a block; None takes it out."""
    node = block
    for part in path[:-1]:
        node = node.setdefault(part, {})
    if value is None:
        node.pop(path[-1], None)
    else:
        node[path[-1]] = value
