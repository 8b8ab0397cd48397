"""Sessions for libraries that bring their own HTTP: they end, retry a little, and go where we may connect to."""

import socket
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.poolmanager import PoolManager, ProxyManager
from urllib3.util import Retry
from urllib3.util.connection import create_connection

from connectors.address import authorities_of_environment, is_certificates, trusting
from connectors.guard import check_behind_proxy, checked

_TIMEOUT_S: Final = (10.0, 60.0)  # connect, read


class _Patient(HTTPAdapter):
    """An adapter that never waits for ever: requests itself has no time-out."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or _TIMEOUT_S
        return super().send(request, *args, **kwargs)


class _Guarded(_Patient):
    """One whose connections, to a proxy as well, are held to what is allowed."""

    def __init__(self, source: str, option: str, trusted: ssl.SSLContext | None, **kwargs: Any) -> None:
        self._pools, self._source = _pools(source, option), source
        self._trusted: dict[str, Any] = {} if trusted is None else {"ssl_context": trusted}
        super().__init__(**kwargs)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; where a proxy is to carry it, its own address is checked as well."""
        if kwargs.get("proxies"):
            parts = urlsplit(request.url or "")
            port = parts.port or (443 if parts.scheme == "https" else 80)
            check_behind_proxy(parts.hostname or "", port, source=self._source, option="authority")
        return super().send(request, *args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of our own kind."""
        super().init_poolmanager(*args, **kwargs | self._trusted)
        self._ours(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """Make a proxy's pools of our own kind, too."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs | self._trusted)
        self._ours(manager)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Check against the given certificates alone: requests would add the public ones."""
        if self._trusted:
            conn.cert_reqs = "CERT_REQUIRED"
        else:
            super().cert_verify(conn, url, verify, cert)

    def _ours(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools


def _pools(source: str, option: str) -> dict[str, Any]:
    """Return pools whose connections look their host up once, and connect to what was checked."""

    def connected(self: HTTPConnection) -> socket.socket:
        try:
            numbers = checked(self.host, self.port, source=source, option=option)
            error: OSError | None = None
            for number in numbers:
                try:
                    return create_connection(
                        (number, self.port), self.timeout, self.source_address, self.socket_options
                    )
                except OSError as refused:
                    error = refused
        except OSError as unknown:
            error = unknown
        raise NewConnectionError(self, f"Failed to establish a new connection: {error}") from error

    made = {}
    kinds: tuple[tuple[str, Any, Any], ...] = (
        ("http", HTTPConnectionPool, HTTPConnection),
        ("https", HTTPSConnectionPool, HTTPSConnection),
    )
    for scheme, pool, connection in kinds:
        ours = type(f"Guarded{connection.__name__}", (connection,), {"_new_conn": connected})
        made[scheme] = type(f"Guarded{pool.__name__}", (pool,), {"ConnectionCls": ours})
    return made


def patient_session(
    ca_bundle: str | None, proxy: str | None, *, source: str | None, option: str = "authority"
) -> requests.Session:
    """Return a session whose certificates and proxy are the configured ones.

    Without a configured bundle that of the environment counts, as it does for every other call we make. It connects
    only where Muster may; without a `source` anywhere, for an address that nobody types: the machine's own identity.
    """
    session = requests.Session()
    session.trust_env = False  # else REQUESTS_CA_BUNDLE and its kin would win over ca_bundle
    given = ca_bundle or authorities_of_environment()
    trusted = trusting(source or "", given) if given and is_certificates(given) else None
    session.verify = True if trusted else given or True
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}
    again = Retry(
        total=2,
        connect=0,
        read=0,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        backoff_factor=0.5,
        respect_retry_after_header=False,  # it would sleep it out, however long, and ignore a stop
        raise_on_status=False,
    )
    for scheme in ("https://", "http://"):
        adapter = (
            _Patient(max_retries=again)
            if source is None
            else _Guarded(source, "proxy" if proxy else option, trusted, max_retries=again)
        )
        session.mount(scheme, adapter)
    return session
