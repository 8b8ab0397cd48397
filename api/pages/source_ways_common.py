"""What the ways to a source have in common."""

from functools import partial
from typing import Final

from api.pages.source_asked import Asked, Path
from api.translation import N_

ADDRESS: Final = partial(Asked, "address", ("base_url",))
TYPE: Final = ("auth", "type")
TOKEN: Final = ("auth", "token")
SECRET: Final = ("auth", "client_secret")
CLIENT: Final = ("auth", "client_id")
CERTIFICATE: Final = ("auth", "certificate")


def typed(value: str, *more: tuple[Path, str]) -> tuple[tuple[Path, str], ...]:
    """Return what a sign-in of this type always says."""
    return ((TYPE, value), *more)


AUTHORITIES: Final = Asked(
    "authorities",
    ("ca_bundle",),
    N_("Certificate of your own authority"),
    N_(
        "Only where the server's certificate is signed by an authority of your own, which browsers elsewhere would not"
        " trust: choose its .pem, .crt, .cer or .p7b file, or paste it. Nothing else is then trusted for this source."
    ),
    required=False,
    shape="authorities",
    aside=True,
)
PROXY: Final = Asked(
    "proxy",
    ("proxy",),
    N_("Proxy"),
    N_(
        "Only where Muster gets there through one. One with a password, or inside your network, is set by whoever runs"
        " Muster."
    ),
    required=False,
    example="http://proxy.example.com:8080",
    aside=True,
)
