"""Changes of a sandbox Jira's issues, made behind a reader's back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, Final

from sandbox.jira.lives import item
from sandbox.jira.model import Issue, Json, State, Step
from sandbox.jira.site import Site
from sandbox.jira.web import Refused

# What an edit may set besides status, assignee and custom fields by their ids.
PLAIN: Final = frozenset({"summary", "description", "duedate", "labels", "priority"})


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
            "unarchive": self._unarchive,
            "hide": lambda change: self._sight(change, seen=False),
            "show": lambda change: self._sight(change, seen=True),
            "comment": self._comment,
            "uncomment": self._uncomment,
            "log_work": self._log_work,
        }

    def edit(self, change: Json) -> Json:
        """Make one change, `{"do": "set", "id": …, "fields": {…}}` and so on; returns the issue's id and key.

        Acts: set (fields by Jira's names, status by name; `silent` leaves `updated` as it was), create
        (project, fields), delete, archive, unarchive, move (to: project key), hide and show (whether the
        calling user may see it), comment (text, times), uncomment (the oldest), log_work (hours, times).
        """
        act = self._acts[str(change.get("do", "set"))]
        return act(change)

    def acts(self) -> list[str]:
        """Name what can be done."""
        return list(self._acts)

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
        step = self._step(state, changes, *items)
        if change.get("silent"):
            step = replace(step, silent=True)
        return self._told(issue.id, self._site.world.change(issue, step))

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

    def _unarchive(self, change: Json) -> Json:
        world = self._site.world
        id_ = int(change["id"])
        issue, state = world.shelf.keep(id_), world.archived(id_)
        if issue is None or state is None:
            raise Refused(404, f"There is no archived issue {id_}")
        return self._told(id_, world.change(issue, self._step(state, {"archived": False})))

    def _sight(self, change: Json, *, seen: bool) -> Json:
        world = self._site.world
        id_ = int(change["id"])
        if seen:
            world.hidden.discard(id_)
        else:
            world.hidden.add(id_)
        world.forget()
        return {"id": str(id_), "key": None}

    def _comment(self, change: Json) -> Json:
        issue, state = self._life(change)
        now = self._site.world.now()
        said = [
            (next(self._numbers), self._site.me, now, str(change.get("text", "Noted.")))
            for _ in range(int(change.get("times", 1)))
        ]
        changes = {"comments": (*state.fields.get("comments", ()), *said)}
        return self._told(issue.id, self._site.world.change(issue, self._step(state, changes)))

    def _uncomment(self, change: Json) -> Json:
        issue, state = self._life(change)
        changes = {"comments": tuple(state.fields.get("comments", ()))[1:]}
        return self._told(issue.id, self._site.world.change(issue, self._step(state, changes)))

    def _log_work(self, change: Json) -> Json:
        issue, state = self._life(change)
        seconds = int(float(change.get("hours", 1)) * 3600)
        began = self._site.world.now() - timedelta(seconds=seconds)
        logged = [
            (next(self._numbers), self._site.me, began, seconds) for _ in range(int(change.get("times", 1)))
        ]
        changes = {"worklogs": (*state.fields.get("worklogs", ()), *logged)}
        return self._told(issue.id, self._site.world.change(issue, self._step(state, changes)))

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
