"""Changes that administrators and team leads make to a sandbox Jira: none of them touches an issue's `updated`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sandbox.jira.model import Json, Project, Step, midnight
from sandbox.jira.site import Site
from sandbox.jira.web import Refused

STATES: Final = ("archived", "trashed", "hidden")


class Administration:
    """Changes projects, sprints, versions, statuses and saved filters."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._catalogue = site.world.catalogue
        self._acts: dict[str, Callable[[Json], Json]] = {
            "rename_project": self._rename_project,
            "rekey_project": self._rekey_project,
            "project_state": self._project_state,
            "close_sprint": self._close_sprint,
            "rename_sprint": self._rename_sprint,
            "delete_sprint": self._delete_sprint,
            "rename_version": self._rename_version,
            "delete_version": self._delete_version,
            "set_status": self._set_status,
            "set_filter": self._set_filter,
            "rename_field": self._rename_field,
        }

    def edit(self, change: Json) -> Json:
        """Make one change.

        Acts: rename_project (key, name), rekey_project (key, to),
        project_state (key, state: archived, trashed, hidden or live),
        close_sprint, rename_sprint (id, name), delete_sprint, rename_version (id, name), delete_version,
        set_status (id, name and/or category), set_filter (id, jql), rename_field (id, name).
        """
        told = self._acts[str(change["do"])](change)
        things = self._site.things
        for kept in (things.project, things.status, things.type):
            kept.cache_clear()
        self._site.world.forget()
        return told

    def acts(self) -> list[str]:
        """Name what can be done."""
        return list(self._acts)

    def _project(self, change: Json) -> Project:
        project = self._catalogue.project_by(str(change["key"]))
        if project is None:
            raise Refused(404, f"There is no project {change['key']}")
        return project

    def _rename_project(self, change: Json) -> Json:
        project = self._project(change)
        project.name = str(change["name"])
        return {"id": str(project.id), "key": project.key}

    def _rekey_project(self, change: Json) -> Json:
        """Give a project another key, and with it all its issues; their history says nothing of it."""
        project, world = self._project(change), self._site.world
        project.former.append(project.key)
        project.key = str(change["to"])
        for row in list(world.rows([project.id])):
            issue, state = world.shelf.keep(row.id), world.state(row.id)
            if issue is not None and state is not None:
                key = f"{project.key}-{state.key.rpartition('-')[2]}"
                step = Step(0, state.updated, self._site.me, {"key": key}, made=True, silent=True)
                world.change(issue, step)
        return {"id": str(project.id), "key": project.key}

    def _project_state(self, change: Json) -> Json:
        project = self._project(change)
        for name in STATES:
            setattr(project, name, change["state"] == name)
        return {"id": str(project.id), "key": project.key}

    def _close_sprint(self, change: Json) -> Json:
        sprint = self._catalogue.sprints[int(change["id"])]
        end = midnight(self._site.world.clock) - timedelta(hours=3, seconds=1)
        begin = min(sprint.start, end - timedelta(days=1))
        self._catalogue.sprints[sprint.id] = replace(sprint, start=begin, end=end)
        return {"id": sprint.id}

    def _rename_sprint(self, change: Json) -> Json:
        sprint = self._catalogue.sprints[int(change["id"])]
        self._catalogue.sprints[sprint.id] = replace(sprint, name=str(change["name"]))
        return {"id": sprint.id}

    def _delete_sprint(self, change: Json) -> Json:
        return {"id": self._catalogue.sprints.pop(int(change["id"])).id}

    def _rename_version(self, change: Json) -> Json:
        version = self._catalogue.versions[int(change["id"])]
        self._catalogue.versions[version.id] = replace(version, name=str(change["name"]))
        return {"id": version.id}

    def _delete_version(self, change: Json) -> Json:
        return {"id": self._catalogue.versions.pop(int(change["id"])).id}

    def _set_status(self, change: Json) -> Json:
        status = self._catalogue.statuses[str(change["id"])]
        self._catalogue.statuses[status.id] = replace(
            status, name=change.get("name", status.name), category=change.get("category", status.category)
        )
        return {"id": status.id}

    def _rename_field(self, change: Json) -> Json:
        known = self._catalogue.fields
        at = next((place for place, one in enumerate(known) if one.id == change["id"]), None)
        if at is None:
            raise Refused(404, f"There is no field {change['id']}")
        known[at] = replace(known[at], name=str(change["name"]))
        return {"id": known[at].id}

    def _set_filter(self, change: Json) -> Json:
        number = int(change["id"])
        self._catalogue.filters[number] = str(change["jql"])
        return {"id": number}
