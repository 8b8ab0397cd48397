"""How a source signs in to Microsoft: by secret, by certificate, or as the machine it runs on; in which cloud."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.guard import VARIABLE, opened_by_name
from connectors.managed import ManagedToken
from connectors.microsoft import EntraToken, MicrosoftToken

_FIXED: Final = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
CloudName = Literal["public", "us_gov", "us_dod", "china"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where tokens come from, and where Graph is."""

    authority: str
    graph: str


CLOUDS: Final[Mapping[str, Cloud]] = {
    "public": Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "us_gov": Cloud("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "us_dod": Cloud("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": Cloud("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"),
}
_ALIASES: Final = {"login.chinacloudapi.cn": "login.partner.microsoftonline.cn"}
_HTTPS: Final = 443
_CLOUD_WORDS: Final = "The national cloud the tenant is in"


class EntraAuth(BaseModel):
    """An application registered in Entra, with a client secret or a certificate.

    Needs, for Graph: the application permission Sites.Selected with admin consent and read granted on the
    site (or Files.Read.All). For Azure DevOps: to be a user of the organisation with Basic access and a
    reader of each project; permissions of Entra play no part there.
    """

    model_config = _FIXED

    type: Literal["entra"] = Field(description="Sign in as a Microsoft Entra application.")
    tenant: str = Field(
        min_length=1, description="The directory's domain or id, e.g. example.onmicrosoft.com."
    )
    client_id: str = Field(min_length=1, description="The app registration's Application (client) ID.")
    client_secret: SecretStr | None = Field(
        None, description="Its client secret's value, as env:NAME or file:PATH."
    )
    certificate: SecretStr | None = Field(
        None,
        description="Instead of a secret: file:PATH of a PEM file with the private key and the certificate, whose "
        "public part the app registration knows.",
    )
    passphrase: SecretStr | None = Field(None, description="Of the private key, where it is encrypted.")
    cloud: CloudName | None = Field(
        None, description=f"{_CLOUD_WORDS}: public (default), us_gov, us_dod, china."
    )
    authority: str = Field(
        default_factory=lambda data: CLOUDS[data.get("cloud") or "public"].authority,
        description="Where tokens come from; without it that of the cloud.",
    )

    @model_validator(mode="after")
    def _one_proof(self) -> "EntraAuth":
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give either client_secret or certificate, and only one of them")
        if self.passphrase is not None and self.certificate is None:
            raise ValueError("passphrase belongs to a certificate")
        if self.cloud is not None and not _same_cloud(self.authority, CLOUDS[self.cloud].authority):
            raise ValueError(f"authority {self.authority} is not of the cloud {self.cloud}; give one of them")
        return self


class ManagedIdentityAuth(BaseModel):
    """The identity that Azure gives the machine Muster runs on: nothing to keep secret, nothing that ends.

    Needs the same permissions as an application; see `EntraAuth`.
    """

    model_config = _FIXED

    type: Literal["managed_identity"] = Field(description="Sign in as the machine, in Azure.")
    client_id: str | None = Field(
        None, min_length=1, description="Of a user-assigned identity; without it the machine's own."
    )
    cloud: CloudName | None = Field(
        None, description=f"{_CLOUD_WORDS}: public (default), us_gov, us_dod, china."
    )


MicrosoftAuth = Annotated[EntraAuth | ManagedIdentityAuth, Field(discriminator="type")]


def graph_of(auth: EntraAuth | ManagedIdentityAuth | None) -> str:
    """Return Graph's address in the cloud that the sign-in is for."""
    named = getattr(auth, "cloud", None)
    if named is None and isinstance(auth, EntraAuth):
        named = next(
            (name for name, each in CLOUDS.items() if _same_cloud(auth.authority, each.authority)), None
        )
    return f"{CLOUDS[named or 'public'].graph}/v1.0"


def check_receiver(address: str, hosts: Sequence[str], *, option: str) -> None:
    """Refuse to hand a token of Microsoft's to anybody else: whoever gets one may use it in Muster's name.

    Args:
        address: Where the token would go.
        hosts: Who may have it; one that begins with a dot is all whose names end so.
        option: What the address is called.

    Raises:
        ValueError: It would go somewhere that neither is Microsoft's nor is named by whoever runs Muster.
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    theirs = any(host == each or (each.startswith(".") and host.endswith(each)) for each in hosts)
    if theirs and parts.scheme == "https" and parts.port in (None, _HTTPS):
        return
    if not opened_by_name(host):
        known = ", ".join(f"*{each}" if each.startswith(".") else each for each in hosts)
        raise ValueError(
            f"{option} must be https and of {known}, for a sign-in by Microsoft goes nowhere else; where"
            f" {host} is right, whoever runs Muster names it in {VARIABLE}"
        )


def check_tunnel(
    auth: EntraAuth | ManagedIdentityAuth | None, proxy: str | None, ca_bundle: str | None
) -> None:
    """Refuse the machine's own token by way of a proxy that could read it, having certificates of its own.

    Raises:
        ValueError: The proxy is not named by whoever runs Muster.
    """
    if not isinstance(auth, ManagedIdentityAuth) or not proxy or not ca_bundle:
        return
    host = urlsplit(proxy).hostname or ""
    if not opened_by_name(host):
        raise ValueError(
            f"proxy {host} with certificates of its own (ca_bundle) could read the machine's sign-in; where that is"
            f" meant, whoever runs Muster names the proxy in {VARIABLE}"
        )


def check_graph(auth: EntraAuth | ManagedIdentityAuth | None, graph_url: str) -> None:
    """Refuse what is no Graph, and Graph of one national cloud beside a sign-in of another.

    Raises:
        ValueError: They cannot belong together.
    """
    if auth is None:
        return
    graphs = {name: urlsplit(each.graph).hostname or "" for name, each in CLOUDS.items()}
    check_receiver(graph_url, sorted(set(graphs.values())), option="graph_url")
    asked = urlsplit(graph_url).hostname
    of = {name for name, host in graphs.items() if host == asked}
    if not of:
        return
    if isinstance(auth, ManagedIdentityAuth):
        fits = (auth.cloud or "public") in of
    else:
        known = any(_same_cloud(auth.authority, each.authority) for each in CLOUDS.values())
        fits = not known or any(_same_cloud(auth.authority, CLOUDS[name].authority) for name in of)
        fits = fits and (auth.cloud is None or auth.cloud in of)
    if not fits:
        raise ValueError(
            f"graph_url is of the cloud {', '.join(sorted(of))}, auth of another: set cloud in auth"
        )


def token_for(
    auth: EntraAuth | ManagedIdentityAuth,
    *,
    scope: str,
    ca_bundle: str | None,
    proxy: str | None,
    source: str,
    http_client: Any | None = None,
) -> MicrosoftToken:
    """Return what puts a token for `scope` on requests; asks nobody yet."""
    if isinstance(auth, ManagedIdentityAuth):
        return ManagedToken(scope=scope, client_id=auth.client_id, source=source, http_client=http_client)
    return EntraToken(
        tenant=auth.tenant,
        client_id=auth.client_id,
        client_secret=auth.client_secret,
        certificate=auth.certificate,
        passphrase=auth.passphrase,
        scope=scope,
        authority=auth.authority,
        ca_bundle=ca_bundle,
        proxy=proxy,
        source=source,
        http_client=http_client,
    )


def _same_cloud(one: str, other: str) -> bool:
    hosts = [urlsplit(each).hostname or "" for each in (one, other)]
    return _ALIASES.get(hosts[0], hosts[0]) == _ALIASES.get(hosts[1], hosts[1])
