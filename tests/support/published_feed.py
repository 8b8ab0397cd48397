"""What the feed has promised: the kept list, and the one command that renews it.

`python -m tests.support.published_feed` adds what is new. Where something promised would go or change, it says so and
writes nothing, unless `--break` says that this is meant: reports that stand on it break.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from api.feed.models import model_of
from api.feed.projectdata.model import projectdata
from api.odata.edm import Model

KEPT: Final = Path(__file__).parents[1] / "feed" / "published.json"
Promised = dict[str, dict[str, dict[str, Any]]]


def promised_now() -> Promised:
    """Return what each root gives: its sets with their keys, properties and ways."""
    return {"v1": _promised(model_of(None)), "projectdata": _promised(projectdata())}


def _promised(model: Model) -> dict[str, dict[str, Any]]:
    return {
        each.name: {
            "key": list(each.type.key_names()),
            "properties": {
                name: f"{held.type}{'' if held.nullable else ' not null'}"
                for name, held in each.type.all_properties().items()
            },
            "ways": {
                name: f"Collection({way.target})" if way.collection else way.target
                for name, way in each.type.all_navigations().items()
            },
        }
        for each in model.sets
    }


def broken(kept: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> list[str]:
    """Return what was promised and is gone or another."""
    found = []
    for name, before in kept.items():
        place = f"{where}/{name}" if where else name
        if name not in now:
            found.append(f"{place} is gone")
        elif isinstance(before, Mapping):
            found += broken(before, now[name], place)
        elif before != now[name]:
            found.append(f"{place} was {before} and is {now[name]}")
    return found


def kept() -> Promised:
    """Return the list that is kept in the tree."""
    found: Promised = orjson.loads(KEPT.read_bytes()) if KEPT.exists() else {}
    return found


def main(arguments: Sequence[str]) -> int:
    """Renew the list."""
    now = promised_now()
    lost = broken(kept(), now)
    if lost and "--break" not in arguments:
        print("\n".join(["Reports stand on this; a new root may leave it out, this one may not:", *lost]))  # noqa: T201 - a command
        return 1
    KEPT.write_bytes(orjson.dumps(now, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
