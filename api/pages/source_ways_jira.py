"""The ways to a Jira: on Atlassian's cloud and on a server of one's own."""

from typing import Final

from api.pages.source_asked import Asked, SignIn, Way
from api.pages.source_ways_common import ADDRESS, AUTHORITIES, CLIENT, PROXY, SECRET, TOKEN, typed
from api.translation import N_

_CONSENT_ASKS: Final = (
    Asked("client", CLIENT, N_("Client ID"), N_("Of the application, as it was registered.")),
    Asked("secret", SECRET, N_("Client secret"), N_("Of the same application."), secret=True),
)
_CONSENT_AUTHORITY: Final = Asked(
    "authority",
    ("auth", "authority"),
    N_("Where tokens come from"),
    N_("Only where it is not the usual place."),
    required=False,
    example="https://auth.atlassian.com",
    aside=True,
)

JIRA_CLOUD: Final = Way(
    "jira_cloud",
    "jira",
    "jira",
    N_("Jira Cloud"),
    N_("A site at atlassian.net"),
    (
        ADDRESS(
            N_("Address of the site"),
            N_(
                "As in the browser, without what comes after the name. For a token with scopes or a"
                " service account: https://api.atlassian.com/ex/jira/ and the cloud id."
            ),
            example="https://example.atlassian.net",
        ),
        PROXY,
    ),
    (
        SignIn(
            "basic",
            N_("E-mail address and API token"),
            N_("Made at id.atlassian.com > Security > API tokens. What this person may see is what is read."),
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
                    TOKEN,
                    N_("API token"),
                    N_("Browse Projects in each project is enough; nothing is ever written."),
                    secret=True,
                ),
            ),
            typed("basic"),
        ),
        SignIn(
            "pat",
            N_("Token of a service account"),
            N_("Made at admin.atlassian.com, with the scopes read:jira-work and read:jira-user."),
            (
                Asked(
                    "token",
                    TOKEN,
                    N_("Token"),
                    N_("Sent as Bearer, through the gateway address."),
                    secret=True,
                ),
            ),
            typed("pat"),
        ),
        SignIn(
            "consent",
            N_("Consent of a person (OAuth 2.0)"),
            N_(
                "For an application made at developer.atlassian.com. Atlassian asks somebody to let Muster in; no"
                " password and no token is typed here."
            ),
            (*_CONSENT_ASKS, _CONSENT_AUTHORITY),
            typed("oauth", (("auth", "grant"), "consent")),
            consent=True,
        ),
        SignIn(
            "oauth",
            N_("OAuth credentials of a service account"),
            N_("Made at admin.atlassian.com, under the service account's credentials."),
            (
                Asked("client", CLIENT, N_("Client ID"), ""),
                Asked("secret", SECRET, N_("Client secret"), "", secret=True),
            ),
            typed("oauth", (("auth", "grant"), "client_credentials")),
        ),
    ),
)
JIRA_SERVER: Final = Way(
    "jira_server",
    "jira",
    "jira",
    N_("Jira Data Center"),
    N_("A server of your own"),
    (
        ADDRESS(
            N_("Address"),
            N_("With its context path, where it has one."),
            example="https://jira.example.com/jira",
        ),
        AUTHORITIES,
        PROXY,
    ),
    (
        SignIn(
            "pat",
            N_("Personal access token"),
            N_("Made in Jira under Profile > Personal Access Tokens, from version 8.14 on."),
            (
                Asked(
                    "token",
                    TOKEN,
                    N_("Token"),
                    N_("What its owner may see is what is read."),
                    secret=True,
                ),
            ),
            typed("pat"),
        ),
        SignIn(
            "basic",
            N_("User name and password"),
            N_("For older servers; may be switched off there."),
            (
                Asked("user", ("auth", "username"), N_("User name"), ""),
                Asked("token", TOKEN, N_("Password"), "", secret=True),
            ),
            typed("basic"),
        ),
        SignIn(
            "consent",
            N_("Consent of a person (OAuth 2.0)"),
            N_(
                "From version 8.22 on, for an incoming link made in Jira under Administration > Applications >"
                " Application links. Jira asks somebody to let Muster in."
            ),
            _CONSENT_ASKS,
            typed("oauth", (("auth", "grant"), "consent")),
            consent=True,
        ),
    ),
)
