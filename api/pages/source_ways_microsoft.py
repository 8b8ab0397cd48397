"""The ways to what is Microsoft's: Azure DevOps, and workbooks on SharePoint."""

from typing import Final

from api.pages.source_asked import Asked, SignIn, Way
from api.pages.source_ways_common import (
    ADDRESS,
    AUTHORITIES,
    CERTIFICATE,
    CLIENT,
    PROXY,
    SECRET,
    TOKEN,
    typed,
)
from api.translation import N_

_CLOUDS = (
    ("", N_("Public")),
    ("us_gov", N_("US Government")),
    ("us_dod", N_("US Department of Defense")),
    ("china", N_("China")),
)


_ENTRA_AUTHORITY: Final = Asked(
    "authority",
    ("auth", "authority"),
    N_("Address of its sign-in"),
    N_("Only for a cloud that is not in the list."),
    required=False,
    example="https://login.microsoftonline.com",
    aside=True,
)
_TENANT_ASKS: Final = (
    Asked(
        "tenant",
        ("auth", "tenant"),
        N_("Directory (tenant)"),
        N_("Its domain or id."),
        example="example.onmicrosoft.com",
    ),
    Asked("client", CLIENT, N_("Application (client) ID"), N_("Of the app registration, under Overview.")),
)
_CLOUD_ASKS: Final = (
    Asked(
        "cloud",
        ("auth", "cloud"),
        N_("Cloud"),
        N_("Which of Microsoft's clouds the directory is in."),
        required=False,
        choices=_CLOUDS,
    ),
    _ENTRA_AUTHORITY,
)
_ENTRA_ASKS: Final = (
    *_TENANT_ASKS,
    Asked(
        "secret",
        SECRET,
        N_("Client secret"),
        N_("Its value, not its id; shown only once, when it is made."),
        secret=True,
    ),
    *_CLOUD_ASKS,
)
_CERTIFICATE_ASKS: Final = (
    *_TENANT_ASKS,
    Asked(
        "certificate",
        ("auth", "certificate"),
        N_("Certificate with its private key"),
        N_(
            "A .pfx, .p12 or .pem file. Its public part belongs into the app registration, under Certificates &"
            " secrets."
        ),
        secret=True,
        shape="certificate",
    ),
    *_CLOUD_ASKS,
)
_MACHINE: Final = SignIn(
    "machine",
    N_("The machine itself (managed identity)"),
    N_("Only where Muster runs in Azure. Nothing to keep secret, and nothing that runs out."),
    fixed=typed("managed_identity"),
)

AZURE_DEVOPS: Final = Way(
    "azure_devops",
    "azure_devops",
    "azure-devops",
    N_("Azure DevOps Services"),
    N_("An organisation at dev.azure.com"),
    (
        ADDRESS(
            N_("Address of the organisation"),
            N_("As in the browser, up to the organisation's name."),
            example="https://dev.azure.com/example",
        ),
        PROXY,
    ),
    (
        SignIn(
            "pat",
            N_("Personal access token"),
            N_(
                "Made in Azure DevOps under User settings > Personal access tokens, with the scopes"
                " Work Items (read) and Project and Team (read)."
            ),
            (
                Asked(
                    "token",
                    TOKEN,
                    N_("Token"),
                    N_("Of this organisation; tokens run out after a year at most."),
                    secret=True,
                ),
            ),
            typed("pat"),
        ),
        SignIn(
            "entra",
            N_("Entra application"),
            N_("Added to the organisation as a user with Basic access, and to the readers of each project."),
            _ENTRA_ASKS,
            typed("entra"),
            proof=SECRET,
        ),
        SignIn(
            "entra_certificate",
            N_("Entra application, by certificate"),
            N_("Added to the organisation as a user with Basic access, and to the readers of each project."),
            _CERTIFICATE_ASKS,
            typed("entra"),
            proof=CERTIFICATE,
        ),
        _MACHINE,
    ),
)
AZURE_SERVER: Final = Way(
    "azure_server",
    "azure_devops",
    "azure-devops",
    N_("Azure DevOps Server"),
    N_("A collection on a server of your own"),
    (
        ADDRESS(
            N_("Address of the collection"),
            N_("Up to the collection's name."),
            example="https://server/tfs/DefaultCollection",
        ),
        Asked(
            "api_version",
            ("api_version",),
            N_("Version of the server"),
            N_("Decides which of its interfaces is used."),
            choices=(
                ("7.1", "2022.1"),
                ("7.0", "2022"),
                ("6.0", "2020"),
                ("5.1", "2019.1"),
                ("5.0", "2019"),
            ),
        ),
        AUTHORITIES,
        PROXY,
    ),
    (
        SignIn(
            "pat",
            N_("Personal access token"),
            N_("Made there under Security > Personal access tokens, with the scope Work Items (read)."),
            (Asked("token", TOKEN, N_("Token"), "", secret=True),),
            typed("pat"),
        ),
    ),
)
SHAREPOINT: Final = Way(
    "sharepoint",
    "excel",
    "workbooks",
    N_("Excel on SharePoint"),
    N_("Registers, RAID logs and plans in a site"),
    (
        Asked(
            "links",
            ("links",),
            N_("Share links"),
            N_(
                "Of workbooks, one a line: in SharePoint or OneDrive choose Share > Copy link. A link is a key to"
                " the file, so it is sealed as a password is."
            ),
            required=False,
            example="https://example.sharepoint.com/:x:/s/pmo/…",
            lines=True,
            shape="links",
        ),
        Asked(
            "site",
            ("site",),
            N_("Site"),
            N_("For workbooks by path: its host and path with a colon between."),
            required=False,
            example="example.sharepoint.com:/sites/pmo",
        ),
        Asked(
            "paths",
            ("paths",),
            N_("Paths of workbooks"),
            N_("In the site's first library, one a line."),
            required=False,
            example="/Programme/register.xlsx",
            lines=True,
        ),
        Asked(
            "graph",
            ("graph_url",),
            N_("Address of Microsoft Graph"),
            N_("Only for a cloud that is not in the list; whoever runs Muster has to name its host."),
            required=False,
            example="https://graph.microsoft.com/v1.0",
            aside=True,
        ),
        AUTHORITIES,
        PROXY,
    ),
    (
        SignIn(
            "entra",
            N_("Entra application"),
            N_("With Sites.Selected, admin consent, and read granted on this site."),
            _ENTRA_ASKS,
            typed("entra"),
            proof=SECRET,
        ),
        SignIn(
            "entra_certificate",
            N_("Entra application, by certificate"),
            N_("With Sites.Selected, admin consent, and read granted on this site."),
            _CERTIFICATE_ASKS,
            typed("entra"),
            proof=CERTIFICATE,
        ),
        _MACHINE,
    ),
)
