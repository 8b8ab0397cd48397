"""Single work items: as they are, their updates, and the recycle bin."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from connectors.azure_devops.calls import MOST_PAGES, Calls, content, in_path, rows_of
from connectors.azure_devops.poison import Broken, bisected, merged
from connectors.http import Answer, HttpError

BATCH: Final = 200  # the most ids workitemsbatch takes, and the most updates a page of them holds


class ItemCalls(Calls):
    """The calls that show work items."""

    def current(self, ids: Sequence[int]) -> tuple[list[Answer], Broken]:
        """Fetch items with their relations, 200 a call; one that is gone or hidden is null in its answer.

        One that breaks the call is asked for apart, and given with the reason.
        """
        chunks = [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)]
        with ThreadPoolExecutor(max_workers=self.connections) as pool:
            found = list(pool.map(lambda chunk: bisected(chunk, self._batch_of), chunks))
        return [answer for answers, _ in found for answer in answers], merged(broken for _, broken in found)

    def newest_revisions(self, ids: Sequence[int]) -> dict[int, int]:
        """Return the revision each item has now; one that cannot be read is left out."""
        revs: dict[int, int] = {}
        for at in range(0, len(ids), BATCH):
            answers, _ = bisected(ids[at : at + BATCH], self._revs_of)
            rows = (one for answer in answers for one in content(answer)["value"] if one)
            revs |= {int(one["id"]): int(one["rev"]) for one in rows}
        return revs

    def updates(self, wanted: Mapping[int, int]) -> tuple[dict[int, list[Answer]], Broken]:
        """Fetch the history of items, id -> its newest revision, until that revision is reached."""
        with ThreadPoolExecutor(max_workers=self.connections) as pool:
            found = list(pool.map(lambda id_: bisected([id_], self._updates_in(wanted)), wanted))
        histories = {id_: answers for id_, (answers, broken) in zip(wanted, found, strict=True) if not broken}
        return histories, merged(broken for _, broken in found)

    def comments(self, wanted: Mapping[int, str]) -> tuple[dict[int, list[Answer]], Broken]:
        """Fetch the discussions of items, id -> its project's name; each one whole."""
        with ThreadPoolExecutor(max_workers=self.connections) as pool:
            found = list(pool.map(lambda id_: bisected([id_], self._comments_in(wanted)), wanted))
        said = {id_: answers for id_, (answers, broken) in zip(wanted, found, strict=True) if not broken}
        return said, merged(broken for _, broken in found)

    def _comments_in(self, wanted: Mapping[int, str]) -> Callable[[Sequence[int], int], list[Answer]]:
        def ask(ids: Sequence[int], attempts: int) -> list[Answer]:
            return self._comments_of(ids[0], wanted[ids[0]], attempts)

        return ask

    def _comments_of(self, id_: int, project: str, attempts: int) -> list[Answer]:
        """Fetch one discussion by its own tokens, oldest first: what is said meanwhile comes at the end."""
        path = f"/{in_path(project)}/_apis/wit/workItems/{id_}/comments"
        answers: list[Answer] = []
        tokens: set[str] = set()
        params: dict[str, Any] = {"$top": BATCH, "order": "asc"}
        while True:
            try:
                answer = self.get(path, params, kind="comments", attempts=attempts)
            except HttpError as error:
                if error.status == 404:  # noqa: PLR2004 - destroyed since it was listed
                    return answers
                raise
            answers.append(answer)
            token = str(content(answer).get("continuationToken") or "")
            if not token:
                return answers
            if token in tokens:
                raise self.loops(path)
            tokens.add(token)
            params = {**params, "continuationToken": token}

    def recycled(self, project: str) -> frozenset[int]:
        """List the ids in a project's recycle bin; nothing where it may not be read."""
        try:
            return recycled_ids(content(self.get(f"/{in_path(project)}/_apis/wit/recyclebin")))
        except HttpError:
            return frozenset()

    def _batch_of(self, ids: Sequence[int], attempts: int) -> list[Answer]:
        body = {"ids": list(ids), "$expand": "relations", "errorPolicy": "omit"}
        return [self.post("/_apis/wit/workitemsbatch", body, attempts=attempts)]

    def _revs_of(self, ids: Sequence[int], attempts: int) -> list[Answer]:
        body = {"ids": list(ids), "fields": ["System.Id", "System.Rev"], "errorPolicy": "omit"}
        return [self.post("/_apis/wit/workitemsbatch", body, attempts=attempts)]

    def _updates_in(self, wanted: Mapping[int, int]) -> Callable[[Sequence[int], int], list[Answer]]:
        def ask(ids: Sequence[int], attempts: int) -> list[Answer]:
            return self._updates_of(ids[0], wanted[ids[0]], attempts)

        return ask

    def _updates_of(self, id_: int, rev: int, attempts: int) -> list[Answer]:
        answers: list[Answer] = []
        received = 0
        for _ in range(MOST_PAGES):
            params = {"$top": BATCH, "$skip": received}
            try:
                answer = self.get(f"/_apis/wit/workItems/{id_}/updates", params, attempts=attempts)
            except HttpError as error:
                if error.status == 404:  # noqa: PLR2004 - destroyed since it was listed
                    return answers
                raise
            rows = rows_of(content(answer))
            answers.append(answer)
            received += len(rows)
            if not rows or max(int(row["rev"]) for row in rows) >= rev:
                return answers
        raise self.loops(f"/_apis/wit/workItems/{id_}/updates")


def recycled_ids(body: Any) -> frozenset[int]:
    """Read the recycle bin, whose ids are text, with or without the usual envelope."""
    rows = body if isinstance(body, list) else rows_of(body)
    return frozenset(int(row["id"]) for row in rows if row.get("code", 200) == 200)  # noqa: PLR2004 - HTTP
