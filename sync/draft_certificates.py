"""Certificates that people hand in: an application's own with its key, and authorities'; read, checked, and named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)
from sqlalchemy import Engine

from config.secrets import KEPT, SecretMissing
from config.vault import VaultUnusable
from sync.keeping import KeptSecrets

MOST: Final = 65_536  # bytes of a file with certificates; a chain of five has ten thousand
_MANY: Final = 20  # certificates of authorities that one source may trust
_BITS: Final = 2048  # of a key; Entra takes none that is shorter
_PEM: Final = b"-----BEGIN "
_LASTS: Final = timedelta(days=730)  # of a certificate that is made here
_EARLY: Final = timedelta(hours=1)  # for clocks that are behind ours
_LONGEST_NAME: Final = 64  # characters of a common name (RFC 5280)


class CertificateRefused(ValueError):
    """What was handed in cannot be used: says why and what to do, and nothing of it that is secret."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What everybody may see of a certificate; `thumbprint` is what Entra lists it by."""

    subject: str
    issuer: str
    ends_at: datetime
    thumbprint: str


def shown_of(pem: str) -> tuple[Shown, ...]:
    """Return what may be seen of each certificate in a PEM text; none where there is none to be read."""
    try:
        return tuple(map(_shown, x509.load_pem_x509_certificates(pem.encode())))
    except ValueError:
        return ()


def certificate_of(engine: Engine, reference: str) -> tuple[Shown, ...]:
    """Return what may be seen of a kept certificate; nothing where it cannot be opened, or is kept elsewhere."""
    return shown_of(public_part(engine, reference))


def public_part(engine: Engine, reference: str) -> str:
    """Return a kept certificate without its key, in PEM; "" where it cannot be opened, or is kept elsewhere."""
    try:
        kept = KeptSecrets(engine)(int(reference.removeprefix(KEPT))) if reference.startswith(KEPT) else None
        found = x509.load_pem_x509_certificates((kept or "").encode())
    except (SecretMissing, VaultUnusable, ValueError):
        return ""
    return found[0].public_bytes(Encoding.PEM).decode()


def make_identity(called: str, *, now: datetime) -> str:
    """Make a key and a certificate that signs itself, as applications in Entra take them; return both as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, called[:_LONGEST_NAME])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _written(key, [made])


def read_authorities(given: bytes, *, now: datetime) -> tuple[str, tuple[Shown, ...]]:
    """Read the certificates of authorities, as PEM, DER or PKCS #7; return them as PEM, and what may be seen of each.

    Raises:
        CertificateRefused: There is none, or one is none of an authority, or not in force.
    """
    if b"PRIVATE KEY" in given:
        raise CertificateRefused(
            "A private key is among it, which nobody else should have. Give the certificate of the authority alone."
        )
    found = list(dict.fromkeys(_loaded(given)))
    if not found:
        raise CertificateRefused(
            "There is no certificate in it. Expected a text that begins with -----BEGIN CERTIFICATE-----, or a .pem,"
            " .crt, .cer or .p7b file; whoever runs the server has it."
        )
    if len(found) > _MANY:
        raise CertificateRefused(
            f"There are {len(found)} certificates in it, and {_MANY} at most are taken. Give only those of the"
            " authority that signed the server's certificate, not all that a machine trusts."
        )
    for each in found:
        _in_force(each, now)
        if not _of_authority(each):
            raise CertificateRefused(
                f"This is the certificate of {_shown(each).subject} itself, not of the authority that signed it. Give"
                f" that of {_shown(each).issuer}."
            )
    text = "".join(each.public_bytes(Encoding.PEM).decode() for each in found)
    return text, tuple(map(_shown, found))


def read_identity(given: bytes, passphrase: str | None, *, now: datetime) -> tuple[str, Shown]:
    """Read a certificate with its private key, as PEM or .pfx; return both as PEM without a passphrase, to be sealed.

    Raises:
        CertificateRefused: One of them is missing, they do not belong together, the passphrase is not theirs, or Entra
            would not take them.
    """
    phrase = passphrase.encode() if passphrase else None
    key, certificates = _of_pem(given, phrase) if _PEM in given else _of_pfx(given, phrase)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _BITS:
        raise CertificateRefused(
            f"Entra takes an RSA key of {_BITS} bits or more, and this is another. Have a new certificate made."
        )
    own = [each for each in certificates if each.public_key() == key.public_key()]
    if not own:
        raise CertificateRefused(
            "The private key is not that of the certificate. Give the file that holds both, as they were made together."
        )
    _in_force(own[0], now)
    others = [each for each in certificates if each != own[0]]
    return _written(key, [own[0], *others]), _shown(own[0])


def _written(key: rsa.RSAPrivateKey, certificates: Sequence[x509.Certificate]) -> str:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return b"".join([private, *(each.public_bytes(Encoding.PEM) for each in certificates)]).decode()


def _of_pem(given: bytes, phrase: bytes | None) -> tuple[object, Sequence[x509.Certificate]]:
    begin = given.find(b"PRIVATE KEY-----")
    if begin < 0 or b"BEGIN CERTIFICATE" not in given:
        missing = "certificate" if begin >= 0 else "private key"
        raise CertificateRefused(
            f"The {missing} is missing: the file must hold the certificate and its private key. A .pfx holds both; of"
            " two PEM files, put one behind the other."
        )
    key_text = _key_of(given)
    try:
        certificates = x509.load_pem_x509_certificates(given)
        encrypted = b"ENCRYPTED" in key_text
        if encrypted and phrase is None:
            raise CertificateRefused("The private key is encrypted: type its passphrase, too.")
        # A passphrase where none is needed does no harm.
        return load_pem_private_key(key_text, phrase if encrypted else None), certificates
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if isinstance(error, CertificateRefused):
            raise
        raise CertificateRefused(
            "The file cannot be read: it is damaged, or the passphrase is another one."
        ) from None


def _key_of(given: bytes) -> bytes:
    """Return the first private key of a PEM text, from its first to its last line."""
    middle = given.find(b"PRIVATE KEY-----")
    start = given.rfind(_PEM, 0, middle)
    end = given.find(b"PRIVATE KEY-----", middle + 1)
    return given[start : end + len(b"PRIVATE KEY-----")] + b"\n"


def _of_pfx(given: bytes, phrase: bytes | None) -> tuple[object, Sequence[x509.Certificate]]:
    try:
        key, own, others = pkcs12.load_key_and_certificates(given, phrase)
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateRefused(
            "The file cannot be opened: it is no .pfx, .p12 or .pem file, or the passphrase is another one."
        ) from None
    certificates = [each for each in (own, *others) if each is not None]
    if key is None or not certificates:
        missing = "private key" if key is None else "certificate"
        raise CertificateRefused(
            f"The {missing} is missing in this file. When it is exported, choose to export the private key as well."
        )
    return key, certificates


def _loaded(given: bytes) -> Sequence[x509.Certificate]:
    try:
        if b"-----BEGIN PKCS7-----" in given:
            return pkcs7.load_pem_pkcs7_certificates(given)
        if _PEM in given:
            return x509.load_pem_x509_certificates(given)
        try:
            return [x509.load_der_x509_certificate(given)]
        except ValueError:
            return pkcs7.load_der_pkcs7_certificates(given)
    except (ValueError, UnsupportedAlgorithm):
        return ()


def _of_authority(certificate: x509.Certificate) -> bool:
    """Whether a certificate can vouch for others, or for itself."""
    try:
        if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return True
    except (x509.ExtensionNotFound, ValueError):
        pass
    return certificate.issuer == certificate.subject


def _in_force(certificate: x509.Certificate, now: datetime) -> None:
    known = _shown(certificate)
    if certificate.not_valid_after_utc < now:
        raise CertificateRefused(
            f"The certificate of {known.subject} ended on {known.ends_at:%Y-%m-%d}. Give the one that took its place."
        )
    if certificate.not_valid_before_utc > now:
        raise CertificateRefused(
            f"The certificate of {known.subject} begins on {certificate.not_valid_before_utc:%Y-%m-%d}. Give the one"
            " that holds today."
        )


def _shown(certificate: x509.Certificate) -> Shown:
    return Shown(
        subject=_named(certificate.subject),
        issuer=_named(certificate.issuer),
        ends_at=certificate.not_valid_after_utc,
        thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 - what Entra shows, not a proof
    )


def _named(name: x509.Name) -> str:
    """Return what a person calls it: its common name, else all of it."""
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string() or "somebody without a name"
