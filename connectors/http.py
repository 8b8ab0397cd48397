"""The one way to call a tracker: retries, limits, time-outs, and failures in an officer's words."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from connectors.address import checked_address, origin_of, trust
from connectors.answer import Answer
from connectors.base import Traffic
from connectors.body import ENCODINGS, read_whole
from connectors.errors import MisconfiguredSource
from connectors.guard import GuardedTransport
from connectors.pace import LONGEST_PAUSE_S, TooLong, seconds_asked, shared_pace, soft_delay
from connectors.redaction import redacted, remember, request_line, scrubbed, secrets_of
from connectors.refusals import (
    LOGIN_HINT,
    HttpDenied,
    HttpError,
    HttpUnavailable,
    address,
    is_refused,
    refusal,
    unreachable,
)
from connectors.spending import check_budget, count, set_out
from connectors.stopping import check_stopping, resting

__all__ = ["Answer", "Http", "HttpDenied", "HttpError", "HttpUnavailable", "trust"]

ATTEMPTS: Final = 6
ATTEMPTS_REFUSED: Final = 3  # at a port that nobody listens on, of a host that has not answered us yet
LONGEST_ANSWER_S: Final = 300.0  # whole body, against a server that drips
LARGEST_ANSWER: Final = 512 * 1024 * 1024  # bytes
_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 531)})
_PAUSES: Final = frozenset({429, 503})
_USER, _NOBODY = "x-ausername", "anonymous"
_SESSION_ENDED: Final = frozenset({400, 401, 404})
_LONGEST_CALL_S: Final = 900.0  # all its attempts together
_QUOTED: Final = 1 << 20  # bytes of a refusal's body that are looked at


class _Again(Exception):
    """Try once more.

    `asked` is how long the host wants all of us away, `limited` says that it limits us without a word on
    how long, `refused` that nobody listens there at all.
    """

    def __init__(
        self,
        why: str,
        *,
        status: int | None = None,
        asked: float | None = None,
        limited: bool = False,
        refused: bool = False,
    ) -> None:
        super().__init__(why)
        self.status, self.asked, self.limited, self.refused = status, asked, limited, refused


class Http:
    """One identity on one host. Safe for threads; every call is a read and may be repeated."""

    def __init__(  # noqa: PLR0913 - every one is configuration or a seam for tests
        self,
        source: str,
        *,
        base_url: str,
        auth: httpx.Auth | tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        ca_bundle: str | None = None,
        proxy: str | None = None,
        transport: httpx.BaseTransport | None = None,
        traffic: Traffic | None = None,
        connections: int = 8,
        sleep: Callable[[float], None] | None = None,
        login_hint: str = LOGIN_HINT,
        option: str = "base_url",
    ) -> None:
        """Open nothing yet; `option` is what the configuration calls the address.

        Raises:
            MisconfiguredSource: The address, the proxy or the CA bundle cannot be used at all.
        """
        self.source = source
        self.base_url = checked_address(source, base_url)
        self.traffic = traffic if traffic is not None else Traffic()
        self._sleep = sleep or resting(self.traffic.halted)
        self.login_hint = login_hint  # may be set anew once it is known who answers
        self._option, self._proxy = option, proxy
        self._secrets = secrets_of(auth, headers, proxy)
        remember(*self._secrets)
        self._origin = origin_of(self.base_url)
        seam = id(transport) if transport else 0
        host = f"{self._origin[1]}:{self._origin[2]}"
        self._share = shared_pace(host, _identity(auth, self._secrets), connections, seam)
        self._answered = False  # whether this host has ever answered us
        self._by_name = False  # whether it has called us by a name, as Jira Data Center does on every answer
        try:
            self._client = httpx.Client(
                auth=auth,
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": ENCODINGS,
                    "User-Agent": "Muster/0.1",
                    **(headers or {}),
                },
                timeout=_TIMEOUT,
                trust_env=False,
                transport=transport
                or GuardedTransport(
                    source=source,
                    option=option,
                    verify=trust(source, ca_bundle),
                    proxy=proxy,
                    limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
                ),
            )
        except ValueError:
            raise MisconfiguredSource(
                "the proxy is no address; it should look like http://proxy.example.com:8080", source=source
            ) from None

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        ok: Sequence[int] = (200,),
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """GET a path below the base address, or an absolute address of the same origin.

        Fewer `attempts` are for what has failed already, and is asked for in smaller pieces.

        Raises:
            HttpDenied: 401, 403, 407, or a sign-in page.
            HttpError: Another answer outside `ok` that repeating does not change.
            SourceUnavailable: The host cannot be reached, or goes on failing or limiting us.
            BudgetSpent: The run has used up what it may.
            Interrupted: The process is asked to stop.
        """
        return self._call(self._built("GET", path, params=params or None), None, ok, attempts)

    def post(
        self,
        path: str,
        body: Any,
        params: Mapping[str, Any] | None = None,
        ok: Sequence[int] = (200,),
        attempts: int = ATTEMPTS,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """POST JSON that asks for data: a read like any other, so it is repeated like one."""
        request = self._built(
            "POST",
            path,
            params=params or None,
            content=orjson.dumps(body),
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        return self._call(request, body, ok, attempts)

    def post_form(self, path: str, form: Mapping[str, str], ok: Sequence[int] = (200,)) -> Answer:
        """POST a form that may be repeated, such as a request for a token."""
        return self._call(self._built("POST", path, data=dict(form)), dict(form), ok, ATTEMPTS)

    def close(self) -> None:
        """Give the connections back."""
        self._share.close()
        self._client.close()

    def _built(self, method: str, path: str, **what: Any) -> httpx.Request:
        try:
            return self._client.build_request(method, self._address(path), **what)
        except (httpx.InvalidURL, UnicodeError):
            raise MisconfiguredSource(
                f"{self._option} or a link below it is no web address; it should look like"
                " https://tracker.example.com",
                source=self.source,
            ) from None

    def _address(self, path: str) -> str:
        if "://" not in path.partition("?")[0]:
            return f"{self.base_url}/{path.lstrip('/')}"
        parts = urlsplit(path)
        if origin_of(path) != self._origin or parts.username is not None:
            raise MisconfiguredSource(
                f"the answer points to {parts.scheme}://{parts.hostname}, another host than {self.base_url}; "
                "credentials are not sent there. Check base_url and the tracker's own base address.",
                source=self.source,
            )
        return path

    def _call(self, request: httpx.Request, body: Any, ok: Sequence[int], attempts: int) -> Answer:
        line = redacted(request_line(request, body), self._secrets)
        again = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=_given_up_after(attempts),
            wait=self._backoff,
            sleep=self._rest,
            before_sleep=self._count_retry,
            reraise=True,
        )
        try:
            return again(self._once, request, line, ok)
        except _Again as last:
            often = "a few times" if last.refused else "again and again"
            raise HttpUnavailable(
                f"{address(line)} failed {often}, last: {last}. The next run tries again.",
                source=self.source, status=last.status,
            ) from None  # fmt: skip
        except TooLong as pause:
            raise HttpUnavailable(
                f"it limits us and wants no request for {pause.seconds:.0f} seconds. Run again after that.",
                source=self.source, status=429, retry_after_s=pause.seconds,
            ) from None  # fmt: skip

    def _once(self, request: httpx.Request, line: str, ok: Sequence[int]) -> Answer:
        check_stopping()
        with self._share.turn(self._rest, self._count_wait):
            check_stopping()
            set_out(self.traffic, self.source)
            try:
                status, headers, content = self._send(request)
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise self._broken(error) from None
            except (httpx.InvalidURL, UnicodeError):  # the library looks at where a redirect leads, unasked
                raise MisconfiguredSource(
                    f"{address(line)} sends us on to something that is no address. Check {self._option} and what "
                    "stands between Muster and it.",
                    source=self.source,
                ) from None
        self._answered = True
        count(self.traffic, requests=1, bytes_fetched=len(content))
        if not self._by_name and headers.get(_USER, _NOBODY) != _NOBODY:
            self._by_name = True
        if status in ok:
            self._share.pace.answered()
            if (delay := soft_delay(headers)) > 0:
                self._share.pace.pause(delay, complaint=False)
            return Answer(self.source, line, status, headers, content)
        raise self._failure(request, line, status, headers, content)

    def _send(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        """Read one answer whole, within its limits of time and size."""
        response = self._client.send(request, stream=True)
        try:
            body = read_whole(response, source=self.source, most=LARGEST_ANSWER, seconds=LONGEST_ANSWER_S)
        finally:
            response.close()
        return response.status_code, response.headers, body

    def _broken(self, error: httpx.TransportError | httpx.DecodingError) -> Exception:
        count(self.traffic, requests=1)
        if isinstance(error, httpx.DecodingError):
            return _Again("the answer was compressed wrongly")
        found = unreachable(self.source, self.base_url, error, self._option, self._proxy)
        if not isinstance(found, str):
            return found
        return _Again(found, refused=is_refused(error) and not self._answered)

    def _failure(
        self, request: httpx.Request, line: str, status: int, headers: httpx.Headers, content: bytes
    ) -> Exception:
        """Turn an answer outside `ok` into what to do next."""
        # Some hosts limit by 401 or 403; then they say for how long.
        limited = status in _PAUSES or (status in (401, 403) and "retry-after" in headers)
        if limited and (asked := seconds_asked(headers)) is not None:
            self._share.pace.pause(asked)
            return (
                TooLong(asked)
                if asked > LONGEST_PAUSE_S
                else _Again(f"HTTP {status}", status=status, asked=asked)
            )
        if status in _SESSION_ENDED and self._by_name and headers.get(_USER) == _NOBODY:
            # A node took us for nobody by an old cookie: the one refusal that another try mends.
            self._by_name = False
            self._client.cookies.clear()
            request.headers.pop("cookie", None)
            return _Again("the session ended", status=status, asked=0.0)
        if status in _RETRIED:
            return _Again(f"HTTP {status}", status=status, limited=status in _PAUSES)
        clean = scrubbed(redacted(content[:_QUOTED].decode(errors="replace"), self._secrets)).encode()
        return refusal(self.source, line, status, headers, clean, self.login_hint)

    def _backoff(self, state: RetryCallState) -> float:
        """Wait longer each time, and let everybody wait where the host limits us; its own word stands above."""
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, _Again):
            return 0.0
        wait = float(_exponential(state))
        if error.asked is None and not error.limited:
            return wait
        if error.asked is None:
            self._share.pace.pause(wait)
        elif error.asked < wait and state.attempt_number > 1:  # asked for again and again: for 0 s, say
            self._share.pace.pause(wait, complaint=False)
        return 0.0  # the pause is waited for by whoever calls next, so by us as well

    def _rest(self, seconds: float) -> None:
        if seconds > 0:
            check_budget(self.traffic, self.source, seconds)
            self._sleep(seconds)

    def _count_retry(self, state: RetryCallState) -> None:
        del state
        count(self.traffic, retries=1)

    def _count_wait(self, seconds: float) -> None:
        count(self.traffic, waited_s=seconds)


_exponential = wait_exponential_jitter(multiplier=0.5, max=30, jitter=0.5)


def _given_up_after(attempts: int) -> Callable[[RetryCallState], bool]:
    """Give up sooner where nobody listens: that is a wrong address more often than a restart."""

    def given_up(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        refused = isinstance(error, _Again) and error.refused
        most = min(attempts, ATTEMPTS_REFUSED) if refused else attempts
        return state.attempt_number >= most or (state.seconds_since_start or 0.0) >= _LONGEST_CALL_S

    return given_up


def _identity(auth: object, secrets: Sequence[str]) -> str:
    """Name who calls, without saying it: limits are kept by account, whatever token it comes with."""
    who: object = getattr(auth, "identity", None)
    if who is None:
        who = auth[0].casefold() if isinstance(auth, tuple) and auth[0] else secrets or id(auth)
    return hashlib.sha256(repr(who).encode()).hexdigest()
