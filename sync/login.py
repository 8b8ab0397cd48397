"""A person's consent to a source, turned into the first of its tokens."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Engine, text

from connectors.errors import AccessDenied, MisconfiguredSource
from connectors.jira.config import JiraConfig, OAuthAuth
from connectors.jira.signin import authority_of, sites_of
from connectors.oauth import Authority, challenge_of, new_verifier
from connectors.redaction import remember
from sync.apply import stored_block
from sync.credentials import StoredTokens
from sync.keeping import KeptSecrets
from sync.registry import read_config, utc_now


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in under way: the person opens `url`, and is sent back to `callback` with a code and `state`."""

    source: str
    url: str
    callback: str
    state: str
    authority: Authority
    config: JiraConfig
    store: StoredTokens
    clock: Callable[[], datetime]
    verifier: str | None = (
        None  # proves that whoever brings the code is who asked; None where nobody wants a proof
    )

    def finish(self, *, code: str, state: str) -> str:
        """Redeem the code, store the grant, and say what it opens.

        Raises:
            ConnectorError: The answer is not to our question, or the authority does not take the code.
        """
        if not hmac.compare_digest(state.encode(), self.state.encode()):
            raise AccessDenied("the answer is not to this sign-in; begin again", source=self.source)
        now = self.clock()
        grant = self.authority.redeem(code, now, self.verifier)
        self.store.write(grant, now)
        return _opens(self, str(grant.access))

    def take(self, refresh: str) -> str:
        """Exchange a refresh token got elsewhere, store what comes of it, and say what that opens.

        Raises:
            ConnectorError: It is not good, and what was stored before stays; or the authority is out of reach.
        """
        remember(refresh)
        now = self.clock()
        grant = self.authority.exchange(refresh, now, None)
        self.store.write(grant, now)
        return _opens(self, str(grant.access))

    def close(self) -> None:
        """Give the connections back."""
        self.authority.http.close()


def begin_login(engine: Engine, source: str, *, clock: Callable[[], datetime] = utc_now) -> Login:
    """Prepare a sign-in; asks nobody yet.

    Raises:
        LookupError: There is no such source.
        MisconfiguredSource: It signs in without a person's consent.
    """
    with engine.connect() as connection:
        row = connection.execute(text("SELECT config FROM source WHERE name = :name"), {"name": source})
        stored = row.scalar_one_or_none()
        names = connection.scalars(text("SELECT name FROM source ORDER BY position")).all()
    if stored is None:
        raise LookupError(f"there is no source {source!r}; there are: {', '.join(names) or 'none yet'}")
    config = read_config(stored_block(source, stored), kept=KeptSecrets(engine))
    if not isinstance(config, JiraConfig) or not isinstance(config.auth, OAuthAuth) or not config.keeps_grant:
        raise MisconfiguredSource(
            "it signs in with what its configuration refers to, and needs no login; only auth type oauth does",
            source=source,
        )
    authority = authority_of(config, config.auth, source=source)
    state = secrets.token_urlsafe(32)
    verifier = new_verifier() if authority.pkce else None
    remember(state, verifier)
    return Login(
        source=source,
        url=authority.consent_url(state, verifier and challenge_of(verifier)),
        callback=config.auth.callback,
        state=state,
        authority=authority,
        config=config,
        store=StoredTokens(engine, source),
        clock=clock,
        verifier=verifier,
    )


def _opens(login: Login, access: str) -> str:
    """Say which sites the token opens, and refuse to call it well when the configured one is not among them."""
    if not login.config.gateway:
        return f"{login.source}: signed in at {login.config.base_url}"
    wanted = urlsplit(login.config.base_url).path.rpartition("/")[2]
    sites = sites_of(login.config, access, source=login.source)
    if any(site.get("id") == wanted for site in sites):
        url = next(site.get("url") for site in sites if site.get("id") == wanted)
        return f"{login.source}: signed in; the token opens {url}"
    named = (
        "; ".join(f"{site.get('url')} has the cloud id {site.get('id')}" for site in sites)
        or "no site at all"
    )
    raise MisconfiguredSource(
        f"signed in, but the token does not open the site of base_url. It opens {named}. Correct base_url, or sign in "
        "again and choose the other site",
        source=login.source,
    )
