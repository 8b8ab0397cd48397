"""The ways to a source: which trackers there are for people, and what each way of signing in asks for."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from api.pages.source_asked import Asked, Path, SignIn, Way
from api.translation import N_

_ADDRESS = partial(Asked, "address", ("base_url",))
_TOKEN = ("auth", "token")
_SECRET = ("auth", "client_secret")
_CLIENT = ("auth", "client_id")
_CLOUDS = (
    ("", N_("Public")),
    ("us_gov", N_("US Government")),
    ("us_dod", N_("US Department of Defense")),
    ("china", N_("China")),
)


def _type(value: str, *more: tuple[Path, str]) -> tuple[tuple[Path, str], ...]:
    return ((("auth", "type"), value), *more)


_ENTRA_ASKS: Final = (
    Asked(
        "tenant",
        ("auth", "tenant"),
        N_("Directory (tenant)"),
        N_("Its domain or id."),
        example="example.onmicrosoft.com",
    ),
    Asked("client", _CLIENT, N_("Application (client) ID"), N_("Of the app registration, under Overview.")),
    Asked(
        "secret",
        _SECRET,
        N_("Client secret"),
        N_("Its value, not its id; shown only once, when it is made."),
        secret=True,
    ),
    Asked(
        "cloud",
        ("auth", "cloud"),
        N_("Cloud"),
        N_("Which of Microsoft's clouds the directory is in."),
        required=False,
        choices=_CLOUDS,
    ),
)
_MACHINE: Final = SignIn(
    "machine",
    N_("The machine itself (managed identity)"),
    N_("Only where Muster runs in Azure. Nothing to keep secret, and nothing that runs out."),
    fixed=_type("managed_identity"),
)

WAYS: Final = (
    Way(
        "jira_cloud",
        "jira",
        "jira",
        N_("Jira Cloud"),
        N_("A site at atlassian.net"),
        (
            _ADDRESS(
                N_("Address of the site"),
                N_(
                    "As in the browser, without what comes after the name. For a token with scopes or a"
                    " service account: https://api.atlassian.com/ex/jira/ and the cloud id."
                ),
                example="https://example.atlassian.net",
            ),
        ),
        (
            SignIn(
                "basic",
                N_("E-mail address and API token"),
                N_(
                    "Made at id.atlassian.com > Security > API tokens. What this person may see is what is read."
                ),
                (
                    Asked(
                        "user",
                        ("auth", "username"),
                        N_("E-mail address"),
                        N_("Of the person whose token it is."),
                        example="sync@example.com",
                    ),
                    Asked(
                        "token",
                        _TOKEN,
                        N_("API token"),
                        N_("Browse Projects in each project is enough; nothing is ever written."),
                        secret=True,
                    ),
                ),
                _type("basic"),
            ),
            SignIn(
                "pat",
                N_("Token of a service account"),
                N_("Made at admin.atlassian.com, with the scopes read:jira-work and read:jira-user."),
                (
                    Asked(
                        "token",
                        _TOKEN,
                        N_("Token"),
                        N_("Sent as Bearer, through the gateway address."),
                        secret=True,
                    ),
                ),
                _type("pat"),
            ),
            SignIn(
                "oauth",
                N_("OAuth credentials of a service account"),
                N_("Made at admin.atlassian.com, under the service account's credentials."),
                (
                    Asked("client", _CLIENT, N_("Client ID"), ""),
                    Asked("secret", _SECRET, N_("Client secret"), "", secret=True),
                ),
                _type("oauth", (("auth", "grant"), "client_credentials")),
            ),
        ),
    ),
    Way(
        "jira_server",
        "jira",
        "jira",
        N_("Jira Data Center"),
        N_("A server of your own"),
        (
            _ADDRESS(
                N_("Address"),
                N_("With its context path, where it has one."),
                example="https://jira.example.com/jira",
            ),
        ),
        (
            SignIn(
                "pat",
                N_("Personal access token"),
                N_("Made in Jira under Profile > Personal Access Tokens, from version 8.14 on."),
                (
                    Asked(
                        "token",
                        _TOKEN,
                        N_("Token"),
                        N_("What its owner may see is what is read."),
                        secret=True,
                    ),
                ),
                _type("pat"),
            ),
            SignIn(
                "basic",
                N_("User name and password"),
                N_("For older servers; may be switched off there."),
                (
                    Asked("user", ("auth", "username"), N_("User name"), ""),
                    Asked("token", _TOKEN, N_("Password"), "", secret=True),
                ),
                _type("basic"),
            ),
        ),
    ),
    Way(
        "azure_devops",
        "azure_devops",
        "azure-devops",
        N_("Azure DevOps Services"),
        N_("An organisation at dev.azure.com"),
        (
            _ADDRESS(
                N_("Address of the organisation"),
                N_("As in the browser, up to the organisation's name."),
                example="https://dev.azure.com/example",
            ),
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
                        _TOKEN,
                        N_("Token"),
                        N_("Of this organisation; tokens run out after a year at most."),
                        secret=True,
                    ),
                ),
                _type("pat"),
            ),
            SignIn(
                "entra",
                N_("Entra application"),
                N_(
                    "Added to the organisation as a user with Basic access, and to the readers of each project."
                ),
                _ENTRA_ASKS,
                _type("entra"),
            ),
            _MACHINE,
        ),
    ),
    Way(
        "azure_server",
        "azure_devops",
        "azure-devops",
        N_("Azure DevOps Server"),
        N_("A collection on a server of your own"),
        (
            _ADDRESS(
                N_("Address of the collection"),
                N_("Up to the collection's name."),
                example="https://server/tfs/DefaultCollection",
            ),
            Asked(
                "version",
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
        ),
        (
            SignIn(
                "pat",
                N_("Personal access token"),
                N_("Made there under Security > Personal access tokens, with the scope Work Items (read)."),
                (Asked("token", _TOKEN, N_("Token"), "", secret=True),),
                _type("pat"),
            ),
        ),
    ),
    Way(
        "sharepoint",
        "excel",
        "workbooks",
        N_("Excel on SharePoint"),
        N_("Registers, RAID logs and plans in a site"),
        (
            Asked(
                "site",
                ("site",),
                N_("Site"),
                N_("Its host and path with a colon between."),
                example="example.sharepoint.com:/sites/pmo",
            ),
            Asked(
                "paths",
                ("paths",),
                N_("Workbooks"),
                N_("Their path in the site's first library, one a line."),
                example="/Programme/register.xlsx",
                lines=True,
            ),
        ),
        (
            SignIn(
                "entra",
                N_("Entra application"),
                N_("With Sites.Selected, admin consent, and read granted on this site."),
                _ENTRA_ASKS,
                _type("entra"),
            ),
            _MACHINE,
        ),
    ),
    Way(
        "folder",
        "excel",
        "files",
        N_("Excel in a folder"),
        N_("Workbooks on a disk that Muster can read"),
        (
            Asked(
                "folder",
                ("folder",),
                N_("Folder"),
                N_("Only folders that the administrator opened to Muster."),
                example="/data/pmo",
            ),
        ),
    ),
)


def way_of(key: str) -> Way | None:
    """Return a way by its key."""
    return next((way for way in WAYS if way.key == key), None)


def way_for(block: Mapping[str, Any]) -> Way:
    """Return the way that a source's block most likely came by."""
    auth = block.get("auth") or {}
    if block.get("kind") == "jira":
        cloud = "atlassian." in str(block.get("base_url")) or "@" in str(auth.get("username"))
        key = "jira_cloud" if cloud else "jira_server"
    elif block.get("kind") == "azure_devops":
        key = "azure_devops" if block.get("api_version") in (None, "7.1") else "azure_server"
    else:
        key = "folder" if block.get("folder") else "sharepoint"
    return next(way for way in WAYS if way.key == key)


def sign_in_of(way: Way, block: Mapping[str, Any]) -> SignIn | None:
    """Return how a block signs in, the way's first where it does not say; None where nobody has to."""
    kind = (block.get("auth") or {}).get("type")
    found = [each for each in way.sign_ins if dict(each.fixed).get(("auth", "type")) == kind]
    return next(iter(found or way.sign_ins), None)
