"""One request as the endpoints see it, and the answers and errors they give."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from re import Match
from typing import Any, Final

from sandbox.ado.world import Person, Project, World, guid

SERVICES_BASE: Final = "https://dev.azure.com/contoso"
SERVER_BASE: Final = "https://tfs.contoso.example/tfs/DefaultCollection"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; a `body` of bytes is sent as it is, anything else as JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error in the vendor's envelope; callers branch on `type_key` and the TF/VS number."""

    def __init__(self, status: int, type_key: str, message: str) -> None:
        super().__init__(message)
        self.status, self.type_key, self.message = status, type_key, message

    def answer(self) -> Answer:
        """Return it as the server words it."""
        body = {
            "$id": "1", "innerException": None, "message": self.message,
            "typeName": f"Microsoft.TeamFoundation.{self.type_key}, Microsoft.TeamFoundation",
            "typeKey": self.type_key, "errorCode": 0,
            "eventId": 3200 if self.status != 404 else 3000,  # noqa: PLR2004  HTTP's own number
        }  # fmt: skip
        return Answer(body, self.status)


def invalid(message: str) -> ApiError:
    """Return the 400 of a request that makes no sense."""
    return ApiError(400, "VssPropertyValidationException", message)


def broken() -> ApiError:
    """Return the 500 of a record that the server itself cannot read."""
    return ApiError(
        500, "VssServiceException", "VS403357: An internal error happened while reading a work item."
    )


def no_item(item_id: object) -> ApiError:
    """Return the 404 of a work item one may not see, or that is not there."""
    words = f"TF401232: Work item {item_id} does not exist, or you do not have permissions to read it."
    return ApiError(404, "WorkItemUnauthorizedAccessException", words)


@dataclass(slots=True)
class Call:
    """A request: where it points to, and with what.

    `base` is the address the server believes it has, which is not the one it was called by: links in
    answers lead there. `server` says that it was called as an on-premises collection.
    """

    world: World
    method: str
    query: dict[str, str]
    body: Any
    server: bool
    version: str
    project: Project | None = None
    team: str | None = None

    @property
    def base(self) -> str:
        """Return the address that links start with."""
        return SERVER_BASE if self.server else SERVICES_BASE

    def home(self) -> Project:
        """Return the project the address names.

        Raises:
            ApiError: It names none.
        """
        if self.project is None:
            raise ApiError(404, "VssServiceException", "The controller for this path was not found.")
        return self.project

    def flag(self, name: str) -> bool:
        """Read a boolean that may be in the query or in the body."""
        given = self.query.get(name, self.body.get(name) if isinstance(self.body, dict) else None)
        return str(given).lower() == "true"

    def names(self, name: str) -> list[str]:
        """Read a list: comma-separated in the query, an array in the body."""
        given = self.body.get(name) if isinstance(self.body, dict) else None
        if isinstance(given, list):
            return [str(one) for one in given]
        return [part.strip() for part in self.query.get(name, "").split(",") if part.strip()]

    def number(self, name: str, default: int) -> int:
        """Read a whole number from the query.

        Raises:
            ApiError: It is none.
        """
        given = self.query.get(name, str(default))
        if not given.lstrip("-").isdigit():
            raise invalid(f"The value '{given}' is not valid for {name}.")
        return int(given)

    def identity(self, person: Person) -> dict[str, Any]:
        """Render a person as an identity reference."""
        key = guid("person", person.name)
        descriptor = f"win.Uy0xLTUt{key[:8]}" if self.server else f"aad.{key.replace('-', '')}"
        avatar = f"{self.base}/_apis/GraphProfile/MemberAvatars/{descriptor}"
        return {
            "displayName": person.name,
            "url": f"{self.base}/_apis/Identities/{key}",
            "_links": {"avatar": {"href": avatar}},
            "id": key,
            "uniqueName": person.account if self.server else person.mail,
            "imageUrl": avatar,
            "descriptor": descriptor,
        }

    def signature(self, person: Person) -> str:
        """Render a person as the older string form."""
        return f"{person.name} <{person.account if self.server else person.mail}>"


Endpoint = Callable[[Call, Match[str]], Answer]


def listed(values: list[Any], **headers: str) -> Answer:
    """Return a list in the usual envelope; count is of this page."""
    return Answer(
        {"count": len(values), "value": values}, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def instant(text: str) -> datetime:
    """Read an instant as a caller writes it; without an offset it is UTC here.

    Raises:
        ApiError: It is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"The value '{text}' is not a valid date and time.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
