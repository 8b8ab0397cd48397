"""How a Jira is signed in to: by name and token, by bearer token, or by OAuth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from connectors.base import Json, Traffic
from connectors.grants import TokenStore
from connectors.http import Http
from connectors.jira.config import CLOUD_SCOPES, SERVER_SCOPES, BasicAuth, JiraConfig, OAuthAuth
from connectors.oauth import Authority, OAuthToken

ATLASSIAN: Final = "https://auth.atlassian.com"
AUDIENCE: Final = "api.atlassian.com"
_SITES: Final = "/oauth/token/accessible-resources"
_HINT: Final = "Check client_id, client_secret and authority of this source."


@dataclass(frozen=True, slots=True)
class SignIn:
    """What `Http` is to be given."""

    auth: httpx.Auth | tuple[str, str] | None
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    authority: Authority | None = None

    def close(self) -> None:
        """Give the connections to the authority back."""
        if self.authority is not None:
            self.authority.http.close()


def sign_in(
    config: JiraConfig,
    *,
    source: str,
    transport: httpx.BaseTransport | None,
    tokens: TokenStore | None,
    clock: Callable[[], datetime],
) -> SignIn:
    """Return the way in that is configured; asks nobody yet."""
    auth = config.auth
    if isinstance(auth, BasicAuth):
        return SignIn((auth.username, auth.token.get_secret_value()))
    if not isinstance(auth, OAuthAuth):
        return SignIn(None, {"Authorization": f"Bearer {auth.token.get_secret_value()}"})
    authority = authority_of(config, auth, source=source, transport=transport)
    own = auth.grant == "client_credentials"
    return SignIn(OAuthToken(authority, tokens, clock, service=own), authority=authority)


def authority_of(
    config: JiraConfig, auth: OAuthAuth, *, source: str, transport: httpx.BaseTransport | None = None
) -> Authority:
    """Return the authority of a Cloud's gateway, or of a Data Center, which is its own."""
    address = auth.authority or (ATLASSIAN if config.gateway else config.base_url)
    http = Http(
        source,
        base_url=address,
        ca_bundle=config.ca_bundle,
        proxy=config.proxy,
        transport=transport,
        traffic=Traffic(),
        connections=1,
        login_hint=_HINT,
        option="authority",
    )
    if config.gateway:
        token, authorize, scopes = "/oauth/token", "/authorize", CLOUD_SCOPES
    else:
        token, authorize = "/rest/oauth2/latest/token", "/rest/oauth2/latest/authorize"
        scopes = SERVER_SCOPES
    return Authority(
        http=http,
        token_path=token,
        authorize_url=http.base_url + authorize,
        client_id=auth.client_id,
        client_secret=auth.client_secret,
        callback=auth.callback,
        scopes=auth.scopes or scopes,
        form=not config.gateway,
        audience=AUDIENCE if config.gateway else None,
        pkce=not config.gateway,
    )


def sites_of(config: JiraConfig, access: str, *, source: str) -> list[Json]:
    """List the Cloud sites that a token opens: each with id, name and url.

    Raises:
        ConnectorError: The gateway cannot be asked, or refuses the token.
    """
    gateway = urlsplit(config.base_url)
    http = Http(
        source,
        base_url=f"{gateway.scheme}://{gateway.netloc}",
        headers={"Authorization": f"Bearer {access}"},
        ca_bundle=config.ca_bundle,
        proxy=config.proxy,
        connections=1,
    )
    try:
        found = http.get(_SITES).json()
    finally:
        http.close()
    return [site for site in found if isinstance(site, dict)] if isinstance(found, list) else []
