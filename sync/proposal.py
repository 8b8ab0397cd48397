"""What discovery proposes, as a file that people can read, change, try and save."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from connectors.base import Discovery

# These say more in words than by their value.
_IN_WORDS: Final = frozenset({"status_categories", "status_overrides", "custom_fields", "hierarchy"})


def described(source: str, found: Discovery) -> list[str]:
    """Say what was discovered: each meaning with how sure it is, why, and what was not chosen."""
    counts = {"projects": found.scopes, "fields": found.fields, "types": found.types, "states": found.states,
              "iterations": found.iterations}  # fmt: skip
    lines = [f"{source}: " + ", ".join(f"{len(each)} {what}" for what, each in counts.items())]
    for meaning, value in sorted(found.semantics.items()):
        sure = found.confidence.get(meaning)
        shown = "" if meaning in _IN_WORDS else f" = {value}"
        lines.append(f"  {meaning}{shown}" + (f"  [{sure.value}]" if sure else ""))
        if because := found.evidence.get(meaning):
            lines.append(f"      because {because}")
        lines += [f"      not {other}" for other in found.alternatives.get(meaning, ())]
    for group, things in sorted(found.shape.items()):
        lines += [f"  {group} {thing}: {value}" for thing, value in sorted(things.items())]
    return lines + [f"  ! {warning}" for warning in found.warnings]


def proposal_text(source: str, found: Discovery) -> str:
    """Write a proposal as YAML: each setting under what speaks for it, and what was passed over.

    `muster mapping preview` and `muster mapping save` take it; without its `source` line its keys stand in
    the source's block of a configuration as well.
    """
    lines = [f"# How {source} would be read, by what was discovered there.", f"source: {source}"]
    for option, value in found.proposal.items():
        lines.append("")
        if isinstance(value, Mapping) and value and option != "mapping":
            lines.append(f"{option}:")
            for name, each in value.items():
                lines += [f"  # {line}" for line in _because(found, str(name))]
                lines.append(f"  {_one(str(name), each)}")
            continue
        lines += [f"# {line}" for line in _because(found, option)]
        lines += _dumped({option: value})
    if not found.proposal:
        lines += ["", "# Nothing needs to be set: the shipped mapping reads this source as it is."]
        for name in sorted(found.evidence):
            lines += [
                f"# {name} = {found.semantics.get(name)}",
                *(f"#   {each}" for each in _because(found, name)),
            ]
    return "\n".join(lines) + "\n"


def _because(found: Discovery, name: str) -> Iterator[str]:
    why = found.evidence.get(name)
    if why:
        sure = found.confidence.get(name)
        yield f"{sure.value + ': ' if sure else ''}{why}".replace("\n", " ")
    for each in found.alternatives.get(name, ()):
        yield f"not chosen: {each}".replace("\n", " ")


def _one(name: str, value: Any) -> str:
    return "\n".join(_dumped({name: value})).replace("\n", "\n  ")


def _dumped(value: Mapping[str, Any]) -> list[str]:
    written = yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True, width=110)
    return written.rstrip("\n").split("\n")
