"""Who we are on a Jira site, what we may see, and what is missing: in words for the person in charge."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from connectors.base import Finding
from connectors.errors import AccessDenied, SliceUnreadable
from connectors.http import HttpDenied, HttpError
from connectors.jira.boards import boards
from connectors.jira.scope import gaps
from connectors.jira.site import CLOUD_HINT, Project, Site

if TYPE_CHECKING:
    from connectors.jira.metadata import Metadata

_SKEW: Final = timedelta(minutes=5)
_REFUSALS: Final = (400, 401, 403, 404)


def check(site: Site) -> list[Finding]:
    """Look at address, sign-in, clock, projects, users and boards, in this order.

    Raises:
        ConnectorError: Nothing can be read at all.
    """
    return [
        _address(site),
        _account(site),
        *_clock(site),
        *_projects(site),
        _users(site),
        _boards(site),
        *gaps(site),
    ]


def _address(site: Site) -> Finding:
    info = site.server_info
    kind = "Jira Cloud" if site.cloud else f"Jira Data Center {info.get('version', '')}".strip()
    return Finding("address", ok=True, says=f"{site.config.base_url} is {kind}.")


def _account(site: Site) -> Finding:
    """Ask who we are. Much of Cloud answers anybody, with nothing in it; this does not."""
    try:
        me = site.myself
    except HttpDenied as error:
        if "scope does not match" in error.message:
            raise AccessDenied(
                "the token is good, but its scopes do not cover reading Jira. Make one with the scopes read:jira-work "
                "and read:jira-user (and for boards read:board-scope:jira-software, read:sprint:jira-software).",
                source=site.source,
            ) from None
        raise
    name = me.get("displayName") or me.get("name") or "an account without a name"
    if me.get("active") is False:
        return Finding(
            "account", ok=False, says=f"Signed in as {name}, who is not active.", todo="Use another account."
        )
    return Finding("account", ok=True, says=f"Signed in as {name}.")


def _clock(site: Site) -> Iterator[Finding]:
    try:
        theirs = datetime.fromisoformat(str(site.server_info.get("serverTime")))
    except ValueError:
        return
    ours = site.clock()
    apart = (
        abs(theirs - (ours if ours.tzinfo else ours.replace(tzinfo=UTC))) if theirs.tzinfo else timedelta(0)
    )
    if apart > _SKEW:
        minutes = int(apart.total_seconds() // 60)
        yield Finding(
            "clock", ok=False, says=f"The tracker's clock and ours are {minutes} minutes apart.",
            todo="Set this machine's clock by NTP. Nothing is lost meanwhile: cursors go by the tracker's clock.",
        )  # fmt: skip


def _projects(site: Site) -> Iterator[Finding]:
    chosen = site.chosen() if site.config.query is None else []
    visible = [project for project in chosen if isinstance(project, Project)]
    if site.config.query is not None:
        yield _query(site)
    elif not visible:
        yield Finding(
            "projects", ok=False, says="The account sees no project.",
            todo=f"Give it Browse Projects. If it has it, the sign-in may count as anonymous: {CLOUD_HINT}",
        )  # fmt: skip
    elif site.config.projects == ("*",):
        yield Finding("projects", ok=True, says=f"{len(visible)} projects are visible.")
        return
    from connectors.jira.metadata import Metadata

    metadata = Metadata(site.http, site.api.rpartition("/")[2])
    try:
        for project in chosen:
            yield _project(metadata, project)
    finally:
        metadata.close()


def _project(metadata: "Metadata", project: Project | str) -> Finding:
    if isinstance(project, str):
        return Finding(
            f"project {project}", ok=False, says=f"There is no project {project}, or this account does not see it.",
            todo="Check the key, or have its administrator grant Browse Projects. The other projects are pulled.",
        )  # fmt: skip
    try:
        may = metadata.may_browse(project.key)
    except (HttpError, HttpDenied) as error:
        if error.status not in _REFUSALS:
            raise
        may = True  # an old server without this call; that the project answered is all there is to know
    says = f"{project.key} ({project.name}) is {'readable' if may else 'listed, but its issues may not be read'}."
    todo = None if may else f"Have the administrator of {project.key} grant Browse Projects to this account."
    return Finding(f"project {project.key}", ok=may, says=says, todo=todo)


def _query(site: Site) -> Finding:
    query = str(site.config.query)
    if site.cloud:
        path, body = "/rest/api/3/search/jql", {"jql": query, "maxResults": 1, "fields": ["id"]}
    else:
        path, body = "/rest/api/2/search", {"jql": query, "maxResults": 1, "fields": ["id"]}
    try:
        found: Any = site.http.post(path, body).json()
    except HttpError as error:
        if error.status != 400:  # noqa: PLR2004 - bad request
            raise
        return Finding(
            "query", ok=False, says=error.message, todo="Try the query in Jira's own issue search."
        )
    if not found.get("issues"):
        todo = "If that is not so, the account lacks Browse Projects: Jira answers such a query with nothing."
        return Finding("query", ok=False, says="The query finds no issue.", todo=todo)
    return Finding("query", ok=True, says="The query finds issues.")


def _users(site: Site) -> Finding:
    path, params = "/rest/api/3/users/search", {"maxResults": "1"}
    if not site.cloud:
        path, params = "/rest/api/2/user/search", {"maxResults": "1", "username": "."}
    try:
        site.http.get(path, params)
    except (HttpDenied, HttpError) as error:
        if error.status not in _REFUSALS:
            raise
        return Finding(
            "users", ok=False, says="Users cannot be listed; people are known only by what issues say of them.",
            todo="Grant the account the global permission Browse Users and Groups, if that matters.",
        )  # fmt: skip
    return Finding("users", ok=True, says="Users can be listed.")


def _boards(site: Site) -> Finding:
    try:
        seen = boards(site)
    except SliceUnreadable as error:
        return Finding(
            "boards", ok=False, says=error.message,
            todo="Without boards there are no sprint dates; issues still say which sprint they are in.",
        )  # fmt: skip
    return Finding("boards", ok=True, says=f"{len(seen)} boards are visible.")
