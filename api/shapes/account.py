"""The shapes of accounts, of what they hold, and of what changes them."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

_HELD: Final[dict[str, Any]] = {
    "role": "project_officer",
    "scope": "programme",
    "key": "Digital services",
    "given_at": "2026-11-22T09:14:03Z",
    "given_by": "ada@example.org",
}
_ACCOUNT: Final[dict[str, Any]] = {
    "id": 7,
    "name": "olu@example.org",
    "shown": "Olu Officer",
    "person": "Olu Officer",
    "by_password": False,
    "by_provider": True,
    "created_at": "2026-11-01T08:00:00Z",
    "disabled_at": None,
    "last_signed_in_at": "2026-11-22T07:58:12Z",
    "roles": [_HELD],
}
Scope = Literal["everything", "portfolio", "programme", "project"]


class HeldRoleShape(BaseModel):
    """A role, what it is held for, and who gave it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HELD]})

    role: str
    scope: str = Field(description="everything, portfolio, programme or project")
    key: str | None = Field(
        description="Of the portfolio or project, or the programme's name; null: everything"
    )
    given_at: str
    given_by: str


class AccountShape(BaseModel):
    """Somebody who may sign in, and in which roles."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACCOUNT]})

    id: int
    name: str = Field(description="What is typed to sign in")
    shown: str
    person: str | None = Field(description="Whom of the sources' people it speaks for; null: nobody")
    by_password: bool
    by_provider: bool
    created_at: str
    disabled_at: str | None
    last_signed_in_at: str | None
    roles: list[HeldRoleShape]


class GivenAccount(BaseModel):
    """An account to be added."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "olu@example.org", "shown": "Olu Officer", "person": "Olu Officer"}]
        },
    )

    name: str = Field(max_length=200)
    shown: str | None = Field(None, max_length=200)
    person: str | None = Field(None, max_length=200)


class GivenRole(BaseModel):
    """A role to give or to take."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"role": "reader", "scope": "project", "key": "PORTAL"}]},
    )

    role: str = Field(max_length=60)
    scope: Scope = "everything"
    key: str | None = Field(None, max_length=500)
