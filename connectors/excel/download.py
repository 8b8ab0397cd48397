"""Downloads from pre-authenticated addresses, which are credentials: never logged, quoted or stored."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

import httpx

from connectors.base import Traffic
from connectors.body import read_whole
from connectors.errors import MisconfiguredSource, SliceUnreadable, SourceUnavailable
from connectors.excel.files import MOST_BYTES
from connectors.guard import AddressRefused
from connectors.pace import LONGEST_PAUSE_S, seconds_asked
from connectors.spending import check_budget, count, set_out
from connectors.stopping import check_stopping

HEADERS: Final = {"User-Agent": "NONISV|Muster|Muster/0.1"}  # decorated as SharePoint asks of applications
LONGEST_S: Final = 600.0  # whole body, against a server that drips
_TRIES: Final = 4
_SLOW: Final = frozenset({408, 429, 500, 502, 503, 504})
_EXPIRED: Final = frozenset({401, 403, 404, 410})
_EXTENSIONS: Final = {"timeout": httpx.Timeout(60.0, connect=10.0).as_dict()}


class Downloads:
    """Asks a bare transport, because a client of httpx writes every address it asks into its log."""

    def __init__(
        self,
        transport: httpx.BaseTransport,
        *,
        source: str,
        traffic: Traffic,
        sleep: Callable[[float], None],
        longest_s: float = LONGEST_S,
    ) -> None:
        """`longest_s` is the most a body may take, and after which nothing is tried again."""
        self._transport = transport
        self._source = source
        self._traffic = traffic
        self._sleep = sleep
        self._longest_s = longest_s

    def fetch(self, address: str, size: int, label: str) -> bytes | None:
        """Fetch a pre-authenticated address; None when it has expired. Says nothing about it, for it is a secret.

        Raises:
            SliceUnreadable: It gives no file, or one that is too large.
            SourceUnavailable: It goes on failing, or limits us for long.
            BudgetSpent: The run has used up what it may.
            Interrupted: The process is asked to stop.
        """
        why = "no answer"
        began = time.monotonic()
        for attempt in range(_TRIES):
            check_stopping()
            set_out(self._traffic, self._source)
            try:
                status, headers, body = self._ask(address, size, label)
            except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
                wait, why = None, type(error).__name__
            else:
                if status in _EXPIRED:
                    return None
                if status == httpx.codes.OK:
                    if _is_whole(headers, body, size):
                        return body
                    why = "its bytes ended early"
                elif status not in _SLOW:
                    raise self._unreadable(label, f"could not be downloaded (HTTP {status})")
                else:
                    why = f"HTTP {status}"
                wait = seconds_asked(headers)
            if time.monotonic() - began >= self._longest_s:
                break
            self._pause(wait if wait is not None else float(2**attempt), label)
        raise SourceUnavailable(
            f"{label} could not be downloaded: {why}. The next run tries again", source=self._source
        )

    def _ask(self, address: str, size: int, label: str) -> tuple[int, httpx.Headers, bytes]:
        """Send one request and read what comes, within its limits; of a refusal only the head."""
        body = b""
        try:
            request = httpx.Request("GET", address, headers=HEADERS, extensions=_EXTENSIONS)
            with closing(self._transport.handle_request(request)) as response:
                response.request = request
                if response.status_code == httpx.codes.OK:
                    body = read_whole(response, source=self._source, most=MOST_BYTES, seconds=self._longest_s)
                return response.status_code, response.headers, body
        except AddressRefused:
            raise
        except (
            MisconfiguredSource
        ):  # what `read_whole` says of too many bytes; here only one file is concerned
            words = f"sends more than {MOST_BYTES >> 20} MB, though it says {size} bytes"
            raise self._unreadable(label, words) from None
        finally:
            count(self._traffic, requests=1, bytes_fetched=len(body))

    def _pause(self, seconds: float, label: str) -> None:
        if seconds > LONGEST_PAUSE_S:
            raise SourceUnavailable(
                f"{label}: SharePoint limits us and wants no request for {seconds:.0f} seconds",
                source=self._source,
                retry_after_s=seconds,
            )
        check_budget(self._traffic, self._source, seconds)
        count(self._traffic, retries=1, waited_s=seconds)
        self._sleep(seconds)

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def _unreadable(self, label: str, words: str) -> SliceUnreadable:
        return SliceUnreadable(words, source=self._source, slice_=label)


def _is_whole(headers: httpx.Headers, body: bytes, size: int) -> bool:
    """Say whether a body was not cut short.

    SharePoint rewrites Office files after an upload, so a size that differs a little is no error.
    """
    declared = headers.get("content-length", "")
    whole = not declared.isdigit() or "content-encoding" in headers or int(declared) == len(body)
    return whole and bool(body or not size)
