"""Where we may connect to: officers type addresses, and none of them may lead into the network Muster stands in.

Every connection is made to the very address that was checked, so that a name which is answered differently the
second time leads nowhere else; each redirect, link and download address makes a connection of its own, and is checked
like the first. Refused is what is not of the public internet, unless `MUSTER_ALLOW_ADDRESSES` names it.
"""

import ipaddress
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import httpcore
import httpx

from connectors.errors import MisconfiguredSource

VARIABLE: Final = "MUSTER_ALLOW_ADDRESSES"
LookUp = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_WORDS: Final = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"),
}
# Where clouds tell a machine its own secrets: neither a word nor a name of a host opens these, only the address.
_METADATA: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "169.254.0.0/16", "fe80::/10",
        "fd00:ec2::/32",  # Amazon
        "fd20:ce::254/128",  # Google
        "fd00:42::42/128",  # Scaleway
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle; counted as public by some releases of Python
    )
)  # fmt: skip
_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_WRAPS: Final = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 behind a translator
_SITE_LOCAL: Final = ipaddress.ip_network("fec0::/10")  # given up in 2004, still in use here and there
_CALLED: Final = {
    "base_url": "the address (base_url)"
}  # what the pages call an option, with its name in a file


class AddressRefused(MisconfiguredSource):
    """The address leads where Muster does not connect to."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is allowed besides the public internet: networks, those that were named one by one, and names of hosts."""

    networks: tuple[Network, ...] = ()
    named: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    def covers(self, host: str, address: Address) -> bool:
        """Tell whether an address that a host has may be connected to."""
        inner = _unwrapped(address)
        if _within(inner, self.named):
            return True
        if _within(inner, _METADATA):
            return False
        return _is_public(inner) or _within(inner, self.networks) or self._names(host)

    def _names(self, host: str) -> bool:
        low = host.lower().rstrip(".")
        return any(low == name or (name.startswith(".") and low.endswith(name)) for name in self.hosts)


def allowed() -> Allowed:
    """Return what this installation allows.

    Raises:
        ValueError: The variable holds something else than networks, addresses, names of hosts and our words.
    """
    return _read(os.environ.get(VARIABLE, ""))


@lru_cache
def _read(given: str) -> Allowed:
    networks: list[Network] = []
    named: list[Network] = []
    hosts: set[str] = set()
    for part in filter(None, (each.strip().lower() for each in given.split(","))):
        if part in _WORDS:
            networks += map(ipaddress.ip_network, _WORDS[part])
        elif part[0].isdigit() or ":" in part:
            try:
                named.append(ipaddress.ip_network(part, strict=False))
            except ValueError:
                raise ValueError(_unreadable(part)) from None
        elif all(letter.isalnum() or letter in "-._" for letter in part):
            hosts.add(part)
        else:
            raise ValueError(_unreadable(part))
    return Allowed(tuple(networks), tuple(named), frozenset(hosts))


def opened_by_name(host: str) -> bool:
    """Tell whether this installation names a host, or allows this machine and the host is it.

    A whole network that is allowed says nothing of who in it may be trusted with a sign-in.

    Raises:
        ValueError: As `allowed`.
    """
    rule = allowed()
    if rule._names(host):  # noqa: SLF001 - of this module
        return True
    try:
        address = ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError:
        return False
    single = tuple(each for each in rule.named if each.num_addresses == 1)
    return _within(address, single) or (address.is_loopback and _within(address, rule.networks + rule.named))


def _unreadable(part: str) -> str:
    return (
        f"{VARIABLE}: {part!r} is no network, address or name of a host; expected such as"
        " 10.20.0.0/16,jira.example.internal,.example.internal or the words loopback, private"
    )


def _is_public(address: Address) -> bool:
    if _within(address, (_SITE_LOCAL,)):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _WRAPS:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host.

    Raises:
        OSError: It has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError:  # a part of it is longer than any name's, or empty
        raise socket.gaierror(socket.EAI_NONAME, "this cannot be the name of a host") from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def checked(host: str, port: int, *, source: str, option: str, look_up: LookUp = look_up) -> Sequence[str]:
    """Look a host up once and return its addresses, all of which may be connected to.

    One address among several that may not be refuses all: who answers so tries to get by.

    Raises:
        AddressRefused: With the option to correct, or whom to ask.
        OSError: The host is not known; as the system says it.
    """
    numbers = look_up(host, port)
    try:
        rule = allowed()
    except ValueError as error:
        raise AddressRefused(str(error), source=source) from None
    for number in numbers:
        address = ipaddress.ip_address(number.partition("%")[0])
        if not rule.covers(host, address):
            raise AddressRefused(
                f"{host} is at {number}, inside a network that Muster does not connect to. If"
                f" {_CALLED.get(option, option)} is right, whoever runs Muster allows it:"
                f" {VARIABLE}={_opening(host, address)} (docs/install.md).",
                source=source,
            )
    return numbers


def check_behind_proxy(host: str, port: int, *, source: str, option: str, look_up: LookUp = look_up) -> None:
    """Refuse a host inside to which a proxy would connect for us.

    The proxy looks the name up itself, so one that is not known here may be known there.

    Raises:
        AddressRefused: The host is one of ours, by number or by name.
    """
    with suppress(OSError):
        checked(host, port, source=source, option=option, look_up=look_up)


def _opening(host: str, address: Address) -> str:
    """Return what opens the way to a host: its name where that does, else the very address."""
    if host.lower() not in _WORDS:
        try:
            if _read(host).covers(host, address):
                return host
        except ValueError:  # a number written in another way, such as 2130706433
            pass
    return str(_unwrapped(address))


class _Backend(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to nothing else."""

    def __init__(self, source: str, option: str, network: httpcore.NetworkBackend, look_up: LookUp) -> None:
        self._source, self._option = source, option
        self._network, self._look_up = network, look_up

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        """Connect to the first address that takes it; the name is looked up once, also where that fails.

        Raises:
            AddressRefused: It leads where Muster does not connect to.
            httpcore.ConnectError: The host is not known, or nobody listens there.
        """
        try:
            numbers = checked(host, port, source=self._source, option=self._option, look_up=self._look_up)
        except OSError as unknown:  # whoever is asked a second time may answer with an address of ours
            raise httpcore.ConnectError(str(unknown)) from unknown
        for number in numbers[:-1]:
            try:
                return self._network.connect_tcp(number, port, *args, **kwargs)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._network.connect_tcp(numbers[-1], port, *args, **kwargs)

    def connect_unix_socket(self, *_args: Any, **_kwargs: Any) -> httpcore.NetworkStream:
        """Refuse: no tracker is behind one."""
        raise AddressRefused("a local socket is no address of a tracker", source=self._source)

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        self._network.sleep(seconds)


class GuardedTransport(httpx.HTTPTransport):
    """A transport whose connections, to a proxy as well, are held to what is allowed."""

    def __init__(
        self,
        *,
        source: str,
        option: str = "base_url",
        verify: ssl.SSLContext | bool = True,
        proxy: str | None = None,
        limits: httpx.Limits = _LIMITS,
        network: httpcore.NetworkBackend | None = None,
        look_up: LookUp = look_up,
    ) -> None:
        super().__init__(verify=verify, proxy=proxy, trust_env=False, limits=limits)
        self._source, self._option, self._look_up = source, option, look_up
        self._behind: set[tuple[str, int]] | None = set() if proxy else None  # hosts that were checked
        # httpx passes no network backend on to the pool that would take one.
        self._pool._network_backend = _Backend(  # noqa: SLF001
            source, "proxy" if proxy else option, network or httpcore.SyncBackend(), look_up
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; where a proxy is to carry it, its own address is checked as well, once for each host.

        Raises:
            AddressRefused: It leads where Muster does not connect to.
        """
        if self._behind is not None:
            url = request.url
            target = (
                url.raw_host.decode("ascii").strip("[]"),
                url.port or (443 if url.scheme == "https" else 80),
            )
            if target not in self._behind:
                check_behind_proxy(*target, source=self._source, option=self._option, look_up=self._look_up)
                self._behind.add(target)
        return super().handle_request(request)
