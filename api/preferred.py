"""Read how a reader wants pages written: from their choice in a cookie, else from what the browser says."""

from typing import Final
from urllib.parse import parse_qsl, urlencode
from zoneinfo import available_timezones

from babel import negotiate_locale
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pseudo import PSEUDO
from api.translation import LANGUAGES, SOURCE, THEMES, Preferences, preferring
from api.wire.reached import PROGRAMS

COOKIE: Final = "muster_preferences"
ZONES: Final = (
    "UTC",
    *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
)
_NOT_PAGES: Final = (*PROGRAMS, "/static/")
_KNOWN_ZONES: Final = frozenset(ZONES)
_MOST: Final = 300  # characters of a cookie or a header that are looked at


class Preferred:
    """Set the preferences of each request for a page, and say in its answer that they decided it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"].startswith(_NOT_PAGES):
            await self._app(scope, receive, send)
            return
        wanted = preferred(Headers(scope=scope))

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Accept-Language")
                headers.setdefault("Content-Language", wanted.language)
            await send(message)

        with preferring(wanted):
            await self._app(scope, receive, said)


def preferred(headers: Headers) -> Preferences:
    """Return what a request's headers ask for; what is not known of it is left as it is for everybody."""
    chosen = dict(parse_qsl(cookie_parser(headers.get("cookie", "")).get(COOKIE, "")[:_MOST]))
    language, zone, theme = (chosen.get(name, "") for name in ("language", "zone", "theme"))
    if language not in LANGUAGES and language != PSEUDO:
        language = negotiated(headers.get("accept-language", ""))
    return Preferences(
        language=language,
        zone=zone if zone in _KNOWN_ZONES else "UTC",
        theme=theme if theme in THEMES else "system",
    )


def negotiated(accepted: str) -> str:
    """Return the language of ours that a browser likes best; English where it likes none."""
    weighed = []
    for place, part in enumerate(accepted[:_MOST].split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, name.strip()))
        except ValueError:
            continue
    liked = [name for weight, _, name in sorted(weighed) if weight < 0]
    return negotiate_locale(liked, list(LANGUAGES), sep="-") or SOURCE


def cookie_of(wanted: Preferences) -> str:
    """Write preferences as the value of the cookie."""
    return urlencode({"language": wanted.language, "zone": wanted.zone, "theme": wanted.theme})
