"""Templates, and how figures, dates and addresses are written in them."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.access.csrf import FIELD, MARK, form_token
from api.access.visible import Principal, Reader
from api.glossary import explained, is_explained
from api.pages.navigation import navigation
from api.pages.reasons.reading import translated, translated_value
from api.pages.static import address
from api.pages.straight import straight
from api.pages.writing import (
    NONE,
    WORDS,
    clock_text,
    date_text,
    instant_text,
    money_text,
    month_text,
    number_text,
    schedule_text,
    short_date,
    signed_days,
    value_text,
    weekday_text,
    words,
)
from api.translation import _, gettext, plural_form, preferences, sense
from api.wire.answer import Visible, answer
from api.wire.etag import Body
from api.wire.personal import Personal

HTML: Final = "text/html; charset=utf-8"
# Stands where a kept page names its reader; nobody can have written it into a tracker beforehand.
_WHO: Final = f"who-{secrets.token_urlsafe(24)}"
LETTERS: Final = {"GREEN": "G", "AMBER": "A", "RED": "R", "GREY": "?", "BLUE": "C"}


def safe_url(value: object) -> str | None:
    """Return an address a page may link to: http and https only, whatever a tracker claims."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.netloc else None


def said(message: str) -> str:
    """Return a message that was marked elsewhere in the reader's language, escaped like any other value."""
    return _(message)


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
        "clock": clock_text, "month": month_text, "weekday": weekday_text,
        "said": said, "reason": translated, "told": translated_value, "schedule": schedule_text,
    }  # fmt: skip
    environment.filters.update(filters)
    environment.tests["explained"] = is_explained
    environment.globals.update(
        link=link,
        asset=address,
        navigation=navigation,
        explained=explained,
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
    context.setdefault("who", principal.shown if principal else "")
    return straight(TEMPLATES.get_template(template).render(context)).encode()


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
    name = str(escape(principal.shown))
    return Personal({_WHO.encode(): name.encode(), MARK.encode(): token.encode()})


def held(principal: Principal) -> tuple[object, ...]:
    """Return what decides which parts of a page a reader is offered."""
    return tuple(sorted({str(permission) for right in principal.held for permission in right.permissions}))
