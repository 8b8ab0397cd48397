"""Microsoft tokens: one Entra application, by client secret or certificate, as an `httpx.Auth`."""

import base64
import binascii
import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msal
import orjson
import requests
from msal.exceptions import MsalError
from pydantic import SecretStr

from connectors.certificate import Proof
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    MisconfiguredSource,
    SourceUnavailable,
    UntrustedCertificate,
)
from connectors.patient import patient_session
from connectors.redaction import remember, scrubbed

PUBLIC_AUTHORITY: Final = "https://login.microsoftonline.com"

# Authorities Microsoft vouches for; any other host is taken at the configuration's word.
_MICROSOFT_HOSTS: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "sts.windows.net",
        "login.microsoftonline.us",
        "login-us.microsoftonline.com",
        "login.usgovcloudapi.net",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
        "login.microsoftonline.de",
    }
)

# AADSTS codes an officer can act upon: what happened, and what to do.
_KNOWN_CODES: Final[Mapping[int, tuple[str, str]]] = {
    7000215: (
        "the client secret is wrong",
        "copy the secret's value, not its id, from Certificates & secrets",
    ),
    7000222: ("the client secret has expired", "add a new secret to the app registration and configure it"),
    7000112: ("the app registration is disabled", "ask the Entra administrator to enable it"),
    700027: (
        "the certificate is not one that the application knows",
        "upload its public part under Certificates & secrets > Certificates",
    ),
    700024: ("this machine's clock is wrong", "set it by NTP"),
    700016: (
        "the tenant has no application with this client id",
        "check client_id, and that tenant is the one the app is registered in",
    ),
    90002: (
        "there is no such tenant",
        "check tenant: its domain or its GUID, and that authority is its cloud",
    ),
    900023: ("the tenant is neither a domain nor a GUID", "correct tenant"),
    900021: ("the tenant is neither a domain nor a GUID", "correct tenant"),
    65001: ("nobody has consented to the permissions", "ask an administrator to grant admin consent"),
    500011: ("the tenant does not know the service that is asked for", "check graph_url or the scope"),
    501051: ("the application is assigned no role there", "ask an administrator to assign it"),
    53003: ("a Conditional Access policy blocks it", "ask the Entra administrator to exempt the application"),
    1002012: ("the scope is not a default scope", "the scope must end in /.default"),
}
_PASSING_CODES: Final = frozenset({90033, 50196, 90055, 90006})  # the service is ill or limits us
_PASSING_ERRORS: Final = frozenset({"temporarily_unavailable", "server_error", "throttled"})

_applications: dict[tuple[str, ...], Any] = {}  # one a process and identity; it holds the token cache
_guard = threading.Lock()


class MicrosoftToken(httpx.Auth, ABC):
    """Puts a bearer token on every request; gets a new one once when it is refused."""

    def __init__(self, client_id: str, source: str) -> None:
        self.client_id = client_id
        self.source = source
        self.identity: tuple[object, ...] = ()  # who this is, for limits that are kept by account

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the request, and once more with a fresh token when the answer is 401.

        Raises:
            ConnectorError: No token is to be had, with the reason.
        """
        token = self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {self.token(refused=token)}"
            yield request

    @abstractmethod
    def token(self, *, refused: str | None = None) -> str:
        """Return a bearer token, from the cache while it is valid, and not the one refused.

        Raises:
            ConnectorError: None is to be had, with the reason.
        """

    def roles(self) -> tuple[str, ...] | None:
        """Return the application permissions in the token, or None when the token cannot be looked into.

        Raises:
            ConnectorError: As `token`.
        """
        parts = self.token().split(".")
        if len(parts) != 3:  # noqa: PLR2004 -- a JWT is header.payload.signature
            return None
        try:
            payload = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except (ValueError, binascii.Error):
            return None
        return tuple(payload.get("roles") or ()) if isinstance(payload, dict) else None


class EntraToken(MicrosoftToken):
    """A token for `scope`, by the application's secret or certificate.

    `scope` ends in `/.default` and names the host that is called, e.g.
    `https://graph.microsoft.com/.default`. `http_client` has requests' `get` and `post`; with one
    given, the application is this object's own, else it is shared in the process.
    """

    def __init__(  # noqa: PLR0913 -- each is one key of the source's configuration
        self,
        *,
        tenant: str,
        client_id: str,
        client_secret: SecretStr | None = None,
        certificate: SecretStr | None = None,
        passphrase: SecretStr | None = None,
        scope: str,
        authority: str = PUBLIC_AUTHORITY,
        ca_bundle: str | None = None,
        proxy: str | None = None,
        source: str = "microsoft",
        http_client: Any | None = None,
    ) -> None:
        super().__init__(client_id, source)
        self.authority = f"{authority.rstrip('/')}/{tenant.strip('/')}"
        self.scope = scope
        self.identity = ("entra", self.authority, client_id)
        self._proof = Proof(client_secret, certificate, passphrase)
        remember(*self._proof.secrets())
        self._ca_bundle = ca_bundle
        self._proxy = proxy
        self._http_client = http_client
        self._application: Any | None = None
        self._lock = threading.Lock()

    def token(self, *, refused: str | None = None) -> str:
        """Return a bearer token, from the cache while it is valid.

        Args:
            refused: A token the service has just refused; it is not handed out again.

        Raises:
            AccessDenied: The directory refuses the application, with its AADSTS code.
            SourceUnavailable: The directory cannot be reached, or limits us.
            MisconfiguredSource: The authority is not one.
        """
        with self._lock:
            try:
                application = self._signed_in()
                result = application.acquire_token_for_client(scopes=[self.scope])
                if refused is not None and result.get("access_token") == refused:
                    application.remove_tokens_for_client()
                    result = application.acquire_token_for_client(scopes=[self.scope])
            except requests.exceptions.SSLError as error:
                raise UntrustedCertificate(
                    f"the certificate of {urlsplit(self.authority).hostname} is not trusted; set ca_bundle to the"
                    " certificates of its authority",
                    source=self.source,
                ) from error
            except requests.exceptions.ProxyError as error:
                raise self._unavailable("the proxy does not let us through; check proxy") from error
            except requests.exceptions.RequestException as error:
                raise self._unavailable(f"no connection ({type(error).__name__}); try again later") from error
            except (MsalError, ValueError, KeyError, TypeError) as error:
                raise self._unavailable(
                    "its answer was no token; try again later, or check authority"
                ) from error
        if "access_token" not in result:
            raise self._refusal(result)
        token = str(result["access_token"])
        remember(token)
        return token

    def _signed_in(self) -> Any:
        """Return the msal application; making it asks the authority for its endpoints."""
        if self._application is None:
            if self._http_client is not None:
                self._application = self._new_application(self._http_client)
            else:
                self._application = self._shared_application()
        return self._application

    def _shared_application(self) -> Any:
        digest = hashlib.sha256(repr(self._proof.secrets()).encode()).hexdigest()
        key = (self.authority, self.client_id, digest, self._ca_bundle or "", self._proxy or "")
        with _guard:
            if key not in _applications:
                session = patient_session(self._ca_bundle, self._proxy, source=self.source)
                try:
                    _applications[key] = self._new_application(session)
                except BaseException:
                    session.close()
                    raise
            return _applications[key]

    def _new_application(self, http_client: Any) -> Any:
        host = urlsplit(self.authority)
        if host.scheme != "https" or not host.hostname:
            raise MisconfiguredSource(
                f"the authority must be an https address, not {self.authority!r}; correct authority",
                source=self.source,
            )
        credential = self._proof.credential(self.source)
        try:
            return msal.ConfidentialClientApplication(
                self.client_id,
                client_credential=credential,
                authority=self.authority,
                instance_discovery=None if host.hostname in _MICROSOFT_HOSTS else False,
                http_client=http_client,
            )
        except ValueError as error:
            # msal raises this for a tenant whose openid-configuration the authority does not have.
            raise AccessDenied(
                f"{host.hostname} has no such tenant as {self.authority.rsplit('/', 1)[-1]!r}; check tenant: "
                "its domain or its GUID, and that authority is its cloud",
                source=self.source,
            ) from error

    def _unavailable(self, why: str) -> SourceUnavailable:
        host = urlsplit(self.authority).hostname
        return SourceUnavailable(f"could not get a token from {host}: {why}", source=self.source)

    def _refusal(self, result: Mapping[str, Any]) -> ConnectorError:
        """Put msal's error dictionary into words; what it quotes never includes the secret."""
        if "error" not in result:  # a page of something in between, or a limit without a reason
            return self._unavailable("its answer was no token; try again later, or check authority")
        codes = [code for code in result.get("error_codes") or () if isinstance(code, int)]
        if result.get("error") in _PASSING_ERRORS or _PASSING_CODES.intersection(codes):
            return self._unavailable("the directory is busy or limits us; try again later")
        code = f"AADSTS{codes[0]}" if codes else str(result.get("error") or "unknown error")
        known = next((_KNOWN_CODES[number] for number in codes if number in _KNOWN_CODES), None)
        if known is None:
            said = str(result.get("error_description") or "").splitlines()[:1]
            quoted = scrubbed(said[0] if said else "")
            known = (f"Entra says: {quoted[:300]}", f"check tenant, client_id and {self._proof.option}")
        return AccessDenied(
            f"could not sign in as application {self.client_id} ({code}): {known[0]}; {known[1]}",
            source=self.source,
        )
