"""Downloads from pre-authenticated addresses, which are credentials: never logged, quoted or stored."""

from collections.abc import Callable
from contextlib import closing
from typing import Final

import httpx

from connectors.base import Traffic
from connectors.errors import BudgetSpent, SliceUnreadable, SourceUnavailable
from connectors.excel.files import MOST_BYTES
from connectors.pace import LONGEST_PAUSE_S, seconds_asked

HEADERS: Final = {"User-Agent": "NONISV|Muster|Muster/0.1"}  # decorated as SharePoint asks of applications
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
    ) -> None:
        self._transport = transport
        self._source = source
        self._traffic = traffic
        self._sleep = sleep

    def fetch(self, address: str, size: int, label: str) -> bytes | None:
        """Fetch a pre-authenticated address; None when it has expired. Says nothing about it, for it is a secret."""
        why = "no answer"
        for attempt in range(_TRIES):
            if spent := self._traffic.spent():
                raise BudgetSpent(spent, source=self._source)
            try:
                request = httpx.Request("GET", address, headers=HEADERS, extensions=_EXTENSIONS)
                with closing(self._transport.handle_request(request)) as response:
                    self._traffic.requests += 1
                    if response.status_code in _EXPIRED:
                        return None
                    if response.status_code == httpx.codes.OK:
                        if (body := self._whole(response, size, label)) is not None:
                            return body
                        why = "its bytes ended early"
                    elif response.status_code not in _SLOW:
                        raise self._unreadable(
                            label, f"could not be downloaded (HTTP {response.status_code})"
                        )
                    else:
                        why = f"HTTP {response.status_code}"
                    wait = seconds_asked(response.headers)
            except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                wait, why = None, type(error).__name__
            self._pause(wait if wait is not None else float(2**attempt), label)
        raise SourceUnavailable(
            f"{label} could not be downloaded: {why}. The next run tries again", source=self._source
        )

    def _whole(self, response: httpx.Response, size: int, label: str) -> bytes | None:
        """Read a body within its limits; None when it is cut short."""
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise self._unreadable(
                    label, f"sends more than {MOST_BYTES >> 20} MB, though it says {size} bytes"
                )
        self._traffic.bytes_fetched += len(body)
        declared = response.headers.get("content-length", "")
        whole = not declared.isdigit() or "content-encoding" in response.headers or int(declared) == len(body)
        # SharePoint rewrites Office files after an upload, so a size that differs a little is no error.
        return bytes(body) if whole and (body or not size) else None

    def _pause(self, seconds: float, label: str) -> None:
        if seconds > LONGEST_PAUSE_S:
            raise SourceUnavailable(
                f"{label}: SharePoint limits us and wants no request for {seconds:.0f} seconds",
                source=self._source,
                retry_after_s=seconds,
            )
        self._traffic.retries += 1
        self._traffic.waited_s += seconds
        self._sleep(seconds)

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def _unreadable(self, label: str, words: str) -> SliceUnreadable:
        return SliceUnreadable(words, source=self._source, slice_=label)
