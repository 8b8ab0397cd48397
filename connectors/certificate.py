"""What an application proves itself with: a client secret, or a certificate and its key."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from connectors.errors import AccessDenied, MisconfiguredSource

_KEY: Final = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.+?-----END (?:[A-Z]+ )*PRIVATE KEY-----", re.DOTALL
)
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_HOW: Final = (
    "it must be a PEM file that holds the private key and the certificate; a .pfx becomes one with: openssl pkcs12 -in "
    "app.pfx -out app.pem -nodes"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """One of `client_secret` and `certificate`; never shown when printed."""

    client_secret: SecretStr | None = field(repr=False)
    certificate: SecretStr | None = field(default=None, repr=False)
    passphrase: SecretStr | None = field(default=None, repr=False)

    @property
    def option(self) -> str:
        """What the configuration calls it."""
        return "client_secret" if self.certificate is None else "certificate"

    def secrets(self) -> tuple[str, ...]:
        """List what must not be seen anywhere."""
        known = (self.client_secret, self.certificate, self.passphrase)
        return tuple(each.get_secret_value() for each in known if each is not None)

    def credential(self, source: str) -> Any:
        """Return what msal takes.

        Raises:
            MisconfiguredSource: The file is no PEM with a key and a certificate, or the passphrase is wrong.
            AccessDenied: The certificate has ended.
        """
        if self.certificate is None:
            return self.client_secret.get_secret_value() if self.client_secret else ""
        text = self.certificate.get_secret_value()
        key, chain = _KEY.search(text), _CERTIFICATE.findall(text)
        if key is None or not chain:
            raise MisconfiguredSource(f"the certificate cannot be used: {_HOW}", source=source)
        phrase = self.passphrase.get_secret_value() if self.passphrase else None
        try:
            certificate = x509.load_pem_x509_certificate(chain[0].encode())
            private = load_pem_private_key(key[0].encode(), phrase.encode() if phrase else None)
        except TypeError:  # what the library raises for a passphrase too many or too few
            wanted = (
                "no passphrase is set" if phrase is None else "a passphrase is set, but it is not encrypted"
            )
            raise MisconfiguredSource(
                f"the private key of the certificate: {wanted}", source=source
            ) from None
        except ValueError:
            raise MisconfiguredSource(
                f"the certificate cannot be used, or passphrase is wrong: {_HOW}", source=source
            ) from None
        if private.public_key() != certificate.public_key():
            raise MisconfiguredSource(
                "the private key is not the certificate's; the certificate itself must come first in the file",
                source=source,
            )
        if certificate.not_valid_after_utc < datetime.now(UTC):
            raise AccessDenied(
                f"the certificate ended on {certificate.not_valid_after_utc:%Y-%m-%d}; make a new one, upload its "
                "public part to the app registration, and put it in place of the old one",
                source=source,
            )
        made = {"private_key": key[0], "public_certificate": "\n".join(chain)}
        return {**made, "passphrase": phrase} if phrase else made
