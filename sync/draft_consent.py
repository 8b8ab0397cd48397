"""A person's consent on the way to a source: asked for, and taken when their browser comes back with it."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Engine

from config.document import SourceBlock
from config.secrets import SecretMissing
from config.vault import VaultUnusable
from connectors.address import origin_of
from connectors.errors import ConnectorError
from connectors.grants import Grant
from connectors.jira.config import CLOUD_SCOPES, SERVER_SCOPES, JiraConfig, OAuthAuth
from connectors.jira.signin import authority_of, sites_of
from connectors.oauth import Authority, challenge_of, new_verifier
from connectors.redaction import remember, scrubbed
from sync import audit
from sync.draft_save import block_of
from sync.draft_tokens import keep_grant
from sync.drafts import Draft, DraftRefused, place_of, put
from sync.json import dump_bytes
from sync.keeping import KeptSecrets, installed_vault
from sync.registry import read_config
from sync.store import unit_of_work

PATIENCE: Final = timedelta(minutes=15)  # that a person has for it
_GATEWAY: Final = "https://api.atlassian.com"  # of all Cloud sites
_BELOW: Final = "/ex/jira/"
_ANY_SITE: Final = f"{_GATEWAY}{_BELOW}any"  # until the consent says which
# What an application has to be allowed to ask for, by the way to the source.
SCOPES: Final = {"jira_cloud": CLOUD_SCOPES, "jira_server": SERVER_SCOPES}


class ConsentRefused(DraftRefused):
    """The answer was ours, and nothing comes of it: it does not count a second time."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent that is being asked for: the person opens `url`, at `host`, and comes back to `callback`."""

    url: str
    host: str
    callback: str
    scopes: tuple[str, ...]
    is_over: bool


def ask(known: Draft, *, bound_to: str, now: datetime) -> dict[str, Any]:
    """Return what a draft keeps of a consent that begins now, its secrets sealed.

    `bound_to` is what tells the browser that it begins in from every other one.

    Raises:
        VaultUnusable: There is no usable key.
    """
    asked = {
        "state": f"{known.id}.{secrets.token_urlsafe(32)}",
        "verifier": new_verifier(),
        "bound_to": bound_to,
        "place": place_of(known.block),
    }
    return {"sealed": installed_vault().seal(dump_bytes(asked)).decode(), "began_at": now.isoformat()}


def consent_of(engine: Engine, known: Draft, *, now: datetime) -> Consent | None:
    """Return the consent that a draft asks for; None where it asks for none, or for another place than it is for.

    Raises:
        DraftRefused: Its address or application cannot be used.
    """
    asked = _asked(known)
    if asked is None:
        return None
    authority = _authority(engine, known)[0]
    try:
        began = datetime.fromisoformat(known.seen["consent"]["began_at"])
        url = authority.consent_url(asked["state"], challenge_of(asked["verifier"]))
        host = urlsplit(authority.authorize_url).netloc
        return Consent(url, host, authority.callback, authority.scopes, now - began > PATIENCE)
    finally:
        authority.http.close()


def draft_of(state: str) -> int:
    """Return the number of the draft that an answer is for.

    Raises:
        DraftRefused: It is for none.
    """
    number = state.partition(".")[0]
    if not number.isascii() or not number.isdecimal() or len(number) > 18:  # noqa: PLR2004 - digits of a bigint
        raise DraftRefused("This is no answer to anything that Muster asked for. Begin again.")
    return int(number)


def take(
    engine: Engine, known: Draft, answer: Mapping[str, str], *, bound_to: str, by: str, now: datetime
) -> None:
    """Turn the answer to a consent into the draft's grant; it counts once, whatever comes of it.

    Raises:
        DraftRefused: It is not the answer to what this draft asked in this browser.
        ConsentRefused: It came too late, the person said no, or what they gave does not open what the draft is for.
        DraftMoved: Somebody else changed the draft meanwhile.
    """
    asked = _asked(known)
    if asked is None or not _same(answer.get("state", ""), asked["state"]):
        raise DraftRefused("This is not the answer to what was asked last. Begin again.")
    if not _same(bound_to, asked["bound_to"]):
        raise DraftRefused(
            "The consent was begun in another browser, or before you signed in anew. Begin again in this one."
        )
    began = datetime.fromisoformat(known.seen["consent"]["began_at"])
    if now - began > PATIENCE:
        raise ConsentRefused(
            "The answer came too late: a consent waits for a quarter of an hour. Begin again."
        )
    if "code" not in answer:
        raise ConsentRefused(_no(answer))
    authority, config = _authority(engine, known)
    try:
        grant = authority.redeem(answer["code"], now, asked["verifier"] if authority.pkce else None)
        address = _address(config, known, grant)
    except ConnectorError as error:
        raise ConsentRefused(error.message) from None
    except DraftRefused as error:
        raise ConsentRefused(str(error)) from None
    finally:
        authority.http.close()
    _keep(engine, known, grant, address, by=by, now=now)


def _keep(engine: Engine, known: Draft, grant: Grant, address: str, *, by: str, now: datetime) -> None:
    block = {**known.block, "base_url": address}
    with unit_of_work(engine) as connection:
        reference = keep_grant(connection, grant, by=by, now=now)
        seen = {key: value for key, value in known.seen.items() if key != "consent"}
        seen |= {"grant": reference, "grant_for": place_of(block), "failure": None}
        put(connection, known, by=by, now=now, block=block, seen=seen)
        audit.record(connection, "draft.changed", f"draft {known.id}", {"let_in_at": address}, at=now)


def _asked(known: Draft) -> dict[str, Any] | None:
    """Return what was asked, None where nothing was, or for another place than the draft is for by now."""
    kept = known.seen.get("consent")
    if not kept:
        return None
    try:
        found: dict[str, Any] = orjson.loads(
            installed_vault().open(kept["sealed"].encode(), what="the question")
        )
    except VaultUnusable as error:
        raise DraftRefused(str(error)) from None
    remember(found["state"], found["verifier"])
    return found if found["place"] == place_of(known.block) else None


def _authority(engine: Engine, known: Draft) -> tuple[Authority, JiraConfig]:
    block = block_of({**known.block, "name": known.name, **_through_gateway(known)})
    try:
        config = read_config(SourceBlock.model_validate(block.model_dump()), kept=KeptSecrets(engine))
        if not isinstance(config, JiraConfig) or not isinstance(config.auth, OAuthAuth):
            raise DraftRefused("This way of signing in needs no consent. Go back to Address and sign-in.")
        return authority_of(config, config.auth, source=block.name), config
    except ConnectorError as error:
        raise DraftRefused(error.message) from None
    except SecretMissing as error:
        raise DraftRefused(str(error)) from None


def _through_gateway(known: Draft) -> dict[str, str]:
    """Return the gateway's address for a Cloud site by its own: which site it is, the consent tells."""
    typed = str(known.block.get("base_url"))
    return {"base_url": _ANY_SITE} if known.way == "jira_cloud" and _BELOW not in typed else {}


def _address(config: JiraConfig, known: Draft, grant: Grant) -> str:
    """Return the address that the grant opens; on Cloud that of the gateway, with the site's id."""
    if not config.gateway:
        return config.base_url
    sites = sites_of(config, str(grant.access), source=str(known.name))
    number = site_for(sites, str(known.block.get("base_url")))
    return f"{config.base_url.rpartition('/')[0]}/{number}"


def site_for(sites: Sequence[Mapping[str, Any]], typed: str) -> str:
    """Return the id of the site that was typed, by its own address or by the gateway's.

    Raises:
        DraftRefused: It is not among those that the consent was given for.
    """
    number = typed.rstrip("/").rpartition("/")[2] if _BELOW in typed else None
    for site in sites:
        if number == site.get("id") if number else origin_of(str(site.get("url"))) == origin_of(typed):
            return str(site["id"])
    named = ", ".join(str(site.get("url")) for site in sites) or "no site at all"
    raise DraftRefused(
        f"The consent was given for {named}, and not for {typed}. Begin again and choose the other site there, or"
        " correct the address."
    )


def _no(answer: Mapping[str, str]) -> str:
    if answer.get("error") == "access_denied":
        return "The consent was refused there. Begin again, and allow what is asked for; it only reads."
    words = scrubbed(answer.get("error_description") or answer.get("error") or "it brought no code")[:200]
    return f"The consent was not given: {words}. Look whether the application has this callback, and begin again."


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
