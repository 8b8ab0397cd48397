"""What decides, in the tracker, which issues a source reads: saved filters that its query names."""

from collections.abc import Iterator
from typing import Any, Final

from connectors.base import Finding, Json
from connectors.errors import SliceUnreadable
from connectors.http import HttpDenied, HttpError
from connectors.jira import jql
from connectors.jira.boards import boards
from connectors.jira.site import Site

_DEEPEST: Final = 10  # filters that name filters
_REFUSALS: Final = (400, 401, 403, 404)
_BOARDS: Final = 20  # whose configuration a check looks at


def fingerprint(site: Site) -> dict[str, str]:
    """Give the query and the JQL of each saved filter it names, and those that they name; {} without a query.

    A filter that this account may not see is left out.
    """
    if site.config.query is None:
        return {}
    found = {"query": site.config.query}
    names = jql.saved_filters(site.config.query)
    for _ in range(_DEEPEST):
        fresh = [name for name in names if f"filter {name}" not in found]
        names = []
        for name in fresh:
            if (saved := saved_filter(site, name)) is not None:
                found[f"filter {name}"] = str(saved["jql"])
                names += jql.saved_filters(str(saved["jql"]))
        if not names:
            break
    return found


def saved_filter(site: Site, name: str) -> Json | None:
    """Fetch a saved filter by its id or its name; None where there is none that this account may see."""
    try:
        rows = [site.http.get(f"{site.api}/filter/{name}").json()] if name.isdigit() else _named(site, name)
    except (HttpError, HttpDenied) as error:
        if error.status not in _REFUSALS:
            raise
        return None
    return next((row for row in rows if row.get("jql")), None)


def _named(site: Site, name: str) -> list[Json]:
    """Look a filter up by its name; Data Center can only be asked for those that the account has starred."""
    if not site.cloud:
        rows: Any = site.http.get(f"{site.api}/filter/favourite").json()
    else:
        asked = {"filterName": f'"{name}"', "expand": "jql", "maxResults": 50}
        rows = site.http.get(f"{site.api}/filter/search", asked).json().get("values") or []
    return [row for row in rows if str(row.get("name", "")).casefold() == name.casefold()]


def gaps(site: Site) -> Iterator[Finding]:
    """Say what of a query's scope this account cannot see, and what boards hide that the source reads."""
    if site.config.query is not None:
        yield from _filters(site, site.config.query)
        yield from _projects(site, site.config.query)
    yield from _sub_filters(site)


def _filters(site: Site, query: str) -> Iterator[Finding]:
    for name in jql.saved_filters(query):
        what = f"filter {name}"
        if saved_filter(site, name) is None:
            yield Finding(
                what, ok=False, says=f"The query names filter {name}, which this account cannot see.",
                todo="Have its owner share it with this account; until then nobody notices when it is changed.",
            )  # fmt: skip
        else:
            yield Finding(
                what, ok=True, says=f"Filter {name} is watched: a change of it is told before it is read."
            )


def _projects(site: Site, query: str) -> Iterator[Finding]:
    for key in jql.named_projects(query):
        try:
            site.project_answer(key)
        except SliceUnreadable:
            yield Finding(
                f"project {key}", ok=False, says=f"The query names project {key}, which this account does not see.",
                todo="Jira finds nothing of it and says nothing. Have the account granted Browse Projects, or take "
                "the project out of the query.",
            )  # fmt: skip


def _sub_filters(site: Site) -> Iterator[Finding]:
    """Tell of Kanban boards that show less than their project holds: their numbers differ from ours by that."""
    try:
        kanban = [board for board in boards(site) if board.get("type") == "kanban"]
    except SliceUnreadable:
        return
    for board in kanban[:_BOARDS]:
        try:
            found: Any = site.http.get(f"/rest/agile/1.0/board/{board['id']}/configuration").json()
        except (HttpError, HttpDenied):
            continue
        hidden = (found.get("subQuery") or {}).get("query")
        if hidden:
            yield Finding(
                f"board {board.get('name')}", ok=True,
                says=f"This Kanban board shows only what its sub-filter takes in ({hidden}). The project is read "
                "whole, so counts are larger here than on the board.",
            )  # fmt: skip
