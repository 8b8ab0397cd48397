"""Azure DevOps as a source: how to sign in, and what it has to offer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from connectors.azure_devops.api import Api
from connectors.azure_devops.checks import check, discover
from connectors.azure_devops.config import AzureDevOpsConfig, PatAuth
from connectors.azure_devops.fingerprint import scope_fingerprint
from connectors.azure_devops.milestones import Milestones
from connectors.azure_devops.projects import Iterations, Projects
from connectors.azure_devops.scope import Scope
from connectors.azure_devops.transforms import TRANSFORMS
from connectors.azure_devops.work_items import WorkItems
from connectors.base import Discovery, Finding, Stream, Traffic
from connectors.entra import token_for
from connectors.http import Http
from connectors.stopping import resting

# The application id of Azure DevOps, the same in every tenant.
ENTRA_SCOPE: Final = "499b84ac-1321-427f-aa17-267ca6975798/.default"
_PAT_HINT: Final = (
    "Create a new personal access token for this organisation (User settings > Personal access tokens; scopes "
    "'Work Items: Read' and 'Project and Team: Read') and put it in place of the old one. Tokens expire; from "
    "December 2026 on a token for 'all accessible organizations' no longer works."
)
_ENTRA_HINT: Final = (
    "Add the application to the organisation as a user with Basic access (Organization settings > Users) and "
    "to the readers of each project; consent in Entra alone is not enough."
)


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


class AzureDevOps:
    """One configured organisation of Services, or collection of Server."""

    def __init__(
        self,
        config: AzureDevOpsConfig,
        *,
        source: str,
        transport: httpx.BaseTransport | None = None,
        connections: int = 8,
        clock: Callable[[], datetime] = utc_now,
        token_client: Any | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.source = source
        self.traffic = Traffic()
        self._config = config
        self._clock = clock
        connections = config.connections or connections
        self._http = Http(
            source,
            base_url=config.base_url,
            auth=_credentials(config, source, token_client),
            # With Suppress, a refused token is answered with 401 and not with the way to the sign-in page.
            headers={"X-TFS-FedAuthRedirect": "Suppress"},
            ca_bundle=config.ca_bundle,
            proxy=config.proxy,
            transport=transport,
            traffic=self.traffic,
            connections=connections,
            sleep=sleep or resting(self.traffic.halted),
            login_hint=_PAT_HINT if isinstance(config.auth, PatAuth) else _ENTRA_HINT,
        )
        self.api = Api(self._http, version=config.api_version, connections=connections)
        self._scope = Scope(self.api, config)

    def check(self) -> Sequence[Finding]:
        """Say who we are there, what we may see, and what is missing.

        Raises:
            ConnectorError: Nothing at all can be read, with the reason in an officer's words.
        """
        return check(self.api, self._scope, self._config)

    def discover(self) -> Discovery:
        """Look at the projects, fields, types, states and iterations, and at what holds the effort."""
        return discover(self.api, self._scope)

    def streams(self, semantics: Mapping[str, str], fields: Sequence[str]) -> Sequence[Stream]:
        """Return the streams, in the order to pull them."""
        scope = Scope(self.api, self._config)  # what a run sees is asked anew for each run
        found: list[Stream] = [
            Projects(self.api, scope, clock=self._clock),
            Iterations(self.api, scope, clock=self._clock),
            WorkItems(
                self.api,
                scope,
                config=self._config,
                semantics=semantics,
                fields=fields,
                clock=self._clock,
            ),
        ]
        if self._config.milestones is not None:
            found.append(Milestones(self.api, scope, self._config.milestones, clock=self._clock))
        return found

    def scope_fingerprint(self) -> Mapping[str, str]:
        """Return what decides the scope in Azure DevOps now.

        Raises:
            ConnectorError: The source cannot be asked, or its saved query is gone.
        """
        return scope_fingerprint(self.api, Scope(self.api, self._config))

    def transforms(self) -> Mapping[str, Callable[[Any], Any]]:
        """Return the named transforms this tracker's mapping may use."""
        return TRANSFORMS

    def close(self) -> None:
        """Give connections back."""
        self._http.close()


def _credentials(
    config: AzureDevOpsConfig, source: str, token_client: Any | None
) -> httpx.Auth | tuple[str, str]:
    auth = config.auth
    if isinstance(auth, PatAuth):
        return "", auth.token.get_secret_value()  # a personal access token is the password of nobody
    return token_for(
        auth,
        scope=ENTRA_SCOPE,
        ca_bundle=config.ca_bundle,
        proxy=config.proxy,
        source=source,
        http_client=token_client,
    )
