"""The things Jira quotes inside issues and lists on their own: people, statuses, types, versions, sprints."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson

from sandbox.jira.model import (
    Field,
    IssueType,
    Json,
    Person,
    Project,
    State,
    Status,
    Step,
    Version,
)
from sandbox.jira.world import World

CATEGORIES: Final[dict[str, tuple[int, str, str]]] = {
    "undefined": (1, "No Category", "medium-gray"),
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
PRIORITIES: Final = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
RESOLUTIONS: Final = {"10000": "Done", "10001": "Won't Do", "10002": "Duplicate"}
LINK_TYPES: Final[dict[str, tuple[str, str, str]]] = {
    "10000": ("Blocks", "is blocked by", "blocks"),
    "10001": ("Relates", "relates to", "relates to"),
    "10002": ("Duplicate", "is duplicated by", "duplicates"),
}
LOOKS: Final = ("16x16", "24x24", "32x32", "48x48")
HOURS_A_DAY: Final = 8

Moment = Callable[[datetime | None], str | None]


class Absent:
    """A field that an issue does not have at all, as one outside its context."""


ABSENT: Final = Absent()


class Things:
    """Renders what is not an issue. `base` is the address people see, without a trailing slash."""

    def __init__(self, world: World, base: str, *, cloud: bool) -> None:
        self.base = base
        self.cloud = cloud
        self.api = f"{base}/rest/api/{3 if cloud else 2}"
        self.agile = f"{base}/rest/agile/1.0"
        self.world = world
        self._catalogue = world.catalogue
        self.person = cache(self._person)
        self.type = cache(self._type)
        self.status = cache(self._status)
        self.priority = cache(self._priority)
        self.project = cache(self._project)

    def user(self, person: Person) -> Json:
        """Return a user as the user endpoints list them."""
        avatars = {look: f"{self.base}/secure/useravatar?size={look}" for look in LOOKS}
        if self.cloud:
            user: Json = {
                "self": f"{self.api}/user?accountId={person.id}",
                "accountId": person.id,
                "accountType": person.kind,
                "avatarUrls": avatars,
                "displayName": person.name,
                "active": person.active,
            }
            if person.zone:
                user["timeZone"] = person.zone
        else:
            user = {
                "self": f"{self.api}/user?username={person.username}",
                "key": person.id,
                "name": person.username,
                "avatarUrls": avatars,
                "displayName": person.name,
                "active": person.active,
                "timeZone": person.zone or "Europe/London",
            }
        if person.email:
            user["emailAddress"] = person.email
        return user

    def _person(self, id_: str | None) -> orjson.Fragment | None:
        if id_ is None:
            return None
        return orjson.Fragment(orjson.dumps(self.user(self._catalogue.people[id_])))

    def category(self, key: str, name: str | None = None) -> Json:
        """Return a status category."""
        number, usual, colour = CATEGORIES[key]
        return {
            "self": f"{self.api}/statuscategory/{number}",
            "id": number,
            "key": key,
            "colorName": colour,
            "name": name or usual,
        }

    def status_details(self, status: Status) -> Json:
        """Return a status as `/status` lists it."""
        details: Json = {
            "self": f"{self.api}/status/{status.id}",
            "description": "",
            "iconUrl": f"{self.base}/images/icons/statuses/generic.png",
            "name": status.name,
            "id": status.id,
            "statusCategory": self.category(status.category, status.category_name),
        }
        if self.cloud and status.untranslated:
            details["untranslatedName"] = status.untranslated
        return self._scoped(details, status.project)

    def _status(self, id_: str) -> orjson.Fragment:
        details = self.status_details(self._catalogue.statuses[id_])
        details.pop("untranslatedName", None)  # issues carry the translated name only
        details.pop("scope", None)
        return orjson.Fragment(orjson.dumps(details))

    def type_details(self, kind: IssueType) -> Json:
        """Return an issue type as `/issuetype` lists it."""
        details: Json = {
            "self": f"{self.api}/issuetype/{kind.id}",
            "id": kind.id,
            "description": "",
            "iconUrl": f"{self.base}/secure/viewavatar?size=xsmall&avatarId=10318&avatarType=issuetype",
            "name": kind.name,
            "subtask": kind.level < 0,
            "avatarId": 10318,
        }
        if self.cloud:
            details["hierarchyLevel"] = kind.level
            if kind.untranslated:
                details["untranslatedName"] = kind.untranslated
        return self._scoped(details, kind.project)

    def _type(self, id_: str) -> orjson.Fragment:
        details = self.type_details(self._catalogue.types[id_])
        details.pop("untranslatedName", None)
        details.pop("scope", None)
        return orjson.Fragment(orjson.dumps(details))

    def _scoped(self, details: Json, project: int | None) -> Json:
        if project is not None and self.cloud:
            details["scope"] = {"type": "PROJECT", "project": {"id": str(project)}}
        return details

    def field_details(self, field: Field) -> Json:
        """Return a field as `/field` lists it."""
        schema: Json = {"type": field.type}
        if field.items:
            schema["items"] = field.items
        if field.system:
            schema["system"] = field.system
        if field.custom:
            schema |= {"custom": field.custom, "customId": int(field.id.removeprefix("customfield_"))}
        hidden = field.id in {"comment", "worklog", "timetracking"}
        number = field.id.removeprefix("customfield_")
        clauses = [f"cf[{number}]", field.name] if field.custom else [field.id]
        details: Json = {
            "id": field.id,
            "name": field.name,
            "custom": field.custom is not None,
            "orderable": True,
            "navigable": not hidden,
            "searchable": True,
            "clauseNames": clauses,
            "schema": schema,
        }
        if self.cloud:
            details["key"] = field.id
            if field.untranslated:
                details["untranslatedName"] = field.untranslated
        return self._scoped(details, field.project)

    def _priority(self, id_: str) -> Json:
        return {
            "self": f"{self.api}/priority/{id_}",
            "iconUrl": f"{self.base}/images/icons/priorities/{PRIORITIES[id_].lower()}.svg",
            "name": PRIORITIES[id_],
            "id": id_,
        }

    def resolution(self, id_: str | None) -> Json | None:
        """Return a resolution; None while an issue is open."""
        if id_ is None:
            return None
        return {
            "self": f"{self.api}/resolution/{id_}",
            "id": id_,
            "description": "",
            "name": RESOLUTIONS[id_],
        }

    def _project(self, id_: int) -> orjson.Fragment:
        project = self._catalogue.projects[id_]
        quoted = self.project_head(project)
        if self.cloud:
            quoted |= {"projectTypeKey": "software", "simplified": project.team_managed}
        return orjson.Fragment(orjson.dumps(quoted))

    def project_head(self, project: Project) -> Json:
        """Return the part of a project that every mention of it has."""
        return {
            "self": f"{self.api}/project/{project.id}",
            "id": str(project.id),
            "key": project.key,
            "name": project.name,
            "avatarUrls": {look: f"{self.base}/secure/projectavatar?size={look}" for look in LOOKS},
        }

    def component(self, name: str) -> Json:
        """Return a component of an issue."""
        number = str(10_000 + sum(name.encode()) % 500)
        return {"self": f"{self.api}/component/{number}", "id": number, "name": name}

    def version(self, id_: int) -> Json:
        """Return a version as issues quote it, as planned at the clock."""
        version = self._catalogue.versions[id_]
        today = self.world.clock
        release = version.release(today)
        quoted: Json = {
            "self": f"{self.api}/version/{id_}",
            "id": str(id_),
            "description": "",
            "name": version.name,
            "archived": version.archived,
            "released": released(version, today),
        }
        return quoted | ({"releaseDate": release.isoformat()} if release else {})

    def items(self, step: Step) -> list[Json]:
        """Return a changelog entry's items; Data Center's name no field ids."""
        if self.cloud:
            return list(step.items)
        return [{name: value for name, value in item.items() if name != "fieldId"} for item in step.items]

    def snippet(self, id_: int) -> Json | None:
        """Return an issue as others quote it; None when it is gone."""
        state = self.world.state(id_)
        if state is None:
            return None
        fields = state.fields
        return {
            "id": str(id_),
            "key": state.key,
            "self": f"{self.api}/issue/{id_}",
            "fields": {
                "summary": fields["summary"],
                "status": self.status(fields["status"]),
                "priority": self.priority(fields["priority"]),
                "issuetype": self.type(fields["type"]),
            },
        }

    def subtasks(self, state: State) -> list[Json]:
        """Return an issue's sub-tasks as it quotes them."""
        return [
            quoted for one in self.world.shelf.children(state.id) if (quoted := self.snippet(one)) is not None
        ]

    def links(self, state: State) -> list[Json]:
        """Return an issue's links: the same link, by id, is on both of its issues."""
        found: list[Json] = []
        for link, kind, outward, other in state.fields.get("links", ()):
            quoted = self.snippet(other)
            if quoted is not None:
                found.append(
                    {
                        "id": str(link),
                        "self": f"{self.api}/issueLink/{link}",
                        "type": self.link_type(kind),
                        "outwardIssue" if outward else "inwardIssue": quoted,
                    }
                )
        return found

    def link_type(self, id_: str) -> Json:
        """Return a link type."""
        name, inward, outward = LINK_TYPES[id_]
        return {
            "id": id_,
            "name": name,
            "inward": inward,
            "outward": outward,
            "self": f"{self.api}/issueLinkType/{id_}",
        }


def released(version: Version, today: Any) -> bool:
    """Say whether a version is out: its planned date has come."""
    release = version.release(today)
    return release is not None and release <= today
