"""Where a source is: its address, its origin, and the certificates it is checked against."""

import ssl
from os import environ
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from connectors.errors import MisconfiguredSource

_PORTS: Final = {"http": 80, "https": 443}
_CA_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trust(source: str, ca_bundle: str | None) -> ssl.SSLContext | bool:
    """Say what certificates are checked against: the configured ones, the environment's, the public ones.

    Configured is a file or folder, or the text of certificates itself.

    Raises:
        MisconfiguredSource: The file or folder cannot be read, or there is no certificate in it.
    """
    if ca_bundle is not None and is_certificates(ca_bundle):
        return trusting(source, ca_bundle)
    chosen = ca_bundle or authorities_of_environment()
    if chosen is None:
        return True
    try:
        if Path(chosen).is_dir():
            return ssl.create_default_context(capath=chosen)
        return ssl.create_default_context(cafile=chosen)
    except OSError as error:  # ssl.SSLError is one
        raise MisconfiguredSource(
            f"the certificate file {chosen} cannot be used ({type(error).__name__}). It must be readable and "
            "in PEM form.",
            source=source,
        ) from None


def is_certificates(ca_bundle: str) -> bool:
    """Tell the text of certificates from the path of a file."""
    return ca_bundle.lstrip().startswith("-----BEGIN ")


def trusting(source: str, certificates: str) -> ssl.SSLContext:
    """Return what trusts these certificates alone.

    Raises:
        MisconfiguredSource: There is none in the text that could be used.
    """
    try:
        return ssl.create_default_context(cadata=certificates)
    except (ssl.SSLError, ValueError) as error:
        raise MisconfiguredSource(
            f"the certificates of the authority cannot be used ({type(error).__name__}); give them anew, in PEM form",
            source=source,
        ) from None


def authorities_of_environment() -> str | None:
    """Return the certificate file that the environment names for every program; None where it names none."""
    return next((environ[name] for name in _CA_VARIABLES if environ.get(name)), None)


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port as they compare: lower case, and the scheme's own port where none is named."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, parts.hostname or "", port or _PORTS.get(parts.scheme)


def checked_address(source: str, base_url: str) -> str:
    """Return the address without a slash at its end, if it can be one.

    Raises:
        MisconfiguredSource: It is none, or holds more than an address.
    """
    try:
        parts = urlsplit(base_url)
        named = bool(parts.hostname and httpx.URL(base_url).host) and parts.port != 0
    except (httpx.InvalidURL, ValueError):  # a host that no name can be, or a port that there is not
        named = False
    if not named or parts.scheme not in ("http", "https"):
        raise MisconfiguredSource(
            f"base_url {base_url!r} is no web address; it should look like https://tracker.example.com",
            source=source,
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise MisconfiguredSource(
            "base_url must be the bare address, with no user name, password, or anything after '?' or '#'",
            source=source,
        )
    return base_url.rstrip("/")
