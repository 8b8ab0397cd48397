"""What can be said about a Jira source."""

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_PAGE_OF_THE_SITE: Final = re.compile(r"/(browse|secure|rest|projects|issues|plugins/servlet)(/|$)")
_GATEWAY_PATH: Final = re.compile(r"/ex/jira/[^/]+\Z")
_FIELD_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


class _Closed(BaseModel):
    """No unknown options, no change after loading, no values in error messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BasicAuth(_Closed):
    """A user with an API token (Cloud) or a password (Data Center, where it may be switched off).

    Needs: Browse Projects in each project; a token with scopes read:jira-work and read:jira-user, for
    boards read:board-scope:jira-software, read:sprint:jira-software and read:project:jira.
    """

    type: Literal["basic"] = Field(description="User name and token, sent as HTTP Basic.")
    username: str = Field(min_length=1, description="Cloud: the e-mail address. Data Center: the user name.")
    token: SecretStr = Field(description="Cloud: an API token. Data Center: the password.")


class PatAuth(_Closed):
    """A personal access token (Data Center 8.14 and later), or a service account's bearer token.

    Needs: what its owner may see, Browse Projects in each project; of a service account's token the
    scopes named at `BasicAuth`.
    """

    type: Literal["pat"] = Field(description="A personal access token, sent as Bearer.")
    token: SecretStr = Field(description="The token.")


CLOUD_SCOPES: Final[tuple[str, ...]] = (
    "read:jira-work",
    "read:jira-user",
    "read:board-scope:jira-software",
    "read:sprint:jira-software",
    "read:project:jira",
    "offline_access",
)
SERVER_SCOPES: Final[tuple[str, ...]] = ("READ",)


class OAuthAuth(_Closed):
    """OAuth 2.0: a person's consent, kept alive by tokens that rotate, or a service account's credentials.

    Needs: an app at developer.atlassian.com (OAuth 2.0) or, on Data Center 8.22 and later, an incoming
    application link, with the scopes below and the callback address. `muster source login` asks for the
    consent; what the consenting person may see is what is read.
    """

    type: Literal["oauth"] = Field(description="OAuth 2.0.")
    client_id: str = Field(min_length=1, description="The app's client id.")
    client_secret: SecretStr = Field(description="The app's secret.")
    grant: Literal["consent", "client_credentials"] = Field(
        default="consent",
        description="consent: of a person, by `muster source login`. client_credentials: a service account's.",
    )
    authority: str | None = Field(
        default=None,
        description="Where tokens come from. Cloud: https://auth.atlassian.com. Data Center: the site itself.",
    )
    callback: str = Field(
        default="http://127.0.0.1:8976/callback",
        pattern=r"^https?://[^/\s@]+/",
        description="Where the consent is sent to, exactly as registered with the app; on the machine of the login.",
    )
    scopes: tuple[str, ...] = Field(
        default=(), description="Asked for at the login; without them those that reading needs."
    )


class JiraConfig(_Closed):
    """One Jira source."""

    base_url: str = Field(
        description="The site, e.g. https://example.atlassian.net, https://jira.example.com/jira with its context "
        "path, or https://api.atlassian.com/ex/jira/<cloud id> for tokens with scopes."
    )
    auth: Annotated[BasicAuth | PatAuth | OAuthAuth, Field(discriminator="type")] = Field(
        description="How to sign in."
    )
    projects: tuple[str, ...] = Field(
        default=("*",), min_length=1, description='Project keys, or "*" for every project the account sees.'
    )
    query: str | None = Field(
        default=None,
        description="JQL that chooses the issues instead of `projects`; its ORDER BY is ignored.",
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Field ids that overrule discovery, e.g. {story_points: customfield_10024}; names as "
        "discovery lists them: story_points, story_points_other, sprint, epic_link, flagged.",
    )
    status_categories: dict[str, Literal["todo", "doing", "done", "dropped"]] = Field(
        default_factory=dict,
        description='Status id -> category, over what Jira says of it, e.g. {"10068": done}; holds wherever '
        "the category counts: an issue's own status, its start and its end.",
    )
    custom_fields: tuple[str, ...] = Field(
        default=(),
        description='Custom fields to keep with each issue, by id or name, or ["all"]; only these are asked for.',
    )
    overlap_hours: float = Field(
        default=12.0,
        ge=0,
        le=24 * 14,
        description="How far an incremental run reads back before the last change it knows, because Jira's search "
        "index lags behind.",
    )
    lists_minutes: float = Field(
        default=60.0,
        ge=0,
        le=24 * 60,
        description="How old the lists of people, sprints and versions, and the last look at fields, types and "
        "statuses, may be when an incremental run leaves them as they are; 0 reads them in every run.",
    )
    history_repair_days: float = Field(
        default=7.0,
        ge=0,
        le=365,
        description="How often the histories of all issues are looked through for changes that Jira does not date, as "
        "migrated workflows leave; 0 is never.",
    )
    changelog: bool = Field(
        default=True,
        description="Whether to read the history of issues. Without it a full reading is several times cheaper, and "
        "nothing is known of where issues have been: no transitions, no start of work, and of the end only Jira's "
        "resolution date.",
    )
    read: tuple[Literal["comments", "worklogs"], ...] = Field(
        default=(),
        description="What to read of issues besides their fields and history: comments, worklogs. Each makes issues "
        "larger to fetch, and long ones cost further requests.",
    )
    batch: int = Field(default=100, ge=1, le=100, description="Issues a request.")
    connections: int = Field(default=8, ge=1, le=32, description="Requests at once to this host.")
    ca_bundle: str | None = Field(
        default=None, description="PEM file of the authority that signed the server, or its text."
    )
    proxy: str | None = Field(default=None, description="Proxy address, e.g. http://proxy.example.com:8080.")

    @field_validator("base_url")
    @classmethod
    def _bare_address(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if not re.match(r"https?://[^/\s@]+(/|$)", value):
            raise ValueError("must begin with https:// (or http://) and a host, and hold no user name")
        if _PAGE_OF_THE_SITE.search(value):
            raise ValueError("must be the site's own address, not that of one of its pages")
        return value

    @field_validator("projects")
    @classmethod
    def _keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        keys = tuple(dict.fromkeys(key.strip() for key in value))
        if not all(keys):
            raise ValueError("a project key is empty")
        if "*" in keys and len(keys) > 1:
            raise ValueError('"*" means every project: give it alone, or give keys')
        return keys

    @field_validator("query")
    @classmethod
    def _some_query(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("is empty: leave it out, or say which issues")
        return value

    @field_validator("fields")
    @classmethod
    def _ids(cls, value: dict[str, str]) -> dict[str, str]:
        for name, field_id in value.items():
            if not _FIELD_ID.match(field_id):
                raise ValueError(f"{name}: a field id looks like customfield_10016")
        return value

    @field_validator("status_categories", mode="before")
    @classmethod
    def _status_ids(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        ids = {str(status): category for status, category in value.items()}
        if bad := sorted(status for status in ids if not status.isdecimal()):
            raise ValueError(f"{bad[0]!r} is no status id; `muster discover` lists the ids, names may repeat")
        return ids

    @field_validator("custom_fields", mode="before")
    @classmethod
    def _all_or_some(cls, value: object) -> object:
        found = (value,) if isinstance(value, str) else value
        if isinstance(found, list | tuple) and "all" in found and len(found) > 1:
            raise ValueError('"all" means every custom field: give it alone, or give names')
        return found

    @property
    def gateway(self) -> bool:
        """Whether the address is Cloud's gateway, and not the site's own."""
        return _GATEWAY_PATH.search(self.base_url) is not None

    @property
    def keeps_grant(self) -> bool:
        """Whether the sign-in rests on tokens that rotate, and so have to be stored."""
        return isinstance(self.auth, OAuthAuth) and self.auth.grant == "consent"

    @model_validator(mode="after")
    def _gateway_for_oauth(self) -> "JiraConfig":
        if isinstance(self.auth, OAuthAuth) and ".atlassian.net" in self.base_url:
            raise ValueError(
                "OAuth goes through the gateway: base_url is https://api.atlassian.com/ex/jira/<cloud id>, whose "
                "cloud id stands at <site>/_edge/tenant_info"
            )
        return self

    @model_validator(mode="after")
    def _one_choice(self) -> "JiraConfig":
        if self.query is not None and self.projects != ("*",):
            raise ValueError("give projects or a query, not both; a query may say `project in (A, B)`")
        return self
