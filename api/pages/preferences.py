"""How pages are written for one reader: language, time zone, light or dark; kept in their browser's cookie."""

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.origin import same_origin
from api.access.visible import StatusReader
from api.pages.render import page
from api.pages.signin import local_path
from api.preferred import COOKIE, ZONES, cookie_of
from api.translation import LANGUAGES, N_, THEMES, Preferences, _, preferences
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.reached import is_secure

router = APIRouter()
_KEPT: Final = 400 * 24 * 3600  # seconds; browsers keep no cookie longer
_MOST_FORM: Final = 2048  # bytes
_THEMES: Final = {"system": N_("As the device has it"), "light": N_("Light"), "dark": N_("Dark")}


@router.get("/preferences")
def preferences_page(reader: StatusReader, back: str = "/") -> Response:
    """Show the choices there are, the standing ones chosen."""

    def collect(_session: Session, _visible: Visible) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "title": _("Preferences"),
            "back": local_path(back),
            "languages": LANGUAGES,
            "zones": [(name, _offset(name, now)) for name in ZONES],
            "themes": {name: _(_THEMES[name]) for name in THEMES},
            "chosen": preferences(),
            "now": now,
        }

    return page(reader, "preferences.html", collect, also=f"{datetime.now(UTC):%Y%m%d%H%M}")


@router.post("/preferences")
async def choose(request: Request) -> Response:
    """Keep what was chosen, and go back to where the reader came from."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a choice of language, time zone and theme")
    wanted = Preferences(
        language=_among(form.get("language"), LANGUAGES, "en"),
        zone=_among(form.get("zone"), ZONES, "UTC"),
        theme=_among(form.get("theme"), THEMES, "system"),
    )
    response = RedirectResponse(local_path(form.get("back", "/")), 303)
    response.set_cookie(
        COOKIE, cookie_of(wanted), max_age=_KEPT, path="/", httponly=True, samesite="lax",
        secure=is_secure(request.scope),
    )  # fmt: skip
    return response


def _among(given: str | None, known: Any, usual: str) -> str:
    return given if given is not None and given in known else usual


def _offset(name: str, now: datetime) -> str:
    """Write how far a time zone is from UTC today: `+01:00`."""
    text = f"{now.astimezone(ZoneInfo(name)):%z}"
    return f"{text[:3]}:{text[3:5]}"
