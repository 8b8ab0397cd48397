"""The ID token: whether the provider signed it, for us, for this sign-in, and now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from api.signin.oidc_metadata import Metadata

_LEEWAY: Final = 60  # seconds that clocks may differ
# Keys of two halves only: with a shared secret whoever knows the client's could make tokens.
_SIGNED_BY: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip


class SignInRefused(Exception):
    """Nobody is signed in by what came from the provider; says why, and nothing that came in the address."""


class NotBegun(SignInRefused):
    """What came is no answer to a sign-in that this browser began, so anybody may have sent it."""


def checked_claims(
    token: Mapping[str, Any],
    metadata: Metadata,
    *,
    client_id: str,
    nonce: str,
    tenants: Sequence[str],
    now: datetime,
) -> Mapping[str, Any]:
    """Return the claims of an ID token that holds.

    Raises:
        SignInRefused: It does not; says which part.
        ProviderAway: The keys cannot be had.
    """
    from authlib.oidc.core import CodeIDToken
    from joserfc.errors import JoseError

    given = token.get("id_token")
    if not isinstance(given, str):
        raise SignInRefused("it sent no ID token; MUSTER_OIDC_SCOPES must hold openid")
    decoded = _decoded(given, metadata, now)
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": _issuer(decoded.claims, metadata, tenants, now)},
        "aud": {"essential": True, "value": client_id},
        "sub": {"essential": True},
    }
    asked = {"nonce": nonce, "client_id": client_id, "access_token": token.get("access_token")}
    claims = CodeIDToken(decoded.claims, decoded.header, options, asked)
    try:
        claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
    except JoseError as error:
        raise SignInRefused(f"its ID token does not hold: {error.error}") from error
    return dict(claims)


def _decoded(given: str, metadata: Metadata, now: datetime) -> Any:
    from joserfc import jws, jwt
    from joserfc.errors import InvalidKeyIdError, JoseError
    from joserfc.jwk import KeySet

    offered = metadata.get(now).get("id_token_signing_alg_values_supported") or ["RS256"]
    registry = jws.JWSRegistry(
        algorithms=[one for one in _SIGNED_BY if one in offered], strict_check_header=False
    )

    def decode(*, anew: bool) -> Any:
        keys = KeySet.import_key_set(metadata.keys(now, anew=anew))  # type: ignore[arg-type]
        return jwt.decode(given, keys, registry=registry)

    try:
        try:
            return decode(anew=False)
        except InvalidKeyIdError:
            return decode(anew=True)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise SignInRefused("its ID token is not signed by a key it publishes") from error


def _issuer(claims: Mapping[str, Any], metadata: Metadata, tenants: Sequence[str], now: datetime) -> str:
    """Return who must have issued it: of an issuer of many tenants, the one of a tenant whose people may come.

    Entra ID's common endpoints name `https://login.microsoftonline.com/{tenantid}/v2.0` and sign for every tenant
    there is; whoever leaves the issuer unchecked then takes anybody's account for one of theirs.
    """
    issuer = str(metadata.get(now)["issuer"])
    tenant = claims.get("tid")
    if "{tenantid}" not in issuer:
        if tenants and tenant not in tenants:
            raise SignInRefused("its tenant is not in MUSTER_OIDC_TENANTS")
        return issuer
    if not isinstance(tenant, str) or tenant not in tenants:
        raise SignInRefused("its tenant is not in MUSTER_OIDC_TENANTS")
    return issuer.replace("{tenantid}", tenant)
