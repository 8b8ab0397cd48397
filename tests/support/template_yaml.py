"""A template's YAML as an editor sees it: plain data, dates as texts."""

import json
from typing import Any

from model.declaration import Declaration


def plain_yaml(text: str) -> Any:
    """Return the data with what JSON has no type for written out, and names as texts."""
    return json.loads(json.dumps(Declaration(text, "template.yaml").data, default=str))
