"""Fetch and parse only, with httpx and orjson and nothing of Muster: the floor, and two ways to read a site.

`python -m benchmarks.fetching floor|ids|chains URL RECORDED CONNECTIONS [PROJECTS]` prints one JSON line.
`RECORDED` holds the requests a run of the product made, in order.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.memory import peak_mb
from config.process import tune

AUTH = ("sync@example.com", "sandbox-token")  # the sandbox's made-up account
BATCH = 100
Json = dict[str, Any]


class Fetcher:
    """A plain client that counts what arrives."""

    def __init__(self, url: str, connections: int) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = httpx.Client(
            base_url=url,
            auth=AUTH,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            limits=limits,
            trust_env=False,
            timeout=60,
        )
        self._connections = connections

    def ask(self, method: str, path: str, body: str | None) -> tuple[Any, int]:
        """Return the parsed answer and its size in bytes."""
        answer = self._client.request(method, path, content=body)
        answer.raise_for_status()
        return orjson.loads(answer.content), len(answer.content)

    def side_by_side(self, work: Callable[[Any], Json], items: Iterable[Any]) -> list[Json]:
        """Work on all items, as many at once as there are connections."""
        with ThreadPoolExecutor(self._connections) as threads:
            return list(threads.map(work, items))


def _tally(body: Any, size: int) -> Json:
    issues = body.get("issues", ()) if isinstance(body, dict) else ()
    return {"requests": 1, "bytes": size, "records": sum("fields" in issue for issue in issues)}


def _sum(parts: Iterable[Json]) -> Json:
    total = {"requests": 0, "bytes": 0, "records": 0}
    for part in parts:
        for name in total:
            total[name] += part[name]
    return total


def floor(fetcher: Fetcher, recorded: list[Json]) -> Json:
    """Ask again for everything the product asked for, side by side, and parse it."""

    def one(request: Json) -> Json:
        return _tally(*fetcher.ask(request["method"], request["path"], request["body"]))

    return _sum(fetcher.side_by_side(one, recorded))


def ids(fetcher: Fetcher, searches: list[Json], bulk: Json) -> Json:
    """List ids in large pages a project, then fetch all issues in batches side by side."""

    def listed(search: Json) -> Json:
        body, found, size, requests = dict(search), [], 0, 0
        while True:
            page, length = fetcher.ask("POST", "/rest/api/3/search/jql", json.dumps(body))
            found += [issue["id"] for issue in page["issues"]]
            size, requests = size + length, requests + 1
            if page["isLast"]:
                return {"ids": sorted(found, key=int), "requests": requests, "bytes": size, "records": 0}
            body["nextPageToken"] = page["nextPageToken"]

    def fetched(batch: list[str]) -> Json:
        asked = json.dumps({**bulk, "issueIdsOrKeys": batch})
        return _tally(*fetcher.ask("POST", "/rest/api/3/issue/bulkfetch", asked))

    lists = fetcher.side_by_side(listed, searches)
    batches = chain.from_iterable(
        (one["ids"][start : start + BATCH] for start in range(0, len(one["ids"]), BATCH)) for one in lists
    )
    return _sum([*lists, *fetcher.side_by_side(fetched, batches)])


def chains(fetcher: Fetcher, searches: list[Json], bulk: Json) -> Json:
    """Follow a chain of page tokens a project, the projects side by side."""

    def chained(search: Json) -> Json:
        body = {
            "jql": search["jql"], "maxResults": BATCH, "fields": bulk["fields"], "expand": "changelog"
        }  # fmt: skip
        parts = []
        while True:
            page, length = fetcher.ask("POST", "/rest/api/3/search/jql", json.dumps(body))
            parts.append(_tally(page, length))
            if page["isLast"]:
                return _sum(parts)
            body["nextPageToken"] = page["nextPageToken"]

    return _sum(fetcher.side_by_side(chained, searches))


def main(strategy: str, url: str, recorded: str, connections: str, projects: str = "0") -> None:
    """Measure one strategy and print it; the process is tuned as the product's are."""
    tune()
    requests: list[Json] = json.loads(Path(recorded).read_text())
    fetcher = Fetcher(url, int(connections))
    bulk = next(json.loads(one["body"]) for one in requests if one["path"].endswith("/bulkfetch"))
    searches = [
        body
        for one in requests
        if one["path"].endswith("/search/jql") and "nextPageToken" not in (body := json.loads(one["body"]))
    ]
    chosen = searches[: int(projects) or None]
    begin, busy = time.perf_counter(), time.process_time()
    if strategy == "floor":
        found = floor(fetcher, requests)
    else:
        found = (ids if strategy == "ids" else chains)(fetcher, chosen, bulk)
    found |= {"seconds": time.perf_counter() - begin, "cpu_s": time.process_time() - busy}
    print(json.dumps({**found, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
