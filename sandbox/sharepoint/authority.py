"""The Entra authority: tenant discovery and the client-credentials grant."""

import time
from typing import Any, Final
from urllib.parse import parse_qsl

from sandbox import tokens
from sandbox.assertions import genuine
from sandbox.sharepoint.answers import Answer

TENANT: Final = "contoso.example"
TENANT_ID: Final = "84bd8158-6d4d-4958-8b9f-9d6445542f95"
CLIENT: Final = "muster-sandbox"
SECRET: Final = "sandbox-secret"  # noqa: S105  made up, and known to everybody
_CLAIMS_OF_ADO: Final = f"{tokens.ADO_AUDIENCE}/.default"


def configuration(base: str, tenant: str) -> Answer:
    """Return the tenant's openid-configuration, or the refusal of an unknown tenant."""
    if tenant.lower() not in {TENANT, TENANT_ID}:
        words = (
            f"AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
        )
        return _refusal("invalid_tenant", words, 90002, 400)
    root = f"{base}/{TENANT_ID}"
    return Answer({
        "token_endpoint": f"{base}/{tenant}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{root}/discovery/v2.0/keys", "issuer": f"{root}/v2.0",
        "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/devicecode",
        "response_modes_supported": ["query", "fragment", "form_post"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"], "response_types_supported": ["code", "id_token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"], "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com", "msgraph_host": "graph.microsoft.com",
    })  # fmt: skip


def token(tenant: str, body: bytes, roles: list[str], lifetime_s: int) -> Answer:  # noqa: PLR0911  a refusal each
    """Answer a token request by client credentials; `roles` are the permissions consented to."""
    form = dict(parse_qsl(body.decode()))
    if tenant.lower() not in {TENANT, TENANT_ID}:
        return _refusal("invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.", 90002, 400)
    if form.get("grant_type") != "client_credentials":
        words = f"AADSTS70003: The app requested an unsupported grant type '{form.get('grant_type')}'."
        return _refusal("unsupported_grant_type", words, 70003, 400)
    if form.get("client_id") != CLIENT:
        given = form.get("client_id")
        words = (
            f"AADSTS700016: Application with identifier '{given}' was not found in the directory 'Contoso'."
        )
        return _refusal("unauthorized_client", words, 700016, 400)
    if "client_assertion" in form and not genuine(form["client_assertion"], CLIENT):
        words = "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on"
        return _refusal("invalid_client", f"{words} application.", 700027, 401)
    if "client_assertion" not in form and form.get("client_secret") != SECRET:
        words = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the"
        return _refusal(
            "invalid_client",
            f"{words} client secret value, not the client secret ID, for a secret added to app '{CLIENT}'.",
            7000215,
            401,
        )
    scope = form.get("scope", "")
    if not scope.endswith("/.default"):
        words = f"AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows"
        return _refusal(
            "invalid_scope",
            f"{words} must have a scope value with /.default suffixed to the resource identifier.",
            1002012,
            400,
        )
    if lifetime_s <= 0:
        return _refusal("temporarily_unavailable", "AADSTS90033: A transient error has occurred.", 90033, 503)
    audience = tokens.ADO_AUDIENCE if scope == _CLAIMS_OF_ADO else scope.removesuffix("/.default")
    access = tokens.issue(audience, TENANT_ID, CLIENT, roles, lifetime_s)
    return Answer(
        {
            "token_type": "Bearer",
            "expires_in": lifetime_s,
            "ext_expires_in": lifetime_s,
            "access_token": access,
        }
    )


def discovery(base: str) -> Answer:
    """Answer msal's question whether an authority is known: every one of this host is."""
    return Answer({
        "tenant_discovery_endpoint": f"{base}/{TENANT}/v2.0/.well-known/openid-configuration", "api-version": "1.1",
        "metadata": [],
    })  # fmt: skip


def _refusal(error: str, words: str, code: int, status: int) -> Answer:
    trace = "1b9f7d5c-0000-0000-0000-000000000001"
    when = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    body: dict[str, Any] = {
        "error": error,
        "error_description": f"{words} Trace ID: {trace} Correlation ID: {trace} Timestamp: {when}",
        "error_codes": [code], "timestamp": when, "trace_id": trace, "correlation_id": trace,
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }  # fmt: skip
    return Answer(body, status)
