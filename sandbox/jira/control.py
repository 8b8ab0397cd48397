"""What a test may do to a sandbox Jira: turn its clock, look at the truth, change issues behind its back."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any, Final

from sandbox.jira.lives import item
from sandbox.jira.model import Issue, Json, State, Step
from sandbox.jira.site import Site
from sandbox.jira.web import Answer, Refused, Request, Routes, answer

# What an edit may set besides status, assignee and custom fields by their ids.
PLAIN: Final = frozenset({"summary", "description", "duedate", "labels", "priority"})


def add(routes: Routes, site: Site) -> None:
    """Add the control routes."""
    editor = Editor(site)
    routes.add("POST", "/_sandbox/clock", lambda request: _clock(site, request))
    routes.add(
        "GET", "/_sandbox/clock", lambda _: answer({"date": site.world.clock, "now": site.world.now()})
    )
    routes.add("POST", "/_sandbox/profile", lambda request: _profile(site, request))
    routes.add("POST", "/_sandbox/lag", lambda request: _lag(site, request))
    routes.add("POST", "/_sandbox/agile", lambda request: _agile(site, request))
    routes.add("GET", "/_sandbox/truth", lambda request: _truth(site, request))
    routes.add("POST", "/_sandbox/edit", lambda request: answer(editor.edit(request.body or {})))


def _clock(site: Site, request: Request) -> Answer:
    site.world.set_clock(date.fromisoformat(request.body["date"]))
    return answer({"date": site.world.clock, "now": site.world.now()})


def _profile(site: Site, request: Request) -> Answer:
    site.world.set_zone(request.body["timeZone"])
    return answer({"timeZone": site.world.zone.key})


def _lag(site: Site, request: Request) -> Answer:
    site.world.lag = int(request.body["searches"])
    return answer({"searches": site.world.lag})


def _agile(site: Site, request: Request) -> Answer:
    site.legacy_agile = bool(request.body["issue_lists"])
    return answer({"issue_lists": site.legacy_agile})


def _truth(site: Site, request: Request) -> Answer:
    """Say what there is; of a generated load its changes only when asked, as each issue is made for that."""
    world = site.world
    issues = [
        {"id": str(row.id), "key": state.key, "updated": row.updated}
        for row in world.rows()
        if (state := world.state(row.id)) is not None
    ] if site.options.issues is None else []  # fmt: skip
    catalogue = world.catalogue
    counted = {
        "changes": sum(len(state.histories) for row in world.rows() if (state := world.state(row.id)))
    } if request.text("changes") else {}  # fmt: skip
    counts = world.counts()
    return answer(
        counted
        | {
            "clock": world.clock,
            "projects": counts,
            "issues": issues,
            "total": sum(counts.values()),
            "versions": len(catalogue.versions),
            "sprints": len(catalogue.sprints) or len(catalogue.raw.get("sprint", [])),
            "users": len(catalogue.people),
        }
    )


class Editor:
    """Changes issues as a user of the tracker would: every change is dated now and bumps `updated`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._numbers = count(9_000_001)
        self._acts: dict[str, Callable[[Json], Json]] = {
            "set": self._set,
            "create": self._create,
            "delete": lambda change: self._hide(change, "deleted"),
            "archive": lambda change: self._hide(change, "archived"),
            "move": self._move,
            "rename_project": self._rename_project,
        }

    def edit(self, change: Json) -> Json:
        """Make one change, `{"do": "set", "id": …, "fields": {…}}` and so on; returns the issue's id and key.

        Acts: set (fields by Jira's names, status by name), create (project, fields), delete, archive,
        move (to: project key), rename_project (key, name).
        """
        act = self._acts.get(str(change.get("do", "set")))
        if act is None:
            raise Refused(400, f"do is one of {', '.join(self._acts)}")
        return act(change)

    def _life(self, change: Json) -> tuple[Issue, State]:
        wanted = str(change.get("id") or change.get("key") or "")
        state = self._site.world.find(wanted)
        issue = self._site.world.shelf.keep(state.id) if state else None
        if state is None or issue is None:
            raise Refused(404, f"There is no issue {wanted}")
        return issue, state

    def _step(self, state: State, changes: Json, *items: Json) -> Step:
        at = max(self._site.world.now(), state.updated + timedelta(milliseconds=1))
        return Step(next(self._numbers), at, self._site.me, changes, items, made=True)

    def _told(self, id_: int, state: State | None) -> Json:
        return {"id": str(id_), "key": state.key if state else None}

    def _set(self, change: Json) -> Json:
        issue, state = self._life(change)
        changes: Json = {}
        items: list[Json] = []
        for name, value in change.get("fields", {}).items():
            self._field(state, name, value, changes, items)
        return self._told(issue.id, self._site.world.change(issue, self._step(state, changes, *items)))

    def _field(self, state: State, name: str, value: Any, changes: Json, items: list[Json]) -> None:
        custom = name.startswith("customfield_")
        old = state.fields.get(name)
        if state.raw is not None:
            changes["edited"] = {
                **(state.fields.get("edited") or {}),
                **changes.get("edited", {}),
                name: value,
            }
            old = state.raw["fields"].get(name)
        elif name == "status":
            self._status(state, str(value), changes, items)
            return
        elif name == "assignee":
            person = next(
                (one for one in self._site.world.catalogue.people.values() if value in {one.id, one.name}),
                None,
            )
            changes["assignee"] = person.id if person else None
            items.append(item(name, name, old, old, *((person.id, person.name) if person else (None, None))))
            return
        elif name in PLAIN or custom:
            changes[name] = value
        else:
            raise Refused(400, f"An edit cannot set {name}")
        label = (
            next((one.name for one in self._site.world.catalogue.fields if one.id == name), name)
            if custom
            else name
        )
        words = [None if one is None else str(one) for one in (old, value)]
        items.append(item(label, name, None, words[0], None, words[1], custom=custom))

    def _status(self, state: State, wanted: str, changes: Json, items: list[Json]) -> None:
        statuses = self._site.world.catalogue.statuses
        before = statuses[state.fields["status"]]
        after = next(
            (
                one
                for one in statuses.values()
                if one.project == before.project and wanted in {one.id, one.name, one.untranslated}
            ),
            None,
        )
        if after is None:
            raise Refused(400, f"There is no status {wanted} in this issue's workflow")
        now = self._site.world.now()
        changes |= {"status": after.id}
        if after.category != before.category:
            changes["category_since"] = now
        items.append(item("status", "status", before.id, before.name, after.id, after.name))
        done = after.category == "done"
        if done != (before.category == "done"):
            changes |= {"resolution": "10000" if done else None, "resolutiondate": now if done else None}
            items.append(
                item("resolution", "resolution", None, None, "10000", "Done")
                if done
                else item("resolution", "resolution", "10000", "Done", None, None)
            )

    def _hide(self, change: Json, how: str) -> Json:
        issue, state = self._life(change)
        self._site.world.change(issue, self._step(state, {how: True}))
        return self._told(issue.id, state)

    def _move(self, change: Json) -> Json:
        issue, state = self._life(change)
        catalogue = self._site.world.catalogue
        target = catalogue.project_by(str(change["to"]))
        if target is None:
            raise Refused(404, f"There is no project {change['to']}")
        old = catalogue.projects[state.project]
        key = self._next_key(target.id, target.key)
        items = (
            item("Key", None, None, state.key, None, key),
            item("project", "project", str(old.id), old.name, str(target.id), target.name),
        )
        changes = {"key": key, "project": target.id}
        if state.raw is not None:
            project = {
                **state.raw["fields"]["project"],
                "id": str(target.id),
                "key": target.key,
                "name": target.name,
            }
            changes["edited"] = {**(state.fields.get("edited") or {}), "project": project}
        return self._told(issue.id, self._site.world.change(issue, self._step(state, changes, *items)))

    def _next_key(self, project: int, key: str) -> str:
        numbers = [row.number for row in self._site.world.rows([project])]
        return f"{key}-{max(numbers, default=0) + 1000}"

    def _create(self, change: Json) -> Json:
        world = self._site.world
        catalogue = world.catalogue
        project = catalogue.project_by(str(change["project"]))
        if project is None:
            raise Refused(404, f"There is no project {change['project']}")
        own = project.id if project.team_managed else None
        kind = next(one for one in catalogue.types.values() if one.project == own and one.level == 0)
        status = next(
            one for one in catalogue.statuses.values() if one.project == own and one.category == "new"
        )
        id_ = next(self._numbers)
        base: Json = {
            "key": self._next_key(project.id, project.key),
            "project": project.id,
            "type": kind.id,
            "status": status.id,
            "summary": "Created in a test",
            "priority": "3",
            "made": True,
            "reporter": self._site.me,
            **{
                name: value
                for name, value in change.get("fields", {}).items()
                if name in PLAIN or name.startswith("customfield_")
            },
        }
        return self._told(id_, world.create(Issue(id_, world.now(), base)))

    def _rename_project(self, change: Json) -> Json:
        project = self._site.world.catalogue.project_by(str(change["key"]))
        if project is None:
            raise Refused(404, f"There is no project {change['key']}")
        project.name = str(change["name"])
        self._site.things.project.cache_clear()
        self._site.world.forget()
        return {"id": str(project.id), "key": project.key}
