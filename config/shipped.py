"""The policies, templates, mappings and terms of outcomes that come with Muster, read from the package's own YAML."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.declaration import Declaration
from model.outcome import OutcomeTerms
from model.policy import Policy

if TYPE_CHECKING:
    from model.template.template import Template

_HERE = Path(__file__).parent


class NotShipped(LookupError):
    """Muster ships nothing of that name."""


@lru_cache
def policy(name: str = "default") -> Policy:
    """Load a shipped policy.

    Raises:
        NotShipped: With the names there are.
    """
    return _declaration("policies", name).as_(Policy)


@lru_cache
def outcomes(name: str = "default") -> OutcomeTerms:
    """Load shipped terms of outcomes.

    Raises:
        NotShipped: With the names there are.
    """
    return _declaration("outcomes", name).as_(OutcomeTerms)


@lru_cache
def mapping(kind: str) -> dict[str, Any]:
    """Load the shipped mapping of a kind of source as it is written; whoever compiles it checks it.

    Raises:
        NotShipped: With the kinds there are.
    """
    data: dict[str, Any] = _declaration("mappings", kind).data
    return data


@lru_cache
def template(id_: str) -> "Template":
    """Load a shipped template, compiled.

    Raises:
        NotShipped: With the templates there are.
    """
    from model.template.template import load  # brings CEL and protobuf, which a sync has no use for

    return load(text("templates", id_), f"templates/{id_}.yaml")


def templates() -> "list[Template]":
    """Load the newest shipped version of each template."""
    newest: dict[str, Template] = {}
    for name in names("templates"):
        found = template(name)
        other = newest.get(found.header.id)
        if other is None or _numbers(found.header.version) > _numbers(other.header.version):
            newest[found.header.id] = found
    return list(newest.values())


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def names(what: str) -> list[str]:
    """List what is shipped of `policies`, `templates`, `mappings` or `outcomes`."""
    return sorted(path.stem for path in (_HERE / what).glob("*.yaml"))


def text(what: str, name: str) -> str:
    """Return a shipped file as it is written.

    Raises:
        NotShipped: With the names there are.
    """
    if name not in names(what):
        raise NotShipped(f"there is no {name!r} among the shipped {what}: {', '.join(names(what)) or 'none'}")
    return (_HERE / what / f"{name}.yaml").read_text(encoding="utf-8")


def _declaration(what: str, name: str) -> Declaration:
    return Declaration(text(what, name), f"{what}/{name}.yaml")
