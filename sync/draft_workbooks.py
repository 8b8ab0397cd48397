"""The workbooks of a draft: by path, and by share links, which are keys and so only known by what they are kept as."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine

from config.secrets import KEPT
from sync.drafts import Draft, DraftRefused
from sync.keeping import KeptSecrets

_BY_LINK = "a shared workbook"  # how the connector calls one it could not open


def links_of(known: Draft) -> list[str]:
    """Return what a draft's share links are kept as."""
    if "links" in known.seen:
        return list(known.seen["links"])
    return list(dict.fromkeys(each["url"] for each in known.block.get("workbooks") or [] if each.get("url")))


def link_names(known: Draft) -> dict[str, str]:
    """Return what the workbooks behind share links are called, by what each link is kept as."""
    scopes = (known.seen.get("found") or {}).get("scopes", ())
    return {each["link"]: each["name"] for each in scopes if each.get("link")}


def workbooks_of(engine: Engine, known: Draft, paths: Sequence[str]) -> list[dict[str, Any]]:
    """Return the workbooks that are to be looked into: those that were named, and those that are read already."""
    read = [each for each in known.block.get("workbooks") or [] if each.get("path")]
    libraries = {each["path"]: each["library"] for each in read if each.get("library")}
    every = list(dict.fromkeys([*paths, *(each["path"] for each in read)]))
    by_path = [
        {"path": path, "holds": "projects"} | ({"library": libraries[path]} if path in libraries else {})
        for path in every
    ]
    return [*by_path, *({"url": link, "holds": "projects"} for link in _distinct(engine, links_of(known)))]


def named(found: Mapping[str, Any], workbooks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what was discovered, each workbook with what its link is kept as.

    Raises:
        DraftRefused: A link does not open; says which one, and why.
    """
    scopes = [{**each, "link": workbooks[each["number"]].get("url")} for each in found["scopes"]]
    opened = {each["link"] for each in scopes}
    links = [each["url"] for each in workbooks if each.get("url")]
    why = [each for each in found["warnings"] if each.startswith(_BY_LINK)]
    missing = [number for number, link in enumerate(links, 1) if link not in opened]
    if missing:
        said = (each.removeprefix(_BY_LINK).lstrip(": ") for each in why)
        raise DraftRefused(
            " ".join(
                f"Share link {number} of {len(links)}: {next(said, 'it gave nothing')}." for number in missing
            )
        )
    return {**found, "scopes": scopes}


def _distinct(engine: Engine, links: Sequence[str]) -> list[str]:
    """Leave out links that were pasted twice."""
    kept = KeptSecrets(engine)
    opened = {kept(int(each.removeprefix(KEPT))) if each.startswith(KEPT) else each: each for each in links}
    return list(opened.values())
