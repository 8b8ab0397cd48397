"""Templates, and how figures, dates and addresses are written in them."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.access import Principal, Reader
from api.answer import Visible, answer
from api.csrf import FIELD, MARK, form_token
from api.etag import Body
from api.pages.navigation import navigation
from api.pages.static import address
from api.personal import Personal
from api.translation import gettext, plural_form, preferences, sense

HTML: Final = "text/html; charset=utf-8"
# Stands where a kept page names its reader; nobody can have written it into a tracker beforehand.
_WHO: Final = f"who-{secrets.token_urlsafe(24)}"
NONE: Final = "–"
LETTERS: Final = {"GREEN": "G", "AMBER": "A", "RED": "R", "GREY": "?", "BLUE": "C"}
WORDS: Final = {
    "GREEN": "Green", "AMBER": "Amber", "RED": "Red", "GREY": "Not enough data", "BLUE": "Complete",
}  # fmt: skip
_AMOUNT: Final = re.compile(r"-?\d{4,15}(\.\d+)?")  # a decimal as JSON holds it
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CODES: Final = {"GBP": "£", "EUR": "€", "USD": "$"}


def safe_url(value: object) -> str | None:
    """Return an address a page may link to: http and https only, whatever a tracker claims."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.netloc else None


def as_date(value: object) -> date | None:
    """Read an ISO date; None where there is none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def as_instant(value: object) -> datetime | None:
    """Read an ISO instant; None where there is none."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def date_text(value: object) -> str:
    """Write a date as `6 Nov 2026`."""
    found = as_date(value)
    return NONE if found is None else f"{found.day} {found:%b %Y}"


def short_date(value: object) -> str:
    """Write a date as `6 Nov`, for where the year is plain."""
    found = as_date(value)
    return NONE if found is None else f"{found.day} {found:%b}"


def instant_text(value: object) -> str:
    """Write an instant as `22 Nov 2026, 02:11 UTC`."""
    found = as_instant(value)
    if found is None:
        return NONE
    found = found.astimezone(UTC)
    return f"{found.day} {found:%b %Y, %H:%M} UTC"


def time_text(value: object, now: datetime) -> str:
    """Write an instant as `07:09 UTC`, with its day where that is not today."""
    found = as_instant(value)
    if found is None:
        return NONE
    found = found.astimezone(UTC)
    return f"{found:%H:%M} UTC" if found.date() == now.astimezone(UTC).date() else instant_text(found)


def number_text(value: object, digits: int = 1) -> str:
    """Write a number with thin groups and no needless zeros; None as a dash."""
    if value is None or isinstance(value, bool):
        return NONE if value is None else str(value).lower()
    try:
        found = float(str(value))
    except ValueError:
        return str(value)
    text = f"{found:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money_text(value: object, currency: str | None = None) -> str:
    """Write an amount in thousands or millions, as a board reads it: `£2.46 m`."""
    if value is None:
        return NONE
    try:
        found = float(str(value))
    except ValueError:
        return str(value)
    sign = "−" if found < 0 else ""
    mark = _CODES.get(currency or "", f"{currency} " if currency else "")
    size = abs(found)
    for limit, unit, digits in ((1e6, " m", 2), (1e3, " k", 0)):
        if size >= limit:
            return f"{sign}{mark}{number_text(size / limit, digits)}{unit}"
    return f"{sign}{mark}{number_text(size, 2)}"


def value_text(value: object) -> str:
    """Write whatever an input or claim holds."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number_text(value, 4)
    if isinstance(value, list):
        return ", ".join(map(value_text, value)) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {value_text(below)}" for key, below in value.items()) or "none"
    return _scalar_text(str(value))


def _scalar_text(text: str) -> str:
    """Write a date or a decimal that JSON holds as text; leave any other text alone."""
    if _DAY.fullmatch(text) and as_date(text):
        return date_text(text)
    return number_text(text, 2) if _AMOUNT.fullmatch(text) else text


def signed_days(value: int | None) -> str:
    """Write a slip: `+42 d`, `on time`, `−7 d`."""
    if value is None:
        return NONE
    if value == 0:
        return "on time"
    return f"+{value} d" if value > 0 else f"−{-value} d"


def words(value: object) -> str:
    """Write a name of the model as a person reads it: `data_quality` as `Data quality`."""
    text = str(value).replace("rag_", "reported_").replace("_", " ")
    return text[:1].upper() + text[1:]


def link(path: str, *parts: object, **query: object) -> str:
    """Return an address: parts quoted into the path, None left out of the query."""
    quoted = path.format(*(quote(str(part), safe="") for part in parts))
    kept = [(name, str(value)) for name, value in query.items() if value not in (None, "", False)]
    return f"{quoted}?{urlencode(kept)}" if kept else quoted


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(gettext, plural_form, newstyle=True, pgettext=sense)  # type: ignore[attr-defined]
    filters: dict[str, Callable[..., Any]] = {
        "safe_url": safe_url, "date": date_text, "short_date": short_date, "instant": instant_text,
        "number": number_text, "money": money_text, "value": value_text, "slip": signed_days, "words": words,
    }  # fmt: skip
    environment.filters.update(filters)
    environment.globals.update(
        link=link,
        asset=address,
        navigation=navigation,
        preferences=preferences,
        LETTERS=LETTERS,
        WORDS=WORDS,
        NONE=NONE,
        CSRF_FIELD=FIELD,
        CSRF_MARK=MARK,
    )
    return environment


TEMPLATES: Final = _environment()


def html(template: str, **context: Any) -> bytes:
    """Render a template; the forms' token is put in as it is sent."""
    principal = context.get("principal")
    context.setdefault("who", principal.name.split(":")[0] if principal else "")
    return TEMPLATES.get_template(template).render(context).encode()


def page(
    reader: Reader, template: str, collect: Callable[[Session, Visible], dict[str, Any]], *, also: object = ""
) -> Response:
    """Answer with a page, kept and tagged as every read is."""

    def render(session: Session, visible: Visible) -> Body:
        context = collect(session, visible)
        here = reader.request.url.path
        return Body(html(template, principal=reader.principal, here=here, who=_WHO, **context), HTML)

    personal = own(reader.request, reader.principal)
    return answer(reader, render, also=(also, preferences(), held(reader.principal)), personal=personal)


def own(request: Request, principal: Principal) -> Personal:
    """Return what of a kept page is this reader's alone: their name, and the token of their forms."""
    by_key = "authorization" in request.headers
    token = "" if by_key else form_token(request.scope) or ""
    name = str(escape(principal.name.split(":")[0]))
    return Personal({_WHO.encode(): name.encode(), MARK.encode(): token.encode()})


def held(principal: Principal) -> tuple[object, ...]:
    """Return what decides which parts of a page a reader is offered."""
    return tuple(sorted({str(permission) for right in principal.held for permission in right.permissions}))


def problem_page(
    request: Request, status: int, title: str, detail: str, headers: Mapping[str, str]
) -> Response:
    """Return an error as a page; where nobody is signed in, with the form to do so."""
    template = "signin.html" if status == 401 else "problem.html"  # noqa: PLR2004 - HTTP's own number
    path = request.url.path
    going = f"{path}?{request.url.query}" if request.url.query else path
    context = {"status": status, "title": title, "detail": detail, "next": going, "wrong": None, "link": None}
    return Response(html(template, principal=None, here="", **context), status, dict(headers), HTML)
