"""What a test may do to a sandbox Jira: turn its clock, look at the truth, change things behind its back."""

from datetime import date, timedelta
from typing import Final

from sandbox.jira.administration import Administration
from sandbox.jira.edits import Editor
from sandbox.jira.model import Json, State
from sandbox.jira.site import Site
from sandbox.jira.web import Answer, Refused, Request, Routes, answer
from sandbox.jira.world import HELD

MOST_LISTED: Final = 10_000  # generated issues; of more the truth gives counts only


def add(routes: Routes, site: Site) -> None:
    """Add the control routes."""
    editor, administration = Editor(site), Administration(site)
    routes.add("POST", "/_sandbox/clock", lambda request: _clock(site, request))
    routes.add(
        "GET", "/_sandbox/clock", lambda _: answer({"date": site.world.clock, "now": site.world.now()})
    )
    routes.add("POST", "/_sandbox/profile", lambda request: _profile(site, request))
    routes.add("POST", "/_sandbox/lag", lambda request: _lag(site, request))
    routes.add("POST", "/_sandbox/agile", lambda request: _agile(site, request))
    routes.add("GET", "/_sandbox/truth", lambda request: _truth(site, request))
    routes.add("POST", "/_sandbox/edit", lambda request: _edit(editor, administration, request))
    routes.add("POST", "/_sandbox/jql", lambda request: _jql(site, request))


def _edit(editor: Editor, administration: Administration, request: Request) -> Answer:
    change: Json = request.body or {}
    act = str(change.get("do", "set"))
    for one in (editor, administration):
        if act in one.acts():
            return answer(one.edit(change))
    raise Refused(400, f"do is one of {', '.join([*editor.acts(), *administration.acts()])}")


def _clock(site: Site, request: Request) -> Answer:
    """Turn the clock: to another day, and off by `skew_s` seconds."""
    if "skew_s" in request.body:
        site.world.skew = timedelta(seconds=float(request.body["skew_s"]))
        site.world.forget()
    if "date" in request.body:
        site.world.set_clock(date.fromisoformat(request.body["date"]))
    return answer({"date": site.world.clock, "now": site.world.now()})


def _profile(site: Site, request: Request) -> Answer:
    site.world.set_zone(request.body["timeZone"])
    return answer({"timeZone": site.world.zone.key})


def _jql(site: Site, request: Request) -> Answer:
    """Say whether JQL takes milliseconds, and which of two equal local times is meant."""
    site.world.epoch = bool(request.body.get("epoch", site.world.epoch))
    site.world.fold = int(request.body.get("fold", site.world.fold))
    site.world.forget()
    return answer({"epoch": site.world.epoch, "fold": site.world.fold})


def _lag(site: Site, request: Request) -> Answer:
    """Let edits stay unseen by so many searches, or (`hold`) until `release`."""
    if request.body.get("release"):
        site.world.release()
    site.world.lag = HELD if request.body.get("hold") else int(request.body.get("searches", 0))
    return answer({"searches": site.world.lag})


def _agile(site: Site, request: Request) -> Answer:
    site.legacy_agile = bool(request.body["issue_lists"])
    return answer({"issue_lists": site.legacy_agile})


def _truth(site: Site, request: Request) -> Answer:
    """Tell what really is, whatever search, rights or a lagging index say.

    Of a large generated load its issues are not listed, and its changes are counted only when asked: each
    issue is made for that.
    """
    world, catalogue = site.world, site.world.catalogue
    issues: list[Json] = []
    gone: list[Json] = []
    if (site.options.issues or 0) <= MOST_LISTED:
        known = [world.anything(id_) for project in catalogue.projects for id_ in world.shelf.ids(project)]
        for state in filter(None, known):
            if (fate := _fate(site, state)) is not None:
                gone.append({"id": str(state.id), "key": state.key, "fate": fate})
            elif state.visible:
                issues.append(_told(site, state))
    counted = {
        "changes": sum(len(one.histories) for row in world.rows() if (one := world.state(row.id)))
    } if request.text("changes") else {}  # fmt: skip
    counts = world.counts()
    return answer(
        counted
        | {
            "clock": world.clock,
            "projects": counts,
            "issues": issues,
            "gone": gone,
            "total": sum(counts.values()),
            "versions": len(catalogue.versions),
            "sprints": len(catalogue.sprints) or len(catalogue.raw.get("sprint", [])),
            "users": len(catalogue.people),
        }
    )


def _told(site: Site, state: State) -> Json:
    fields, catalogue = state.fields, site.world.catalogue
    return {
        "id": str(state.id),
        "key": state.key,
        "project": catalogue.projects[state.project].key,
        "updated": round(state.updated.timestamp() * 1000),
        "summary": (fields.get("edited") or {}).get("summary", fields["summary"]),
        "status": fields["status"],
        "histories": [one["id"] for one in site.renderer.histories(state)],
        "sprints": {
            str(one): catalogue.sprints[one].name
            for one in fields.get("sprints", ())
            if one in catalogue.sprints
        },
        "comments": len(fields.get("comments", ())),
        "worklogs": len(fields.get("worklogs", ())),
    }


def _fate(site: Site, state: State) -> str | None:
    project = site.world.catalogue.projects[state.project]
    if state.fields.get("deleted") or project.trashed:
        return "deleted"
    if state.archived or project.archived:
        return "archived"
    return "hidden" if site.world.is_hidden(state.id, state.project) else None
