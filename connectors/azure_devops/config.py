"""What an Azure DevOps source is told."""

from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.entra import EntraAuth, ManagedIdentityAuth, check_receiver, check_tunnel

EVERY_PROJECT: Final = "*"
_SERVICES: Final = ("dev.azure.com", ".visualstudio.com")
_STRICT: Final = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PatAuth(BaseModel):
    """A personal access token: Services and Server alike.

    Needs the scopes Work Items (read) and Project and Team (read); its owner needs Basic access and to be
    a reader of each project.
    """

    model_config = _STRICT

    type: Literal["pat"] = Field(description="Sign in with a personal access token.")
    token: SecretStr = Field(description="The token; scopes Work Items (read) and Project and Team (read).")


class SavedQuery(BaseModel):
    """A query that somebody keeps in the browser, under Boards > Queries."""

    model_config = _STRICT

    project: str = Field(description="The project whose shared queries hold it.")
    id: str = Field(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        description="Its id, which stands in its address in the browser.",
    )


class MilestoneRule(BaseModel):
    """Which work items are milestones, besides being work items."""

    model_config = _STRICT

    types: tuple[str, ...] = Field((), description="Work item types, e.g. Milestone.")
    tags: tuple[str, ...] = Field((), description="Tags, e.g. milestone.")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.types and not self.tags:
            raise ValueError("must name types or tags of work items that are milestones")
        return self


class AzureDevOpsConfig(BaseModel):
    """One organisation of Azure DevOps Services, or one collection of Azure DevOps Server."""

    model_config = _STRICT

    base_url: str = Field(
        description="The organisation, https://dev.azure.com/example, or the collection, "
        "https://server/tfs/DefaultCollection."
    )
    auth: Annotated[PatAuth | EntraAuth | ManagedIdentityAuth, Field(discriminator="type")] = Field(
        description="How to sign in; Server takes a personal access token only."
    )
    projects: tuple[str, ...] = Field(
        (EVERY_PROJECT,), min_length=1, description='Project names or ids, or "*" for all that are visible.'
    )
    query: str | None = Field(
        None,
        description="Instead of projects: a WIQL condition (what would follow WHERE) that picks work items.",
    )
    saved_query: SavedQuery | None = Field(
        None, description="Instead of a query: a flat query saved in Azure DevOps, read anew on each run."
    )
    milestones: MilestoneRule | None = Field(
        None, description="Work items to read as milestones, too; without it there are none from this source."
    )
    custom_fields: tuple[str, ...] = Field(
        (), description="Further fields to keep with each work item, by reference name or by display name."
    )
    read: tuple[Literal["comments"], ...] = Field(
        (),
        description="What to read of work items besides their fields and history: comments. They cost one more request "
        "for each item that has any.",
    )
    refresh_hours: float = Field(
        12,
        ge=0,
        le=168,
        description="How often to look for what changes items without changing them: renamed areas, iterations and "
        "projects, states with another category, another effort field.",
    )
    feed: Literal["auto", "organization", "project"] = Field(
        "auto",
        description="Read changes of the whole organisation (moved items are followed) or project by project; "
        "auto tries the first and falls back to the second.",
    )
    api_version: Literal["5.0", "5.1", "6.0", "7.0", "7.1"] = Field(
        "7.1",
        description="7.1 for Services and Server 2022.1 and later, 7.0 for Server 2022, 6.0 for Server 2020, 5.1 for "
        "Server 2019.1, 5.0 for Server 2019.",
    )
    ca_bundle: str | None = Field(
        None, description="Certificate file of a private authority, in PEM form, or its text."
    )
    proxy: str | None = Field(None, description="Proxy address, e.g. http://proxy.example.com:8080.")
    connections: int | None = Field(
        None,
        ge=1,
        le=32,
        description="Most requests at a time; fewer are kinder to the organisation's limits.",
    )

    @field_validator("base_url")
    @classmethod
    def _names_an_organisation(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be a web address such as https://dev.azure.com/example")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must be the bare address: no user name, password, '?' or '#'")
        if not parts.path.strip("/") and not parts.hostname.endswith(".visualstudio.com"):
            raise ValueError(
                "must name the organisation (https://dev.azure.com/example) or the collection "
                "(https://server/tfs/DefaultCollection), not the host alone"
            )
        if "/_apis" in parts.path or "/_workitems" in parts.path:
            raise ValueError("must end with the organisation or collection, without /_apis or /_workitems")
        return value.strip().rstrip("/")

    @field_validator("query")
    @classmethod
    def _is_a_condition(cls, value: str | None) -> str | None:
        if value is None:
            return None
        text = value.strip()
        if not text or text.lower().startswith(("select", "where ")):
            raise ValueError("must be the condition alone, e.g. [System.AreaPath] UNDER 'Shop\\Web'")
        return text

    @model_validator(mode="after")
    def _gives_tokens_to_microsoft_alone(self) -> Self:
        if not isinstance(self.auth, PatAuth):
            check_receiver(self.base_url, _SERVICES, option="base_url")
            check_tunnel(self.auth, self.proxy, self.ca_bundle)
        return self

    @model_validator(mode="after")
    def _one_way_to_choose(self) -> Self:
        if self.query is not None and self.projects != (EVERY_PROJECT,):
            raise ValueError("give projects or query, not both; a query may name projects itself")
        if self.query is not None and self.saved_query is not None:
            raise ValueError("give query or saved_query, not both")
        return self
