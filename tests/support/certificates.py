"""Certificates with their keys, as an application signs in with."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TODAY = dt.datetime.now(dt.UTC)


def _certificate(
    subject: str, issuer: str, *, ends_in: int = 30, begins_in: int = -60, ca: bool | None = None
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(TODAY + dt.timedelta(days=begins_in))
        .not_valid_after(TODAY + dt.timedelta(days=ends_in))
    )
    if ca is not None:
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return made.sign(KEY, hashes.SHA256())


def authority(name: str = "Office authority", **more: int) -> bytes:
    """Return the certificate of an authority, in PEM."""
    return _certificate(name, name, ca=True, **more).public_bytes(Encoding.PEM)


def server() -> bytes:
    """Return the certificate of a server that an authority signed, in PEM."""
    return _certificate("jira.example.internal", "Office authority", ca=False).public_bytes(Encoding.PEM)


def pfx(passphrase: bytes | None) -> bytes:
    """Return a .pfx file with a key and its certificate."""
    sealed = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"muster", KEY, _certificate("muster", "muster"), None, sealed
    )


def pem(*, ends_in: int = 30, passphrase: str | None = None, key: rsa.RSAPrivateKey = KEY) -> str:
    """Return a PEM file with a key and a certificate of `KEY` that ends in so many days."""
    made = _certificate("muster", "muster", ends_in=ends_in)
    sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    return private.decode() + made.public_bytes(Encoding.PEM).decode()
