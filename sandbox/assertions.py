"""Client assertions: what an application with a certificate signs instead of sending a secret."""

import base64
import time

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def genuine(assertion: str, client: str) -> bool:
    """Whether an assertion is in time, for this client, and signed by the certificate it carries.

    The real directory knows the certificates of an application; this one takes any.
    """
    try:
        head, body, signature = assertion.split(".")
        header, claims = orjson.loads(_bytes(head)), orjson.loads(_bytes(body))
        certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or header["alg"] != "PS256":
            return False
        digest = hashes.SHA256()
        padded = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        key.verify(_bytes(signature), f"{head}.{body}".encode(), padded, digest)
    except (InvalidSignature, ValueError, KeyError, IndexError, TypeError):
        return False
    return bool(claims.get("iss") == claims.get("sub") == client and claims.get("exp", 0) > time.time())


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
