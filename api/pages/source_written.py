"""A source's block as a configuration file has it."""

from collections.abc import Mapping
from typing import Any

import yaml


class _Readable(yaml.SafeDumper):
    """Writes a text of several lines, such as a certificate, as lines."""


def _text(dumper: _Readable, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Readable.add_representer(str, _text)


def as_yaml(block: Mapping[str, Any]) -> str:
    """Write a block."""
    written: str = yaml.dump(dict(block), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=100)
    return written
