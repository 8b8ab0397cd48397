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
)
from cryptography.x509.oid import NameOID

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TODAY = dt.datetime.now(dt.UTC)


def pem(*, ends_in: int = 30, passphrase: str | None = None, key: rsa.RSAPrivateKey = KEY) -> str:
    """Return a PEM file with a key and a certificate of `KEY` that ends in so many days."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "muster")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(TODAY - dt.timedelta(days=60))
        .not_valid_after(TODAY + dt.timedelta(days=ends_in))
        .sign(KEY, hashes.SHA256())
    )
    sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    return private.decode() + made.public_bytes(Encoding.PEM).decode()
