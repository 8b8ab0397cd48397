"""Certificates that people hand in: what can be used is taken, and the rest is refused with what to do."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from sync.draft_certificates import (
    CertificateRefused,
    make_identity,
    read_authorities,
    read_identity,
    shown_of,
)
from tests.support.certificates import KEY, TODAY, authority, pem, pfx, server

OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_authorities_come_as_pem_der_and_pkcs7_each_once_and_are_shown_by_name_and_end() -> None:
    one, two = authority(), authority("Root authority")
    parsed = [x509.load_pem_x509_certificate(each) for each in (one, two)]
    text, shown = read_authorities(b"as exported:\n" + one + two + one, now=TODAY)
    assert [each.subject for each in shown] == ["Office authority", "Root authority"]
    assert (shown[0].ends_at - TODAY).days in (29, 30)
    assert shown_of(text) == shown
    for packed in (pkcs7.serialize_certificates(parsed, form) for form in (Encoding.PEM, Encoding.DER)):
        assert set(read_authorities(packed, now=TODAY)[1]) == set(shown)
    assert read_authorities(parsed[0].public_bytes(Encoding.DER), now=TODAY)[1] == shown[:1]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"", "no certificate in it"),
        (b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----", "no certificate in it"),
        (pem().encode(), "private key is among it"),
        (server(), "of jira.example.internal itself.*Give that of Office authority"),
        (authority(ends_in=-1), "Office authority ended on"),
        (authority(begins_in=1), "Office authority begins on"),
        (b"".join(authority(f"A {number}") for number in range(21)), "20 at most"),
    ],
)
def test_what_is_no_authority_in_force_is_refused_with_what_to_give_instead(given: bytes, says: str) -> None:
    with pytest.raises(CertificateRefused, match=says):
        read_authorities(given, now=TODAY)


def test_a_certificate_with_its_key_is_read_from_pem_and_pfx_and_comes_out_unencrypted_and_first() -> None:
    crypted = pem(passphrase="phrase")
    for given, phrase in ((pem().encode(), None), (crypted.encode(), "phrase"), (pfx(b"phrase"), "phrase")):
        text, shown = read_identity(given + (authority() if b"-----" in given else b""), phrase, now=TODAY)
        assert text.startswith("-----BEGIN PRIVATE KEY")
        assert shown.subject == "muster"
        assert shown_of(text)[0] == shown
    assert len(shown.thumbprint) == 40


@pytest.mark.parametrize(
    ("given", "phrase", "says"),
    [
        (pem(passphrase="phrase").encode(), None, "type its passphrase"),
        (pem(passphrase="phrase").encode(), "other", "passphrase is another one"),
        (pfx(b"phrase"), "other", "passphrase is another one"),
        (b"not a file of the kind", None, "no .pfx, .p12 or .pem"),
        (authority(), None, "private key is missing"),
        (pem().encode().partition(b"-----BEGIN CERT")[0], None, "certificate is missing"),
        (pem(key=OTHER).encode(), None, "not that of the certificate"),
        (pem(ends_in=-2).encode(), None, "ended on"),
    ],
)
def test_a_certificate_that_cannot_sign_in_is_refused_and_nothing_of_its_key_is_said(
    given: bytes, phrase: str | None, says: str
) -> None:
    with pytest.raises(CertificateRefused, match=says) as caught:
        read_identity(given, phrase, now=TODAY + timedelta(seconds=1))
    assert "BEGIN" not in str(caught.value)
    assert given[60:90].decode("latin-1") not in str(caught.value) or len(given) < 90


def test_a_key_that_entra_does_not_take_is_told_before_it_is_tried() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    certificate = pem().encode()[pem().index("-----BEGIN CERT") :]
    with pytest.raises(CertificateRefused, match="RSA key of 2048 bits"):
        read_identity(key + certificate, None, now=TODAY)
    assert KEY.key_size == 2048


def test_a_certificate_that_is_made_here_is_one_that_can_be_handed_in_and_lasts_two_years() -> None:
    made = make_identity("Muster books", now=TODAY)
    text, shown = read_identity(made.encode(), None, now=TODAY)
    assert (text, shown.subject) == (made, "Muster books")
    assert 729 <= (shown.ends_at - TODAY).days <= 730
    with pytest.raises(CertificateRefused, match="private key is among it"):
        read_authorities(made.encode(), now=TODAY)
