"""What can be said about a Jira source."""

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_PAGE_OF_THE_SITE: Final = re.compile(r"/(browse|secure|rest|projects|issues|plugins/servlet)(/|$)")
_FIELD_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


class _Closed(BaseModel):
    """No unknown options, no change after loading, no values in error messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BasicAuth(_Closed):
    """A user with an API token (Cloud) or a password (Data Center, where it may be switched off)."""

    type: Literal["basic"] = Field(description="User name and token, sent as HTTP Basic.")
    username: str = Field(min_length=1, description="Cloud: the e-mail address. Data Center: the user name.")
    token: SecretStr = Field(description="Cloud: an API token. Data Center: the password.")


class PatAuth(_Closed):
    """A personal access token (Data Center 8.14 and later), or a service account's bearer token."""

    type: Literal["pat"] = Field(description="A personal access token, sent as Bearer.")
    token: SecretStr = Field(description="The token.")


class JiraConfig(_Closed):
    """One Jira source."""

    base_url: str = Field(
        description="The site, e.g. https://example.atlassian.net, https://jira.example.com/jira with its context "
        "path, or https://api.atlassian.com/ex/jira/<cloud id> for tokens with scopes."
    )
    auth: Annotated[BasicAuth | PatAuth, Field(discriminator="type")] = Field(description="How to sign in.")
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
    batch: int = Field(default=100, ge=1, le=100, description="Issues a request.")
    connections: int = Field(default=8, ge=1, le=32, description="Requests at once to this host.")
    ca_bundle: str | None = Field(
        default=None, description="PEM file of the authority that signed the server."
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

    @model_validator(mode="after")
    def _one_choice(self) -> "JiraConfig":
        if self.query is not None and self.projects != ("*",):
            raise ValueError("give projects or a query, not both; a query may say `project in (A, B)`")
        return self
