"""Signing in at an identity provider by OpenID Connect: authorization code with PKCE, state and nonce.

What one browser's sign-in needs until it comes back is sealed into a cookie, so that any node can go on with it.
Somebody is known by issuer and subject, never by an address: those change hands.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx

from api.signin.oidc_metadata import Metadata, ProviderAway
from api.signin.oidc_token import NotBegun, SignInRefused, checked_claims
from config.settings import Settings
from config.vault import Vault, VaultUnusable, open_vault

CALLBACK: Final = "/sign-in/callback"
_LASTS: Final = 600.0  # seconds that a sign-in may take at the provider
_SEVERAL: Final = 2
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class ProviderUnusable(ValueError):
    """The settings of the identity provider lack something or contradict each other; says which."""


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider."""

    id: str
    secret: str | None = field(repr=False)  # None: a public client
    scopes: str = "openid profile email"


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as the provider says. `roles` None: it said nothing of roles this time."""

    issuer: str
    subject: str
    name: str
    shown: str
    roles: tuple[str, ...] | None
    name_is_sure: bool  # the provider's administrators alone decide it, or it was verified


@dataclass(frozen=True, slots=True)
class Began:
    """Where a browser is sent to, and what it keeps meanwhile."""

    url: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider. `tenants` are those of an issuer of many whose people may come."""

    metadata: Metadata
    client: Client
    vault: Vault
    shown: str
    name_claim: str = "preferred_username"
    roles_claim: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    tenants: tuple[str, ...] = ()

    def begin(self, redirect_uri: str, going: str, now: datetime) -> Began:
        """Return where to send a browser.

        Raises:
            ProviderAway: It cannot be reached.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        endpoint = self.metadata.get(now)["authorization_endpoint"]
        with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": going, "at": now.timestamp()}
        return Began(url, self.vault.seal(json.dumps(kept).encode()).decode("ascii"))

    def finish(
        self, redirect_uri: str, query: Mapping[str, str], sealed: str, now: datetime
    ) -> tuple[Person, str]:
        """Return who came back from the provider, and the path they go on to.

        Raises:
            SignInRefused: The provider refused, or what came back is not what was asked for; NotBegun where it
                answers nothing that this browser asked.
            ProviderAway: It cannot be reached.
        """
        kept = self._kept(sealed, now)
        answers = secrets.compare_digest(query.get("state", "").encode(), kept["state"].encode())
        if query.get("error") in _ERRORS:  # some leave out the state then; it signs nobody in either way
            raise (SignInRefused if answers else NotBegun)(_ERRORS[query["error"]])
        if not answers:
            raise NotBegun("this answer is not to the sign-in that this browser began")
        if "error" in query or not query.get("code"):
            raise SignInRefused("it gave no code")
        found = self.metadata.get(now)
        if "iss" in query and query["iss"] != found["issuer"]:  # RFC 9207
            raise SignInRefused("the answer came from another issuer")
        from authlib.oauth2 import OAuth2Error

        try:
            with self._client(redirect_uri) as client:
                token = client.fetch_token(
                    found["token_endpoint"], code=query["code"], code_verifier=kept["verifier"],
                    grant_type="authorization_code",
                )  # fmt: skip
        except OAuth2Error as error:
            raise SignInRefused(
                "it did not take its own code back; the client's secret may be wrong"
            ) from error
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAway("its token endpoint does not answer as expected") from error
        claims = checked_claims(
            token, self.metadata, client_id=self.client.id, nonce=kept["nonce"], tenants=self.tenants, now=now
        )
        return self._person(claims), kept["next"]

    def sign_out_url(self, back: str, now: datetime) -> str | None:
        """Return where a browser signs out at the provider too; None where it has no such place."""
        try:
            endpoint = self.metadata.get(now).get("end_session_endpoint")
        except ProviderAway:
            return None
        if not endpoint:
            return None
        asked = urlencode({"client_id": self.client.id, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{asked}"

    def _client(self, redirect_uri: str) -> Any:
        from api.signin.oidc_exchange import exchanging

        return exchanging(self.metadata, self.client, redirect_uri)

    def _kept(self, sealed: str, now: datetime) -> dict[str, str]:
        try:
            kept = json.loads(self.vault.open(sealed.encode(), what="this sign-in"))
        except (VaultUnusable, ValueError):
            raise NotBegun("this browser began no sign-in, or another window did since") from None
        if not 0 <= now.timestamp() - kept.pop("at") <= _LASTS:
            raise NotBegun("it took longer than ten minutes")
        return {str(name): str(value) for name, value in kept.items()}

    def _person(self, claims: Mapping[str, Any]) -> Person:
        subject = str(claims["sub"])
        claim, name = next(
            (claim, text)
            for claim in (self.name_claim, "email", "sub")
            if isinstance(text := claims.get(claim), str) and text.strip()
        )
        shown = claims.get("name")
        return Person(
            issuer=str(claims["iss"]),
            subject=subject,
            name=name,
            shown=shown if isinstance(shown, str) and shown.strip() else name,
            roles=self._roles(claims),
            # An address that is not verified is whatever its owner typed; of several tenants each has a say.
            name_is_sure=len(self.tenants) < _SEVERAL
            and (claim != "email" or claims.get("email_verified") is True),
        )

    def _roles(self, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return the roles its claim stands for; None where it was left out for being too long."""
        if self.roles_claim is None:
            return None
        if self.roles_claim not in claims and self.roles_claim in (claims.get("_claim_names") or {}):
            return None  # Entra ID leaves groups out where somebody is in more than 200
        given = claims.get(self.roles_claim) or []
        values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        return tuple(sorted({self.roles[str(value)] for value in values if str(value) in self.roles}))


_ERRORS: Final = {
    "access_denied": "access was denied there",
    "login_required": "it wants a sign-in that it could not ask for",
    "consent_required": "its administrator has to consent first",
    "interaction_required": "it wants an answer that it could not ask for",
    "temporarily_unavailable": "it is not available at the moment",
    "server_error": "it met an error of its own",
    "invalid_scope": "it does not know a scope of MUSTER_OIDC_SCOPES",
    "unauthorized_client": "this client may not ask for a code there",
}


def provider_of(given: Settings, transport: httpx.BaseTransport | None = None) -> Provider | None:
    """Return the provider of the settings; None where there is none.

    Raises:
        ProviderUnusable: They lack something or contradict each other.
    """
    if given.oidc_issuer is None:
        return None
    if not given.oidc_client_id:
        raise ProviderUnusable("MUSTER_OIDC_ISSUER is set: set MUSTER_OIDC_CLIENT_ID too")
    address = urlsplit(given.oidc_issuer)
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        raise ProviderUnusable("MUSTER_OIDC_ISSUER must begin with https://")
    tenants = tuple(part.strip() for part in (given.oidc_tenants or "").split(",") if part.strip())
    many = address.path.split("/")[1:2] in (["common"], ["organizations"], ["consumers"])
    if address.hostname == "login.microsoftonline.com" and many and not tenants:
        raise ProviderUnusable(
            "MUSTER_OIDC_ISSUER is of all tenants of Entra ID: anybody's account would do. Give your tenant's own "
            "(https://login.microsoftonline.com/TENANT-ID/v2.0), or say whose people may come by MUSTER_OIDC_TENANTS"
        )
    secret = given.oidc_client_secret.get_secret_value() if given.oidc_client_secret else None
    return Provider(
        Metadata(given.oidc_issuer, transport),
        Client(given.oidc_client_id, _followed(secret), given.oidc_scopes),
        open_vault(given),
        given.oidc_name,
        given.oidc_name_claim,
        given.oidc_roles_claim,
        given.oidc_roles,
        tenants,
    )


def _followed(secret: str | None) -> str | None:
    """Return a secret that stands in a file, where a file is meant."""
    from config.secrets import SecretMissing, resolve

    if secret is None or not secret.startswith("file:"):
        return secret
    try:
        return str(resolve({"client_secret": secret}, where="MUSTER_OIDC")["client_secret"])
    except SecretMissing as error:
        raise ProviderUnusable(str(error)) from None
