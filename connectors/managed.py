"""Tokens for the machine itself: Azure's managed identity, without anything to keep."""

import os
import threading
from typing import Any, Final

import msal
import requests
from msal.exceptions import MsalError

from connectors.errors import AccessDenied, ConnectorError, SourceUnavailable
from connectors.microsoft import MicrosoftToken
from connectors.patient import patient_session
from connectors.redaction import remember, scrubbed

_PASSING: Final = ("429", "500", "502", "503", "504", "timeout", "temporarily")
_SECRETS: Final = ("IDENTITY_HEADER", "MSI_SECRET")  # what the machine's own endpoint wants to see


class ManagedToken(MicrosoftToken):
    """A bearer token of the machine's identity; the endpoint is found by the environment, as msal does."""

    def __init__(
        self, *, scope: str, client_id: str | None, source: str, http_client: Any | None = None
    ) -> None:
        super().__init__(client_id or "the machine's own identity", source)
        self.identity = ("managed", client_id)
        self._resource = scope.removesuffix("/.default")
        self._user_assigned = client_id
        self._http_client = http_client
        self._client: Any | None = None
        self._lock = threading.Lock()

    def token(self, *, refused: str | None = None) -> str:
        """Return a bearer token, from the cache while it is valid.

        Raises:
            AccessDenied: There is no such identity, or it may have no token for this service.
            SourceUnavailable: Nothing answers: this is no machine in Azure, or its endpoint is ill.
        """
        with self._lock:
            try:
                result = self._acquire()
                if refused is not None and result.get("access_token") == refused:
                    self._client = None  # msal forgets no single token, so it is given a new cache
                    result = self._acquire()
            except requests.exceptions.RequestException as error:
                raise self._nowhere(type(error).__name__) from None
            except (MsalError, ValueError, KeyError, TypeError) as error:
                raise SourceUnavailable(
                    f"the managed identity's endpoint gave no token ({type(error).__name__}); try again later",
                    source=self.source,
                ) from None
        if "access_token" not in result:
            raise self._refusal(result)
        remember(str(result["access_token"]))
        return str(result["access_token"])

    def _acquire(self) -> dict[str, Any]:
        if self._client is None:
            remember(*(os.environ.get(name) for name in _SECRETS))
            known = self._user_assigned
            self._client = msal.ManagedIdentityClient(
                msal.UserAssignedManagedIdentity(client_id=known)
                if known
                else msal.SystemAssignedManagedIdentity(),
                http_client=self._http_client
                or patient_session(None, None, source=None),  # never by way of a proxy
            )
        found: dict[str, Any] = self._client.acquire_token_for_client(resource=self._resource)
        return found

    def _nowhere(self, why: str) -> ConnectorError:
        return SourceUnavailable(
            f"no managed identity answers here ({why}). Muster must run in Azure for it: on a virtual machine, App "
            "Service, Container Apps, Kubernetes or Arc; elsewhere use auth type entra",
            source=self.source,
        )

    def _refusal(self, result: dict[str, Any]) -> ConnectorError:
        said = scrubbed(f"{result.get('error')}: {result.get('error_description')}")[:300]
        if any(word in said.lower() for word in _PASSING):
            return SourceUnavailable(
                f"the managed identity's endpoint is busy or ill ({said}); try again later",
                source=self.source,
            )
        return AccessDenied(
            f"there is no token for {self.client_id} ({said}). Assign the identity to this machine (its page in "
            "Azure > Identity), and check client_id where it is a user-assigned one",
            source=self.source,
        )
