"""Addresses that officers type lead out of the network Muster stands in, and nowhere else."""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpcore
import httpx
import pytest
import requests

from connectors.base import Traffic
from connectors.errors import MisconfiguredSource, SourceUnavailable
from connectors.excel.download import Downloads
from connectors.guard import VARIABLE, AddressRefused, GuardedTransport, allowed, checked, look_up
from connectors.http import Http
from connectors.patient import patient_session

INSIDE = (
    "127.0.0.1", "127.8.9.10", "::1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "100.64.0.1", "169.254.169.254",
    "fe80::1", "fd00:ec2::254", "fc00::1", "0.0.0.0", "::",  # noqa: S104 - it is refused "255.255.255.255", "224.0.0.1", "ff02::1", "240.0.0.1",
    "192.0.2.1", "198.18.0.1", "168.63.129.16", "100.100.100.200", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "fec0::1", "feff::1",
    "fd20:ce::254", "fd00:42::42", "192.0.0.192",
)  # fmt: skip
OUTSIDE = ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set what this installation allows; nothing to begin with."""
    monkeypatch.setenv(VARIABLE, "")
    return lambda value: monkeypatch.setenv(VARIABLE, value)


@pytest.fixture
def server() -> Iterator[str]:
    """Somebody who listens on loopback."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.mark.usefixtures("allow")
@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not allowed().covers("tracker.example.com", ipaddress.ip_address(address))


@pytest.mark.usefixtures("allow")
@pytest.mark.parametrize("address", OUTSIDE)
def test_the_public_internet_is_allowed(address: str) -> None:
    assert allowed().covers("tracker.example.com", ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("value", "host", "address", "may"),
    [
        ("loopback", "x", "127.0.0.1", True),
        ("loopback", "x", "10.0.0.1", False),
        ("private", "x", "10.0.0.1", True),
        ("private", "x", "127.0.0.1", False),
        ("private", "x", "169.254.169.254", False),
        ("private", "x", "100.100.100.200", False),
        ("private", "x", "fd20:ce::254", False),
        ("private", "x", "fd00:42::42", False),
        ("jira.example.internal", "jira.example.internal", "192.0.0.192", False),
        ("10.20.0.0/16", "x", "10.20.3.4", True),
        ("10.20.0.0/16", "x", "10.21.3.4", False),
        ("169.254.169.254", "x", "169.254.169.254", True),
        ("jira.example.internal", "JIRA.example.internal.", "10.0.0.1", True),
        ("jira.example.internal", "evil-jira.example.internal", "10.0.0.1", False),
        ("jira.example.internal", "jira.example.internal", "169.254.169.254", False),
        (".example.internal", "a.b.example.internal", "192.168.0.9", True),
        (".example.internal", "example.internal.evil.com", "192.168.0.9", False),
        ("loopback, 10.0.0.0/8", "x", "10.9.9.9", True),
    ],
)
def test_what_an_installation_names_is_allowed_and_nothing_beside_it(
    allow: Callable[[str], None], value: str, host: str, address: str, may: object
) -> None:
    allow(value)
    assert allowed().covers(host, ipaddress.ip_address(address)) is may


def test_a_setting_that_cannot_be_read_allows_nothing_and_says_so(allow: Callable[[str], None]) -> None:
    allow("10.0.0.0/99")
    with pytest.raises(AddressRefused, match=r"MUSTER_ALLOW_ADDRESSES: '10\.0\.0\.0/99' is no network"):
        checked("127.0.0.1", 80, source="s", option="base_url")


def test_every_way_to_write_this_machine_is_refused(allow: Callable[[str], None], server: str) -> None:
    port = server.rpartition(":")[2]
    for host in (
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::ffff:127.0.0.1]",
    ):
        calling = Http("jira", base_url=f"http://{host}:{port}", sleep=lambda _: None)
        with pytest.raises(
            AddressRefused, match=r"the address \(base_url\) is right, whoever runs Muster allows it"
        ):
            calling.get("/")
        calling.close()
    allow("loopback")
    calling = Http("jira", base_url=server)
    assert calling.get("/").status == 200
    calling.close()


def test_a_proxy_is_an_address_like_any_other(allow: Callable[[str], None], server: str) -> None:
    allow("")
    calling = Http("jira", base_url="http://tracker.example.com", proxy=server, sleep=lambda _: None)
    with pytest.raises(AddressRefused, match="If proxy is right"):
        calling.get("/")
    calling.close()


def test_a_proxy_that_may_be_used_leads_to_nothing_inside(allow: Callable[[str], None], server: str) -> None:
    """Whoever reads by way of a company's proxy does not reach what the proxy can reach."""
    host = server.removeprefix("http://")
    allow(host.partition(":")[0])
    for inside in (
        "http://169.254.169.254/latest",
        "http://10.0.0.7/",
        "https://[fd00:ec2::254]/",
        "http://2852039166/",
    ):
        calling = Http("jira", base_url=inside, proxy=server, sleep=lambda _: None)
        with pytest.raises(AddressRefused, match=r"the address \(base_url\) is right"):
            calling.get("/")
        calling.close()
        with patient_session(None, server, source="ado") as session, pytest.raises(AddressRefused):
            session.get(inside)
    calling = Http("jira", base_url="http://known.to.the.proxy.invalid", proxy=server)
    assert calling.get("/").status == 200
    calling.close()


def test_a_library_with_sessions_of_its_own_is_held_to_the_same(
    allow: Callable[[str], None], server: str
) -> None:
    with patient_session(None, None, source="ado") as session:
        with pytest.raises(AddressRefused, match="If authority is right"):
            session.get(server)
        allow("loopback")
        assert session.get(server).status_code == 200
    with patient_session(None, None, source="ado") as session, pytest.raises(requests.ConnectionError):
        session.get("http://nothing.invalid/")


def test_addresses_that_an_answer_gives_are_checked_as_well(
    allow: Callable[[str], None], server: str
) -> None:
    allow("")
    transport = GuardedTransport(source="files", option="graph_url")
    downloads = Downloads(transport, source="files", traffic=Traffic(), sleep=lambda _: None)
    with pytest.raises(AddressRefused, match="does not connect to"):
        downloads._ask(f"{server}/a.xlsx", 2, "a.xlsx")
    downloads.close()


class _Nowhere(httpcore.NetworkBackend):
    """Connects to nothing, and remembers what to."""

    def __init__(self) -> None:
        self.connected: list[str] = []

    def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.connected.append(host)
        raise httpcore.ConnectError("not in a test")


@pytest.mark.usefixtures("allow")
def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    """A name that is a public address when it is looked at and ours when it is used leads nowhere of ours."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    asked: list[str] = []
    nowhere = _Nowhere()

    def looked_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    for refused in (httpx.ConnectError, AddressRefused):
        transport = GuardedTransport(source="s", network=nowhere, look_up=looked_up)
        with httpx.Client(transport=transport) as client, pytest.raises(refused):
            client.get("http://rebound.example.com/")
    assert asked == ["rebound.example.com"] * 2
    assert nowhere.connected == ["93.184.216.34"]


@pytest.mark.usefixtures("allow")
def test_one_address_inside_refuses_all_that_a_name_has() -> None:
    with pytest.raises(AddressRefused, match=r"is at 10\.0\.0\.1"):
        checked(
            "both.example.com",
            80,
            source="s",
            option="base_url",
            look_up=lambda *_: ["93.184.216.34", "10.0.0.1"],
        )


@pytest.mark.usefixtures("allow")
def test_a_name_that_is_not_known_is_not_looked_up_again_by_whoever_connects() -> None:
    """Else one that is answered only the second time leads to wherever that answer says."""
    asked: list[str] = []
    nowhere = _Nowhere()

    def unknown(host: str, _port: int) -> list[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    transport = GuardedTransport(source="s", network=nowhere, look_up=unknown)
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectError, match="try again"):
        client.get("http://second.example.com/")
    assert (asked, nowhere.connected) == (["second.example.com"], [])


@pytest.mark.parametrize("host", ["a" * 64 + ".example.com", "a..b"])
def test_what_can_be_no_name_of_a_host_is_not_known(host: str) -> None:
    with pytest.raises(socket.gaierror):
        look_up(host, 80)
    calling = Http("jira", base_url=f"http://{host}", sleep=lambda _: None)
    with pytest.raises(SourceUnavailable, match="is not known in the network"):
        calling.get("/")
    calling.close()


@pytest.mark.parametrize(
    ("host", "number", "advised"),
    [
        ("jira.example.internal", "10.0.0.1", "jira.example.internal"),
        ("2130706433", "127.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1", "127.0.0.1"),
        ("1st.example.internal", "10.0.0.1", "10.0.0.1"),
        ("metadata.example.internal", "169.254.169.254", "169.254.169.254"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"),
        ("loopback", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_advice_is_a_setting_that_can_be_read_and_opens_the_way(
    allow: Callable[[str], None], host: str, number: str, advised: str
) -> None:
    def at(*_: object) -> list[str]:
        return [number]

    allow("")
    with pytest.raises(AddressRefused, match=re.escape(f" {VARIABLE}={advised} (docs/install.md)")):
        checked(host, 80, source="s", option="base_url", look_up=at)
    allow(advised)
    assert checked(host, 80, source="s", option="base_url", look_up=at) == [number]


@pytest.mark.parametrize(
    "address",
    [
        "http://\u2460\u2461\u2466.0.0.1:18988",
        "http://tracker\u202e.example.com",
        "http://a\uff0fb.example.com",
        "http://xn--a.com",
        "http://tracker.example.com:99999",
        "http://tracker.example.com:soon",
        "http://[",
    ],
)
def test_an_address_that_nothing_could_call_is_refused_in_words(address: str) -> None:
    with pytest.raises(MisconfiguredSource, match="is no web address"):
        Http("jira", base_url=address)


def test_a_link_that_nothing_could_follow_is_refused_in_words() -> None:
    calling = Http("jira", base_url="http://tracker.example.com")
    with pytest.raises(MisconfiguredSource, match="a link below it is no web address"):
        calling.get("/" + "a" * 70_000)
    calling.close()
