"""What is wrong with an address that somebody typed, in words."""

from urllib.parse import urlsplit

import httpx

from api.translation import _


def wrong_address(given: str) -> str | None:
    """Say what is wrong with an address, by the rule of whoever will call it."""
    try:
        parts = urlsplit(given)
        named = bool(parts.hostname and httpx.URL(given).host) and parts.port != 0
    except (httpx.InvalidURL, ValueError):  # a host that no name can be, or a port that there is not
        named = False
    if not named or parts.scheme not in ("http", "https") or not given.isprintable() or " " in given:
        return _("This is no web address; it begins with https:// and a name.")
    if parts.username or parts.password or parts.query or parts.fragment:
        return _("Only the bare address: no user name, no password, nothing after ? or #.")
    return None


def wrong_link(given: str) -> str | None:
    """Say what is wrong with a share link; it is asked of Microsoft Graph, and never opened itself."""
    try:
        parts = urlsplit(given)
        named = bool(parts.hostname and "." in parts.hostname and httpx.URL(given).host)
    except (httpx.InvalidURL, ValueError):
        named = False
    if not named or parts.scheme != "https" or not given.isprintable() or " " in given or parts.password:
        return _("this is no share link; it begins with https:// and the host of SharePoint or OneDrive.")
    return None
